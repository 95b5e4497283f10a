"""Reads labels: whole numbers, text or one-hot, in a row or in a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import Labels
from ninetynine.datasets.images import describe
from ninetynine.errors import UserError

Texts = npt.NDArray[np.str_]
_LONGEST_TEXT_BYTES = 1_024


@dataclass(frozen=True)
class ReadLabels:
    """The labels of each part, int64 (n,) in 0..``num_classes`` - 1, and how they were read."""

    labels: tuple[Labels, ...]
    num_classes: int
    class_names: tuple[str, ...] | None
    notes: tuple[str, ...]


def read_labels(
    arrays: Mapping[str, npt.NDArray[np.generic]],
    lengths: Sequence[int],
    where: str,
    num_classes: int | None,
    class_names: tuple[str, ...] | None,
) -> ReadLabels:
    """Return the labels of each array, the training labels being the first.

    ``lengths`` are the numbers of images; ``num_classes`` and ``class_names`` are what is known
    beforehand. Text labels are numbered in the order of ``class_names``, or else of the training
    labels' own texts, which then are the names. Raises UserError where there is not one label for
    each image, or one of a class that no training image has.
    """
    flat = {
        name: _flatten(array, f"{where}: {name}", length)
        for (name, array), length in zip(arrays.items(), lengths, strict=True)
    }
    columns = {name: a.shape[1] for name, a in arrays.items() if _is_one_hot(a)}
    notes = [
        f"{name}: one-hot labels of {n} classes, read as 0..{n - 1}" for name, n in columns.items()
    ]
    if len(set(columns.values())) > 1:
        widths = ", ".join(f"{name} has {width}" for name, width in columns.items())
        raise UserError(f"{where}: one-hot labels differ in columns ({widths}); expected as many")
    train, *_ = flat
    if any(values.dtype.kind == "U" for values in flat.values()):
        texts = _all_texts(flat, where)
        class_names = class_names or _names_in(texts[train], f"{where}: {train}")
        notes.append(f"text labels, read as {numbered(class_names)}")
        integers = {n: _encode(t, class_names, f"{where}: {n}") for n, t in texts.items()}
    else:
        # A label over the largest int64 wraps round to a negative one, which is refused below.
        integers = {n: values.astype(np.int64) for n, values in flat.items()}
    if num_classes is None:
        told = len(class_names) if class_names else columns.get(train)
        num_classes = _count_classes(integers[train], f"{where}: {train}", told)
    for name, labels in integers.items():
        _check_classes(labels, num_classes, f"{where}: {name}")
    return ReadLabels(tuple(integers.values()), num_classes, class_names, tuple(notes))


def read_names(array: npt.NDArray[np.generic], where: str) -> tuple[str, ...]:
    """Return the classes' names that an array of text tells, in the order of the labels.

    Raises UserError where they are no text, are none to print, or are not distinct.
    """
    if array.ndim != 1 or array.dtype.kind not in "US" or len(array) < 2:
        raise UserError(
            f"{where} is {describe(array)}; expected the name of each class as text, in the order "
            "of the labels, such as numpy.array(['cat', 'dog'])"
        )
    names: list[str] = _decode(array, where).tolist()
    for name in names:
        _check_name(name, where)
    if len(set(names)) < len(names):
        raise UserError(f"{where} has one name twice; expected another for each class")
    return tuple(names)


def _flatten(
    array: npt.NDArray[np.generic], where: str, images: int
) -> npt.NDArray[np.integer] | Texts:
    """Return one label an image as whole numbers or text (n,)."""
    if _is_one_hot(array):
        labels: npt.NDArray[np.integer] | Texts = array.argmax(axis=1)
    else:
        row = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if row.ndim != 1:
            raise UserError(
                f"{where} is {describe(array)}; expected one label for each image, shape (n,) or "
                f"(n, 1), or one-hot{_reshape(array, images)}"
            )
        labels = _decode(row, where) if row.dtype.kind in "US" else _whole(row, where)
    if len(labels) != images:
        raise UserError(f"{where} has {len(labels)} labels for {images} images; expected as many")
    return labels


def _is_one_hot(array: npt.NDArray[np.generic]) -> bool:
    """Return whether an array is (n, classes) with a single 1 in each row and 0 elsewhere."""
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind not in "biuf":
        return False
    ones = array == 1
    return bool((ones | (array == 0)).all() and (ones.sum(axis=1) == 1).all())


def _reshape(array: npt.NDArray[np.generic], images: int) -> str:
    """Return what to do about labels of a wrong shape, where something can be done."""
    if array.size == images:
        return ": save labels.ravel()"
    if array.ndim == 2 and len(array) == images:
        return "; these are several a row, or probabilities"
    return ""


def _whole(row: npt.NDArray[np.generic], where: str) -> npt.NDArray[np.integer]:
    if np.issubdtype(row.dtype, np.integer):
        return row.astype(row.dtype, copy=False)
    whole = row.dtype.kind == "b" or (row.dtype.kind == "f" and bool((np.floor(row) == row).all()))
    remedy = ": save labels.astype(int)" if whole else " or text"
    raise UserError(
        f"{where} is {describe(row)}; expected whole numbers (an integer dtype){remedy}"
    )


def _decode(row: npt.NDArray[np.generic], where: str) -> Texts:
    """Return text of either kind as str."""
    if row.dtype.itemsize > _LONGEST_TEXT_BYTES:
        raise UserError(
            f"{where} is text of {row.dtype.itemsize:,} bytes a label; expected at most "
            f"{_LONGEST_TEXT_BYTES:,}, or whole numbers"
        )
    if row.dtype.kind == "U":
        return row.astype(np.str_, copy=False)
    try:
        return np.char.decode(row.astype(np.bytes_), "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{where} holds bytes that are no UTF-8 text; expected text, or whole numbers"
        ) from error


def _all_texts(flat: Mapping[str, npt.NDArray[np.integer] | Texts], where: str) -> dict[str, Texts]:
    """Return the arrays as text, which all must be where one is."""
    kinds = {n: "text" if v.dtype.kind == "U" else "whole numbers" for n, v in flat.items()}
    if len(set(kinds.values())) > 1:
        found = ", ".join(f"{name} is {kind}" for name, kind in kinds.items())
        raise UserError(f"{where}: {found}; expected labels of one kind in all of them")
    return {name: values.astype(np.str_, copy=False) for name, values in flat.items()}


def _names_in(texts: Texts, where: str) -> tuple[str, ...]:
    """Return the texts that occur: in the order of their numbers if all are such, else sorted."""
    names: list[str] = np.unique(texts).tolist()
    for name in names:
        _check_name(name, where)
    if all(name.isascii() and name.isdecimal() for name in names):
        names.sort(key=lambda name: (len(name), name))
    return tuple(names)


def _check_name(name: str, where: str) -> None:
    # It is printed on terminals and drawn in pictures.
    if not name or not name.isprintable() or name != name.strip():
        raise UserError(
            f"{where} has the label {name!a}; expected printable text without spaces around it"
        )


def _encode(texts: Texts, names: tuple[str, ...], where: str) -> Labels:
    """Return the number of each text's class."""
    number = {name: index for index, name in enumerate(names)}
    found, inverse = np.unique(texts, return_inverse=True)
    codes = np.array([number.get(text, -1) for text in found.tolist()], np.int64)[inverse]
    outside = np.flatnonzero(codes < 0)
    if outside.size:
        first = int(outside[0])
        raise UserError(
            f"{where} has labels outside the classes ({len(outside)} of {len(codes)}); the first "
            f"is {str(texts[first])!a} at index {first}; expected those that training images "
            f"have: {numbered(names)}"
        )
    return codes


def numbered(names: tuple[str, ...]) -> str:
    """Return the classes' names with their numbers, the middle ones of many left out."""
    numbered = [f"{index} = {name}" for index, name in enumerate(names)]
    return ", ".join(numbered if len(names) <= 10 else [*numbered[:9], "...", numbered[-1]])


def _count_classes(labels: Labels, where: str, told: int | None) -> int:
    """Return the number of classes: ``told``, or as the labels have them; each must occur."""
    present = np.unique(labels)
    classes = told if told is not None else max(int(present[-1]) + 1, 1)
    if len(present) == 1:
        raise UserError(
            f"{where} holds one class only, {present[0]} in all {len(labels)} labels; expected at "
            "least two"
        )
    if present[0] < 0 or present[-1] >= classes or len(present) == classes:
        return classes
    if told is None and len(present) == classes - 1 and present[0] == 1:
        raise UserError(
            f"{where} goes from 1 to {classes - 1}, so no training image has label 0; expected "
            "classes numbered from 0 (save labels - 1 of each part)"
        )
    # The first gap: present[i] == i up to there.
    gaps = np.flatnonzero(present != np.arange(len(present)))
    gap = int(gaps[0]) if gaps.size else len(present)
    reach = f"goes up to {classes - 1}" if told is None else f"is of {classes} classes"
    raise UserError(
        f"{where} {reach} but no training image has label {gap}; expected classes 0, 1, 2, ... "
        "without gaps (renumber the labels of each part)"
    )


def _check_classes(labels: Labels, num_classes: int, where: str) -> None:
    """Raise UserError if a label lies outside 0..num_classes - 1."""
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        first = int(outside[0])
        raise UserError(
            f"{where} has labels outside the classes 0..{num_classes - 1} ({len(outside)} of "
            f"{len(labels)}); the first is {int(labels[first])} at index {first}; expected those "
            "that training images have, numbered from 0"
        )
