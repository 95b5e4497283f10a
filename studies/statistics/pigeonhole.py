"""The crossed bootstrap: slow, nearly assumption-free, and the check on the fast intervals."""

import numpy as np
from ninetynine.statistics import Groups
from ninetynine.statistics.summary import BoolArray, FloatArray, IntArray, Interval


def pigeonhole_bootstrap(
    correct_a: BoolArray,
    correct_b: BoolArray | None = None,
    groups: Groups | None = None,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Percentile interval for an accuracy, or for A less B over shared images.

    Seeds and images are drawn with replacement, each on their own; every image keeps its
    place in both models (Owen 2007).  Where images come in ``groups``, whole groups are drawn in
    place of images, and the means are ratios of what was drawn.  ``correct_a`` is bool
    (n_seeds_a, n_images), ``correct_b`` bool (n_seeds_b, n_images).  The variance counts the
    seed-by-image rest up to three times, so it errs on the wide side; with few seeds the
    percentiles are too narrow.
    """
    rng = np.random.default_rng(seed)
    m = correct_a.shape[1]
    drawn = m if groups is None else groups.count
    image_weights = rng.multinomial(drawn, np.full(drawn, 1 / drawn), size=resamples)
    if groups is not None:
        image_weights = image_weights[:, groups.codes]
    values = _resampled_means(correct_a, image_weights, rng)
    if correct_b is not None:
        values = values - _resampled_means(correct_b, image_weights, rng)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def _resampled_means(
    correct: BoolArray, image_weights: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Weighted accuracies, one per resample; weights (resamples, n_images)."""
    n = len(correct)
    images = image_weights.sum(axis=1, keepdims=True)  # groups differ in size
    per_seed = (image_weights @ correct.T.astype(np.float64)) / images  # (resamples, n_seeds)
    seed_weights = rng.multinomial(n, np.full(n, 1 / n), size=len(image_weights))
    means: FloatArray = (per_seed * seed_weights / n).sum(axis=1)
    return means
