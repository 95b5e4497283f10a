"""SVG elements as text; markupsafe escapes every attribute value and every text."""

from collections.abc import Sequence

from markupsafe import Markup, escape

Value = str | int | float | None
Point = tuple[float, float]


def tag(name: str, *children: str, **attributes: Value) -> Markup:
    """Return the element ``name``; children that are not Markup are escaped.

    In attribute names a trailing ``_`` is dropped and others become ``-``.  None leaves an
    attribute out; floats are written to a tenth of a pixel.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _written(value))
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, inner)


def drawing(
    *children: str, width: float, height: float, label: str, class_: str | None = None
) -> Markup:
    """Return an ``svg`` of ``width`` x ``height`` units that scales to its place."""
    view = f"0 0 {_written(width)} {_written(height)}"
    return tag("svg", *children, viewBox=view, class_=class_, role="group", aria_label=label)


def group(*children: str, **attributes: Value) -> Markup:
    """Return a ``g`` element."""
    return tag("g", *children, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    """Return a rectangle."""
    return tag("rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_)


def text(x: float, y: float, content: str, class_: str) -> Markup:
    """Return a text whose baseline is at ``y``."""
    return tag("text", content, x=x, y=y, class_=class_)


def circle(x: float, y: float, radius: float, class_: str) -> Markup:
    """Return a circle."""
    return tag("circle", cx=x, cy=y, r=radius, class_=class_)


def path(points: Sequence[Point], class_: str, closed: bool = False) -> Markup:
    """Return a path through ``points``."""
    steps = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
    return tag("path", d=f"M{steps}{'Z' if closed else ''}", class_=class_)


def polygon(x: float, y: float, radius: float, shape: str, class_: str) -> Markup:
    """Return a mark of equal area whatever its ``shape``: circle, square, triangle or diamond."""
    if shape == "circle":
        return circle(x, y, radius, class_)
    if shape == "square":
        half = 0.886 * radius
        corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    elif shape == "triangle":
        corners = [(0, -1.56 * radius), (1.35 * radius, 0.78 * radius)]
        corners.append((-1.35 * radius, 0.78 * radius))
    else:
        far = 1.253 * radius
        corners = [(0, -far), (far, 0), (0, far), (-far, 0)]
    return path([(x + dx, y + dy) for dx, dy in corners], class_, closed=True)


def mark(*children: str, label: str, row: int | None = None, class_: str = "") -> Markup:
    """Return a mark that can be pointed at, focused and read aloud: ``label`` says what it is."""
    names = f"mark {class_}".strip()
    return group(*children, class_=names, role="img", aria_label=label, data_row=row)


def _written(value: Value) -> str:
    # Adding 0.0 makes a zero of a rounded negative zero.
    return f"{round(value, 1) + 0.0:.10g}" if isinstance(value, float) else str(value)
