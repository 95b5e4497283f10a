"""Ratios with their spread, and whether they reach a target: plain arithmetic."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Positive values, one a round: median, smallest, largest, and an interval from 3 on."""

    values: tuple[float, ...]
    median: float
    smallest: float
    largest: float
    interval: tuple[float, float] | None  # 95%, for the geometric mean

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the interval, or where there is none the smallest and the largest value."""
        return self.interval or (self.smallest, self.largest)


def spread_of(values: Sequence[float]) -> Spread:
    """Return the spread of ``values``; at least one, all positive.

    The interval is Student's for the mean of the logarithms: ratios spread by factors, and a
    round that was slow for all contenders alike cancels in its ratio.
    """
    ordered = sorted(values)
    interval = _log_interval(ordered) if len(ordered) >= 3 else None
    return Spread(tuple(values), statistics.median(ordered), ordered[0], ordered[-1], interval)


def _log_interval(values: Sequence[float]) -> tuple[float, float]:
    from scipy.stats import t

    logarithms = [math.log(value) for value in values]
    mean = statistics.fmean(logarithms)
    error = statistics.stdev(logarithms) / math.sqrt(len(logarithms))
    reach = float(t.ppf(0.975, len(logarithms) - 1)) * error
    return math.exp(mean - reach), math.exp(mean + reach)


def verdict(spread: Spread, target: float, at_least: bool = False) -> str:
    """Say whether ``spread`` lies at most (or at least) at ``target``: "reached", "missed" or,
    where its bounds hold the target, "undecided" with the side that the median is on."""
    low, high = spread.bounds
    good = (low >= target) if at_least else (high <= target)
    bad = (high < target) if at_least else (low > target)
    if good:
        return "reached"
    if bad:
        return "missed"
    met = spread.median >= target if at_least else spread.median <= target
    return f"undecided (median {'reaches' if met else 'misses'} it)"
