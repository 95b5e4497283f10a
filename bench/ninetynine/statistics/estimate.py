"""How accurate is one model: mean and two intervals, for two sources of chance."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ninetynine.statistics.classical import wilson_interval
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import (
    BoolArray,
    FloatArray,
    Interval,
    Summary,
    as_summary,
    cautious_variance,
    seed_variance,
    unseen_image_factor,
)

_FEWEST_IMAGES = 1e-6  # that tell nothing: of scores next to 0 whose variance is larger than theirs

EstimateBasis = Literal["seeds and images", "images only"]


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of a single right/wrong answer: between seeds, between images, the rest."""

    seed: float
    image: float
    rest: float


@dataclass(frozen=True)
class AccuracyEstimate:
    """A model's accuracy; all accuracies are fractions.

    ``seed_interval`` holds for these test images (chance: seeds), ``population_interval``
    for new images of the same kind (chance: seeds and images).  With one seed the spread over seeds
    is unknown: ``seed_sd``, ``seed_interval`` and ``components`` are None and
    ``population_basis`` says that the population interval covers the images only.
    """

    mean: float
    seed_sd: float | None
    n_seeds: int
    n_images: int
    seed_interval: Interval | None
    population_interval: Interval
    population_basis: EstimateBasis
    effective_images: float
    components: VarianceComponents | None


def accuracy_estimate(model: Summary | BoolArray, confidence: float = 0.95) -> AccuracyEstimate:
    """Estimate the accuracy of ``model``: a bool array (n_seeds, n_images) or its `Summary`."""
    summary = as_summary(model)
    several, over_seeds = summary.n_seeds > 1, seed_interval(summary, confidence)
    effective_images, population = _new_images(summary, confidence)
    # More chance is never less uncertainty: groups of images, single images, seeds alone.
    if summary.groups is not None:
        alone, of_images = _new_images(summary.of_single_images, confidence)
        effective_images, population = min(effective_images, alone), population.hull(of_images)
    if over_seeds is not None:
        population = population.hull(over_seeds)
    return AccuracyEstimate(
        mean=summary.mean,
        seed_sd=summary.seed_sd,
        n_seeds=summary.n_seeds,
        n_images=summary.n_images,
        seed_interval=over_seeds,
        population_interval=population,
        population_basis="seeds and images" if several else "images only",
        effective_images=effective_images,
        components=variance_components(summary) if several else None,
    )


def _new_images(summary: Summary, confidence: float) -> tuple[float, Interval]:
    """Return the effective number of images, and the interval for new ones or groups of them."""
    effective_images, degrees_of_freedom = _effective_images(summary)
    quantile = t_quantile((1 + confidence) / 2, degrees_of_freedom)
    return effective_images, wilson_interval(summary.mean, effective_images, quantile=quantile)


def seed_interval(summary: Summary, confidence: float = 0.95) -> Interval | None:
    """Student's t interval over seeds, for these test images; None for one seed.

    The variance is that of `cautious_variance`.
    """
    if summary.seed_sd is None:
        return None
    variance = cautious_variance(*seed_variance(summary), summary.n_seeds - 1)
    quantile = t_quantile((1 + confidence) / 2, summary.n_seeds - 1)
    half_width = quantile * math.sqrt(variance / summary.n_seeds)
    lowest = 0.0 if summary.largest == 1 else -summary.largest
    return Interval.around(summary.mean, half_width, lowest, summary.largest)


def gap_interval(summary: Summary, train_accuracy: FloatArray) -> Interval:
    """95% interval of train less test accuracy; chance: seeds and test images.

    ``train_accuracy`` (n_seeds,) is on the training images, which are what they are: a seed's gap
    takes the place of its accuracy in the population interval.
    """
    if summary.n_seeds > 1:
        square = summary.n_images * float(np.var(train_accuracy - summary.seed_accuracy, ddof=1))
        summary = replace(summary, seed_mean_square=square)
    test, train = accuracy_estimate(summary).population_interval, float(train_accuracy.mean())
    return Interval(train - test.high, train - test.low)


def variance_components(summary: Summary) -> VarianceComponents:
    """Method-of-moments components of the crossed random-effects model, not below 0.

    Where images come in groups, ``image`` and ``rest`` are those of an image of its own that would
    make as much chance: variances times their design effects.
    """
    n, m, rest = summary.n_seeds, summary.n_images, summary.rest_over_groups
    clumping = summary.image_clumping(summary.image_accuracy)
    image = summary.image_mean_square * summary.image_design_effect(clumping)
    return VarianceComponents(
        seed=max(summary.seed_mean_square - rest, 0.0) / m,
        image=max(image - rest, 0.0) / n,
        rest=rest,
    )


def mean_variance(summary: Summary) -> tuple[float, float]:
    """Variance of the mean over seeds and images, and its Satterthwaite degrees of freedom.

    (MS_seed + MS_image - MS_rest) / (n m), never below its image part (Satterthwaite 1946;
    Owen 2007 for crossed data), with the image part enlarged by `unseen_image_factor`; at
    least n - 1 degrees of freedom.
    Needs at least two seeds and two images.

    With images in G groups, of sizes m_g, the mean is a ratio of group totals, and its image part
    becomes the cluster-robust (Cochran 1977, ch. 9A; Liang and Zeger 1986)

        G / (G - 1) sum_g (sum_{i in g} (p_i - p))^2 / m^2,    p_i an image's share of right seeds,

    with the effective number of groups, m^2 / sum_g m_g^2, for G, which also gives the degrees of
    freedom, and never below the part of single images.  MS_rest / m, what flips make of a seed's
    accuracy on these images, becomes the same sum over the residuals of image and seed, for the
    seed x group interaction.  Groups of one image each give the formulas for images.
    """
    n, m, rest = summary.n_seeds, summary.n_images, summary.rest_over_groups
    image = max(image_mean_square(summary), rest)
    # A seed part that came out small by luck must not buy degrees of freedom.
    seed_square = max(summary.seed_mean_square, rest)
    seed = seed_square - rest
    spread = seed_square**2 / (n - 1) + image**2 / summary.image_degrees_of_freedom
    degrees_of_freedom = (seed + image) ** 2 / spread if spread > 0 else math.inf
    return (seed + image) / (n * m), max(
        degrees_of_freedom, min(n - 1.0, summary.image_degrees_of_freedom)
    )


def image_mean_square(summary: Summary) -> float:
    """MS_image with what groups of images and `unseen_image_factor` make of it."""
    image_effect = 1 - summary.image_accuracy if summary.mean > 0.5 else summary.image_accuracy
    clumping = summary.image_clumping(image_effect)
    factor = 1.0
    if summary.binary:
        sizes, squares = float(image_effect.sum()), float(image_effect @ image_effect)
        factor = unseen_image_factor(sizes, squares, clumping)
    return factor * summary.image_mean_square * summary.image_design_effect(clumping)


def _effective_images(summary: Summary) -> tuple[float, float]:
    """Images of an ordinary single-run test that would tell as much, and degrees of freedom.

    The design-effect correction of Korn and Graubard (1998): p (1 - p) / Var.  It lets
    Wilson's interval, which respects 0 and 1 and is skewed as it should be near them,
    stand in for mean +- t * standard error.
    """
    n, m = summary.n_seeds, summary.n_images
    bernoulli = summary.mean * (1 - summary.mean)
    if not (summary.binary or summary.shows_no_spread) and bernoulli > 0 and m > 1:
        if n == 1:
            variance = image_mean_square(summary) / m + summary.one_more
            return max(bernoulli / variance, _FEWEST_IMAGES), summary.image_degrees_of_freedom
        variance, degrees_of_freedom = mean_variance(summary)
        variance += summary.one_more
        return max(bernoulli / variance, _FEWEST_IMAGES), degrees_of_freedom
    if n == 1 and summary.groups is not None and bernoulli > 0:
        clumping = summary.image_clumping(summary.image_accuracy)
        return m / summary.image_design_effect(clumping), summary.image_degrees_of_freedom
    if n == 1 or m == 1 or bernoulli == 0 or (summary.shows_no_spread and not summary.binary):
        return float(m), math.inf
    variance, degrees_of_freedom = mean_variance(summary)
    if variance <= 0:
        return float(m), math.inf
    # n m independent answers are the most that the data can hold.
    return min(bernoulli / variance, float(n * m)), degrees_of_freedom
