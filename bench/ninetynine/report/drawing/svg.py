"""Drawings as SVG: in the page, whose style sheet colors them, or as a file of its own."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from markupsafe import Markup, escape

from ninetynine.errors import printable
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.styles import color_of, file_css

_NAMESPACE = "http://www.w3.org/2000/svg"
_Value = str | int | float | None


def page_svg(drawing: el.Drawing, still: bool = False, is_copy: bool = False) -> Markup:
    """Return the ``svg`` element, which scales to its place; its marks can be read aloud.

    Where it is ``still`` it is one image, whose marks say nothing of their own.  The marks of a
    copy get what they say from another drawing, by a script.
    """
    size = f"0 0 {_written(drawing.width)} {_written(drawing.height)}"
    children = list(map(_without_words, drawing.children)) if still else drawing.children
    inner = _page_elements(children, is_copy)
    head = _tag(
        "svg",
        viewBox=size,
        class_=drawing.class_ or None,
        role=("img" if still else "group") if drawing.label else None,
        aria_label=drawing.label or None,
        aria_hidden=None if drawing.label else "true",
    )
    return Markup(f"{head}{inner}</svg>")


def sizes_svg(drawings: Sequence[el.Drawing]) -> list[Markup]:
    """Return one picture at several widths; where the marks are alike the first alone has labels.

    Each mark of the others gets its own from the mark at the same place of the first.
    """
    said = [_labels(drawing.children) for drawing in drawings]
    return [
        page_svg(drawing, is_copy=number > 0 and labels == said[0])
        for number, (drawing, labels) in enumerate(zip(drawings, said, strict=True))
    ]


def _labels(elements: Sequence[el.Element]) -> list[str]:
    """Return what each mark says, in the order of the drawing."""
    groups = [one for one in elements if isinstance(one, el.Group)]
    return [s for g in groups for s in ([g.label] if g.label else []) + _labels(g.children)]


def file_svg(drawing: el.Drawing, theme: str = "light") -> str:
    """Return a whole file; where it is opened, its marks say what they are when pointed at.

    The first line of the drawing's label is its title, the others its description.
    """
    width, height = _written(drawing.width), _written(drawing.height)
    inner = "".join(map(_file_element, drawing.children))
    style = file_css((n for child in drawing.children for n in _classes(child)), theme)
    title, _, finding = drawing.label.partition("\n")
    said = f"<title>{escape(title)}</title>" + (
        f"<desc>{escape(finding)}</desc>" if finding else ""
    )
    fill = color_of("panel", theme)
    behind = f'<rect width="{width}" height="{height}" fill="{fill}"/>\n'
    view = f"0 0 {width} {height}"
    size = _tag("svg", xmlns=_NAMESPACE, viewBox=view, width=width, height=height, role="img")
    return printable(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{size}{said}'
        f"<style>{style}</style>\n{'' if theme == 'paper' else behind}{inner}</svg>\n"
    )


def _without_words(element: el.Element) -> el.Element:
    if not isinstance(element, el.Group):
        return element
    kept = [name for name in element.class_.split() if name not in ("mark", "marks")]
    children = [_without_words(child) for child in element.children]
    return el.Group(children, " ".join(kept), shift=element.shift)


def _page_elements(elements: Sequence[el.Element], is_copy: bool, hidden: bool = False) -> str:
    """Return elements for the page, lines of one class that follow each other as one path.

    Of axes, which are ``hidden``, the lines come first.
    """
    if hidden:
        elements = sorted(elements, key=lambda one: not isinstance(one, el.Line))
    found = []
    for class_, run in groupby(elements, lambda one: isinstance(one, el.Line) and one.class_):
        if class_ is False:
            found += [_page_element(one, is_copy) for one in run]
        else:
            steps = "".join(_step(one) for one in run if isinstance(one, el.Line))
            found.append(_tag("path", d=steps, class_=class_, end="/"))
    return "".join(found)


def _step(line: el.Line) -> str:
    """Return a line as a part of a path."""
    x1, y1, x2, y2 = map(_written, (line.x1, line.y1, line.x2, line.y2))
    to = f"H{x2}" if y1 == y2 else f"V{y2}" if x1 == x2 else f"L{x2} {y2}"
    return f"M{x1} {y1}{to}"


def _page_element(element: el.Element, is_copy: bool) -> str:
    """Return one element for the page; a mark of one shape is that shape."""
    if not isinstance(element, el.Group):
        return _element(element)
    group, children = element, element.children
    said: dict[str, _Value] = {"data_row": group.row}
    if group.label and not is_copy:
        said |= {"role": "img", "aria_label": group.label}
    only = children[0] if group.label and len(children) == 1 and not any(group.shift) else None
    if isinstance(only, el.Circle | el.Rect | el.Path):
        return _element(replace(only, class_=f"{group.class_} {only.class_}".strip()), said)
    said |= {"aria_hidden": "true" if group.hidden else None}
    placed: dict[str, _Value] = {"class_": group.class_ or None, "transform": _move(group)}
    head = _tag("g", "", **placed, **said)
    return f"{head}{_page_elements(children, is_copy, group.hidden)}</g>"


def _file_element(element: el.Element) -> str:
    """Return one element for a file, a line of its own for each mark."""
    if not isinstance(element, el.Group):
        return _element(element)
    title = f"<title>{escape(element.label)}</title>" if element.label else ""
    inner = "".join(map(_file_element, element.children))
    head = _tag("g", class_=element.class_ or None, transform=_move(element))
    return f"{head}{title}{inner}</g>\n"


def _move(group: el.Group) -> str | None:
    return "translate({} {})".format(*map(_written, group.shift)) if any(group.shift) else None


def _element(element: el.Element, more: Mapping[str, _Value] = {}) -> str:
    """Return an element that is no group, with ``more`` attributes where it is a shape."""
    match element:
        case el.Line(x1, y1, x2, y2, class_):
            return _tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, end="/")
        case el.Rect(x, y, width, height, class_):
            size = {"width": max(width, 0.0), "height": max(height, 0.0)}
            return _tag("rect", x=x, y=y, **size, class_=class_, **more, end="/")
        case el.Circle(x, y, radius, class_):
            return _tag("circle", cx=x, cy=y, r=radius, class_=class_, **more, end="/")
        case el.Path(points, class_, closed):
            steps = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
            path = f"M{steps}{'Z' if closed else ''}"
            return _tag("path", d=path, class_=class_, **more, end="/")
        case el.Image(x, y, width, height, png):
            data = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            return _tag("image", x=x, y=y, width=width, height=height, href=data, end="/")
        case el.Text(x, y, text, class_, anchor, angle):
            turn = f"rotate({_written(-angle)} {_written(x)} {_written(y)})" if angle else None
            classes = class_ if anchor == "start" else f"{class_} {anchor}"
            return f"{_tag('text', x=x, y=y, class_=classes, transform=turn)}{escape(text)}</text>"
        case el.Group():
            raise TypeError("a group is written by its page or file")


def _tag(name: str, end: str = "", **attributes: _Value) -> str:
    """Return a start tag.  In names a trailing ``_`` is dropped, another becomes ``-``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="'
        f'{escape(value) if isinstance(value, str) else _written(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}{end}>"


def _written(value: str | int | float) -> str:
    """Return a text, or a number to a tenth of a pixel."""
    # Adding 0.0 makes a zero of a rounded negative zero.
    return f"{round(value, 1) + 0.0:.10g}" if isinstance(value, float) else str(value)


def _classes(element: el.Element) -> Iterator[str]:
    yield from element.class_.split()
    if isinstance(element, el.Group):
        for child in element.children:
            yield from _classes(child)
