"""The ladder on the page: a suite's rungs in its order, and what each added to the one below."""

from dataclasses import dataclass

from ninetynine import datasets
from ninetynine.board import Board
from ninetynine.board.ladder import Ladder, Step, make_ladders
from ninetynine.report import formatting
from ninetynine.report.formats import ladder as words
from ninetynine.suite import Suite


@dataclass(frozen=True)
class LadderCell:
    """A number, and what is said below it."""

    text: str
    small: str = ""
    strong: bool = False


@dataclass(frozen=True)
class LadderTable:
    """The rungs on one device and backend; ``caption`` names them where there are several."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[LadderCell, ...], ...]


def ladder(board: Board, suite: Suite | None) -> list[LadderTable]:
    """Return the tables; nothing on another board, or before the suite itself was run.

    A record belongs to the suite that asked for it.
    """
    records = [record for row in board.rows for record in row.records]
    if suite is None or not any(record.context.suite == suite.name for record in records):
        return []
    if (board.dataset, board.variant) != (datasets.row_name_of(suite.dataset), suite.variant):
        return []
    found = make_ladders(suite, board, records)
    return [_table(one, len(found) > 1) for one in found]


def _table(found: Ladder, several: bool) -> LadderTable:
    headings = ["Rung", "Accuracy, %", "Seeds", "Added", "95% interval"]
    if found.reference is not None:
        goal = formatting.shortest_percent(found.reference.goal.accuracy)
        headings.append(f"Of the way to {goal}")
    headings += ["Parameters", "Train seconds"]
    if found.suite.timing_reference is not None:
        headings.append(f"Of {found.suite.timing_reference}’s")
    labels = [step.rung.label for step in found.steps]
    before = dict(zip(labels[1:], labels, strict=False))
    rows = tuple(_cells(step, before.get(step.rung.label), found) for step in found.steps)
    caption = f"{found.backend}, {found.device}" if several else ""
    return LadderTable(caption, tuple(headings), rows)


def _cells(step: Step, before: str | None, found: Ladder) -> tuple[LadderCell, ...]:
    row, rung, time = step.row, step.rung, step.time
    verdict = words.verdict(step.added)
    if verdict and rung.over and rung.over != before:
        verdict += f", over {rung.over}"
    closed = step.gap_closed
    decimals = formatting.percent_decimals(found.board.images)
    accuracy = formatting.percent_spread(row.accuracy, decimals) if row else "not recorded"
    cells = [
        LadderCell(rung.label, rung.adds),
        LadderCell(accuracy, _intervals(step, decimals)),
        LadderCell(words.seeds(step)),
        LadderCell(
            words.added(step.added),
            verdict,
            strong=step.added is not None and step.added.verdict == "better",
        ),
        LadderCell(formatting.percent_interval(step.added.interval, 2) if step.added else ""),
    ]
    if found.reference is not None:
        known = closed is not None and closed >= 0
        cells.append(LadderCell(f"{formatting.percent(closed, 0)}%" if known else ""))
    precision = "" if rung.precision == "float32" else rung.precision
    seconds = formatting.three_digits(time.train_seconds if time else None)
    cells.append(LadderCell(formatting.whole(row.parameters) if row else ""))
    cells.append(LadderCell(seconds, precision))
    if found.suite.timing_reference is not None:
        cells.append(LadderCell(words.ratio(time)))
    return tuple(cells)


def _intervals(step: Step, decimals: int) -> str:
    row = step.row
    both = [row.ci_seeds, row.ci_population] if row is not None else []
    return " / ".join(formatting.percent_interval(one, decimals) for one in both if one)
