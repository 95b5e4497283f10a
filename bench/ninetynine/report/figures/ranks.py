"""The ranks that each model may have."""

from collections.abc import Sequence
from functools import partial

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import lettering, row_lines
from ninetynine.report.drawing.axes import x_axis
from ninetynine.report.figures import Figure, PagePlace, Panel, View, family_keys, first_of

_MOST_ROWS = 200


def views(board: Board) -> list[View]:
    """Return the picture of the rank intervals; there is none of a single model."""
    ranked = [row for row in board.rows if row.rank is not None]
    if len(ranked) < 2:
        return []
    shown = ranked[:_MOST_ROWS]
    panel = Panel(partial(_draw, board, shown))
    return [View("Rank intervals", [panel], first_of(_MOST_ROWS, ranked), family_keys(shown))]


def _draw(board: Board, rows: Sequence[Row], width: float) -> el.Drawing:
    names = [row.name for row in rows]
    frame = row_lines.frame_of(names, width)
    last = max(row.rank.worst for row in rows if row.rank)

    def x(rank: float) -> float:
        return frame.x(_share(rank, last))

    step = max(1, round(last / 8))
    ticks = [(_share(rank, last), str(rank)) for rank in (1, *range(step, last + 1, step))]
    parts: list[el.Element] = [x_axis(frame, list(dict.fromkeys(ticks)), "Rank, 95%, all pairs")]
    parts.append(row_lines.name_texts(names, frame))
    for number, row in enumerate(rows):
        assert row.rank is not None
        y, label = row_lines.middle(frame, number), lettering.row_label(row, board)
        bar = el.Rect(
            x(row.rank.best - 0.4),
            y - 4,
            x(row.rank.worst + 0.4) - x(row.rank.best - 0.4),
            8.0,
            "bar",
        )
        place = board.rows.index(row)
        parts.append(el.mark(bar, label=label, class_=lettering.family_class(row), row=place))
    return row_lines.drawing(
        parts, frame, width, f"{board.dataset}: rank intervals\n{_finding(rows)}"
    )


def _share(rank: float, last: int) -> float:
    """Return where ``rank`` lies between the ends."""
    return (rank - 0.5) / last


def _finding(rows: Sequence[Row]) -> str:
    """Return how many may be the best, and how many ranks are certain."""
    first = [row.name for row in rows if row.rank and row.rank.best == 1]
    sure = sum(row.rank.best == row.rank.worst for row in rows if row.rank)
    models = formatting.count(len(rows), "model")
    may = (
        f"{len(first)} of {models} may be the best"
        if first
        else f"None of {models} may be the best"
    )
    return f"{may}; {formatting.count(sure, 'rank')} are certain."


FIGURE = Figure(
    views,
    empty="there are no two models with predictions to rank",
    place=PagePlace(
        order=15,
        section="ranks",
        heading="Rank intervals",
        link="Ranks",
        says="Each bar holds the ranks that a model may have; all of them hold together, with 95%.",
    ),
)
