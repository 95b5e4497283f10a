"""One cell -> one record and its test-set predictions."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import __version__, datasets, gpu
from ninetynine.backends import StepLoop, get_backend, to_float
from ninetynine.building import built_hash, count_multiply_adds, weights_hash
from ninetynine.catalog import Architecture
from ninetynine.cells import Cell
from ninetynine.errors import UserError
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
from ninetynine.training.augmentation import Warp, draw
from ninetynine.training.clocks import (
    Clock,
    peak_memory_bytes,
    prediction_speed,
    reset_peak_memory,
)
from ninetynine.training.model import WeightAverage, compiled_model, finish_optimizer
from ninetynine.training.predictions import ShiftAverage, score
from ninetynine.training.preflight import EXAMINED_IMAGES, examine
from ninetynine.training.setup import noting_inputs, prepare_backend

OnEpoch = Callable[[Epoch, int], None]  # the epoch that ended, and how many there are


class Diverged(Exception):
    """The loss is no longer a finite number."""


@dataclass(frozen=True)
class Parts:
    """A dataset as a recipe uses it: images (n, h, w, c) with labels (n,), part by part."""

    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    validation_images: NDArray[Any] | None
    validation_labels: NDArray[np.int64] | None
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """A finished cell; ``model`` is the Keras model after its last step."""

    record: Record
    predictions: Predictions
    model: Any


def make_parts(dataset: datasets.Dataset, recipe: Recipe) -> Parts:
    """Return the parts of ``dataset``; the validation part is the last of the training images."""
    images, labels = dataset.train_images, dataset.train_labels
    held_images = held_labels = None
    if recipe.validation_split:
        images, labels, held_images, held_labels = datasets.split_validation(
            images, labels, recipe.validation_split, dataset.train_groups
        )
    elif recipe.validation_data == "test":
        held_images, held_labels = dataset.test_images, dataset.test_labels
    return Parts(images, labels, held_images, held_labels, dataset.test_images, dataset.test_labels)


def data_orders(images: int, epochs: float, seed: int) -> list[NDArray[np.int32]]:
    """Return the order of the training images in each epoch: a fresh permutation of 0..images-1.

    The stream depends on ``seed`` and the epoch alone, so every backend sees the same order.  A
    last epoch of, say, 0.25 takes the first quarter of its permutation.
    """
    return [data_order(images, epochs, seed, epoch) for epoch in range(math.ceil(epochs))]


def data_order(images: int, epochs: float, seed: int, epoch: int) -> NDArray[np.int32]:
    """Return the order of one epoch, counted from 0, of `data_orders`."""
    order = np.random.default_rng([seed, epoch]).permutation(images).astype(np.int32)
    return order[: round(images * min(1.0, epochs - epoch))]


def make_warp(recipe: Recipe, shape: tuple[int, int, int]) -> Warp | None:
    """Return what augments images of ``shape`` (height, width, channels), None for nothing.

    Raises UserError where what is asked for needs other images.
    """
    words = recipe.augmentation
    if words is None:
        return None
    if words.colors and shape[2] != 3:
        raise UserError(
            "augmentation: saturation_fraction and hue_degrees need images of three channels, "
            f"these have {shape[2]}; set both to 0"
        )
    return Warp(words, *shape[:2], 255.0 if recipe.scale == "none" else 1.0)


def _drawn(
    recipe: Recipe, orders: list[NDArray[np.int32]], side: int, seed: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]]:
    """Yield each epoch's order and what is done to its images; drawing is part of training."""
    for epoch, order in enumerate(orders):
        if recipe.augmentation is None:
            yield order, None
        else:
            yield order, draw(recipe.augmentation, len(order), side, seed, epoch)


def train_cell(
    cell: Cell,
    architecture: Architecture,
    dataset: datasets.Dataset,
    cores: list[int],
    import_seconds: float = 0.0,
    data_seconds: float = 0.0,
    on_epoch: OnEpoch = lambda epoch, total: None,
    on_warning: Callable[[str], None] = lambda line: None,
) -> Trained:
    """Train ``cell`` from its seed and return its record, predictions and model.

    Raises Diverged where the loss stops being finite, and UserError for a model that cannot be
    built; anything else that the architecture raises comes through.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    reset_peak_memory()
    identity = cell.identity
    recipe = Recipe.from_canonical(identity.recipe)
    prepare_backend(identity)
    backend = get_backend(identity.backend)
    device_peak = backend.peak_memory()
    parts = make_parts(dataset, recipe)
    orders = data_orders(len(parts.train_images), recipe.epochs, identity.seed)

    build_clock, compile_clock = Clock(cores), Clock(cores)
    with build_clock.running(), noting_inputs(architecture) as inputs:
        steps = sum(-(-len(order) // recipe.batch_size) for order in orders)
        shape = dataset.train_images.shape[1:]
        model = compiled_model(
            architecture, recipe, shape, dataset.num_classes, steps, identity.precision
        )
    identity, untrained_hash = identity.reading(inputs), built_hash(model)
    with compile_clock.running():
        loop = backend.loop(
            model,
            parts.train_images,
            parts.train_labels,
            recipe.batch_size,
            recipe.scale,
            make_warp(recipe, shape),
        )
        loop.compile()

    some = to_float(parts.train_images[:EXAMINED_IMAGES], recipe.scale)
    warnings = examine(architecture, model, some, recipe.scale)
    for line in warnings:
        on_warning(line)

    train_clock = Clock(cores, gpu.card() if identity.device == "gpu" else None)
    evaluate_clock = Clock(cores)
    average = ShiftAverage(loop.predict, recipe.test_time_shifts)
    history = _train(
        loop,
        model,
        recipe,
        _drawn(recipe, orders, max(shape[:2]), identity.seed),
        lambda: _watched(average, parts),
        (train_clock, evaluate_clock),
        on_epoch,
    )
    with evaluate_clock.running():
        scores, probabilities = _evaluate(average, parts)
    predicting = prediction_speed(average, parts.test_images)
    if not np.isfinite(probabilities).all():
        raise Diverged(f"the outputs are not finite after the last of {len(orders)} epochs")

    record = finished_record(
        cell.model_copy(update={"identity": identity}),
        dataset,
        cores,
        context=make_context(cell, started_at, warnings),
        model=Model(
            parameters=int(model.count_params()),
            multiply_adds=count_multiply_adds(model),
            weights_hash=weights_hash(model),
            built_hash=untrained_hash,
        ),
        scores=scores,
        history=history,
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
    return Trained(record, as_predictions(probabilities, parts), model)


def finished_record(
    cell: Cell, dataset: datasets.Dataset, cores: list[int], **facts: Any
) -> Record:
    """Return the record of ``cell`` with ``facts``, and what there is to say of machine and data.

    ``cell`` has the identity that its record is to have.
    """
    return Record(
        key=cell.key,
        status="finished",
        cell=cell.identity,
        machine=describe(cell.identity, cores),
        peak_memory_bytes=peak_memory_bytes(),
        test_fingerprint=datasets.fingerprint_of_test_part(dataset),
        **facts,
    )


def as_predictions(probabilities: NDArray[np.float32], parts: Parts) -> Predictions:
    """Return what is stored of ``probabilities`` (n, classes) for the test images."""
    return Predictions(to_float16(probabilities), parts.test_labels.astype(np.uint16))


def build_cell(cell: Cell, architecture: Architecture, dataset: datasets.Dataset) -> str:
    """Return the ``built_hash`` that a record of ``cell`` would have; trains nothing.

    Raises UserError for a model that cannot be built.
    """
    identity = cell.identity
    prepare_backend(identity)
    recipe, shape = Recipe.from_canonical(identity.recipe), dataset.train_images.shape[1:]
    return built_hash(
        compiled_model(architecture, recipe, shape, dataset.num_classes, 1, identity.precision)
    )


def make_context(cell: Cell, started_at: str, warnings: Sequence[str] = ()) -> Context:
    """Return what the record should say beside its numbers; commit and dirty flag come later."""
    return Context(
        suite=cell.suite,
        variant=cell.variant,
        suite_version=__version__,
        started_at=started_at,
        warnings=list(warnings),
    )


def _train(
    loop: StepLoop,
    model: Any,
    recipe: Recipe,
    drawn: Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]],
    watch: Callable[[], Score | None],
    clocks: tuple[Clock, Clock],
    on_epoch: OnEpoch,
) -> list[Epoch]:
    train_clock, evaluate_clock = clocks
    history: list[Epoch] = []
    total = math.ceil(recipe.epochs)
    average = WeightAverage(model)
    for number in range(1, total + 1):
        with train_clock.running():
            metrics = loop.run_epoch(*next(drawn))
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
        epoch = Epoch(
            epoch=number,
            loss=metrics["loss"],
            accuracy=metrics["accuracy"],
            validation_loss=watched.loss if watched else None,
            validation_accuracy=watched.accuracy if watched else None,
        )
        history.append(epoch)
        on_epoch(epoch, total)
    return history


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


def save_model(model: Any, path: Path) -> None:
    """Save ``model`` as ``.keras``, whole or not at all; its shapes in a ``.json`` beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}-{time.time_ns()}.keras")
    model.save(partial)
    facts = {"input_shape": model.input_shape[1:], "num_classes": model.output_shape[-1]}
    path.with_suffix(".json").write_text(json.dumps(facts))
    partial.replace(path)
