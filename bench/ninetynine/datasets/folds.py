"""Folds of a training set as datasets of their own: where hyper-parameters are chosen.

``mnist-fold-11-of-12`` has MNIST's training images without the last twelfth to train on and that
twelfth to be tested on; MNIST's own test images are not in it, so nothing can be chosen on them.
"""

import re

import numpy as np

from ninetynine.datasets.dataset import Dataset
from ninetynine.datasets.fingerprint import fingerprint
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


def take_fold(dataset: Dataset, fold: int, folds: int) -> Dataset:
    """Return fold ``fold`` of ``folds``: contiguous slices of the training images, as evenly sized
    as can be, one of them the test part and the others, in their order, the training part.

    Raises UserError where there are fewer images than folds.
    """
    images, labels = dataset.train_images, dataset.train_labels
    if len(images) < folds:
        raise UserError(f"{dataset.name} has {len(images)} training images, too few for {folds}")
    start, end = fold * len(images) // folds, (fold + 1) * len(images) // folds
    kept = np.r_[0:start, end : len(images)]
    parts = (images[kept], labels[kept], images[start:end], labels[start:end])
    return Dataset(
        f"{dataset.name}-fold-{fold}-of-{folds}", *parts, dataset.num_classes, fingerprint(*parts)
    )
