"""What the statistics need to know of a model: sums of its right/wrong matrix.

The matrix of a model has one row per seed and one column per test image.  For
right/wrong data the row sums and the column sums are sufficient for every mean square
of the two-way analysis of variance, so each model is summed once and a pair of models
then costs one pass over the images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Half an image that nobody saw: see `unseen_image_factor`.
UNSEEN_IMAGES = 0.5


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

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies in the interval, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True, eq=False)
class Summary:
    """Sums over a model's ``n_seeds`` x ``n_images`` matrix of right (1) and wrong (0).

    The mean squares are those of the two-way analysis of variance without replication.
    One that has no degrees of freedom (one seed, one image) is 0.0.
    """

    n_seeds: int
    n_images: int
    mean: float
    seed_accuracy: FloatArray  # (n_seeds,) share of images right, per seed
    image_accuracy: FloatArray  # (n_images,) share of seeds right, per image
    seed_mean_square: float
    image_mean_square: float
    rest_mean_square: float

    @property
    def seed_sd(self) -> float | None:
        """Standard deviation of the accuracy over seeds; None for one seed."""
        return float(np.std(self.seed_accuracy, ddof=1)) if self.n_seeds > 1 else None


def summarize(correct: BoolArray) -> Summary:
    """Sum up ``correct``, a bool array of shape (n_seeds, n_images), True where right.

    Raises:
        ValueError: the array is not two-dimensional, not bool, or empty.
    """
    if correct.ndim != 2 or correct.dtype != np.bool_ or correct.size == 0:
        raise ValueError(
            f"expected a non-empty bool array (seeds, images), got {correct.dtype} {correct.shape}"
        )
    return summarize_counts(correct.sum(axis=1), correct.sum(axis=0))


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


def unseen_image_factor(sum_of_sizes: float, sum_of_squares: float) -> float:
    """How much the image part of a variance grows for images that were not drawn (>= 1).

    A few images that are nearly always wrong carry most of the variance between images.
    Where about two errors are expected, the draw often has none of them, and both the
    mean and its standard error come out too small.  Adding half an image with the
    largest possible effect (1) to ``sum_of_squares / sum_of_sizes``, the mean effect size
    per error, keeps the coverage in the simulation study; with hundreds of errors the
    factor is about 1.  At one seed all effects are 0 or 1 and it is exactly 1.
    """
    if sum_of_squares <= 0:
        return 1.0
    seen = sum_of_squares / sum_of_sizes
    return (sum_of_squares + UNSEEN_IMAGES) / (sum_of_sizes + UNSEEN_IMAGES) / seen
