"""Do the intervals of the other numbers keep what they promise?

``python studies/statistics/number_coverage.py --out studies/statistics/results`` prints the tables
and writes ``numbers.md``; the same seed gives the same bytes.  Every truth is known by
construction: of standard deviations, their parts, losses, calibration errors, the accuracy of a
class, the train-test gap and ratios of times, with images alone and in groups of unequal size; and
of means over seeds of which one in twenty collapses.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from interval_coverage import Tally, _coverage, _rng, _table, percent
from ninetynine.statistics import Groups, Interval, accuracy_estimate, summarize
from ninetynine.statistics.calibration import calibration, calibration_difference
from ninetynine.statistics.crossed import difference_of_means, mean_error, summarize_values
from ninetynine.statistics.estimate import gap_interval
from ninetynine.statistics.failures import failures
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.spread import ratio_interval, sd_interval, seed_split
from numpy.typing import NDArray
from scipy import special

Row = dict[str, Any]
Floats = NDArray[np.float64]

SEEDS = (3, 5, 10, 20)
IMAGES = (2_000, 10_000)
FAILING = (0.0, 0.05, 0.2)
TRAINED, SPREAD, CHANCE = 0.991, 0.0008, 0.1135
_EFFECT, _OWN = 0.15, 0.8  # of seed, and of image and model, on log-odds


def spread_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Standard deviations, normal and heavy-tailed (t with 6 degrees), and ratios of times."""
    for name in ("normal", "t6"):
        rng = _rng(seed, "spread", name)
        for n in SEEDS:
            tally = Tally()
            for _ in range(replicates):
                draws = [
                    rng.standard_normal(n)
                    if name == "normal"
                    else rng.standard_t(6, n) / math.sqrt(1.5)
                    for _ in range(2)
                ]
                seconds = [list(10 * np.exp(0.1 * draw)) for draw in draws]
                sd, ratio = (
                    sd_interval(list(draws[0])),
                    ratio_interval(seconds[0], seconds[1]),
                )
                assert sd is not None
                assert ratio is not None
                tally.add(sd=sd.contains(1.0), time_ratio=ratio.contains(1.0))
            yield {"draws": name, "seeds": n, **tally.rates()}


def failing_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Means, medians and failure rates where a share of the seeds collapses to chance."""
    for share in FAILING:
        rng = _rng(seed, "failing", share)
        truth = (1 - share) * TRAINED + share * CHANCE
        for n in SEEDS:
            tallies: dict[str, Tally] = {}  # some replicates have no interval
            for _ in range(replicates):
                values = TRAINED + SPREAD * rng.standard_normal(n)
                gone = rng.random(n) < share
                values[gone] = CHANCE
                found = failures(list(values), 0, 10_000, CHANCE)
                half = t_quantile(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
                # The middle of all seeds: a quantile of those that train.
                median = TRAINED + SPREAD * float(special.ndtri((0.5 - share) / (1 - share)))
                answers = {
                    "plain": abs(values.mean() - truth) <= half,
                    "rate": found.rate_interval.contains(share),
                    "told": set(found.collapsed) == set(np.flatnonzero(gone)) or bool(gone.all()),
                }
                if found.mean_interval is not None:
                    answers["with_failures"] = found.mean_interval.contains(truth)
                if found.median_interval is not None:
                    answers["median"] = found.median_interval.contains(median)
                for question, answer in answers.items():
                    tallies.setdefault(question, Tally()).add(**{question: bool(answer)})
            rates = {k: v for tally in tallies.values() for k, v in tally.rates().items()}
            yield {"collapsing": f"{share:.0%}", "seeds": n, **rates}


class World:
    """Images of unequal difficulty, alone or in groups, and runs of two models on them."""

    def __init__(self, rng: np.random.Generator, images: int, grouped: bool) -> None:
        self._rng = rng
        sizes = rng.integers(5, 60, images) if grouped else np.ones(images, dtype=np.int64)
        codes = np.repeat(np.arange(images), sizes)[:images]
        self.groups = Groups.of(codes) if grouped else None
        shared = rng.standard_normal(images)[codes] if grouped else np.zeros(images)
        self._hard = 1.2 * rng.standard_normal(images) + 0.8 * shared - 3.0
        self.hardness_sd = math.hypot(1.2, 0.8 if grouped else 0.0)

    def run(self, seeds: int) -> tuple[Floats, NDArray[np.bool_], Floats]:
        """Return losses, right answers and confidences of one model, each (seeds, images)."""
        rng, m = self._rng, len(self._hard)
        own = self._hard + _OWN * rng.standard_normal(m)
        logit = (
            own + _EFFECT * rng.standard_normal((seeds, 1)) + 0.5 * rng.standard_normal((seeds, m))
        )
        chance = special.expit(logit)
        correct = rng.random((seeds, m)) >= chance
        # Too sure of itself: says that it errs half as often as it does.
        confidence = 1 - 0.5 * chance
        return -np.log1p(-chance), correct, confidence


def _truth(hardness_sd: float) -> tuple[float, float, float, float]:
    """Return expected loss, accuracy, calibration error, and SD of the seeds' true accuracy."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    sd = math.sqrt(hardness_sd**2 + _OWN**2 + 0.25)
    shifts = _EFFECT * nodes

    def mean(of: Callable[[Floats], Floats]) -> Floats:
        return np.asarray(of(-3.0 + sd * nodes[:, None] + shifts).T @ weights)

    accuracy = mean(lambda x: 1 - special.expit(x))
    expected = float(accuracy @ weights)
    spread = math.sqrt(float((accuracy - expected) ** 2 @ weights))
    loss = float(mean(lambda x: np.log1p(np.exp(x))) @ weights)
    return loss, expected, _binned_error(sd, shifts, weights), spread


def _binned_error(sd: float, shifts: Floats, weights: Floats) -> float:
    """Return the root of the expected squared error of 15 bins, by quadrature."""
    middles = (np.arange(200_000) + 0.5) / 200_000
    z = special.ndtri(middles)
    squares = []
    for shift in shifts:
        chance = special.expit(-3.0 + shift + sd * z)
        confidence = 1 - 0.5 * chance
        bins = np.clip((confidence * 15).astype(int), 0, 14)
        counts = np.bincount(bins, minlength=15)
        excess = np.bincount(bins, 0.5 * chance, minlength=15)
        known = counts > 0
        squares.append(float((excess[known] ** 2 / counts[known]).sum()) / len(z))
    return math.sqrt(float(np.array(squares) @ weights))


def crossed_rows(
    replicates: int, seed: int, images: Sequence[int] = IMAGES, seeds: Sequence[int] = SEEDS
) -> Iterator[Row]:
    """Losses, calibration errors, gaps, the accuracy of a class and the parts of the spread."""
    for m in images:
        for grouped in (False, True):
            rng = _rng(seed, "crossed", m, grouped)
            truth = _truth(World(rng, 100, grouped).hardness_sd)
            tallies = {n: Tally() for n in seeds}
            for _ in range(replicates):
                world = World(rng, m, grouped)
                one, other = world.run(max(seeds)), world.run(max(seeds))
                train = 0.999 + 0.0003 * rng.standard_normal(max(seeds))
                for n, tally in tallies.items():
                    a, b = ([part[:n] for part in side] for side in (one, other))
                    _tally_crossed(a, b, train[:n], world.groups, truth, tally)
            for n, tally in tallies.items():
                yield {
                    "images": m,
                    "drawn": "groups" if grouped else "images",
                    "seeds": n,
                    **tally.rates(),
                }


def _tally_crossed(
    a: list[Any], b: list[Any], train: Floats, groups: Groups | None, truth: Any, tally: Tally
) -> None:
    loss, accuracy, error, spread = truth
    losses = [summarize_values(side[0], groups) for side in (a, b)]
    summary = summarize(a[1], groups)
    calibrations = [calibration(side[2], side[1], groups) for side in (a, b)]
    split, tenth = seed_split(summary), np.arange(a[1].shape[1]) % 10 == 0
    own = None if groups is None else Groups.of(groups.codes[tenth])
    of_class = accuracy_estimate(summarize(np.ascontiguousarray(a[1][:, tenth]), own))
    assert split is not None
    tally.add(
        loss=mean_error(losses[0]).positive_interval().contains(loss),
        loss_difference=difference_of_means(*losses).interval().contains(0.0),
        calibration=calibrations[0].interval.contains(error),
        calibration_difference=_holds(calibration_difference(*calibrations)[1], 0.0),
        class_accuracy=of_class.population_interval.contains(accuracy),
        train_test_gap=gap_interval(summary, train).contains(0.999 - accuracy),
        distribution_sd=split.distribution_interval.contains(spread),
    )


def _holds(interval: Interval, value: float) -> bool:
    return interval.contains(value)


SINGLE = {
    "sd": "Standard deviation over seeds",
    "time_ratio": "Ratio of times",
}
CROSSED = {
    "loss": "Test loss",
    "loss_difference": "Difference of two losses",
    "calibration": "Calibration error",
    "calibration_difference": "Difference of two calibration errors",
    "class_accuracy": "Accuracy of a class (a tenth of the images)",
    "train_test_gap": "Train-test gap",
    "distribution_sd": "Spread over seeds without flips",
}
FAILED = {
    "plain": "Mean over seeds, Student's t (what a collapse breaks)",
    "with_failures": "Mean over seeds, with the failure rate's interval",
    "median": "Median over seeds",
    "rate": "Failure rate (Clopper and Pearson)",
    "told": "Not coverage: replicates in which exactly the collapsed runs are named",
}


def markdown(replicates: int, crossed: int, seed: int) -> str:
    """Return the study's tables; rates in percent, departures from the targets marked."""
    sections = (
        (SINGLE, ("draws",), list(spread_rows(10 * replicates, seed)), 10 * replicates),
        (CROSSED, ("images", "drawn"), list(crossed_rows(crossed, seed)), crossed),
        (FAILED, ("collapsing",), list(failing_rows(replicates, seed)), replicates),
    )
    parts = []
    for titles, keys, rows, count in sections:
        for question, title in titles.items():
            cell = percent if question == "told" else _coverage(count)
            parts.append(f"## {title}\n\n{_table(rows, keys, question, cell)}")
    intro = (
        f"Nominal coverage is 95%. {replicates:,} replicates per cell, {10 * replicates:,} in the "
        f"first two tables, {crossed:,} where images are drawn. Targets: 93 to 97 from 5 seeds on, "
        "at least 90 at 3. Marked are departures beyond the simulation's own error: **↓** too "
        "seldom, ↑ more than asked (cautious).\n"
        "Made by `python studies/statistics/number_coverage.py "
        f"--replicates {replicates} --crossed {crossed} --seed {seed}`."
    )
    return "\n\n".join(["# Coverage of the other numbers, by simulation", intro, *parts, ""])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study, print its tables, write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/number_coverage.py", description=__doc__
    )
    parser.add_argument("--replicates", type=int, default=4_000, help="per cell")
    parser.add_argument("--crossed", type=int, default=1_000, help="per cell with images")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for numbers.md")
    options = parser.parse_args(argv)
    text = markdown(options.replicates, options.crossed, options.seed)
    sys.stdout.write(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "numbers.md").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
