"""What ``bench data`` says of a dataset, and which images it draws."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import ARRAY_NAMES, Dataset, DatasetInfo, Labels


def summarise(dataset: Dataset, info: DatasetInfo | None = None) -> dict[str, Any]:
    """Return a JSON-ready summary of a loaded dataset.

    ``info`` is None for a user's own dataset, whose description, licence and source are then None.
    ``arrays`` maps each name of ``ARRAY_NAMES`` to its shape, dtype, length, minimum and maximum;
    ``label_counts`` holds, for train and test, the number of images of each class.
    """
    arrays = (
        dataset.train_images,
        dataset.train_labels,
        dataset.test_images,
        dataset.test_labels,
    )
    return {
        "name": dataset.name,
        "description": info.description if info else None,
        "license": info.license if info else None,
        "source": info.source if info else None,
        "fingerprint": dataset.fingerprint,
        "num_classes": dataset.num_classes,
        "class_names": list(info.class_names) if info else None,
        "arrays": {name: _describe(array) for name, array in zip(ARRAY_NAMES, arrays, strict=True)},
        "label_counts": {
            "train": _label_counts(dataset.train_labels, dataset.num_classes),
            "test": _label_counts(dataset.test_labels, dataset.num_classes),
        },
        "doubtful_test_labels": len(info.doubtful_test_images) if info else 0,
    }


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


def _describe(array: npt.NDArray[Any]) -> dict[str, Any]:
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "length": len(array),
        "minimum": array.min().item(),
        "maximum": array.max().item(),
    }


def _label_counts(labels: Labels, num_classes: int) -> list[int]:
    counts: list[int] = np.bincount(labels, minlength=num_classes).tolist()
    return counts
