"""Reads the four arrays of an .npz file; never unpickles."""

import zipfile
from pathlib import Path

import numpy as np

from ninetynine.datasets.dataset import ARRAY_NAMES, RawArrays
from ninetynine.errors import UserError

_REMEDY = (
    "write it with numpy.savez_compressed(file, x_train=..., y_train=..., x_test=..., y_test=...)"
)


def read_npz(path: Path) -> RawArrays:
    """Return ``x_train``, ``y_train``, ``x_test`` and ``y_test`` as they lie in ``path``.

    Raises UserError if the file is missing, is no whole .npz, lacks an array, or holds one that
    only pickle could read.
    """
    _check_is_npz(path)
    # A damaged file fails in zipfile, zlib or numpy's header parser, each with its own errors.
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in ARRAY_NAMES if name not in archive.files]
            found = ", ".join(archive.files)
            arrays = {name: archive[name] for name in ARRAY_NAMES if not missing}
    except Exception as error:
        raise UserError(f"{path}: {_reason(error)}; {_REMEDY}") from error
    if missing:
        raise UserError(
            f"{path}: no array {', '.join(missing)} (found {found or 'none'}); {_REMEDY}"
        )
    for name, array in arrays.items():
        # numpy hands out a zip member that is no .npy as plain bytes.
        if not isinstance(array, np.ndarray):
            raise UserError(f"{path}: {name} is not a numpy array; {_REMEDY}")
    return arrays


def _check_is_npz(path: Path) -> None:
    """Raise UserError unless ``path`` is a file that starts and ends like a zip."""
    if not path.exists():
        raise UserError(f"{path}: no such file; expected an .npz dataset")
    if not path.is_file():
        raise UserError(f"{path}: is a folder; expected an .npz file")
    try:
        with path.open("rb") as handle:
            starts_as_zip = handle.read(2) == b"PK"
            whole = starts_as_zip and zipfile.is_zipfile(handle)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if not starts_as_zip:
        raise UserError(f"{path}: not an .npz file (a zip of numpy arrays); {_REMEDY}")
    if not whole:
        raise UserError(f"{path}: truncated .npz file; copy or download it again")


def _reason(error: Exception) -> str:
    """Say in one line why numpy could not read an array."""
    if "allow_pickle" in str(error):
        return "holds pickled objects, which are never loaded; plain number arrays are expected"
    detail = " ".join(str(error).split()) or type(error).__name__
    return f"damaged .npz file ({detail})"
