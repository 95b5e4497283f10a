"""What the statistics need to know of a model: sums of its right/wrong matrix.

The matrix of a model has one row per seed and one column per test image.  For
right/wrong data the row sums and the column sums are sufficient for every mean square
of the two-way analysis of variance, so each model is summed once and a pair of models
then costs one pass over the images.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ninetynine.statistics.groups import Groups
from ninetynine.statistics.special import t_quantile

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Half an image that nobody saw: see `unseen_image_factor`.
UNSEEN_IMAGES = 0.5
_LEAST_SPREAD = 1e-12
# How much wider than Student's t, at how many degrees of freedom, and the shortest half-width, in
# standard errors of flips alone: see `cautious_variance`.
_WIDER, _FEWEST_DEGREES, _SHORTEST = 0.9, 2.0, 1.15


@dataclass(frozen=True)
class Interval:
    """A closed interval; accuracies and differences are fractions, not percent."""

    low: float
    high: float

    @classmethod
    def around(
        cls, center: float, half_width: float, lowest: float = 0.0, highest: float = 1.0
    ) -> "Interval":
        """Return ``center`` +- ``half_width``, cut to what is possible."""
        return cls(max(center - half_width, lowest), min(center + half_width, highest))

    def hull(self, other: "Interval") -> "Interval":
        """Return the interval from the lower of both lows to the higher of both highs."""
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies in the interval, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, eq=False)
class Summary:
    """Sums over a model's ``n_seeds`` x ``n_images`` matrix of right (1) and wrong (0).

    The mean squares are those of the two-way analysis of variance without replication.
    One that has no degrees of freedom (one seed, one image) is 0.0.

    Where the images come in ``groups``, new images are new groups.  ``rest_clumping`` is then how
    many images of a group flip as one from seed to seed, the seed x group interaction.
    """

    n_seeds: int
    n_images: int
    mean: float
    seed_accuracy: FloatArray  # (n_seeds,) share of images right, per seed
    image_accuracy: FloatArray  # (n_images,) share of seeds right, per image
    seed_mean_square: float
    image_mean_square: float
    rest_mean_square: float
    groups: Groups | None = None  # None where every image is one of its own
    rest_clumping: float = 1.0
    binary: bool = True  # whether answers are right or wrong, and not scores from 0 to 1
    largest: float = 1.0  # that the mean can be, on either side of 0
    step: float = 0.0  # how far another answer on an image may move its score
    second_order: float = 0.0  # of the mean's variance what true effects of images do not tell

    @cached_property
    def of_single_images(self) -> "Summary":
        """What it were if every image was one of its own."""
        return self if self.groups is None else replace(self, groups=None, rest_clumping=1.0)

    @cached_property
    def rest_over_groups(self) -> float:
        """The rest's mean square, with what the images of a group have in common counted."""
        if self.groups is None:
            return self.rest_mean_square
        return self.rest_mean_square * self.rest_clumping * self.groups.correction()

    @property
    def image_degrees_of_freedom(self) -> float:
        """Of the image part of a variance: one less than the images, or the effective groups."""
        drawn = self.n_images if self.groups is None else self.groups.effective
        return max(drawn - 1, 1.0)

    def image_clumping(self, effect: FloatArray) -> float:
        """How many images of a group err as one, at least 1; ``effect`` is (n_images,)."""
        if self.groups is None:
            return 1.0
        return max(self.groups.clumping(effect - effect.mean()), 1.0)

    def image_design_effect(self, clumping: float) -> float:
        """What multiplies a variance over images whose effects clump; 1 without groups."""
        return 1.0 if self.groups is None else clumping * self.groups.correction()

    @cached_property
    def one_more(self) -> float:
        """What one more error, on an image of its own, adds to the variance of the mean.

        Of scores it is one more image as far off as an image usually is, or as another answer
        moves it, if that is more; where all images score the same, as far as a score can be.
        """
        usual = max(float(np.var(self.image_accuracy)), self.step**2, _LEAST_SPREAD)
        farthest = self.binary or (self.shows_no_spread and math.isfinite(self.largest))
        return (1.0 if farthest else usual) / (self.n_seeds * self.n_images) ** 2

    @cached_property
    def shows_no_spread(self) -> bool:
        """Whether all images score the same, so that nothing tells how far off others may be."""
        return float(np.ptp(self.image_accuracy)) ** 2 <= _LEAST_SPREAD and self.step == 0

    @cached_property
    def group_sums(self) -> FloatArray:
        """Sums over the images of each group of how far `image_accuracy` is off the mean, (G,).

        Without groups each image is one of its own.
        """
        effects = self.image_accuracy - self.mean
        return effects if self.groups is None else self.groups.sums(effects)

    @cached_property
    def seed_sd(self) -> float | None:
        """Standard deviation of the accuracy over seeds; None for one seed."""
        return float(np.std(self.seed_accuracy, ddof=1)) if self.n_seeds > 1 else None


def summarize(correct: BoolArray, groups: Groups | None = None) -> Summary:
    """Sum up ``correct``, a bool array of shape (n_seeds, n_images), True where right.

    ``groups`` say which images belong together; groups of one image each say nothing.

    Raises:
        ValueError: the array is not two-dimensional, not bool, or empty, or ``groups`` are of
            another number of images.
    """
    if correct.ndim != 2 or correct.dtype != np.bool_ or correct.size == 0:
        raise ValueError(
            f"expected a non-empty bool array (seeds, images), got {correct.dtype} {correct.shape}"
        )
    summary = summarize_counts(correct.sum(axis=1), correct.sum(axis=0))
    if groups is None or groups.count == len(groups.codes) == summary.n_images:
        return summary
    if len(groups.codes) != summary.n_images:
        raise ValueError(f"groups of {len(groups.codes)} images for {summary.n_images}")
    rest = correct - summary.image_accuracy - summary.seed_accuracy[:, None] + summary.mean
    return replace(summary, groups=groups, rest_clumping=groups.clumping(rest))


def summarize_counts(right_per_seed: IntArray, right_per_image: IntArray) -> Summary:
    """As `summarize`, from the counts of right answers: int, (n_seeds,) and (n_images,)."""
    n, m = len(right_per_seed), len(right_per_image)
    seed_accuracy, image_accuracy = right_per_seed / m, right_per_image / n
    mean = int(right_per_seed.sum()) / (n * m)
    seed_squares = m * float(np.sum((seed_accuracy - mean) ** 2))
    image_squares = n * float(np.sum((image_accuracy - mean) ** 2))
    # x * x == x for right/wrong, so the total needs no second look at the matrix.
    rest_squares = max(n * m * mean * (1 - mean) - seed_squares - image_squares, 0.0)
    return Summary(
        n_seeds=n,
        n_images=m,
        mean=mean,
        seed_accuracy=seed_accuracy,
        image_accuracy=image_accuracy,
        seed_mean_square=seed_squares / (n - 1) if n > 1 else 0.0,
        image_mean_square=image_squares / (m - 1) if m > 1 else 0.0,
        rest_mean_square=rest_squares / ((n - 1) * (m - 1)) if n > 1 and m > 1 else 0.0,
    )


def as_summary(model: Summary | BoolArray) -> Summary:
    """The model's summary, computed if ``model`` is still its right/wrong matrix."""
    return model if isinstance(model, Summary) else summarize(model)


def seed_sd_at_least(sd: float, n_seeds: int, n_images: int) -> float:
    """The seeds' standard deviation, not below the smallest that counts of images can show.

    Seeds that happen to err equally often have sd 0, which says that the spread is finer
    than one image, not that there is none.  The smallest sd above 0 is that of one seed
    with one image more than the others: ``1 / (n_images sqrt(n_seeds))``.
    """
    return float(max(sd, 1 / (n_images * np.sqrt(n_seeds))))


def seed_variance(summary: Summary) -> tuple[float, float]:
    """Variance of a run's accuracy on these images, and what flips alone make of it; two seeds on.

    Flips are what chance does to a run image by image.  See `cautious_variance`.
    """
    sd, n, m = summary.seed_sd or 0.0, summary.n_seeds, summary.n_images
    one_image = math.sqrt(summary.one_more * n)  # as far off as images are
    own = seed_sd_at_least(sd, n, m) if summary.binary else max(sd, one_image)
    return own**2, summary.rest_over_groups / summary.n_images


def caution(degrees_of_freedom: float) -> float:
    """How much wider than Student's t an interval over seeds is: see `cautious_variance`."""
    return 1 + _WIDER / max(degrees_of_freedom, _FEWEST_DEGREES)


def cautious_variance(variance: float, flips: float, degrees_of_freedom: float) -> float:
    """``variance`` over seeds, enlarged so that a t interval made of it is not too short by luck.

    Student's t covers 95% of all experiments, but 81 to 87% of those whose seeds agree by luck, and
    these look like the surest ones.  An interval 1 + 0.9 / degrees times as wide covers 90% of the
    quarter with the smallest spread, and 95.9 to 97.5% of all, from three to twenty seeds
    (studies/statistics/spread_limits.py).  What ``flips`` of single images do to a run is known
    from thousands of images, and a 95% interval is never shorter than 1.15 of their standard
    errors: more would cover more than 97.5% of all where flips are all there is.
    """
    factor = caution(degrees_of_freedom)
    shortest = _SHORTEST / t_quantile(0.975, degrees_of_freedom)
    return max(variance * factor**2, flips * min(shortest**2, 1.0))


def unseen_image_factor(sum_of_sizes: float, sum_of_squares: float, clumping: float = 1.0) -> float:
    """How much the image part of a variance grows for images that were not drawn (>= 1).

    A few images that are nearly always wrong carry most of the variance between images.
    Where about two errors are expected, the draw often has none of them, and both the
    mean and its standard error come out too small.  Adding half an image with the
    largest possible effect (1) to ``sum_of_squares / sum_of_sizes``, the mean effect size
    per error, keeps the coverage in the simulation study; with hundreds of errors the
    factor is about 1.  At one seed all effects are 0 or 1 and it is exactly 1.  Images of which
    ``clumping`` err as one are so many times fewer.
    """
    if sum_of_squares <= 0:
        return 1.0
    seen = sum_of_squares / sum_of_sizes
    sizes, squares = sum_of_sizes / clumping, sum_of_squares / clumping
    return (squares + UNSEEN_IMAGES) / (sizes + UNSEEN_IMAGES) / seen
