"""How much of each mean's uncertainty comes from seeds, and how much from images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import row_lines
from ninetynine.report.drawing.axes import x_axis
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, View, first_of
from ninetynine.statistics import accuracy_estimate

_MOST_ROWS = 200
_TICKS = [(share, f"{100 * share:.0f}") for share in (0, 0.25, 0.5, 0.75, 1)]


@dataclass(frozen=True)
class Parts:
    """Parts of the variance of a row's mean: of its seeds, its images, and both together."""

    row: Row
    seeds: float
    images: float
    both: float

    @property
    def total(self) -> float:
        return self.seeds + self.images + self.both


def variance_parts(row: Row) -> Parts | None:
    """Return the parts; None for a single seed, without predictions, and where nothing varies."""
    if row.summary is None or row.summary.n_seeds < 2:
        return None
    found = accuracy_estimate(row.summary)
    if found.components is None:
        return None
    n, m, of = found.n_seeds, found.n_images, found.components
    parts = Parts(row, of.seed / n, of.image / m, of.rest / (n * m))
    return parts if parts.total > 0 else None


def views(board: Board) -> list[View]:
    """Return the picture of all rows with two seeds or more."""
    found = [parts for row in board.rows if (parts := variance_parts(row)) is not None]
    if not found:
        return []
    panel = Panel(partial(_draw, board, found[:_MOST_ROWS]))
    return [View("Seeds and images", [panel], first_of(_MOST_ROWS, found), _legend(board))]


def _legend(board: Board) -> tuple[Key, ...]:
    return (
        Key([el.Rect(0.0, 1.0, 20.0, 10.0, "bar family-1")], "seeds"),
        Key([el.Rect(0.0, 1.0, 20.0, 10.0, "bar family-5")], f"seeds and {board.thing}s together"),
        Key([el.Rect(0.0, 1.0, 20.0, 10.0, "bar family-0")], f"{board.thing}s"),
    )


def _draw(board: Board, found: Sequence[Parts], width: float) -> el.Drawing:
    names = [parts.row.name for parts in found]
    frame = row_lines.frame_of(names, width, right=58.0)
    drawn: list[el.Element] = [x_axis(frame, _TICKS, "Share of the variance of the mean, %")]
    drawn += [
        row_lines.name_texts(names, frame),
        el.Text(width, frame.top - 8, "± points", "tick", "end"),
    ]
    for number, parts in enumerate(found):
        y, start = row_lines.middle(frame, number), 0.0
        bars: list[el.Element] = []
        shares = [part / parts.total for part in (parts.seeds, parts.both, parts.images)]
        for share, color in zip(shares, (1, 5, 0), strict=True):
            x, end = frame.x(start), frame.x(start + share)
            bars.append(el.Rect(x, y - 6, end - x, 12.0, f"bar family-{color}"))
            start += share
        error = formatting.percent(math.sqrt(parts.total), 3)
        bars.append(el.Text(width, y + 4, error, "tick", "end"))
        said = ", ".join(
            f"{name} {100 * share:.0f}%"
            for name, share in zip(("seeds", "both", f"{board.thing}s"), shares, strict=True)
        )
        label = f"{parts.row.name}\nstandard error {error} points: {said}"
        drawn.append(el.mark(*bars, label=label, row=board.rows.index(parts.row)))
    label = f"{board.dataset}: what makes each mean uncertain\n{finding(found, board.thing)}"
    return row_lines.drawing(drawn, frame, width, label)


def finding(found: Sequence[Parts], thing: str = "image") -> str:
    """Return for how many rows the images make most of it, so that seeds would hardly help."""
    most = sum(parts.images > parts.total / 2 for parts in found)
    return (
        f"For {most} of {formatting.count(len(found), 'model')} the {_called(thing)}s make more "
        "than half of the uncertainty; further seeds do not remove that part."
    )


def _called(thing: str) -> str:
    return "test image" if thing == "image" else thing


FIGURE = Figure(
    views,
    empty="no model has predictions of two seeds or more",
    place=PagePlace(
        order=25,
        section="variance",
        heading="Seeds and images",
        link="Chance",
        says="The variance of each mean by its source, and its standard error in points.",
    ),
)
