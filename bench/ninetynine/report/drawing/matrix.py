"""A matrix of numbers: a table on the page, a drawing in a file."""

from dataclasses import dataclass

from ninetynine.report.drawing.elements import Anchor, Drawing, Element, Line, Rect, Text, mark
from ninetynine.report.drawing.layout import Box, fit, text_width
from ninetynine.report.drawing.styles import FONT_SIZE

_HEIGHT = 26.0
_LEAST_WIDTH, _NAMES = 34.0, 220.0
_SMALLEST = 15.0  # of a cell without a number, so that names do not touch
_HATCH = 6.0  # between two lines
_TINY = 9.0  # pixels of numbers that have little room
# The class of a number by that of its cell, "value" where it is not here.
_TEXTS = {"better": "value-strong", "worse": "value-strong"} | dict.fromkeys(
    ("open", "plain", "right"), "tick"
)
_ANGLE = 35.0
_SINE, _COSINE = 0.574, 0.819  # of that angle


@dataclass(frozen=True)
class MatrixCell:
    """A number; ``class_`` is of ``styles.CELLS``, ``label`` what it says when pointed at."""

    text: str
    class_: str = "plain"
    label: str = ""


@dataclass(frozen=True)
class Matrix:
    """Numbers by row and column; a None is a place that has no number.

    ``caption`` says what the rows and the columns are.  ``says`` is what a number without a label
    says when pointed at; {row}, {column} and {text} in it are its row, its column and itself.
    """

    label: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[MatrixCell | None, ...], ...]
    caption: str = ""
    says: str = ""

    def said(self, row: int, column: int) -> str:
        """Return what the number at a place says; "" where there is none."""
        cell = self.cells[row][column]
        if cell is None or cell.label or not cell.text:
            return cell.label if cell else ""
        words = self.says.replace("{row}", self.rows[row]).replace("{text}", cell.text)
        return words.replace("{column}", self.columns[column]) or cell.text


def cell_box(x: float, y: float, width: float, height: float, class_: str) -> list[Element]:
    """Return what is behind a number: hatched where it is "open"."""
    box: list[Element] = [Rect(x, y, width, height, class_)]
    if class_ != "open":
        return box
    steps = int((width + height) / _HATCH)
    for along in (_HATCH * (step + 0.5) for step in range(steps)):
        start, end = max(0.0, along - height), min(along, width)
        box.append(Line(x + start, y + along - start, x + end, y + along - end, "hatch"))
    return box


def matrix_drawing(matrix: Matrix, room: float | None = None) -> Drawing:
    """Return the matrix as it stands in a file.

    Where its numbers take more than ``room`` the cells are narrower and the numbers smaller; where
    one of them does not fit even so, there are colors alone.
    """
    longest = max(text_width(cell.text) for cells in matrix.cells for cell in cells if cell)
    width, height = max(_LEAST_WIDTH, longest + 10), _HEIGHT
    most = _NAMES if room is None else min(_NAMES, 0.3 * room)
    rows, columns = (
        [fit(name, most, names=s) for name in s] for s in (matrix.rows, matrix.columns)
    )
    longest_name = max(map(text_width, columns)) + 6
    left = max(map(text_width, rows)) + 12
    small = room is not None and left + len(columns) * width > room
    if small and room is not None:
        width = max(_SMALLEST, (room - left) / len(columns))
        height = min(max(_SMALLEST, width), _HEIGHT)
    fits = (size for size in (FONT_SIZE, _TINY) if longest * size <= (width - 2) * FONT_SIZE)
    size = next(fits, 0.0)
    turned = longest_name > width
    angle = 0.0 if not turned else 90.0 if small else _ANGLE
    sine, cosine = (1.0, 0.0) if small else (_SINE, _COSINE)
    top = (sine * (longest_name + 6) if turned else 18.0) + (22.0 if matrix.caption else 4.0)
    right = left + len(matrix.columns) * width
    parts: list[Element] = [Text(0.0, 12.0, matrix.caption, "small")] if matrix.caption else []
    for place, name in enumerate(columns):
        x = left + (place + 0.5) * width
        anchor: Anchor = "start" if turned else "middle"
        parts.append(Text(x + (4 if angle == 90 else 0), top - 6, name, "row-name", anchor, angle))
    for line, (name, cells) in enumerate(zip(rows, matrix.cells, strict=True)):
        y = top + line * height
        parts.append(Text(left - 8, y + height / 2 + 4, name, "row-name", "end"))
        for place, cell in enumerate(cells):
            if cell is not None:
                x = left + place * width
                box = Box(x, y, x + width, y + height)
                parts.append(_drawn(cell, box, matrix.said(line, place), size))
    if turned:
        ends = [left + (n + 0.5) * width for n in range(len(matrix.columns))]
        names = [x + text_width(c) * cosine for x, c in zip(ends, columns, strict=True)]
        right = max(right, *names)
    right = max(right, text_width(matrix.caption, 11))
    bottom = top + len(matrix.rows) * height
    return Drawing(parts, right, bottom, matrix.label)


def _drawn(cell: MatrixCell, place: Box, said: str, size: float) -> Element:
    x, y, right, bottom = place.left + 1, place.top + 1, place.right - 1, place.bottom - 1
    box = cell_box(x, y, right - x, bottom - y, cell.class_)
    style = _TEXTS.get(cell.class_, "value") + (" tiny" if size == _TINY else "")
    text = Text((x + right) / 2, (y + bottom) / 2 + 4, cell.text, style, "middle")
    return mark(*box, *([text] if size else []), label=said)
