"""The ladder on the page: a suite's rungs in its order, and what each added to the one below."""

from collections.abc import Mapping
from dataclasses import dataclass

from ninetynine import datasets
from ninetynine.board import Board
from ninetynine.board.ladder import Ladder, Step, make_ladders
from ninetynine.catalog import Architecture
from ninetynine.report import ladder as words
from ninetynine.report import text
from ninetynine.suite import Suite


@dataclass(frozen=True)
class Rung:
    """A line of the table."""

    name: str
    adds: str
    accuracy: str
    intervals: str  # for these images, and for images like these
    seeds: str
    over: str  # where it is not the line above
    added: str
    interval: str
    verdict: str
    told_apart: bool
    way: str
    parameters: str
    seconds: str
    ratio: str
    precision: str


@dataclass(frozen=True)
class LadderTable:
    """The rungs on one device and backend; ``caption`` names them where there are several."""

    caption: str
    rungs: tuple[Rung, ...]


def ladder(
    board: Board, suite: Suite | None, catalog: Mapping[str, Architecture]
) -> tuple[LadderTable, ...]:
    """Return the tables; nothing on another board, or before the suite itself was run.

    A record belongs to the suite that asked for it.
    """
    records = [record for found in board.rows for record in found.records]
    board = board
    if suite is None or not any(record.context.suite == suite.name for record in records):
        return ()
    if (board.dataset, board.variant) != (datasets.row_name_of(suite.dataset), suite.variant):
        return ()
    found = make_ladders(suite, catalog, board.rows, records)
    return tuple(_table(one, len(found) > 1) for one in found)


def _table(found: Ladder, several: bool) -> LadderTable:
    labels = [step.rung.label for step in found.steps]
    before = dict(zip(labels[1:], labels, strict=False))
    rungs = [_rung(step, before.get(step.rung.label), found.images) for step in found.steps]
    return LadderTable(f"{found.backend}, {found.device}" if several else "", tuple(rungs))


def _rung(step: Step, before: str | None, images: int | None) -> Rung:
    row, rung, pace = step.row, step.rung, step.pace
    decimals = text.percent_decimals(images)
    return Rung(
        name=rung.label,
        adds=rung.adds,
        accuracy=text.percent_spread(row.accuracy, decimals) if row else "not recorded",
        intervals=_intervals(step, decimals),
        seeds=words.seeds(step),
        over=rung.over if rung.over and rung.over != before else "",
        added=words.added(step.added),
        interval=text.percent_interval(step.added.interval, 2) if step.added else "",
        verdict=words.verdict(step.added),
        told_apart=step.added is not None and step.added.verdict == "better",
        way=f"{words.share(step)}%" if step.share is not None and step.share >= 0 else "",
        parameters="" if row is None or row.parameters is None else f"{row.parameters:,}",
        seconds=text.three_digits(pace.train_seconds if pace else None),
        ratio=words.ratio(pace),
        precision="" if rung.precision == "float32" else rung.precision,
    )


def _intervals(step: Step, decimals: int) -> str:
    row = step.row
    both = (row.ci_seeds, row.ci_population) if row is not None else ()
    return " / ".join(text.percent_interval(one, decimals) for one in both if one is not None)
