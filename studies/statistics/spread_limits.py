"""What an interval over seeds can promise where the SD came out small, and what pooling would give.

``python studies/statistics/spread_limits.py --out studies/statistics/results`` prints its tables
and writes ``spread_limits.md``; everything is computed, nothing drawn.  The mean of n seeds and
their SD s are those of normal runs; flips of single images make a known part F of the variance.

1. How much wider than Student's t an interval must be to hold 90% among the quarter of experiments
   with the smallest s, and what it then holds among all; and the least that any factor can hold
   among all that falls, in whatever way, as s grows beside F.
2. What is used (`cautious_variance`): what it holds of all and of the smallest s, and how wide it
   is beside Student's t.  3. The same of Student's t whose variance is never below F.
4. How far the committed boards' variances over seeds are apart, in units of each row's F: the
   prior (d0, s0) of a moderated variance, by maximum likelihood (Smyth 2004).
5. What the interval holds whose variance is moderated with the prior of the largest board.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from ninetynine.board import build_boards
from ninetynine.records import RecordStore
from ninetynine.statistics.summary import cautious_variance, seed_variance
from numpy.typing import NDArray
from scipy import optimize, stats
from tabulate import tabulate

RESULTS = Path(__file__).parents[2] / "results"
SEEDS, RATIOS = (3, 5, 10, 20), (1.0, 1.5, 2.0, 3.0, 5.0, 20.0)
FEWEST_ROWS = 10
_KNOTS = 12  # of a factor that depends on s
_POINTS = 4_000  # of equal probability; the first quarter of them are the smallest SDs

Floats = NDArray[np.float64]
Rule = Callable[[float, float, float], float]  # variance, flips, degrees of freedom -> variance


def variances(n: int) -> Floats:
    """Return s^2 over its expectation at equally likely points, ascending."""
    found: Floats = stats.chi2.ppf((np.arange(_POINTS) + 0.5) / _POINTS, n - 1) / (n - 1)
    return found


def held(half_widths: Floats) -> tuple[float, float]:
    """Return the coverage of all, and of the smallest SDs; in standard errors of the mean."""
    covers = 2 * stats.norm.cdf(half_widths) - 1
    return float(covers.mean()), float(covers[: _POINTS // 4].mean())


def widened(n: int) -> tuple[float, float, float]:
    """Return the factor on Student's t for 90% of the smallest SDs, and the coverage without and
    with it."""
    student = stats.t.ppf(0.975, n - 1) * np.sqrt(variances(n))
    factor = optimize.brentq(lambda c: held(c * student)[1] - 0.9, 0.5, 3.0)
    return factor, held(student)[1], held(factor * student)[0]


def least_of_all(n: int) -> float:
    """Return the least coverage of all, at the worst of ``RATIOS``, of a t interval whose factor
    falls as s^2 / F grows and that holds 90% of the smallest SDs at each of them."""
    at, every = np.log(np.geomspace(0.05, 60, _KNOTS)), max(_POINTS // 400, 1)
    sizes = np.sqrt(variances(n).reshape(-1, every).mean(axis=1))
    quarter = len(sizes) // 4

    def covers(factors: Floats) -> Floats:
        used = [np.interp(np.log(ratio * sizes**2), at, factors) for ratio in RATIOS]
        half_widths = stats.t.ppf(0.975, n - 1) * np.array(used) * sizes
        found: Floats = 200 * stats.norm.cdf(half_widths) - 100
        return found

    limits = (
        lambda z: z[-1] - covers(z[:-1]).mean(axis=1),
        lambda z: covers(z[:-1])[:, :quarter].mean(axis=1) - 90,
        lambda z: -np.diff(z[:-1]),
    )
    found = []
    for first, last in ((1.2, 1.2), (1.6, 1.0), (2.5, 0.95)):
        start = np.append(np.linspace(first, last, _KNOTS), 98.0)
        one = optimize.minimize(
            lambda z: z[-1],
            start,
            constraints=[{"type": "ineq", "fun": limit} for limit in limits],
            bounds=[(0.5, 4.0)] * _KNOTS + [(90.0, 100.0)],
            method="SLSQP",
            options={"maxiter": 300},
        )
        if one.success:
            found.append(float(one.fun))
    return min(found) / 100


def moderated(n: int, ratio: float, prior: tuple[float, float]) -> tuple[float, float]:
    """Return what the moderated interval holds at ``ratio``, the variance over that of flips."""
    known, scale = prior
    pooled = (known * scale + (n - 1) * ratio * variances(n)) / (known + n - 1)
    quantile = stats.t.ppf(0.975, known + n - 1)
    return held(quantile * np.sqrt(pooled / ratio))


def limited(n: int, ratio: float, rule: Rule) -> tuple[float, float, float]:
    """Return what the t interval of ``rule``'s variance holds at ``ratio``, of all and of the
    smallest SDs, and its mean width over that of Student's t."""
    found = ratio * variances(n)
    used = np.sqrt([rule(own, 1.0, n - 1) for own in found.tolist()])
    covers = held(stats.t.ppf(0.975, n - 1) * used / np.sqrt(ratio))
    return *covers, float(used.mean() / np.sqrt(found).mean())


def never_below_flips(variance: float, flips: float, degrees_of_freedom: float) -> float:
    """Return the variance over seeds with the whole of the flips' as a floor."""
    return max(variance, flips)


def _limits(rule: Rule) -> str:
    lines = []
    for ratio in RATIOS:
        cells = [limited(n, ratio, rule) for n in SEEDS]
        told = (f"{100 * a:.1f} / {100 * b:.1f}, x {wide:.2f}" for a, b, wide in cells)
        lines.append([f"{ratio:g}", *told])
    heading = ["variance over flips", *(f"n = {n}" for n in SEEDS)]
    return str(tabulate(lines, heading, tablefmt="github", disable_numparse=True))


def ratios_of_boards(results: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Return each board's degrees of freedom and variances over flips of rows of three seeds on."""
    found = {}
    for board in build_boards(RecordStore(results), {}):
        rows = [row.summary for row in board.rows if row.identity.kind != "ensemble"]
        # A row without flips gives every seed the same answers, and has no such ratio.
        several = [s for s in rows if s is not None and s.n_seeds > 2 and s.rest_mean_square > 0]
        if len(several) >= FEWEST_ROWS:
            parts = [seed_variance(s) for s in several]
            name = f"{board.dataset}, {board.variant}"
            found[name] = [s.n_seeds - 1 for s in several], [own / flips for own, flips in parts]
    return found


def prior_of(freedoms: Sequence[int], ratios: Sequence[float]) -> tuple[float, float]:
    """Return d0 and s0 under which ratios over s0 are F(freedom, d0), by maximum likelihood."""

    def surprise(point: Floats) -> float:
        known, scale = np.exp(point)
        density = stats.f.logpdf(np.array(ratios) / scale, np.array(freedoms), known)
        return float(-np.sum(density - np.log(scale)))

    starts = [np.log([known, np.median(ratios)]) for known in (1.0, 5.0, 50.0)]
    best = min((optimize.minimize(surprise, s, method="Nelder-Mead") for s in starts), key=_value)
    known, scale = np.exp(best.x)
    return float(known), float(scale)


def _value(found: optimize.OptimizeResult) -> float:
    return float(found.fun)


def markdown(results: Path) -> str:
    """Return the tables; coverage in percent."""
    wide = [(n, *widened(n)) for n in SEEDS]
    first = tabulate(
        [[n, 100 * plain, f, 100 * of_all, 100 * least_of_all(n)] for n, f, plain, of_all in wide],
        [
            "seeds",
            "Student's t, smallest SDs",
            "factor for 90%",
            "then of all",
            "least with a factor that falls with s",
        ],
        tablefmt="github",
        floatfmt=("", ".1f", ".2f", ".1f", ".1f"),
    )
    boards = ratios_of_boards(results)
    priors = {name: prior_of(*found) for name, found in boards.items()}
    second = tabulate(
        [
            [name, len(found[1]), *np.quantile(found[1], (0, 0.5, 1)), *priors[name]]
            for name, found in boards.items()
        ],
        ["board", "rows", "smallest ratio", "median", "largest", "d0", "s0"],
        tablefmt="github",
        floatfmt=".1f",
    )
    largest = max(boards, key=lambda name: len(boards[name][1]))
    third = tabulate(
        [
            [ratio, *(f"{100 * a:.1f} / {100 * b:.1f}" for a, b in cells)]
            for ratio in RATIOS
            for cells in [[moderated(n, ratio, priors[largest]) for n in SEEDS]]
        ],
        ["variance over flips", *(f"n = {n}" for n in SEEDS)],
        tablefmt="github",
    )
    return (
        "# Intervals over seeds where the SD came out small\n\n"
        "Made by `python studies/statistics/spread_limits.py`. Coverage in percent; "
        '"smallest SDs" are the quarter of experiments with the smallest SD over seeds.\n\n'
        f"## A wider Student's t\n\n{first}\n\n"
        "## What is used: of all / of the smallest SDs, and the width beside Student's t\n\n"
        f"{_limits(cautious_variance)}\n\n"
        f"## Student's t never below the flips\n\n{_limits(never_below_flips)}\n\n"
        f"## Variances over seeds, in units of the flips'\n\n{second}\n\n"
        f"## Moderated by the prior of {largest}: of all / of the smallest SDs\n\n{third}\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables, and write them where ``--out`` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, help="folder for spread_limits.md")
    options = parser.parse_args(argv)
    text = markdown(options.results)
    sys.stdout.write(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "spread_limits.md").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
