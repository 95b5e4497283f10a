"""Draws images as a labelled grid, for a look at a dataset or at the images models differ on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import Images
from ninetynine.errors import UserError

if TYPE_CHECKING:  # matplotlib takes most of a second to import.
    from matplotlib.figure import Figure

MAXIMUM_IMAGES = 1_000
_LONGEST_CAPTION_LINE = 32
_DOTS_PER_INCH = 150
_IMAGE_INCHES = 0.9
_GAP_INCHES = 0.16
_MARGIN_INCHES = 0.2
_CAPTION_POINTS = 8.0
_TITLE_POINTS = 12.0
_LINE_SPACING = 1.25
_FRAME_COLOUR = "#c8c8c8"
_MARK_COLOUR = "#c2410c"
_TEXT_COLOUR = "#1f2328"


def draw_grid(
    images: Images,
    captions: Sequence[str],
    path: Path,
    columns: int = 10,
    title: str = "",
    marks: Sequence[bool] | None = None,
) -> None:
    """Write ``images`` as a grid to the PNG file ``path``.

    ``images`` is (n, height, width, channels), uint8 or floats in [0, 1], one channel (drawn as
    grey) or three (RGB); of any other number the first is drawn. ``captions`` has one text for each
    image, up to about three lines; a line over 32 characters is shortened. A true value in
    ``marks`` gives the image an orange frame and caption. Raises UserError if there are no images
    or over 1,000, or if ``path`` is no .png or cannot be written.
    """
    marks = marks if marks is not None else [False] * len(images)
    if not len(images) == len(captions) == len(marks):
        raise ValueError(f"{len(images)} images, {len(captions)} captions, {len(marks)} marks")
    if not 0 < len(images) <= MAXIMUM_IMAGES:
        raise UserError(
            f"{path}: a picture of {len(images)} images; from 1 to {MAXIMUM_IMAGES} fit"
        )
    if path.suffix.lower() != ".png":
        raise UserError(f"{path}: pictures are PNG files; give a name that ends in .png")
    figure = _draw(images, [_shorten(caption) for caption in captions], columns, title, marks)
    try:
        figure.savefig(path, format="png", dpi=_DOTS_PER_INCH, facecolor="white")
    except OSError as error:
        raise UserError(f"{path}: the picture cannot be written ({error.strerror})") from error


def _draw(
    images: Images, captions: list[str], columns: int, title: str, marks: Sequence[bool]
) -> "Figure":
    """Return the grid as a figure that is as large as its texts need."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Without pyplot no window system is looked for and no figure outlives this call.
    figure = Figure(dpi=_DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    corners = _lay_out(figure, captions, columns, title)
    for corner, image, caption, mark in zip(corners, images, captions, marks, strict=True):
        left, bottom = corner
        _draw_image(figure, left, bottom, image, mark)
        colour = _MARK_COLOUR if mark else _TEXT_COLOUR
        middle = left + _IMAGE_INCHES / 2
        _write(figure, middle, bottom - _GAP_INCHES / 2, caption, _CAPTION_POINTS, colour)
    return figure


def _lay_out(
    figure: "Figure", captions: list[str], columns: int, title: str
) -> list[tuple[float, float]]:
    """Size the figure, write its title, and return each image's lower left corner in inches."""
    columns = max(1, min(columns, len(captions)))
    rows = -(-len(captions) // columns)
    text_width, text_height = _largest_text(figure, captions, _CAPTION_POINTS)
    title_width, title_height = _largest_text(figure, [title], _TITLE_POINTS)
    cell_width = max(_IMAGE_INCHES, text_width) + _GAP_INCHES
    cell_height = _IMAGE_INCHES + text_height + 2 * _GAP_INCHES
    header = title_height + _GAP_INCHES if title else 0.0
    width = max(columns * cell_width, title_width) + 2 * _MARGIN_INCHES
    height = rows * cell_height + header + 2 * _MARGIN_INCHES
    figure.set_size_inches(width, height)
    _write(figure, width / 2, height - _MARGIN_INCHES, title, _TITLE_POINTS, _TEXT_COLOUR)
    left = (width - columns * cell_width) / 2 + (cell_width - _IMAGE_INCHES) / 2
    bottom = height - _MARGIN_INCHES - header - _IMAGE_INCHES
    return [
        (left + position % columns * cell_width, bottom - position // columns * cell_height)
        for position in range(len(captions))
    ]


def _draw_image(
    figure: "Figure", left: float, bottom: float, image: npt.NDArray[np.generic], mark: bool
) -> None:
    """Draw one (height, width, channels) image with its frame, lower left corner in inches."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (left / width, bottom / height, _IMAGE_INCHES / width, _IMAGE_INCHES / height)
    )
    channels = image if image.shape[-1] == 3 else image[..., 0]
    brightest = 255 if image.dtype == np.uint8 else 1
    axes.imshow(channels, cmap="gray", vmin=0, vmax=brightest, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(_MARK_COLOUR if mark else _FRAME_COLOUR)
        spine.set_linewidth(2.2 if mark else 0.6)


def _write(figure: "Figure", x: float, y: float, text: str, points: float, colour: str) -> None:
    """Write centred text whose top is ``y`` inches above the figure's bottom."""
    width, height = figure.get_size_inches()
    figure.text(
        x / width,
        y / height,
        text,
        fontsize=points,
        color=colour,
        ha="center",
        va="top",
        linespacing=_LINE_SPACING,
        # A dollar sign in a class name is a dollar sign.
        parse_math=False,
    )


def _largest_text(figure: "Figure", texts: Sequence[str], points: float) -> tuple[float, float]:
    """Return the width and height in inches that hold each of ``texts``."""
    boxes = []
    for text in set(texts):
        artist = figure.text(
            0, 0, text, fontsize=points, linespacing=_LINE_SPACING, parse_math=False
        )
        boxes.append(artist.get_window_extent())
        artist.remove()
    width = max(box.width for box in boxes) / _DOTS_PER_INCH
    return width, max(box.height for box in boxes) / _DOTS_PER_INCH


def _shorten(caption: str) -> str:
    """Cut each overlong line of a caption, showing that it was cut."""
    longest = _LONGEST_CAPTION_LINE
    lines = caption.split("\n")
    return "\n".join(line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines)
