"""Accuracy against cost, with intervals and the Pareto front."""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from ninetynine.board import Board, Row
from ninetynine.report import text
from ninetynine.report.html import svg, words
from ninetynine.report.html.figure import NARROW, WIDE, Figure, View
from ninetynine.report.html.frame import CHARACTER, LINE, Frame, reference_lines, x_axis, y_axis
from ninetynine.report.plots.cost import COSTS, Cost, CostPoint, cost_points, pareto_front
from ninetynine.report.plots.layout import Box, place_labels
from ninetynine.report.plots.scale import Scale, accuracy_scale, size_scale

_RADIUS = 6.0
_SHAPES = ("circle", "square", "triangle", "diamond")
_MOST_POINTS = 300


def cost_figure(board: Board) -> Figure:
    """Return one view per cost that a model has, first the one that the most models have."""
    by_models = sorted(COSTS, key=lambda cost: -len(cost_points(board, cost)))
    views = [view for cost in by_models if (view := _view(board, cost)) is not None]
    if not views:
        return Figure((), "No model has both an accuracy and a cost yet.")
    return Figure(tuple(views))


def _view(board: Board, cost: Cost) -> View | None:
    points = cost_points(board, cost)
    if not points:
        return None
    shown = points[:_MOST_POINTS]
    wide, narrow = (_draw(board, cost, shown, width) for width in (WIDE, NARROW))
    return View(cost.label, wide, narrow, tuple(_notes(board, cost, points)))


def _notes(board: Board, cost: Cost, points: Sequence[CostPoint]) -> list[str]:
    notes = []
    hardware = _hardware(points)
    if len(hardware) > 1:
        kinds = "; ".join(f"{_shape(name, hardware)}: {name}" for name in hardware)
        notes.append(f"Seconds compare on one machine only ({kinds}).")
    elif hardware[0]:
        notes.append(f"Seconds of training on {hardware[0]}.")
    missing = [r.name for r in board.rows if r.accuracy and cost.of(r) is None]
    if missing:
        why = "no run had its cores to itself" if cost.only_here else "not recorded"
        notes.append(f"Not drawn ({why}): {', '.join(missing)}.")
    if len(points) > _MOST_POINTS:
        notes.append(f"Drawn are the first {_MOST_POINTS} of {len(points)} models.")
    return notes


def _hardware(points: Sequence[CostPoint]) -> list[str]:
    return list(dict.fromkeys(point.hardware for point in points))


def _shape(hardware: str, all_hardware: Sequence[str]) -> str:
    return _SHAPES[all_hardware.index(hardware) % len(_SHAPES)]


def _draw(board: Board, cost: Cost, points: Sequence[CostPoint], width: float) -> Markup:
    wide = width == WIDE
    height = 460.0 if wide else 380.0
    frame = Frame(56.0 if wide else 46.0, 40.0, width - (24.0 if wide else 12.0), height - 52.0)
    y_scale = board_scale(board, [point.row for point in points])
    x_scale = size_scale([point.cost for point in points], most_ticks=8 if wide else 4)
    hardware = _hardware(points)
    places = [(frame.x(x_scale.share(p.cost)), frame.y(y_scale.share(p.accuracy))) for p in points]
    marks = [
        _mark(board, cost, point, place, frame, y_scale, _shape(point.hardware, hardware))
        for point, place in zip(points, places, strict=True)
    ]
    steps = _front(points, x_scale, y_scale, frame)
    return svg.drawing(
        y_axis(frame, y_scale, "Test accuracy, %"),
        x_axis(frame, x_scale, f"{cost.label} (logarithmic)"),
        _references(board, frame, y_scale, wide),
        svg.path(steps, "front") if len(steps) > 1 else Markup(""),
        _labels(board, points, places, frame, y_scale, steps),
        svg.group(*marks, class_="marks"),
        width=width,
        height=height,
        label=f"{board.dataset}: test accuracy against {cost.label.lower()}",
    )


def board_scale(board: Board, rows: Sequence[Row], most_ticks: int = 8) -> Scale:
    """Return the accuracy scale on which ``rows``, their intervals and the lines are drawn."""
    means = [row.accuracy.mean for row in rows if row.accuracy]
    intervals = [i for row in rows for i in (row.ci_seeds, row.ci_population) if i]
    others = [end for interval in intervals for end in (interval.low, interval.high)]
    others += [accuracy for accuracy, _, _ in reference_lines(board)]
    return accuracy_scale(means, others, board.images, most_ticks)


def _mark(
    board: Board,
    cost: Cost,
    point: CostPoint,
    place: tuple[float, float],
    frame: Frame,
    scale: Scale,
    shape: str,
) -> Markup:
    x, y = place
    value = text.three_digits(point.cost) if cost.only_here else f"{point.cost:,.0f}"
    label = "\n".join([*words.row_lines(point.row, board), f"{cost.label}: {value}"])
    class_ = words.band_class(point.row.group)
    if not scale.holds(point.accuracy):
        # Beyond the axis: an arrow at its end.
        arrow = [(x - 7, frame.bottom - 12), (x + 7, frame.bottom - 12), (x, frame.bottom - 2)]
        return svg.mark(
            svg.path(arrow, "dot", closed=True), label=label, row=point.index, class_=class_
        )
    parts = []
    for interval, kind in (
        (point.row.ci_population, "thin"),
        (point.row.ci_seeds, "thick"),
    ):
        if interval is not None:
            ends = (frame.y(scale.share(end)) for end in (interval.low, interval.high))
            parts.append(svg.line(x, next(ends), x, next(ends), f"interval {kind}"))
    parts.append(svg.polygon(x, y, _RADIUS, shape, "dot"))
    return svg.mark(*parts, label=label, row=point.index, class_=class_)


def _references(board: Board, frame: Frame, scale: Scale, wide: bool) -> Markup:
    parts = []
    for accuracy, short, name in reference_lines(board):
        if scale.holds(accuracy):
            y = frame.y(scale.share(accuracy))
            parts.append(svg.line(frame.left, y, frame.right, y, "reference"))
            parts.append(svg.text(frame.left + 6, y - 5, name if wide else short, "reference-name"))
    return svg.group(*parts, class_="references")


def _front(points: Sequence[CostPoint], xs: Scale, ys: Scale, frame: Frame) -> list[svg.Point]:
    """Return the front as the corners of steps: what the next better model costs."""
    steps: list[svg.Point] = []
    for point in pareto_front([p for p in points if ys.holds(p.accuracy)]):
        x, y = frame.x(xs.share(point.cost)), frame.y(ys.share(point.accuracy))
        if steps:
            steps.append((x, steps[-1][1]))
        steps.append((x, y))
    return steps


def _labels(
    board: Board,
    points: Sequence[CostPoint],
    places: Sequence[svg.Point],
    frame: Frame,
    scale: Scale,
    steps: Sequence[svg.Point],
) -> Markup:
    """Return the names beside the marks, as far as there is room; the tips name every mark."""
    anchors = [
        (x, y if scale.holds(point.accuracy) else frame.bottom - 8, words.short(point.row.name))
        for point, (x, y) in zip(points, places, strict=True)
    ]
    marks = [Box(x - 7, y - 8, x + 7, y + 8) for x, y, _ in anchors]
    lines = [
        Box(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
        for a, b in pairwise(steps)
    ]
    for accuracy, _, name in reference_lines(board):
        y = frame.y(scale.share(accuracy))
        lines.append(Box(frame.left, y - 1, frame.right, y + 1))
        marks.append(Box(frame.left, y - 18, frame.left + len(name) * CHARACTER, y))
    inside = Box(frame.left, frame.top - 8, frame.right + 8, frame.bottom)
    placed = place_labels(anchors, inside, marks, lines, CHARACTER, LINE)
    names = (
        svg.text(label.box.left, label.box.bottom - 3, label.text, "mark-name")
        for label in placed
        if label.box is not None
    )
    return svg.group(*names, aria_hidden="true")
