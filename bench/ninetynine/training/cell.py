"""One cell -> one record and its test-set predictions."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets, energy
from ninetynine.architecture import Architecture
from ninetynine.backends import Scale, Standard, StepLoop, get_backend, to_float
from ninetynine.cells import Cell
from ninetynine.errors import TrainingFailed
from ninetynine.inputs import OnInputs
from ninetynine.machine import describe
from ninetynine.recipe import Recipe
from ninetynine.records import (
    Context,
    Epoch,
    Model,
    Predictions,
    Record,
    Score,
    Scores,
    Timing,
)
from ninetynine.records.quantization import to_float16
from ninetynine.training.clocks import (
    Clock,
    peak_memory_bytes,
    prediction_speed,
    reset_peak_memory,
)
from ninetynine.training.counting import built_hash, count_multiply_adds, weights_hash
from ninetynine.training.model import (
    WeightAverage,
    class_weights,
    compiled_model,
    finish_optimizer,
    start_phase,
)
from ninetynine.training.parts import Parts, data_orders, drawn, make_parts, make_warp
from ninetynine.training.predictions import ShiftAverage, score
from ninetynine.training.preflight import EXAMINED_IMAGES, examine
from ninetynine.training.setup import noting_inputs, prepare_backend
from ninetynine.training.standard import scale_of
from ninetynine.training.starting import PhasedLoop
from ninetynine.training.watching import Watch

OnEpoch = Callable[[Epoch, int], None]  # the epoch that ended, and how many there are


class Diverged(TrainingFailed):
    """The loss is no longer a finite number."""

    kind = "diverged"


@dataclass(frozen=True)
class Trained:
    """A finished cell; ``model`` is the Keras model after its last step."""

    record: Record
    predictions: Predictions
    model: Any


def train_cell(
    cell: Cell,
    architecture: Architecture,
    dataset: datasets.Dataset,
    cores: list[int],
    import_seconds: float = 0.0,
    data_seconds: float = 0.0,
    on_epoch: OnEpoch = lambda epoch, total: None,
    on_warning: Callable[[str], None] = lambda line: None,
    on_inputs: OnInputs = lambda inputs: None,
) -> Trained:
    """Train ``cell`` from its seed and return its record, predictions and model.

    Raises Diverged where the loss stops being finite, and UserError for a model that cannot be
    built; anything else that the architecture raises comes through.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    reset_peak_memory()
    identity = cell.identity
    recipe = Recipe.from_canonical(identity.recipe)
    prepare_backend(identity, architecture)
    backend = get_backend(identity.backend)
    device_peak = backend.peak_memory()
    parts = make_parts(dataset, recipe)
    orders = data_orders(len(parts.train_images), recipe.epochs, identity.seed)
    scale = scale_of(recipe, parts.train_images)

    build_clock, compile_clock = Clock(cores), Clock(cores)
    with build_clock.running(), noting_inputs(architecture, cell.weights) as inputs:
        steps = sum(-(-len(order) // recipe.batch_size) for order in orders)
        shape = dataset.train_images.shape[1:]
        steps_per_epoch = -(-len(parts.train_images) // recipe.batch_size)
        weights_of_classes = class_weights(recipe, parts.train_labels, dataset)
        model = compiled_model(
            architecture,
            recipe,
            shape,
            dataset.num_classes,
            steps,
            identity.precision,
            steps_per_epoch=steps_per_epoch,
            class_weights=weights_of_classes,
            weights=cell.weights,
        )
    on_inputs(inputs)
    identity, untrained_hash = identity.reading(inputs), built_hash(model)

    def make_loop() -> StepLoop:
        made = backend.loop(
            model,
            parts.train_images,
            parts.train_labels,
            recipe.batch_size,
            scale,
            make_warp(recipe, shape, scale),
        )
        made.known_by = identity.model_copy(update={"seed": 0}).key
        made.compile(sorted({len(order) for order in orders}))
        return made

    def next_phase(number: int) -> None:
        start_phase(architecture, model, recipe, number, steps_per_epoch, weights_of_classes)

    with compile_clock.running():
        loop = PhasedLoop(make_loop, next_phase)

    some = to_float(parts.train_images[:EXAMINED_IMAGES], scale)
    sums_to_one = recipe.loss.sums_to_one
    warnings = examine(architecture, model, some, recipe.scale, sums_to_one)
    for line in warnings:
        on_warning(line)

    train_clock = Clock(cores, energy.meter(identity.device))
    evaluate_clock = Clock(cores)
    average = ShiftAverage(loop.predict, recipe.test_time_shifts, sums_to_one)
    history, chosen = _train(
        loop,
        model,
        recipe,
        drawn(recipe, orders, max(shape[:2]), identity.seed),
        lambda: _watched(average, parts),
        (train_clock, evaluate_clock, compile_clock),
        on_epoch,
    )
    with evaluate_clock.running():
        scores, probabilities = _evaluate(average, parts)
    predicting = prediction_speed(average, parts.test_images)
    if not np.isfinite(probabilities).all():
        raise Diverged(f"the outputs are not finite after the last of {len(history)} epochs")

    record = finished_record(
        cell.model_copy(update={"identity": identity}),
        dataset,
        cores,
        context=Context.of(cell, started_at, warnings),
        model=Model(
            parameters=int(model.count_params()),
            multiply_adds=count_multiply_adds(model),
            weights_hash=weights_hash(model),
            built_hash=untrained_hash,
            **recorded_scale(scale),
        ),
        scores=scores,
        history=history,
        chosen_epoch=chosen,
        timing=Timing(
            import_seconds=import_seconds,
            data_seconds=data_seconds,
            build_seconds=build_clock.wall_seconds,
            compile_seconds=compile_clock.wall_seconds,
            evaluate_seconds=evaluate_clock.wall_seconds,
            **train_clock.fields(),
            **predicting,
        ),
        gpu_peak_memory_bytes=device_peak(),
    )
    return Trained(record, as_predictions(probabilities, parts.test_labels), model)


def recorded_scale(scale: Scale) -> dict[str, list[float]]:
    """Return what a record's model says of ``scale``: what pixels were standardized by."""
    if not isinstance(scale, Standard):
        return {}
    return {"pixel_mean": [*scale.mean], "pixel_deviation": [*scale.deviation]}


def finished_record(
    cell: Cell, dataset: datasets.Dataset, cores: list[int], **facts: Any
) -> Record:
    """Return the record of ``cell`` with ``facts``, and what there is to say of machine and data.

    ``cell`` has the identity that its record is to have.  The peak of this process's memory is
    recorded unless the facts tell another.
    """
    return Record(
        key=cell.key,
        status="finished",
        cell=cell.identity,
        machine=describe(cell.identity, cores),
        test_fingerprint=datasets.fingerprint_of_test_part(dataset),
        **{"peak_memory_bytes": peak_memory_bytes(), **facts},
    )


def as_predictions(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> Predictions:
    """Return what is stored of ``probabilities`` (n, classes) for images with ``labels`` (n,)."""
    return Predictions(to_float16(probabilities), labels.astype(np.uint16))


def build_cell(cell: Cell, architecture: Architecture, dataset: datasets.Dataset) -> str:
    """Return the ``built_hash`` that a record of ``cell`` would have; trains nothing.

    Raises UserError for a model that cannot be built.
    """
    identity = cell.identity
    prepare_backend(identity, architecture)
    recipe, shape = Recipe.from_canonical(identity.recipe), dataset.train_images.shape[1:]
    return built_hash(
        compiled_model(
            *(architecture, recipe, shape, dataset.num_classes, 1, identity.precision),
            weights=cell.weights,
        )
    )


def _train(
    loop: PhasedLoop,
    model: Any,
    recipe: Recipe,
    batches: Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]],
    watch: Callable[[], Score | None],
    clocks: tuple[Clock, Clock, Clock],
    on_epoch: OnEpoch,
) -> tuple[list[Epoch], int | None]:
    """Train, and return each epoch with the one whose weights were chosen, if any was."""
    train_clock, evaluate_clock, compile_clock = clocks
    first_epochs = list(accumulate((phase.epochs for phase in recipe.phases), initial=1))
    history: list[Epoch] = []
    total = math.ceil(recipe.epochs)
    average, watching = WeightAverage(model), Watch(recipe, model)
    for number in range(1, total + 1):
        if number > 1 and number in first_epochs:
            with compile_clock.running():
                loop.begin(first_epochs.index(number))
        with train_clock.running():
            metrics = loop.run_epoch(*next(batches))
            if number == total:
                finish_optimizer(model)
            if number > total - recipe.average_epochs:
                average.add()
            if number == total:
                average.use()
        if not math.isfinite(metrics["loss"]):
            raise Diverged(f"the loss is {metrics['loss']} in epoch {number} of {total}")
        with evaluate_clock.running():
            watched = watch()
        epoch = epoch_of(number, metrics, watched)
        history.append(epoch)
        on_epoch(epoch, total)
        if watching.ends(epoch):
            break
    return history, watching.chosen_epoch(len(history))


def epoch_of(number: int, metrics: Mapping[str, float], watched: Score | None) -> Epoch:
    """Return an epoch by its running ``metrics``, and the watched part's score at its end."""
    return Epoch(
        epoch=number,
        loss=metrics["loss"],
        accuracy=metrics["accuracy"],
        validation_loss=watched.loss if watched else None,
        validation_accuracy=watched.accuracy if watched else None,
    )


def _watched(average: ShiftAverage, parts: Parts) -> Score | None:
    if parts.validation_images is None or parts.validation_labels is None:
        return None
    return score(average.predict(parts.validation_images), parts.validation_labels)


def _evaluate(average: ShiftAverage, parts: Parts) -> tuple[Scores, NDArray[np.float32]]:
    """Score every part after the last step; the test images are seen here for the first time.

    (Unless the recipe watches them, as some published recipes do and their rows say.)
    """
    train = score(average.predict(parts.train_images), parts.train_labels)
    validation = None
    if parts.validation_images is not parts.test_images:
        validation = _watched(average, parts)
    probabilities = average.predict(parts.test_images)
    test = score(probabilities, parts.test_labels)
    return Scores(train=train, validation=validation, test=test), probabilities


def save_model(model: Any, path: Path, drawn_on_dark: bool | None = None) -> None:
    """Save ``model`` as ``.keras``, whole or not at all; its shapes in a ``.json`` beside it.

    ``drawn_on_dark`` says of grey training images whether they are, None where nobody looked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{time.time_ns()}.keras")
    model.save(partial)
    classes = max(2, model.output_shape[-1])  # one unit tells two classes apart
    facts = {
        "input_shape": model.input_shape[1:],
        "num_classes": classes,
        "drawn_on_dark": drawn_on_dark,
    }
    path.with_suffix(".json").write_text(json.dumps(facts))
    partial.replace(path)
