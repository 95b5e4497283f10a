"""From records to rows: what may be pooled, what each row is called, which records count.

A row holds the records that differ in nothing but the seed, the thread count and the machine.
Nothing is dropped silently: whatever does not count becomes a note or a failure of its row.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.records import Record, RecordStore

_LONGEST_DIFFERENCE = 48  # characters of recipe in a row's name before a hash takes its place


@dataclass(frozen=True)
class RowIdentity:
    """What the records of one row share; two records that differ here are never pooled."""

    architecture: str
    kind: str  # "trained", or "external" for predictions made elsewhere
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
    notes: tuple[str, ...]


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
    """Return ``record`` with the right/wrong vector of its stored predictions, where it has them."""
    predictions = store.predictions(record) if record.status == "finished" else None
    if predictions is None:
        return Outcome(record, None, None)
    labels = np.ascontiguousarray(predictions.labels, dtype="<u2")
    return Outcome(record, predictions.correct, hashlib.sha256(labels.tobytes()).hexdigest()[:16])


def runs_by_seed(outcomes: Iterable[Outcome]) -> SeedRuns:
    """Return one run per seed: a finished one where there is one, the first by key among several."""
    by_seed: dict[int, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda o: o.record.key):
        by_seed.setdefault(outcome.record.cell.seed, []).append(outcome)
    finished: list[Outcome] = []
    failed: list[Failed] = []
    notes: list[str] = []
    for seed, candidates in sorted(by_seed.items()):
        done = [o for o in candidates if o.record.status == "finished"]
        if done:
            finished.append(done[0])
            notes += _left_aside(seed, done[0], [o for o in candidates if o is not done[0]])
        else:
            failed.append(_failure(seed, candidates[0].record))
    return SeedRuns(tuple(finished), tuple(failed), tuple(notes))


def _left_aside(seed: int, counted: Outcome, others: Sequence[Outcome]) -> list[str]:
    if not others:
        return []
    keys = ", ".join(
        f"{o.record.key[:8]}{' (failed)' if o.record.status == 'failed' else ''}" for o in others
    )
    return [
        f"seed {seed} has {len(others) + 1} records (other threads or machines); it counts once, "
        f"as {counted.record.key[:8]}, without {keys}"
    ]


def _failure(seed: int, record: Record) -> Failed:
    if record.failure is None:
        return Failed(seed, "error", "no reason was recorded")
    return Failed(seed, record.failure.kind, " ".join(record.failure.reason.split()))


def row_names(identities: Iterable[RowIdentity]) -> dict[RowIdentity, str]:
    """Return each row's name: its architecture's, with what differs where several rows share it."""
    by_architecture: dict[str, list[RowIdentity]] = {}
    for identity in identities:
        by_architecture.setdefault(identity.architecture, []).append(identity)
    names: dict[RowIdentity, str] = {}
    for architecture, rows in by_architecture.items():
        for row in rows:
            difference = ", ".join(_differences(row, rows))
            names[row] = f"{architecture} [{difference}]" if len(rows) > 1 else architecture
    return names


def _differences(row: RowIdentity, rows: Sequence[RowIdentity]) -> list[str]:
    """Return, in words, what sets ``row`` apart from the others of its architecture."""

    def varies(field: str) -> bool:
        return len({getattr(other, field) for other in rows}) > 1

    plain = [str(getattr(row, f)) for f in ("kind", "precision", "backend", "device") if varies(f)]
    flag = "deterministic" if row.deterministic else "not deterministic"
    return [
        *plain,
        *([flag] if varies("deterministic") else []),
        *_package_differences(row, rows),
        *(_recipe_differences(row, rows) if varies("recipe_json") else []),
        *([f"source {row.source_hash[:7]}"] if varies("source_hash") else []),
    ]


def _package_differences(row: RowIdentity, rows: Sequence[RowIdentity]) -> list[str]:
    versions: dict[str, set[str]] = {}
    for other in rows:
        for package, version in other.packages:
            versions.setdefault(package, set()).add(version)
    return [f"{package} {version}" for package, version in row.packages if len(versions[package]) > 1]


def _recipe_differences(row: RowIdentity, rows: Sequence[RowIdentity]) -> list[str]:
    recipes = [other.recipe for other in rows]
    keys = sorted({key for recipe in recipes for key in recipe})
    varying = [k for k in keys if len({json.dumps(r.get(k), sort_keys=True) for r in recipes}) > 1]
    text = ", ".join(f"{key} {_value(row.recipe, key)}" for key in varying)
    if len(text) <= _LONGEST_DIFFERENCE:
        return [text]
    return [f"recipe {hashlib.sha256(row.recipe_json.encode()).hexdigest()[:7]}"]


def _value(recipe: dict[str, Any], key: str) -> str:
    if key not in recipe:
        return "default"
    value = recipe[key]
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
