"""A row: one model under one recipe, its records, and what its runs predicted.

A row holds the records that differ in nothing but the seed, the thread count and the machine.
Nothing is dropped silently: what does not count is among its failures or left aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.board.predictions import PredictionSums, sum_predictions
from ninetynine.board.run import PUBLISHED, BoardKey, FailedSeed, GradedRun, RowIdentity, Run
from ninetynine.board.training_time import TrainingTime, training_time
from ninetynine.cells import CellIdentity
from ninetynine.datasets import ImageGroups
from ninetynine.errors import UserError
from ninetynine.grouping import grouped
from ninetynine.records import Record
from ninetynine.statistics import (
    Groups,
    Interval,
    RankInterval,
    Summary,
    accuracy_estimate,
    summarize,
    summarize_scores,
)
from ninetynine.statistics.failures import Failures, failures

_NEVER_NEAR_A_CLASS = 0.5  # the commonest class's share above which "no better" means little


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation (n - 1 in the denominator) over n seeds."""

    mean: float
    sd: float | None  # None for one seed
    n: int


@dataclass(frozen=True)
class Standing:
    """Where a board's ranking puts a row; see `statistics.Ranking`."""

    rank: RankInterval  # together with all others, as on images like these
    marginal_rank: RankInterval  # of this row alone
    seed_rank: RankInterval | None  # together with all others, on these very images
    among_best: bool
    groups: tuple[str, ...]  # two rows share a letter exactly when they are not different


@dataclass(eq=False)
class Row:
    """One model under one recipe.  Numbers are None where there is no such number.

    Accuracies are shares of 1, losses are nats, durations are seconds.  ``cell`` is one run's
    identity: in seed, threads and machine the others may differ from it.
    """

    name: str
    identity: RowIdentity
    key: BoardKey
    cell: CellIdentity
    runs: tuple[Run, ...]  # the finished ones that count, in the order of their seeds
    failed: tuple[FailedSeed, ...] = ()
    left_aside: tuple[Run, ...] = ()  # further runs of seeds that count once
    standing: Standing | None = None  # set by the board that ranks the row
    measured: dict[str, Any] = field(default_factory=dict)  # what `board.measured` found, by name

    @classmethod
    def of(cls, name: str, identity: RowIdentity, key: BoardKey, runs: Iterable[Run]) -> "Row":
        """Return the row of ``runs``, of which there has to be one.

        A seed counts once: a finished run if there is one, the first by key of several.
        """
        by_seed = grouped((run.seed, run) for run in sorted(runs, key=lambda run: run.record.key))
        cell = next(iter(by_seed.values()))[0].record.cell
        finished: list[Run] = []
        failed: list[FailedSeed] = []
        left_aside: list[Run] = []
        for _, tried in sorted(by_seed.items()):
            done = next((run for run in tried if run.record.status == "finished"), None)
            if done is None:
                failed.append(FailedSeed.of(tried[0].record))
            else:
                finished.append(done)
                left_aside += [run for run in tried if run is not done]
        return cls(name, identity, key, cell, tuple(finished), tuple(failed), tuple(left_aside))

    @property
    def full_name(self) -> str:
        """The name, with its recipes' where those are not the published ones."""
        variant = self.key.variant
        return self.name if variant == PUBLISHED else f"{self.name}@{variant}"

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The records of the finished runs."""
        return tuple(run.record for run in self.runs)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The finished seeds."""
        return tuple(run.seed for run in self.runs)

    @property
    def tried(self) -> int:
        """How many seeds were run, finished or failed."""
        return len(self.runs) + len(self.failed)

    @property
    def threads(self) -> tuple[int, ...]:
        return tuple(sorted({record.cell.threads for record in self.records}))

    @property
    def dataset_revisions(self) -> tuple[str, ...]:
        """Of a set of another library's, as far as its runs recorded them; the same data."""
        told = {record.context.dataset_revision for record in self.records}
        return tuple(sorted(revision for revision in told if revision))

    @cached_property
    def parameters(self) -> int | None:
        return next((r.model.parameters for r in self.records if r.model), None)

    @cached_property
    def multiply_adds(self) -> int | None:
        """Of one image."""
        return next((r.model.multiply_adds for r in self.records if r.model), None)

    @cached_property
    def accuracy(self) -> Spread | None:
        return spread(r.scores.test.accuracy for r in self.records if r.scores)

    @cached_property
    def loss(self) -> Spread | None:
        return spread(r.scores.test.loss for r in self.records if r.scores)

    @cached_property
    def train_accuracy(self) -> Spread | None:
        """Accuracy of the trained models on their training images."""
        return spread(r.scores.train.accuracy for r in self.records if r.scores and r.scores.train)

    @cached_property
    def train_test_gap(self) -> float | None:
        """Mean train minus mean test accuracy, over records that have both."""
        both = [r.scores for r in self.records if r.scores and r.scores.train]
        gaps = spread(s.train.accuracy - s.test.accuracy for s in both if s.train)
        return None if gaps is None else gaps.mean

    @property
    def rank(self) -> RankInterval | None:
        """Its ranks, as on images like these; None where no board ranks it."""
        return self.standing.rank if self.standing else None

    @property
    def groups(self) -> tuple[str, ...]:
        """The letters of its significance groups."""
        return self.standing.groups if self.standing else ()

    @property
    def group(self) -> str:
        """The letters of its significance groups, as one text."""
        return "".join(self.groups)

    @property
    def errors_per_10000(self) -> float | None:
        """The mean number of wrong predictions among 10,000 images."""
        return None if self.accuracy is None else (1.0 - self.accuracy.mean) * 10_000

    @cached_property
    def time(self) -> TrainingTime | None:
        """Training time on the machine with most runs that had their cores to themselves."""
        return training_time(self.records)

    @property
    def seed_accuracies(self) -> list[tuple[int, float]]:
        """(seed, test accuracy) of each finished run."""
        return [(r.cell.seed, r.scores.test.accuracy) for r in self.records if r.scores]

    @cached_property
    def outcomes(self) -> tuple[GradedRun, ...]:
        """What the runs with predictions got right."""
        return tuple(outcome for run in self.runs if (outcome := run.outcome) is not None)

    @cached_property
    def correct(self) -> NDArray[Any]:
        """Which predictions are right, of the runs that have predictions: bool (n, m).

        Where answers have scores from 0 to 1, these: float64 (n, m).
        """
        correct: NDArray[Any] = np.stack([outcome.correct for outcome in self.outcomes])
        return correct

    @property
    def labels(self) -> NDArray[np.uint16]:
        """The test labels (m,); only rows with predictions have them."""
        return self.outcomes[0].labels

    @cached_property
    def summary(self) -> Summary | None:
        """What the statistics need of the runs with predictions; None where there are none."""
        if not self.outcomes:
            return None
        known = self.test_groups
        groups = None if known is None else Groups.of(known.codes)
        if self.correct.dtype != np.bool_:
            return summarize_scores(self.correct, groups)
        return summarize(self.correct, groups)

    @property
    def test_groups(self) -> ImageGroups | None:
        """Which test images belong together; None where nobody knows."""
        return next((run.test_groups for run in self.runs if run.test_groups is not None), None)

    @cached_property
    def failures(self) -> Failures:
        """Which seeds failed or collapsed, and what is left of the mean."""
        images, chance = None, None
        if self.summary is not None:
            images = self.summary.n_images
            share = float(np.bincount(self.labels).max()) / images
            chance = share if share <= _NEVER_NEAR_A_CLASS else None
        values = [value for _, value in self.seed_accuracies]
        return failures(values, len(self.failed), images, chance)

    @cached_property
    def _intervals(self) -> tuple[Interval | None, Interval | None]:
        if self.summary is None:
            return None, None
        estimate = accuracy_estimate(self.summary)
        seeds, population = estimate.seed_interval, estimate.population_interval
        if seeds is None or not self.failures.collapsed or self.failures.mean_interval is None:
            return seeds, population
        # Student's t is of draws that are alike; where one collapsed the rate of it is chance, too.
        seeds = self.failures.mean_interval
        return seeds, population.hull(seeds)

    @property
    def ci_seeds(self) -> Interval | None:
        """95% interval of the mean on these test images; chance: seeds.

        Where a seed collapsed it holds the failure rate's, too (`Failures.mean_interval`).
        """
        return self._intervals[0]

    @property
    def ci_population(self) -> Interval | None:
        """95% interval of the mean on images like these; chance: seeds and images.

        Where the images come in groups, chance are the groups with their images.
        """
        return self._intervals[1]

    @cached_property
    def prediction_sums(self) -> PredictionSums | None:
        """What the runs predicted, summed up; None without predictions.

        Each file is read once, and what its run got right is noted on the way.
        """
        # Predictions of bare classes, such as an imported list of labels, come without a loss.
        losses = [r.scores.test.loss if r.scores is not None else None for r in self.records]
        found = (run.read_and_note() for run in self.runs)
        return sum_predictions((p for p in found if p is not None), None not in losses)

    def of_seed(self, seed: int) -> "Row":
        """Return the row with the run of ``seed`` alone; raise UserError where it has none."""
        runs = tuple(run for run in self.runs if run.seed == seed)
        if not runs:
            seeds = ", ".join(map(str, self.seeds)) or "none"
            raise UserError(f"{self.name} has no finished run with seed {seed}; it has: {seeds}")
        return Row(self.name, self.identity, self.key, runs[0].record.cell, runs)


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return mean, sample standard deviation and count of ``values``, leaving out None."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if known.size == 0:
        return None
    sd = float(known.std(ddof=1)) if known.size > 1 else None
    return Spread(float(known.mean()), sd, int(known.size))
