"""Finds mnist or fashion_mnist in a folder: an .npz, or the four distributed IDX files."""

from pathlib import Path

from ninetynine.datasets.dataset import RawArrays
from ninetynine.datasets.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx
from ninetynine.datasets.npz import read_npz
from ninetynine.errors import UserError

# array name -> (the start of its distributed file's name, the rest, the file's magic number)
_IDX_FILES = {
    "x_train": ("train-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_train": ("train-labels", "idx1-ubyte", LABELS_MAGIC),
    "x_test": ("t10k-images", "idx3-ubyte", IMAGES_MAGIC),
    "y_test": ("t10k-labels", "idx1-ubyte", LABELS_MAGIC),
}


def read_folder(folder: Path, name: str) -> tuple[RawArrays, Path] | None:
    """Return the four arrays of dataset ``name`` and the file or folder they came from, or None.

    Looked at, in this order, are the sub-folder called ``name`` (with _ or -) and ``folder``
    itself, in each first for ``name``.npz and then for the IDX files, gzipped or not. Raises
    UserError if what is found is damaged or if only some of the four IDX files are there.
    """
    for place in (folder / name, folder / name.replace("_", "-"), folder):
        archive = place / f"{name}.npz"
        if archive.exists():
            return read_npz(archive), archive
        files = {array: _find_idx(place, array) for array in _IDX_FILES}
        if any(files.values()):
            return _read_idx_files(files, place), place
    return None


def looked_for(name: str) -> str:
    """Return in words the files that ``read_folder`` looks for."""
    idx = ", ".join(f"{start}-{rest}" for start, rest, _ in _IDX_FILES.values())
    return f"{name}.npz, or {idx} (gzipped or not), there or in a sub-folder {name}"


def _find_idx(folder: Path, array: str) -> Path | None:
    """Return the IDX file of one array under any of the names it is handed round by."""
    start, rest, _ = _IDX_FILES[array]
    names = (f"{start}{joint}{rest}{suffix}" for joint in "-." for suffix in ("", ".gz"))
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _read_idx_files(files: dict[str, Path | None], folder: Path) -> RawArrays:
    """Read the four files, all of which must be there."""
    arrays: RawArrays = {}
    for array, path in files.items():
        start, rest, magic = _IDX_FILES[array]
        if path is None:
            raise UserError(f"{folder}: {start}-{rest}[.gz] is missing beside the other IDX files")
        arrays[array] = read_idx(path, magic)
    return arrays
