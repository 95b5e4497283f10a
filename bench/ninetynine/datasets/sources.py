"""A dataset of the user's own as it is named: what it is, and how it is to be read.

How is told behind a question mark, as in an address: ``pets?image_size=64&test_split=0.2``.  The
name alone then says all, wherever it goes: to a worker, to another node, into a baseline.
"""

import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

from ninetynine.datasets.dataset import RawArrays
from ninetynine.datasets.folds import fold_suffix
from ninetynine.errors import UserError, nearest

MOST_PIXELS_A_SIDE = 4_096
_READ = re.compile(r"(?P<path>.+?)\?(?P<options>\w+=[^?&]*(?:&\w+=[^?&]*)*)", re.DOTALL)
_SIZE = re.compile(r"(?P<height>\d{1,5})(?:x(?P<width>\d{1,5}))?")

Color = Literal["rgb", "grey"]
Channels = Literal["first", "last"]


@dataclass(frozen=True)
class ReadOptions:
    """How a dataset is to be read; None is as its files have it.

    ``image_size`` is (height, width) in pixels. ``test_split`` is the share of the training images
    that become the test part, where there is none of its own, drawn by ``split_seed``. ``groups``
    says where the groups of images are told, in a kind's own words.
    """

    image_size: tuple[int, int] | None = None
    color: Color | None = None
    test_split: float | None = None
    split_seed: int = 0
    groups: str | None = None
    channels: Channels | None = None
    label_column: str | None = None  # of a set that has several

    @property
    def given(self) -> dict[str, str]:
        """What is not left as it is by default, as `read_options` reads it."""
        told = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        usual = {f.name: f.default for f in dataclasses.fields(self)}
        return {name: _text(value) for name, value in told.items() if value != usual[name]}


@dataclass(frozen=True)
class Source:
    """A dataset's ``name`` without its options and its fold, and its ``options``."""

    name: str
    options: ReadOptions = ReadOptions()

    def __str__(self) -> str:
        told = "&".join(f"{key}={quote(text, safe='/:,')}" for key, text in self.given.items())
        return f"{self.name}?{told}" if told else self.name

    @property
    def given(self) -> dict[str, str]:
        return self.options.given


@dataclass(frozen=True)
class ReadArrays:
    """What a kind of dataset read.

    ``arrays`` have the names of `dataset.NAMINGS` and `dataset.GROUP_NAMES`. The test part may be
    missing: ``test_split`` then makes one. ``where`` is what messages call the data; ``notes`` say,
    a line each, how they were read where that is not plain.
    """

    arrays: RawArrays
    where: str
    class_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def lexical(name: str) -> Path:
    """Return the absolute path that ``name`` says, whether or not there is such; links stay."""
    return Path(os.path.abspath(name))  # noqa: PTH100  (resolve follows links)


def parse_source(text: str) -> Source:
    """Return what a dataset's name without a fold says.  Raises UserError for a wrong option."""
    match = _READ.fullmatch(text)
    if match is None:
        return Source(text)
    pairs = [pair.split("=", 1) for pair in match["options"].split("&")]
    told = {key: unquote(value) for key, value in pairs}
    if len(told) < len(pairs):
        raise UserError(f"dataset {text!r}: an option is told twice; leave one out")
    return Source(match["path"], read_options(told, f"dataset {text!r}"))


def read_options(told: Mapping[str, object], where: str) -> ReadOptions:
    """Return options as they are told, in texts or in TOML's values.

    Raises UserError, beginning with ``where``, for one that is unknown or has a wrong value.
    """
    values: dict[str, Any] = {}
    for key, value in told.items():
        if key not in _READERS:
            raise UserError(f"{where}: unknown option {key!r}{nearest(key, _READERS)}")
        values[key] = _READERS[key](str(value), f"{where}: {key}")
    return ReadOptions(**values)


def with_options(name: str, told: Mapping[str, object], where: str = "") -> str:
    """Return a dataset's name with options more, which go before those that it has.

    Raises UserError, beginning with ``where``, for one that is unknown or has a wrong value.
    """
    if not told:
        return name
    fold = fold_suffix(name)
    source = parse_source(name.removesuffix(fold))
    options = read_options({**source.given, **told}, where or f"dataset {name!r}")
    return f"{Source(source.name, options)}{fold}"


def _text(value: object) -> str:
    return "x".join(map(str, dict.fromkeys(value))) if isinstance(value, tuple) else str(value)


def _image_size(text: str, where: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    size = (int(match["height"]), int(match["width"] or match["height"])) if match else (0, 0)
    if not all(0 < side <= MOST_PIXELS_A_SIDE for side in size):
        raise UserError(
            f"{where} is {text!r}; expected pixels such as 64, or 64x48 for height x width, at "
            f"most {MOST_PIXELS_A_SIDE:,} each"
        )
    return size


def _share(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise UserError(f"{where} is {text!r}; expected a share above 0 and below 1, such as 0.2")
    return value


def _whole(text: str, where: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UserError(f"{where} is {text!r}; expected a whole number such as 0")
    return int(text)


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(text: str, where: str) -> str:
        if text not in words:
            raise UserError(f"{where} is {text!r}; expected {' or '.join(words)}")
        return text

    return read


def _some_text(text: str, where: str) -> str:
    if not (text and text.isprintable()):
        raise UserError(f"{where} is {text!a}; expected a printable word")
    return text


_READERS: dict[str, Callable[[str, str], object]] = {
    "image_size": _image_size,
    "color": _one_of("rgb", "grey"),
    "test_split": _share,
    "split_seed": _whole,
    "groups": _some_text,
    "channels": _one_of("first", "last"),
    "label_column": _some_text,
}
