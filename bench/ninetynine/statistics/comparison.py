"""Is A better than B, equivalent, or undecided: the difference, its interval, what would decide."""

import math
from dataclasses import dataclass
from typing import Literal

from ninetynine.statistics.classical import mcnemar_interval
from ninetynine.statistics.difference import (
    DifferenceBasis,
    DifferenceError,
    difference_error,
    discordant_apart,
    discordant_images,
    pair_clumping,
    pair_p_value,
    seed_difference_interval,
    separate_effects,
)
from ninetynine.statistics.power import (
    Limit,
    fewest_discordant,
    minimum_detectable_difference,
    pair_components,
    plan,
)
from ninetynine.statistics.summary import BoolArray, Interval, Summary, as_summary

Verdict = Literal["better", "worse", "equivalent", "undecided"]


@dataclass(frozen=True)
class Margin:
    """The smallest difference of interest: a fraction, or a share of the errors that are left.

    A relative one is of the errors of the model that makes fewer.  Those are counted, not known, so
    a relative margin is itself an estimate.
    """

    share: float
    relative: bool = False

    def between(self, a: Summary, b: Summary) -> float:
        """Return the margin of two models as a difference in accuracy."""
        return self.share * (1 - max(a.mean, b.mean)) if self.relative else self.share


USUAL_MARGIN = Margin(0.001)


@dataclass(frozen=True)
class Decision:
    """What would decide an undecided comparison.

    ``seeds`` per model on this test set, or None with ``limited_by`` saying why: "images"
    (the test images are the limit; ``images`` would be the least that do), "both", or
    "single runs" (one run each says nothing about the spread over seeds), "no margin" (a share of
    no errors, between models that differ in nothing).  ``groups`` is the
    number of groups that so many images are of, where they come in groups.
    """

    seeds: int | None
    images: int | None
    limited_by: Limit | Literal["single runs", "no margin"]
    groups: int | None = None


@dataclass(frozen=True)
class Comparison:
    """A against B; differences are accuracy of A less accuracy of B, as fractions.

    ``interval``, ``p_value`` and ``verdict`` are for new images of the same kind; ``seed_interval``
    (None where a model has one run) is for these test images only.  ``discordant`` counts
    the images that only A and that only B gets right, for two single runs.  ``alpha`` is the level
    that this look may use, and ``interval`` holds with 1 - ``alpha``; ``within`` holds with
    1 - 2 ``alpha``, and lies inside the margin where the verdict is "equivalent".  ``to_decide`` is
    set where the verdict is "undecided", or the difference too small for ``planned_alpha``.
    """

    difference: float
    interval: Interval
    p_value: float
    verdict: Verdict
    basis: DifferenceBasis
    seed_interval: Interval | None
    discordant: tuple[int, int] | None
    margin: float
    minimum_detectable_difference: float  # at most ``largest``
    to_decide: Decision | None
    within: Interval
    alpha: float = 0.05
    looks: int = 1
    power: float = 0.8
    relative_margin: float | None = None  # the share of the errors left that ``margin`` is
    largest: float = 1.0  # that a difference can be

    @property
    def could_show_any(self) -> bool:
        """Whether there is a difference that so many seeds and images would have shown."""
        return self.minimum_detectable_difference < self.largest

    @property
    def seeds_to_decide(self) -> int | None:
        """Seeds per model that would decide; None if decided or if seeds cannot."""
        return self.to_decide.seeds if self.to_decide else None


def compare(
    model_a: Summary | BoolArray,
    model_b: Summary | BoolArray,
    confidence: float = 0.95,
    margin: float | Margin = USUAL_MARGIN,
    power: float = 0.8,
    looks: int = 1,
    planned_alpha: float | None = None,
    error: DifferenceError | None = None,
) -> Comparison:
    """Compare two models (bool arrays (n_seeds, n_images) over the same images, or summaries).

    ``margin`` is the smallest difference of interest, a fraction (0.001 is 0.1 percentage points)
    or a `Margin`.  The verdict is "better" or "worse" when the p-value is below ``alpha``, which is
    ``1 - confidence`` over ``looks``: whoever may add seeds and compare again shares the error
    among so many looks.  It is "equivalent" when two one-sided tests at ``alpha`` show the
    difference to be within the margin (Schuirmann 1987), and there are images enough that a
    difference as large would have met one; else "undecided".  ``planned_alpha`` is the level of the
    test that the advice is for, by default ``alpha``; ``error`` replaces the difference and its
    standard error where the models' runs are paired in some way.

    Raises:
        ValueError: the models were not measured on the same number of images, or a number has no
            meaning.
    """
    if not (0 < confidence < 1 and 0 < power < 1 and looks >= 1):
        raise ValueError(f"confidence {confidence}, power {power}, looks {looks}: out of range")
    a, b = as_summary(model_a), as_summary(model_b)
    margin = margin if isinstance(margin, Margin) else Margin(margin)
    smallest = margin.between(a, b)
    if not 0 <= smallest < math.inf:
        raise ValueError(f"a margin of {smallest} means nothing; it must be above 0")
    alpha = (1 - confidence) / looks
    paired, error = error is not None, error or difference_error(a, b)
    p_value = error.p_value if paired else pair_p_value(a, b)
    single = error.basis == "single runs" and a.binary and b.binary
    within = _interval(a, b, error, 1 - 2 * alpha)
    planned = alpha if planned_alpha is None else planned_alpha / looks
    counted = a.n_images / pair_clumping(a, b) if single else None
    detectable = max(
        minimum_detectable_difference(*one, planned, power, counted, a.largest)
        for one in error.errors
    )
    # However large a difference is, so few images or groups never tell two models apart.
    units = a.n_images if a.groups is None else a.groups.count
    if units < fewest_discordant(planned):
        detectable = a.largest
    unseen = _unseen(a, b, alpha)
    drawn = a.n_images if a.groups is None else a.groups.effective
    enough = drawn >= fewest_discordant(alpha)
    equivalent = enough and max(-within.low, within.high, unseen) < smallest
    verdict = _verdict(error.difference, p_value < alpha, equivalent)
    # Without a margin that anything could lie in, only the difference found can be planned for.
    target = max(abs(error.difference), smallest)
    open_ = verdict == "undecided" or (verdict != "equivalent" and p_value >= planned)
    return Comparison(
        difference=error.difference,
        interval=_interval(a, b, error, 1 - alpha),
        p_value=p_value,
        verdict=verdict,
        basis=error.basis,
        seed_interval=None if paired else seed_difference_interval(a, b, 1 - alpha),
        discordant=discordant_images(a, b) if single else None,
        margin=smallest,
        minimum_detectable_difference=detectable,
        largest=a.largest,
        to_decide=_decision(a, b, target, planned, power) if open_ else None,
        within=within,
        alpha=alpha,
        looks=looks,
        power=power,
        relative_margin=margin.share if margin.relative else None,
    )


def _unseen(a: Summary, b: Summary, alpha: float) -> float:
    """Return how far models may be apart on images that were not drawn, though on none that were.

    Where none of m images tells two models apart, so many of all images still may.  Scores that
    differ on images enough say themselves how far they are apart.
    """
    effect = a.image_accuracy - b.image_accuracy
    if not (a.binary and b.binary) and separate_effects(effect, None) >= fewest_discordant(alpha):
        return 0.0
    share = float(1 - alpha ** (pair_clumping(a, b) / a.n_images))
    return share if a.binary and b.binary else share * max(a.largest, a.step, b.step)


def _verdict(difference: float, significant: bool, equivalent: bool) -> Verdict:
    if significant:
        return "better" if difference > 0 else "worse"
    return "equivalent" if equivalent else "undecided"


def _interval(a: Summary, b: Summary, error: DifferenceError, confidence: float) -> Interval:
    half_width = error.half_width(confidence)
    low, high = error.difference - half_width, error.difference + half_width
    if error.basis == "single runs" and a.binary and b.binary:
        # The wider of all ends, so that the interval leaves out 0 when McNemar says so
        # and not otherwise (Clopper and Pearson hold the number of discordant images).
        apart, images = discordant_apart(a, b), a.n_images / pair_clumping(a, b)
        alone = discordant_images(a, b), float(a.n_images)
        for (a_right, b_right), of in ((apart, images), alone):
            exact = mcnemar_interval(a_right, b_right, of, confidence)
            low, high = min(low, exact.low), max(high, exact.high)
    return Interval(max(low, -a.largest), min(high, a.largest))


def _decision(a: Summary, b: Summary, target: float, alpha: float, power: float) -> Decision:
    """What it takes to show ``target``: the observed difference, or the margin if larger."""
    components = pair_components(a, b)
    if target <= 0:
        return Decision(None, None, "no margin")
    if components is None:
        return Decision(None, None, "single runs")
    found = plan(components, a.n_images, target, alpha, power, more_than=min(a.n_seeds, b.n_seeds))
    return Decision(found.seeds, found.images, found.limited_by, found.groups)
