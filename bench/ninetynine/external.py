"""Predictions made elsewhere: read, checked like any input, and turned into records."""

import csv
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import __version__
from ninetynine.cells import untrained
from ninetynine.datasets import Dataset
from ninetynine.errors import UserError
from ninetynine.records import Context, Predictions, Record, Score, Scores
from ninetynine.records.store import to_float16

# Printed or float16 probabilities are rounded; a sum further off than this is no distribution.
_SUM_TOLERANCE = 0.02


def read_runs(path: Path, dataset: Dataset) -> list[NDArray[np.float32]]:
    """Return the runs in ``path`` as float32 probabilities (m, classes), one array a run.

    A file holds, for the m test images in their order: labels (m,), or several runs' (n, m);
    probabilities (m, classes), or several runs' (n, m, classes).  ``.npy``, ``.npz`` (an array a
    run, or one with all), or ``.csv`` (a row an image: one label, or a column a class).
    Raises UserError where it is none of these, or a value is no label or no probability.
    """
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UserError(f"{path}: expected a .npy, .npz or .csv file of predictions")
    try:
        arrays = reader(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise UserError(f"{path}: not a whole file of numbers ({error}); write it again") from error
    images, classes = len(dataset.test_labels), dataset.num_classes
    runs = [run for array in arrays for run in _split_runs(path, array, images, classes)]
    return [_to_probabilities(path, run, classes) for run in runs]


def make_records(
    name: str, runs: Sequence[NDArray[np.float32]], dataset: Dataset, note: str
) -> list[tuple[Record, Predictions]]:
    """Return a record for each run; the runs of one import share a row, numbered from 0."""
    digest = hashlib.sha256()
    for run in runs:
        digest.update(np.ascontiguousarray(run).tobytes())
    return [_record(name, i, run, dataset, digest.hexdigest(), note) for i, run in enumerate(runs)]


def _record(
    name: str, number: int, run: NDArray[np.float32], dataset: Dataset, digest: str, note: str
) -> tuple[Record, Predictions]:
    identity = untrained(
        architecture=name,
        source_hash=digest,
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        seed=number,
    )
    predictions = Predictions(to_float16(run), dataset.test_labels.astype(np.uint16))
    accuracy = float(predictions.correct.mean())
    record = Record(
        kind="external",
        key=identity.key,
        status="finished",
        cell=identity,
        context=Context(
            suite="import",
            variant="published",
            suite_version=__version__,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            note=note,
        ),
        scores=Scores(test=Score(loss=None, accuracy=accuracy)),
    )
    return record, predictions


def _read_npy(path: Path) -> list[NDArray[Any]]:
    return [np.load(path, allow_pickle=False)]


def _read_npz(path: Path) -> list[NDArray[Any]]:
    import zipfile

    try:
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in sorted(arrays.files)]
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error


def _read_csv(path: Path) -> list[NDArray[Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if row]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]  # a heading
    values = np.array([[float(value) for value in row] for row in rows])
    return [values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values]


def _is_number(text: str) -> bool:
    with suppress(ValueError):
        float(text)
        return True
    return False


def _split_runs(path: Path, array: NDArray[Any], images: int, classes: int) -> list[NDArray[Any]]:
    if not (np.issubdtype(array.dtype, np.number) or array.dtype == np.bool_):
        raise UserError(f"{path}: holds {array.dtype}, expected numbers")
    if array.shape in ((images,), (images, classes)):
        return [array]
    if array.ndim == 3 and array.shape[1:] == (images, classes):
        return list(array)
    if array.ndim == 2 and array.shape[1] == images:
        return list(array)
    raise UserError(
        f"{path}: shape {array.shape} fits no predictions for {images:,} test images of {classes} "
        f"classes; expected labels ({images},) or (runs, {images}), or probabilities "
        f"({images}, {classes}) or (runs, {images}, {classes})"
    )


def _to_probabilities(path: Path, run: NDArray[Any], classes: int) -> NDArray[np.float32]:
    values = run.astype(np.float64)
    if not np.isfinite(values).all():
        raise UserError(
            f"{path}: holds values that are not finite; expected labels or probabilities"
        )
    if run.ndim == 1:
        if (values != np.round(values)).any() or values.min() < 0 or values.max() >= classes:
            raise UserError(f"{path}: labels must be whole numbers from 0 to {classes - 1}")
        return np.eye(classes, dtype=np.float32)[values.astype(np.int64)]
    if values.min() < 0 or values.max() > 1 + _SUM_TOLERANCE:
        raise UserError(
            f"{path}: probabilities must be from 0 to 1; for logits apply a softmax first"
        )
    worst = np.abs(values.sum(axis=1) - 1).max()
    if worst > _SUM_TOLERANCE:
        raise UserError(
            f"{path}: probabilities of an image must sum to 1; one is off by {worst:.3f}"
        )
    return values.astype(np.float32)
