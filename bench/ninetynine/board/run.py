"""A run: its record, whose row and board it is of, and what it got right.

A prediction file is read when a number asks for it, and once.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.datasets import ImageGroups
from ninetynine.records import Predictions, Record, RecordStore
from ninetynine.records.trust import Statement

PUBLISHED = "published"


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
    arguments_json: str = "{}"  # of the architecture's build
    inputs_json: str = "{}"  # what its code reads beside its source
    at_once: int = 1  # seeds that were trained in one computation

    @property
    def recipe(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.recipe_json)
        return loaded

    @property
    def watches_test_set(self) -> bool:
        """Return whether the recipe shows the test set to the user while it trains."""
        return bool(self.recipe.get("validation_data") == "test")


@dataclass(frozen=True, order=True)
class BoardKey:
    """What the records of one board share, in the order in which boards are shown."""

    dataset: str
    not_published: bool  # so that the published recipes come first
    variant: str
    protocol_version: int
    fingerprint: str


@dataclass(frozen=True)
class FailedSeed:
    """A seed of a row that has no numbers, and why."""

    seed: int
    kind: str
    reason: str

    @classmethod
    def of(cls, record: Record) -> "FailedSeed":
        """Return what the ``record`` of a failed run says."""
        if record.failure is None:
            return cls(record.cell.seed, "error", "no reason was recorded")
        reason = " ".join(record.failure.reason.split())
        return cls(record.cell.seed, record.failure.kind, reason)


@dataclass(frozen=True, eq=False)
class GradedRun:
    """Which of a run's predictions are right, bool (m,), and what they were held against.

    Where answers have scores from 0 to 1 instead, ``correct`` holds these, float64 (m,).
    """

    correct: NDArray[np.bool_] | NDArray[np.float64]
    labels: NDArray[np.uint16]
    labels_hash: str  # of the m test labels

    @classmethod
    def of(cls, predictions: Predictions) -> "GradedRun":
        """Return the outcome of ``predictions``."""
        labels = np.ascontiguousarray(predictions.labels, dtype="<u2")
        digest = hashlib.sha256(labels.tobytes()).hexdigest()[:16]
        return cls(predictions.correct, predictions.labels, digest)


@dataclass(eq=False)
class Run:
    """A record with its predictions; ``read`` reads them from where they are kept.

    ``read_groups`` returns which test images belong together, or None where nobody knows.
    """

    record: Record
    read: Callable[[], Predictions | None]
    statements: Sequence[Statement] = ()  # on the record
    read_groups: Callable[[], ImageGroups | None] = lambda: None
    packed: bool = False  # whether it was read from a pack
    graded: "GradedRun | None" = None  # what is known to be right, where no predictions are kept
    found: dict[str, Any] = field(default_factory=dict)  # numbers of its predictions, by name

    @classmethod
    def of(cls, store: RecordStore, record: Record) -> "Run":
        """Return the run that ``record`` of ``store`` tells of."""
        finished = record.status == "finished"
        return cls(
            record,
            lambda: store.predictions(record) if finished else None,
            store.statements.get(record.key, ()),
            lambda: store.groups.of(record.cell.dataset, record.cell.dataset_fingerprint),
            store.packs.of(record) is not None,
        )

    @property
    def seed(self) -> int:
        return self.record.cell.seed

    @property
    def name(self) -> str:
        return f"{self.record.cell.architecture} seed {self.seed} ({self.record.key[:8]})"

    @cached_property
    def predictions(self) -> Predictions | None:
        """The run's predictions, kept from now on; None where it has none that can be read."""
        return self.read()

    @cached_property
    def outcome(self) -> GradedRun | None:
        """Which predictions are right; None without predictions."""
        if self.graded is not None:
            return self.graded
        predictions = self._read()
        return None if predictions is None else GradedRun.of(predictions)

    @cached_property
    def test_groups(self) -> ImageGroups | None:
        """Which of the images that it was tested on belong together; None where nobody knows."""
        groups = self.read_groups()
        if groups is None or self.outcome is None:
            return None
        return groups if len(groups.codes) == len(self.outcome.correct) else None

    def _read(self) -> Predictions | None:
        return vars(self)["predictions"] if "predictions" in vars(self) else self.read()

    def read_and_note(self) -> Predictions | None:
        """Return the predictions without keeping them, but for what is right among them."""
        predictions = self._read()
        if "outcome" not in vars(self) and self.graded is None:
            vars(self)["outcome"] = None if predictions is None else GradedRun.of(predictions)
        return predictions

    @property
    def accuracy(self) -> float:
        """The share of test images that are right; only finished runs have one."""
        if self.predictions is not None:
            return float(self.predictions.correct.mean())
        assert self.record.scores is not None
        return self.record.scores.test.accuracy


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
        arguments_json=json.dumps(cell.arguments, sort_keys=True),
        inputs_json=json.dumps(cell.inputs, sort_keys=True),
        at_once=len(cell.together.seeds) if cell.together else 1,
    )
