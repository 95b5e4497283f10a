"""Where the numbers come from, and the commands that make each row again."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ninetynine import suite
from ninetynine.board import Board, Row
from ninetynine.board.notes import seed_list
from ninetynine.catalog import Architecture
from ninetynine.cells import DEFAULT_BACKEND
from ninetynine.errors import UserError
from ninetynine.records import Record
from ninetynine.report import text
from ninetynine.report.provenance import commit_of, packages_of, ran
from ninetynine.report.tables import votes

_MOST_FAILED = 100


@dataclass(frozen=True)
class Machine:
    """One fingerprint and what ran there."""

    fingerprint: str
    hardware: str
    system: str
    cores: str
    records: int
    timed: int


@dataclass(frozen=True)
class FailedRun:
    """A cell that has no numbers."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Recipe:
    """How to make a row again: a command, or why there is none."""

    board: str
    name: str
    command: str
    note: str


@dataclass(frozen=True)
class Provenance:
    """The closing section of the page."""

    facts: tuple[tuple[str, str], ...]
    machines: tuple[Machine, ...]
    failed: tuple[FailedRun, ...]
    failed_left_out: int
    recipes: tuple[Recipe, ...]


def provenance(
    records: Sequence[Record],
    boards: Sequence[tuple[str, Board]],
    catalog: Mapping[str, Architecture],
) -> Provenance:
    """Return the provenance of ``records``; ``boards`` are titles with the rows below them."""
    failed = [r for r in records if r.status == "failed"]
    recipes = [_recipe(title, found, catalog) for title, runs in boards for found in board.rows]
    return Provenance(
        facts=tuple(_facts(records)),
        machines=tuple(_machines(records)),
        failed=tuple(_failed_run(record) for record in failed[:_MOST_FAILED]),
        failed_left_out=max(0, len(failed) - _MOST_FAILED),
        recipes=tuple(recipes),
    )


def _facts(records: Sequence[Record]) -> list[tuple[str, str]]:
    exclusive = sum(r.timing is not None and r.timing.exclusive for r in ran(records))
    failed = sum(r.status == "failed" for r in records)
    return [
        ("Records", f"{len(records):,}, {failed:,} of them failed"),
        ("Timings", f"{exclusive:,} runs had their cores to themselves; only these are timed"),
        ("Protocol version", _listed(str(r.cell.protocol_version) for r in records)),
        ("Suite version", _listed(r.context.suite_version for r in records)),
        ("Commits", _listed(commit_of(r) for r in records)),
        ("Packages", _listed(packages_of(r) for r in records)),
        ("Precision", _listed(r.cell.precision for r in records)),
        (
            "Datasets",
            _listed(f"{r.cell.dataset} {r.cell.dataset_fingerprint[:16]}" for r in records),
        ),
    ]


def _listed(values: Iterable[str]) -> str:
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({text.count(n, 'record')})" for value, n in sorted(counts.items()))


def _machines(records: Sequence[Record]) -> list[Machine]:
    by_fingerprint: dict[str, list[Record]] = {}
    for record in ran(records):
        if record.machine is not None:
            by_fingerprint.setdefault(record.machine.fingerprint, []).append(record)
    return [_machine(found) for _, found in sorted(by_fingerprint.items())]


def _machine(found: Sequence[Record]) -> Machine:
    first = found[0].machine
    assert first is not None
    return Machine(
        fingerprint=first.fingerprint,
        hardware=first.gpu or first.cpu_model,
        system=f"{first.operating_system}, Python {first.python}",
        cores=f"{len(first.cores_used)} of {first.cores_available}",
        records=len(found),
        timed=sum(r.timing is not None and r.timing.exclusive for r in found),
    )


def _failed_run(record: Record) -> FailedRun:
    cell, failure = record.cell, record.failure
    name = f"{cell.architecture} on {cell.dataset}, seed {cell.seed}"
    if failure is None:
        return FailedRun(name, "error", "no reason was recorded")
    return FailedRun(name, failure.kind, " ".join(failure.reason.split()))


def _recipe(title: str, found: Row, catalog: Mapping[str, Architecture]) -> Recipe:
    row, identity = found, found.identity
    if identity.kind == "external":
        return Recipe(title, row.name, "", "predictions made elsewhere, taken in by bench import")
    if identity.kind == "ensemble":
        return Recipe(title, row.name, _command(found, ()), f"{votes(row)}, taken after their runs")
    architecture = catalog.get(identity.architecture)
    if architecture is None:
        return Recipe(title, row.name, "", "its architecture is not in this installation")
    note = ""
    if architecture.source_hash != identity.source_hash:
        note = "its code is not the one in this installation" + _at_commits(found.records)
    if not found.records:
        return Recipe(title, row.name, "", note or "no run finished")
    own = architecture.origin.startswith("--architecture")
    file = ("--architecture", architecture.path.name) if own else ()
    seeds = ("--seeds", _seeds(found.seeds))
    return Recipe(title, row.name, _command(found, (*file, *seeds)), note)


def _at_commits(records: Sequence[Record]) -> str:
    commits = sorted({commit_of(r) for r in records if r.context.commit is not None})
    return f"; recorded at commit {', '.join(commits)}" if commits else ""


def _command(found: Row, more: Sequence[str]) -> str:
    """Return the command that makes a row: ``more`` are the options that only runs take."""
    identity = found.identity
    asked = Counter(record.context.suite for record in found.records).most_common(1)[0][0]
    words = ["bench", "run", asked, "--only", identity.architecture, *more]
    wanted = _suite(asked)
    dataset = found.records[0].cell.dataset
    if wanted is None or dataset != wanted.dataset:
        words += ["--dataset", dataset]
    usual = {"precision": "float32", "backend": DEFAULT_BACKEND, "device": "cpu"}
    if wanted is not None:
        rungs = [rung for rung in wanted.rungs if rung.name == identity.architecture]
        precisions = {rung.precision for rung in rungs} or {wanted.precision}
        usual["precision"] = precisions.pop() if len(precisions) == 1 else ""
    for option, value in usual.items():
        own = getattr(identity, option)
        words += [f"--{option}", own] if own != value else []
    threads = found.records[0].cell.threads
    words += ["--threads", str(threads)] if threads != 1 else []
    return shlex.join(words)


def _seeds(seeds: tuple[int, ...]) -> str:
    """Return the seeds as ``--seeds`` takes them; a number alone would be a count."""
    if len(seeds) == 1:
        return f"{seeds[0]}-{seeds[0]}"
    return seed_list(seeds).replace(" ", "")


def _suite(name: str) -> suite.Suite | None:
    try:
        return suite.load(name)
    except UserError:
        return None
