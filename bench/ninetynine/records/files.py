"""The files of a record: what belongs together, and how it is set aside whole."""

import glob
import hashlib
import itertools
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from ninetynine.records.reading import LARGEST_RECORD, Unreadable, read_bytes

_PREDICTIONS = re.compile(r"(.+-seed-\d+-\w{16})(?:-[0-9a-f]{16})?\.npz")
_LONGEST_NAME = 200  # bytes of a folder's name


def record_path(predictions: Path) -> Path:
    """Return where the record of a file of predictions is, or would be."""
    match = _PREDICTIONS.fullmatch(predictions.name)
    return predictions.with_name(f"{match[1] if match else predictions.stem}.json")


def sync_folder(folder: Path) -> None:
    """Have the disk know the names in ``folder``, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def set_aside(path: Path) -> None:
    """Rename what stands in a record's place and is none to ``*.kept``, with its predictions.

    These go first: until the last is renamed, the next writer finds the rest by the record's name.
    """
    try:
        mark = hashlib.sha256(read_bytes(path, LARGEST_RECORD)).hexdigest()[:8]
    except Unreadable:
        mark = "unread"
    for file in predictions_beside(path):
        keep_as(file, mark)
    if os.path.lexists(path):
        keep_as(path, mark)


def keep_as(path: Path, mark: str) -> None:
    """Rename ``path`` to ``*.<mark>.kept``, and to another mark where that name is taken."""
    marks = itertools.chain([mark], (f"{mark}-{i}" for i in itertools.count(2)))
    names = (path.with_name(f"{path.name}.{m}.kept") for m in marks)
    path.rename(next(name for name in names if not os.path.lexists(name)))
    sync_folder(path.parent)


def predictions_beside(path: Path) -> list[Path]:
    """Return the files of predictions of the record in ``path``, of whichever name."""
    named = path.parent.glob(f"{glob.escape(path.stem)}-*.npz")
    return [file for file in (path.with_suffix(".npz"), *sorted(named)) if os.path.lexists(file)]


def write_atomically(path: Path, content: bytes) -> None:
    """Write ``content`` so that ``path`` is, at every moment, the old file or the whole new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
        sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def safe_name(name: str) -> str:
    """Return ``name`` with whatever is no letter, digit, '_', '-' or '.' replaced by '_'.

    The names of a grid's rows can be longer than a file's may be; their end becomes a hash.
    """
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
    if len(safe.encode()) <= _LONGEST_NAME:
        return safe
    return f"{safe[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
