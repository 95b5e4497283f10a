"""The leaderboard: rows with their bars, and what they sort by and are found by."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.board import Board, Row
from ninetynine.board.notes import seed_list
from ninetynine.report import text
from ninetynine.report.html import svg, words
from ninetynine.report.html.columns import Column, columns
from ninetynine.report.html.frame import accuracy_tick
from ninetynine.report.plots.scale import Scale, accuracy_scale
from ninetynine.report.tables import WATCHES, votes

_BAR_WIDTH, _BAR_HEIGHT, _BAR_END = 180.0, 22.0, 6.0
_FAR = 2.5  # models with more than this many times the best one's errors are arrows at the end


@dataclass(frozen=True)
class Cell:
    """A number as it is read, and what it sorts by ("" comes last)."""

    text: str
    sort: float | str


@dataclass(frozen=True)
class LeaderRow:
    """A model: the cells right of its name, and the words that a filter finds it by."""

    index: int
    name: str
    detail: str
    bands: tuple[str, ...]
    class_: str
    bar: Markup
    bar_text: str
    cells: tuple[Cell, ...]
    failed: str
    search: str


@dataclass(frozen=True)
class Leaderboard:
    """The table; ``axis`` are the ends of the bars' common axis."""

    columns: tuple[Column, ...]
    rows: tuple[LeaderRow, ...]
    axis: tuple[str, str] | None
    notes: tuple[str, ...]


def leaderboard(board: Board) -> Leaderboard:
    """Return the board's table."""
    scored = [row for row in board.rows if row.accuracy is not None]
    scale = _bar_scale(board, scored) if scored else None
    details = [_details(row) for row in board.rows]
    rows = [_row(board, index, details, scale) for index in range(len(board.rows))]
    axis = None
    if scale is not None:
        low, high = (accuracy_tick(round(1 - 10**-end, 4)) for end in (scale.low, scale.high))
        axis = low, high
    return Leaderboard(tuple(columns(board)), tuple(rows), axis, board.notes)


def _bar_scale(board: Board, rows: Sequence[Row]) -> Scale:
    means = [row.accuracy.mean for row in rows if row.accuracy]
    intervals = [i for row in rows for i in (row.ci_seeds, row.ci_population) if i]
    claims = [c.published for row in rows for c in words.test_claims(board, row)]
    others = [*claims, *(end for i in intervals for end in (i.low, i.high))]
    return accuracy_scale(means, others, board.images, far=_FAR)


def _row(
    board: Board, index: int, details: Sequence[Sequence[str]], scale: Scale | None
) -> LeaderRow:
    row, own = board.rows[index], details[index]
    varying = [w for place, w in enumerate(own) if w and len({d[place] for d in details}) > 1]
    if row.identity.watches_test_set:
        varying.append(f"{WATCHES} watches the test set while training")
    decimals = text.percent_decimals(board.images)
    intervals = [i for i in (row.ci_seeds, row.ci_population) if i]
    bands = words.band_letters(row.group)
    return LeaderRow(
        index=index,
        name=row.name,
        detail=" · ".join(varying),
        bands=tuple(bands),
        class_=words.band_class(row.group),
        bar=_bar(board, row, scale) if scale is not None else Markup(""),
        bar_text=" / ".join(text.percent_interval(i, decimals) for i in intervals),
        cells=tuple(_cell(column, row) for column in columns(board)),
        failed=_failed(row),
        search=" ".join([row.name, *own, *(f"band:{band}" for band in bands)]).lower(),
    )


def _cell(column: Column, row: Row) -> Cell:
    value = column.value(row)
    return Cell(column.write(row), "" if value is None else value)


def _details(row: Row) -> list[str]:
    """Return how the row was trained; each place of the list has one meaning in all rows."""
    identity = row.identity
    if identity.kind == "external":
        return ["predictions made elsewhere", "", "", "", ""]
    threads = "/".join(map(str, row.threads))
    return [
        identity.precision,
        identity.backend,
        identity.device,
        f"{threads} thread{'' if threads == '1' else 's'}" if threads else "",
        votes(row) if identity.kind == "ensemble" else "",
    ]


def _failed(row: Row) -> str:
    reasons: dict[str, list[int]] = {}
    for failed in row.failed:
        reasons.setdefault(f"{failed.kind}: {failed.reason}", []).append(failed.seed)
    parts = [
        f"seed{'s' if len(seeds) > 1 else ''} {seed_list(seeds)} failed, {why}"
        for why, seeds in reasons.items()
    ]
    return "; ".join(parts)


def _bar(board: Board, row: Row, scale: Scale) -> Markup:
    """Return both intervals as bars, the mean as a tick and the claims as diamonds."""
    if row.accuracy is None:
        return Markup("")
    claims = words.test_claims(board, row)
    middle = _BAR_HEIGHT / 2
    lines = words.row_lines(row, board)
    lines += [words.claim_lines(claim)[0] for claim in claims]
    marked = svg.mark(
        svg.line(_BAR_END, middle, _BAR_WIDTH - _BAR_END, middle, "track"),
        *_intervals(row, scale, middle),
        *(svg.polygon(_x(c.published, scale), middle, 3.8, "diamond", "claim") for c in claims),
        label="\n".join(lines),
    )
    return svg.drawing(
        marked, width=_BAR_WIDTH, height=_BAR_HEIGHT, label=f"{row.name}: intervals", class_="bar"
    )


def _intervals(row: Row, scale: Scale, middle: float) -> list[Markup]:
    if row.accuracy is None or not scale.holds(row.accuracy.mean):
        arrow = [(12.0, middle - 5), (12.0, middle + 5), (4.0, middle)]
        return [svg.path(arrow, "dot", closed=True)]
    parts = []
    for interval, kind in ((row.ci_population, "thin"), (row.ci_seeds, "thick")):
        if interval is not None:
            low, high = _x(interval.low, scale), _x(interval.high, scale)
            parts.append(svg.line(low, middle, high, middle, f"interval {kind}"))
    mean = _x(row.accuracy.mean, scale)
    return [*parts, svg.line(mean, middle - 7, mean, middle + 7, "mean")]


def _x(accuracy: float, scale: Scale) -> float:
    return _BAR_END + scale.share(accuracy) * (_BAR_WIDTH - 2 * _BAR_END)
