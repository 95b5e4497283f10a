"""How often the accuracy gate is wrong, and how soon it is right, by simulation.

``python studies/statistics/gate_power.py --out results/simulation`` prints the tables and writes
``gate_power.json`` and ``gate_power.md``; the same seed gives the same bytes.  A run's accuracy is
normal around its model's, in whole images; the statistics see nothing else of a run (see
`ninetynine.statistics.sequential`), so nothing else is drawn.
"""

import argparse
import itertools
import json
import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from ninetynine.statistics.sequential import FIRST_LOOK, Design, answers, drop_error
from ninetynine.statistics.summary import BoolArray, FloatArray
from scipy import special

IMAGES = 10_000
MARGIN = 0.001
SEED_SDS = (0.0003, 0.0006, 0.0010, 0.0015, 0.0020)
DROPS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # in margins
DESIGNS = ((20, 30), (10, 30), (10, 20))  # baseline seeds, most new seeds; the defaults first
BASELINE_SEEDS = (3, 5, 10, 20, 40)
COLLAPSE_SDS = (0.0010, 0.0015, 0.0020, 0.0030)


@dataclass(frozen=True)
class Setting:
    """One cell of the study: standard deviations and drops are fractions of 1.

    ``tails`` are the degrees of freedom of the seeds' distribution (scaled to its ``seed_sd``),
    infinite for a normal one; ``new_spread`` is the new runs' standard deviation over the
    baseline's.
    """

    seed_sd: float
    drop: float
    baseline_seeds: int = 20
    max_seeds: int = 30
    tails: float = math.inf
    new_spread: float = 1.0


@dataclass(frozen=True)
class Rates:
    """Shares of simulated checks by their answer, and the mean number of new runs.

    ``fixed_*`` are those of one look after all ``max_seeds`` runs, at the same alpha.
    """

    regressed: float
    no_worse: float
    open: float
    mean_seeds: float
    fixed_regressed: float
    fixed_no_worse: float


@dataclass(frozen=True)
class Study:
    """Every setting with its rates."""

    replicates: int
    seed: int
    alpha: float
    margin: float
    images: int
    rows: list[tuple[Setting, Rates]]


def settings() -> Iterator[Setting]:
    """Yield the cells: the defaults, other sizes of baseline, then assumptions that do not hold."""
    for baseline_seeds, max_seeds in DESIGNS:
        for sd in SEED_SDS:
            for drop in DROPS:
                yield Setting(sd, drop * MARGIN, baseline_seeds, max_seeds)
    for seeds in BASELINE_SEEDS:
        for drop in (0.0, 1.0, 2.0):
            yield Setting(0.0010, drop * MARGIN, baseline_seeds=seeds)
    for tails, spread in ((3.0, 1.0), (math.inf, 0.5), (math.inf, 2.0), (math.inf, 3.0)):
        for drop in (0.0, 1.0, 2.0):
            yield Setting(0.0010, drop * MARGIN, tails=tails, new_spread=spread)


def simulate(setting: Setting, replicates: int, seed: int, alpha: float = 0.05) -> Rates:
    """Simulate ``replicates`` checks in ``setting``."""
    # A stream per cell: adding or leaving out a cell changes no other number.
    rng = np.random.default_rng([seed, zlib.crc32(repr(setting).encode())])
    baseline = _accuracies(rng, setting, (replicates, setting.baseline_seeds), 1.0, 0.0)
    new = _accuracies(
        rng, setting, (replicates, setting.max_seeds), setting.new_spread, setting.drop
    )
    design = Design(setting.baseline_seeds, setting.max_seeds, alpha)
    drop, error, freedom = _looks(baseline, new)
    no_worse, regressed = _answers(design, drop, error, freedom)
    last = special.stdtrit(freedom[-1], 1 - alpha) * error[:, -1]
    fixed_no_worse, fixed_regressed = answers(drop[:, -1], last, last, MARGIN)
    decided = no_worse | regressed
    stop = np.where(decided.any(axis=1), decided.argmax(axis=1), decided.shape[1] - 1)
    rows = np.arange(replicates)
    return Rates(
        regressed=float(regressed[rows, stop].mean()),
        no_worse=float(no_worse[rows, stop].mean()),
        open=float(1 - decided[rows, stop].mean()),
        mean_seeds=float(stop.mean() + FIRST_LOOK),
        fixed_regressed=float(fixed_regressed.mean()),
        fixed_no_worse=float(fixed_no_worse.mean()),
    )


@dataclass(frozen=True)
class Ends:
    """How simulated checks end whose single runs count too: shares of the checks.

    ``collapsed`` and ``regressed`` are both exit code 1.
    """

    collapsed: float
    regressed: float
    no_worse: float

    @property
    def exit_1(self) -> float:
        return self.collapsed + self.regressed


def collapse_rates(
    share: float,
    baseline_seeds: int,
    replicates: int,
    seed: int,
    alpha: float = 0.05,
    seed_sd: float = 0.0010,
) -> Ends:
    """Return how checks end where a ``share`` of the new runs collapses (11.35%), at any seed.

    The other runs have not changed.
    """
    setting = Setting(seed_sd, 0.0, baseline_seeds)
    rng = np.random.default_rng([seed, baseline_seeds, round(1000 * share)])
    baseline = _accuracies(rng, setting, (replicates, baseline_seeds), 1.0, 0.0)
    new = _accuracies(rng, setting, (replicates, setting.max_seeds), 1.0, 0.0)
    new[rng.random(new.shape) < share] = 0.1135
    passed, worse, fallen = _ends(baseline, new, Design(baseline_seeds, setting.max_seeds, alpha))
    return Ends(float(fallen.mean()), float(worse.mean()), float(passed.mean()))


def _ends(
    baseline: FloatArray, new: FloatArray, design: Design
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Whether each check says no worse, regressed by the sequential test, or a collapse.

    The rule is that of the gate: at each look from the second run on the sequential test's
    "regressed" comes first, then a collapse, then its other answers.
    """
    no_worse, regressed = _answers(design, *_looks(baseline, new))
    n = design.baseline_seeds
    mean, sd = baseline.mean(axis=1), baseline.std(axis=1, ddof=1)
    sd = np.maximum(sd, 1 / (IMAGES * math.sqrt(n)))
    reach = special.stdtrit(n - 1, 1 - design.collapse_tail) * sd * math.sqrt(1 + 1 / n)
    least = mean - np.maximum(reach, MARGIN)
    collapsed = np.logical_or.accumulate(new < least[:, None], axis=1)[:, 1:]
    decided = no_worse | regressed | collapsed
    stop = np.where(decided.any(axis=1), decided.argmax(axis=1), decided.shape[1] - 1)
    rows = np.arange(len(new))
    worse, fallen = regressed[rows, stop], collapsed[rows, stop]
    return no_worse[rows, stop] & ~fallen, worse, fallen & ~worse


def _answers(
    design: Design, drop: FloatArray, error: FloatArray, freedom: FloatArray
) -> tuple[BoolArray, BoolArray]:
    below, above = (
        error * special.stdtrit(freedom, 1 - np.array(levels))
        for levels in (design.regressed_levels, design.levels)
    )
    return answers(drop, below, above, MARGIN)


def rotate_rates(
    drop: float, baseline_seeds: int, replicates: int, seed: int, seed_sd: float = 0.0010
) -> tuple[float, float]:
    """Return the chances of "regressed" by one look, and by both of ``--rotate``.

    The second look has other new runs and the same baseline, and has to say regressed too.
    """
    setting = Setting(seed_sd, drop, baseline_seeds)
    rng = np.random.default_rng([seed, baseline_seeds, round(1e6 * drop), round(1e6 * seed_sd)])
    baseline = _accuracies(rng, setting, (replicates, baseline_seeds), 1.0, 0.0)
    design = Design(baseline_seeds, setting.max_seeds)
    said = []
    for _ in range(2):
        new = _accuracies(rng, setting, (replicates, setting.max_seeds), 1.0, drop)
        _, worse, fallen = _ends(baseline, new, design)
        said.append(worse | fallen)
    return float(said[0].mean()), float((said[0] & said[1]).mean())


def rotate_table(study: Study) -> str:
    """Return what the second look of ``--rotate`` saves and costs, as Markdown."""
    lines = [
        "| SD | baseline seeds | drop | regressed by one look, % | by both, % |",
        "|" + "--:|" * 5,
    ]
    for sd, size, drop in itertools.product(COLLAPSE_SDS, (5, 10, 20), (0.0, 1.5, 2.0, 3.0)):
        one, both = rotate_rates(drop * MARGIN, size, study.replicates, study.seed, sd)
        lines.append(f"| {100 * sd:.2f} | {size} | {drop:g} | {100 * one:.1f} | {100 * both:.1f} |")
    return "\n".join(lines)


def collapse_table(study: Study) -> str:
    """Return how often collapsing seeds are caught, and said without any, as Markdown."""
    lines = [
        "| SD | collapsing seeds, % | baseline seeds | collapse, % | regressed otherwise, % "
        "| exit 1, % | no worse, % |",
        "|" + "--:|" * 7,
    ]
    bound = study.alpha + 3 * math.sqrt(study.alpha * (1 - study.alpha) / study.replicates)
    for sd, size, share in itertools.product(COLLAPSE_SDS, (5, 10, 20), (0.0, 0.05, 0.1)):
        found = collapse_rates(share, size, study.replicates, study.seed, study.alpha, sd)
        alarm = " **!**" if share == 0 and found.exit_1 > bound else ""
        lines.append(
            f"| {100 * sd:.2f} | {100 * share:g} | {size} | {100 * found.collapsed:.1f} "
            f"| {100 * found.regressed:.1f} | {100 * found.exit_1:.1f}{alarm} "
            f"| {100 * found.no_worse:.1f} |"
        )
    return "\n".join(lines)


def _accuracies(
    rng: np.random.Generator,
    setting: Setting,
    shape: tuple[int, int],
    spread: float,
    drop: float,
) -> FloatArray:
    if math.isinf(setting.tails):
        deviates = rng.standard_normal(shape)
    else:
        scale = math.sqrt((setting.tails - 2) / setting.tails)
        deviates = rng.standard_t(setting.tails, shape) * scale
    exact = 0.98 - drop + spread * setting.seed_sd * deviates
    accuracies: FloatArray = np.round(exact * IMAGES) / IMAGES
    return accuracies


def _looks(baseline: FloatArray, new: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Drop and standard error (checks, looks) and degrees of freedom (looks,) after 2, 3, ..."""
    runs = np.arange(1, new.shape[1] + 1)
    means = np.cumsum(new, axis=1) / runs
    squares = np.cumsum((new - 0.98) ** 2, axis=1) - runs * (means - 0.98) ** 2
    means, squares, runs = means[:, 1:], np.maximum(squares[:, 1:], 0.0), runs[1:]
    variance = np.var(baseline, axis=1, ddof=1)[:, None]
    error, freedom = drop_error(variance, baseline.shape[1], squares / (runs - 1), runs, IMAGES)
    return baseline.mean(axis=1)[:, None] - means, error, freedom


def run(replicates: int = 20_000, seed: int = 1, alpha: float = 0.05) -> Study:
    """Simulate every setting; about a minute at the defaults, on one core."""
    unique = dict.fromkeys(settings())
    rows = [(setting, simulate(setting, replicates, seed, alpha)) for setting in unique]
    return Study(replicates, seed, alpha, MARGIN, IMAGES, rows)


def markdown(study: Study) -> str:
    """Return the study as Markdown; rates in percent."""
    error = 100 * 1.96 * math.sqrt(study.alpha * (1 - study.alpha) / study.replicates)
    normal = [r for r in study.rows if r[0].new_spread == 1 and math.isinf(r[0].tails)]
    parts = [
        "# Error rates of the accuracy gate, by simulation",
        f"{study.replicates:,} checks per line; the simulation's own error is about ±{error:.1f} "
        f"at 5% (95% interval). Margin {100 * study.margin:g} percentage points, alpha "
        f"{study.alpha:g}, {study.images:,} test images; a drop is given in margins, SDs in "
        'percentage points. **!** marks more false alarms ("regressed" without a drop) or missed '
        'regressions ("no worse" with a drop of the margin or more) than alpha. The last two '
        "columns are one look after the last seed. Made by "
        "`python studies/statistics/gate_power.py "
        f"--replicates {study.replicates} --seed {study.seed}`; explained in docs/gate.md.",
    ]
    for design in DESIGNS:
        chosen = [r for r in normal if (r[0].baseline_seeds, r[0].max_seeds) == design]
        title = f"## {design[0]} seeds in the baseline, at most {design[1]} new ones"
        parts += [
            title + (" (the defaults)" if design == DESIGNS[0] else ""),
            _table(chosen, study),
        ]
    sizes = [row for row in normal if row[0].max_seeds == 30 and row[0].seed_sd == 0.0010]
    sizes = [row for row in sizes if row[0].drop / study.margin in (0.0, 1.0, 2.0)]
    sizes.sort(key=lambda row: row[0].baseline_seeds)
    parts += ["## Other sizes of the baseline", _table(sizes, study)]
    others = [row for row in study.rows if row not in normal]
    parts += [
        "## What if seeds are not normal, or the change also changes their spread",
        _table(others, study),
    ]
    parts += ["## Seeds that collapse (at most 30 new ones)", collapse_table(study)]
    parts += ["## A second look with other seeds (`--rotate`)", rotate_table(study)]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[tuple[Setting, Rates]], study: Study) -> str:
    header = [
        "SD",
        "seeds",
        "baseline seeds",
        "drop",
        "regressed, %",
        "no worse, %",
        "cannot tell, %",
        "mean seeds",
        "of",
        "fixed: regressed, %",
        "fixed: no worse, %",
    ]
    lines = [header, ["--:" if name != "seeds" else "---" for name in header]]
    lines += [_cells(setting, rates, study) for setting, rates in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(setting: Setting, rates: Rates, study: Study) -> list[str]:
    drop = setting.drop / study.margin
    # Three standard errors of the simulation: a mark should not be its noise.
    bound = study.alpha + 3 * math.sqrt(study.alpha * (1 - study.alpha) / study.replicates)
    alarm = " **!**" if drop == 0 and rates.regressed > bound else ""
    miss = " **!**" if drop >= 1 and rates.no_worse > bound else ""
    kind = "normal" if math.isinf(setting.tails) else f"t with {setting.tails:g} df"
    if setting.new_spread != 1:
        kind += f", new SD x{setting.new_spread:g}"
    return [
        f"{100 * setting.seed_sd:.2f}",
        kind,
        str(setting.baseline_seeds),
        f"{drop:g}",
        f"{100 * rates.regressed:.1f}{alarm}",
        f"{100 * rates.no_worse:.1f}{miss}",
        f"{100 * rates.open:.1f}",
        f"{rates.mean_seeds:.1f}",
        str(setting.max_seeds),
        f"{100 * rates.fixed_regressed:.1f}",
        f"{100 * rates.fixed_no_worse:.1f}",
    ]


def write(study: Study, folder: Path) -> None:
    """Write ``gate_power.json`` and ``gate_power.md`` into ``folder``, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = asdict(study)
    plain["rows"] = [{**asdict(setting), **asdict(rates)} for setting, rates in study.rows]
    for row in plain["rows"]:
        row["tails"] = None if math.isinf(row["tails"]) else row["tails"]  # JSON has no infinity
    (folder / "gate_power.json").write_text(json.dumps(plain, indent=1) + "\n", "utf-8")
    (folder / "gate_power.md").write_text(markdown(study), "utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study, print its tables, write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/gate_power.py", description=__doc__
    )
    parser.add_argument("--replicates", type=int, default=20_000, help="checks per setting")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for gate_power.json and gate_power.md")
    options = parser.parse_args(argv)
    study = run(options.replicates, options.seed)
    sys.stdout.write(markdown(study))
    if options.out is not None:
        write(study, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
