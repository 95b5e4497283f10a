"""Decodes pictures with Pillow, each judged by its header before memory is taken for it."""

import io
import math
import os
import stat
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from ninetynine.arrays import MOST_BYTES
from ninetynine.datasets.sources import ReadOptions
from ninetynine.errors import UserError

if TYPE_CHECKING:  # Where no picture is decoded, Pillow need not be imported.
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
LARGEST_PICTURE = 100_000_000  # pixels, told by its header: a photograph of today fits
_GREY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"}
_ORIENTATION = 0x0112  # the tag of EXIF
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    **{5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90"},  # these lie on their side
}
_BLOCK = 256  # pictures that are decoded before progress is told
_TELL_FROM, _TELL_SECONDS = 500, 0.2
# Of how many training images the ground is looked at, and which share may be light by chance.
_LOOKED_AT, _LIGHT_BY_CHANCE = 1000, 0.05

Pixels = npt.NDArray[np.uint8]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Picture:
    """An encoded picture: a file, or its bytes, and what messages call it."""

    name: str
    content: Path | bytes


@dataclass(frozen=True)
class _Header:
    size: tuple[int, int]  # (height, width) as it is meant to be seen
    grey: bool


def read_pictures(
    pictures: Sequence[Picture], options: ReadOptions, where: str
) -> tuple[Pixels, tuple[str, ...]]:
    """Return all pictures as uint8 (n, height, width, channels), and notes on how they were read.

    They are stretched to ``image_size``; without it all must be of one size. They become color or
    grey as told, else grey where all are. One that lies on its side by its EXIF is turned upright,
    a transparent one laid on white, a deeper one cut to 8 bits. Raises UserError for those that
    cannot be read, naming the first, and where together they would fill the memory.
    """
    pool = ThreadPoolExecutor(min(4, _cores()))
    with quiet_pillow(), pool:
        tell = _Progress(len(pictures), where)
        headers = _each(pool, _read_header, pictures, where, tell)
        size = options.image_size or _one_size(headers, pictures, where)
        channels, notes = _channels(headers, options, size)
        shape = (len(pictures), *size, channels)
        if math.prod(shape) > MOST_BYTES:
            raise UserError(
                f"{where}: {len(pictures):,} pictures of {size[0]} x {size[1]} pixels take "
                f"{math.prod(shape) / 2**30:,.1f} GiB; the limit is {MOST_BYTES / 2**30:,.0f}: "
                "give a smaller --image-size"
            )
        pixels = np.empty(shape, np.uint8)

        def decode_one(place: int) -> tuple[str, ...]:
            pixels[place], done = decode(pictures[place].content, size, channels)
            return done

        places = range(len(pictures))
        done = _each(pool, decode_one, places, where, tell, lambda place: pictures[place])
    remarks = Counter(remark for one in done for remark in one)
    counted = sorted(remarks.items())
    notes += [f"{count:,} of {len(pictures):,} pictures: {remark}" for remark, count in counted]
    return pixels, tuple(notes)


def decode(
    content: Path | bytes, size: tuple[int, int], channels: int
) -> tuple[Pixels, tuple[str, ...]]:
    """Return a picture as uint8 (height, width, channels), channels 1 or 3, and what was done.

    Raises ValueError, or any of Pillow's many errors, where it cannot be read; see `reason`.
    """
    from PIL import Image

    remarks = []
    with _opened(content) as image:
        image.load()
        if turn := _UPRIGHT.get(_orientation(image)):
            image = image.transpose(Image.Transpose[turn])
            remarks.append("turned upright, as the EXIF says")
        if image.mode.startswith("I"):
            remarks.append("of 16 bits a pixel, of which the upper 8 were taken")
            values = np.asarray(image, dtype=np.int64)
            if 0 < values.max() < 256:
                remarks.append("black now, being of 16 bits with values below 256: save 8 bits")
            image = Image.fromarray((values >> 8).clip(0, 255).astype(np.uint8))
        if "A" in image.getbands() or "transparency" in image.info:
            image, transparent = _on_white(image)
            if transparent:
                remarks.append("transparent, and laid on white")
        image = image.convert("L" if channels == 1 else "RGB")
        height, width = size
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        return np.asarray(image, dtype=np.uint8).reshape(height, width, channels), tuple(remarks)


def reason(error: Exception) -> str:
    """Return why a picture could not be read."""
    if type(error).__name__ == "UnidentifiedImageError":
        return f"no picture of {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).split("\n")[0]


def light_grounds(images: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return whether the border of each of (n, height, width, channels) images is light, (n,).

    Images are uint8, or floats in [0, 1].
    """
    edges = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    border = np.concatenate([edge.reshape(len(images), -1) for edge in edges], axis=1)
    return np.asarray(border.mean(axis=1) > (127 if images.dtype == np.uint8 else 0.5))


def drawn_on_dark(images: npt.NDArray[Any]) -> bool:
    """Return whether images (n, height, width, 1) are drawn light on dark, as MNIST's are.

    Of the first of them nearly all have a dark border then, which photographs have not.
    """
    some = np.asarray(images[:_LOOKED_AT])
    return bool(images.shape[-1] == 1 and light_grounds(some).mean() <= _LIGHT_BY_CHANCE)


def _orientation(image: "Image") -> int:
    with suppress(Exception):  # a picture can be seen though its EXIF is damaged
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1


def _on_white(image: "Image") -> tuple["Image", bool]:
    from PIL import Image

    image = image.convert("RGBA")
    low, _ = image.getchannel("A").getextrema()
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image), bool(low < 255)  # type: ignore[operator]


@contextmanager
def _opened(content: Path | bytes) -> Iterator["Image"]:
    """Open a still picture that is small enough; only its header is read."""
    from PIL import Image

    if isinstance(content, Path) and not stat.S_ISREG(content.stat().st_mode):
        raise ValueError("not a regular file")
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    with Image.open(file, formats=FORMATS) as image:
        if math.prod(image.size) > LARGEST_PICTURE:
            raise ValueError(f"{math.prod(image.size):,} pixels; at most {LARGEST_PICTURE:,}")
        # What many telephones write, an MPO, is a JPEG with previews behind it.
        frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
        if frames > 1:
            raise ValueError(f"animated, {frames} frames; expected a still picture")
        yield image


def _read_header(picture: Picture) -> _Header:
    with _opened(picture.content) as image:
        width, height = image.size
        lies = _orientation(image) in (5, 6, 7, 8)
        return _Header((width, height) if lies else (height, width), image.mode in _GREY_MODES)


def _each(
    pool: ThreadPoolExecutor,
    work: Callable[[Any], _T],
    items: Sequence[Any],
    where: str,
    tell: "_Progress",
    picture_of: Callable[[Any], Picture] = lambda item: item,
) -> list[_T]:
    """Return what ``work`` returns for each item; UserError where some pictures cannot be read."""
    wrong: list[tuple[Picture, Exception]] = []

    def attempt(item: Any) -> _T | None:
        try:
            return work(item)
        except Exception as error:  # Pillow raises many kinds for broken bytes
            wrong.append((picture_of(item), error))
            return None

    done: list[Any] = []
    for start in range(0, len(items), _BLOCK):
        done += pool.map(attempt, items[start : start + _BLOCK])
        tell.step(len(done))
    tell.end()
    if wrong:
        picture, error = min(wrong, key=lambda one: one[0].name)
        more = f"; nor can {len(wrong) - 1:,} others" if len(wrong) > 1 else ""
        raise UserError(
            f"{picture.name}: a picture that cannot be read ({reason(error)}){more}; mend it, or "
            f"move it out of {where}"
        )
    return done


def _one_size(
    headers: Sequence[_Header], pictures: Sequence[Picture], where: str
) -> tuple[int, int]:
    sizes = [header.size for header in headers]
    distinct = sorted(set(sizes), key=lambda size: (math.prod(size), size))
    if len(distinct) == 1:
        return distinct[0]
    least, most = (
        f"{height} x {width} ({pictures[sizes.index((height, width))].name})"
        for height, width in (distinct[0], distinct[-1])
    )
    raise UserError(
        f"{where}: pictures of {len(distinct):,} sizes, from {least} to {most}; expected one "
        "height x width, or --image-size 64 to bring them to one"
    )


def _channels(
    headers: Sequence[_Header], options: ReadOptions, size: tuple[int, int]
) -> tuple[int, list[str]]:
    """Return 1 or 3, and notes on what the pictures were brought to."""
    grey = sum(header.grey for header in headers)
    color = options.color or ("grey" if grey == len(headers) else "rgb")
    notes = []
    if options.color is None and 0 < grey < len(headers):
        notes.append(
            f"color: rgb, as {len(headers) - grey:,} of {len(headers):,} pictures are "
            "(--color grey reads all as grey)"
        )
    resized = sum(header.size != size for header in headers)
    if resized:
        notes.append(
            f"{resized:,} of {len(headers):,} pictures: stretched to {size[0]} x {size[1]} pixels"
        )
    return (1 if color == "grey" else 3), notes


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Hush its warnings of large pictures, as the limit is ours, and of damaged EXIF.

    Not to be entered by threads.
    """
    with warnings.catch_warnings(action="ignore"):
        yield


class _Progress:
    """Tells on standard error how far many pictures are: a terminal as they go, else once."""

    def __init__(self, pictures: int, where: str) -> None:
        self._pictures, self._where = pictures, where
        self._quiet = pictures < _TELL_FROM
        self._live = sys.stderr.isatty()
        self._next = 0.0
        if not self._quiet and not self._live:
            print(f"bench: reading {pictures:,} pictures of {where}", file=sys.stderr)

    def step(self, done: int) -> None:
        if self._quiet or not self._live or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TELL_SECONDS
        print(f"\r{self._where}: {done:,} of {self._pictures:,} pictures", end="", file=sys.stderr)

    def end(self) -> None:
        if not self._quiet and self._live:
            print("\r\x1b[2K", end="", file=sys.stderr)
