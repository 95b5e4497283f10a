"""Data as programs read them: an ``.npz`` of each dataset in the user's cache."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.arrays import Npz, StoredArray, cache_folder, written_whole
from ninetynine.blocks import blocks
from ninetynine.errors import UserError

EXPORT = "-for-programs.npz"  # the end of the names of their data, in the user's cache
_KEPT_DAYS = 30


def exported(dataset: datasets.Dataset) -> Path:
    """Return the ``.npz`` of ``dataset`` for programs, written where it is not there yet.

    It has ``x_train`` (n, h, w, c), ``y_train`` (n,), ``x_test`` (m, h, w, c) and
    ``num_classes`` (), and no test labels: nothing can be chosen by these.
    """
    path = cache_folder() / f"{dataset.fingerprint[:32]}{EXPORT}"
    arrays: dict[str, NDArray[Any]] = {
        "x_train": dataset.train_images,
        "y_train": dataset.train_labels,
        "x_test": dataset.test_images,
        "num_classes": np.array(dataset.num_classes),
    }
    if _holds(path, arrays):
        with suppress(OSError):
            os.utime(path)  # used now
        return path
    for old in exports(unused_days=_KEPT_DAYS):
        old.unlink(missing_ok=True)
    try:
        with written_whole(path) as part:
            np.savez(part, **arrays)  # type: ignore[arg-type]
            part.chmod(0o444)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); make room, or choose another "
            "folder with XDG_CACHE_HOME"
        ) from error
    return path


def _holds(path: Path, arrays: Mapping[str, NDArray[Any]]) -> bool:
    """Return whether the file has these arrays still: any run of a program may have changed it."""
    try:
        with Npz(path, "") as archive:
            return all(_is(archive.find(name), array) for name, array in arrays.items())
    except (UserError, KeyError, OSError):
        return False


def _is(stored: StoredArray, array: NDArray[Any]) -> bool:
    """Return whether an array is the stored one, compared a few megabytes at a time."""
    if (stored.shape, stored.dtype) != (array.shape, array.dtype):
        return False
    if stored.start is None or not array.ndim:
        return np.array_equal(stored.read(), array)
    there = stored.map()
    return all(np.array_equal(there[at : at + len(rows)], rows) for at, rows in blocks(array))


def exports(unused_days: float) -> list[Path]:
    """Return the data in the user's cache that programs have not read for so many days."""
    before = time.time() - 24 * 3600 * unused_days
    found = sorted(cache_folder().glob(f"*{EXPORT}"))
    old = []
    for path in found:
        with suppress(OSError):  # another run may remove it meanwhile
            if path.stat().st_mtime < before:
                old.append(path)
    return old
