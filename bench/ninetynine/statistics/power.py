"""What could have been shown, and what it would take: seeds and images to decide."""

import math
from dataclasses import dataclass
from typing import Literal

from ninetynine.statistics.difference import image_part, pair_clumping, separate_effects
from ninetynine.statistics.estimate import variance_components
from ninetynine.statistics.special import noncentrality_for_power, t_power
from ninetynine.statistics.summary import (
    BoolArray,
    Summary,
    as_summary,
    caution,
    seed_variance,
)

Limit = Literal["seeds", "images", "both"]
MAX_SEEDS = 1000
_PRIOR_SEEDS = 3


@dataclass(frozen=True)
class PairComponents:
    """Variances behind a difference of two models, per single right/wrong answer.

    ``image`` is the variance over images of the two models' difference in the chance to be
    right; ``seed_*`` the variance of a model's accuracy over seeds beyond what flipping
    images one by one explains; ``rest_*`` that flipping.  Take them from data with
    `pair_components`, or assume them.

    Where images come in groups, ``image`` and ``rest_*`` hold the design effects;
    ``groups_per_image`` and ``effective_groups_per_image`` are G / m, and the same with groups of
    equal size that tell as much.  More images are taken to be more groups of the same sizes.
    ``separate_per_image`` is how many images, or groups, of each image separate the two models.
    """

    image: float
    seed_a: float
    seed_b: float
    rest_a: float
    rest_b: float
    groups_per_image: float | None = None
    effective_groups_per_image: float = 1.0
    separate_per_image: float = 1.0


@dataclass(frozen=True)
class Plan:
    """What it takes to show ``difference`` (a fraction) with the wanted power.

    ``seeds`` is the number of seeds per model on this test set.  None means that even
    ``max_seeds`` do not suffice: ``limited_by`` "images" when the test images are too few
    (``images`` is then the least number that would do, with ``max_seeds`` seeds), "both"
    when not even unlimited images would help.  ``groups`` is what ``images`` are in groups, where
    images come in such.
    """

    difference: float
    seeds: int | None
    images: int | None
    limited_by: Limit
    max_seeds: int
    groups: int | None = None


def pair_components(
    model_a: Summary | BoolArray, model_b: Summary | BoolArray
) -> PairComponents | None:
    """Estimate the components from two models over the same images.

    A model with one seed is taken to vary as the other does; None when both have one.
    """
    a, b = as_summary(model_a), as_summary(model_b)
    if a.n_seeds == 1 and b.n_seeds == 1:
        return None
    of_a, of_b = (a if a.n_seeds > 1 else b), (b if b.n_seeds > 1 else a)
    own_a, own_b = variance_components(of_a), variance_components(of_b)
    over_images = image_part(a, b, pair_clumping(a, b)) * a.n_images
    groups, m = a.groups, a.n_images
    flips = own_a.rest / a.n_seeds + own_b.rest / b.n_seeds
    return PairComponents(
        image=max(over_images - flips, 0.0),
        seed_a=_beyond_flips(of_a),
        seed_b=_beyond_flips(of_b),
        rest_a=own_a.rest,
        rest_b=own_b.rest,
        groups_per_image=None if groups is None else groups.count / m,
        effective_groups_per_image=1.0 if groups is None else groups.effective / m,
        separate_per_image=separate_effects(a.image_accuracy - b.image_accuracy, groups) / m,
    )


def _beyond_flips(summary: Summary) -> float:
    """Return the seeds' variance beyond flips; what came out small by luck is no ground to plan.

    So it is at least what it were with three more seeds of twice the flips' variance (the
    moderation of Smyth 2004).
    """
    if summary.seed_mean_square == 0 and summary.rest_over_groups == 0:
        return 0.0
    own, flips = seed_variance(summary)
    known = summary.n_seeds - 1
    pooled = (_PRIOR_SEEDS * 2 * flips + known * own) / (_PRIOR_SEEDS + known)
    return max(own, pooled, flips) - flips


def minimum_detectable_difference(
    standard_error: float,
    degrees_of_freedom: float,
    alpha: float = 0.05,
    power: float = 0.8,
    single_run_images: float | None = None,
    largest: float = 1.0,
) -> float:
    """Smallest true difference that the t test at ``alpha`` (two-sided) finds with ``power``.

    Two single runs over ``single_run_images`` images are tested by exact McNemar, which
    needs at least six images of one kind and none of the other to reach 5%.
    """
    detectable = standard_error * noncentrality_for_power(power, alpha, degrees_of_freedom)
    if single_run_images is None:
        return min(detectable, largest)
    return min(max(detectable, fewest_discordant(alpha) / single_run_images), largest)


def fewest_discordant(alpha: float) -> int:
    """Images that one model alone gets right, and none the other, for exact McNemar to see it."""
    return math.floor(1 - math.log2(alpha)) + 1


def expected_error(components: PairComponents, seeds: int, images: int) -> tuple[float, float]:
    """Standard error of the difference, and degrees of freedom, to expect from a design.

    Both models get ``seeds`` (at least 2) seeds; the formulas are those of
    `ninetynine.statistics.difference.difference_error` with expected mean squares.
    """
    c = components
    image = (c.image + (c.rest_a + c.rest_b) / seeds) / images
    variance, spread = image, image**2 / max(images * c.effective_groups_per_image - 1, 1)
    for seed, rest in ((c.seed_a, c.rest_a), (c.seed_b, c.rest_b)):
        variance += seed / seeds
        spread += ((seed + rest / images) / seeds) ** 2 / (seeds - 1)
    fewest = min(seeds - 1.0, max(images * c.effective_groups_per_image - 1, 1))
    return math.sqrt(variance), max(variance**2 / spread, fewest) if spread > 0 else math.inf


def plan(
    components: PairComponents,
    images: int,
    difference: float,
    alpha: float = 0.05,
    power: float = 0.8,
    more_than: int = 1,
    max_seeds: int = MAX_SEEDS,
) -> Plan:
    """Seeds per model that show ``difference`` (a fraction, above 0) with ``power``.

    ``more_than`` seeds are known not to suffice.  Seeds say nothing about other images: where fewer
    images, or groups, than exact McNemar needs are to be expected to tell the models apart, there
    are too few.  As many differ as did, or as the difference makes.

    Raises:
        ValueError: ``difference`` is not above 0.
    """
    if not 0 < difference < math.inf:
        raise ValueError(f"a difference of {difference} cannot be planned for; it must be above 0")
    c = components
    separate = max(c.separate_per_image, min(difference, c.effective_groups_per_image))
    least = math.ceil(fewest_discordant(alpha) / separate)
    if images < least or _power(c, max_seeds, images, difference, alpha) < power:
        needed = _images_needed(c, difference, alpha, power, max_seeds)
        needed = None if needed is None else max(needed, least)
        limit: Limit = "both" if needed is None else "images"
        return Plan(difference, None, needed, limit, max_seeds, _in_groups(c, needed))
    too_few, enough = min(max(more_than, 1), max_seeds - 1), max_seeds
    while enough - too_few > 1:  # power grows with the number of seeds, so halving finds it
        middle = (too_few + enough) // 2
        if _power(components, middle, images, difference, alpha) < power:
            too_few = middle
        else:
            enough = middle
    return Plan(difference, enough, None, "seeds", max_seeds)


def _in_groups(components: PairComponents, images: int | None) -> int | None:
    """How many groups ``images`` are of; None where either is not known."""
    if images is None or components.groups_per_image is None:
        return None
    return math.ceil(images * components.groups_per_image)


def _power(
    components: PairComponents, seeds: int, images: int, difference: float, alpha: float
) -> float:
    """Return the power of the less certain test, for new images or over seeds on these."""
    c = components
    own = [(c.seed_a + c.rest_a / images) / seeds, (c.seed_b + c.rest_b / images) / seeds]
    freedom = sum(own) ** 2 * (seeds - 1) / sum(part**2 for part in own) if any(own) else 1.0
    of_seeds = math.sqrt(sum(own)) * caution(freedom), freedom
    return min(
        t_power(difference / error, alpha, degrees_of_freedom) if error > 0 else 1.0
        for error, degrees_of_freedom in (expected_error(c, seeds, images), of_seeds)
    )


def _images_needed(
    components: PairComponents, difference: float, alpha: float, power: float, seeds: int
) -> int | None:
    """Images for ``power`` with so many seeds that t is normal; None if no number does."""
    c = components
    allowed = (difference / noncentrality_for_power(power, alpha, math.inf)) ** 2
    left_for_images = allowed - (c.seed_a + c.seed_b) / seeds
    if left_for_images <= 0:
        return None
    return math.ceil((c.image + (c.rest_a + c.rest_b) / seeds) / left_for_images)
