"""Means of numbers that are not right or wrong, such as losses, over seeds crossed with images.

The estimator of `estimate.mean_variance` without what only right/wrong answers have.  A `Summary`
holds the sums; what it calls accuracies are then means of the values.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from ninetynine.statistics.estimate import seed_interval
from ninetynine.statistics.groups import Groups, same_groups
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import FloatArray, Interval, Summary


@dataclass(frozen=True)
class MeanError:
    """A mean, or a difference of two, with its error for new images and seeds of the same kind.

    Where images come in groups, ``of_images`` is that for single ones, the least it can be.
    """

    mean: float
    variance: float
    degrees_of_freedom: float
    of_images: "MeanError | None" = None

    def half_width(self, confidence: float = 0.95) -> float:
        """Return half the width of Student's t interval."""
        own = t_quantile((1 + confidence) / 2, self.degrees_of_freedom) * math.sqrt(self.variance)
        return own if self.of_images is None else max(own, self.of_images.half_width(confidence))

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return mean +- t standard errors."""
        return Interval.around(self.mean, self.half_width(confidence), -math.inf, math.inf)

    def positive_interval(self, confidence: float = 0.95) -> Interval:
        """Return the interval by the logarithm, for a mean above 0 whose draws are skewed."""
        if self.mean <= 0:
            return self.interval(confidence)
        factor = math.exp(min(self.half_width(confidence) / self.mean, 700.0))
        return Interval(self.mean / factor, self.mean * factor)


def summarize_values(values: FloatArray, groups: Groups | None = None) -> Summary:
    """Sum up ``values`` (n_seeds, n_images), as `summarize` does right and wrong.

    Raises:
        ValueError: a value is not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("expected finite values")
    n, m = values.shape
    mean = float(values.mean())
    seeds, images = values.mean(axis=1), values.mean(axis=0)
    rest = values - images - seeds[:, None] + mean
    freedom = (n - 1) * (m - 1)
    summary = Summary(
        n_seeds=n,
        n_images=m,
        mean=mean,
        seed_accuracy=seeds,
        image_accuracy=images,
        seed_mean_square=m * float(np.sum((seeds - mean) ** 2)) / (n - 1) if n > 1 else 0.0,
        image_mean_square=n * float(np.sum((images - mean) ** 2)) / (m - 1) if m > 1 else 0.0,
        rest_mean_square=float(np.sum(rest**2)) / freedom if freedom else 0.0,
    )
    if groups is None or groups.count == m:
        return summary
    return replace(summary, groups=groups, rest_clumping=groups.clumping(rest))


def summarize_scores(scores: FloatArray, groups: Groups | None = None) -> Summary:
    """Sum up ``scores`` from 0 to 1 (n_seeds, n_images), as `summarize` does right and wrong.

    Raises:
        ValueError: there are none, or some are outside.
    """
    if scores.ndim != 2 or scores.size == 0 or not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError(f"expected scores from 0 to 1, (seeds, images), got {scores.shape}")
    return replace(summarize_values(scores, groups), binary=False)


def value_intervals(
    summary: Summary, confidence: float = 0.95, positive: bool = True
) -> tuple[Interval | None, Interval]:
    """Return the intervals of a mean on these images (chance: seeds) and for new ones of the kind.

    Means as large as `Summary.largest`.  The first is None of one seed, and lies in the second.
    ``positive`` takes the logarithm for the second one, for values whose mean is above 0.
    """
    error = mean_error(summary)
    population = (error.positive_interval if positive else error.interval)(confidence)
    over_seeds = seed_interval(summary, confidence)
    if over_seeds is None:
        return None, population
    return over_seeds, population.hull(over_seeds)


def mean_error(summary: Summary) -> MeanError:
    """Return the mean's error; of one seed that of the images alone.

    Effects that are estimated themselves vary more than the true ones, and make a variance too
    large by twice the `Summary.second_order` that it lacks: so that is taken off, but never more
    than leaves that part alone.
    """
    clumping = summary.image_clumping(summary.image_accuracy)
    image = summary.image_mean_square * summary.image_design_effect(clumping)
    found = _error(summary.mean, image / summary.n_seeds / summary.n_images, [summary])
    alone = None if summary.groups is None else mean_error(summary.of_single_images)
    second = summary.second_order
    return replace(found, variance=max(found.variance - second, second), of_images=alone)


def difference_of_means(a: Summary, b: Summary) -> MeanError:
    """Return the error of mean a less mean b on the same images: paired, the seeds separate.

    Raises:
        ValueError: the images are not the same number, or not in the same groups.
    """
    if a.n_images != b.n_images or not same_groups(a.groups, b.groups):
        raise ValueError("values over other images, or images in other groups, cannot be paired")
    effect, m = a.image_accuracy - b.image_accuracy, a.n_images
    single = float(np.var(effect, ddof=1)) / m if m > 1 else 0.0
    image = single * a.image_design_effect(a.image_clumping(effect))
    found = _error(a.mean - b.mean, image, [a, b])
    if a.groups is None:
        return found
    return replace(found, of_images=difference_of_means(a.of_single_images, b.of_single_images))


def _error(mean: float, image: float, summaries: list[Summary]) -> MeanError:
    """Add the seeds' parts to the ``image`` part, with Satterthwaite's degrees of freedom."""
    spread = image**2 / summaries[0].image_degrees_of_freedom
    variance = image
    for s in summaries:
        if s.n_seeds > 1:
            cells, rest = s.n_seeds * s.n_images, s.rest_over_groups
            variance += max(s.seed_mean_square - rest, 0.0) / cells
            # As in `estimate.mean_variance`: a seed part small by luck buys no degrees of freedom.
            spread += (max(s.seed_mean_square, rest) / cells) ** 2 / (s.n_seeds - 1)
    freedom = variance**2 / spread if spread > 0 else math.inf
    fewest = min(s.n_seeds for s in summaries) - 1
    return MeanError(mean, variance, max(freedom, fewest, 1.0))
