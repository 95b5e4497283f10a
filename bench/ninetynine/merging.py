"""Records from several machines in one folder: each key once, and what contradicts kept apart.

Two records of one key agree when they say the same of the model: the same weights hash (a
divergence is an outcome too; of predictions made elsewhere the key is a hash itself).  A cell
that was killed, timed out or failed says nothing of the model and agrees with anything.

Of records that agree one is kept: one with an outcome before one without, one whose predictions
are whole before one whose are not, one whose run had its cores to itself before one that shared
them, and else the one that came first: what the folder holds already, then folder by folder in
the order given.  A record replaces another only where no predictions are lost by it.

Of records that contradict each other the first stays on the board.  The others go to
``conflicts/<machine fingerprint>/`` beside ``records/``: a results folder in its own right, which
no report of the first one looks into and every command can be pointed at.  An ensemble goes there
too where its members are on the board with other weights.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ninetynine.cells import canonical_hash
from ninetynine.errors import UserError
from ninetynine.records import Problem, Record, RecordStore
from ninetynine.records.pack import Packs
from ninetynine.records.reading import read_record
from ninetynine.records.schema import vouching_for
from ninetynine.records.trust import Statement, state

_APART = "conflicts"
_ADVICE = ("what is merged so far is", "--into")  # where something cannot be written


@dataclass(frozen=True)
class Conflict:
    """A record kept apart in ``path``, and the one of its key on the board, if there is one."""

    apart: Record
    path: Path
    on_board: Record | None

    def __str__(self) -> str:
        board = f"{_described(self.on_board)} on the board" if self.on_board else "not on the board"
        where = f"{self.apart.cell.label}, key {self.apart.key[:8]}"
        return f"{where}: {board}, {_described(self.apart)} kept apart in {self.path}"


@dataclass
class Merged:
    """What became of the records: the paths that were written, and what stands in the way."""

    added: list[Path] = field(default_factory=list)
    replaced: list[Path] = field(default_factory=list)  # by a better record that agrees
    apart: list[Path] = field(default_factory=list)  # written to conflicts/ this time
    known: int = 0  # were there already, or said no more than what was there
    conflicts: list[Conflict] = field(default_factory=list)  # all that stand, earlier ones too
    problems: list[Problem] = field(default_factory=list)


def merge(folders: Sequence[Path], into: Path) -> Merged:
    """Copy the records of ``folders`` to ``into``; nothing is written anywhere else.

    What a folder keeps apart itself comes along.  A record is written whole or not at all, so a
    merge that was interrupted is finished by the next one.  Raises UserError where a folder is
    missing, has no records or is ``into``, and where ``into`` is in use or cannot be written.
    """
    sources = _sources(folders, into)
    board, merged = RecordStore(into), Merged()
    board.packs = Packs(into, [source.directory for source in sources])  # one is unpacked beside it
    with board.lock(option="--into"):
        for apart in kept_apart(board):
            with apart.lock():  # tidies what a killed merge left there
                pass
        for source in sources:
            records, problems = source.read_all(whole=True)
            data = {(r.cell.dataset, r.cell.dataset_fingerprint) for r in records}
            for name, fingerprint in sorted(data):
                groups = source.groups.of(name, fingerprint)
                board.groups.keep(name, fingerprint, groups)
            merged.problems += problems
            for record in sorted(records, key=lambda r: r.kind == "ensemble"):  # members first
                _take(board, source, record, merged)
        merged.conflicts = list(_standing(board, merged.problems))
    return merged


def agree(one: Record, other: Record) -> bool:
    """Return whether two records of one key can both be true of one model."""
    outcomes = _outcome(one), _outcome(other)
    return None in outcomes or outcomes[0] == outcomes[1]


def kept_apart(board: RecordStore) -> list[RecordStore]:
    """Return the stores of records that contradict those of ``board``, by folder name."""
    return [RecordStore(path) for path in sorted((board.directory / _APART).glob("*/"))]


def _sources(folders: Sequence[Path], into: Path) -> list[RecordStore]:
    sources: dict[Path, RecordStore] = {}
    for folder in folders:
        if not folder.exists():
            raise UserError(
                f"{folder}: no such folder or pack; expected what bench run --results or bench "
                "pack wrote"
            )
        store = RecordStore(folder)
        if not store.paths():
            inside = f"; did you mean {folder.parent}?" if folder.name == "records" else ""
            raise UserError(
                f"{folder}: no records in it (expected {store.folder}/ARCHITECTURE/*.json){inside}"
            )
        for source in (store, *kept_apart(store)):
            sources.setdefault(source.directory.resolve(), source)
    if into.resolve() in sources:
        raise UserError(
            f"{sources[into.resolve()].directory} is --into itself; "
            "name the folders whose records are to be added to it"
        )
    return list(sources.values())


def _take(board: RecordStore, source: RecordStore, record: Record, merged: Merged) -> None:
    """Put ``record`` where it belongs, and note in ``merged`` what was done."""
    predictions = _predictions(source, record)
    if predictions is not None:
        record = vouching_for(record, predictions)
    path, packed = board.path_of(record), board.packs.find(record.key)
    if isinstance(packed, Record) and not path.is_file() and agree(packed, record):
        merged.known += 1
        return
    if not path.is_file() and packed is None and _votes_as_the_board(board, record):
        _tell_origin(board, source, record)
        board.put(record, predictions, *_ADVICE)
        merged.added.append(path)
        return
    for store in (board, *kept_apart(board)):
        path = store.path_of(record)
        there = read_record(path) if path.is_file() else None
        if isinstance(there, Problem):
            merged.problems.append(Problem(path, f"{there.reason}, so nothing takes its place"))
            return
        if there is None or not agree(there, record):
            continue
        if _better(store, there, record, predictions):
            _tell_origin(board, source, record)
            store.put(record, predictions, *_ADVICE)
            merged.replaced.append(path)
        else:
            merged.known += 1
        return
    store = _free_place(board, record)
    with store.lock():
        store.put(record, predictions, *_ADVICE)
    merged.apart.append(store.path_of(record))


def _tell_origin(board: RecordStore, source: RecordStore, record: Record) -> None:
    """State beside ``board`` where ``record`` comes from and what is known of it there.

    Before the record is there: a merge that is cut off must not leave it as made here.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    name = source.directory.resolve().name
    taken = Statement(key=record.key, what="merged", at=at, source=name)
    known = [(s.what, s.source, s.machine) for s in board.statements.get(record.key, ())]
    told = [*source.statements.get(record.key, ()), taken]
    state(board.directory, [s for s in told if (s.what, s.source, s.machine) not in known])


def _standing(board: RecordStore, problems: list[Problem]) -> Iterator[Conflict]:
    for store in kept_apart(board):
        records, unreadable = store.read_all()
        problems += unreadable
        for record in records:
            found = board.find(record.key)
            on_board = found if isinstance(found, Record) else None
            if on_board is None or not agree(on_board, record):
                yield Conflict(record, store.path_of(record), on_board)


def _votes_as_the_board(board: RecordStore, record: Record) -> bool:
    """Return False for an ensemble of runs that the board has with other weights."""
    if not record.members:
        return True
    paths = board.paths()
    found = [board.find(key, paths) for key in record.members]
    hashes = [r.model.weights_hash for r in found if isinstance(r, Record) and r.model]
    if len(hashes) < len(found) or None in hashes or record.model is None:
        return True  # its members are not all here: nothing contradicts it
    return record.model.weights_hash == canonical_hash(hashes)


def _outcome(record: Record) -> str | None:
    """Return what the record says of its model; None where it says nothing."""
    if record.kind == "external":
        return record.key
    if record.status == "failed":
        return "diverged" if record.failure and record.failure.kind == "diverged" else None
    weights = record.model.weights_hash if record.model else None
    return weights or record.predictions_sha256


def _better(store: RecordStore, there: Record, record: Record, predictions: bytes | None) -> bool:
    earlier = _predictions(store, there)
    if earlier is not None and earlier != predictions:
        return False
    return _worth(record, predictions) > _worth(there, earlier)


def _worth(record: Record, predictions: bytes | None) -> tuple[bool, bool, bool]:
    has_outcome = record.status == "finished" or _outcome(record) is not None
    exclusive = record.timing is not None and record.timing.exclusive
    return has_outcome, predictions is not None, exclusive


def _predictions(store: RecordStore, record: Record) -> bytes | None:
    """Return the bytes of the record's ``.npz``; None where there is none or it is damaged."""
    content = store.predictions_content(record)
    return content if isinstance(content, bytes) else None


def _free_place(board: RecordStore, record: Record) -> RecordStore:
    """Return a store for a record that contradicts all that is there, named by its machine."""
    fingerprint = record.machine.fingerprint if record.machine else "unknown"
    name = re.sub(r"\W", "_", fingerprint) or "unknown"
    for number in itertools.count(1):
        folder = name if number == 1 else f"{name}-{number}"
        store = RecordStore(board.directory / _APART / folder)
        if not store.path_of(record).exists():
            break
    return store


def _described(record: Record) -> str:
    outcome = "diverged" if record.status == "failed" else f"weights {_outcome(record)!s:.8}"
    machine = record.machine
    if machine is None:
        return f"{outcome} (machine unknown)"
    return f"{outcome} ({machine.gpu or machine.cpu_model}, fingerprint {machine.fingerprint})"
