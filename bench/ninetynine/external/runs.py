"""Runs in a file: labels or probabilities for a dataset's test images, in their order."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.arrays import Npz, StoredArray, check_file, check_size, open_npy
from ninetynine.datasets import Dataset
from ninetynine.datasets.screening import FEW_TEST_IMAGES
from ninetynine.errors import UserError
from ninetynine.external.table import class_numbers, read_table

MOST_RUNS = 1_000  # of one import; the memory that labels need grows with it, not with the file

# Printed or float16 probabilities are rounded; a sum further off than this is no distribution.
_SUM_TOLERANCE = 0.02
_BLOCK_BYTES = 2**22
_EPSILON = 1e-7
_REMEDY = "write it with numpy.save(file, predictions) or numpy.savez(file, seed_0=..., seed_1=...)"
_TABLES = (".csv", ".tsv", ".txt")
# Names of arrays and files that say a run's seed: "seed_3", "mlp-run-12", "arr_0", "7".
_SEED = re.compile(r"(?:(?:.*[^a-z])?(?:seed|run|arr)[ _-]?)?(\d{1,9})", re.IGNORECASE)
# Names of arrays that say what a model predicts, and not what is right.
_PREDICTED = re.compile(r"(?:.*[^a-z])?(?:(?:seed|run)[ _-]?\d{1,9}|y?_?pred.*)", re.IGNORECASE)


@dataclass(frozen=True)
class Run:
    """One run's predictions: labels (m,), or probabilities (m, classes) of any float dtype."""

    where: str  # the file, with the array where it holds several
    seed: int | None  # where its name says one
    values: NDArray[Any]
    classes: int
    is_all_right: bool = False  # the very labels of as many images as chance does not get right

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Return float32 (m, classes); labels have 1 for one class and 0 for the others."""
        if self.values.ndim == 2:
            return self.values.astype(np.float32, copy=False)
        return np.eye(self.classes, dtype=np.float32)[self.values.astype(np.int64)]

    def loss(self, dataset: Dataset) -> float | None:
        """Return the mean cross-entropy (nats) of probabilities, clipped as Keras does.

        None of labels, and of probabilities that give each image one class alone.
        """
        if self.values.ndim == 1 or ((self.values == 0) | (self.values == 1)).all():
            return None
        labels = dataset.test_labels.astype(np.int64)
        rows = self.values.astype(np.float64)
        true = rows[np.arange(len(labels)), labels] / rows.sum(axis=1)
        return float(-np.log(np.clip(true, _EPSILON, 1 - _EPSILON)).mean())

    def is_test_labels(self, dataset: Dataset) -> bool:
        """Return whether nothing tells it from the labels that it is to be judged by.

        Of few images, a model may well have all right.
        """
        labels, values = dataset.test_labels, self.values
        if values.ndim == 2 and not ((values == 0) | (values == 1)).all():
            return False
        predicted = values.argmax(axis=1) if values.ndim == 2 else values
        return len(labels) >= FEW_TEST_IMAGES and np.array_equal(predicted, labels)


def read_runs(paths: Sequence[Path], dataset: Dataset) -> list[Run]:
    """Return the runs in ``paths``, checked.

    A file holds, for the m test images in their order: labels (m,), or several runs' (n, m);
    probabilities (m, classes), or several runs' (n, m, classes).  ``.npy``, ``.npz`` (an array a
    run, or one with all), or a table of text (`table.read_table`).  Raises UserError where it is
    none of these, where a value is no label or no probability, and where an array of an .npz is the
    test labels themselves, which lie beside predictions in many files, a record's included; one
    that is called as a run is (``seed_0``, ``predictions``) may have all right.
    """
    runs: list[Run] = []
    for path in paths:
        runs += _read_file(path, dataset, MOST_RUNS - len(runs))
    return runs


def run_of(values: NDArray[Any], where: str, dataset: Dataset) -> Run:
    """Return one run's ``values``, labels (m,) or probabilities (m, classes), checked.

    Raises UserError, which ``where`` begins, where they are neither.
    """
    if values.dtype.kind not in "biufUS" or not values.size:
        raise UserError(
            f"{where}: {values.dtype} of shape {values.shape}; expected labels or probabilities"
        )
    runs = [*_runs_of(Path(where), "", values, dataset)]
    if len(runs) != 1:
        raise UserError(f"{where}: {len(runs)} runs; expected this seed's alone")
    return runs[0]


def _read_file(path: Path, dataset: Dataset, most: int) -> list[Run]:
    kind = path.suffix.lower()
    expected = "a .npy, .npz or .csv file of predictions"
    check_file(path, expected)
    if kind in _TABLES:
        found = [("", read_table(path, dataset))]
    elif kind == ".npy":
        stored = open_npy(path, _REMEDY)
        _check_arrays(path, [stored], dataset, most)
        found = [("", stored.read())]
    elif kind == ".npz":
        with Npz(path, _REMEDY) as archive:
            arrays = [archive.find(name) for name in sorted(archive.names)]
            _check_arrays(path, arrays, dataset, most)
            found = [(array.name, array.read()) for array in arrays]
    else:
        raise UserError(f"{path}: expected {expected}")
    return [run for name, array in found for run in _runs_of(path, name, array, dataset)]


def _check_arrays(path: Path, arrays: list[StoredArray], dataset: Dataset, most: int) -> None:
    """Raise UserError where the headers fit no predictions for ``dataset``, or too many."""
    if not arrays:
        raise UserError(f"{path}: holds no arrays; {_REMEDY}")
    runs = 0
    for array in arrays:
        if array.dtype.kind not in "biufUS":
            raise UserError(f"{_place(path, array.name)}: holds {array.dtype}, expected numbers")
        if array.size == 0:
            raise UserError(
                f"{_place(path, array.name)}: is empty (shape {array.shape}); {_REMEDY}"
            )
        runs += _shape_of_runs(path, array, dataset)[0]
    if runs > most:
        raise UserError(f"{path}: {runs:,} runs; expected at most {MOST_RUNS:,} runs in one import")
    check_size(path, sum(array.size * array.dtype.itemsize for array in arrays))


def _shape_of_runs(
    path: Path, array: StoredArray | NDArray[Any], dataset: Dataset
) -> tuple[int, ...]:
    """Return (n, m) or (n, m, classes) of what may lack n, or have m labels in a column."""
    images, classes = len(dataset.test_labels), dataset.num_classes
    shape, is_text = array.shape, array.dtype.kind in "US"
    if shape in ((images,), (images, 1)):
        return 1, images
    if shape == (images, classes) and not is_text:
        return 1, *shape
    if shape[1:] == (images,) or (shape[1:] == (images, classes) and not is_text):
        return shape
    name = array.name if isinstance(array, StoredArray) else ""
    raise UserError(
        f"{_place(path, name)}: shape {shape} fits no predictions for {images:,} test images of "
        f"{classes} classes; expected labels ({images},) or (runs, {images}), or probabilities "
        f"({images}, {classes}) or (runs, {images}, {classes})"
    )


def _place(path: Path, name: str) -> str:
    return f"{path}: {name}" if name else str(path)


def _runs_of(path: Path, name: str, array: NDArray[Any], dataset: Dataset) -> Iterator[Run]:
    where = _place(path, name)
    if array.dtype.kind in "US":
        texts, codes = np.unique(array.astype(np.str_), return_inverse=True)
        array = class_numbers(texts.tolist(), dataset, where)[codes].reshape(array.shape)
    runs = array.reshape(_shape_of_runs(path, array, dataset))
    if array.dtype.kind == "b" and runs.ndim == 2 and dataset.num_classes > 2:
        raise UserError(
            f"{where}: holds true and false for each image, not one of {dataset.num_classes} "
            "classes; expected what the model predicts, not whether that is right"
        )
    named = _SEED.fullmatch(name or path.stem)
    for number, values in enumerate(runs):
        seed = int(named[1]) if named is not None and len(runs) == 1 else None
        one = where if len(runs) == 1 else f"{where} [{number}]"
        _check_values(one, values, dataset.num_classes)
        run = Run(one, seed, values, dataset.num_classes)
        run = replace(run, is_all_right=run.is_test_labels(dataset))
        if run.is_all_right and name and len(runs) == 1 and not _PREDICTED.fullmatch(name):
            raise UserError(
                f"{one}: these are the test labels of {dataset.name} themselves; expected what a "
                "model predicts: leave them out, or call the array seed_0 if a model has all right"
            )
        yield run


def _check_values(where: str, values: NDArray[Any], classes: int) -> None:
    if values.ndim == 1:
        _check_labels(where, values.astype(np.float64), classes)
        return
    rows = max(1, _BLOCK_BYTES // (8 * classes))
    for start in range(0, len(values), rows):
        _check_probabilities(where, values[start : start + rows].astype(np.float64))


def _check_labels(where: str, values: NDArray[np.float64], classes: int) -> None:
    _check_finite(where, values)
    low, high = values.min(), values.max()
    if (values != np.round(values)).any() or low < 0 or high >= classes:
        remedy = ""
        if low == 1 and high == classes:
            remedy = " (these are numbered from 1: save labels - 1)"
        elif (values != np.round(values)).any():
            remedy = " (probabilities have a row for each image and a column for each class)"
        raise UserError(
            f"{where}: labels must be whole numbers from 0 to {classes - 1}, "
            f"found {low:g} to {high:g}{remedy}"
        )


def _check_finite(where: str, values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise UserError(
            f"{where}: holds values that are not finite; expected labels or probabilities"
        )


def _check_probabilities(where: str, values: NDArray[np.float64]) -> None:
    _check_finite(where, values)
    low, high = values.min(), values.max()
    if low >= 0 and 1 < high <= 101 and np.abs(values.sum(axis=1) - 100).max() < 2:
        raise UserError(
            f"{where}: probabilities must be from 0 to 1; these are percentages: save them / 100"
        )
    if low < 0 or high > 1 + _SUM_TOLERANCE:
        rounded = low > -_SUM_TOLERANCE and high <= 1 + _SUM_TOLERANCE
        remedy = "save numpy.clip(them, 0, 1)" if rounded else "for logits apply a softmax first"
        raise UserError(
            f"{where}: probabilities must be from 0 to 1, found {low:g} to {high:g}; {remedy}"
        )
    worst = np.abs(values.sum(axis=1) - 1).max()
    if worst > _SUM_TOLERANCE:
        raise UserError(
            f"{where}: probabilities of an image must sum to 1; one is off by {worst:.3f} (for "
            "sigmoids, divide each row by its sum)"
        )
