"""Turns raw arrays into a Dataset, or into one line that says what is wrong with them.

Hashes are taken over decoded arrays: the same data give the same fingerprint whatever file they
came in.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.model import (
    ARRAY_NAMES,
    Dataset,
    DatasetInfo,
    Images,
    Labels,
    RawArrays,
)
from ninetynine.errors import UserError


def build_dataset(name: str, arrays: RawArrays, where: str, num_classes: int | None) -> Dataset:
    """Return ``arrays`` as a checked Dataset.

    Images of any file are (n, height, width) or (n, height, width, channels), uint8 or floats in
    [0, 1]; labels are integers (n,). With ``num_classes`` None the classes are 0..max of the
    training labels, each of which needs a training image. ``where`` names the file in the
    UserError that anything else raises.
    """
    train_images = _images(arrays["x_train"], f"{where}: x_train")
    test_images = _images(arrays["x_test"], f"{where}: x_test")
    train_labels = _labels(arrays["y_train"], f"{where}: y_train", len(train_images))
    test_labels = _labels(arrays["y_test"], f"{where}: y_test", len(test_images))
    _check_same_kind(train_images, test_images, where)
    if num_classes is None:
        num_classes = _count_classes(train_labels, where)
    _check_classes(train_labels, num_classes, f"{where}: y_train")
    _check_classes(test_labels, num_classes, f"{where}: y_test")
    return Dataset(
        name=name,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        num_classes=num_classes,
        fingerprint=fingerprint(train_images, train_labels, test_images, test_labels),
    )


def build_known(info: DatasetInfo, arrays: RawArrays, where: str) -> Dataset:
    """Return a known dataset's arrays as a checked Dataset.

    Raises UserError unless they have the shapes and the hashes pinned in ``info``.
    """
    dataset = build_dataset(info.name, arrays, where, info.num_classes)
    _verify(dataset, info, where)
    return dataset


def _verify(dataset: Dataset, info: DatasetInfo, where: str) -> None:
    arrays = {
        "x_train": dataset.train_images,
        "y_train": dataset.train_labels,
        "x_test": dataset.test_images,
        "y_test": dataset.test_labels,
    }
    lengths = {"x_train": info.train_length, "x_test": info.test_length}
    for name, length in lengths.items():
        expected = (length, *info.image_shape)
        if arrays[name].shape != expected or arrays[name].dtype != np.uint8:
            raise UserError(
                f"{where}: not the original {info.name}: {name} is {_describe(arrays[name])}, "
                f"expected uint8 {expected}; {_ways_out(info)}"
            )
    if info.fingerprint == dataset.fingerprint:
        return
    differing = [
        name for name, sha256 in info.array_sha256.items() if array_sha256(arrays[name]) != sha256
    ]
    if differing or info.fingerprint is not None:
        which = f" ({', '.join(differing)} differ)" if differing else ""
        raise UserError(
            f"{where}: not the original {info.name}: wrong fingerprint "
            f"{dataset.fingerprint[:16]}...{which}; {_ways_out(info)}"
        )


def _ways_out(info: DatasetInfo) -> str:
    if info.embedded:
        return "reinstall the package that brings its arrays, or correct its INFO where it is yours"
    return (
        f"get the original files (in a sub-folder {info.name}/ if another dataset's lie beside "
        "them), or give data of your own as the path of an .npz file"
    )


def _images(array: npt.NDArray[np.generic], where: str) -> Images:
    """Return uint8 or float32 images with a channel axis."""
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise UserError(
            f"{where} is {_describe(array)}; expected images of shape (n, height, width) or "
            "(n, height, width, channels), none of them 0"
        )
    if array.dtype == np.uint8:
        images: Images = array.astype(np.uint8, copy=False)
    elif np.issubdtype(array.dtype, np.floating):
        images = _unit_floats(array, where)
    else:
        raise UserError(
            f"{where} is {_describe(array)}; expected uint8 in 0..255 or floats in [0, 1]"
        )
    return images[..., np.newaxis] if images.ndim == 3 else images


def _unit_floats(array: npt.NDArray[np.generic], where: str) -> npt.NDArray[np.float32]:
    """Return floats as float32 after checking that each is finite and in [0, 1]."""
    if not np.isfinite(array).all():
        raise UserError(f"{where} holds NaN or infinite values; expected floats in [0, 1]")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        raise UserError(
            f"{where} has values from {low:g} to {high:g}; expected floats in [0, 1] "
            "(divide by 255, or save uint8)"
        )
    return array.astype(np.float32)


def _labels(array: npt.NDArray[np.generic], where: str, images: int) -> Labels:
    """Return labels as int64, one for each image."""
    if array.ndim != 1:
        raise UserError(
            f"{where} is {_describe(array)}; expected one whole number per image, shape (n,) "
            "(one-hot labels: save labels.argmax(axis=1); a column: save labels.ravel())"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise UserError(f"{where} is {_describe(array)}; expected whole numbers (an integer dtype)")
    if len(array) != images:
        raise UserError(f"{where} has {len(array)} labels for {images} images; expected as many")
    # An unsigned 64-bit label can wrap round to a negative one, which _check_classes then rejects.
    return array.astype(np.int64)


def _check_same_kind(train: Images, test: Images, where: str) -> None:
    """Raise UserError unless train and test images agree in everything but their number."""
    if train.shape[1:] != test.shape[1:] or train.dtype != test.dtype:
        raise UserError(
            f"{where}: x_train is {_describe(train)} and x_test {_describe(test)}; "
            "expected images of one shape and dtype"
        )


def _count_classes(labels: Labels, where: str) -> int:
    """Return the number of classes in a user's training labels."""
    present = np.unique(labels)
    classes = int(present[-1]) + 1
    if present[0] >= 0 and len(present) < classes:
        # The first gap: present[i] == i up to there.
        gap = int(np.flatnonzero(present != np.arange(len(present)))[0])
        raise UserError(
            f"{where}: y_train goes up to {classes - 1} but no training image has label {gap}; "
            "expected classes 0, 1, 2, ... without gaps (renumber the labels)"
        )
    if classes == 1:
        raise UserError(f"{where}: y_train holds one class only; expected at least two")
    return classes


def _check_classes(labels: Labels, num_classes: int, where: str) -> None:
    """Raise UserError if a label lies outside 0..num_classes - 1."""
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        first = int(outside[0])
        raise UserError(
            f"{where} has labels outside the classes 0..{num_classes - 1} ({len(outside)} of "
            f"{len(labels)}); the first is {int(labels[first])} at index {first}"
        )


def _describe(array: npt.NDArray[np.generic]) -> str:
    return f"{array.dtype} {array.shape}"


def array_sha256(array: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256 (64 hex) of an array's bytes in C order, little-endian."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.data).hexdigest()


def fingerprint(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels
) -> str:
    """Return one SHA-256 (64 hex) over a decoded dataset.

    It is taken over four lines ``name dtype shape sha256``, such as
    ``x_train uint8 60000x28x28x1 741c...``, so that it can be worked out again from the four
    arrays' own hashes.
    """
    arrays = zip(ARRAY_NAMES, (train_images, train_labels, test_images, test_labels), strict=True)
    lines = [
        f"{name} {array.dtype.name} {'x'.join(map(str, array.shape))} {array_sha256(array)}\n"
        for name, array in arrays
    ]
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()
