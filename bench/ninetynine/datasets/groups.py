"""Which images belong together: a writer's, a patient's, a video's.

They are numbered where they are read: whom a group stands for is said nowhere else.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ninetynine.arrays import Npz, check_size
from ninetynine.datasets.dataset import GROUPS_NOUN, TEST_GROUPS, ImageGroups, numbered
from ninetynine.datasets.images import describe
from ninetynine.errors import UserError

_LONGEST_NOUN = 40


def groups_file(groups: ImageGroups) -> bytes:
    """Return the content of an .npz that ``groups_in`` reads."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, groups_test=groups.codes, groups_noun=np.array(groups.noun))
    return buffer.getvalue()


def groups_in(path: Path, noun: str | None = None) -> ImageGroups:
    """Return the test images' groups in an .npz; ``noun`` goes before what the file calls them.

    Raises UserError where it is damaged or tells none.
    """
    with Npz(path, "bench run writes it again") as archive:
        stored = [
            archive.find(name) for name in (TEST_GROUPS, GROUPS_NOUN) if name in archive.names
        ]
        check_size(path, sum(array.size * array.dtype.itemsize for array in stored))
        arrays = {array.name: array.read() for array in stored}
    if TEST_GROUPS not in arrays:
        raise UserError(f"{path}: no array {TEST_GROUPS}")
    codes = arrays[TEST_GROUPS]
    return read_groups(codes, codes.size, str(path), noun or read_noun(arrays, str(path)))


def read_groups(
    array: npt.NDArray[np.generic], images: int, where: str, noun: str = "groups"
) -> ImageGroups:
    """Return the groups that an array of whole numbers or text names, (n,) or (n, 1).

    Raises UserError where there is not one for each image, or one group only.
    """
    row = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if row.shape != (images,) or row.dtype.kind not in "iuUS":
        raise UserError(
            f"{where} is {describe(array)}; expected the group of each of the {images} images, "
            "whole numbers or text"
        )
    codes = numbered(row)
    if codes.max() == 0:
        raise UserError(
            f"{where}: all images are of one group, which says nothing of others; expected at "
            "least two groups, or no such array"
        )
    return ImageGroups(codes, noun)


def read_noun(arrays: Mapping[str, npt.NDArray[np.generic]], where: str) -> str:
    """Return what a file calls its groups, in the plural: "patients"; "groups" by default.

    Raises UserError where that is no short text.
    """
    array = arrays.get(GROUPS_NOUN)
    if array is None:
        return "groups"
    noun = str(array.item()) if array.size == 1 and array.dtype.kind == "U" else ""
    if not noun.isprintable() or not 0 < len(noun) <= _LONGEST_NOUN:
        raise UserError(
            f"{where}: {GROUPS_NOUN} is {describe(array)}; expected one text of at most "
            f"{_LONGEST_NOUN} characters, such as numpy.array('patients')"
        )
    return noun


def whole_groups(groups: ImageGroups, parts: int) -> list[npt.NDArray[np.intp]]:
    """Return the images of each of ``parts`` parts, in their order, that split no group.

    The groups are taken as they first appear, and cut where the parts are as evenly sized as they
    allow.  A part may be empty where a group is large or where there are fewer groups than parts.
    """
    last = np.cumsum(np.bincount(groups.codes))
    middle = last - np.bincount(groups.codes) / 2  # a group is of the part its middle lies in
    part_of_group = np.minimum(middle * parts // len(groups.codes), parts - 1)
    part = part_of_group[groups.codes]
    return [np.flatnonzero(part == number) for number in range(parts)]


def last_groups(groups: ImageGroups, images: int) -> npt.NDArray[np.bool_]:
    """Return which images are of the last groups that together have about ``images``, bool (n,)."""
    sizes = np.bincount(groups.codes)
    middle = len(groups.codes) - (np.cumsum(sizes) - sizes / 2)  # images behind a group's middle
    return np.asarray((middle < images)[groups.codes])
