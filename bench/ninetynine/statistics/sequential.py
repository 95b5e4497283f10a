"""Seed after seed until the answer is clear: a group-sequential test of "no worse".

A baseline has ``n0`` runs; new runs come one at a time and after each (from the second) one
may stop.  Looking often would multiply false alarms, so the error ``alpha`` is spent in
portions over the looks (Lan and DeMets 1983).  Two one-sided questions are asked at each
look, each with an ``alpha`` of its own and as if the other were not asked:

* is the drop in accuracy below the margin (non-inferiority), and
* is there a drop at all.

The estimand is the drop on these test images: both sides are measured on the same ones, so
seeds are the only chance and a run's accuracy says all that its answers say.  Seeds count
as independent, although both sides use the same numbers: see docs/gate.md.
Accuracies, drops and margins are fractions.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ninetynine.statistics.summary import BoolArray, FloatArray

Answer = Literal["no worse", "regressed", "open"]

FIRST_LOOK = 2  # one bad run in eleven is no news; two that are worse than all ten others are
MAX_SEEDS = 200  # beyond it only a larger baseline helps, and the grid below would be too coarse
_SPENDING = -4.0  # the shape of `spent`; the default of most who use it, near O'Brien and Fleming
_GRID_POINTS = 601
FEWEST_FOR_COLLAPSE = 3  # with two, the interval of one more run holds nearly every run
_COLLAPSE_TAIL = 0.0005  # of a 99.9% prediction interval, its lower side
_COLLAPSE_SHARE = 0.3  # of alpha, at most: 30 runs at that tail are 0.3 of an alpha of 5%
_GRID_LOW = -6.0  # standard deviations; a path from down there practically never crosses


@dataclass(frozen=True)
class Design:
    """How far a check may go: its looks come after 2, 3, ... ``max_seeds`` new runs.

    ``alpha`` bounds the chance of "regressed" without a drop, and, separately, of "no worse"
    with a drop of the margin or more.  The first has two ways to come about that share ``alpha``:
    the sequential test, and a single run that collapsed.  Where other tests may say "regressed",
    too, ``share`` is what this one has of what collapses leave.
    """

    baseline_seeds: int
    max_seeds: int
    alpha: float = 0.05
    share: float = 1.0

    @property
    def levels(self) -> tuple[float, ...]:
        """Nominal one-sided level of each look for "no worse", the first after two new runs."""
        return nominal_levels(self.baseline_seeds, self.max_seeds, self.alpha)

    @property
    def regressed_levels(self) -> tuple[float, ...]:
        """The same for "regressed", from its share of ``alpha``."""
        return nominal_levels(self.baseline_seeds, self.max_seeds, self.regressed_alpha)

    @property
    def regressed_alpha(self) -> float:
        """The share of what the runs that may collapse leave of ``alpha``."""
        return (self.alpha - self.max_seeds * self.collapse_tail) * self.share

    @property
    def collapse_tail(self) -> float:
        """The chance of an unchanged run to count as collapsed, 0 where the baseline is too small.

        By the union bound ``max_seeds`` of them spend at most 0.3 of ``alpha``.
        """
        if self.baseline_seeds < FEWEST_FOR_COLLAPSE:
            return 0.0
        return min(_COLLAPSE_TAIL, _COLLAPSE_SHARE * self.alpha / self.max_seeds)


@dataclass(frozen=True)
class Look:
    """What ``seeds`` new runs say; ``lower`` and ``upper`` hold the drop at every look at once.

    They are the ends of a repeated confidence interval (Jennison and Turnbull 1989): each
    holds with 1 - alpha or more whenever one stops.
    """

    seeds: int
    baseline_accuracy: float
    new_accuracy: float
    drop: float
    lower: float
    upper: float
    standard_error: float
    degrees_of_freedom: int
    answer: Answer


@dataclass(frozen=True)
class SeedsNeeded:
    """What would probably settle an open check, if the drop found is the true one.

    ``new`` runs against this baseline, else (None) ``each``: as many runs in the baseline as
    in the check; None where not even `MAX_SEEDS` of each would do.
    """

    new: int | None
    each: int | None


@dataclass(frozen=True)
class Prospect:
    """Chances before training: of "no worse" without a drop, of "regressed" at a given one."""

    passes_unchanged: float
    catches: float


def spent(fraction: ArrayLike, alpha: float) -> FloatArray:
    """Share of ``alpha`` spent at a ``fraction`` of the information (Hwang, Shih, DeCani 1990)."""
    part = -np.expm1(-_SPENDING * np.asarray(fraction, dtype=np.float64))
    return np.asarray(alpha * part / -math.expm1(-_SPENDING))


def information(baseline_seeds: int, max_seeds: int) -> FloatArray:
    """Share of the final information at each look, float64 (max_seeds - 1,).

    The variance of a difference of means is s^2 (1/n0 + 1/k): a small baseline makes later
    runs count less.
    """
    runs = np.arange(FIRST_LOOK, max_seeds + 1)
    fractions: FloatArray = (1 / baseline_seeds + 1 / max_seeds) / (1 / baseline_seeds + 1 / runs)
    return fractions


@lru_cache(maxsize=256)
def nominal_levels(baseline_seeds: int, max_seeds: int, alpha: float) -> tuple[float, ...]:
    """One-sided level of each look such that all looks together err with ``alpha``.

    Raises:
        ValueError: no run in the baseline, or ``max_seeds`` outside 2 to `MAX_SEEDS`.
    """
    if baseline_seeds < 1 or not FIRST_LOOK <= max_seeds <= MAX_SEEDS:
        raise ValueError(f"{baseline_seeds} baseline runs and at most {max_seeds} new ones")
    return tuple(special.ndtr(-boundary(information(baseline_seeds, max_seeds), alpha)).tolist())


def boundary(fractions: FloatArray, alpha: float) -> FloatArray:
    """Upper critical z value at each information fraction (rising, the last is 1).

    Numerical integration over the paths that have not crossed yet (Armitage, McPherson and
    Rowe 1969), a Brownian motion in information time.
    """
    portions = np.diff(spent(fractions, alpha), prepend=0.0)
    critical = -float(special.ndtri(portions[0])) * math.sqrt(fractions[0])
    grid = _grid(fractions[0], critical)
    density = np.exp(-(grid**2) / (2 * fractions[0])) / math.sqrt(2 * math.pi * fractions[0])
    found = [critical]
    for previous, now, portion in zip(fractions[:-1], fractions[1:], portions[1:], strict=True):
        step = math.sqrt(now - previous)
        mass = _masses(grid, density)
        critical = _crossing(grid, mass, step, float(portion))
        new_grid = _grid(now, critical)
        density = _moved(grid, mass, new_grid, step)
        grid = new_grid
        found.append(critical)
    return np.array(found) / np.sqrt(fractions)


def _grid(fraction: float, critical: float) -> FloatArray:
    grid: FloatArray = np.linspace(_GRID_LOW * math.sqrt(fraction), critical, _GRID_POINTS)
    return grid


def _masses(grid: FloatArray, density: FloatArray) -> FloatArray:
    weights: FloatArray = np.full(len(grid), grid[1] - grid[0])
    weights[[0, -1]] /= 2  # trapezoidal rule
    return density * weights


def _moved(grid: FloatArray, mass: FloatArray, new_grid: FloatArray, step: float) -> FloatArray:
    kernel = np.exp(-(((new_grid[:, None] - grid) / step) ** 2) / 2)
    density: FloatArray = kernel @ mass / (math.sqrt(2 * math.pi) * step)
    return density


def _crossing(grid: FloatArray, mass: FloatArray, step: float, portion: float) -> float:
    """The bound that paths on ``grid`` cross within one ``step`` with probability ``portion``."""
    low, high = -6.0, 12.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(mass @ special.ndtr((grid - middle) / step)) > portion:
            low = middle
        else:
            high = middle
    return high


def drop_error(
    baseline_variance: ArrayLike,
    baseline_seeds: int,
    new_variance: ArrayLike,
    new_seeds: ArrayLike,
    images: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Standard error of the difference of two mean accuracies, and its degrees of freedom.

    Variances are those of single runs (n - 1 in the denominator); arrays broadcast.  The
    larger of two errors: with one variance for both sides, and with one for each.  The first
    makes early looks possible; the second protects where a change also changed the spread.
    The degrees of freedom are the pooled ones.  Not below what counts of images can show
    (see `ninetynine.statistics.summary.seed_sd_at_least`).
    """
    n0, n1 = float(baseline_seeds), np.asarray(new_seeds, dtype=np.float64)
    v0, v1 = np.asarray(baseline_variance), np.asarray(new_variance)
    freedom = n0 + n1 - 2
    pooled = ((n0 - 1) * v0 + (n1 - 1) * v1) / freedom
    pooled = np.maximum(pooled, 1 / (np.square(np.asarray(images, dtype=np.float64)) * (n0 + n1)))
    variance = np.maximum(pooled * (1 / n0 + 1 / n1), v0 / n0 + v1 / n1)
    return np.sqrt(variance), np.asarray(freedom)


def answers(
    drop: FloatArray, below: FloatArray, above: FloatArray, margin: float | FloatArray
) -> tuple[BoolArray, BoolArray]:
    """Whether each look says "no worse" and whether it says "regressed": two bool arrays.

    The drop's interval reaches ``below`` and ``above`` it.  "No worse": the upper bound of the
    drop is below the margin, also where a drop smaller than the margin is certain.  "Regressed": a
    drop is certain (its lower bound is above 0) and the best estimate of it is the margin or more;
    significant and relevant, the dual criterion of Roychoudhury, Scheuer and Neuenschwander (2018).
    """
    no_worse = drop + above < margin
    return no_worse, (drop - below > 0) & (drop >= margin) & ~no_worse


def look(baseline: FloatArray, new: FloatArray, images: int, margin: float, design: Design) -> Look:
    """Look once: numbers of the runs so far, float64 (n0,) and (k,), k from 2 to the maximum.

    More is better.
    """
    sides = baseline[:, None], new[:, None]
    level = design.regressed_levels[len(new) - FIRST_LOOK]
    (found,) = _looks(*sides, np.array([images]), np.array([margin]), design, np.array([level]))
    return found


def look_at_all(
    baseline: FloatArray,
    new: FloatArray,
    images: ArrayLike,
    margins: ArrayLike,
    design: Design,
) -> list[Look]:
    """Look once at C numbers of each run, float64 (n0, C) and (k, C), such as those of classes.

    The design's chance of a false "regressed" is that of all together: Holm's (1979) levels over
    the C tests, each spent over the looks as if it were the only one (Maurer and Bretz 2013).
    "No worse" needs no correction where all have to be so (Berger 1982).
    """

    def level(tests: int) -> float:
        alpha = design.regressed_alpha / tests
        levels = nominal_levels(design.baseline_seeds, design.max_seeds, alpha)
        return levels[len(new) - FIRST_LOOK]

    sizes, within = np.asarray(images), np.asarray(margins, dtype=np.float64)
    drop, error, freedom = _drops(baseline, new, sizes)
    p_values, left = special.stdtr(freedom, -drop / error), baseline.shape[1]
    levels = np.full(left, level(left))
    for place in np.argsort(p_values, kind="stable"):
        levels[place] = level(left)
        if p_values[place] > levels[place]:
            break
        left -= 1  # shown to have dropped: the others are fewer
    return _looks(baseline, new, sizes, within, design, levels)


def _drops(
    baseline: FloatArray, new: FloatArray, images: NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return drops of the means (C,) with their standard errors and degrees of freedom."""
    variances = [side.var(axis=0, ddof=1) for side in (baseline, new)]
    error, freedom = drop_error(variances[0], len(baseline), variances[1], len(new), images)
    return baseline.mean(axis=0) - new.mean(axis=0), error, freedom


def _looks(
    baseline: FloatArray,
    new: FloatArray,
    images: NDArray[np.int64],
    margins: FloatArray,
    design: Design,
    regressed_levels: FloatArray,
) -> list[Look]:
    drop, error, freedom = _drops(baseline, new, images)
    below = error * special.stdtrit(freedom, 1 - regressed_levels)
    above = error * special.stdtrit(freedom, 1 - design.levels[len(new) - FIRST_LOOK])
    no_worse, regressed = answers(drop, below, above, margins)
    old, now = baseline.mean(axis=0), new.mean(axis=0)
    return [
        Look(
            seeds=len(new),
            baseline_accuracy=float(old[i]),
            new_accuracy=float(now[i]),
            drop=float(drop[i]),
            lower=float(drop[i] - below[i]),
            upper=float(drop[i] + above[i]),
            standard_error=float(error[i]),
            degrees_of_freedom=int(freedom),
            answer="no worse" if no_worse[i] else "regressed" if regressed[i] else "open",
        )
        for i in range(len(drop))
    ]


def seeds_needed(
    found: Look, baseline_seeds: int, margin: float, alpha: float, power: float = 0.8
) -> SeedsNeeded:
    """Runs that settle an open check with probability ``power`` if the drop found is the true one.

    Normal approximation without the price of looking often: a guide, not a promise.
    """
    distance = found.drop if found.drop >= margin else margin - found.drop
    wanted = (distance / float(special.ndtri(1 - alpha) + special.ndtri(power))) ** 2
    variance = found.standard_error**2 / (1 / baseline_seeds + 1 / found.seeds)
    left = wanted / variance - 1 / baseline_seeds
    new = math.ceil(1 / left) if left > 1 / MAX_SEEDS else None
    each = math.ceil(2 * variance / wanted) if wanted * MAX_SEEDS >= 2 * variance else None
    if new is not None:
        new = max(new, found.seeds + 1)
    return SeedsNeeded(None if new is None or new > MAX_SEEDS else new, each)


def prospect(seed_sd: float, margin: float, drop: float, design: Design) -> Prospect:
    """What a check can be expected to show, if single runs vary by ``seed_sd`` on both sides.

    Normal approximation at the last look, so a little too hopeful.
    """
    variance = seed_sd**2 * (1 / design.baseline_seeds + 1 / design.max_seeds)
    error = max(math.sqrt(variance), 1e-12)
    above = -float(special.ndtri(design.levels[-1]))
    below = -float(special.ndtri(design.regressed_levels[-1]))
    shown = special.ndtr((drop - max(below * error, margin)) / error)
    return Prospect(float(special.ndtr(margin / error - above)), float(shown))
