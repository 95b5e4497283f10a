"""The mean over the seeds so far, and how its interval shrank."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.axes import ticks, x_axis, y_axis
from ninetynine.report.drawing.layout import Box
from ninetynine.report.drawing.lettering import family_class, quantity
from ninetynine.report.drawing.scale import Scale, accuracy_scale
from ninetynine.report.figures import Figure, PagePlace, Panel, View, family_keys, first_of
from ninetynine.statistics import summarize, summarize_scores
from ninetynine.statistics.estimate import seed_interval
from ninetynine.statistics.summary import Interval

_MOST_ROWS = 60
_WIDTH, _HEIGHT = 270.0, 170.0


@dataclass(frozen=True)
class SoFar:
    """The mean of the first ``seeds`` runs, and its 95% interval on these test images."""

    seeds: int
    mean: float
    interval: Interval


def so_far(row: Row) -> list[SoFar]:
    """Return the means from the second seed on; none without predictions."""
    if len(row.outcomes) < 2:
        return []
    sum_up = summarize if row.correct.dtype == np.bool_ else summarize_scores
    found = (sum_up(row.correct[:n]) for n in range(2, len(row.correct) + 1))
    intervals = ((summary, seed_interval(summary)) for summary in found)
    return [SoFar(s.n_seeds, s.mean, i) for s, i in intervals if i is not None]


def views(board: Board) -> list[View]:
    """Return a small picture for each row with two seeds or more."""
    every = [(row, found) for row in board.finished if (found := so_far(row))]
    shown = every[:_MOST_ROWS]
    if not shown:
        return []
    mean = f"mean {quantity(board).lower()}"
    notes = [f"Across: seeds so far. Upwards: {mean}, on an axis of its own."]
    panels = [
        Panel(
            partial(_draw, board, row, found),
            row.name,
            _caption(found),
            _WIDTH,
            row=board.rows.index(row),
        )
        for row, found in shown
    ]
    notes += first_of(_MOST_ROWS, every)
    legend = family_keys(row for row, _ in shown)
    return [View("Seeds so far", panels, notes, legend, finding=finding(shown))]


def _half(one: SoFar) -> float:
    return (one.interval.high - one.interval.low) / 2


def _caption(found: Sequence[SoFar]) -> str:
    first, last = (formatting.percent(_half(one), 2) for one in (found[0], found[-1]))
    later = f", ± {last} at {found[-1].seeds}" if len(found) > 1 else ""
    return f"± {first} points at {found[0].seeds} seeds{later}"


def finding(shown: Sequence[tuple[Row, Sequence[SoFar]]]) -> str:
    """Return whose interval is the widest still."""
    row, found = max(shown, key=lambda pair: _half(pair[1][-1]))
    half = formatting.percent(_half(found[-1]), 2)
    return (
        f"The widest interval is that of {row.name}: ± {half} points over {found[-1].seeds} seeds."
    )


def _scale(found: Sequence[SoFar], images: int | None) -> Scale:
    # The first interval has a quantile of 12.7: it would press all others flat.
    shown = found[1:] or found
    ends = [end for one in shown for end in (one.interval.low, one.interval.high)]
    return accuracy_scale([one.mean for one in found], ends, images, most_ticks=5)


def _draw(board: Board, row: Row, found: Sequence[SoFar], width: float) -> el.Drawing:
    frame, scale = Box(44.0, 10.0, width - 10.0, _HEIGHT - 26.0), _scale(found, board.images)
    last = max(found[-1].seeds, 3)

    def x(seeds: int) -> float:
        return (seeds - 2) / (last - 2)

    step = max(1, round((last - 2) / 4))
    seeds = [(x(n), str(n)) for n in range(2, found[-1].seeds + 1, step)]
    points = [(frame.x(x(one.seeds)), frame.y(scale.share(one.mean))) for one in found]
    top = [(frame.x(x(one.seeds)), frame.y(scale.share(one.interval.high))) for one in found]
    low = [(frame.x(x(one.seeds)), frame.y(scale.share(one.interval.low))) for one in found]
    parts: list[el.Element] = [
        y_axis(frame, ticks(scale)),
        x_axis(frame, seeds, grid=False),
        el.Path([*top, *reversed(low)], "range", closed=True),
        el.Path(points, "curve"),
    ]
    if len(points) == 1:  # an area of no width
        parts.append(el.Line(*top[0], *low[0], "interval thick"))
    for one, (px, py) in zip(found, points, strict=True):
        span = formatting.percent_interval(one.interval, 2)
        label = f"{row.name}, {one.seeds} seeds: {formatting.percent(one.mean, 2)}% ({span})"
        parts.append(el.mark(el.Circle(px, py, 2.4, "point"), label=label))
    label = f"{row.name}: mean over the seeds so far\n{_caption(found)}"
    return el.Drawing([el.Group(parts, family_class(row))], width, _HEIGHT, label, "marks")


FIGURE = Figure(
    views,
    empty="no model has predictions of two seeds or more",
    place=PagePlace(
        order=27,
        section="progress",
        of_rows=True,
        heading="Seeds so far",
        link="So far",
        says="The mean of the first 2, 3, ... seeds with its 95% interval on these test images: "
        "how much further seeds still add.",
    ),
)
