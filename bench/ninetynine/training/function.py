"""A function ``train(dataset, seed)`` of an architecture's file -> a record and its predictions.

It runs in the worker's process, imports what it likes, and returns what a program writes: its
predictions for the test images.  Nothing else is known of how it trains.
"""

import random
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.blame import last_line
from ninetynine.building import call_train, in_one_line
from ninetynine.cells import Cell
from ninetynine.datasets import Dataset, Finding
from ninetynine.errors import UserError
from ninetynine.external.runs import Run, run_of
from ninetynine.inputs import Inputs, OnInputs
from ninetynine.records import Predictions, Record
from ninetynine.training.clocks import Clock, peak_memory_bytes, reset_peak_memory
from ninetynine.training.program import record_of
from ninetynine.training.program_process import ProgramFailed
from ninetynine.training.setup import noting_inputs

_FEW_TRAIN, _FEW_TEST = 200, 50  # images of a trial


@dataclass(frozen=True)
class TrainingData:
    """What ``train`` is given: the training part, and the test images without their labels.

    Images are (n, height, width, channels), uint8 in 0..255 or float32 in [0, 1]; labels are int64
    (n,) in 0..``num_classes`` - 1.  The arrays cannot be written to.  The validation part, where
    the dataset has one of its own, and ``class_names`` may be None.
    """

    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_images: NDArray[Any]
    num_classes: int
    class_names: tuple[str, ...] | None = None
    validation_images: NDArray[Any] | None = None
    validation_labels: NDArray[np.int64] | None = None


def train_by_function(
    cell: Cell,
    architecture: Architecture,
    dataset: Dataset,
    cores: list[int],
    data_seconds: float = 0.0,
    on_inputs: OnInputs = lambda inputs: None,
) -> tuple[Record, Predictions]:
    """Call the function for the seed of ``cell`` and return its record and predictions.

    The global generators of Python and NumPy are seeded before.  Raises ProgramFailed where it
    raises or returns no predictions, and UserError where its file cannot be imported.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    reset_peak_memory()
    clock = Clock(cores)
    beside: Inputs = {}
    try:
        with noting_inputs(architecture) as inputs, clock.running():
            run = _called(architecture, dataset, cell.identity.seed)
    finally:
        # What libraries look at all over the machine is no part of it; what lies beside it is.
        beside |= {name: f for name, f in inputs.items() if not name.startswith("file /")}
        on_inputs(beside)
    return record_of(
        cell.reading(beside),
        dataset,
        cores,
        run,
        clock,
        started_at,
        data_seconds=data_seconds,
        peak_memory_bytes=peak_memory_bytes(),
    )


def findings_of_function(architecture: Architecture, dataset: Dataset) -> Iterator[Finding]:
    """Yield what is to be said of the function, tried twice on a few of the dataset's images."""
    few = _few(dataset)
    try:
        first, second = (_called(architecture, few, 0).values for _ in range(2))
    except (UserError, ProgramFailed) as error:
        yield Finding("error", str(error))
        return
    if not np.array_equal(first, second):
        yield Finding(
            "warning",
            f"{architecture.path}: two trainings of one seed predict differently: use the seed for "
            "all that is random in train(), e.g. random_state=seed",
        )


def _called(architecture: Architecture, dataset: Dataset, seed: int) -> Run:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (what a user's libraries draw from)
    where = f"{architecture.path}: train()"
    try:
        returned = call_train(architecture, _data_of(dataset), seed)
    except (UserError, KeyboardInterrupt):
        raise
    except BaseException as error:
        said = f"{last_line(architecture, error)}: train() raised {in_one_line(error)}"
        raise ProgramFailed(said, traceback.format_exc()) from error
    if returned is None:
        raise ProgramFailed(
            f"{where} returned None; expected labels (m,) or probabilities (m, classes) of the "
            "test images"
        )
    try:
        return run_of(np.asarray(returned), where, dataset)
    except UserError as error:
        raise ProgramFailed(str(error)) from error
    except Exception as error:  # lists of several lengths; PyTorch's tensors have their own
        raise ProgramFailed(f"{where} returned no array: {in_one_line(error)}") from error


def _data_of(dataset: Dataset) -> TrainingData:
    return TrainingData(
        train_images=_unwritable(dataset.train_images),
        train_labels=_unwritable(dataset.train_labels),
        test_images=_unwritable(dataset.test_images),
        num_classes=dataset.num_classes,
        class_names=dataset.class_names,
        validation_images=_unwritable(dataset.validation_images),
        validation_labels=_unwritable(dataset.validation_labels),
    )


def _unwritable(array: Any) -> Any:
    if array is None:
        return None
    view = array.view()
    view.flags.writeable = False
    return view


def _few(dataset: Dataset) -> Dataset:
    """Return a few images of ``dataset``, of every class that it trains on."""
    labels = dataset.train_labels
    some = np.arange(min(_FEW_TRAIN, len(labels)))
    firsts = [np.flatnonzero(labels == c)[:2] for c in np.unique(labels)]
    chosen = np.unique(np.concatenate([some, *firsts]))
    return replace(
        dataset,
        train_images=dataset.train_images[chosen],
        train_labels=labels[chosen],
        test_images=dataset.test_images[:_FEW_TEST],
        test_labels=dataset.test_labels[:_FEW_TEST],
        train_groups=None,
        test_groups=None,
    )
