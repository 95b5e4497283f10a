"""From records to rows: what may be pooled, and which records count.

A row holds the records that differ in nothing but the seed, the thread count and the machine.
Nothing is dropped silently: whatever does not count becomes a note or a failure of its row.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.records import Record, RecordStore


@dataclass(frozen=True)
class RowIdentity:
    """What the records of one row share; two records that differ here are never pooled."""

    architecture: str
    kind: str  # "trained", "ensemble", or "external" for predictions made elsewhere
    precision: str
    backend: str
    device: str
    deterministic: bool
    packages: tuple[tuple[str, str], ...]
    recipe_json: str  # canonical JSON: only what differs from the vocabulary's defaults
    source_hash: str

    @property
    def recipe(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.recipe_json)
        return loaded

    @property
    def watches_test_set(self) -> bool:
        """Return whether the recipe shows the test set to the user while it trains (as T3 does)."""
        return bool(self.recipe.get("validation_data") == "test")


@dataclass(frozen=True)
class Outcome:
    """One record with what its predictions say: ``correct`` bool (m,), None without predictions."""

    record: Record
    correct: NDArray[np.bool_] | None
    labels_hash: str | None  # of the m test labels; None without predictions

    @property
    def name(self) -> str:
        cell = self.record.cell
        return f"{cell.architecture} seed {cell.seed} ({self.record.key[:8]})"


@dataclass(frozen=True)
class Failed:
    """A seed of a row that has no numbers, and why."""

    seed: int
    kind: str
    reason: str


@dataclass(frozen=True)
class SeedRuns:
    """The runs of one row: one finished run per seed, the failures, and what was left aside."""

    finished: tuple[Outcome, ...]  # in the order of their seeds
    failed: tuple[Failed, ...]
    left_aside: tuple[Outcome, ...]  # further records of seeds that count once


def identity_of(record: Record) -> RowIdentity:
    """Return the row that ``record`` belongs to."""
    cell = record.cell
    return RowIdentity(
        architecture=cell.architecture,
        kind=record.kind,
        precision=cell.precision,
        backend=cell.backend,
        device=cell.device,
        deterministic=cell.deterministic,
        packages=tuple(sorted(cell.packages.items())),
        recipe_json=json.dumps(cell.recipe, sort_keys=True),
        source_hash=cell.source_hash,
    )


def load_outcome(store: RecordStore, record: Record) -> Outcome:
    """Return ``record`` with the right/wrong vector of its predictions, where it has them."""
    predictions = store.predictions(record) if record.status == "finished" else None
    if predictions is None:
        return Outcome(record, None, None)
    labels = np.ascontiguousarray(predictions.labels, dtype="<u2")
    return Outcome(record, predictions.correct, hashlib.sha256(labels.tobytes()).hexdigest()[:16])


def runs_by_seed(outcomes: Iterable[Outcome]) -> SeedRuns:
    """Return one run per seed: a finished one if there is one, the first by key of several."""
    by_seed: dict[int, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda o: o.record.key):
        by_seed.setdefault(outcome.record.cell.seed, []).append(outcome)
    finished: list[Outcome] = []
    failed: list[Failed] = []
    left_aside: list[Outcome] = []
    for seed, candidates in sorted(by_seed.items()):
        done = [o for o in candidates if o.record.status == "finished"]
        if done:
            finished.append(done[0])
            left_aside += [o for o in candidates if o is not done[0]]
        else:
            failed.append(_failure(seed, candidates[0].record))
    return SeedRuns(tuple(finished), tuple(failed), tuple(left_aside))


def _failure(seed: int, record: Record) -> Failed:
    if record.failure is None:
        return Failed(seed, "error", "no reason was recorded")
    return Failed(seed, record.failure.kind, " ".join(record.failure.reason.split()))
