"""Reads the files that datasets come in: .npz and IDX, by themselves or in a folder.

Nothing is ever unpickled.
"""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ninetynine import blocks
from ninetynine.arrays import (
    NpyFolder,
    Npz,
    StoredArray,
    cache_folder,
    check_file,
    check_size,
    open_npy,
    written_whole,
)
from ninetynine.datasets.batches import find_batches, read_batches
from ninetynine.datasets.dataset import CLASS_NAMES, GROUP_NAMES, NAMINGS, DatasetInfo, RawArrays
from ninetynine.errors import UserError

# Names the folder in which known datasets are looked for.
DATA_DIR_VARIABLE = "BENCH_DATA_DIR"

_REMEDY = (
    "write it with numpy.savez_compressed(file, x_train=..., y_train=..., x_test=..., y_test=...)"
)
_EACH = "write one for each array, with numpy.save(folder / 'x_train.npy', images) and so on"

# The two magic numbers of LeCun's format: unsigned bytes (0x08) in three dimensions and in one.
IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801
_GZIP_START = b"\x1f\x8b"
_BLOCK_BYTES = 2**20

# array name -> (the start of its distributed file's name, the rest, the file's magic number)
_IDX_FILES = {
    "x_train": ("train-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_train": ("train-labels", "idx1-ubyte", LABELS_MAGIC),
    "x_test": ("t10k-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_test": ("t10k-labels", "idx1-ubyte", LABELS_MAGIC),
}


def read_folder(folder: Path, info: DatasetInfo) -> tuple[RawArrays, Path] | None:
    """Return the four arrays of a known dataset and the file or folder they came from, or None.

    Looked at, in this order, are the sub-folder called by its name (with _ or -) and ``folder``
    itself, in each first for an .npz of its name, then for CIFAR's files where it has such, and
    then for the IDX files if it may lie in these, gzipped or not. Raises UserError if what is found
    is damaged or if only some of the files are there.
    """
    name, cifar = info.name, info.cifar_files
    for place in (folder / name, folder / name.replace("_", "-"), folder):
        archive = place / f"{name}.npz"
        if archive.exists():
            return read_npz(archive), archive
        batches = find_batches(place, cifar) if cifar is not None else None
        if batches is not None and cifar is not None:
            return read_batches(batches, cifar), batches
        files = {array: _find_idx(place, array) for array in _IDX_FILES if info.idx_files}
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


def looked_for(info: DatasetInfo) -> str:
    """Return in words the files that ``read_folder`` looks for."""
    name, cifar = info.name, info.cifar_files
    if cifar is not None:
        return f"{name}.npz, or {cifar.folder}/ with {cifar.train[0]}, ..., {cifar.test} in it"
    names = ", ".join(f"{start}-{rest}" for start, rest, _ in _IDX_FILES.values())
    files = f"{name}.npz, or {names} (gzipped or not)" if info.idx_files else f"{name}.npz"
    return f"{files}, there or in a sub-folder {name}"


def _find_idx(folder: Path, array: str) -> Path | None:
    """Return the IDX file of one array under any of the names it is handed round by."""
    start, rest, _ = _IDX_FILES[array]
    names = (f"{start}{joint}{rest}{suffix}" for joint in "-." for suffix in ("", ".gz"))
    paths = (folder / name for name in names)
    # A folder may be called so, with the file in it; what else is no file, `read_idx` refuses.
    return next((path for path in paths if path.exists() and not path.is_dir()), None)


def read_npz(path: Path) -> RawArrays:
    """Return the arrays of ``read_archive``."""
    return read_archive(path)[0]


def read_archive(path: Path, needs_test: bool = True) -> tuple[RawArrays, tuple[str, ...]]:
    """Return the arrays of ``path`` as they lie there, and the names of those that were not read.

    It is an .npz, or a folder with an .npy for each array.  Images of a large file are mapped.

    Read are ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and where they are, ``x_val`` and
    ``y_val``, or all of these by MedMNIST's names; and of ``groups_test``, ``groups_train``,
    ``groups_noun`` and ``class_names`` those that are there. Without ``needs_test`` there need be
    no test part. Raises UserError if the file is missing, is no
    whole .npz, lacks an array, or holds one that only pickle could read.
    """
    folder = path.is_dir() and any(path.glob("*.npy"))
    with NpyFolder(path, _EACH) if folder else Npz(path, _REMEDY) as archive:
        wanted = [archive.find(name) for name in _wanted(archive.names, path, needs_test)]
        wanted += _told_names(archive)
        packed = [array for array in wanted if array.start is None or not _is_large(array)]
        if not folder:  # in which nothing is packed
            check_size(path, sum(map(_kept_bytes, packed)))
        arrays: RawArrays = {array.name: opened(array, path) for array in wanted}
    return arrays, tuple(name for name in archive.names if name not in arrays)


def opened(array: StoredArray, path: Path) -> npt.NDArray[np.generic]:
    """Return an array, the images of a large file mapped; packed ones are unpacked first."""
    if not _is_large(array):
        return array.read()
    if array.start is None:
        unpacked = _unpacked(array, path)
        return unpacked.map() if unpacked is not None else array.read()
    return array.map()


def _is_large(array: StoredArray) -> bool:
    """Return whether an array is to be mapped: large, and images as they are kept."""
    least = blocks.UNPACKED_BYTES if array.start is None else blocks.MAPPED_BYTES
    large = array.size * array.dtype.itemsize >= least
    as_kept = array.by_rows and array.dtype in (np.uint8, np.float32)
    return large and as_kept and len(array.shape) >= 3


def _unpacked(array: StoredArray, path: Path) -> StoredArray | None:
    """Return an array of ``path`` as an .npy in the cache folder, written there the first time.

    None where that cannot be written, for want of room or of a right to.
    """
    file = path.stat()
    said = f"{path.resolve()} {file.st_size} {file.st_mtime_ns} {array.name}"
    copy = cache_folder() / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}-unpacked.npy"
    try:
        if not copy.exists():
            with written_whole(copy) as part, part.open("wb") as out:
                out.writelines(array.content())
    except OSError:
        return None
    return open_npy(copy, "remove it")


def _kept_bytes(array: StoredArray) -> int:
    """Return what an array takes in memory: labels become int64, and float16 becomes float32."""
    if len(array.shape) < 3:
        return array.size * max(array.dtype.itemsize, 8)
    return array.size * max(array.dtype.itemsize, 4 if array.dtype.kind == "f" else 1)


def write_npz(path: Path, arrays: RawArrays) -> None:
    """Write ``arrays`` to ``path``, whole or not at all.

    Raises UserError where something is there already, or where it cannot be written.
    """
    if path.exists():
        raise UserError(
            f"{path}: is there already and stays as it is; remove it or choose another folder"
        )
    try:
        with written_whole(path) as part:
            np.savez_compressed(part, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); make room or choose another "
            "folder"
        ) from error


def _wanted(found: list[str], path: Path, needs_test: bool) -> list[str]:
    """Return which of an archive's arrays are read, under the names that it has them by."""
    # Of two namings that a file has equally much of, the first in the list, which is ours.
    names = max(NAMINGS, key=lambda names: len(set(names[:4]).intersection(found)))
    parts = names[:4] if needs_test or set(names[2:4]).intersection(found) else names[:2]
    missing = [name for name in parts if name not in found]
    if missing:
        split = "give --test-split 0.2, or " if missing == [*names[2:4]] else ""
        raise UserError(
            f"{path}: no array {', '.join(missing)} (found {listed(found) or 'none'}); "
            f"{split}{_EACH if path.is_dir() else _REMEDY}"
        )
    validation = [name for name in names[4:] if name in found]
    if len(validation) == 1:
        (lacking,) = set(names[4:]) - set(validation)
        raise UserError(
            f"{path}: {validation[0]} without {lacking}; expected both for a validation part, or "
            "neither"
        )
    return [*parts, *validation, *(name for name in GROUP_NAMES if name in found)]


def _told_names(archive: Npz | NpyFolder) -> list[StoredArray]:
    """Return the classes' names where these are text; nothing that is pickled need be read."""
    with suppress(UserError):
        names = archive.find(CLASS_NAMES) if CLASS_NAMES in archive.names else None
        return [names] if names is not None and names.dtype.kind in "US" else []
    return []


def listed(names: Sequence[str]) -> str:
    """Return names for a message, at most ten, whatever characters are in them."""
    shown = [name if name.isprintable() else ascii(name) for name in names[:10]]
    return ", ".join([*shown, *(["..."] if len(names) > 10 else [])])


def read_idx(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """Return the array of one IDX file: uint8, (n, rows, columns) for images and (n,) for labels.

    The format is a big-endian magic number whose last byte counts the dimensions, each length as a
    big-endian 32-bit integer, then the bytes in C order. Raises UserError if the file cannot be
    read, its magic number is not ``magic``, or it is longer or shorter than its header says.
    """
    size = check_file(path, "an IDX file")
    try:
        with path.open("rb") as file:
            # Some browsers unzip what they download and keep the .gz name, which proves nothing.
            zipped = file.read(len(_GZIP_START)) == _GZIP_START
            file.seek(0)
            if not zipped:
                return _read_idx(file, path, magic, size)
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _read_idx(unzipped, path, magic, None)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(
            f"{path}: truncated or damaged gzip ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _read_idx(
    file: BinaryIO | gzip.GzipFile, path: Path, magic: int, size: int | None
) -> npt.NDArray[np.uint8]:
    """Read no more than the header says; ``size`` is None where unpacking alone can tell it."""
    dimensions = magic & 0xFF
    header_bytes = 4 * (1 + dimensions)
    header = file.read(header_bytes)
    if len(header) < header_bytes:
        raise UserError(f"{path}: truncated IDX file: {len(header)} bytes, header {header_bytes}")
    found_magic, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if found_magic != magic:
        raise UserError(
            f"{path}: wrong IDX magic number 0x{found_magic:08x}; expected 0x{magic:08x} "
            f"({'images' if magic == IMAGES_MAGIC else 'labels'})"
        )
    length = math.prod(shape)
    if size is not None and size - header_bytes != length:
        raise _wrong_length(path, f"{size - header_bytes}", shape)
    check_size(path, length)
    data = np.empty(length, np.uint8)
    read = 0
    while read < length and (block := file.read(min(_BLOCK_BYTES, length - read))):
        data[read : read + len(block)] = np.frombuffer(block, np.uint8)
        read += len(block)
    if read < length or file.read(1):
        raise _wrong_length(path, f"{read}" if read < length else f"more than {read}", shape)
    return data.reshape(shape)


def _wrong_length(path: Path, found: str, shape: Sequence[int]) -> UserError:
    return UserError(
        f"{path}: wrong IDX length: {found} bytes of data where the header says "
        f"{'x'.join(map(str, shape))} = {math.prod(shape)}; copy or download it again"
    )
