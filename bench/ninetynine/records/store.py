"""The store: a folder of records, written whole or not at all, never edited.

A record is ``records/<architecture>/<dataset>-seed-<seed>-<key16>.json`` with its predictions in
a ``.npz`` of the same stem.  The predictions go first and the JSON is renamed into place last, so
a record that can be seen is complete, whenever the process was killed.  What cannot be read is
never deleted: a new record of the same cell moves it aside to ``*.kept``.
"""

import hashlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ninetynine.cells import Cell, CellIdentity
from ninetynine.errors import UserError
from ninetynine.inputs import now
from ninetynine.records.schema import SCHEMA_VERSION, Record, key_of
from ninetynine.records.trust import Statement, statements

_SMALL = np.float16(1 / 16)  # probabilities below it are stored more coarsely
_KEY_DIGITS = 16  # 64 bits of the key in a file name: no collision in any store we could fill
_LONGEST_NAME = 200  # bytes of a folder's name


@dataclass(frozen=True)
class Predictions:
    """A record's test output: ``probabilities`` float16 (m, classes), ``labels`` uint16 (m,)."""

    probabilities: NDArray[np.float16]
    labels: NDArray[np.uint16]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Return which of the m test images were classified correctly, bool (m,)."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.labels)


@dataclass(frozen=True)
class Problem:
    """A file in the store that could not be used, and why; it is kept as it is."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; kept as it is and left out"


def to_float16(probabilities: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round (m, classes) probabilities to float16 without changing any row's argmax.

    Below 1/16 three bits of the mantissa stay, a relative error of at most 1/16: nearly all of a
    record's values are such, and digits that say nothing of the classification would more than
    double its size.  What is below 2**-14, float16's smallest normal number, becomes 0.
    """
    rounded = probabilities.astype(np.float16)
    small = rounded < _SMALL
    rounded[small] = _with_three_bits(rounded[small])
    rounded[rounded < np.finfo(np.float16).tiny] = 0.0
    winner = probabilities.argmax(axis=1)
    rows = np.flatnonzero(rounded.argmax(axis=1) != winner)
    # Two classes rounded to one value: lift the true winner by one unit in the last place.
    lifted = np.nextafter(rounded[rows].max(axis=1), np.float16(np.inf))
    rounded[rows, winner[rows]] = lifted
    return rounded


def _with_three_bits(values: NDArray[np.float16]) -> NDArray[np.float16]:
    """Round non-negative ``values`` to the nearest with seven of the mantissa's ten bits zero."""
    bits = values.view(np.uint16)
    # Half of the last bit that stays, added to the bits as one number: a mantissa that overflows
    # carries into the exponent, which is the next power of two, as it should be.
    return ((bits + np.uint16(0x40)) & np.uint16(0xFF80)).view(np.float16)


class RecordStore:
    """The records under ``directory``; reading needs no lock, writing needs :meth:`lock`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.folder = directory / "records"

    @cached_property
    def statements(self) -> dict[str, list[Statement]]:
        """What is known of records beside what they say, by key."""
        return statements(self.directory)

    def paths(self) -> dict[str, Path]:
        """Return the record files by the first 16 digits of their key."""
        return {path.stem[-_KEY_DIGITS:]: path for path in sorted(self.folder.glob("*/*.json"))}

    def find(self, key: str, paths: dict[str, Path] | None = None) -> Record | Problem | None:
        """Return the record of ``key``, the problem with its file, or None for no file."""
        path = (self.paths() if paths is None else paths).get(key[:_KEY_DIGITS])
        if path is None:
            return None
        found = read_record(path)
        return None if isinstance(found, Record) and found.key != key else found

    def read_all(self) -> tuple[list[Record], list[Problem]]:
        """Return every readable record in the order of its file name, and what cannot be used.

        A record whose predictions are damaged is returned, and its predictions are a problem.
        """
        records: list[Record] = []
        problems: list[Problem] = []
        for path in sorted(self.folder.glob("*/*.json")):
            found = read_record(path)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            if self.path_of(found) != path:
                # A copy under another name would count its run twice.
                problems.append(Problem(path, f"a record that belongs in {self.path_of(found)}"))
                continue
            records.append(found)
            predictions = self.predictions_content(found)
            if isinstance(predictions, Problem):
                problems.append(predictions)
        return records, problems

    def predictions(self, record: Record) -> Predictions | None:
        """Return the record's predictions, or None where it has none or the file is damaged."""
        content = self.predictions_content(record)
        if not isinstance(content, bytes):
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return Predictions(arrays["probabilities"], arrays["labels"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None

    def describe(self, problem: Problem) -> str:
        """Return ``problem`` in words that are the same wherever the folder lies."""
        return f"{problem.path.relative_to(self.directory)}: {problem.reason}"

    def at_present(self, cells: Iterable[Cell], paths: dict[str, Path] | None = None) -> list[Cell]:
        """Return ``cells`` with the inputs of their record here, where these still hold.

        Only a record tells what code reads beside its source.  Where that has other content now,
        a cell stays as it is, and has no record.
        """
        known = self.paths() if paths is None else paths
        return [c if c.key[:_KEY_DIGITS] in known else self._at_present(c) for c in cells]

    def _at_present(self, cell: Cell) -> Cell:
        folder, stem = self._place_of(cell.identity)
        if cell.file is None:
            return cell
        for path in sorted(folder.glob(f"{stem}-*.json")):
            found = read_record(path)
            if isinstance(found, Record) and found.cell.inputs:
                inputs = now(found.cell.inputs, cell.file)
                if found.cell == cell.identity.reading(inputs):
                    return cell.reading(inputs)
        return cell

    def path_of(self, record: Record) -> Path:
        folder, stem = self._place_of(record.cell)
        return folder / f"{stem}-{record.key[:_KEY_DIGITS]}.json"

    def _place_of(self, cell: CellIdentity) -> tuple[Path, str]:
        stem = f"{safe_name(cell.dataset)}-seed-{cell.seed}"
        return self.folder / safe_name(cell.architecture), stem

    def write(self, record: Record, predictions: Predictions | None) -> Record:
        """Write ``record`` whole and return it with the hash of its predictions file.

        Raises UserError where the folder cannot be written or the disk is full.
        """
        content = _npz(predictions) if predictions is not None else None
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            record = record.model_copy(update={"predictions_sha256": digest})
        self.put(record, content, "finished records are", "folder with --results")
        return record

    def put(self, record: Record, predictions: bytes | None, safe: str, another: str) -> None:
        """Write ``record`` as it is, with the bytes of its ``.npz``.

        Raises UserError as `write` does: it names what is ``safe``, and what to choose another of.
        """
        path = self.path_of(record)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _move_aside_if_unreadable(path)
            if predictions is not None:
                write_atomically(path.with_suffix(".npz"), predictions)
            write_atomically(path, (record.model_dump_json(indent=1) + "\n").encode())
        except OSError as error:
            raise UserError(
                f"cannot write {path}: {error.strerror or error}; {safe} safe: "
                f"make room or choose another {another}, then run the command again"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one writer, and tidy what a killed one left half-written.

        Raises UserError where another process holds it or where it cannot be written.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.directory / ".lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            with tempfile.TemporaryFile(dir=self.folder):  # better told now than after a training
                self._remove_leftovers()
        except Timeout as error:
            raise UserError(
                f"another bench run is writing to {self.directory}; wait for it to end, "
                "or choose another folder with --results"
            ) from error
        except (OSError, NotImplementedError) as error:
            lock.release()
            raise UserError(
                f"cannot write to {self.directory}: {getattr(error, 'strerror', None) or error}; "
                "choose another folder with --results"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*/*.partial"):
            path.unlink(missing_ok=True)
        # Predictions whose record was never written, because the process was killed in between.
        for path in self.folder.glob("*/*.npz"):
            if not path.with_suffix(".json").exists():
                path.unlink(missing_ok=True)

    def predictions_content(self, record: Record) -> bytes | Problem | None:
        """Return the verified bytes of the record's ``.npz``; None where there is no file."""
        path = self.path_of(record).with_suffix(".npz")
        if record.predictions_sha256 is None or not path.is_file():
            return None
        try:
            content = path.read_bytes()
        except OSError as error:
            return Problem(path, f"cannot be read ({error.strerror})")
        if hashlib.sha256(content).hexdigest() != record.predictions_sha256:
            return Problem(path, "not the predictions that its record was written with (damaged?)")
        return content


def read_record(path: Path) -> Record | Problem:
    """Return the record in ``path``, or the Problem that says in one line why it is not one."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        return Problem(path, f"cannot be read ({error.strerror})")
    except (ValueError, RecursionError):
        return Problem(path, "not a whole JSON file (cut off?)")
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not isinstance(version, int):
        return Problem(path, "not a record (no schema_version)")
    if version > SCHEMA_VERSION:
        return Problem(
            path, f"record schema {version}, this version reads up to {SCHEMA_VERSION}; upgrade"
        )
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Problem(path, f"not a valid record ({where}: {first['msg']})")
    if record.kind != "external" and key_of(record.cell, record.members) != record.key:
        return Problem(path, "its key is not the hash of its cell (edited by hand?)")
    return record


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
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _move_aside_if_unreadable(path: Path) -> None:
    """Rename what stands in a new record's place and is none, with its predictions."""
    if not path.is_file() or isinstance(read_record(path), Record):
        return
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    for file in (path, path.with_suffix(".npz")):
        if file.is_file():
            file.rename(file.with_name(f"{file.name}.{mark}.kept"))


def _npz(predictions: Predictions) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        probabilities=predictions.probabilities.astype(np.float16),
        labels=predictions.labels.astype(np.uint16),
    )
    return buffer.getvalue()


def safe_name(name: str) -> str:
    """Return ``name`` with whatever is no letter, digit, '_', '-' or '.' replaced by '_'.

    The names of a grid's rows can be longer than a file's may be; their end becomes a hash.
    """
    safe = re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
    if len(safe.encode()) <= _LONGEST_NAME:
        return safe
    return f"{safe[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
