"""A line for each row: its name at the left, what there is to see of it beside that."""

from collections.abc import Sequence

from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import Box, fit, text_width

LINE, TOP, FOOT = 22.0, 26.0, 46.0
_MOST_NAME = 220.0


def frame_of(names: Sequence[str], width: float, right: float = 16.0) -> Box:
    """Return where there is to see something of ``names``, which stand left of it."""
    longest = max(map(text_width, names)) + 12
    left = min(longest, _MOST_NAME, 0.36 * width)
    return Box(left, TOP, width - right, TOP + LINE * len(names))


def middle(frame: Box, number: int) -> float:
    """Return the y of the middle of a line."""
    return frame.top + LINE * (number + 0.5)


def name_texts(names: Sequence[str], frame: Box) -> el.Group:
    """Return the names, shortened where they are too long, with a rule above each."""
    parts: list[el.Element] = []
    for number, name in enumerate(names):
        y = middle(frame, number)
        parts.append(el.Line(0.0, y - LINE / 2, frame.right, y - LINE / 2, "rule"))
        parts.append(el.Text(0.0, y + 4, fit(name, frame.left - 10, names=names), "row-name"))
    return el.Group(parts, hidden=True)


def drawing(
    parts: Sequence[el.Element], frame: Box, width: float, label: str, foot: float = FOOT
) -> el.Drawing:
    """Return the picture of ``parts``."""
    return el.Drawing(parts, width, frame.bottom + foot, label)
