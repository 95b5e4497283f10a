"""The frame of a plot: its axes, their ticks, and places inside it."""

from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.board import Board
from ninetynine.leaderboard.way import BEST_ACCURACY, DATASET, START_ACCURACY
from ninetynine.report import text
from ninetynine.report.html import svg
from ninetynine.report.plots.scale import Scale

# A character of the 12-pixel text of plots takes about this many pixels.
CHARACTER = 6.8
LINE = 14.0


@dataclass(frozen=True)
class Frame:
    """The inner area of a plot in its own units, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        return self.left + share * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - share * (self.bottom - self.top)


def reference_lines(board: Board) -> list[tuple[float, str, str]]:
    """Return (accuracy, short name, name) of the lines that every plot of MNIST shows."""
    if board.dataset != DATASET:
        return []
    start, best = text.percent(START_ACCURACY, 2), text.percent(BEST_ACCURACY, 2)
    return [
        (START_ACCURACY, f"{start}%", f"{start}% tutorial T3, 2018"),
        (BEST_ACCURACY, f"{best}%", f"{best}% DropConnect, 2013"),
    ]


def accuracy_tick(value: float) -> str:
    """Return an accuracy in percent with no more decimals than it needs."""
    return f"{100 * value:.6f}".rstrip("0").rstrip(".")


def size_tick(value: float) -> str:
    """Return 20, 500, 2 k, 1.5 M."""
    if value >= 1000:
        number, _, unit = text.magnitude(round(value)).partition(" ")
        return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"
    return f"{value:.10g}"


def ticks(scale: Scale) -> list[tuple[float, str]]:
    """Return (share, label) of the axis's ticks."""
    write = accuracy_tick if scale.is_accuracy else size_tick
    return [(scale.share(value), write(value)) for value in scale.ticks]


def y_axis(frame: Frame, scale: Scale, title: str) -> Markup:
    """Return grid lines, labels left of the frame, and the title above it."""
    parts = [svg.text(4.0, frame.top - 14, title, "axis-title")]
    for share, label in ticks(scale):
        y = frame.y(share)
        parts.append(svg.line(frame.left, y, frame.right, y, "grid"))
        parts.append(svg.text(frame.left - 8, y + 4, label, "tick end"))
    return svg.group(*parts, aria_hidden="true")


def x_axis(frame: Frame, scale: Scale, title: str) -> Markup:
    """Return grid lines, labels below the frame, and the title below them."""
    middle = (frame.left + frame.right) / 2
    parts = [
        svg.line(frame.left, frame.bottom, frame.right, frame.bottom, "axis"),
        svg.text(middle, frame.bottom + 38, title, "axis-title middle"),
    ]
    for share, label in ticks(scale):
        x = frame.x(share)
        parts.append(svg.line(x, frame.top, x, frame.bottom, "grid"))
        parts.append(svg.text(x, frame.bottom + 18, label, "tick middle"))
    return svg.group(*parts, aria_hidden="true")
