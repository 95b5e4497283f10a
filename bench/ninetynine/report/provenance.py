"""Where the numbers come from, and the command that makes a row again."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ninetynine import suite
from ninetynine.architecture import Architecture
from ninetynine.board import Row
from ninetynine.board.run import FailedSeed
from ninetynine.board.training_time import hardware
from ninetynine.cells import DEFAULT_BACKEND
from ninetynine.errors import UserError
from ninetynine.grouping import grouped
from ninetynine.records import Machine, Record
from ninetynine.report import formatting
from ninetynine.suite.seeds import seed_list

_MOST_FAILED = 100


def ran(records: Iterable[Record]) -> list[Record]:
    """Return the records of runs: an ensemble only adds up what its members' records hold."""
    return [record for record in records if record.kind != "ensemble"]


def packages_of(record: Record) -> str:
    """Return the versions of the packages that computed, on one line."""
    return ", ".join(f"{name} {version}" for name, version in sorted(record.cell.packages.items()))


def commit_of(record: Record) -> str:
    """Return the short commit, and whether the code had changes beside it."""
    if record.context.commit is None:
        return "not recorded"
    return record.context.commit[:10] + (" with changes" if record.context.dirty else "")


def exclusive(records: Iterable[Record]) -> int:
    """Return how many of ``records`` have a timing that had its cores to itself."""
    return sum(record.timing is not None and record.timing.exclusive for record in records)


def cores(machine: Machine) -> str:
    """Return how many cores a run had, of how many."""
    return f"{len(machine.cores_used)} of {machine.cores_available}"


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """Return what the page says of ``records``."""
    failed = [r for r in records if r.status == "failed"]
    return {
        "facts": _facts(records),
        "machines": _machines(records),
        "failed": [_failed_run(record) for record in failed[:_MOST_FAILED]],
        "failed_left_out": max(0, len(failed) - _MOST_FAILED),
    }


def _facts(records: Sequence[Record]) -> list[tuple[str, str]]:
    cells, timed = [r.cell for r in records], exclusive(ran(records))
    failed = sum(r.status == "failed" for r in records)
    return [
        ("Records", f"{len(records):,}, {failed:,} of them failed"),
        ("Timings", f"{timed:,} runs had their cores to themselves; only these are timed"),
        ("Protocol version", _listed(str(c.protocol_version) for c in cells)),
        ("Suite version", _listed(r.context.suite_version for r in records)),
        ("Commits", _listed(commit_of(r) for r in records)),
        ("Packages", _listed(packages_of(r) for r in records)),
        ("Precision", _listed(c.precision for c in cells)),
        ("Datasets", _listed(f"{c.dataset} {c.dataset_fingerprint[:16]}" for c in cells)),
    ]


def _listed(values: Iterable[str]) -> str:
    """Return distinct ``values`` with how many records each has, if there is more than one."""
    counts = Counter(values)
    if len(counts) == 1:
        return next(iter(counts))
    found = sorted(counts.items())
    return "; ".join(f"{value} ({formatting.count(n, 'record')})" for value, n in found)


def _machines(records: Sequence[Record]) -> list[tuple[str, ...]]:
    """Return fingerprint, hardware, system, cores, records and timed records of each machine."""
    found = grouped((r.machine.fingerprint, r) for r in ran(records) if r.machine is not None)
    return [_machine(fingerprint, found[fingerprint]) for fingerprint in sorted(found)]


def _machine(fingerprint: str, records: Sequence[Record]) -> tuple[str, ...]:
    machine = records[0].machine
    assert machine is not None
    system = f"{machine.operating_system}, Python {machine.python}"
    counts = str(len(records)), str(exclusive(records))
    return fingerprint, hardware(machine), system, cores(machine), *counts


def _failed_run(record: Record) -> tuple[str, str, str]:
    failed = FailedSeed.of(record)
    return record.cell.label, failed.kind, failed.reason


def command_of(row: Row, catalog: Mapping[str, Architecture]) -> tuple[str, str]:
    """Return the command that makes a row again, or "", and what is to be known."""
    identity = row.identity
    if identity.kind == "external" and row.records[0].context.suite == "rank":
        return "", ""  # answers of a table: there is nothing to run
    if identity.kind == "external":
        return "", "predictions made elsewhere, taken in by bench import"
    if identity.kind == "ensemble":
        return _command(row, ()), "the votes are counted after the runs of the members"
    architecture = catalog.get(identity.architecture)
    if architecture is None:
        return "", "its architecture is not in this installation"
    note = ""
    if architecture.source_hash != identity.source_hash:
        note = "its code is not the one in this installation"
        commits = sorted({commit_of(r) for r in row.records if r.context.commit is not None})
        note += f"; recorded at commit {', '.join(commits)}" if commits else ""
    if not row.records:
        return "", note or "no run finished"
    own = architecture.origin.startswith("--architecture")
    file = ("--architecture", architecture.path.name) if own else ()
    seeds = seed_list(row.seeds).replace(" ", "")
    if len(row.seeds) == 1:
        seeds = f"{seeds}-{seeds}"  # a number alone would be a count
    return _command(row, (*file, "--seeds", seeds)), note


def _command(row: Row, more: Sequence[str]) -> str:
    """Return the command that makes a row: ``more`` are the options that only runs take."""
    identity = row.identity
    asked = Counter(record.context.suite for record in row.records).most_common(1)[0][0]
    words = ["bench", "run", asked, "--only", identity.architecture, *more]
    try:
        wanted: suite.Suite | None = suite.load(asked)
    except UserError:
        wanted = None
    dataset = row.records[0].cell.dataset
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
    threads = row.records[0].cell.threads
    words += ["--threads", str(threads)] if threads != 1 else []
    return shlex.join(words)
