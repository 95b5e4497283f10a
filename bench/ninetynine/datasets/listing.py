"""Labeled pictures, wherever they are listed, become arrays."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import NAMINGS, TEST_GROUPS, TRAIN_GROUPS, RawArrays
from ninetynine.datasets.decoding import Picture, read_pictures
from ninetynine.datasets.sources import ReadArrays, ReadOptions
from ninetynine.errors import UserError, nearest

Part = Literal["training", "test", "validation"]
PARTS: tuple[Part, ...] = ("training", "test", "validation")
# What folders and columns call the parts.
PART_WORDS: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), PARTS[0]),
    **dict.fromkeys(("test", "testing"), PARTS[1]),
    **dict.fromkeys(("val", "valid", "validation"), PARTS[2]),
}


@dataclass(frozen=True)
class ListedPicture:
    """A picture's file, the part that it is of, its class, and its group where one is told.

    ``place`` is what messages call it: its path, or the line that names it.
    """

    path: Path
    part: Part
    label: str
    group: str | None
    place: str


def read_listed(
    listed: Sequence[ListedPicture],
    options: ReadOptions,
    where: str,
    notes: tuple[str, ...] = (),
) -> ReadArrays:
    """Return the arrays of pictures, each part in the order in which it is listed.

    Raises UserError for a part without pictures, for a class that has no training picture, and for
    pictures that cannot be read.
    """
    by_part = {part: [one for one in listed if one.part == part] for part in PARTS}
    _check_classes(by_part, where)
    ordered = [one for part in PARTS for one in by_part[part]]
    pictures = [Picture(str(one.path), one.path) for one in ordered]
    pixels, found = read_pictures(pictures, options, where)
    labels = {part: np.array([one.label for one in own]) for part, own in by_part.items() if own}
    arrays = part_by_part(pixels, labels)
    for name, part in ((TRAIN_GROUPS, PARTS[0]), (TEST_GROUPS, PARTS[1])):
        groups = [one.group for one in by_part[part] if one.group is not None]
        if groups:
            arrays[name] = np.array(groups)
    return ReadArrays(arrays, where, notes=(*notes, *found))


def part_by_part(
    pixels: npt.NDArray[np.uint8], labels: Mapping[Part, npt.NDArray[np.generic]]
) -> RawArrays:
    """Return the images and ``labels`` of each part; ``pixels`` are of one part after the other."""
    arrays: RawArrays = {}
    start = 0
    for part, images, name in zip(PARTS, NAMINGS[0][::2], NAMINGS[0][1::2], strict=True):
        if part in labels:
            arrays[images] = pixels[start : start + len(labels[part])]
            arrays[name] = labels[part]
            start += len(labels[part])
    return arrays


def mixed(
    listed: Sequence[ListedPicture], name: Callable[[ListedPicture], str]
) -> list[ListedPicture]:
    """Return pictures in an order by the hash of their names.

    Classes are mixed in it, and no picture that is added changes the order of the others.
    """
    return sorted(listed, key=lambda one: hashlib.sha256(_encoded(name(one))).digest())


def identity_of_files(paths: Sequence[Path]) -> str:
    """Return text that changes whenever one of the files does, or what decodes them."""
    said = hashlib.sha256(f"pillow {metadata.version('pillow')}".encode())
    for path in paths:
        try:
            found = path.stat()
            state = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
        except OSError as error:
            state = str(error.errno)
        said.update(_encoded(f"{path}\0{state}\0"))
    return said.hexdigest()


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _check_classes(by_part: dict[Part, list[ListedPicture]], where: str) -> None:
    training, *others = (by_part[part] for part in PARTS)
    if not training:
        raise UserError(f"{where}: no training pictures; expected some of each class")
    known = {one.label for one in training}
    for pictures in others:
        for one in pictures:
            if one.label not in known:
                raise UserError(
                    f"{one.place}: class {one.label!a} of a {one.part} picture has no training "
                    f"picture; expected some{nearest(one.label, known)}"
                )
