"""Cells that differ in nothing but their seed -> their records, all trained at once.

Each seed has the weights, the dropout and the data order that it has alone.  Its augmentation is
drawn on the device, from streams of its own; so are its sums rounded as the device does it for so
many seeds.  That is why a cell's key names the seeds that it was trained with.
"""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets, energy
from ninetynine.architecture import Architecture
from ninetynine.backends import get_backend, to_float
from ninetynine.building import in_one_line
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.inputs import OnInputs
from ninetynine.recipe import Recipe
from ninetynine.records import Context, Epoch, Model, Predictions, Record, Score, Scores, Timing
from ninetynine.training.augmentation import Drawing
from ninetynine.training.cell import (
    OnEpoch,
    as_predictions,
    epoch_of,
    finished_record,
    recorded_scale,
)
from ninetynine.training.clocks import Clock, reset_peak_memory
from ninetynine.training.counting import (
    built_hash,
    computation_of,
    count_multiply_adds,
    hash_of_weights,
)
from ninetynine.training.model import class_weights, compiled_model, finish_optimizer
from ninetynine.training.parts import Parts, data_order, data_orders, make_parts, make_warp
from ninetynine.training.predictions import ShiftAverage, score
from ninetynine.training.preflight import EXAMINED_IMAGES, examine
from ninetynine.training.setup import noting_inputs, prepare_backend, set_configuration
from ninetynine.training.standard import scale_of


@dataclass(frozen=True)
class OneOfMany:
    """What became of one cell of many: its record and predictions, or why it diverged.

    ``load`` gives the Keras model its weights and returns it.
    """

    cell: Cell
    record: Record | None
    predictions: Predictions | None
    diverged: str = ""
    load: Callable[[], Any] = lambda: None


def train_together(
    cells: Sequence[Cell],
    architecture: Architecture,
    dataset: datasets.Dataset,
    cores: list[int],
    import_seconds: float = 0.0,
    data_seconds: float = 0.0,
    on_epoch: OnEpoch = lambda epoch, total: None,
    on_warning: Callable[[str], None] = lambda line: None,
    on_inputs: OnInputs = lambda inputs: None,
) -> list[OneOfMany]:
    """Train ``cells``, all of one group, and return what became of each, in their order.

    ``on_epoch`` is told the first seed's.  Raises UserError for a model that cannot be built, and
    where the backend trains one seed at a time.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    reset_peak_memory()
    first, count = cells[0].identity, len(cells)
    recipe = Recipe.from_canonical(first.recipe)
    prepare_backend(first, architecture)
    backend = get_backend(first.backend)
    device_peak = backend.peak_memory()
    if backend.seeds_loop is None or first.together is None:
        raise UserError(f"{first.backend} trains one seed at a time; leave --seeds-at-once away")
    if recipe.early_stopping or recipe.reduce_on_plateau:
        raise UserError(
            "early_stopping and reduce_on_plateau watch each seed by itself; leave --seeds-at-once "
            "away"
        )
    parts, shape = make_parts(dataset, recipe), dataset.train_images.shape[1:]
    images = len(parts.train_images)
    steps, scale = _steps(images, recipe), scale_of(recipe, parts.train_images)
    hashes: list[str] = []
    computations: list[str] = []

    def build(cell: Cell) -> Any:
        import keras

        if hashes:  # the first one is prepared, and nothing is to be collected
            keras.utils.clear_session(free_memory=False)
            set_configuration(first.precision)  # cleared with the session
            keras.utils.set_random_seed(cell.identity.seed)
        model = compiled_model(
            architecture,
            recipe,
            shape,
            dataset.num_classes,
            steps,
            first.precision,
            steps_per_epoch=-(-len(parts.train_images) // recipe.batch_size),
            class_weights=class_weights(recipe, parts.train_labels, dataset),
        )
        hashes.append(built_hash(model))
        computations.append(computation_of(model))
        if computations[-1] != computations[0]:  # all would be computed as the first one
            raise UserError(
                f"{architecture.path}: build() returns another model for seed {cell.identity.seed} "
                f"than for seed {first.seed}; leave --seeds-at-once away"
            )
        return model

    build_clock, compile_clock = Clock(cores), Clock(cores)
    train_clock, evaluate_clock = Clock(cores, energy.meter(first.device)), Clock(cores)
    with build_clock.running():
        with noting_inputs(architecture) as inputs:
            model = build(cells[0])
        on_inputs(inputs)
        loop = backend.seeds_loop(
            chain([model], map(build, cells[1:])),
            [cell.identity.seed for cell in cells],
            parts.train_images,
            parts.train_labels,
            recipe.batch_size,
            scale,
            make_warp(recipe, shape, scale),
            Drawing(recipe.augmentation, max(shape[:2])) if recipe.augmentation else None,
            first.together.convolutions,
        )
    some = to_float(parts.train_images[:EXAMINED_IMAGES], scale)
    sums_to_one = recipe.loss.sums_to_one
    warnings = examine(architecture, loop.model, some, recipe.scale, sums_to_one)
    for line in warnings:
        on_warning(line)
    with compile_clock.running():
        try:
            for size in sorted({len(o) for o in data_orders(images, recipe.epochs, 0)}):
                loop.compile(size)
        except Exception as error:  # what only a computation of one seed can do
            raise UserError(
                f"{first.architecture} cannot be trained many seeds at once: {in_one_line(error)}; "
                "leave --seeds-at-once away"
            ) from error
    trained = _Training(loop, recipe, parts, train_clock, evaluate_clock)
    histories = trained.run(on_epoch)
    with evaluate_clock.running():
        values = loop.values()
        scores, probabilities = trained.evaluate()
    timing = Timing(
        import_seconds=import_seconds / count,
        data_seconds=data_seconds / count,
        build_seconds=build_clock.wall_seconds / count,
        compile_seconds=compile_clock.wall_seconds / count,
        evaluate_seconds=evaluate_clock.wall_seconds / count,
        together=count,
        **train_clock.fields(count),
    )
    multiply_adds, peak = count_multiply_adds(loop.model), device_peak()

    def ended(place: int, cell: Cell) -> OneOfMany:
        reading = cell.reading(inputs)
        diverged = trained.diverged.get(place)
        if diverged is None and not np.isfinite(probabilities[place]).all():
            diverged = (
                f"the outputs are not finite after the last of {len(histories[place])} epochs"
            )
        if diverged is not None:
            return OneOfMany(reading, None, None, diverged)
        model = Model(
            parameters=int(loop.model.count_params()),
            multiply_adds=multiply_adds,
            weights_hash=hash_of_weights(loop.weights_of(place, values)),
            built_hash=hashes[place],
            **recorded_scale(scale),
        )
        record = finished_record(
            reading,
            dataset,
            cores,
            context=Context.of(cell, started_at, warnings),
            model=model,
            scores=scores[place],
            history=histories[place],
            timing=timing,
            gpu_peak_memory_bytes=peak,
        )

        predictions = as_predictions(probabilities[place], parts.test_labels)

        def load() -> Any:
            loop.load(place, values)
            return loop.model

        return OneOfMany(reading, record, predictions, load=load)

    return [ended(place, cell) for place, cell in enumerate(cells)]


def _steps(images: int, recipe: Recipe) -> int:
    orders = data_orders(images, recipe.epochs, 0)
    return sum(-(-len(order) // recipe.batch_size) for order in orders)


class _Training:
    """The epochs of many seeds, and what they predict."""

    def __init__(
        self, loop: Any, recipe: Recipe, parts: Parts, train_clock: Clock, evaluate_clock: Clock
    ) -> None:
        self._loop, self._recipe, self._parts = loop, recipe, parts
        self._train_clock, self._evaluate_clock = train_clock, evaluate_clock
        self._average = ShiftAverage(loop.predict, recipe.test_time_shifts, recipe.loss.sums_to_one)
        self._total = math.ceil(recipe.epochs)
        self._sums: list[NDArray[np.float64]] = []
        self.diverged: dict[int, str] = {}  # by place

    def run(self, on_epoch: OnEpoch) -> list[list[Epoch]]:
        """Train, and return each seed's history."""
        loop, total = self._loop, self._total
        histories: list[list[Epoch]] = [[] for _ in loop.seeds]
        with ThreadPoolExecutor(1) as drawing:  # the next order, while the device works on this one
            upcoming = drawing.submit(self._prepared, 0)
            wait([upcoming])  # before the clock runs, as the orders of a seed alone are drawn
            for number in range(1, total + 1):
                with self._train_clock.running():
                    loop.start_epoch(upcoming.result())
                    if number < total:
                        upcoming = drawing.submit(self._prepared, number)
                    metrics = loop.end_epoch()
                    self._finish(number)
                self._note(number, metrics)
                with self._evaluate_clock.running():
                    watched = self._watched()
                for place, history in enumerate(histories):
                    if place not in self.diverged:
                        history.append(epoch_of(number, metrics[place], watched[place]))
                if histories[0]:
                    on_epoch(histories[0][-1], total)
        return histories

    def evaluate(self) -> tuple[list[Scores], NDArray[np.float32]]:
        """Score every part after the last step, as for a seed alone; (seeds, n, classes) too."""
        parts = self._parts
        train = self._scores(parts.train_images, parts.train_labels)
        validation: list[Score | None] = [None] * len(train)
        if parts.validation_images is not parts.test_images:
            validation = self._watched()
        probabilities: Any = self._average.predict(parts.test_images)
        scores = [
            Scores(train=t, validation=v, test=score(p, parts.test_labels))
            for t, v, p in zip(train, validation, probabilities, strict=True)
        ]
        return scores, probabilities

    def _prepared(self, epoch: int) -> Any:
        """Return the orders of an epoch, counted from 0, as the loop takes them."""
        images, epochs = len(self._parts.train_images), self._recipe.epochs
        orders = [data_order(images, epochs, seed, epoch) for seed in self._loop.seeds]
        return self._loop.prepare(np.stack(orders), epoch)

    def _finish(self, number: int) -> None:
        """Average weights as `ninetynine.training.cell` does it for one seed."""
        last, loop = number == self._total, self._loop
        if last and getattr(loop.model.optimizer, "use_ema", False):
            values = loop.values()
            for place in range(len(loop.seeds)):
                loop.load(place, values)
                finish_optimizer(loop.model)
                loop.store(place)
        averaged = self._recipe.average_epochs
        if number > self._total - averaged:
            found: dict[int, NDArray[Any]] = {}

            def add(place: int, weights: NDArray[Any]) -> NDArray[Any]:
                found[place] = weights.astype(np.float64)
                if self._sums:
                    found[place] += self._sums[place]
                return (found[place] / averaged).astype(np.float32) if last else weights

            loop.replace_weights(add)
            self._sums = [found[place] for place in sorted(found)]

    def _note(self, number: int, metrics: Sequence[dict[str, float]]) -> None:
        for place, found in enumerate(metrics):
            if not math.isfinite(found["loss"]):
                said = f"the loss is {found['loss']} in epoch {number} of {self._total}"
                self.diverged.setdefault(place, said)

    def _watched(self) -> list[Score | None]:
        images, labels = self._parts.validation_images, self._parts.validation_labels
        if images is None or labels is None:
            return [None] * len(self._loop.seeds)
        return [*self._scores(images, labels)]

    def _scores(self, images: NDArray[Any], labels: NDArray[np.int64]) -> list[Score]:
        return [score(found, labels) for found in self._average.predict(images)]
