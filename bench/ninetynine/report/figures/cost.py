"""Accuracy against seconds, parameters, multiply-adds or latency, with the Pareto front."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import axes
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import Box, fit, leader, place_labels, text_width, wrap
from ninetynine.report.drawing.lettering import best_finding, family_class, row_label
from ninetynine.report.drawing.scale import Scale, size_scale
from ninetynine.report.figures import Figure, Option, PagePlace, Panel, View, family_keys, first_of

_MOST_POINTS = 300
_RINGS = 2  # of places for a name around its mark
_SHORTER = 130.0  # wide at most where there is no room for more
_NARROW = 500.0  # below this there is room for less


@dataclass(frozen=True)
class Cost:
    """Something that a model costs; ``of`` is None where it is not known."""

    key: str
    label: str
    of: Callable[[Row], float | None]
    only_here: bool  # it compares on one machine only


@dataclass(frozen=True)
class CostPoint:
    """A row with an accuracy and a cost."""

    index: int  # of the row on its board
    row: Row
    accuracy: float
    cost: float
    hardware: str  # "" for what is the same everywhere


def _time(row: Row, name: str) -> float | None:
    return getattr(row.time, name, None)


COSTS = (
    Cost("seconds", "Training seconds", lambda r: _time(r, "train_seconds_median"), True),
    Cost("parameters", "Parameters", lambda r: r.parameters, False),
    Cost("multiply-adds", "Multiply-adds per image", lambda r: r.multiply_adds, False),
    Cost("latency", "Seconds to answer one image", lambda r: _time(r, "latency_seconds"), True),
)


def cost_points(board: Board, cost: Cost) -> list[CostPoint]:
    """Return the rows that have both numbers, in the board's order."""
    points = []
    for index, row in enumerate(board.rows):
        value = cost.of(row)
        # A model without parameters has no place on a logarithmic axis.
        if row.accuracy is not None and value is not None and value > 0:
            hardware = row.time.hardware if cost.only_here and row.time else ""
            points.append(CostPoint(index, row, row.accuracy.mean, value, hardware))
    return points


def pareto_front(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return the points that no other one beats in cost and accuracy, the cheapest first.

    Seconds compare on one machine only: the front is that of the one with most points.
    """
    counts = Counter(point.hardware for point in points)
    usual = min(counts, key=lambda name: (-counts[name], name), default="")
    front: list[CostPoint] = []
    here = (point for point in points if point.hardware == usual)
    for point in sorted(here, key=lambda p: (p.cost, -p.accuracy, p.row.name)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front


def views(board: Board) -> list[View]:
    """Return a view for each cost that a model has, first the one that the most models have."""
    found = [(cost, points) for cost in COSTS if (points := cost_points(board, cost))]
    found.sort(key=lambda pair: -len(pair[1]))
    return [
        View(
            cost.label,
            [Panel(partial(_draw, board, cost, points[:_MOST_POINTS]))],
            notes=_notes(board, cost, points),
            legend=family_keys(point.row for point in points[:_MOST_POINTS]),
            key=cost.key,
        )
        for cost, points in found
    ]


def _notes(board: Board, cost: Cost, points: Sequence[CostPoint]) -> list[str]:
    notes = []
    shapes = _shapes(points)
    if len(shapes) > 1:
        kinds = "; ".join(f"{kind}: {name}" for name, kind in shapes.items())
        notes.append(f"Seconds compare on one machine only ({kinds}).")
    elif points[0].hardware:
        notes.append(f"Seconds of training on {points[0].hardware}.")
    missing = [r.name for r in board.rows if r.accuracy and cost.of(r) is None]
    if missing:
        why = "no run had its cores to itself" if cost.only_here else "not recorded"
        notes.append(f"Not drawn ({why}): {', '.join(missing)}.")
    return [*notes, *first_of(_MOST_POINTS, points)]


def _shapes(points: Sequence[CostPoint]) -> dict[str, el.Shape]:
    """Return the shape of the marks of each hardware."""
    names = dict.fromkeys(point.hardware for point in points)
    return {name: el.SHAPES[n % len(el.SHAPES)] for n, name in enumerate(names)}


@dataclass(frozen=True)
class _Plot:
    """Where points lie."""

    frame: Box
    xs: Scale
    ys: Scale

    def place(self, point: CostPoint) -> el.Point:
        """Return the middle of a mark; one beyond the axis is an arrow at its end."""
        x, y = self.frame.x(self.xs.share(point.cost)), self.y(point.accuracy)
        return x, y if self.ys.holds(point.accuracy) else self.frame.bottom - 8

    def y(self, accuracy: float) -> float:
        return self.frame.y(self.ys.share(accuracy))


def _draw(board: Board, cost: Cost, points: Sequence[CostPoint], width: float) -> el.Drawing:
    wide = width > _NARROW
    left, right, height = (56.0, 24.0, 480.0) if wide else (46.0, 12.0, 380.0)
    frame = Box(left, 40.0, width - right, height - 52.0)
    ends = (board.reference.start, board.reference.goal) if board.reference else ()
    ys = axes.rows_scale(board, [point.row for point in points], [end.accuracy for end in ends])
    xs = size_scale([point.cost for point in points], most_ticks=8 if wide else 4)
    plot, shapes = _Plot(frame, xs, ys), _shapes(points)
    steps = _steps(plot, points)
    marks = [box for point in points for box in _boxes(plot, point)]
    corners = (zip(a, b, strict=True) for a, b in pairwise(steps))
    lines = [Box(min(x) - 1, min(y) - 1, max(x) + 1, max(y) + 1) for x, y in corners]
    references, taken, left_out = _references(board, plot, [*marks, *lines], wide)
    dashed = [frame.y(share) for share, *_ in axes.reference_lines(board, ys)]
    lines += [Box(frame.left, y - 1, frame.right, y + 1) for y in dashed]
    names, said = _names(plot, points, [*marks, *taken], lines)
    said += [f"Dashed: {', '.join(left_out)}."] if left_out else []
    said = [line for text in said for line in wrap(text, width - 4, 11)]
    foot = [el.Text(0.0, height + 15.0 * n + 10, t, "small") for n, t in enumerate(said)]
    front = ", ".join(p.row.name for p in reversed(pareto_front(points)))
    return el.Drawing(
        [
            axes.y_axis(frame, axes.ticks(ys), "Test accuracy, %"),
            axes.x_axis(frame, axes.ticks(xs), f"{cost.label} (logarithmic)"),
            *references,
            *([el.Path(steps, "front")] if len(steps) > 1 else []),
            el.Group([_mark(board, cost, p, plot, shapes[p.hardware]) for p in points], "marks"),
            names,
            *([el.Group(foot, hidden=True)] if foot else []),
        ],
        width,
        height + 15.0 * len(said),
        f"{board.dataset}: test accuracy against {cost.label.lower()}\n"
        f"{best_finding(board, [p.row for p in points])} No other is both better and cheaper than: "
        f"{front}.",
    )


def _boxes(plot: _Plot, point: CostPoint) -> list[Box]:
    """Return what a mark covers: its dot and its bars."""
    x, y = plot.place(point)
    boxes = [Box(x - 7, y - 8, x + 7, y + 8)]
    if plot.ys.holds(point.accuracy):
        for interval, half in ((point.row.ci_population, 2), (point.row.ci_seeds, 4)):
            if interval is not None:
                boxes.append(Box(x - half, plot.y(interval.high), x + half, plot.y(interval.low)))
    return boxes


def _mark(board: Board, cost: Cost, point: CostPoint, plot: _Plot, kind: el.Shape) -> el.Group:
    (x, y), row = plot.place(point), point.row
    if plot.ys.holds(point.accuracy):
        bars = axes.interval_bars(row, plot.y, x, upright=True)
        parts = [*bars, el.shape(x, y, 6.0, kind, "dot")]
    else:
        parts = [el.Path([(x - 7, y - 4), (x + 7, y - 4), (x, y + 6)], "dot", closed=True)]
    value = formatting.three_digits(point.cost) if cost.only_here else f"{point.cost:,.0f}"
    label = f"{row_label(row, board)}\n{cost.label}: {value}"
    return el.mark(*parts, label=label, class_=family_class(row), row=point.index)


def _references(
    board: Board, plot: _Plot, taken: Sequence[Box], wide: bool
) -> tuple[list[el.Element], list[Box], list[str]]:
    """Return the lines with their names, the names' boxes, and the names that have no room.

    A name stands at the left or right end of its line, else where it lies on nothing.
    """
    parts: list[el.Element] = []
    boxes: list[Box] = []
    left_out = []
    frame, references = plot.frame, axes.reference_lines(board, plot.ys)
    ys = [frame.y(share) for share, *_ in references]
    lines = [Box(frame.left, y - 1, frame.right, y + 1) for y in ys]
    for y, (_, short_name, name) in zip(ys, references, strict=True):
        parts.append(el.Line(frame.left, y, frame.right, y, "reference"))
        for text in (name, short_name) if wide else (short_name,):
            box = _free_on(frame, y, text_width(text), [*taken, *boxes, *lines])
            if box is not None:
                boxes.append(box)
                parts.append(el.Text(box.left, box.bottom - 4, text, "reference-name"))
                break
        else:
            left_out.append(name)
    return parts, boxes, left_out


def _free_on(frame: Box, y: float, width: float, taken: Sequence[Box]) -> Box | None:
    """Return a place for a name above or below the line at ``y`` that is not ``taken``."""
    first, last = frame.left + 6, frame.right - width
    places = [first, last, *(first + 12.0 * n for n in range(1, int((last - first) / 12)))]
    for top in (y - 17, y + 2):
        boxes = (Box(x, top, x + width, top + 15) for x in places)
        for box in boxes:
            if box.bottom < frame.bottom and not any(box.overlaps(other) for other in taken):
                return box
    return None


def _steps(plot: _Plot, points: Sequence[CostPoint]) -> list[el.Point]:
    """Return the front as the corners of steps: what the next better model costs."""
    steps: list[el.Point] = []
    for point in pareto_front([p for p in points if plot.ys.holds(p.accuracy)]):
        x, y = plot.place(point)
        steps += [(x, steps[-1][1])] if steps else []
        steps.append((x, y))
    return steps


def _names(
    plot: _Plot, points: Sequence[CostPoint], taken: Sequence[Box], lines: Sequence[Box]
) -> tuple[el.Group, list[str]]:
    """Return the names beside the marks, and what is to be said below.

    Where there is no room for a name stands a number, whose name is below; the marks without
    either are said there, too.
    """
    frame, places = plot.frame, [plot.place(point) for point in points]
    inside = Box(frame.left, frame.top - 8, frame.right + 8, frame.bottom)
    names, most = [point.row.name for point in points], 0.4 * (frame.right - frame.left)
    texts = [fit(name, min(240.0, most), names=names) for name in names]

    boxes: list[Box | None] = [None] * len(points)

    def place(rings: int, write: Callable[[int, int], str], off: Sequence[Box]) -> list[int]:
        """Place a text for each point that has none; return their numbers."""
        left = [n for n, box in enumerate(boxes) if box is None]
        new = [write(n, k) for k, n in enumerate(left, 1)]
        anchors = [(*places[n], text_width(text)) for n, text in zip(left, new, strict=True)]
        full = [*taken, *off, *(box for box in boxes if box is not None)]
        found = place_labels(anchors, inside, full, lines, axes.LINE, rings=rings)
        for n, text, box in zip(left, new, found, strict=True):
            boxes[n], texts[n] = box, text
        return left

    place(_RINGS, lambda n, k: texts[n], lines)
    place(_RINGS, lambda n, k: fit(names[n], _SHORTER, names=names), lines)
    left = place(5 * _RINGS, lambda n, k: str(k), ())
    parts: list[el.Element] = []
    for text, (x, y), box in zip(texts, places, boxes, strict=True):
        if box is not None:
            line = leader(x, y, box)
            parts += [el.Line(*line, "leader")] if line is not None else []
            ends = (box.right, el.END) if box.right < x else (box.left, el.START)
            parts.append(el.Text(ends[0], box.bottom - 3, text, "mark-name", ends[1]))
    keys = [f"{texts[n]}\N{NO-BREAK SPACE}{names[n]}" for n in left if boxes[n]]
    nameless = sum(box is None for box in boxes)
    said = [", ".join(keys)] if keys else []
    if nameless:
        said.append(f"No room for {formatting.count(nameless, 'name')}; each mark says its own.")
    return el.Group(parts, hidden=True), said


FIGURE = Figure(
    views,
    empty="no model has both an accuracy and a cost yet",
    place=PagePlace(
        order=10,
        section="cost",
        heading="Accuracy against cost",
        link="Cost",
        chooser="Accuracy against",
        says="Each mark is a model. The thick bar is the 95% interval on these test images, the "
        "thin one on {noun} like these; the steps join the models that no other beats on both. The "
        "accuracy axis is logarithmic in the error: equal steps are equal shares of the errors "
        "that are left.",
    ),
    option=Option(
        "against",
        "What accuracy is drawn against",
        missing="no model has both an accuracy and this cost",
        choices=tuple(cost.key for cost in COSTS),
        default="seconds",
    ),
)
