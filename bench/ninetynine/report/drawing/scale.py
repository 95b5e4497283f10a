"""Places on an axis.  Accuracy is shown on a logarithmic scale of the error.

From 99.0 to 99.5% half of all errors go, and so they do from 98 to 99%: equal steps on this scale
are equal shares of the errors that are left.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PADDING = 0.06  # of the range, at both ends
FAR = 16.0  # a model with this many times the best one's errors is marked at the edge instead
_MANTISSAS: tuple[tuple[float, ...], ...] = (
    (1,),
    (1, 3),
    (1, 2, 5),
    (1, 2, 3, 5, 7),
    (1, 1.5, 2, 3, 4, 5, 6, 8),
)


@dataclass(frozen=True)
class Scale:
    """A range of a logarithmic axis, ``low`` < ``high`` in decades, and the values to write on it.

    ``floor`` is the smallest number whose logarithm is taken; for accuracies the smallest error
    that can be told from none.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    floor: float
    is_accuracy: bool

    def decades(self, value: float) -> float:
        """Return where ``value`` lies: decades of size, or for accuracies of error avoided."""
        if self.is_accuracy:
            return -math.log10(max(1 - value, self.floor))
        return math.log10(max(value, self.floor))

    def share(self, value: float) -> float:
        """Return the place of ``value`` between the ends: 0 to 1, the end itself if beyond."""
        place = (self.decades(value) - self.low) / (self.high - self.low)
        return min(max(place, 0.0), 1.0)

    def holds(self, value: float) -> bool:
        return self.low <= self.decades(value) <= self.high


def accuracy_scale(
    means: Sequence[float],
    others: Iterable[float],
    images: int | None,
    most_ticks: int = 8,
    far: float = FAR,
) -> Scale:
    """Return the scale for models with ``means``, wide enough for ``others`` as well.

    A model with ``far`` times the best one's errors would press the others together: it is left
    beyond the end, as is whatever of ``others`` (ends of intervals, single runs, reference lines)
    lies out there.
    """
    floor = 0.5 / (images or 10_000)
    errors = sorted(max(1 - mean, floor) for mean in means)
    limit = max(far * errors[0], 3 * errors[(len(errors) - 1) // 2])
    shown = [e for v in (*means, *others) if (e := max(1 - v, floor)) <= limit]
    low, high = _padded([-math.log10(error) for error in shown], least=0.15)
    low = max(low, 0.0)
    ticks = _accuracy_ticks(low, high, most_ticks)
    return Scale(low, high, ticks, floor, is_accuracy=True)


def size_scale(values: Sequence[float], most_ticks: int = 8) -> Scale:
    """Return the scale for positive ``values`` such as seconds or parameters."""
    low, high = _padded([math.log10(value) for value in values], least=0.6)
    ticks = _spread_ticks(low, high, most_ticks)
    return Scale(low, high, ticks, 1e-12, is_accuracy=False)


def _padded(places: Sequence[float], least: float) -> tuple[float, float]:
    low, high = min(places), max(places)
    padding = max((high - low) * _PADDING, (least - (high - low)) / 2)
    return low - padding, high + padding


def _accuracy_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return accuracies at round errors; at equal steps where the range is too short for that."""
    errors = _spread_ticks(-high, -low, most)
    if len(errors) < 3:
        worst, best = 1 - 10**-low, 1 - 10**-high
        errors = tuple(1 - tick for tick in _even_ticks(worst, best, most))
    # 1 - 0.02 is 0.98, not 0.97999999
    return tuple(sorted(round(1 - error, 8) for error in errors))


def _spread_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Return round numbers between 10**low and 10**high: the fewest kinds that give four."""
    found: list[float] = []
    for mantissas in _MANTISSAS:
        powers = range(math.floor(low), math.ceil(high) + 1)
        every = (mantissa * 10.0**power for power in powers for mantissa in mantissas)
        denser = [value for value in every if low <= math.log10(value) <= high]
        if len(denser) > most and len(found) >= 2:
            break
        found = denser
        if len(found) >= 4:
            break
    step = math.ceil(len(found) / most) if found else 1
    return tuple(found[::step])


def _even_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    raw = (high - low) / min(most, 5)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step)
    return tuple(step * k for k in range(first, math.floor(high / step) + 1))
