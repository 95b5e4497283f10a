"""The frame of a plot: its axes, their ticks, and places inside it."""

from collections.abc import Callable, Sequence

from ninetynine.board import Board, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import Box
from ninetynine.report.drawing.scale import FAR, Scale, accuracy_scale

LINE = 14.0


def reference_lines(board: Board, scale: Scale) -> list[tuple[float, str, str]]:
    """Return (share, short name, name) of the board's start and goal where ``scale`` has them."""
    reference = board.reference
    found = []
    for end in (reference.start, reference.goal) if reference is not None else ():
        if scale.holds(end.accuracy):
            short = f"{formatting.shortest_percent(end.accuracy)}%"
            found.append((scale.share(end.accuracy), short, f"{short} {end.name}"))
    return found


def rows_scale(
    board: Board, rows: Sequence[Row], others: Sequence[float], ticks: int = 8, far: float = FAR
) -> Scale:
    """Return the accuracy scale that holds ``rows``, their intervals and ``others``."""
    means = [row.accuracy.mean for row in rows if row.accuracy]
    intervals = [i for row in rows for i in (row.ci_seeds, row.ci_population) if i]
    ends = [end for interval in intervals for end in (interval.low, interval.high)]
    return accuracy_scale(means, [*others, *ends], board.images, ticks, far)


def interval_bars(
    row: Row, place: Callable[[float], float], across: float, upright: bool = False
) -> list[el.Element]:
    """Return both intervals of ``row``; ``place`` puts an accuracy on its axis."""
    bars: list[el.Element] = []
    for interval, style in ((row.ci_population, "thin"), (row.ci_seeds, "thick")):
        if interval is not None:
            ends = [(place(end), across) for end in (interval.low, interval.high)]
            (x1, y1), (x2, y2) = [(y, x) for x, y in ends] if upright else ends
            bars.append(el.Line(x1, y1, x2, y2, f"interval {style}"))
    return bars


def ticks(scale: Scale) -> list[tuple[float, str]]:
    """Return (share, label) of the axis's ticks."""
    write = formatting.shortest_percent if scale.is_accuracy else size_tick
    return [(scale.share(value), write(value)) for value in scale.ticks]


def size_tick(value: float) -> str:
    """Return 20, 500, 2,000, 20 k, 1.5 M."""
    if value < 10_000:
        return f"{value:,.10g}"
    number, _, unit = formatting.magnitude(round(value)).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"


def y_axis(frame: Box, marks: Sequence[tuple[float, str]], title: str = "") -> el.Group:
    """Return grid lines with labels left of the frame at ``marks``, and the title above it."""
    parts: list[el.Element] = [el.Text(4.0, frame.top - 14, title, "axis-title")] if title else []
    for share, label in marks:
        y = frame.y(share)
        parts.append(el.Line(frame.left, y, frame.right, y, "grid"))
        parts.append(el.Text(frame.left - 7, y + 4, label, "tick", "end"))
    return el.Group(parts, hidden=True)


def x_axis(
    frame: Box, marks: Sequence[tuple[float, str]], title: str = "", grid: bool = True
) -> el.Group:
    """Return grid lines with labels below the frame at ``marks``, and the title below them."""
    parts: list[el.Element] = [el.Line(frame.left, frame.bottom, frame.right, frame.bottom, "axis")]
    if title:
        parts.append(el.Text(frame.x(0.5), frame.bottom + 38, title, "axis-title", "middle"))
    for share, label in marks:
        x = frame.x(share)
        parts += [el.Line(x, frame.top, x, frame.bottom, "grid")] if grid else []
        parts.append(el.Text(x, frame.bottom + 17, label, "tick", "middle"))
    return el.Group(parts, hidden=True)
