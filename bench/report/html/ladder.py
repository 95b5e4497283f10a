"""The ladder, where its records are there: what each rung added to the one below."""

from dataclasses import dataclass

from bench.report import text
from bench.report.plots.runs import BoardRuns, RowRuns
from bench.statistics import compare

SUITE = "ladder"


@dataclass(frozen=True)
class Rung:
    """A model of the ladder and what it added."""

    name: str
    accuracy: str
    added: str
    interval: str
    told_apart: bool
    parameters: str
    seconds: str
    way: str


def ladder(runs: BoardRuns) -> tuple[Rung, ...]:
    """Return the rungs, the lowest mean first; nothing on a board of other suites.

    A record belongs to the ladder by the suite that asked for it.
    """
    rungs = [
        found
        for found in runs.finished
        if any(record.context.suite == SUITE for record in found.records)
    ]
    rungs.reverse()
    return tuple(
        _rung(runs, found, rungs[place - 1] if place else None) for place, found in enumerate(rungs)
    )


def _rung(runs: BoardRuns, found: RowRuns, below: RowRuns | None) -> Rung:
    row, decimals = found.row, text.percent_decimals(runs.board.images)
    way = next((w for w in runs.board.way if w.row == row.name), None)
    added, interval, told_apart = "", "", False
    if below is not None and found.summary is not None and below.summary is not None:
        result = compare(found.summary, below.summary)
        added = text.percent(result.difference, 2)
        interval = text.percent_interval(result.interval, 2)
        told_apart = result.verdict == "better"
    return Rung(
        name=row.name,
        accuracy=text.percent_spread(row.accuracy, decimals),
        added=added,
        interval=interval,
        told_apart=told_apart,
        parameters="" if row.parameters is None else f"{row.parameters:,}",
        seconds=text.three_digits(row.timed.train_seconds_median if row.timed else None),
        way=f"{text.percent(way.share, 0)}%" if way is not None and way.share >= 0 else "",
    )
