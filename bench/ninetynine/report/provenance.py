"""Where the numbers come from: machines, versions, commits, and how to make them again."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ninetynine.records import Record
from ninetynine.report import formatting
from ninetynine.report.document import Heading, Table
from ninetynine.report.formats.markdown import escape, render_table

# How the README is written again, for a results folder that is called results.
REWRITE = "bench report --format readme --output results/README.md"


def provenance(records: Sequence[Record]) -> str:
    """Return the closing sections of the results folder's README, in Markdown."""
    suites = sorted({record.context.suite for record in records})
    commands = [f"bench run {suite}" for suite in suites] + [REWRITE]
    lines = [
        "## Making these numbers again\n",
        "The first commands train what is missing (here nothing is), the last writes this file "
        "from the records alone:\n",
        "```sh",
        *commands,
        "```\n",
        "## Provenance\n",
        *(f"- {line}" for line in _facts(records)),
        "",
        render_table(_machines(records)),
    ]
    return "\n".join(lines)


def _facts(records: Sequence[Record]) -> list[str]:
    failed = sum(record.status == "failed" for record in records)
    exclusive = sum(r.timing is not None and r.timing.exclusive for r in ran(records))
    protocols = _listed(str(record.cell.protocol_version) for record in records)
    return [
        f"{formatting.count(len(records), 'record')}, {failed} of them failed; {exclusive} with a "
        "timing that had its cores to itself",
        f"measurement protocol {protocols}; suite version "
        f"{_listed(record.context.suite_version for record in records)}",
        f"packages: {_listed(packages_of(record) for record in records)}",
        f"commits: {_listed(commit_of(record) for record in records)}",
    ]


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


def _listed(values: Iterable[str]) -> str:
    """Return distinct ``values`` with how many records each has, if there is more than one."""
    counts = Counter(values)
    if len(counts) == 1:
        return escape(next(iter(counts)))
    return "; ".join(f"{escape(value)} ({n} records)" for value, n in sorted(counts.items()))


def _machines(records: Sequence[Record]) -> Table:
    counts: Counter[tuple[str, ...]] = Counter()
    timed: Counter[tuple[str, ...]] = Counter()
    for record in ran(records):
        if record.machine is None:
            continue
        machine = record.machine
        key = (
            machine.fingerprint,
            machine.gpu or machine.cpu_model,
            f"{len(machine.cores_used)} of {machine.cores_available}",
            machine.python,
        )
        counts[key] += 1
        timed[key] += record.timing is not None and record.timing.exclusive
    columns = (
        Heading("Fingerprint", "left"),
        Heading("Hardware", "left"),
        Heading("Cores used"),
        Heading("Python"),
        Heading("Records"),
        Heading("Exclusive timings"),
    )
    rows = tuple((*key, str(n), str(timed[key])) for key, n in sorted(counts.items()))
    return Table("Machines", columns, rows)
