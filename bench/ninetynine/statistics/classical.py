"""The textbook methods: exact McNemar, Holm, Wilson, Mann-Whitney, two unpaired counts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import FloatArray, IntArray, Interval


def mcnemar_exact(only_a_right: float, only_b_right: float) -> float:
    """Two-sided exact McNemar p-value from the images that exactly one model gets right.

    Under "equally accurate" each such image is a fair coin (McNemar 1947, in its exact
    binomial form); without any the p-value is 1.  Effective, fractional numbers take the
    binomial's continuation, the incomplete beta function.
    """
    fewer, more = sorted((only_a_right, only_b_right))
    if not more:
        return 1.0
    if fewer == int(fewer) and more == int(more):
        return min(1.0, 2 * float(special.bdtr(int(fewer), int(fewer + more), 0.5)))
    return min(1.0, 2 * float(special.betainc(more, fewer + 1, 0.5)))


def mcnemar_interval(
    only_a_right: float, only_b_right: float, images: float, confidence: float = 0.95
) -> Interval:
    """Difference in accuracy given the number of discordant images (Clopper and Pearson 1934).

    It leaves out 0 exactly when `mcnemar_exact` is below ``1 - confidence``.
    """
    discordant = only_a_right + only_b_right
    tail = (1 - confidence) / 2
    beta = special.betaincinv  # quantiles of the Beta distribution, whose limits are 0 and 1
    low = float(beta(only_a_right, only_b_right + 1, tail)) if only_a_right else 0.0
    high = float(beta(only_a_right + 1, only_b_right, 1 - tail)) if only_b_right else 1.0
    return Interval((2 * low - 1) * discordant / images, (2 * high - 1) * discordant / images)


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """Holm's (1979) step-down adjusted p-values, in the order given; float64, same length.

    The smallest is multiplied by k, the next by k - 1 and so on, and no adjusted value may
    be below the one before it.  (Multiplying all by k would be Bonferroni.)
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def wilson_interval(
    proportion: float, trials: float, confidence: float = 0.95, quantile: float | None = None
) -> Interval:
    """Wilson's (1927) score interval; ``trials`` may be an effective, fractional number.

    ``quantile`` replaces the normal quantile of ``confidence`` (a t quantile, say).
    """
    z = t_quantile((1 + confidence) / 2, math.inf) if quantile is None else quantile
    shrink = 1 + z * z / trials
    centre = (proportion + z * z / (2 * trials)) / shrink
    variance = proportion * (1 - proportion) / trials + z * z / (4 * trials * trials)
    half_width = z * math.sqrt(variance) / shrink
    # At 0 and 1 the bound is exact; rounding would leave it 1e-17 off.
    low = 0.0 if proportion == 0 else max(centre - half_width, 0.0)
    high = 1.0 if proportion == 1 else min(centre + half_width, 1.0)
    return Interval(low, high)


@dataclass(frozen=True)
class WinningChance:
    """How often one run of A does better than one run of B, a tie counted as half a win."""

    chance: float
    interval: Interval


def winning_chance(
    runs_a: FloatArray, runs_b: FloatArray, confidence: float = 0.95
) -> WinningChance | None:
    """Return the share of pairs of runs that A wins, with its interval; None for a single run.

    The Mann-Whitney statistic over two models' accuracies (n_a,) and (n_b,), with Newcombe's (2006)
    interval (his method 5), which has a width where all runs of one win, too.
    """
    a, b = np.asarray(runs_a, dtype=np.float64), np.asarray(runs_b, dtype=np.float64)
    if len(a) < 2 or len(b) < 2:
        return None
    wins = (a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :])
    chance, z = float(wins.mean()), t_quantile((1 + confidence) / 2, math.inf)
    rest = (len(a) + len(b)) / 2 - 1

    def apart(true: float) -> float:
        """How far off the chance found is, in units of the standard error under ``true``."""
        factor = 1 + rest * ((1 - true) / (2 - true) + true / (1 + true))
        error = math.sqrt(true * (1 - true) * factor / (len(a) * len(b)))
        return (chance - true) / error - z

    # From end to end of (0, 1) it falls; for the upper end the two models change places.
    low = _falling_root(apart, 0.0, chance)
    chance = 1 - chance
    high = 1 - _falling_root(apart, 0.0, chance)
    return WinningChance(1 - chance, Interval(low, high))


def _falling_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where ``function`` falls through 0; at the ends themselves it is not asked."""
    for _ in range(60):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return high


@dataclass(frozen=True)
class UnpairedComparison:
    """Our errors against a published number of errors, without the published predictions.

    ``difference`` is our accuracy less the published one, a fraction.  ``label`` is always
    "unpaired": the two counts are treated as two separate samples of images, which is
    cautious when both were counted on the same test set.
    """

    difference: float
    interval: Interval
    p_value: float
    label: Literal["unpaired"] = "unpaired"


def binomial_against_published(
    errors: float, images: int, published_errors: int, confidence: float = 0.95
) -> UnpairedComparison:
    """Compare ``errors`` (one run, or a mean over runs) out of ``images`` with a published count.

    p-value: Fisher's exact test, a mean rounded to whole errors; interval: Newcombe's (1998)
    hybrid of the two Wilson intervals (his method 10).
    """
    ours, theirs = 1 - errors / images, 1 - published_errors / images
    our_interval = wilson_interval(ours, images, confidence)
    their_interval = wilson_interval(theirs, images, confidence)
    below = math.hypot(ours - our_interval.low, their_interval.high - theirs)
    above = math.hypot(our_interval.high - ours, theirs - their_interval.low)
    difference = ours - theirs
    return UnpairedComparison(
        difference=difference,
        interval=Interval(difference - below, difference + above),
        p_value=_fisher_exact(round(errors), published_errors, images),
    )


def _fisher_exact(errors_a: int, errors_b: int, images: int) -> float:
    """Two-sided Fisher test for two error counts out of ``images`` each."""
    total = errors_a + errors_b
    possible = np.arange(max(0, total - images), min(total, images) + 1)
    log_ways = _log_choose(images, possible) + _log_choose(images, total - possible)
    probability = np.exp(log_ways - log_ways.max())
    probability /= probability.sum()
    observed = probability[errors_a - possible[0]]
    # Equally likely tables differ in the last digits; they belong to the tail as well.
    return float(min(1.0, probability[probability <= observed * (1 + 1e-7)].sum()))


def _log_choose(total: int, chosen: IntArray) -> FloatArray:
    """Return the natural logarithm of the binomial coefficient, elementwise over ``chosen``."""
    log_factorial = special.gammaln
    ways: FloatArray = log_factorial(total + 1) - log_factorial(chosen + 1)
    ways = ways - log_factorial(total - chosen + 1)
    return ways
