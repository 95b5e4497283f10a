"""Is A better than B: the difference, its interval and a verdict."""

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
)
from ninetynine.statistics.power import Limit, minimum_detectable_difference, pair_components, plan
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import BoolArray, Interval, Summary, as_summary

Verdict = Literal["better", "worse", "not told apart", "underpowered"]


@dataclass(frozen=True)
class Decision:
    """What would decide an underpowered comparison.

    ``seeds`` per model on this test set, or None with ``limited_by`` saying why: "images"
    (the test images are the limit; ``images`` would be the least that do), "both", or
    "single runs" (one run each says nothing about the spread over seeds).  ``groups`` is the
    number of groups that so many images are of, where they come in groups.
    """

    seeds: int | None
    images: int | None
    limited_by: Limit | Literal["single runs"]
    groups: int | None = None


@dataclass(frozen=True)
class Comparison:
    """A against B; differences are accuracy of A less accuracy of B, as fractions.

    ``interval``, ``p_value`` and ``verdict`` are for new images of the same kind; ``seed_interval``
    (None where a model has one run) is for these test images only.  ``discordant`` counts
    the images that only A and that only B gets right, for two single runs.  ``to_decide``
    is set when the verdict is "underpowered".
    """

    difference: float
    interval: Interval
    p_value: float
    verdict: Verdict
    basis: DifferenceBasis
    seed_interval: Interval | None
    discordant: tuple[int, int] | None
    margin: float
    minimum_detectable_difference: float
    to_decide: Decision | None

    @property
    def seeds_to_decide(self) -> int | None:
        """Seeds per model that would decide; None if decided or if seeds cannot."""
        return self.to_decide.seeds if self.to_decide else None

    @property
    def images_to_decide(self) -> int | None:
        """Test images that would decide, where the images are the limit; else None."""
        return self.to_decide.images if self.to_decide else None


def compare(
    model_a: Summary | BoolArray,
    model_b: Summary | BoolArray,
    confidence: float = 0.95,
    margin: float = 0.001,
    power: float = 0.8,
) -> Comparison:
    """Compare two models (bool arrays (n_seeds, n_images) over the same images, or summaries).

    ``margin`` is the smallest difference of interest, a fraction (0.001 is 0.1 percentage
    points).  The verdict is "better" or "worse" when the p-value is below
    ``1 - confidence``.  Otherwise it is "not told apart" if the data had its chance: a true
    difference of ``margin`` would have been found with probability ``power``, or the
    interval lies within +-``margin``.  Else it is "underpowered": a difference that matters
    may be there.

    Raises:
        ValueError: the models were not measured on the same number of images.
    """
    a, b = as_summary(model_a), as_summary(model_b)
    error, p_value = difference_error(a, b), pair_p_value(a, b)
    single = error.basis == "single runs" and a.binary and b.binary
    interval = _interval(a, b, error, confidence)
    detectable = minimum_detectable_difference(
        error.standard_error,
        error.degrees_of_freedom,
        1 - confidence,
        power,
        single_run_images=a.n_images / pair_clumping(a, b) if single else None,
    )
    had_its_chance = detectable <= margin or (interval.low >= -margin and interval.high <= margin)
    verdict = _verdict(error.difference, p_value < 1 - confidence, had_its_chance)
    underpowered = verdict == "underpowered"
    target = max(abs(error.difference), margin)
    return Comparison(
        difference=error.difference,
        interval=interval,
        p_value=p_value,
        verdict=verdict,
        basis=error.basis,
        seed_interval=seed_difference_interval(a, b, confidence),
        discordant=discordant_images(a, b) if single else None,
        margin=margin,
        minimum_detectable_difference=detectable,
        to_decide=_decision(a, b, target, 1 - confidence, power) if underpowered else None,
    )


def _verdict(difference: float, significant: bool, had_its_chance: bool) -> Verdict:
    if significant:
        return "better" if difference > 0 else "worse"
    return "not told apart" if had_its_chance else "underpowered"


def _interval(a: Summary, b: Summary, error: DifferenceError, confidence: float) -> Interval:
    half_width = t_quantile((1 + confidence) / 2, error.degrees_of_freedom) * error.standard_error
    low, high = error.difference - half_width, error.difference + half_width
    if error.basis == "single runs" and a.binary and b.binary:
        # The wider of both ends, so that the interval leaves out 0 when McNemar says so
        # and not otherwise (Clopper and Pearson hold the number of discordant images).
        apart, images = discordant_apart(a, b), a.n_images / pair_clumping(a, b)
        exact = mcnemar_interval(*apart, images, confidence)
        low, high = min(low, exact.low), max(high, exact.high)
    return Interval(max(low, -1.0), min(high, 1.0))


def _decision(a: Summary, b: Summary, target: float, alpha: float, power: float) -> Decision:
    """What it takes to show ``target``: the observed difference, or the margin if larger."""
    components = pair_components(a, b)
    if components is None:
        return Decision(None, None, "single runs")
    found = plan(components, a.n_images, target, alpha, power, more_than=min(a.n_seeds, b.n_seeds))
    return Decision(found.seeds, found.images, found.limited_by, found.groups)
