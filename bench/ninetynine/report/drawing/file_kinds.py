"""A drawing as a file: SVG, PDF, and PNG, which is the PDF as a viewer shows it.

The same drawing gives the same bytes.  The fonts of PDF and PNG are Bitstream Vera, which reportlab
brings along; they have no letters but those of western Europe.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.styles import FONT_SIZE, Style, color_of, own_color, style_of
from ninetynine.report.drawing.svg import file_svg

SUFFIXES = (".svg", ".png", ".pdf")
_POINTS = 0.75  # in a CSS pixel
_PIXELS = 2  # of a PNG, in a CSS pixel
_FONTS = {False: ("Vera", "Vera.ttf"), True: ("VeraBd", "VeraBd.ttf")}
_NARROWER = 0.94  # Vera is wider than what browsers have


def check_suffix(path: Path, option: str = "--output") -> None:
    """Raise UserError where no picture can be called ``path``, which ``option`` says."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"{option} {path}: pictures are {', '.join(SUFFIXES)}; give a name that ends in one"
        )


def write(drawing: el.Drawing, path: Path, theme: str = "light", option: str = "--output") -> None:
    """Write ``drawing`` to ``path``; raise UserError where that cannot be."""
    check_suffix(path, option)
    makers = {".svg": lambda *given: file_svg(*given).encode(), ".pdf": to_pdf, ".png": to_png}
    try:
        path.write_bytes(makers[path.suffix.lower()](drawing, theme))
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written ({error.strerror})") from error


def to_png(drawing: el.Drawing, theme: str = "light") -> bytes:
    """Return ``drawing`` as a PNG, two of its pixels a CSS pixel."""
    import pypdfium2

    document = pypdfium2.PdfDocument(to_pdf(drawing, theme))
    fill = (255, 255, 255, 0 if theme == "paper" else 255)
    page = document[0].render(scale=_PIXELS / _POINTS, fill_color=fill, maybe_alpha=True)
    image = page.to_pil()
    document.close()
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True, dpi=(96 * _PIXELS, 96 * _PIXELS))
    return out.getvalue()


def to_pdf(drawing: el.Drawing, theme: str = "light") -> bytes:
    """Return ``drawing`` as a PDF of one page, without a date."""
    from reportlab.pdfbase.pdfmetrics import registerFont
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for name, file in _FONTS.values():
        registerFont(TTFont(name, file))
    out = io.BytesIO()
    size = drawing.width * _POINTS, drawing.height * _POINTS
    canvas = Canvas(out, pagesize=size, invariant=True, pageCompression=1)
    title, _, finding = drawing.label.partition("\n")
    canvas.setTitle(title)
    canvas.setSubject(finding)
    canvas.setCreator("ninetynine")
    canvas.scale(_POINTS, _POINTS)
    canvas.translate(0, drawing.height)  # upwards; elements turn their y around
    painter = _Painter(canvas, theme)
    if theme == "dark":
        painter.paint(el.Rect(0.0, 0.0, drawing.width, drawing.height, "behind"), "accent")
    for child in drawing.children:
        painter.paint(child, "accent")
    canvas.save()
    return out.getvalue()


@dataclass(frozen=True)
class _Painter:
    """Draws elements on reportlab's ``canvas`` in the colors of ``theme``."""

    canvas: Any
    theme: str

    def paint(self, element: el.Element, own: str) -> None:
        """Draw one element; ``own`` is the color that its group gives it."""
        if isinstance(element, el.Group):
            self.canvas.saveState()
            self.canvas.translate(element.shift[0], -element.shift[1])
            own = own_color(element.class_) or own
            for child in element.children:
                self.paint(child, own)
            self.canvas.restoreState()
            return
        own = own_color(element.class_) or own
        style = style_of(element.class_, isinstance(element, el.Text))
        if isinstance(element, el.Text):
            self._text(element, style, own)
            return
        if isinstance(element, el.Image):
            self._image(element)
            return
        self._set(style, own)
        how = {"fill": int(style.fill is not None), "stroke": int(style.stroke is not None)}
        match element:
            case el.Line(x1, y1, x2, y2):
                self.canvas.line(x1, -y1, x2, -y2)
            case el.Rect(x, y, width, height):
                self.canvas.rect(x, -y - height, max(width, 0), max(height, 0), **how)
            case el.Circle(x, y, radius):
                self.canvas.circle(x, -y, radius, **how)
            case el.Path(points, _, closed):
                path = self.canvas.beginPath()
                path.moveTo(points[0][0], -points[0][1])
                for x, y in points[1:]:
                    path.lineTo(x, -y)
                if closed:
                    path.close()
                self.canvas.drawPath(path, **how)

    def _image(self, image: el.Image) -> None:
        from reportlab.lib.utils import ImageReader

        place = image.x, -image.y - image.height, image.width, image.height
        self.canvas.drawImage(ImageReader(io.BytesIO(image.png)), *place)

    def _set(self, style: Style, own: str) -> None:
        opacity = 1.0 if style.opacity is None else style.opacity
        if style.fill is not None:
            self.canvas.setFillColor(self._color(style.fill, own))
            self.canvas.setFillAlpha(opacity)
        if style.stroke is not None:
            self.canvas.setStrokeColor(self._color(style.stroke, own))
            self.canvas.setStrokeAlpha(opacity)
            self.canvas.setLineWidth(style.stroke_width or 1)
            self.canvas.setLineCap(1 if style.round else 0)
            self.canvas.setDash(*([list(style.dash)] if style.dash else []))

    def _text(self, text: el.Text, style: Style, own: str) -> None:
        self.canvas.saveState()
        self.canvas.translate(text.x, -text.y)
        self.canvas.rotate(text.angle)
        self.canvas.setFont(_FONTS[bool(style.bold)][0], (style.font_size or FONT_SIZE) * _NARROWER)
        write = {"start": self.canvas.drawString, "middle": self.canvas.drawCentredString}
        draw = write.get(text.anchor, self.canvas.drawRightString)
        if style.halo:
            self._set(Style(stroke="panel", stroke_width=3, round=True), own)
            self.canvas.setLineJoin(1)
            draw(0, 0, text.text, mode=1)
        self._set(Style(fill=style.fill), own)
        draw(0, 0, text.text, mode=0)
        self.canvas.restoreState()

    def _color(self, name: str, own: str) -> Any:
        from reportlab.lib.colors import HexColor

        return HexColor(color_of(own if name == "own" else name, self.theme))
