"""How near the rows of a board have come to the targets of a suite.

Ratios are of the training time of the suite's timing reference in float32 on the same machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ninetynine.board.row import Row
from ninetynine.board.training_time import RelativeTime
from ninetynine.statistics import Summary, accuracy_estimate, time_to_accuracy_certified
from ninetynine.suite import Target

_ONE_SIDED = 0.90  # the lower end of this interval is a one-sided 95% bound


@dataclass(frozen=True)
class Candidate:
    """A row that was timed, every seed of which finished and has predictions."""

    row: Row
    summary: Summary
    time: RelativeTime

    def is_certified(self, target: Target) -> bool:
        """Return whether it is certain that the mean on these images reaches the target."""
        accuracy = self.summary.seed_accuracy
        return time_to_accuracy_certified(accuracy, target.accuracy, target.least_runs).certified

    def lower_bound(self) -> float | None:
        """Return the one-sided 95% bound of the mean on these images; chance: seeds."""
        return time_to_accuracy_certified(self.summary.seed_accuracy, 0.0).lower_bound

    def lower_bound_population(self) -> float:
        """Return the one-sided 95% bound for images like these; chance: seeds and images."""
        return accuracy_estimate(self.summary, _ONE_SIDED).population_interval.low


@dataclass(frozen=True)
class TargetVerdict:
    """The row that does best on a target; None where no row qualifies."""

    target: Target
    best: Candidate | None
    reached: bool


def judge_targets(
    targets: Sequence[Target], candidates: Sequence[Candidate]
) -> tuple[TargetVerdict, ...]:
    """Return the best of ``candidates`` for each target."""
    return tuple(_judge(target, candidates) for target in targets)


def _judge(target: Target, candidates: Sequence[Candidate]) -> TargetVerdict:
    fitting = [
        candidate
        for candidate in candidates
        if target.precision in (None, candidate.row.identity.precision)
        and target.kind in (None, candidate.row.identity.kind)
        and candidate.summary.n_seeds >= target.least_runs
    ]
    if target.certified:
        certified = [
            (candidate.time.ratio, candidate)
            for candidate in fitting
            if candidate.is_certified(target) and candidate.time.ratio is not None
        ]
        _, best = min(certified, key=lambda pair: pair[0], default=(None, None))
        return TargetVerdict(target, best, best is not None and _within(target, best.time))
    within = [candidate for candidate in fitting if _within(target, candidate.time)]
    best = max(within, key=lambda candidate: candidate.summary.mean, default=None)
    return TargetVerdict(target, best, best is not None and best.summary.mean >= target.accuracy)


def _within(target: Target, time: RelativeTime) -> bool:
    """Return whether the cost is within the limits; what is not known is not."""
    if target.most_ratio is not None and (time.ratio is None or time.ratio > target.most_ratio):
        return False
    return target.most_core_seconds is None or time.core_seconds <= target.most_core_seconds
