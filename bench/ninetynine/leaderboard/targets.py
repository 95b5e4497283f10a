"""What the ladder and the speedrun aim at on MNIST, and how near the rows have come.

The figures are those of the goal that the project set itself before the runs: 99.06% is what the
tutorial reports "for 10 minutes of training", 99.79% the best classifier that it names.  Ratios
are of the training time of the reference, the tutorial's own model in float32 on the same machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ninetynine.cells import Precision
from ninetynine.leaderboard.model import Row
from ninetynine.leaderboard.pace import Pace
from ninetynine.statistics import Summary, accuracy_estimate, time_to_accuracy_certified

REFERENCE = "t3_deep_cnn"
_CERTIFYING_SEEDS = 20  # of the protocol's time to accuracy
_ONE_SIDED = 0.90  # the lower end of this interval is a one-sided 95% bound


@dataclass(frozen=True)
class Target:
    """An accuracy to reach within a cost; None is no limit.

    Where ``certified``, the one-sided 95% lower bound of the mean has to reach ``accuracy``, and
    the fastest row that does is the answer; else the mean has to, and the answer is the best mean.
    """

    what: str
    accuracy: float
    certified: bool = False
    precision: Precision | None = None
    kind: Literal["trained"] | None = None  # a single model; None is anything
    most_ratio: float | None = None
    most_core_seconds: float | None = None
    least_runs: int = 1  # seeds, or replicates of an ensemble


TARGETS = (
    Target(
        what="Time to a certified mean of 99.06%, float32",
        accuracy=0.9906,
        certified=True,
        precision="float32",
        most_ratio=1 / 80,
        least_runs=_CERTIFYING_SEEDS,
    ),
    Target(
        what="Time to a certified mean of 99.06%, mixed_bfloat16",
        accuracy=0.9906,
        certified=True,
        precision="mixed_bfloat16",
        most_ratio=1 / 120,
        least_runs=_CERTIFYING_SEEDS,
    ),
    Target(
        what="Time to a certified mean of 99.5%",
        accuracy=0.995,
        certified=True,
        most_ratio=1 / 12,
        least_runs=_CERTIFYING_SEEDS,
    ),
    Target("A single model within the reference's time", 0.9970, kind="trained", most_ratio=1.0),
    Target("Anything within the reference's time", 0.9975, most_ratio=1.0),
    Target(
        what="Anything within ten minutes of two cores, five replicates",
        accuracy=0.9979,
        most_core_seconds=2 * 600,
        least_runs=5,
    ),
    Target(
        what="Anything within an hour of two cores, three replicates",
        accuracy=0.9982,
        most_core_seconds=2 * 3600,
        least_runs=3,
    ),
)


@dataclass(frozen=True)
class Candidate:
    """A row that was timed, every seed of which finished and has predictions."""

    row: Row
    summary: Summary
    pace: Pace

    def lower_bound(self) -> float | None:
        """Return the one-sided 95% bound of the mean on these images; chance: seeds."""
        return time_to_accuracy_certified(self.summary.seed_accuracy, 0.0).lower_bound

    def lower_bound_like_these(self) -> float:
        """Return the one-sided 95% bound for images like these; chance: seeds and images."""
        return accuracy_estimate(self.summary, _ONE_SIDED).population_interval.low


@dataclass(frozen=True)
class Answer:
    """The row that does best on a target; None where no row qualifies."""

    target: Target
    best: Candidate | None
    reached: bool


def answers(candidates: Sequence[Candidate]) -> tuple[Answer, ...]:
    """Return the best of ``candidates`` for each target."""
    return tuple(_answer(target, candidates) for target in TARGETS)


def _answer(target: Target, candidates: Sequence[Candidate]) -> Answer:
    fitting = [candidate for candidate in candidates if _has_the_form(target, candidate)]
    if target.certified:
        fitting = [c for c in fitting if _is_certified(target, c) and c.pace.ratio is not None]
        best = min(fitting, key=_slowness, default=None)
        return Answer(target, best, best is not None and _within(target, best.pace))
    within = [candidate for candidate in fitting if _within(target, candidate.pace)]
    best = max(within, key=lambda candidate: candidate.summary.mean, default=None)
    return Answer(target, best, best is not None and best.summary.mean >= target.accuracy)


def _has_the_form(target: Target, candidate: Candidate) -> bool:
    identity = candidate.row.identity
    return (
        target.precision in (None, identity.precision)
        and target.kind in (None, identity.kind)
        and candidate.summary.n_seeds >= target.least_runs
    )


def _is_certified(target: Target, candidate: Candidate) -> bool:
    accuracy = candidate.summary.seed_accuracy
    return time_to_accuracy_certified(accuracy, target.accuracy, target.least_runs).certified


def _within(target: Target, pace: Pace) -> bool:
    """Return whether the cost is within the limits; what is not known is not."""
    if target.most_ratio is not None and (pace.ratio is None or pace.ratio > target.most_ratio):
        return False
    return target.most_core_seconds is None or pace.core_seconds <= target.most_core_seconds


def _slowness(candidate: Candidate) -> float:
    assert candidate.pace.ratio is not None
    return candidate.pace.ratio
