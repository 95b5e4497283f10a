"""Seeds that fail: how often, and what is left of a mean that holds some of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import FloatArray, Interval

_EXCLUDED = 0.999  # of the prediction interval that a collapsed run lies below, one-sided
_TIMES_AS_MANY_ERRORS = 2.0


@dataclass(frozen=True)
class Failures:
    """What became of ``tried`` seeds; accuracies are fractions.

    ``collapsed`` are the positions of finished runs that count as failed.  ``mean_interval`` is for
    the mean over seeds of the recipe, collapses included, on these test images.
    """

    tried: int
    failed: int  # without an accuracy: diverged, crashed, timed out
    collapsed: tuple[int, ...]
    rate_interval: Interval
    mean: float | None
    median: float | None
    median_interval: Interval | None  # None below six runs: no two of them hold 95%
    mean_interval: Interval | None

    @property
    def count(self) -> int:
        """Seeds that failed or collapsed."""
        return self.failed + len(self.collapsed)


def failures(
    accuracies: Sequence[float], failed: int, images: int | None, chance: float | None = None
) -> Failures:
    """Return what became of the seeds: ``accuracies`` of the finished ones, ``failed`` others.

    ``chance`` is the accuracy of always giving the commonest class, where the labels are known.
    """
    values = np.array(accuracies, dtype=np.float64)
    out = collapsed_runs(accuracies, images, chance)
    tried = len(values) + failed
    return Failures(
        tried=tried,
        failed=failed,
        collapsed=out,
        rate_interval=proportion_interval(failed + len(out), tried),
        mean=float(values.mean()) if len(values) else None,
        median=float(np.median(values)) if len(values) else None,
        median_interval=median_interval(accuracies),
        mean_interval=_mean_interval(values, out, chance),
    )


def proportion_interval(count: int, tried: int, confidence: float = 0.95) -> Interval:
    """Return the exact interval for a rate of ``count`` in ``tried`` (Clopper and Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(count, tried - count + 1, tail)) if count else 0.0
    high = float(special.betaincinv(count + 1, tried - count, 1 - tail)) if count < tried else 1.0
    return Interval(low, high)


def collapsed_runs(
    accuracies: Sequence[float], images: int | None, chance: float | None = None
) -> tuple[int, ...]:
    """Return the positions of the runs that are no draw like the others.

    A run has collapsed where others learned and it did no better than ``chance`` (the commonest
    class; within 99.9% of a binomial); or where it lies below the one-sided 99.9% prediction
    interval of the runs above it, which are more than half of all, and errs at least twice as often
    as their median.  The 0.1% is shared among the runs, any of which may be the lowest.  Their
    standard deviation counts as at least that of ``images`` independent answers, so that
    runs which agree by luck exclude nobody.
    """
    values = np.array(accuracies, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    at_chance = 0
    if chance is not None and images and len(values):
        reach = float(special.ndtri(_EXCLUDED)) * math.sqrt(chance * (1 - chance) / images)
        at_chance = int(np.sum(values <= chance + reach))
        if at_chance and values.max() <= chance + 2 * reach:
            at_chance = 0  # nothing learned, so none is the exception
    below = 0
    for count in range((len(values) - 1) // 2, 0, -1):
        if _excludes(values[order[count:]], float(values[order[count - 1]]), len(values), images):
            below = count
            break
    return tuple(sorted(int(i) for i in order[: max(at_chance, below)]))


def _excludes(kept: FloatArray, value: float, tried: int, images: int | None) -> bool:
    n = len(kept)
    if n < 2:
        return False
    middle, errors = float(kept.mean()), 1 - float(np.median(kept))
    sd = float(kept.std(ddof=1))
    if images:
        sd = max(sd, math.sqrt(max(middle * (1 - middle), 1 / images) / images))
    reach = t_quantile(1 - (1 - _EXCLUDED) / tried, n - 1) * sd * math.sqrt(1 + 1 / n)
    return value < middle - reach and 1 - value >= _TIMES_AS_MANY_ERRORS * errors


def median_interval(values: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return the interval of the median between order statistics, None below six values.

    It assumes no distribution (David and Nagaraja 2003, ch. 7); between two of them it is
    interpolated (Hettmansperger and Sheather 1986).
    """
    ordered, n = np.sort(np.array(values, dtype=np.float64)), len(values)

    def held(depth: int) -> float:
        """Confidence of the interval from the ``depth``-th value to the ``depth``-th last."""
        return float(1 - 2 * special.bdtr(depth - 1, n, 0.5))

    if n < 1 or held(1) < confidence:
        return None
    depth = max(d for d in range(1, n // 2 + 1) if held(d) >= confidence)
    if depth + 1 > n // 2:
        return Interval(float(ordered[depth - 1]), float(ordered[-depth]))
    inner = (held(depth) - confidence) / (held(depth) - held(depth + 1))
    weight = (n - depth) * inner / (depth + (n - 2 * depth) * inner)
    low = (1 - weight) * ordered[depth - 1] + weight * ordered[depth]
    high = (1 - weight) * ordered[-depth] + weight * ordered[-depth - 1]
    return Interval(float(low), float(high))


def _mean_interval(
    values: FloatArray, out: tuple[int, ...], chance: float | None
) -> Interval | None:
    """Return an interval of the mean over seeds that keeps its promise where seeds collapse.

    (1 - q) (mean of runs that train) + q (of those that collapse), the rate q by
    `proportion_interval` and the first mean by Student's t, each with half of the 5% (Bonferroni).
    The collapsed are taken to be between the worst seen, or chance, and the mean of those seen.
    """
    kept = np.delete(values, out)
    if len(kept) < 2:
        return None
    reach = t_quantile(0.9875, len(kept) - 1) * float(kept.std(ddof=1)) / math.sqrt(len(kept))
    low, high = float(kept.mean()) - reach, float(kept.mean()) + reach
    rate = proportion_interval(len(out), len(values), 0.975)
    gone = values[list(out)]
    bottom = min([*gone, 0.0 if chance is None else chance])
    top = float(gone.max()) if len(out) else high
    worst = (1 - rate.high) * low + rate.high * min(bottom, low)
    best = (1 - rate.low) * high + rate.low * min(top, high)
    return Interval(max(worst, 0.0), min(best, 1.0))
