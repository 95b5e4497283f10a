"""A drawing as a file: SVG, PDF, and PNG, which is the PDF as a viewer shows it.

The same drawing gives the same bytes.  The fonts of PDF and PNG are Bitstream Vera, which reportlab
brings along; they have no letters but those of western Europe.
"""

import io
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.styles import FONT_SIZE, PALETTE, Style, own_color, style_of
from ninetynine.report.drawing.svg import file_svg

SUFFIXES = (".svg", ".png", ".pdf")
_POINTS = 0.75  # in a CSS pixel
_PIXELS = 2  # of a PNG, in a CSS pixel
_FONTS = {False: ("Vera", "Vera.ttf"), True: ("VeraBd", "VeraBd.ttf")}
_NARROWER = 0.94  # Vera is wider than what browsers have


def check_suffix(path: Path) -> None:
    """Raise UserError where no picture can be called ``path``."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"--output {path}: pictures are {', '.join(SUFFIXES)}; give a name that ends in one"
        )


def write(drawing: el.Drawing, path: Path) -> None:
    """Write ``drawing`` to ``path``; raise UserError where that cannot be."""
    check_suffix(path)
    makers = {".svg": lambda one: file_svg(one).encode(), ".pdf": to_pdf, ".png": to_png}
    try:
        path.write_bytes(makers[path.suffix.lower()](drawing))
    except OSError as error:
        raise UserError(f"--output {path}: cannot be written ({error.strerror})") from error


def to_png(drawing: el.Drawing) -> bytes:
    """Return ``drawing`` as a PNG, two of its pixels a CSS pixel."""
    import pypdfium2

    document = pypdfium2.PdfDocument(to_pdf(drawing))
    image = document[0].render(scale=_PIXELS / _POINTS).to_pil()
    document.close()
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True, dpi=(96 * _PIXELS, 96 * _PIXELS))
    return out.getvalue()


def to_pdf(drawing: el.Drawing) -> bytes:
    """Return ``drawing`` as a PDF of one page, without a date."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for name, file in _FONTS.values():
        registerFont(TTFont(name, file))
    out = io.BytesIO()
    size = drawing.width * _POINTS, drawing.height * _POINTS
    canvas = Canvas(out, pagesize=size, invariant=True, pageCompression=1)
    canvas.setTitle(drawing.label)
    canvas.setCreator("ninetynine")
    canvas.scale(_POINTS, _POINTS)
    canvas.translate(0, drawing.height)  # upwards; elements turn their y around
    for child in drawing.children:
        _paint(canvas, child, "accent")
    canvas.save()
    return out.getvalue()


def _paint(canvas: Any, element: el.Element, own: str) -> None:
    """Draw one element; ``own`` is the color that its group gives it."""
    if isinstance(element, el.Group):
        canvas.saveState()
        canvas.translate(element.shift[0], -element.shift[1])
        own = own_color(element.class_) or own
        for child in element.children:
            _paint(canvas, child, own)
        canvas.restoreState()
        return
    own = own_color(element.class_) or own
    style = style_of(element.class_, isinstance(element, el.Text))
    if isinstance(element, el.Text):
        _paint_text(canvas, element, style, own)
        return
    _set(canvas, style, own)
    how = {"fill": int(style.fill is not None), "stroke": int(style.stroke is not None)}
    match element:
        case el.Line(x1, y1, x2, y2):
            canvas.line(x1, -y1, x2, -y2)
        case el.Rect(x, y, width, height):
            canvas.rect(x, -y - height, max(width, 0), max(height, 0), **how)
        case el.Circle(x, y, radius):
            canvas.circle(x, -y, radius, **how)
        case el.Path(points, _, closed):
            path = canvas.beginPath()
            path.moveTo(points[0][0], -points[0][1])
            for x, y in points[1:]:
                path.lineTo(x, -y)
            if closed:
                path.close()
            canvas.drawPath(path, **how)


def _set(canvas: Any, style: Style, own: str) -> None:
    opacity = 1.0 if style.opacity is None else style.opacity
    if style.fill is not None:
        canvas.setFillColor(_color(style.fill, own))
        canvas.setFillAlpha(opacity)
    if style.stroke is not None:
        canvas.setStrokeColor(_color(style.stroke, own))
        canvas.setStrokeAlpha(opacity)
        canvas.setLineWidth(style.stroke_width or 1)
        canvas.setLineCap(1 if style.round else 0)
        canvas.setDash(*([list(style.dash)] if style.dash else []))


def _paint_text(canvas: Any, text: el.Text, style: Style, own: str) -> None:
    canvas.saveState()
    canvas.translate(text.x, -text.y)
    canvas.rotate(text.angle)
    canvas.setFont(_FONTS[bool(style.bold)][0], (style.font_size or FONT_SIZE) * _NARROWER)
    write = {"start": canvas.drawString, "middle": canvas.drawCentredString}
    draw = write.get(text.anchor, canvas.drawRightString)
    if style.halo:
        _set(canvas, Style(stroke="panel", stroke_width=3, round=True), own)
        canvas.setLineJoin(1)
        draw(0, 0, text.text, mode=1)
    _set(canvas, Style(fill=style.fill), own)
    draw(0, 0, text.text, mode=0)
    canvas.restoreState()


def _color(name: str, own: str) -> Any:
    from reportlab.lib.colors import HexColor

    return HexColor(PALETTE[own if name == "own" else name][0])
