"""Published figures against our own seeds; accuracies are fractions, one per seed."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ninetynine.statistics.special import t_probability, t_quantile
from ninetynine.statistics.summary import (
    FloatArray,
    Interval,
    caution,
    cautious_variance,
    seed_sd_at_least,
)

_WIDENED = 0.99  # the confidence up to which an interval is wider than Student's t

ClaimVerdict = Literal["as expected", "lucky", "unlucky", "not reproduced", "too few runs"]


@dataclass(frozen=True)
class ClaimPlacement:
    """Where a published accuracy lies among runs of the same recipe.

    ``quantile`` is the chance that one more run would be at or below the published figure;
    ``runs_below`` and ``runs_at`` (equal within its rounding) count our own runs.  With one
    run nothing can be predicted: the intervals and the quantile are None.
    """

    published: float
    rounding: float
    verdict: ClaimVerdict
    quantile: float | None
    prediction: Interval | None
    wide_prediction: Interval | None
    runs_below: int
    runs_at: int
    runs: int


@dataclass(frozen=True)
class Certification:
    """Whether a recipe's mean accuracy is at or above ``target``, shown over enough seeds."""

    certified: bool
    target: float
    mean: float
    lower_bound: float | None
    runs: int
    runs_required: int


def prediction_interval(
    seed_accuracy: FloatArray, images: int, confidence: float = 0.95, flips: float = 0.0
) -> Interval | None:
    """Interval for the accuracy of one more run on the same ``images`` test images.

    mean +- t sd sqrt(1 + 1/n), accuracies taken as normal over seeds; None for one run.  ``flips``
    is the variance of a run's accuracy that flips of single images explain, where it is known
    (`ninetynine.statistics.summary.seed_variance`); the variance is that of `cautious_variance`.
    Beyond 99%, where Student's t is far out by itself, the interval is Student's.
    """
    mean, scale, n = _next_run(seed_accuracy, images, flips)
    if n < 2:
        return None
    usual = t_quantile((1 + min(confidence, _WIDENED)) / 2, n - 1) * scale
    far = t_quantile((1 + confidence) / 2, n - 1) * scale / caution(n - 1)
    return Interval.around(mean, max(usual, far))


def _next_run(seed_accuracy: FloatArray, images: int, flips: float) -> tuple[float, float, int]:
    """Mean, standard error of prediction for one more run, number of runs."""
    n = len(seed_accuracy)
    sd = float(np.std(seed_accuracy, ddof=1)) if n > 1 else 0.0
    sd = seed_sd_at_least(sd, n, images)
    if n > 1:
        sd = math.sqrt(cautious_variance(sd**2, flips, n - 1))
    return float(np.mean(seed_accuracy)), sd * math.sqrt(1 + 1 / n), n


def place_claim(
    published: float,
    seed_accuracy: FloatArray,
    images: int,
    published_decimals: int | None = None,
    confidence: float = 0.95,
    wide_confidence: float = 0.999,
    flips: float = 0.0,
) -> ClaimPlacement:
    """Place a published accuracy among our runs: float64 (n,), on ``images`` test images.

    "As expected" inside the prediction interval for one more run; "lucky" above it or
    "unlucky" below it but inside the wide one, where one run in a thousand falls outside;
    "not reproduced" beyond that.  A figure given with ``published_decimals`` (0.988 has 3)
    stands for all that rounds to it, and gets the mildest verdict among them.  ``flips`` is that of
    `prediction_interval`.
    """
    rounding = 0.0 if published_decimals is None else 0.5 * 10.0**-published_decimals
    inner = prediction_interval(seed_accuracy, images, confidence, flips)
    outer = prediction_interval(seed_accuracy, images, wide_confidence, flips)
    mean, scale, n = _next_run(seed_accuracy, images, flips)
    # Accuracies are multiples of 1/images: half a step tells equal from different.
    at = np.abs(seed_accuracy - published) <= rounding + 0.5 / images
    return ClaimPlacement(
        published=published,
        rounding=rounding,
        verdict=_claim_verdict(published, rounding, mean, inner, outer),
        quantile=t_probability((published - mean) / scale, n - 1) if n > 1 else None,
        prediction=inner,
        wide_prediction=outer,
        runs_below=int(np.sum((seed_accuracy < published) & ~at)),
        runs_at=int(np.sum(at)),
        runs=n,
    )


def _claim_verdict(
    published: float, rounding: float, mean: float, inner: Interval | None, outer: Interval | None
) -> ClaimVerdict:
    if inner is None or outer is None:
        return "too few runs"
    low, high = published - rounding, published + rounding
    if low <= inner.high and high >= inner.low:
        return "as expected"
    if low > outer.high or high < outer.low:
        return "not reproduced"
    return "lucky" if published > mean else "unlucky"


def time_to_accuracy_certified(
    seed_accuracy: FloatArray, target: float, min_seeds: int = 20, confidence: float = 0.95
) -> Certification:
    """Whether the mean over at least ``min_seeds`` seeds is shown to reach ``target``.

    It is when the one-sided ``confidence`` lower bound of the mean (Student's t over seeds,
    these test images) is at or above ``target``.  Pass every seed of the list: one that
    misses counts.
    """
    n, mean = len(seed_accuracy), float(np.mean(seed_accuracy))
    lower_bound = None
    if n > 1:
        standard_error = float(np.std(seed_accuracy, ddof=1)) / math.sqrt(n)
        lower_bound = mean - t_quantile(confidence, n - 1) * standard_error
    reached = lower_bound is not None and lower_bound >= target and n >= min_seeds
    return Certification(reached, target, mean, lower_bound, n, min_seeds)
