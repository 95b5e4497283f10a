"""CIFAR's own files: pickles of Python 2, of which nothing but numbers, text and arrays is read.

Format: https://www.cs.toronto.edu/~kriz/cifar.html. Each file is a dictionary whose ``data`` is
uint8 (n, 3072), of each image first the red pixels, row after row, then the green and the blue.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ninetynine.arrays import check_file
from ninetynine.datasets.dataset import ARRAY_NAMES, CifarFiles, RawArrays
from ninetynine.errors import UserError

CIFAR_10 = CifarFiles(
    folder="cifar-10-batches-py",
    train=tuple(f"data_batch_{number}" for number in range(1, 6)),
    test="test_batch",
    labels="labels",
    names_file="batches.meta",
    names="label_names",
)
CIFAR_100 = CifarFiles(
    folder="cifar-100-python",
    train=("train",),
    test="test",
    labels="fine_labels",
    names_file="meta",
    names="fine_label_names",
)
_SIDE = 32
_MOST_BYTES = 1_000_000_000
# All that the files need: an array and its dtype, by the names that NumPy has had for them.
_ALLOWED = {(f"numpy{core}.multiarray", "_reconstruct") for core in (".core", "._core")} | {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _Unpickler(pickle.Unpickler):
    """Makes nothing but what ``_ALLOWED`` names, which runs no code of the file's."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def find_batches(folder: Path, files: CifarFiles) -> Path | None:
    """Return where the files lie in ``folder`` or below, as Keras's cache has them, or None."""
    inside = files.folder
    places = (folder / f"{inside}-target" / inside, folder / inside, folder)
    return next((place for place in places if (place / files.train[0]).is_file()), None)


def read_batches(folder: Path, files: CifarFiles) -> RawArrays:
    """Return the four arrays: images uint8 (n, 32, 32, 3), labels int64 (n,).

    Raises UserError, which names the file, for one that is missing, damaged or something else.
    """
    train = [_read_batch(folder / name, files.labels) for name in files.train]
    images, labels = (np.concatenate(arrays) for arrays in zip(*train, strict=True))
    parts = (images, labels, *_read_batch(folder / files.test, files.labels))
    return dict(zip(ARRAY_NAMES, parts, strict=True))


def read_names(folder: Path, files: CifarFiles) -> tuple[str, ...]:
    """Return the names of the classes."""
    path = folder / files.names_file
    names = _unpickle(path).get(files.names)
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise _damaged(path, f"no {files.names} in it")
    return tuple(n.decode(errors="replace") if isinstance(n, bytes) else n for n in names)


def _read_batch(path: Path, labels_key: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    content = _unpickle(path)
    data, labels = content.get("data"), content.get(labels_key)
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2:
        raise _damaged(path, "its data is no array uint8 (n, 3072)")
    if data.shape[1] != 3 * _SIDE * _SIDE:
        raise _damaged(path, f"its data is {data.shape}; expected (n, 3072)")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise _damaged(path, f"its {labels_key} are no whole numbers")
    images = data.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, np.int64)


def _unpickle(path: Path) -> Mapping[str, Any]:
    """Return the dictionary in a file, its keys as text."""
    if check_file(path, "a file of CIFAR's") > _MOST_BYTES:
        raise _damaged(path, f"over {_MOST_BYTES:,} bytes")
    try:
        with path.open("rb") as file:
            content = _Unpickler(file, encoding="bytes").load()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # a damaged pickle may raise anything
        raise _damaged(path, " ".join(str(error).split()) or type(error).__name__) from error
    if not isinstance(content, dict):
        raise _damaged(path, "no dictionary")
    return {
        k.decode(errors="replace") if isinstance(k, bytes) else k: v for k, v in content.items()
    }


def _damaged(path: Path, found: str) -> UserError:
    return UserError(f"{path}: damaged, or no file of CIFAR's ({found}); copy or download it again")
