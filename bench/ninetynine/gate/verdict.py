"""What a check may say, on which terms; plain numbers, the words are in `ninetynine.report.gate`.

Accuracies, drops and margins are fractions of 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

from ninetynine.measures import Measure, find
from ninetynine.statistics import DifferenceBound
from ninetynine.statistics.sequential import Answer, Look, SeedsNeeded

CostMeasure = Literal["training time", "inference latency", "peak memory"]


class Outcome(IntEnum):
    """The answers, which are also the exit codes of ``bench check``: stable, never reused.

    2 is left to mistakes in what was asked, as for every verb.
    """

    NO_WORSE = 0
    REGRESSED = 1
    INCONCLUSIVE = 3
    NOT_COMPARABLE = 4
    CRASHED = 5


OUTCOMES: dict[Answer, Outcome] = {
    "no worse": Outcome.NO_WORSE,
    "regressed": Outcome.REGRESSED,
    "open": Outcome.INCONCLUSIVE,
}
# The first of these that any architecture has is the answer of the whole check.
_GRAVEST_FIRST = (
    Outcome.REGRESSED,
    Outcome.CRASHED,
    Outcome.NOT_COMPARABLE,
    Outcome.INCONCLUSIVE,
    Outcome.NO_WORSE,
)


@dataclass(frozen=True)
class Terms:
    """What counts as worse, and how sure to be.

    ``alpha`` bounds two chances, each by itself and per architecture: of "regressed" without a
    drop, and of "no worse" with a drop of ``margin`` or more.  ``cost_margins`` holds the growth
    that is tolerated (0.1 is 10%) for each cost that is gated.  ``allow_new`` and ``allow_gone``
    excuse what they name of the architectures that only one side has; with True, every one.
    """

    margin: float = 0.001
    alpha: float = 0.05
    max_seeds: int = 30
    allow_recipe_change: bool = False
    allow_data_change: bool = False  # of the training data; never of the test part
    allow_new: bool | tuple[str, ...] = False
    allow_gone: bool | tuple[str, ...] = False
    cost_margins: Mapping[CostMeasure, float] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)  # of single architectures
    rotate: bool = False  # look again with other seeds before "regressed" is said
    measure: str = "accuracy"  # what ``margin`` is of, in its own unit
    class_margins: Mapping[str, float] = field(default_factory=dict)  # by class; "" is any other

    @property
    def by(self) -> Measure:
        """The measure that is judged."""
        return find(self.measure)

    @property
    def share(self) -> float:
        """What the measure has of the chance of a false "regressed"; classes have the rest."""
        return 0.5 if self.class_margins else 1.0

    def class_margin(self, label: int) -> float | None:
        """Return the margin of a class's recall; None where it is not judged."""
        return self.class_margins.get(str(label), self.class_margins.get(""))

    def of(self, architecture: str) -> "Terms":
        """Return the terms of one architecture: its own margin in place of the general one."""
        return replace(self, margin=self.margins.get(architecture, self.margin))


@dataclass(frozen=True)
class CostVerdict:
    """Whether a cost grew by more than ``margin``; growths are fractions, 0.1 is 10% more.

    ``reason`` says in words why it cannot be compared.
    """

    measure: CostMeasure
    outcome: Outcome
    margin: float
    growth: float | None = None
    lower: float | None = None
    upper: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class ClassVerdict:
    """Whether the share of right answers of a class fell by more than ``margin``, a fraction."""

    label: int
    outcome: Outcome
    margin: float
    look: Look


@dataclass(frozen=True)
class FlippedImage:
    """A test image that is answered rightly less often than before; shares of runs."""

    index: int
    label: int
    right_before: float
    right_now: float
    answer_now: int  # the wrong answer that is given most often


@dataclass(frozen=True)
class Verdict:
    """One architecture's answer and the numbers behind it.

    ``identical`` is set where the first new run has the weights and the answers of the baseline's
    run of that seed.  ``reason`` says in words what no number says: why the sides cannot be
    compared, or how a run failed.  ``excused`` verdicts do not count for the check's answer.
    ``changes`` lists what differs between the sides and is part of what is checked.
    """

    architecture: str
    outcome: Outcome
    margin: float
    baseline_seeds: tuple[int, ...] = ()
    new_seeds: tuple[int, ...] = ()
    identical: bool = False
    excused: bool = False
    reason: str = ""
    look: Look | None = None
    needed: SeedsNeeded | None = None
    population: DifferenceBound | None = None  # the drop on images like these, for context
    population_groups: int | None = None  # how many groups the images are of, where these are drawn
    flipped: tuple[FlippedImage, ...] = ()
    costs: tuple[CostVerdict, ...] = ()
    changes: tuple[str, ...] = ()
    measure: str = "accuracy"  # what ``look`` is of; more is better there, so losses are negative
    classes: tuple[ClassVerdict, ...] = ()

    @property
    def quality(self) -> Outcome:
        """The gravest of the measure and the classes."""
        return gravest([self.outcome, *(found.outcome for found in self.classes)])

    @property
    def overall(self) -> Outcome:
        """The gravest of measure, classes and costs."""
        return gravest([self.quality, *(cost.outcome for cost in self.costs)])


@dataclass(frozen=True)
class CheckProspect:
    """What a check could show of one architecture; chances are None where nothing is known.

    ``seed_sd`` is the baseline's standard deviation over seeds, a fraction of 1.
    """

    architecture: str
    baseline_seeds: int
    seed_sd: float | None = None
    passes_unchanged: float | None = None  # the chance of "no worse" where nothing changed
    catches_twice_the_margin: float | None = None


def gravest(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that decides among several; no worse where there is none."""
    found = set(outcomes)
    return next((o for o in _GRAVEST_FIRST if o in found), Outcome.NO_WORSE)


def worst(verdicts: Iterable[Verdict]) -> Outcome:
    """Return the answer of a whole check; one that compared nothing has not found it no worse."""
    counted = [verdict.overall for verdict in verdicts if not verdict.excused]
    return gravest(counted) if counted else Outcome.NOT_COMPARABLE


@dataclass(frozen=True)
class CheckResult:
    """All verdicts of one ``bench check``, with what they were asked about."""

    suite: str
    dataset: str
    baseline: str  # the folder as named
    terms: Terms
    verdicts: tuple[Verdict, ...]
    reason: str = ""  # of the baseline's last update
    notes: tuple[str, ...] = ()
    familywise: bool = False  # the alpha of ``terms`` is an architecture's share

    @property
    def outcome(self) -> Outcome:
        """The answer of the check; its value is the exit code."""
        return worst(self.verdicts)
