"""The store: a folder of records, written whole or not at all, never edited.

A record is ``records/<architecture>/<dataset>-seed-<seed>-<key16>.json``, with its predictions in
``<the same>-<sha16>.npz``, which is named by its content's hash (in older folders without it).  The
predictions go first and the JSON is renamed into place last, so a record that can be seen is
complete, and has its own predictions, whenever the process was killed.  What cannot be read is
never deleted: a new record of the same cell moves it aside to ``*.kept``.

Packs (`ninetynine.records.pack`) beside ``records/`` are read, too, and never written to: a record
that is in both is the one in ``records/``.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from ninetynine.cells import Cell, CellIdentity
from ninetynine.errors import UserError, one_line
from ninetynine.inputs import now
from ninetynine.records.files import (
    predictions_beside,
    record_path,
    safe_name,
    set_aside,
    sync_folder,
    write_atomically,
)
from ninetynine.records.groups import GroupsBeside
from ninetynine.records.pack import SUFFIX, Packs
from ninetynine.records.reading import (
    LARGEST_PREDICTIONS,
    Predictions,
    Problem,
    Unreadable,
    contradiction,
    decode,
    encode,
    read_bytes,
    read_record,
)
from ninetynine.records.schema import Record, with_checksum
from ninetynine.records.trust import Statement, statements

_KEY_DIGITS = 16  # 64 bits of the key in a file name: no collision in any store we could fill
_FRESH_BYTES = 128 * 2**20  # of predictions that were checked and are kept for who asks next


class RecordStore:
    """The records under ``directory``; reading needs no lock, writing needs :meth:`lock`.

    ``directory`` may be a pack, which can only be read.  ``tell`` is given each problem that
    :meth:`read_records` and :meth:`read_all` come upon.
    """

    def __init__(
        self, directory: Path, tell: Callable[[Problem], None] = lambda problem: None
    ) -> None:
        self.directory = directory
        self.tell = tell
        self.folder = directory / "records"
        self.packs = Packs(directory)
        self._fresh: dict[str, Predictions] = {}  # by their hash
        self._fresh_bytes = 0
        self.groups = GroupsBeside(directory)

    @cached_property
    def statements(self) -> dict[str, list[Statement]]:
        """What is known of records beside what they say, by key."""
        return statements(self.directory)

    def paths(self) -> dict[str, Path]:
        """Return the files with records by the first 16 digits of their keys."""
        packed = {key[:_KEY_DIGITS]: path for key, path in self.packs.paths().items()}
        alone = {path.stem[-_KEY_DIGITS:]: path for path in sorted(self.folder.glob("*/*.json"))}
        return packed | alone

    def source_of(self, record: Record) -> Path:
        """Return the file that ``record`` is in: its own, or a pack."""
        pack = self.packs.of(record)
        return self.path_of(record) if pack is None else pack.path

    def find(self, key: str, paths: dict[str, Path] | None = None) -> Record | Problem | None:
        """Return the record of ``key``, the problem with its file, or None for no file."""
        digits = key[:_KEY_DIGITS]
        path = (self.paths() if paths is None else paths).get(digits)
        if path is None:
            return None
        if path.suffix == SUFFIX:
            return self.packs.find(key)
        found = self._read(path)
        if isinstance(found, Record) and found.key == key:
            return found
        # A file that only has the name must not hide the record.
        others = map(self._read, sorted(self.folder.glob(f"*/*{digits}.json")))
        record = next((r for r in others if isinstance(r, Record) and r.key == key), None)
        packed = record or self.packs.find(key)
        return packed or (found if isinstance(found, Problem) else None)

    def _read(self, path: Path) -> Record | Problem:
        found = read_record(path)
        if isinstance(found, Record) and self.path_of(found) != path:
            # A copy under another name would count its run twice.
            return Problem(path, f"a record that belongs in {self.path_of(found)}")
        return found

    def read_all(self, whole: bool = False) -> tuple[list[Record], list[Problem]]:
        """Return every readable record in the order of its file name, and what cannot be used.

        A record whose predictions are damaged is returned, and its predictions are a problem.
        With ``whole`` predictions are read, too, and a record that they contradict is left out.
        """
        there, problems = self.read_records()
        records: list[Record] = []
        for record in there:
            predictions = self.check(record) if whole else self._unread(record)
            if isinstance(predictions, Predictions):
                self._keep_fresh(record, predictions)
            elif isinstance(predictions, Problem):
                problems.append(predictions)
                self.tell(predictions)
                if predictions.of_record:
                    continue
            records.append(record)
        return records, sorted(problems, key=lambda problem: problem.path)

    def read_records(self) -> tuple[list[Record], list[Problem]]:
        """Return what `read_all` does, without a look at the predictions."""
        found = [self._read(path) for path in sorted(self.folder.glob("*/*.json"))]
        records = {record.key: record for record in found if isinstance(record, Record)}
        found += self.packs.read(records.keys())
        problems = [problem for problem in found if isinstance(problem, Problem)]
        for problem in problems:
            self.tell(problem)
        return [record for record in found if isinstance(record, Record)], problems

    def _unread(self, record: Record) -> Problem | None:
        """Return what is wrong with the record's file of predictions, if it has one."""
        found = None if self.packs.of(record) else self.predictions_content(record)
        return found if isinstance(found, Problem) else None

    def _keep_fresh(self, record: Record, predictions: Predictions) -> None:
        if record.predictions_sha256 is not None and self._fresh_bytes < _FRESH_BYTES:
            self._fresh[record.predictions_sha256] = predictions
            self._fresh_bytes += predictions.nbytes

    def predictions(self, record: Record) -> Predictions | None:
        """Return the record's predictions, or None where it has none or they cannot be used."""
        fresh = self._fresh.pop(record.predictions_sha256 or "", None)
        if fresh is not None:
            self._fresh_bytes -= fresh.nbytes
            return fresh
        found = self.check(record)
        return found if isinstance(found, Predictions) else None

    def check(self, record: Record) -> Predictions | Problem | None:
        """Return the record's predictions where they are what it says of them; None for no file.

        The problem is the record's where the file is as it was written, else the file's.
        """
        pack = self.packs.of(record)
        if pack is not None:
            return pack.check(record)
        content = self.predictions_content(record)
        if not isinstance(content, bytes):
            return content
        try:
            return decode(content, record)
        except Unreadable as reason:
            return contradiction(self.path_of(record), reason)

    def describe(self, problem: Problem) -> str:
        """Return ``problem`` in words that are the same wherever the folder lies."""
        base = self.directory.parent if problem.path == self.directory else self.directory
        return one_line(f"{problem.path.relative_to(base)}: {problem.reason}")

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
        of = cell.identity.architecture, cell.identity.dataset, cell.identity.seed
        alone = map(read_record, sorted(folder.glob(f"{stem}-*.json")))
        for found in (*alone, *self.packs.of_run(*of)):
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

    def predictions_path(self, record: Record) -> Path:
        """Return where the record's predictions are, or would be."""
        path = self.path_of(record)
        named = path.with_name(f"{path.stem}-{(record.predictions_sha256 or '')[:16]}.npz")
        old = path.with_suffix(".npz")
        return old if not named.exists() and old.exists() else named

    def write(self, record: Record, predictions: Predictions | None) -> Record:
        """Write ``record`` whole and return it with the hashes of its predictions and itself.

        Raises UserError where the folder cannot be written or the disk is full.
        """
        content = encode(predictions) if predictions is not None else None
        if content is not None:
            digest = hashlib.sha256(content).hexdigest()
            record = record.model_copy(update={"predictions_sha256": digest})
        record = with_checksum(record)
        self.put(record, content, "finished records are", "folder with --results")
        return record

    def put(self, record: Record, predictions: bytes | None, safe: str, another: str) -> None:
        """Write ``record`` as it is, with the bytes of its ``.npz``.

        Raises UserError as `write` does: it names what is ``safe``, and what to choose another of.
        """
        path = self.path_of(record)
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(self.folder)
            if os.path.lexists(path) and isinstance(self._read(path), Problem):
                set_aside(path)
            if predictions is not None and self._own_content(record) != predictions:
                digits = (record.predictions_sha256 or "")[:16]
                write_atomically(path.with_name(f"{path.stem}-{digits}.npz"), predictions)
            write_atomically(path, (record.model_dump_json(indent=1) + "\n").encode())
            for other in predictions_beside(path):
                if other != self.predictions_path(record):
                    other.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot write {path}: {error.strerror or error}; {safe} safe: "
                f"make room or choose another {another}, then run the command again"
            ) from error

    def check_not_packed(self, records: Iterable[Record]) -> None:
        """Raise UserError where one of ``records`` is in a pack, which is never written to."""
        packed = {pack.path for record in records if (pack := self.packs.of(record))}
        for path in sorted(packed):
            raise UserError(
                f"{path} has records that would have to go, and packs are only read; first take "
                f"them out: bench unpack {path} --into {self.directory}, and remove {path.name}"
            )

    def remove(self, record: Record) -> None:
        """Remove ``record``; its predictions go with the next writer where this is killed."""
        path = self.path_of(record)
        path.unlink(missing_ok=True)
        for predictions in predictions_beside(path):
            predictions.unlink(missing_ok=True)
        sync_folder(path.parent)

    @contextmanager
    def lock(self, tidy: bool = True, option: str = "--results") -> Iterator[None]:
        """Hold the folder for one writer, and ``tidy`` what a killed one left half-written.

        Raises UserError, which names ``option``, where another process holds it or where it cannot
        be written.
        """
        from filelock import FileLock, Timeout

        self._check_is_folder(option)
        lock = FileLock(self.directory / ".lock", timeout=0)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
            with tempfile.TemporaryFile(dir=self.folder):  # better told now than after a training
                if tidy:
                    self._remove_leftovers()
        except Timeout as error:
            raise UserError(
                f"another bench run is writing to {self.directory}; wait for it to end, "
                f"or choose another folder with {option}"
            ) from error
        except (OSError, NotImplementedError) as error:
            lock.release()
            raise self._cannot_write(error, option) from error
        try:
            yield
        finally:
            lock.release()

    def check_can_be_written(self, option: str) -> None:
        """Raise UserError, which names ``option``, where no record can be written."""
        self._check_is_folder(option)
        there = next(p for p in (self.folder, *self.folder.parents) if os.path.lexists(p))
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            raise self._cannot_write(error, option) from error

    def _check_is_folder(self, option: str) -> None:
        """Raise UserError for a pack, or a new folder that would be taken for one by its name."""
        if self.directory.suffix == SUFFIX and not self.directory.is_dir():
            raise UserError(
                f"{option} {self.directory}: records are written to a folder, and a pack's name "
                f"ends in {SUFFIX}; name a folder (bench pack makes a pack of it)"
            )

    def _cannot_write(self, error: Exception, option: str) -> UserError:
        reason = getattr(error, "strerror", None) or error
        return UserError(
            f"cannot write to {self.directory}: {reason}; choose another folder with {option}"
        )

    def _remove_leftovers(self) -> None:
        for path in (*self.directory.glob(".*.partial"), *self.folder.glob("*/.*.partial")):
            path.unlink(missing_ok=True)
        for folder in self.folder.glob("*/"):
            self._remove_superseded(folder)
            with suppress(OSError):  # only what is empty can be removed
                folder.rmdir()

    def _remove_superseded(self, folder: Path) -> None:
        """Remove the predictions in ``folder`` that no record vouches for.

        Their record was never written, because the process was killed in between, or has others.
        """
        for path in [*folder.glob("*.npz")]:
            record = record_path(path)
            if not os.path.lexists(record):
                path.unlink(missing_ok=True)
            elif len(predictions_beside(record)) > 1 or record.stem != path.stem:
                found = self._read(record)
                if isinstance(found, Record) and self.predictions_path(found) != path:
                    path.unlink(missing_ok=True)

    def predictions_content(self, record: Record) -> bytes | Problem | None:
        """Return the verified bytes of the record's ``.npz``; None where there is no file.

        Where the record is in a pack, they are what unpacking it writes.
        """
        pack = self.packs.of(record)
        if pack is None:
            return self._own_content(record)
        found = pack.check(record)
        return encode(found) if isinstance(found, Predictions) else found

    def _own_content(self, record: Record) -> bytes | Problem | None:
        path = self.predictions_path(record)
        if record.predictions_sha256 is None or not os.path.lexists(path):
            return None
        try:
            content = read_bytes(path, LARGEST_PREDICTIONS)
        except Unreadable as reason:
            return Problem(path, str(reason))
        if hashlib.sha256(content).hexdigest() != record.predictions_sha256:
            return Problem(path, "not the predictions that its record was written with (damaged?)")
        return content
