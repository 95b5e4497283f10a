"""A picture as one drawing: its panels side by side, between the legend and the notes."""

from collections.abc import Iterable, Sequence

from ninetynine.errors import UserError
from ninetynine.report.drawing.elements import Drawing, Element, Group, Text
from ninetynine.report.drawing.layout import fit, text_width, wrap
from ninetynine.report.drawing.matrix import Matrix, matrix_drawing
from ninetynine.report.figures import Key, Panel, View

_WIDTH = 760.0
_MARGIN, _GAP = 14.0, 22.0
_COLUMN, _LEAST = 336.0, 240.0  # 3.5 inches; the narrowest
_SMALL_LINE = 15.0  # of small text


def sheet(view: View, label: str, width: float | None = None, paper: bool = False) -> Drawing:
    """Return what stands in a file of ``width``; ``label`` names it where there are several panels.

    On paper it is as wide as a column where nothing else is said, and without a margin.  Raises
    UserError where the view has no drawing, and where it is too narrow for one.
    """
    margin = 2.0 if paper else _MARGIN
    whole = (_COLUMN if paper else _WIDTH + 2 * _MARGIN) if width is None else width
    if whole < _LEAST:
        raise UserError(f"--width {whole:g}: a picture is at least {_LEAST:g} pixels wide")
    room = whole - 2 * margin
    drawn = [panel for panel in view.panels if panel.draw is not None]
    if not drawn:
        raise UserError(f"there is nothing to draw of {view.name}: {view.panels[0].caption}")
    columns = 1
    if len(drawn) > 1 and drawn[0].width is not None:
        columns = max(min(len(drawn), round(room / (drawn[0].width + _GAP))), 1)
    each = (room + _GAP) / columns - _GAP
    # A matrix keeps its numbers unless somebody wants a width.
    panels = [_panel(panel, each, fixed=width is not None or paper) for panel in drawn]
    lines = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    body = [_beside(line, each) for line in lines]
    wide = max(block.width for block in body)
    blocks = [_legend(view.legend, wide), *body, _texts(view.notes, wide, "small")]
    stack = _stack([block for block in blocks if block.height], _GAP * 0.7)
    inner = Group(stack.children, shift=(margin, margin))
    label = panels[0].label if len(panels) == 1 else label
    label = f"{label}\n{view.finding}" if view.finding else label
    return Drawing([inner], wide + 2 * margin, stack.height + 2 * margin, label)


def _panel(panel: Panel, width: float, fixed: bool) -> Drawing:
    """Return a panel below its title and caption; alone it is as wide as it wants to be."""
    assert panel.draw is not None
    room = width if panel.width is None else min(width, panel.width)
    picture = panel.draw(room)
    if isinstance(picture, Matrix):
        picture = matrix_drawing(picture, room if fixed else None)
    head = [_texts([panel.title] if panel.title else [], picture.width, "title")]
    head.append(_texts([panel.caption] if panel.caption else [], picture.width, "small"))
    whole = _stack([*(block for block in head if block.height), picture], 4.0)
    return Drawing(whole.children, picture.width, whole.height, picture.label)


def _legend(keys: Sequence[Key], width: float) -> Drawing:
    parts: list[Element] = []
    x = y = 0.0
    for key in keys:
        text = fit(key.text, width - 40, 11)
        takes = 26 + text_width(text, 11) + 14
        if x and x + takes > width:
            x, y = 0.0, y + _SMALL_LINE + 2
        parts.append(Group(key.sample, shift=(x, y)))
        parts.append(Text(x + 26, y + 10, text, "small"))
        x += takes
    return Drawing(parts, width, y + _SMALL_LINE if parts else 0.0, "")


def _texts(texts: Iterable[str], width: float, class_: str) -> Drawing:
    """Return ``texts`` below each other, broken into lines that fit ``width``."""
    size = 11.0 if class_ == "small" else 13.0
    lines = [line for text in texts for line in wrap(text, width, size)]
    parts = [Text(0.0, (n + 0.75) * _SMALL_LINE, line, class_) for n, line in enumerate(lines)]
    return Drawing(parts, width, len(lines) * _SMALL_LINE, "")


def _stack(blocks: Sequence[Drawing], gap: float) -> Drawing:
    parts: list[Element] = []
    y = 0.0
    for block in blocks:
        parts.append(Group(block.children, shift=(0.0, y)))
        y += block.height + gap
    return Drawing(parts, max(block.width for block in blocks), y - gap, "")


def _beside(blocks: Sequence[Drawing], width: float) -> Drawing:
    """Return ``blocks`` beside each other, one every ``width`` and a gap."""
    step = width + _GAP
    parts = [Group(block.children, shift=(n * step, 0.0)) for n, block in enumerate(blocks)]
    end = (len(blocks) - 1) * step + blocks[-1].width
    return Drawing(parts, end, max(block.height for block in blocks), blocks[0].label)
