"""Reads the files that datasets come in: .npz and IDX, by themselves or in a folder.

Nothing is ever unpickled.
"""

import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import NAMINGS, RawArrays
from ninetynine.errors import UserError

# Names the folder in which known datasets are looked for.
DATA_DIR_VARIABLE = "BENCH_DATA_DIR"

_REMEDY = (
    "write it with numpy.savez_compressed(file, x_train=..., y_train=..., x_test=..., y_test=...)"
)

# The two magic numbers of LeCun's format: unsigned bytes (0x08) in three dimensions and in one.
IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801
_GZIP_START = b"\x1f\x8b"

# array name -> (the start of its distributed file's name, the rest, the file's magic number)
_IDX_FILES = {
    "x_train": ("train-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_train": ("train-labels", "idx1-ubyte", LABELS_MAGIC),
    "x_test": ("t10k-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_test": ("t10k-labels", "idx1-ubyte", LABELS_MAGIC),
}


def read_folder(folder: Path, name: str, idx: bool = True) -> tuple[RawArrays, Path] | None:
    """Return the four arrays of dataset ``name`` and the file or folder they came from, or None.

    Looked at, in this order, are the sub-folder called ``name`` (with _ or -) and ``folder``
    itself, in each first for ``name``.npz and then, with ``idx``, for the IDX files, gzipped or
    not. Raises UserError if what is found is damaged or if only some of the four IDX files are
    there.
    """
    for place in (folder / name, folder / name.replace("_", "-"), folder):
        archive = place / f"{name}.npz"
        if archive.exists():
            return read_npz(archive), archive
        files = {array: _find_idx(place, array) for array in _IDX_FILES if idx}
        arrays: RawArrays = {}
        for array, path in files.items() if any(files.values()) else ():
            start, rest, magic = _IDX_FILES[array]
            if path is None:
                missing = f"{start}-{rest}[.gz]"
                raise UserError(f"{place}: {missing} is missing beside the other IDX files")
            arrays[array] = read_idx(path, magic)
        if arrays:
            return arrays, place
    return None


def looked_for(name: str, idx: bool = True) -> str:
    """Return in words the files that ``read_folder`` looks for."""
    names = ", ".join(f"{start}-{rest}" for start, rest, _ in _IDX_FILES.values())
    files = f"{name}.npz, or {names} (gzipped or not)" if idx else f"{name}.npz"
    return f"{files}, there or in a sub-folder {name}"


def _find_idx(folder: Path, array: str) -> Path | None:
    """Return the IDX file of one array under any of the names it is handed round by."""
    start, rest, _ = _IDX_FILES[array]
    names = (f"{start}{joint}{rest}{suffix}" for joint in "-." for suffix in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_npz(path: Path) -> RawArrays:
    """Return the arrays of ``read_archive``."""
    return read_archive(path)[0]


def read_archive(path: Path) -> tuple[RawArrays, tuple[str, ...]]:
    """Return the arrays of ``path`` as they lie there, and the names of those that were not read.

    Read are ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and where they are, ``x_val`` and
    ``y_val``, or all of these by MedMNIST's names. Raises UserError if the file is missing, is no
    whole .npz, lacks an array, or holds one that only pickle could read.
    """
    _check_is_npz(path)
    name = ""
    # A damaged file fails in zipfile, zlib or numpy's header parser, each with its own errors.
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = list(archive.files)
            arrays = {}
            for name in _wanted(found, path):
                arrays[name] = archive[name]
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}: {_reason(error, name)}") from error
    for name, array in arrays.items():
        # numpy hands out a zip member that is no .npy as plain bytes.
        if not isinstance(array, np.ndarray):
            raise UserError(f"{path}: {name} is not a numpy array; {_REMEDY}")
    return arrays, tuple(name for name in found if name not in arrays)


def _wanted(found: list[str], path: Path) -> list[str]:
    """Return which of an archive's arrays are read, under the names that it has them by."""
    # Of two namings that a file has equally much of, the first in the list, which is ours.
    names = max(NAMINGS, key=lambda names: len(set(names[:4]).intersection(found)))
    missing = [name for name in names[:4] if name not in found]
    if missing:
        raise UserError(
            f"{path}: no array {', '.join(missing)} (found {listed(found) or 'none'}); {_REMEDY}"
        )
    validation = [name for name in names[4:] if name in found]
    if len(validation) == 1:
        (lacking,) = set(names[4:]) - set(validation)
        raise UserError(
            f"{path}: {validation[0]} without {lacking}; expected both for a validation part, or "
            "neither"
        )
    return [*names[:4], *validation]


def listed(names: Sequence[str]) -> str:
    """Return names for a message, at most ten, whatever characters are in them."""
    shown = [name if name.isprintable() else ascii(name) for name in names[:10]]
    return ", ".join([*shown, *(["..."] if len(names) > 10 else [])])


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


def _reason(error: Exception, name: str) -> str:
    """Say in one line why numpy could not read the array ``name``, and what to do."""
    if "allow_pickle" in str(error):
        return (
            f"{name} holds pickled objects, which are never loaded; expected numbers, or text "
            "labels as numpy.array(labels).astype(str)"
        )
    detail = " ".join(str(error).split()) or type(error).__name__
    return f"damaged .npz file ({detail}); {_REMEDY}"


def read_idx(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """Return the array of one IDX file: uint8, (n, rows, columns) for images and (n,) for labels.

    The format is a big-endian magic number whose last byte counts the dimensions, each length as a
    big-endian 32-bit integer, then the bytes in C order. Raises UserError if the file cannot be
    read, its magic number is not ``magic``, or it is longer or shorter than its header says.
    """
    data = _read_bytes(path)
    dimensions = magic & 0xFF
    header_bytes = 4 * (1 + dimensions)
    if len(data) < header_bytes:
        raise UserError(f"{path}: truncated IDX file: {len(data)} bytes, header {header_bytes}")
    found_magic, *shape = struct.unpack(f">{1 + dimensions}I", data[:header_bytes])
    if found_magic != magic:
        raise UserError(
            f"{path}: wrong IDX magic number 0x{found_magic:08x}; expected 0x{magic:08x} "
            f"({'images' if magic == IMAGES_MAGIC else 'labels'})"
        )
    if len(data) - header_bytes != math.prod(shape):
        raise UserError(
            f"{path}: wrong IDX length: {len(data) - header_bytes} bytes of data where the header "
            f"says {'x'.join(map(str, shape))} = {math.prod(shape)}; copy or download it again"
        )
    return np.frombuffer(data, np.uint8, offset=header_bytes).reshape(shape)


def _read_bytes(path: Path) -> bytes:
    """Return the file's bytes, unzipped if they are gzipped whatever the name says."""
    try:
        data = path.read_bytes()
        # Some browsers unzip what they download and keep the .gz name, so the name proves nothing.
        return gzip.decompress(data) if data.startswith(_GZIP_START) else data
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{path}: truncated or damaged gzip ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
