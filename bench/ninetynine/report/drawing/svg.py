"""Drawings as SVG: in the page, whose style sheet colors them, or as a file of its own."""

import base64
from collections.abc import Iterator

from markupsafe import Markup, escape

from ninetynine.errors import printable
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.styles import color_of, file_css

_NAMESPACE = "http://www.w3.org/2000/svg"
_Value = str | int | float | None


def page_svg(drawing: el.Drawing, still: bool = False) -> Markup:
    """Return the ``svg`` element, which scales to its place; its marks can be read aloud.

    Where it is ``still`` it is one image, whose marks say nothing of their own.
    """
    size = f"0 0 {_written(drawing.width)} {_written(drawing.height)}"
    children = map(_without_words, drawing.children) if still else drawing.children
    inner = "".join(_element(child, in_page=True) for child in children)
    head = _tag(
        "svg",
        viewBox=size,
        class_=drawing.class_ or None,
        role=("img" if still else "group") if drawing.label else None,
        aria_label=drawing.label or None,
        aria_hidden=None if drawing.label else "true",
    )
    return Markup(f"{head}{inner}</svg>")


def file_svg(drawing: el.Drawing, theme: str = "light") -> str:
    """Return a whole file; where it is opened, its marks say what they are when pointed at.

    The first line of the drawing's label is its title, the others its description.
    """
    width, height = _written(drawing.width), _written(drawing.height)
    inner = "".join(_element(child, in_page=False) for child in drawing.children)
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


def _element(element: el.Element, in_page: bool) -> str:
    """Return one element, a line of its own for each mark in a file."""
    match element:
        case el.Group():
            return _group(element, in_page)
        case el.Line(x1, y1, x2, y2, class_):
            return _tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, end="/")
        case el.Rect(x, y, width, height, class_):
            size = {"width": max(width, 0.0), "height": max(height, 0.0)}
            return _tag("rect", x=x, y=y, **size, class_=class_, end="/")
        case el.Circle(x, y, radius, class_):
            return _tag("circle", cx=x, cy=y, r=radius, class_=class_, end="/")
        case el.Path(points, class_, closed):
            steps = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
            return _tag("path", d=f"M{steps}{'Z' if closed else ''}", class_=class_, end="/")
        case el.Image(x, y, width, height, png):
            data = f"data:image/png;base64,{base64.b64encode(png).decode()}"
            return _tag("image", x=x, y=y, width=width, height=height, href=data, end="/")
        case el.Text(x, y, text, class_, anchor, angle):
            turn = f"rotate({_written(-angle)} {_written(x)} {_written(y)})" if angle else None
            classes = class_ if anchor == "start" else f"{class_} {anchor}"
            return f"{_tag('text', x=x, y=y, class_=classes, transform=turn)}{escape(text)}</text>"


def _group(group: el.Group, in_page: bool) -> str:
    move = "translate({} {})".format(*map(_written, group.shift)) if any(group.shift) else None
    inner = "".join(_element(child, in_page) for child in group.children)
    if not in_page:
        title = f"<title>{escape(group.label)}</title>" if group.label else ""
        return f"{_tag('g', class_=group.class_ or None, transform=move)}{title}{inner}</g>\n"
    head = _tag(
        "g",
        class_=group.class_ or None,
        transform=move,
        role="img" if group.label else None,
        aria_label=group.label or None,
        data_row=group.row,
        aria_hidden="true" if group.hidden else None,
    )
    return f"{head}{inner}</g>"


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
