"""Parts of a training set: its folds, which are datasets of their own, and the validation split.

``mnist-fold-11-of-12`` has MNIST's training images without the last twelfth to train on and that
twelfth to be tested on; MNIST's own test images are not in it, so nothing can be chosen on them.
"""

import math
import re
from dataclasses import replace

import numpy as np

from ninetynine.blocks import selected
from ninetynine.datasets.checks import fingerprint
from ninetynine.datasets.dataset import Dataset, DatasetInfo, ImageGroups, Images, Labels
from ninetynine.datasets.groups import last_groups, whole_groups
from ninetynine.errors import UserError

_PATTERN = re.compile(r"(?P<base>.+)-fold-(?P<fold>\d{1,3})-of-(?P<folds>\d{1,3})")


def parse_fold(name: str) -> tuple[str, int, int] | None:
    """Return (dataset, fold, folds) for a name like ``mnist-fold-11-of-12``, else None.

    Raises UserError where there is no such fold.
    """
    match = _PATTERN.fullmatch(name)
    if match is None:
        return None
    fold, folds = int(match["fold"]), int(match["folds"])
    if folds < 2 or fold >= folds:
        raise UserError(
            f"dataset {name!r}: there is no such fold; of N folds, N at least 2, the first is 0 "
            "and the last is N-1"
        )
    return match["base"], fold, folds


def fold_suffix(name: str) -> str:
    """Return what makes a dataset's name that of a fold, such as ``-fold-11-of-12``, else ""."""
    fold = parse_fold(name)
    return name.removeprefix(fold[0]) if fold is not None else ""


def take_fold(dataset: Dataset, fold: int, folds: int) -> Dataset:
    """Return fold ``fold`` of ``folds``: contiguous slices of the training images, as evenly sized
    as can be, one of them the test part and the others, in their order, the training part.

    Where the training images come in groups, no group is in both parts: slices are of groups as
    they first appear. The dataset's own test and validation images are not in it. Raises UserError
    where there are fewer images than folds, or too few groups.
    """
    images, labels = dataset.train_images, dataset.train_labels
    if len(images) < folds:
        raise UserError(f"{dataset.name} has {len(images)} training images, too few for {folds}")
    start, end = _bounds(len(images), fold, folds)
    held, groups = np.arange(start, end), dataset.train_groups
    if groups is not None:
        held = whole_groups(groups, folds)[fold]
        if not len(held):
            raise UserError(
                f"{dataset.name}: its {groups} of training images are too few or too unequal for "
                f"{folds} folds without splitting one; expected fewer folds"
            )
    kept = np.delete(np.arange(len(images)), held)
    parts = (selected(images, kept), labels[kept], selected(images, held), labels[held])
    held_groups, kept_groups = (g.taken(i) if (g := groups) else None for i in (held, kept))
    return Dataset(
        _name(dataset.name, fold, folds),
        *parts,
        dataset.num_classes,
        fingerprint(*parts, train_groups=kept_groups),
        class_names=dataset.class_names,
        where=f"fold {fold} of {folds} of {dataset.where or dataset.name}",
        notes=dataset.notes,
        test_groups=held_groups,
        train_groups=kept_groups,
    )


def fold_info(info: DatasetInfo, fold: int, folds: int) -> DatasetInfo:
    """Return the facts of fold ``fold`` of ``folds``; its arrays are not pinned."""
    start, end = _bounds(info.train_length, fold, folds)
    return replace(
        info,
        name=_name(info.name, fold, folds),
        fingerprint=None,
        array_sha256={},
        train_length=info.train_length - (end - start),
        test_length=end - start,
        doubtful_test_images=(),
        test_groups=None,
    )


def _bounds(images: int, fold: int, folds: int) -> tuple[int, int]:
    """Return where the test part of a fold starts and ends among ``images`` training images."""
    return fold * images // folds, (fold + 1) * images // folds


def _name(dataset: str, fold: int, folds: int) -> str:
    return f"{dataset}-fold-{fold}-of-{folds}"


def split_validation(
    images: Images, labels: Labels, fraction: float, groups: ImageGroups | None = None
) -> tuple[Images, Labels, Images, Labels]:
    """Return (train_images, train_labels, validation_images, validation_labels).

    The validation part is the last ``fraction`` before any shuffling, as in
    ``fit(validation_split=fraction)``: the cut is at floor(n * (1 - fraction)) (Keras,
    ``keras/src/trainers/data_adapters/array_slicing.py``, ``train_validation_split``). A
    ``fraction`` of 0 leaves the validation part empty. The arrays are views; with ``groups`` they
    are copies (of mapped images they are selections), the validation part being the last groups,
    whole, as they first appear, that have about as many images. Raises UserError if
    ``fraction`` is outside [0, 1) or leaves either part empty.
    """
    count = len(images)
    cut = split_at(count, fraction)
    if groups is not None:
        held = last_groups(groups, count - cut)
        if fraction > 0 and held.all() == held.any():
            raise _unsplit(count, fraction, f" (of {groups})")
        kept, last = np.flatnonzero(~held), np.flatnonzero(held)
        return selected(images, kept), labels[kept], selected(images, last), labels[last]
    return images[:cut], labels[:cut], images[cut:], labels[cut:]


def split_at(count: int, fraction: float) -> int:
    """Return where the validation part of ``count`` images starts; see `split_validation`."""
    if not 0 <= fraction < 1:
        raise UserError(f"validation fraction {fraction} is outside [0, 1); 0.1 is the last 10%")
    cut = math.floor(count * (1.0 - fraction))
    if fraction > 0 and cut in (0, count):
        raise _unsplit(count, fraction)
    return cut


def _unsplit(count: int, fraction: float, groups: str = "") -> UserError:
    return UserError(
        f"{count} training images cannot be split with validation fraction {fraction}: one part "
        f"would be empty{groups}; use more images or another fraction"
    )
