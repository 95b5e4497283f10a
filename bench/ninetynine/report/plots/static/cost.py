"""Accuracy against cost with matplotlib."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ninetynine.board import Board
from ninetynine.report.plots.cost import COSTS, CostPoint, cost_points, pareto_front
from ninetynine.report.plots.layout import Box, place_labels
from ninetynine.report.plots.scale import Scale, accuracy_scale, size_scale
from ninetynine.report.plots.static.style import (
    ACCENT,
    INK,
    MUTED,
    accuracy_axis,
    band_colour,
    new_figure,
    nothing,
    reference_lines,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CHARACTER, _LINE, _GAP = 10.8, 20.0, 13.0  # of a label, pixels at the figure's resolution


def draw_cost(board: Board, against: str) -> "Figure":
    """Return accuracy against the cost called ``against``."""
    board = board
    cost = next(found for found in COSTS if found.name == against)
    points = cost_points(board, cost)
    if not points:
        raise nothing(f"no model has both an accuracy and {cost.label.lower()}")
    ys, xs = _accuracies(board, points), size_scale([point.cost for point in points])
    figure = new_figure(7.2, 4.3)
    axes = figure.add_axes((0.09, 0.13, 0.88, 0.82))
    accuracy_axis(axes, ys, "y")
    axes.set_xlim(xs.low, xs.high)
    axes.xaxis.set_ticks([xs.decades(t) for t in xs.ticks], [f"{t:,.10g}" for t in xs.ticks])
    axes.set_ylabel("Test accuracy, %")
    hardware = sorted({point.hardware for point in points} - {""})
    axes.set_xlabel(f"{cost.label} on {hardware[0]}" if len(hardware) == 1 else cost.label)
    lines = _references(axes, board, ys, xs)
    steps = _front(axes, points, xs, ys)
    for point in points:
        _mark(axes, point, xs, ys)
    _names(axes, points, xs, ys, lines, steps)
    return figure


def _accuracies(board: Board, points: Sequence[CostPoint]) -> Scale:
    rows = [point.row for point in points]
    ends = [i for row in rows for i in (row.ci_seeds, row.ci_population) if i]
    others = [end for interval in ends for end in (interval.low, interval.high)]
    others += [accuracy for accuracy, _ in reference_lines(board)]
    return accuracy_scale([point.accuracy for point in points], others, board.images)


def _references(axes: "Axes", board: Board, ys: Scale, xs: Scale) -> list[float]:
    places = []
    for accuracy, name in reference_lines(board):
        if ys.holds(accuracy):
            y = ys.decades(accuracy)
            axes.axhline(y, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.annotate(
                name, (xs.low, y), (4, 3), textcoords="offset points", color=MUTED, fontsize=7.5
            )
            places.append(y)
    return places


def _front(
    axes: "Axes", points: Sequence[CostPoint], xs: Scale, ys: Scale
) -> list[tuple[float, float]]:
    front = pareto_front([point for point in points if ys.holds(point.accuracy)])
    corners: list[tuple[float, float]] = []
    for point in front:
        x, y = xs.decades(point.cost), ys.decades(point.accuracy)
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    axes.plot([x for x, _ in corners], [y for _, y in corners], color=ACCENT, alpha=0.4)
    return corners


def _mark(axes: "Axes", point: CostPoint, xs: Scale, ys: Scale) -> None:
    x, colour = xs.decades(point.cost), band_colour(point.row.group)
    if not ys.holds(point.accuracy):
        y = ys.low + 0.02 * (ys.high - ys.low)
        axes.plot(x, y, marker="v", color=colour, markersize=7, clip_on=False)
        return
    intervals = ((point.row.ci_population, 1.4, 0.6), (point.row.ci_seeds, 5.0, 0.4))
    for interval, width, alpha in intervals:
        if interval is not None:
            ends = [ys.decades(interval.low), ys.decades(interval.high)]
            axes.plot([x, x], ends, color=colour, linewidth=width, alpha=alpha)
    axes.plot(x, ys.decades(point.accuracy), marker="o", color=colour, markersize=6.5)


def _names(
    axes: "Axes",
    points: Sequence[CostPoint],
    xs: Scale,
    ys: Scale,
    references: Sequence[float],
    steps: Sequence[tuple[float, float]],
) -> None:
    """Write the names beside the marks, as far as there is room."""
    area = axes.get_window_extent()

    def pixel(x: float, y: float) -> tuple[float, float]:
        place = axes.transData.transform((x, y))
        return float(place[0]), -float(place[1])  # the layout counts y downwards

    places = [
        pixel(xs.decades(p.cost), ys.low + (ys.high - ys.low) * _share(p, ys)) for p in points
    ]
    anchors = [(x, y, p.row.name) for (x, y), p in zip(places, points, strict=True)]
    marks = [Box(x - 10, y - 12, x + 10, y + 12) for x, y in places]
    lines = [_thin(pixel(*a), pixel(*b)) for a, b in pairwise(steps)]
    lines += [_thin(pixel(xs.low, y), pixel(xs.high, y)) for y in references]
    frame = Box(area.x0, -area.y1, area.x1, -area.y0)
    for label in place_labels(anchors, frame, marks, lines, _CHARACTER, _LINE, _GAP):
        if label.box is not None:
            x, y = axes.transData.inverted().transform((label.box.left, -label.box.bottom + 4))
            axes.text(x, y, label.text, color=INK, fontsize=8)


def _share(point: CostPoint, ys: Scale) -> float:
    return max(ys.share(point.accuracy), 0.02)


def _thin(a: tuple[float, float], b: tuple[float, float]) -> Box:
    return Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
