"""Intervals of what varies over seeds: the standard deviation, its parts, ratios of times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import FloatArray, Interval, Summary, seed_sd_at_least

_BY_CHANCE = 4.0  # n times the excess kurtosis that is left aside


def sd_interval(
    values: Sequence[float], confidence: float = 0.95, at_least: float = 0.0
) -> Interval | None:
    """Return the interval of a standard deviation; None for fewer than two values.

    Values that are counts show no standard deviation below ``at_least``, which then stands for it.

    Chi-square, whose degrees of freedom are fewer where the values have heavy tails: 2 / (2 k / n +
    2 / (n - 1)), k their excess kurtosis (after Hummel, Banga and Hettmansperger 2005), counted
    twice because a small sample hides its tails, and less 4 / n, of the 6 / n or so that normal
    values show by chance.  Below four values they are taken to be normal.
    """
    found, n = np.array(values, dtype=np.float64), len(values)
    if n < 2:
        return None
    variance = max(float(found.std(ddof=1)), at_least) ** 2
    freedom = 1 / (_excess_kurtosis(found) / n + 1 / (n - 1))
    return _sd_ends(variance, freedom, confidence)


def _sd_ends(variance: float, freedom: float, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    ends = [float(special.chdtri(freedom, tail)), float(special.chdtri(freedom, 1 - tail))]
    low, high = (math.sqrt(freedom * variance / end) if end > 0 else math.inf for end in ends)
    return Interval(low, high)


def _excess_kurtosis(values: FloatArray) -> float:
    """Return how much the kurtosis about the median (Bonett 2006) is above a normal sample's."""
    n = len(values)
    squares = float(np.sum((values - values.mean()) ** 2))
    if n < 4 or squares <= 0:
        return 0.0
    kurtosis = n * float(np.sum((values - np.median(values)) ** 4)) / squares**2
    return max(kurtosis - 3 * (n - 1) / (n + 1) - _BY_CHANCE / n, 0.0)


@dataclass(frozen=True)
class SeedSplit:
    """What makes the accuracies of seeds differ on these images, as standard deviations.

    ``flips`` are images that change sides from run to run, which would average out over more
    images; ``distribution`` is what runs would still differ by on infinitely many.
    """

    flips: float
    distribution: float
    distribution_interval: Interval


def seed_split(summary: Summary, confidence: float = 0.95) -> SeedSplit | None:
    """Split the variance over seeds (Jordan 2023); None for a single seed or image.

    MS_seed / m = distribution + MS_rest / m; the interval takes the flips, which are means over all
    images, for known, and MS_seed for a chi-square of n - 1 degrees of freedom.
    """
    n, m = summary.n_seeds, summary.n_images
    if n < 2 or m < 2:
        return None
    flips = summary.rest_over_groups / m
    total = seed_sd_at_least(math.sqrt(summary.seed_mean_square / m), n, m) ** 2
    ends = _sd_ends(total, n - 1, confidence)
    low, high = (math.sqrt(max(end**2 - flips, 0.0)) for end in (ends.low, ends.high))
    distribution = max(summary.seed_mean_square / m - flips, 0.0)
    return SeedSplit(math.sqrt(flips), math.sqrt(distribution), Interval(low, high))


def ratio_interval(
    values: Sequence[float], reference: Sequence[float] = (), confidence: float = 0.95
) -> Interval | None:
    """Return the interval of a typical positive value, or its ratio to a typical ``reference``.

    Student's t, or Welch's (1947), on logarithms, in which times err by a factor: the typical value
    is the geometric mean, the median where logarithms are symmetric.  None where either has a
    single value.
    """
    samples = [np.log(np.array(side)) for side in (values, reference) if len(side)]
    if not samples or min(map(len, samples)) < 2:
        return None
    center = float(samples[0].mean()) - (float(samples[1].mean()) if len(samples) > 1 else 0.0)
    reach = welch_reach(samples, confidence)
    return Interval(math.exp(center - reach), math.exp(center + reach))


def welch_reach(samples: Sequence[FloatArray], confidence: float = 0.95) -> float:
    """Return half the width of the interval of a mean, or of the difference of two (Welch 1947).

    Each sample has two values or more; where none of them varies it is 0.
    """
    parts = [(float(side.var(ddof=1)) / len(side), len(side) - 1) for side in samples]
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return 0.0
    freedom = variance**2 / sum(part**2 / df for part, df in parts)
    return t_quantile((1 + confidence) / 2, freedom) * math.sqrt(variance)
