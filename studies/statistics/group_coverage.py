"""Images in groups: do intervals and verdicts hold for new groups, made up and real?

``python studies/statistics/group_coverage.py --out results/simulation`` prints tables and writes
``groups.json`` and ``groups.md``; the same seed and the same records give the same bytes.  Made-up
groups are of unequal sizes, and differ in how many of their images are hard, for all models, for
each model and for each seed.  The real ones are the writers of the committed records' test images:
one half of them is held against the other, which chance alone sets apart.
"""

import argparse
import json
import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from interval_coverage import simulation_error
from ninetynine import suite
from ninetynine.board import Row, build_boards
from ninetynine.records import RecordStore
from ninetynine.statistics import Groups, Summary, accuracy_estimate, compare, summarize
from ninetynine.statistics.difference import image_part, pair_clumping
from ninetynine.statistics.estimate import image_mean_square
from ninetynine.statistics.groups import neighbors_alike
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import BoolArray, FloatArray, summarize_counts
from scipy import special
from synthetic import Digits

Numbers = dict[str, Any]

ACCURACIES = (0.98, 0.99, 0.998)
GROUPS = ((300, 33), (40, 25))  # how many, and images in one on average
SEEDS = (1, 3, 5, 10)
WAYS = ("by_groups", "by_images")
SIZE_VARIATION = 0.75  # of a group's size, its standard deviation over its mean; MNIST's is 0.97
HARD_SPREAD = 0.8  # SD of the logarithm of a group's share of hard images
MODEL_SPREAD = 0.4  # SD of a group's log-odds of erring for one model
SEED_SPREAD = 0.3  # the same for one run
MODEL_EFFECT = 1.0


@dataclass(frozen=True)
class Study:
    """Rates are fractions; ``halves`` has a line for each committed row."""

    replicates: int
    splits: int
    orders: int
    seed: int
    single: list[Numbers]
    pairs: list[Numbers]
    halves: list[Numbers]
    neighbors: list[Numbers]


def _rng(seed: int, *cell: object) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(repr(cell).encode())])


def sizes(rng: np.random.Generator, groups: int, mean: float) -> FloatArray:
    """Return the sizes of ``groups`` groups, whole numbers of at least 1, skewed to the right."""
    spread = math.sqrt(math.log(1 + SIZE_VARIATION**2))
    drawn = mean * np.exp(spread * rng.standard_normal(groups) - spread**2 / 2)
    return np.maximum(np.rint(drawn), 1)


def hard_share(accuracy: float) -> float:
    """Return the share of images that can be wrong, for models of this accuracy."""
    everything = math.hypot(MODEL_EFFECT, MODEL_SPREAD, SEED_SPREAD)
    return (1 - accuracy) / Digits(model_effect=everything).error_given_hard()


def draw(
    rng: np.random.Generator, share: float, groups: int, mean: float, models: int, seeds: int
) -> tuple[list[BoolArray], Groups]:
    """Return right answers (seeds, images) of each model on new groups, and the groups."""
    digits = Digits()
    codes = np.repeat(np.arange(groups), sizes(rng, groups, mean).astype(np.int64))
    own_share = share * np.exp(HARD_SPREAD * rng.standard_normal(groups) - HARD_SPREAD**2 / 2)
    hard = np.flatnonzero(rng.random(len(codes)) < np.minimum(own_share, 1)[codes])
    base = special.logit(np.clip(rng.beta(*digits.beta, len(hard)), 1e-12, 1 - 1e-12))
    found = []
    for _ in range(models):
        log_odds = base + MODEL_EFFECT * rng.standard_normal(len(hard))
        log_odds = log_odds + MODEL_SPREAD * rng.standard_normal(groups)[codes[hard]]
        per_seed = digits.seed_effect * rng.standard_normal((seeds, 1))
        per_seed = per_seed + SEED_SPREAD * rng.standard_normal((seeds, groups))[:, codes[hard]]
        correct = np.ones((seeds, len(codes)), dtype=np.bool_)
        correct[:, hard] = rng.random((seeds, len(hard))) >= special.expit(log_odds + per_seed)
        found.append(correct)
    return found, Groups.of(codes)


def simulated(replicates: int, seed: int) -> tuple[list[Numbers], list[Numbers]]:
    """Coverage of one model's interval, and how often two equal models are called different."""
    single, pairs = [], []
    for accuracy in ACCURACIES:
        share = hard_share(accuracy)
        for groups, mean in GROUPS:
            rng = _rng(seed, accuracy, groups, mean)
            covered = {(n, way): 0 for n in SEEDS for way in WAYS}
            different = dict.fromkeys(covered, 0)
            for _ in range(replicates):
                models, known = draw(rng, share, groups, mean, 2, max(SEEDS))
                for n, way in covered:
                    a, b = (summarize(m[:n], known if way == "by_groups" else None) for m in models)
                    interval = accuracy_estimate(a).population_interval
                    covered[n, way] += interval.contains(accuracy)
                    different[n, way] += compare(a, b).p_value < 0.05
            for n in SEEDS:
                line = {"accuracy": accuracy, "groups": groups, "images": groups * mean, "seeds": n}
                for rows, counts in ((single, covered), (pairs, different)):
                    rates = {way: counts[n, way] / replicates for way in WAYS}
                    rows.append({**line, **rates})
    return single, pairs


def halves(rows: Sequence[Row], splits: int, seed: int) -> Iterator[Numbers]:
    """How often one half of the writers misses the other's 95% interval, and with the row below.

    The runs are the same, so that the seeds are no chance here; what is tested is the image part.
    """
    rng = _rng(seed, "halves")
    known = rows[0].test_groups
    assert known is not None
    codes = known.codes
    sides = [(rng.permutation(known.count) < known.count // 2)[codes] for _ in range(splits)]
    for row, below in zip(rows, [*rows[1:], None], strict=True):
        misses = {(what, way): 0 for what in ("mean", "difference") for way in WAYS}
        for side in sides:
            for way in WAYS:
                parts = [(_of(row, s, way), below and _of(below, s, way)) for s in (side, ~side)]
                misses["mean", way] += _missed([a for a, _ in parts], None)
                if below is not None:
                    misses["difference", way] += _missed(*zip(*parts, strict=True))
        yield {
            "board": row.key.variant,
            "row": row.name,
            "runs": len(row.outcomes),
            "below": None if below is None else below.name,
            **{f"{what}_{way}": count / splits for (what, way), count in misses.items()},
        }


def _of(row: Row, side: BoolArray, way: str) -> Summary:
    """The row's runs on the images at ``side``, as far as the image part needs them."""
    correct = row.correct[:, side]
    found = summarize_counts(correct.sum(axis=1), correct.sum(axis=0))
    assert row.test_groups is not None
    return (
        replace(found, groups=Groups.of(row.test_groups.codes[side]))
        if way == "by_groups"
        else found
    )


def _missed(one: Sequence[Summary], other: Sequence[Summary] | None) -> bool:
    """Whether the two halves' means, or differences to another row, are significantly apart."""
    if other is None:
        means = [a.mean for a in one]
        variances = [image_mean_square(a) / (a.n_seeds * a.n_images) for a in one]
    else:
        means = [a.mean - b.mean for a, b in zip(one, other, strict=True)]
        variances = [image_part(a, b, pair_clumping(a, b)) for a, b in zip(one, other, strict=True)]
    freedom = sum(a.image_degrees_of_freedom for a in one)
    return abs(means[0] - means[1]) > t_quantile(0.975, freedom) * math.sqrt(sum(variances))


def neighbor_alarms(orders: int, seed: int) -> Iterator[Numbers]:
    """How often images in an order by chance, and in that of their groups, are called alike."""
    for accuracy in ACCURACIES:
        for groups, mean in GROUPS:
            rng = _rng(seed, "neighbors", accuracy, groups)
            alarms = {"by chance": 0, "by group": 0}
            for _ in range(orders):
                (correct,), _ = draw(rng, hard_share(accuracy), groups, mean, 1, 5)
                wrong = 1 - correct.mean(axis=0)
                labels = rng.integers(0, 10, len(wrong))
                alarms["by group"] += neighbors_alike(wrong, labels) is not None
                alarms["by chance"] += neighbors_alike(rng.permutation(wrong), labels) is not None
            rates = {order: count / orders for order, count in alarms.items()}
            yield {"accuracy": accuracy, "groups": groups, "images": groups * mean, **rates}


def committed_rows(results: Path) -> list[Row]:
    """Return the rows of the boards in ``results`` whose images' groups are known."""
    boards = build_boards(RecordStore(results), suite.discover())
    return [row for board in boards for row in board.rows if row.test_groups is not None]


def run(results: Path, replicates: int = 400, splits: int = 300, seed: int = 1) -> Study:
    """Simulate everything, and split the writers of the committed records."""
    orders = max(replicates // 4, 1)
    single, pairs = simulated(replicates, seed)
    real = list(halves(committed_rows(results), splits, seed))
    return Study(
        replicates, splits, orders, seed, single, pairs, real, list(neighbor_alarms(orders, seed))
    )


def markdown(study: Study) -> str:
    """The study as Markdown; rates in percent."""
    covered = [_made_up(row, 0.93, 1.0, study.replicates) for row in study.single]
    different = [_made_up(row, 0.0, 0.05, study.replicates) for row in study.pairs]
    head = ["accuracy", "groups", "images", "seeds", "by groups", "by single images"]
    parts = [
        "# Images in groups: coverage and false alarms",
        f"Made-up groups of unequal sizes ({study.replicates:,} draws a line), and the writers of "
        f"MNIST's test images ({study.splits:,} splits into halves). Nominal are 95% and 5%; rates "
        f"in percent. **!** marks less than 93% from five seeds on, less than 90% at three, more "
        "than 5% false alarms from two seeds on, each beyond the simulation's own error. Made by "
        f"`python studies/statistics/group_coverage.py --replicates {study.replicates} --splits "
        f"{study.splits} --seed {study.seed}`; docs/statistics.md explains it.",
        "## One model: images like these",
        _table(head, covered),
        '## Two recipes of equal accuracy called "better" or "worse"',
        _table(head, different),
        "## Real writers: one half misses the other's 95% interval",
        _summary(study.halves),
        _table(
            [
                "board",
                "row",
                "runs",
                "mean, by writers",
                "by images",
                "difference, by writers",
                "by images",
            ],
            [_half(row) for row in study.halves],
        ),
        "## Neighboring images called alike",
        f"Of {study.orders:,} orders; no more than 1% may be where the order is chance.",
        _table(
            ["accuracy", "groups", "images", "order by chance", "order of the groups"],
            [_cells(row, ("by chance", "by group")) for row in study.neighbors],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _made_up(row: Numbers, least: float, most: float, replicates: int) -> list[str]:
    """A line, with the rates marked that depart beyond the simulation's own error."""
    low = 0.90 if least and row["seeds"] < 5 else least
    cells = [*_cells(row, ()), str(row["seeds"])]
    for way in WAYS:
        too_low = row[way] < low - simulation_error(low, replicates)
        too_high = row[way] > most + simulation_error(most, replicates)
        mark = " **!**" if row["seeds"] > 1 and (too_low or too_high) else ""
        cells.append(f"{100 * row[way]:.1f}{mark}")
    return cells


def _cells(row: Numbers, rates: Sequence[str]) -> list[str]:
    found = [str(row["accuracy"]), str(row["groups"]), f"{row['images']:,}"]
    return found + [f"{100 * row[rate]:.1f}" for rate in rates]


def _half(row: Numbers) -> list[str]:
    rates = [f"{what}_{way}" for what in ("mean", "difference") for way in WAYS]
    found = [row["board"], row["row"].replace("|", "/"), str(row["runs"])]
    return found + [
        "" if row["below"] is None and "difference" in rate else f"{100 * row[rate]:.1f}"
        for rate in rates
    ]


def _summary(rows: Sequence[Numbers]) -> str:
    """The rates over all rows, in a sentence."""

    def span(rate: str) -> str:
        rates = [100 * row[rate] for row in rows if row["below"] or "mean" in rate]
        return f"{np.mean(rates):.1f}% on average ({min(rates):.1f} to {max(rates):.1f}%)"

    return (
        f"Means of {len(rows)} rows: {span('mean_by_groups')} by writers, "
        f"{span('mean_by_images')} by single images. Differences to the next row: "
        f"{span('difference_by_groups')} by writers, {span('difference_by_images')} by single "
        "images. All rows saw the same images, so that they err together."
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---" if name in ("board", "row") else "--:" for name in head]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, rule, *rows])


def write(study: Study, folder: Path) -> None:
    """Write ``groups.json`` and ``groups.md`` into ``folder``, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "groups.json").write_text(json.dumps(asdict(study), indent=1) + "\n", "utf-8")
    (folder / "groups.md").write_text(markdown(study), "utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study, print its tables, write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/group_coverage.py", description=__doc__
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--replicates", type=int, default=400, help="draws per cell")
    parser.add_argument("--splits", type=int, default=300, help="of the writers into halves")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for groups.json and groups.md")
    options = parser.parse_args(argv)
    study = run(options.results, options.replicates, options.splits, options.seed)
    sys.stdout.write(markdown(study))
    if options.out is not None:
        write(study, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
