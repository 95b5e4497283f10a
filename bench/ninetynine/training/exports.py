"""Data as programs read them: an ``.npz`` of each dataset in the user's cache."""

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.arrays import cache_folder
from ninetynine.errors import UserError

EXPORT = "-for-programs.npz"  # the end of the names of their data, in the user's cache
_KEPT_DAYS = 30


def exported(dataset: datasets.Dataset) -> Path:
    """Return the ``.npz`` of ``dataset`` for programs, written where it is not there yet.

    It has ``x_train`` (n, h, w, c), ``y_train`` (n,), ``x_test`` (m, h, w, c) and
    ``num_classes`` (), and no test labels: nothing can be chosen by these.
    """
    path = cache_folder() / f"{dataset.fingerprint[:32]}{EXPORT}"
    with suppress(OSError):
        os.utime(path)  # used now
        return path
    for old in exports(unused_days=_KEPT_DAYS):
        old.unlink(missing_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "x_train": dataset.train_images,
        "y_train": dataset.train_labels,
        "x_test": dataset.test_images,
        "num_classes": np.array(dataset.num_classes),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            whole = Path(folder) / path.name
            np.savez(whole, **arrays)  # type: ignore[arg-type]
            whole.chmod(0o444)
            whole.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); make room, or choose another "
            "folder with XDG_CACHE_HOME"
        ) from error
    return path


def exports(unused_days: float) -> list[Path]:
    """Return the data in the user's cache that programs have not read for so many days."""
    before = time.time() - 24 * 3600 * unused_days
    found = sorted(cache_folder().glob(f"*{EXPORT}"))
    return [path for path in found if path.stat().st_mtime < before]
