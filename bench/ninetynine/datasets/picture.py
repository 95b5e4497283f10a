"""Draws images as a labelled grid, for a look at a dataset or at the images models differ on."""

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import Images, Labels
from ninetynine.errors import UserError

if TYPE_CHECKING:  # Where no picture is drawn, Pillow need not be imported.
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

MAXIMUM_IMAGES = 1_000
_LONGEST_CAPTION_LINE = 32
# All lengths are in pixels of the picture, which has 150 to the inch.
_DOTS_PER_INCH = 150
_IMAGE = 140  # the longer side of an image, about
_GAP = 24
_MARGIN = 30
_CAPTION = 18  # font sizes
_TITLE = 26
_LINE_SPACING = 1.25
_FRAME, _MARK_FRAME = 1, 5
_FRAME_COLOR = "#c8c8c8"
_MARK_COLOR = "#c2410c"
_TEXT_COLOR = "#1f2328"
# What is written for characters that the font lacks and that have no ASCII letter within them.
_REPLACEMENTS = {
    "−": "-", "–": "-", "—": "-", "×": "x", "≤": "<=", "≥": ">=", "→": "->",
    "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
}  # fmt: skip


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
    picture = _draw(images, [_lines(caption) for caption in captions], columns, title, marks)
    try:
        picture.save(path, format="PNG", dpi=(_DOTS_PER_INCH, _DOTS_PER_INCH))
    except OSError as error:
        raise UserError(f"{path}: the picture cannot be written ({error.strerror})") from error


def sample_indices(labels: Labels, per_class: int, seed: int) -> npt.NDArray[np.int64]:
    """Return indices of up to ``per_class`` random images of each class, class after class.

    The same labels and seed give the same indices. A class with fewer images gives all it has.
    """
    generator = np.random.default_rng(seed)
    picked = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen = generator.choice(members, size=min(per_class, len(members)), replace=False)
        picked.append(np.sort(chosen))
    return np.concatenate(picked).astype(np.int64)


def to_pillow(image: npt.NDArray[np.generic]) -> "Image":
    """Return one (height, width, channels) image, uint8 or floats in [0, 1], for Pillow.

    One channel is grey, three are RGB; of any other number the first is taken.
    """
    from PIL import Image

    if image.dtype == np.uint8:
        pixels = image.astype(np.uint8, copy=False)
    else:
        pixels = np.round(image.astype(np.float64) * 255).astype(np.uint8)
    return Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])


def _draw(
    images: Images,
    captions: Sequence[Sequence[str]],
    columns: int,
    title: str,
    marks: Sequence[bool],
) -> "Image":
    """Return the grid as a picture that is as large as its texts need."""
    from PIL import Image, ImageDraw

    shown = [_resize(to_pillow(image)) for image in images]
    width, height = shown[0].size
    size, corners = _lay_out((width, height), captions, columns, title)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    _write(draw, size[0] / 2, _MARGIN, [_plain(title)], _TITLE, _TEXT_COLOR)
    for (left, top), image, caption, mark in zip(corners, shown, captions, marks, strict=True):
        frame = _MARK_FRAME if mark else _FRAME
        box = (left - frame, top - frame, left + width - 1 + frame, top + height - 1 + frame)
        draw.rectangle(box, fill=_MARK_COLOR if mark else _FRAME_COLOR)
        picture.paste(image, (left, top))
        color = _MARK_COLOR if mark else _TEXT_COLOR
        _write(draw, left + width / 2, top + height + _GAP // 2, caption, _CAPTION, color)
    return picture


def _lay_out(
    image: tuple[int, int], captions: Sequence[Sequence[str]], columns: int, title: str
) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return the picture's size and the upper left corner of each image of size ``image``."""
    columns = max(1, min(columns, len(captions)))
    rows = -(-len(captions) // columns)
    widest = max(_width(line, _CAPTION) for caption in captions for line in caption)
    text_height = max(map(len, captions)) * _line_height(_CAPTION)
    cell_width = max(image[0], widest) + _GAP
    cell_height = image[1] + _GAP // 2 + text_height + _GAP
    header = _line_height(_TITLE) + _GAP if title else 0
    width = max(columns * cell_width, _width(_plain(title), _TITLE)) + 2 * _MARGIN
    height = rows * cell_height - _GAP + header + 2 * _MARGIN
    left = (width - columns * cell_width + cell_width - image[0]) // 2
    corners = [
        (left + i % columns * cell_width, _MARGIN + header + i // columns * cell_height)
        for i in range(len(captions))
    ]
    return (width, height), corners


def _resize(image: "Image") -> "Image":
    """Return an image about ``_IMAGE`` pixels long: each pixel a square, or many averaged."""
    from PIL.Image import Resampling

    longer = max(image.size)
    if longer > _IMAGE:
        width, height = (max(1, round(side * _IMAGE / longer)) for side in image.size)
        return image.resize((width, height), Resampling.LANCZOS)
    # A whole number of pixels for each, so that none is wider than its neighbours.
    factor = round(_IMAGE / longer)
    return image.resize((image.width * factor, image.height * factor), Resampling.NEAREST)


def _write(
    draw: "ImageDraw", x: float, y: float, lines: Sequence[str], size: int, color: str
) -> None:
    """Write lines of text centered on ``x`` from ``y`` downwards."""
    for i, line in enumerate(lines):
        place = (x, y + i * _line_height(size))
        draw.text(place, line, fill=color, font=_font(size), anchor="ma")


def _line_height(size: int) -> int:
    return round(size * _LINE_SPACING)


def _width(text: str, size: int) -> int:
    return round(_font(size).getlength(text))


@functools.cache
def _font(size: int) -> "FreeTypeFont":
    """Return the font that Pillow brings, so that every machine draws the same letters."""
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # as it is wherever a size is given
    return font


def _lines(caption: str) -> list[str]:
    """Return a caption's lines as they can be written, each overlong one visibly cut."""
    longest = _LONGEST_CAPTION_LINE
    lines = [_plain(line) for line in caption.split("\n")]
    return [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines]


def _plain(text: str) -> str:
    """Return ``text`` with what the font lacks written in ASCII: − as -, é as e, else ``?``."""
    return "".join(c if c.isascii() or _has(c) else _ascii(c) for c in text)


def _ascii(character: str) -> str:
    if character in _REPLACEMENTS:
        return _REPLACEMENTS[character]
    parts = unicodedata.normalize("NFKD", character)
    return "".join(c for c in parts if not unicodedata.combining(c) and c.isascii()) or "?"


@functools.cache
def _has(character: str) -> bool:
    """Return whether the font has a picture of its own for a character."""
    drawn, none = (_font(_CAPTION).getmask(c) for c in (character, "\uffff"))
    return (drawn.size, bytes(drawn)) != (none.size, bytes(none))
