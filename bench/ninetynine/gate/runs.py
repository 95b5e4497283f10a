"""Runs as the gate sees them: a record with its answers, and a baseline's runs of one model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninetynine.cells import CellIdentity
from ninetynine.gate.verdict import FlippedImage
from ninetynine.records import Predictions, Record, RecordStore

_SHOWN_FLIPS = 20


@dataclass(frozen=True, eq=False)
class Run:
    """A finished or failed record; ``predictions`` is None for a failed one."""

    record: Record
    predictions: Predictions | None

    @property
    def seed(self) -> int:
        return self.record.cell.seed

    @property
    def accuracy(self) -> float:
        """The share of test images that are right; only finished runs have one."""
        if self.predictions is not None:
            return float(self.predictions.correct.mean())
        assert self.record.scores is not None
        return self.record.scores.test.accuracy

    def is_same_model_as(self, other: "Run") -> bool:
        """Whether both have the same weights and give every test image the same probabilities.

        The weights alone would not do: dropout left on when answering leaves them as they were.
        """
        mine, others = self.record.model, other.record.model
        if mine is None or others is None or mine.weights_hash is None:
            return False
        if mine.weights_hash != others.weights_hash:
            return False
        if self.predictions is None or other.predictions is None:
            return False
        return np.array_equal(
            self.predictions.probabilities, other.predictions.probabilities
        ) and np.array_equal(self.predictions.labels, other.predictions.labels)


@dataclass(frozen=True, eq=False)
class Side:
    """The baseline of one architecture: its finished runs by seed, and the seeds that failed."""

    identity: CellIdentity  # of the first run; the seed aside, all runs share it
    runs: tuple[Run, ...]
    failed_seeds: tuple[int, ...] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)


def load_run(store: RecordStore, record: Record) -> Run:
    """Return ``record`` with its stored predictions."""
    finished = record.status == "finished"
    return Run(record, store.predictions(record) if finished else None)


def accuracies(runs: Sequence[Run]) -> NDArray[np.float64]:
    """Return the accuracy of each run, float64 (n,), fractions."""
    return np.array([run.accuracy for run in runs], dtype=np.float64)


def correct_of(runs: Sequence[Run]) -> NDArray[np.bool_] | None:
    """Return which answers are right, bool (n, m), or None where a run has no predictions."""
    rows = [run.predictions.correct for run in runs if run.predictions is not None]
    return np.stack(rows) if rows and len(rows) == len(runs) else None


def same_labels(one: Run, other: Run) -> bool:
    """Whether two runs answered the same questions, as far as their records tell."""
    if one.predictions is None or other.predictions is None:
        return True
    return np.array_equal(one.predictions.labels, other.predictions.labels)


def flipped_images(before: Sequence[Run], now: Sequence[Run]) -> tuple[FlippedImage, ...]:
    """Return the images whose share of right answers fell most, the largest fall first."""
    old, new = correct_of(before), correct_of(now)
    if old is None or new is None:
        return ()
    right_before, right_now = old.mean(axis=0), new.mean(axis=0)
    fall = right_before - right_now
    order = np.argsort(-fall, kind="stable")[:_SHOWN_FLIPS]
    return tuple(
        FlippedImage(
            index=int(i),
            label=_label(now[0], int(i)),
            right_before=float(right_before[i]),
            right_now=float(right_now[i]),
            answer_now=_wrong_answer(now, int(i)),
        )
        for i in order
        if fall[i] > 0
    )


def _label(run: Run, index: int) -> int:
    assert run.predictions is not None
    return int(run.predictions.labels[index])


def _wrong_answer(runs: Sequence[Run], index: int) -> int:
    label = _label(runs[0], index)
    given = [
        int(run.predictions.probabilities[index].argmax())
        for run in runs
        if run.predictions is not None
    ]
    return int(np.bincount([answer for answer in given if answer != label]).argmax())
