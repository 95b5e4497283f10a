"""What is done with arrays of any kind before they are checked, where a user asks for it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import selected
from ninetynine.datasets.dataset import NAMINGS, TEST_GROUPS, TRAIN_GROUPS, RawArrays
from ninetynine.datasets.images import describe
from ninetynine.datasets.sources import ReadArrays, Source
from ninetynine.errors import UserError


def prepare(read: ReadArrays, source: Source) -> ReadArrays:
    """Return the arrays with channels last and with a test part, as ``source``'s options say."""
    options, notes = source.options, list(read.notes)
    arrays = dict(read.arrays)
    names = next(names for names in NAMINGS if names[0] in arrays)
    if options.channels == "first":
        for name in (names[0], names[2], names[4]):
            if name in arrays:
                arrays[name] = _channels_last(arrays[name], f"{read.where}: {name}")
    has_test = names[2] in arrays
    if options.test_split is not None:
        if has_test:
            raise UserError(
                f"{read.where}: it has a test part of its own ({len(arrays[names[2]]):,} images), "
                "so none is split off; leave out --test-split"
            )
        arrays = _split(arrays, names, options.test_split, options.split_seed, read.where)
        notes.append(
            f"{len(arrays[names[2]]):,} of the {len(read.arrays[names[0]]):,} images are the test "
            f"part (test_split {options.test_split:g}, split_seed {options.split_seed})"
        )
    elif not has_test:
        unread = "".join(f" ({note})" for note in notes if "not read" in note)
        raise UserError(
            f"{read.where}: no test part{unread}; expected one, or --test-split 0.2 to split one "
            "off"
        )
    return replace(read, arrays=arrays, notes=tuple(notes))


def _channels_last(array: npt.NDArray[np.generic], where: str) -> npt.NDArray[np.generic]:
    if array.ndim != 4:
        raise UserError(
            f"{where} is {describe(array)}; expected (n, channels, height, width) with --channels "
            "first"
        )
    channels, last = array.shape[1], array.shape[3]
    if last <= 4 < channels:
        raise UserError(
            f"{where} is {describe(array)}, which has its channels last; leave out --channels first"
        )
    turned = np.moveaxis(array, 1, -1)
    return turned if isinstance(array, np.memmap) else np.ascontiguousarray(turned)


def _split(
    arrays: RawArrays, names: tuple[str, ...], share: float, seed: int, where: str
) -> RawArrays:
    """Return the arrays with ``share`` of the training images as the test part.

    As many of each class as can be, drawn by ``seed`` alone; whole groups where there are groups.
    Either part keeps the images' order.
    """
    images, labels = arrays[names[0]], arrays[names[1]]
    groups = arrays.get(TRAIN_GROUPS)
    for name in (names[0], names[1], *([TRAIN_GROUPS] if groups is not None else [])):
        if arrays[name].shape[:1] != images.shape[:1] or not images.ndim:
            raise UserError(
                f"{where}: {name} is {describe(arrays[name])}, and {names[0]} {describe(images)}; "
                "expected as many in either, for each image one"
            )
    if groups is not None and groups.shape not in ((len(images),), (len(images), 1)):
        raise UserError(f"{where}: {TRAIN_GROUPS} is {describe(groups)}; expected one an image")
    held = _held(labels.reshape(len(labels), -1), groups, share, np.random.default_rng(seed))
    if held.all() or not held.any():
        raise UserError(
            f"{where}: --test-split {share:g} of {len(images):,} images leaves a part empty; "
            "expected more images, or another share"
        )
    if groups is not None:
        _refuse_lost(labels.reshape(len(labels), -1), held, f"{where}: --test-split {share:g}")
    kept, drawn = np.flatnonzero(~held), np.flatnonzero(held)
    parts = {names[0]: selected(images, kept), names[1]: labels[kept]}
    parts |= {names[2]: selected(images, drawn), names[3]: labels[drawn]}
    if groups is not None:
        parts |= {TRAIN_GROUPS: groups[~held], TEST_GROUPS: groups[held]}
    return {**arrays, **parts}


def _refuse_lost(labels: npt.NDArray[np.generic], held: npt.NDArray[np.bool_], where: str) -> None:
    """Raise UserError where all groups that have a class are drawn."""
    classes, codes = np.unique(labels, axis=0, return_inverse=True)
    lost = np.setdiff1d(codes.reshape(-1)[held], codes.reshape(-1)[~held])
    if lost.size:
        raise UserError(
            f"{where} leaves no training image of class {' '.join(map(str, classes[lost[0]]))}: "
            "all of its groups are drawn; expected another --split-seed, or a smaller share"
        )


def _held(
    labels: npt.NDArray[np.generic],
    groups: npt.NDArray[np.generic] | None,
    share: float,
    generator: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Return which images are drawn, bool (n,)."""
    held = np.zeros(len(labels), bool)
    if groups is None:
        _, classes = np.unique(labels, axis=0, return_inverse=True)
        for number in range(int(classes.max()) + 1):
            members = generator.permutation(np.flatnonzero(classes.reshape(-1) == number))
            # One is left to train on, where the share rounds to all.
            held[members[: min(round(share * len(members)), len(members) - 1)]] = True
        return held
    _, codes = np.unique(groups.reshape(-1), return_inverse=True)
    wanted, sizes = share * len(labels), np.bincount(codes)
    for group in generator.permutation(len(sizes)):
        if held.sum() + sizes[group] / 2 <= wanted:
            held[codes == group] = True
    return held
