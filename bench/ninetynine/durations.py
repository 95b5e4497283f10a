"""How long cells will take, from earlier records.

A prediction is a guess, and what it rests on stands beside it.
"""

import json
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ninetynine import machine
from ninetynine.cells import CellIdentity
from ninetynine.datasets import info_of
from ninetynine.grouping import grouped
from ninetynine.recipe import Recipe
from ninetynine.records import Record, Timing

# What a prediction rests on: runs of this architecture on these data, here or on another machine;
# or other runs' seconds per multiply-add or, a rough guess, per parameter.
Basis = Literal["here", "elsewhere", "multiply-adds", "parameters", "unknown"]

# How often a run answers one image, 128 and 1,000, so as to measure its speed, warm-up included
# (prediction_speed in ninetynine.training.clocks); a record has the speeds, not the seconds that
# this took.
ANSWERS_OF_ONE, ANSWERS_OF_128, ANSWERS_OF_1000 = 105, 11, 4
_LOADING_SECONDS = 1e-3  # below it the data were in memory: all but a worker's first cell


@dataclass(frozen=True)
class Prediction:
    """Seconds that a cell takes in a worker that has started; None where nothing is known."""

    seconds: float | None
    basis: Basis
    runs: int = 0  # that it rests on

    @property
    def measured(self) -> bool:
        """Return whether this architecture was timed on these data and in this setting."""
        return self.basis in ("here", "elsewhere")


@dataclass(frozen=True)
class _Runs:
    """Runs of cells that differ in the seed alone, on one fingerprint: medians of their seconds."""

    identity: CellIdentity  # of one of them
    recipe: Recipe
    fingerprint: str
    exclusive: bool
    count: int
    epoch_seconds: float
    other_seconds: float  # of building, compiling, evaluating and measuring latency
    multiply_adds: int | None
    parameters: int | None


class Predictor:
    """Predicts the seconds of cells from ``records``.

    ``parameters`` are what the architectures state, by name.  Only runs with the same backend,
    device, precision and threads are looked at; those with the machine fingerprint that the cell
    would have here come first, and runs of two fingerprints are never taken together.
    """

    def __init__(
        self,
        records: Sequence[Record],
        parameters: Mapping[str, int | None],
        fingerprint_of: Callable[[CellIdentity], str] | None = None,
    ) -> None:
        self._parameters = parameters
        self._fingerprint_of = fingerprint_of or fingerprint_here
        self._here: dict[tuple[Any, ...], str] = {}
        self._predictions: dict[tuple[Any, ...], Prediction] = {}
        self._records = [r for r in records if r.kind == "trained" and r.timing and r.machine]
        self._runs = _medians(self._records)

    def of(self, identity: CellIdentity) -> Prediction:
        """Return the prediction for a cell; cells that differ in the seed alone share it."""
        kind = _kind(identity)
        if kind not in self._predictions:
            parameters = self._parameters.get(identity.architecture)
            self._predictions[kind] = (
                self._measured(identity)
                or self._scaled(identity, "multiply-adds", self._multiply_adds(identity))
                or self._scaled(identity, "parameters", parameters)
                or Prediction(None, "unknown")
            )
        return self._predictions[kind]

    def startup_seconds(self, identity: CellIdentity) -> float | None:
        """Return how long a worker imports its backend and loads the data; None if not known."""
        wanted = identity.backend, identity.device
        by_machine: dict[str, list[tuple[Timing, CellIdentity]]] = {}
        for record in self._records:
            alike = (record.cell.backend, record.cell.device) == wanted
            if alike and record.timing and record.machine:
                found = by_machine.setdefault(record.machine.fingerprint, [])
                found.append((record.timing, record.cell))
        if not by_machine:
            return None
        here = self._fingerprint(identity)
        name = max(by_machine, key=lambda name: (name == here, len(by_machine[name]), name))
        imports = [timing.import_seconds for timing, _ in by_machine[name]]
        loads = [
            timing.data_seconds
            for timing, cell in by_machine[name]
            if cell.dataset_fingerprint == identity.dataset_fingerprint
            and timing.data_seconds > _LOADING_SECONDS
        ]
        return statistics.median(imports) + (statistics.median(loads) if loads else 0.0)

    def _measured(self, identity: CellIdentity) -> Prediction | None:
        """Return what runs of this architecture on these data took, epoch by epoch."""
        alike = [r for r in self._alike(identity) if _place(r.identity) == _place(identity)]
        if not alike:
            return None
        here, recipe = self._fingerprint(identity), Recipe.from_canonical(identity.recipe)

        def closeness(runs: _Runs) -> tuple[bool, ...]:
            other = runs.identity
            same = (other.source_hash, other.recipe) == (identity.source_hash, identity.recipe)
            same_batch = runs.recipe.batch_size == recipe.batch_size
            return runs.fingerprint == here, same, same_batch, runs.exclusive

        chosen = _closest(alike, closeness)
        seconds = [runs.other_seconds + recipe.epochs * runs.epoch_seconds for runs in chosen]
        basis: Basis = "here" if chosen[0].fingerprint == here else "elsewhere"
        return Prediction(statistics.median(seconds), basis, sum(runs.count for runs in chosen))

    def _scaled(self, identity: CellIdentity, basis: Basis, size: int | None) -> Prediction | None:
        """Return a guess from other runs: their seconds of an epoch, per unit of size and image."""

        def work(runs: _Runs) -> float:
            theirs = runs.multiply_adds if basis == "multiply-adds" else runs.parameters
            return (theirs or 0) * _images_per_image(runs.identity, identity)

        usable = [runs for runs in self._alike(identity) if work(runs)]
        if size is None or not usable:
            return None
        here, epochs = self._fingerprint(identity), Recipe.from_canonical(identity.recipe).epochs

        def closeness(runs: _Runs) -> tuple[bool, ...]:
            same = runs.identity.architecture == identity.architecture
            return runs.fingerprint == here, same, runs.exclusive

        chosen = _closest(usable, closeness)
        # All seconds over all work: most seconds of a tiny model are overhead, and would make a
        # large one look slow if each model's own rate counted alike.
        rate = sum(runs.epoch_seconds for runs in chosen) / sum(work(runs) for runs in chosen)
        other = statistics.median(runs.other_seconds for runs in chosen)
        return Prediction(other + epochs * size * rate, basis, sum(runs.count for runs in chosen))

    def _multiply_adds(self, identity: CellIdentity) -> int | None:
        """Return the multiply-adds per image that some run of this architecture counted."""
        wanted = identity.architecture, identity.source_hash, _shape(identity)
        for runs in self._runs:
            other = runs.identity
            if (other.architecture, other.source_hash, _shape(other)) == wanted:
                return runs.multiply_adds
        return None

    def _alike(self, identity: CellIdentity) -> list[_Runs]:
        return [runs for runs in self._runs if _setting(runs.identity) == _setting(identity)]

    def _fingerprint(self, identity: CellIdentity) -> str:
        setting = _setting(identity)
        if setting not in self._here:
            self._here[setting] = self._fingerprint_of(identity)
        return self._here[setting]


def fingerprint_here(identity: CellIdentity) -> str:
    """Return the machine fingerprint that a run of ``identity`` would have on this machine."""
    cores = machine.available_cores()[: identity.threads]
    return machine.describe(identity, cores).fingerprint


def _medians(records: Sequence[Record]) -> list[_Runs]:
    groups = grouped(
        ((*_kind(record.cell), record.machine.fingerprint, record.timing.exclusive), record)
        for record in records
        if record.timing and record.machine
    )
    return [_median(key[-2], key[-1], group) for key, group in sorted(groups.items())]


def _median(fingerprint: str, exclusive: bool, records: Sequence[Record]) -> _Runs:
    first = records[0]
    recipe = Recipe.from_canonical(first.cell.recipe)
    timings = [record.timing for record in records if record.timing]
    return _Runs(
        identity=first.cell,
        recipe=recipe,
        fingerprint=fingerprint,
        exclusive=exclusive,
        count=len(records),
        epoch_seconds=statistics.median(
            record.timing.train_seconds / record.epochs_trained(recipe.epochs)
            for record in records
            if record.timing
        ),
        other_seconds=statistics.median(map(_other_seconds, timings)),
        multiply_adds=first.model.multiply_adds if first.model else None,
        parameters=first.model.parameters if first.model else None,
    )


def _other_seconds(timing: Timing) -> float:
    """Return what a cell took besides training, in a worker that had started."""
    answering = ANSWERS_OF_ONE * (timing.latency_seconds or 0.0)
    if timing.throughput_128:
        answering += ANSWERS_OF_128 * 128 / timing.throughput_128
    if timing.throughput_1000:
        answering += ANSWERS_OF_1000 * 1000 / timing.throughput_1000
    return timing.build_seconds + timing.compile_seconds + timing.evaluate_seconds + answering


def _closest(runs: Sequence[_Runs], closeness: Callable[[_Runs], tuple[bool, ...]]) -> list[_Runs]:
    """Return the closest of ``runs``, of the one fingerprint that has most of them."""
    best = max(map(closeness, runs))
    close = [found for found in runs if closeness(found) == best]
    counts: Counter[str] = Counter()
    for found in close:
        counts[found.fingerprint] += found.count
    fingerprint = max(counts, key=lambda name: (counts[name], name))
    return [found for found in close if found.fingerprint == fingerprint]


def _setting(identity: CellIdentity) -> tuple[Any, ...]:
    computing = identity.backend, identity.device, identity.precision, identity.threads
    return *computing, identity.at_once  # a share of a computation is no measure of another one


def _place(identity: CellIdentity) -> tuple[str, str]:
    return identity.architecture, identity.dataset_fingerprint


def _kind(identity: CellIdentity) -> tuple[Any, ...]:
    recipe = json.dumps(identity.recipe, sort_keys=True)
    return *_place(identity), identity.source_hash, recipe, *_setting(identity)


def _shape(identity: CellIdentity) -> object:
    """Return what two cells' images have in common if they are of one size."""
    info = info_of(identity.dataset)
    return info.image_shape if info else identity.dataset_fingerprint


def _images_per_image(identity: CellIdentity, other: CellIdentity) -> float:
    """Return how many images ``identity`` trains on for each of ``other``'s; 0 for not known."""
    if identity.dataset_fingerprint == other.dataset_fingerprint:
        return 1.0
    info, others = info_of(identity.dataset), info_of(other.dataset)
    return info.train_length / others.train_length if info and others else 0.0
