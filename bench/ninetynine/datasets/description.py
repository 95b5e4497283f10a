"""What one wants to know of a dataset before training on it, as plain data."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import blocks, extremes
from ninetynine.datasets.dataset import Dataset, DatasetInfo, ImageGroups, Images
from ninetynine.datasets.duplicates import NEAR, exact_matches, near_matches
from ninetynine.datasets.screening import findings

_BYTES_AT_ONCE = 16_000_000


def describe_dataset(dataset: Dataset, info: DatasetInfo | None = None) -> dict[str, Any]:
    """Return all that ``bench data`` says, JSON-ready: `summarise`, duplicates and findings.

    Reads each image several times, some megabytes at a time; near duplicates take the longest, see
    `duplicates.near_matches`.
    """
    near = near_matches(dataset)
    return summarise(dataset, info) | {
        "duplicates": {
            "exact": [found.summary() for found in exact_matches(dataset)],
            "near": [found.summary() for found in near.matches],
            "near_correlation": NEAR,
            "near_reason": near.reason,
        },
        "findings": [asdict(finding) for finding in findings(dataset)],
    }


def summarise(dataset: Dataset, info: DatasetInfo | None = None) -> dict[str, Any]:
    """Return a JSON-ready summary of a loaded dataset, without a look for duplicates.

    ``info`` is None for a user's own dataset, whose description, licence and source are then None.
    ``arrays`` maps the name of each array to its shape, dtype, length, minimum and maximum;
    ``pixels`` has mean and standard deviation of each channel of each part; ``label_counts`` holds,
    for train, test and, where it is, validation, the number of images of each class.
    """
    counts = {
        _short(part): np.bincount(labels, minlength=dataset.num_classes)
        for part, (_, labels) in dataset.parts.items()
    }
    groups = {"train": dataset.train_groups, "test": dataset.test_groups}
    return {
        "name": dataset.name,
        "description": info.description if info else None,
        "license": info.license if info else None,
        "source": info.source if info else None,
        "fingerprint": dataset.fingerprint,
        "num_classes": dataset.num_classes,
        "class_names": list(dataset.class_names) if dataset.class_names else None,
        "arrays": {name: _array(array) for name, array in dataset.arrays.items()},
        "pixels": {_short(part): _pixels(images) for part, (images, _) in dataset.parts.items()},
        "label_counts": {part: count.tolist() for part, count in counts.items()},
        "balance": {part: _balance(count) for part, count in counts.items()},
        "groups": {part: str(found) for part, found in groups.items() if found is not None},
        "group_sizes": {part: _sizes(found) for part, found in groups.items() if found is not None},
        "shared_groups": dataset.shared_groups,
        "doubtful_test_labels": len(info.doubtful_test_images) if info else 0,
        "doubtful": [asdict(label) for label in info.doubtful_test_images] if info else [],
        "notes": list(dataset.notes),
    }


def _short(part: str) -> str:
    return "train" if part == "training" else part


def _array(array: npt.NDArray[Any]) -> dict[str, Any]:
    low, high = extremes(array)
    return {
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "length": len(array),
        "minimum": low.item(),
        "maximum": high.item(),
    }


def _pixels(images: Images) -> dict[str, list[float]]:
    """Return the mean and the standard deviation of each channel's pixels."""
    sums = np.zeros((2, images.shape[-1]))
    for _, block in blocks(images, max(1, _BYTES_AT_ONCE // (8 * images[0].size))):
        values = block.astype(np.float64)
        sums += [values.sum(axis=(0, 1, 2)), np.square(values).sum(axis=(0, 1, 2))]
    mean, square = sums * images.shape[-1] / images.size
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return {"mean": mean.tolist(), "standard_deviation": deviation.tolist()}


def _balance(counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the commonest class, its share, and how many times the rarest that occurs it has."""
    return {
        "most_frequent": int(counts.argmax()),
        "share": float(counts.max() / counts.sum()),
        "times_the_rarest": float(counts.max() / counts[counts > 0].min()),
    }


def _sizes(groups: ImageGroups) -> dict[str, float]:
    """Return the images of the smallest, the median and the largest group."""
    sizes = np.bincount(groups.codes)
    return {
        "groups": groups.count,
        "smallest": int(sizes.min()),
        "median": float(np.median(sizes)),
        "largest": int(sizes.max()),
    }
