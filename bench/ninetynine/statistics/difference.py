"""How much two models differ, and by how much chance: images shared, seeds separate."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ninetynine.statistics.classical import mcnemar_exact
from ninetynine.statistics.groups import same_groups
from ninetynine.statistics.special import t_probability, t_quantile
from ninetynine.statistics.summary import (
    BoolArray,
    Interval,
    Summary,
    as_summary,
    seed_sd_at_least,
    unseen_image_factor,
)

DifferenceBasis = Literal["seeds and images", "seeds borrowed", "single runs"]


@dataclass(frozen=True)
class DifferenceError:
    """Accuracy of A less accuracy of B, with its standard error for new images of the same kind.

    ``basis`` is "seeds borrowed" where one model has a single run and is taken to vary over
    seeds as the other does, and "single runs" where both have one: then the error covers
    the images only, and what is compared are two trained networks, not two recipes.
    """

    difference: float
    standard_error: float
    degrees_of_freedom: float
    basis: DifferenceBasis


@dataclass(frozen=True)
class DifferenceBound:
    """One-sided bounds of a difference, each held with ``confidence``."""

    difference: float
    lower: float
    upper: float
    standard_error: float
    degrees_of_freedom: float
    confidence: float


def difference_error(a: Summary, b: Summary) -> DifferenceError:
    """The difference and its standard error, for at least one seed each and shared images.

    The crossed estimator of `estimate.mean_variance`, for a difference: the image part is
    the variance over images of the paired difference, the seed parts of the two models
    add up.  Never below the image part; degrees of freedom after Satterthwaite (1946).
    ``1/n_a^2 + 1/n_b^2`` stands for one more error of each model, on an image of its own:
    for single runs it is the adjustment of Bonett and Price (2012), and it gives identical
    models a width.  Where images come in groups, they enlarge the image part and the rest as
    `estimate.mean_variance` says, and the one more error is one of as many images as err as one.

    Raises:
        ValueError: the models were not measured on the same number of images, or these are not in
            the same groups.
    """
    if a.n_images != b.n_images:
        raise ValueError(f"models over {a.n_images} and {b.n_images} images cannot be paired")
    if not same_groups(a.groups, b.groups):
        raise ValueError("models over images in different groups cannot be paired")
    clumping = pair_clumping(a, b)
    image = image_part(a, b, clumping) + (a.one_more + b.one_more) * clumping**2
    seed, seed_spread, basis = _seed_part(a, b)
    variance = image + max(seed, 0.0)
    spread = seed_spread + image**2 / a.image_degrees_of_freedom
    degrees_of_freedom = max(variance**2 / spread, 1.0)
    if basis == "single runs" and a.groups is None and a.binary:
        degrees_of_freedom = math.inf
    return DifferenceError(a.mean - b.mean, math.sqrt(variance), degrees_of_freedom, basis)


def pair_clumping(a: Summary, b: Summary) -> float:
    """How many images of a group tell the two models apart as one; 1 without groups."""
    if a.groups is None:
        return 1.0
    effect, sums = a.image_accuracy - b.image_accuracy, a.group_sums - b.group_sums
    squares = float(effect @ effect) - a.n_images * (a.mean - b.mean) ** 2
    return max(float(sums @ sums) / squares, 1.0) if squares > 0 else 1.0


def image_part(a: Summary, b: Summary, clumping: float) -> float:
    """Variance of the mean difference over images, seeds held; ``clumping`` of `pair_clumping`."""
    m = a.n_images
    effect = a.image_accuracy - b.image_accuracy
    squares = float(effect @ effect)
    factor = 1.0
    if a.binary and b.binary:
        factor = unseen_image_factor(float(np.abs(effect).sum()), squares, clumping)
    if m == 1:  # one image says nothing about others: its whole effect counts as chance
        return factor * squares
    single = factor * max(squares - m * (a.mean - b.mean) ** 2, 0.0) / (m - 1) / m
    return single * a.image_design_effect(clumping)


def _seed_part(a: Summary, b: Summary) -> tuple[float, float, DifferenceBasis]:
    """Seeds' part of the variance (may be below 0), its square per degree of freedom, basis."""
    m, basis = a.n_images, _basis(a, b)
    if basis == "single runs":
        return 0.0, 0.0, basis
    if basis == "seeds borrowed":
        lender = a if a.n_seeds > 1 else b
        parts = [(lender, 1 / a.n_seeds + 1 / b.n_seeds)]
    else:
        parts = [(a, 1 / a.n_seeds), (b, 1 / b.n_seeds)]
    part = sum((s.seed_mean_square - s.rest_over_groups) / m * weight for s, weight in parts)
    # As in `estimate.mean_variance`: a seed part small by luck buys no degrees of freedom.
    spread = sum(
        (max(s.seed_mean_square, s.rest_over_groups) / m * weight) ** 2 / (s.n_seeds - 1)
        for s, weight in parts
    )
    return part, spread, basis


def _basis(a: Summary, b: Summary) -> DifferenceBasis:
    if a.n_seeds > 1 and b.n_seeds > 1:
        return "seeds and images"
    return "single runs" if a.n_seeds == b.n_seeds else "seeds borrowed"


def pair_p_value(a: Summary, b: Summary) -> float:
    """Two-sided p-value of "equally accurate": exact McNemar for two single runs, else t.

    Where images come in groups, two single runs are not different before both say so: t over the
    groups, and McNemar on as many images as err separately (Rao and Scott 1992).
    """
    error = difference_error(a, b)
    single = error.basis == "single runs" and a.binary and b.binary
    exact = mcnemar_exact(*discordant_apart(a, b)) if single else 0.0
    if single and a.groups is None:
        return exact
    t = -abs(error.difference) / error.standard_error
    return max(exact, min(1.0, 2 * t_probability(t, error.degrees_of_freedom)))


def discordant_apart(a: Summary, b: Summary) -> tuple[float, float]:
    """`discordant_images`, those of a group that err as one counted once."""
    (only_a, only_b), clumping = discordant_images(a, b), pair_clumping(a, b)
    return only_a / clumping, only_b / clumping


def discordant_images(a: Summary, b: Summary) -> tuple[int, int]:
    """Images that only A and that only B gets right, for two single runs."""
    effect = a.image_accuracy - b.image_accuracy
    return int(np.sum(effect > 0)), int(np.sum(effect < 0))


def difference_bound(
    model_a: Summary | BoolArray, model_b: Summary | BoolArray, confidence: float = 0.95
) -> DifferenceBound:
    """One-sided confidence bounds of accuracy A less accuracy B, for non-inferiority.

    A is no worse than B by ``margin`` when ``lower > -margin``.
    """
    error = difference_error(as_summary(model_a), as_summary(model_b))
    half_width = t_quantile(confidence, error.degrees_of_freedom) * error.standard_error
    return DifferenceBound(
        difference=error.difference,
        lower=max(error.difference - half_width, -1.0),
        upper=min(error.difference + half_width, 1.0),
        standard_error=error.standard_error,
        degrees_of_freedom=error.degrees_of_freedom,
        confidence=confidence,
    )


def seed_difference_interval(a: Summary, b: Summary, confidence: float = 0.95) -> Interval | None:
    """Welch's (1947) t interval over seeds, for these test images; None with a single run."""
    if a.n_seeds == 1 or b.n_seeds == 1:
        return None
    variance, degrees_of_freedom = seed_difference_error(a, b)
    half_width = t_quantile((1 + confidence) / 2, degrees_of_freedom) * math.sqrt(variance)
    return Interval.around(a.mean - b.mean, half_width, lowest=-1.0)


def seed_difference_error(a: Summary, b: Summary) -> tuple[float, float]:
    """Return Welch's variance of the difference on these images, and its degrees of freedom.

    Both models have several runs.
    """
    variances = [(seed_mean_variance(s), s.n_seeds - 1) for s in (a, b)]
    variance = sum(v for v, _ in variances)
    return variance, variance**2 / sum(v**2 / df for v, df in variances)


def seed_mean_variance(summary: Summary) -> float:
    """Return the variance of a model's mean over seeds, for these test images; several runs."""
    sd = summary.seed_sd
    if sd is None:
        raise ValueError("one run says nothing about the spread over seeds")
    return seed_sd_at_least(sd, summary.n_seeds, summary.n_images) ** 2 / summary.n_seeds
