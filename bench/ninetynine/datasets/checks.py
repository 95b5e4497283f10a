"""Turns raw arrays into a Dataset, or into one line that says what is wrong with them.

Hashes are taken over decoded arrays: the same data give the same fingerprint whatever file they
came in.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import blocks, is_mapped
from ninetynine.datasets.dataset import (
    ARRAY_NAMES,
    NAMINGS,
    TEST_GROUPS,
    TRAIN_GROUPS,
    Dataset,
    DatasetInfo,
    ImageGroups,
    Images,
    Labels,
    RawArrays,
)
from ninetynine.datasets.groups import groups_in, read_groups, read_noun
from ninetynine.datasets.images import describe, read_images
from ninetynine.datasets.labels import read_labels
from ninetynine.datasets.screening import refuse_errors
from ninetynine.errors import UserError


def build_dataset(
    name: str,
    arrays: RawArrays,
    where: str,
    num_classes: int | None,
    class_names: tuple[str, ...] | None = None,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Return ``arrays``, with a validation part or without, as a checked Dataset.

    Images of any file are (n, height, width) or (n, height, width, channels), uint8 or floats in
    [0, 1]; labels are integers or text, (n,) or (n, 1), or one-hot (n, classes). With
    ``num_classes`` None the classes are 0..max of the training labels, or its texts, or its
    columns; each needs a training image. Groups of images are whole numbers or text, one an image;
    those of the training images, by which they are split, are in the fingerprint. ``where`` names
    the file in the UserError that anything else raises. ``notes`` go before those of what was done.
    """
    names = [name for name in _naming(arrays) if name in arrays]
    for image_name, label_name in zip(names[::2], names[1::2], strict=True):
        _check_first_axis(arrays, image_name, label_name, where)
    images = [read_images(arrays[name], f"{where}: {name}") for name in names[::2]]
    for image_name, other in zip(names[2::2], images[1:], strict=True):
        _check_same_kind(images[0], other, f"{where}: {names[0]}", image_name)
    read = read_labels(
        {name: arrays[name] for name in names[1::2]},
        [len(part) for part in images],
        where,
        num_classes,
        class_names,
    )
    parts = [array for pair in zip(images, read.labels, strict=True) for array in pair]
    groups = _groups(arrays, (len(images[1]), len(images[0])), where)
    dataset = Dataset(
        name=name,
        train_images=images[0],
        train_labels=read.labels[0],
        test_images=images[1],
        test_labels=read.labels[1],
        num_classes=read.num_classes,
        fingerprint=fingerprint(*parts, train_groups=groups[TRAIN_GROUPS]),
        validation_images=images[2] if images[2:] else None,
        validation_labels=read.labels[2] if images[2:] else None,
        class_names=read.class_names,
        where=where,
        notes=(
            *notes,
            *_mapped(names[::2], images),
            *read.notes,
        ),
        test_groups=groups[TEST_GROUPS],
        train_groups=groups[TRAIN_GROUPS],
        shared_groups=_shared_groups(arrays),
    )
    refuse_errors(dataset)
    return dataset


def _mapped(names: Sequence[str], images: Sequence[Images]) -> Iterable[str]:
    """Yield a note where images stay in their file."""
    sizes = {n: a.nbytes for n, a in zip(names, images, strict=True) if is_mapped(a)}
    if sizes:
        yield (
            f"{', '.join(sizes)}: {sum(sizes.values()) / 2**30:.2g} GiB, read from the disk as "
            "they are needed"
        )


def build_known(info: DatasetInfo, arrays: RawArrays, where: str) -> Dataset:
    """Return a known dataset's arrays as a checked Dataset.

    Only the four of ``ARRAY_NAMES`` are taken, with the groups that come with the dataset: what is
    pinned has no validation part. Raises UserError unless they have the shapes and the hashes
    pinned in ``info``.
    """
    four = {name: arrays[name] for name in _naming(arrays)[:4]}
    dataset = build_dataset(info.name, four, where, info.num_classes, info.class_names)
    _verify(dataset, info, where)
    if info.test_groups is None:
        return dataset
    return replace(dataset, test_groups=groups_in(info.test_groups, info.groups_noun))


def _groups(
    arrays: RawArrays, lengths: tuple[int, int], where: str
) -> dict[str, ImageGroups | None]:
    """Return the groups of the test and of the training images, None where they are not told."""
    noun = read_noun(arrays, where)
    return {
        name: read_groups(arrays[name], length, f"{where}: {name}", noun)
        if name in arrays
        else None
        for name, length in zip((TEST_GROUPS, TRAIN_GROUPS), lengths, strict=True)
    }


def _shared_groups(arrays: RawArrays) -> int | None:
    """Return how many groups have images in both parts; None where either's are not told."""
    if TEST_GROUPS not in arrays or TRAIN_GROUPS not in arrays:
        return None
    return len(np.intersect1d(arrays[TEST_GROUPS], arrays[TRAIN_GROUPS]))


def _verify(dataset: Dataset, info: DatasetInfo, where: str) -> None:
    arrays = dataset.arrays
    lengths = {"x_train": info.train_length, "x_test": info.test_length}
    for name, length in lengths.items():
        expected = (length, *info.image_shape)
        if arrays[name].shape != expected or arrays[name].dtype != np.uint8:
            raise UserError(
                f"{where}: not the original {info.name}: {name} is {describe(arrays[name])}, "
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


def _naming(arrays: RawArrays) -> tuple[str, ...]:
    """Return the six names that a file calls its arrays by, its validation part's or not."""
    return next(names for names in NAMINGS if names[0] in arrays)


def _check_first_axis(arrays: RawArrays, images: str, labels: str, where: str) -> None:
    """Raise UserError where the images lie along the last axis, as in MATLAB's files."""
    shape, count = arrays[images].shape, arrays[labels].shape[:1]
    if len(shape) in (3, 4) and count == shape[-1:] and max(shape[:-1]) < shape[-1]:
        raise UserError(
            f"{where}: {images} is {describe(arrays[images])} and {labels} has {count[0]} labels; "
            f"expected the images along the first axis: save numpy.moveaxis({images}, -1, 0)"
        )


def _check_same_kind(train: Images, other: Images, where: str, name: str) -> None:
    """Raise UserError unless a part's images agree with the training images but in number."""
    if train.shape[1:] != other.shape[1:] or train.dtype != other.dtype:
        raise UserError(
            f"{where} is {describe(train)} and {name} {describe(other)}; "
            "expected images of one shape and dtype"
        )


def array_sha256(array: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256 (64 hex) of an array's bytes in C order, little-endian."""
    digest, little = hashlib.sha256(), array.dtype.newbyteorder("<")
    for _, block in blocks(array):
        digest.update(np.ascontiguousarray(block, dtype=little).data)
    return digest.hexdigest()


def fingerprint(*arrays: Images | Labels, train_groups: ImageGroups | None = None) -> str:
    """Return one SHA-256 (64 hex) over a decoded dataset's four arrays, or six with a validation
    part, in the order of ``ARRAY_NAMES`` and ``VALIDATION_NAMES``.

    It is taken over lines ``name dtype shape sha256``, such as ``x_train uint8 60000x28x28x1
    741c...``, so that it can be worked out again from the arrays' own hashes. The training images'
    groups are in it where they are known: they say which images are held back. Those of the test
    images change no trained number.
    """
    named: list[tuple[str, npt.NDArray[np.generic]]] = list(zip(NAMINGS[0], arrays, strict=False))
    if train_groups is not None:
        named.append((TRAIN_GROUPS, train_groups.codes))
    return _fingerprint(named)


def fingerprint_of_test_part(dataset: Dataset) -> str:
    """Return one SHA-256 (64 hex) over the test images and labels, as `fingerprint` over all."""
    return _fingerprint((name, dataset.arrays[name]) for name in ARRAY_NAMES[2:])


def _fingerprint(arrays: Iterable[tuple[str, npt.NDArray[np.generic]]]) -> str:
    lines = [
        f"{name} {array.dtype.name} {'x'.join(map(str, array.shape))} {array_sha256(array)}\n"
        for name, array in arrays
    ]
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()
