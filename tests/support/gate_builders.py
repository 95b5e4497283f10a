"""Synthetic baselines and new runs for tests of the gate, and a trainer that trains nothing."""

from contextlib import nullcontext, suppress
from itertools import islice
from typing import Any

import numpy as np
from ninetynine.board import Row, Run
from ninetynine.board.boards import board_key, make_rows
from ninetynine.executors import Enough
from ninetynine.gate.manifest import Update
from ninetynine.records import Record, RecordStore
from ninetynine.running import TrainingOutcome
from record_builders import make_failed, make_predictions, make_record

IMAGES = 10_000


def make_run(
    accuracy: float = 0.98,
    seed: int = 0,
    architecture: str = "net",
    weights_hash: str | None = None,
    images: int = IMAGES,
    **fields: Any,
) -> Run:
    """A finished run; unless one is given, its weights are of this accuracy and seed alone."""
    wrong = np.random.default_rng([seed, round(accuracy * IMAGES)]).permutation(images)
    wrong = wrong[: round((1 - accuracy) * images)]
    predictions = make_predictions(wrong, images)
    in_images = float(predictions.correct.mean())
    record = make_record(architecture, seed, accuracy=in_images, **fields)
    assert record.model is not None
    digest = weights_hash or f"{seed}-{accuracy}".ljust(64, "0")
    model = record.model.model_copy(update={"weights_hash": digest})
    return Run(record.model_copy(update={"model": model}), lambda: predictions)


def make_runs(accuracies: Any, first_seed: int = 0, **fields: Any) -> list[Run]:
    return [make_run(float(a), first_seed + i, **fields) for i, a in enumerate(accuracies)]


def make_row(accuracies: Any, **fields: Any) -> Row:
    """A baseline's row of finished runs with these accuracies."""
    return row_of(make_runs(accuracies, **fields))


def row_of(runs: list[Run]) -> Row:
    (row,) = make_rows(board_key(runs[0].record, "published"), runs)
    return row


def spread(mean: float, sd: float, count: int, seed: int = 0) -> np.ndarray:
    """Accuracies with about this mean and spread, in whole images."""
    deviates = np.random.default_rng(seed).standard_normal(count)
    deviates = (deviates - deviates.mean()) / deviates.std(ddof=1)
    return np.round((mean + sd * deviates) * IMAGES) / IMAGES


def write_runs(store: RecordStore, runs: list[Run]) -> None:
    for run in runs:
        store.write(run.record, run.predictions)


def make_update(reason: str = "first") -> Update:
    return Update(
        at="2026-01-01T00:00:00+00:00",
        reason=reason,
        suite="quick",
        dataset="mnist",
        architectures=["net"],
        seeds=[0, 1],
        suite_version="0.1.0",
    )


class FakeTrainer:
    """Writes a record for every cell it is given, from ``accuracy(architecture, seed)``.

    An accuracy of None is a divergence, of -1 a crash.  ``trained`` lists what it was given.  It
    has ``workers`` cells in hand at once, and finishes them in the order in which they were given,
    those of ``slow`` after all others.
    """

    def __init__(
        self,
        store: RecordStore,
        accuracy: Any,
        images: int = IMAGES,
        workers: int = 1,
        slow: str = "",
    ) -> None:
        self.store = store
        self.accuracy = accuracy
        self.images = images
        self.workers, self.slow = workers, slow
        self.trained: list[tuple[str, int]] = []

    def __call__(self, cells: Any, choose: Any = None) -> TrainingOutcome:
        outcome, waiting, in_hand = TrainingOutcome(), iter(cells), []
        choose = choose or (lambda outcome: [*islice(waiting, 1)])
        with suppress(Enough):
            while True:
                while len(in_hand) < self.workers and (chosen := choose(outcome)):
                    in_hand.append(chosen)
                    self.trained += [(c.identity.architecture, c.identity.seed) for c in chosen]
                if not in_hand:
                    break
                in_hand.sort(key=lambda cells: cells[0].identity.architecture == self.slow)
                for cell in in_hand.pop(0):
                    identity = cell.identity
                    record = self._write(cell, self.accuracy(identity.architecture, identity.seed))
                    finished = record.status == "finished"
                    (outcome.finished if finished else outcome.failed).append(record)
        return outcome

    def build(self, cells: Any) -> dict[str, str]:
        """Return no hash, as its records have none."""
        return {}

    def _write(self, cell: Any, accuracy: float | None) -> Record:
        if accuracy is None or accuracy < 0:
            kind, reason = ("diverged", "the loss is nan in epoch 2 of 5")
            if accuracy is not None:
                kind, reason = ("crashed", "the worker exited with code 1")
            failed = make_failed(kind=kind, reason=reason)
            update = {"cell": cell.identity, "key": cell.key}
            return self.store.write(failed.model_copy(update=update), None)
        run = make_run(accuracy, cell.identity.seed, images=self.images)
        update = {"cell": cell.identity, "key": cell.key}
        return self.store.write(run.record.model_copy(update=update), run.predictions)


def open_fake_trainer(accuracy: Any, images: int = IMAGES) -> Any:
    """Return what stands in for the gate's ``open_trainer``: one that trains nothing."""
    return lambda run, cells, store, records, watcher: nullcontext(
        FakeTrainer(store, accuracy, images)
    )
