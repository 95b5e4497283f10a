"""The elements of a drawing: lines, shapes, texts, and marks that say what they are.

Lengths are in CSS pixels, y downwards.  ``class_`` names styles of ``styles.STYLES``, separated by
spaces; the color class of a group is that of what it holds, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
Shape = Literal["circle", "square", "triangle", "diamond"]
START: Anchor = "start"
MIDDLE: Anchor = "middle"
END: Anchor = "end"
SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond")


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    class_: str


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; a negative width or height is none."""

    x: float
    y: float
    width: float
    height: float
    class_: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle around (x, y)."""

    x: float
    y: float
    radius: float
    class_: str


@dataclass(frozen=True, slots=True)
class Path:
    """Straight lines through ``points``."""

    points: Sequence[Point]
    class_: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose baseline is at ``y``, turned by ``angle`` degrees, counterclockwise."""

    x: float
    y: float
    text: str
    class_: str
    anchor: Anchor = "start"
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of pixels, stretched to ``width`` x ``height``; ``png`` is the bytes of a file."""

    x: float
    y: float
    width: float
    height: float
    png: bytes
    class_: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Elements of one class.

    With a ``label`` it is a mark, which can be pointed at, focused and read aloud.  ``row`` is the
    place on its board of the row that it is about.  What is ``hidden`` is not read aloud: axes.
    ``shift`` moves the elements to the right and down.
    """

    children: Sequence["Element"]
    class_: str = ""
    label: str = ""
    row: int | None = None
    hidden: bool = False
    shift: Point = (0.0, 0.0)


Element = Line | Rect | Circle | Path | Text | Image | Group


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of ``width`` x ``height``; ``label`` is what it says where it is not seen."""

    children: Sequence[Element]
    width: float
    height: float
    label: str
    class_: str = ""


def mark(*children: Element, label: str, class_: str = "", row: int | None = None) -> Group:
    """Return a mark: ``label`` says what it is, on a line of its own each thing."""
    return Group(children, f"mark {class_}".strip(), label, row)


def shape(x: float, y: float, radius: float, kind: Shape, class_: str) -> Element:
    """Return a mark's shape around (x, y), of equal area whatever its ``kind``."""
    if kind == "circle":
        return Circle(x, y, radius, class_)
    if kind == "square":
        half = 0.886 * radius
        corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    elif kind == "triangle":
        corners = [(0, -1.56 * radius), (1.35 * radius, 0.78 * radius)]
        corners.append((-1.35 * radius, 0.78 * radius))
    else:
        far = 1.253 * radius
        corners = [(0, -far), (far, 0), (0, far), (-far, 0)]
    return Path([(x + dx, y + dy) for dx, dy in corners], class_, closed=True)
