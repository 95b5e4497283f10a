"""The leaderboard: rows with their bars, and what they are found by."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.columns import Column, page_columns
from ninetynine.report.columns.identity import WATCHES, threads, votes
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import lettering
from ninetynine.report.drawing.axes import interval_bars, rows_scale
from ninetynine.report.drawing.layout import Box
from ninetynine.report.drawing.scale import Scale
from ninetynine.report.drawing.svg import page_svg

_WIDTH, _HEIGHT = 180.0, 22.0
_FRAME = Box(6.0, 0.0, _WIDTH - 6.0, _HEIGHT)
_FAR = 2.5  # models with more than this many times the best one's errors are arrows at the end


@dataclass(frozen=True)
class LeaderRow:
    """A model: how it was trained, the words that a filter finds it by, and its bars."""

    row: Row
    detail: str
    search: str
    bar: Markup


@dataclass(frozen=True)
class Leaderboard:
    """The table; ``axis`` are the ends of the bars' common axis."""

    columns: Sequence[Column]
    rows: list[LeaderRow]
    axis: list[str]


def leaderboard(board: Board) -> Leaderboard:
    """Return the board's table."""
    details = [_details(row) for row in board.rows]
    varying = [len(set(words)) > 1 for words in zip(*details, strict=True)]
    scale, axis = None, []
    if board.finished:
        claims = [c.published for row in board.rows for c in lettering.accuracy_claims(board, row)]
        scale = rows_scale(board, board.finished, claims, far=_FAR)
        ends = [round(1 - 10**-end, 4) for end in (scale.low, scale.high)]
        axis = list(map(formatting.shortest_percent, ends))
    rows = []
    for row, own in zip(board.rows, details, strict=True):
        shown = [word for word, varies in zip(own, varying, strict=True) if word and varies]
        if row.identity.watches_test_set:
            shown.append(f"{WATCHES} watches the test set while training")
        search = " ".join([row.name, *own, *(f"group:{group}" for group in row.groups)]).lower()
        bar = _bar(board, row, scale) if scale is not None and row.accuracy else Markup("")
        rows.append(LeaderRow(row, " · ".join(shown), search, bar))
    return Leaderboard(page_columns(board), rows, axis)


def _details(row: Row) -> list[str]:
    """Return how the row was trained; each place of the list has one meaning in all rows."""
    identity = row.identity
    if identity.kind == "external":
        return ["predictions made elsewhere", "", "", "", ""]
    return [
        identity.precision,
        identity.backend,
        identity.device,
        threads(row),
        votes(row) if identity.kind == "ensemble" else "",
    ]


def _bar(board: Board, row: Row, scale: Scale) -> Markup:
    """Return both intervals as bars, the mean as a tick and the claims as diamonds."""

    def x(accuracy: float) -> float:
        return _FRAME.x(scale.share(accuracy))

    middle, claims = _HEIGHT / 2, lettering.accuracy_claims(board, row)
    parts: list[el.Element] = [el.Line(_FRAME.left, middle, _FRAME.right, middle, "track")]
    if row.accuracy is not None and scale.holds(row.accuracy.mean):
        mean = x(row.accuracy.mean)
        parts += interval_bars(row, x, middle)
        parts.append(el.Line(mean, middle - 7, mean, middle + 7, "mean"))
    else:
        arrow = [(12.0, middle - 5), (12.0, middle + 5), (4.0, middle)]
        parts.append(el.Path(arrow, "dot", closed=True))
    parts += [el.shape(x(c.published), middle, 3.8, "diamond", "claim") for c in claims]
    said = [lettering.row_label(row, board), *(lettering.claim_lines(claim)[0] for claim in claims)]
    marked = el.mark(*parts, label="\n".join(said))
    return page_svg(el.Drawing([marked], _WIDTH, _HEIGHT, f"{row.name}: intervals", "bars"))
