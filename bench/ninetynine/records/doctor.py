"""What is doubtful in a folder of records, and setting it aside."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ninetynine.errors import one_line
from ninetynine.records.files import keep_as, record_path, set_aside
from ninetynine.records.pack import SUFFIX
from ninetynine.records.reading import Problem
from ninetynine.records.store import RecordStore

_OF_ROW = "restore the pack, or train that cell again"
_ASIDE = "set it aside with --fix, then train its cell again"


@dataclass(frozen=True)
class Doubt:
    """A doubtful file, what is wrong with it, and what to do."""

    path: Path
    reason: str
    remedy: str

    def __str__(self) -> str:
        return one_line(f"{self.path}: {self.reason}; {self.remedy}")


def doubts(store: RecordStore) -> Iterator[Doubt]:
    """Yield what is doubtful in ``store``: every file is read, predictions too."""
    records, problems = store.read_all(whole=True)
    for problem in problems:
        of_row = problem.path.suffix == SUFFIX and problem not in store.packs.opened
        yield Doubt(problem.path, problem.reason, _OF_ROW if of_row else _remedy(problem))
    vouched_for = set()
    for record in records:
        if store.packs.of(record):
            continue
        path = store.predictions_path(record)
        vouched_for.add(path)
        if record.predictions_sha256 is not None and not path.exists():
            yield Doubt(path, "the predictions of a record are missing", f"restore or {_ASIDE}")
    unread = {problem.path for problem in problems}
    for path in sorted({*store.folder.glob("*/*.npz")} - vouched_for - unread):
        if record_path(path) not in unread:
            yield Doubt(path, "predictions that no record vouches for", "set aside with --fix")
    for path in (*store.directory.glob(".*.partial"), *store.folder.glob("*/.*.partial")):
        yield Doubt(path, "left by a run that was killed", "the next run removes it")


def fix(store: RecordStore, found: Doubt) -> bool:
    """Rename the file of ``found`` to ``*.kept``, a record with its predictions; delete nothing.

    Return whether there was something to rename; what a killed run left half-written is left to
    the next run.
    """
    if found.path.suffix == ".partial" or found.remedy == _OF_ROW:
        return False
    record = record_path(found.path) if found.path.suffix == ".npz" else found.path
    if not found.reason.startswith("predictions that no record"):
        set_aside(record)
    elif os.path.lexists(found.path):  # it may have gone with a record
        keep_as(found.path, "unclaimed")
    return True


def _remedy(problem: Problem) -> str:
    if "this version reads up to" in problem.reason:
        return "upgrade, or set it aside with --fix"
    if "a record that belongs in" in problem.reason:
        return "set the copy aside with --fix, or rename it"
    return f"restore it, or {_ASIDE}"
