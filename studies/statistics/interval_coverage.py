"""The simulation study: do the intervals and verdicts keep what they promise?

``python studies/statistics/interval_coverage.py --out results/simulation`` prints the tables and
writes ``coverage.json`` and ``coverage.md``; the same seed gives the same bytes.  What is
simulated, and why, is in ``synthetic.py``; the truths are known because the
digits are made up.
"""

import argparse
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine.statistics import (
    Interval,
    Summary,
    accuracy_estimate,
    compare,
    pair_components,
    plan,
    prediction_interval,
    rank_intervals,
)
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import cautious_variance, seed_variance
from synthetic import Digits, Draw, draw_models, shift_for

Row = dict[str, Any]

ACCURACIES = (0.98, 0.99, 0.998)
IMAGES = (1_000, 10_000)
SEEDS = (2, 3, 5, 10, 20)
PAIR_ACCURACIES = ((0.98, 0.98), (0.99, 0.99), (0.998, 0.998), (0.985, 0.98), (0.998, 0.997))
PAIR_SEEDS = (
    (1, 1),
    (2, 2),
    (3, 3),
    (5, 5),
    (10, 10),
    (20, 20),
    (1, 10),
    (2, 20),
    (3, 10),
    (5, 20),
)
BOARD_SEEDS = (3, 5, 10, 20)
BOARD_MODELS = 10
MODEL_EFFECTS = (0.0, 1.0)
SPREAD_RATIOS = (1.0, 1.5, 2.0, 3.0, 5.0)


@dataclass
class Tally:
    """Counts of yes over the replicates of one cell of the study."""

    replicates: int = 0
    yes: dict[str, int] = field(default_factory=dict)

    def add(self, **answers: bool) -> None:
        """Count one replicate's answers."""
        self.replicates += 1
        for name, answer in answers.items():
            self.yes[name] = self.yes.get(name, 0) + int(answer)

    def rates(self) -> dict[str, float]:
        """Share of yes per question."""
        return {name: count / self.replicates for name, count in self.yes.items()}


def _rng(seed: int, *cell: object) -> np.random.Generator:
    # A stream per cell: adding or leaving out a cell changes no other number.
    return np.random.default_rng([seed, zlib.crc32(repr(cell).encode())])


def single_model_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Coverage of one model's three intervals."""
    digits = Digits()
    for accuracy in ACCURACIES:
        hard_share = (1 - accuracy) / digits.error_given_hard()
        for images in IMAGES:
            rng = _rng(seed, "single", accuracy, images)
            tallies = {n: Tally() for n in SEEDS}
            for _ in range(replicates):
                (model,) = draw_models(rng, digits, hard_share, [0.0], images, max(SEEDS) + 1)
                _tally_single(model, accuracy, tallies)
            for n, tally in tallies.items():
                yield {"accuracy": accuracy, "images": images, "seeds": n, **tally.rates()}


def _tally_single(model: Draw, accuracy: float, tallies: dict[int, Tally]) -> None:
    next_run = 1 - float(model.errors[-1].sum()) / model.images  # never among the first n
    for n, tally in tallies.items():
        summary = model.summary(n)
        estimate = accuracy_estimate(summary)
        predicted = prediction_interval(
            summary.seed_accuracy, model.images, flips=seed_variance(summary)[1]
        )
        assert estimate.seed_interval is not None  # from two seeds on
        assert predicted is not None
        tally.add(
            these_images=estimate.seed_interval.contains(model.fixed_image_truth),
            digits_like_these=estimate.population_interval.contains(accuracy),
            one_more_run=predicted.contains(next_run),
            plain_estimator=_plain_interval(summary).contains(accuracy),
        )


def _plain_interval(summary: Summary) -> Interval:
    """mean +- t sqrt(Var), the crossed estimate as it stands: what ours improves on."""
    n, m = summary.n_seeds, summary.n_images
    seed, image = summary.seed_mean_square, summary.image_mean_square
    rest = summary.rest_mean_square
    spread = seed**2 / (n - 1) + image**2 / (m - 1) + rest**2 / ((n - 1) * (m - 1))
    degrees_of_freedom = max((seed + image - rest) ** 2 / spread, 1.0) if spread > 0 else math.inf
    variance = max(seed + image - rest, image) / (n * m)
    half_width = t_quantile(0.975, degrees_of_freedom) * math.sqrt(variance)
    return Interval(summary.mean - half_width, summary.mean + half_width)


def pair_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Coverage of a difference's two intervals, and how often the verdict is significant."""
    for better, worse in PAIR_ACCURACIES:
        for effect in MODEL_EFFECTS if better == worse else (1.0,):
            digits = Digits(model_effect=effect)
            hard_share = (1 - worse) / digits.error_given_hard()
            shift = 0.0 if better == worse else shift_for(digits, (1 - better) / hard_share)
            for images in IMAGES:
                rng = _rng(seed, "pair", better, worse, effect, images)
                tallies = {ns: Tally() for ns in PAIR_SEEDS}
                for _ in range(replicates):
                    a, b = draw_models(rng, digits, hard_share, [shift, 0.0], images, max(SEEDS))
                    _tally_pair(a, b, better - worse, tallies)
                for (n_a, n_b), tally in tallies.items():
                    yield {
                        "accuracies": [better, worse],
                        "models": "same recipe" if effect == 0 else "two recipes",
                        "images": images,
                        "seeds": [n_a, n_b],
                        **tally.rates(),
                    }


def _tally_pair(a: Draw, b: Draw, truth: float, tallies: dict[tuple[int, int], Tally]) -> None:
    fixed_truth = a.fixed_image_truth - b.fixed_image_truth
    for (n_a, n_b), tally in tallies.items():
        result = compare(a.summary(n_a), b.summary(n_b))
        answers = {
            "digits_like_these": result.interval.contains(truth),
            "better": result.verdict == "better",
            "significant": result.verdict in ("better", "worse"),
        }
        if result.seed_interval is not None:
            answers["these_images"] = result.seed_interval.contains(fixed_truth)
        tally.add(**answers)


def board_rows(boards: int, seed: int) -> Iterator[Row]:
    """How often a board of equally accurate models shows any significant difference."""
    for accuracy in ACCURACIES:
        for effect in MODEL_EFFECTS:
            digits = Digits(model_effect=effect)
            hard_share = (1 - accuracy) / digits.error_given_hard()
            for images in IMAGES:
                rng = _rng(seed, "board", accuracy, effect, images)
                tallies = {n: Tally() for n in BOARD_SEEDS}
                for _ in range(boards):
                    shifts = [0.0] * BOARD_MODELS
                    models = draw_models(rng, digits, hard_share, shifts, images, max(BOARD_SEEDS))
                    for n, tally in tallies.items():
                        ranking = rank_intervals([model.summary(n) for model in models])
                        tally.add(any_false_better=bool(ranking.better.any()))
                for n, tally in tallies.items():
                    yield {
                        "accuracy": accuracy,
                        "models": "same recipe" if effect == 0 else "ten recipes",
                        "images": images,
                        "seeds": n,
                        **tally.rates(),
                    }


def word_rows(replicates: int, seed: int) -> Iterator[Row]:
    """How often "equivalent" is said at the margin, two looks find equal models different, a plan
    for 80% power keeps it, and an interval covers whose SD is in the smallest quarter."""
    digits, margin = Digits(), 0.002
    share = 0.02 / digits.error_given_hard()
    shift = shift_for(digits, (0.02 - margin) / share)
    for n in (3, 5, 10):
        rng, tally, plans, spreads = _rng(seed, "words", n), Tally(), Tally(), []
        for _ in range(replicates):
            a, b, c = draw_models(rng, digits, share, [shift, 0.0, 0.0], 10_000, 4 * n)
            first = compare(b.summary(n), c.summary(n), looks=2)
            last = compare(b.summary(4 * n), c.summary(4 * n), looks=2)
            verdicts = {first.verdict, last.verdict if first.seeds_to_decide else first.verdict}
            edge = compare(a.summary(n), b.summary(n), margin=margin)
            tally.add(
                false_equivalent=edge.verdict == "equivalent",
                different_after_two_looks=bool(verdicts & {"better", "worse"}),
            )
            components = pair_components(b.summary(n), c.summary(n))
            advised = plan(components, 10_000, margin).seeds if components else None
            if advised is not None and advised <= 4 * n:
                found = compare(a.summary(advised), b.summary(advised))
                plans.add(plan_kept=found.verdict == "better")
            estimate = accuracy_estimate(b.summary(n))
            assert estimate.seed_interval is not None
            assert estimate.seed_sd is not None
            spreads.append((estimate.seed_sd, estimate.seed_interval.contains(b.fixed_image_truth)))
        smallest = [covers for _, covers in sorted(spreads)[: max(replicates // 4, 1)]]
        covers = sum(smallest) / len(smallest)
        yield {"seeds": n, **tally.rates(), **plans.rates(), "small_spread_covers": covers}


def spread_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Coverage of the interval over seeds where the variance over seeds is so many times that of
    flips, which many images tell exactly: of all runs, and of the quarter with the smallest SD."""
    for n in (3, 5, 10, 20):
        for ratio in SPREAD_RATIOS:
            rng = _rng(seed, "spread", n, ratio)
            runs = rng.normal(size=(replicates, n)) * math.sqrt(ratio)
            found = runs.var(axis=1, ddof=1)
            used = np.array([cautious_variance(own, 1.0, n - 1) for own in found])
            covers = np.abs(runs.mean(axis=1)) <= t_quantile(0.975, n - 1) * np.sqrt(used / n)
            smallest = np.argsort(found)[: max(replicates // 4, 1)]
            yield {
                "seed_variance_over_flips": ratio,
                "seeds": n,
                "covers": float(covers.mean()),
                "smallest_quarter": float(covers[smallest].mean()),
            }


@dataclass(frozen=True)
class Study:
    """The tables of the study; rates are fractions of replicates."""

    replicates: int
    boards: int
    seed: int
    single: list[Row]
    pairs: list[Row]
    board: list[Row]
    words: list[Row] = field(default_factory=list)
    spread: list[Row] = field(default_factory=list)


def run(replicates: int = 4_000, boards: int = 2_000, seed: int = 1) -> Study:
    """Simulate everything; minutes at the defaults, on one core."""
    return Study(
        replicates=replicates,
        boards=boards,
        seed=seed,
        single=list(single_model_rows(replicates, seed)),
        pairs=list(pair_rows(replicates, seed)),
        board=list(board_rows(boards, seed)),
        words=list(word_rows(replicates, seed)),
        spread=list(spread_rows(replicates, seed)),
    )


def markdown(study: Study) -> str:
    """The study as Markdown; rates in percent, departures from the targets marked."""
    keys = ("accuracies", "models", "images")
    equal = [row for row in study.pairs if row["accuracies"][0] == row["accuracies"][1]]
    unequal = [row for row in study.pairs if row["accuracies"][0] != row["accuracies"][1]]
    covers, alarms = _coverage(study.replicates), _false_alarm(study.replicates)
    sections = {
        "One model: these test images (seeds only)": _table(
            study.single, ("accuracy", "images"), "these_images", covers
        ),
        "One model: digits like these (seeds and images)": _table(
            study.single, ("accuracy", "images"), "digits_like_these", covers
        ),
        "One model: prediction interval for one more run": _table(
            study.single, ("accuracy", "images"), "one_more_run", covers
        ),
        "One model: digits like these, by the plain crossed estimate (for contrast)": _table(
            study.single, ("accuracy", "images"), "plain_estimator", covers
        ),
        "A difference: these test images (seeds only)": _table(
            study.pairs, keys, "these_images", covers
        ),
        "A difference: digits like these (seeds and images)": _table(
            study.pairs, keys, "digits_like_these", covers
        ),
        'Equal models called "better" or "worse"': SINGLE_RUN_NOTE
        + _table(equal, keys, "significant", alarms),
        'Unequal models: the better one called "better" (power)': _table(
            unequal, keys, "better", percent
        ),
        f'Boards of {BOARD_MODELS} equal models with any "better" or "worse"': _table(
            study.board,
            ("accuracy", "models", "images"),
            "any_false_better",
            _false_alarm(study.boards),
        ),
    }
    for question in dict.fromkeys(key for row in study.words for key in row if key != "seeds"):
        title = f"At 0.98, 10,000 images: {question.replace('_', ' ')}"
        sections[title] = _table(study.words, (), question, percent)
    found = {"covers": "of all", "smallest_quarter": "of the smallest SDs"} if study.spread else {}
    for question, of in found.items():
        sections[f"Over seeds, beside flips: {of}"] = _table(
            study.spread,
            ("seed_variance_over_flips",),
            question,
            percent,
        )
    parts = [f"## {title}\n\n{table}" for title, table in sections.items()]
    return "\n\n".join(["# Coverage and false alarms, by simulation", _preamble(study), *parts, ""])


SINGLE_RUN_NOTE = """\
Column 1+1 compares two single runs by exact McNemar. It asks whether two trained networks
differ, and they may even when their recipes do not: no target applies to it.

"""


def _preamble(study: Study) -> str:
    return f"""\
Made-up digits with known accuracies, {study.replicates:,} replicates per cell ({study.boards:,} \
boards in the last table).
Nominal coverage is 95%. Targets: coverage of 93 to 97 from 5 seeds on and at least 90 at 3 seeds \
(fewer have no target); at most 5% false alarms.
Marked are departures beyond the simulation's own error (1.96 standard errors at the target): \
**↓** covers too seldom, ↑ covers more than asked (cautious), **!** too many false alarms.
Made by `python studies/statistics/interval_coverage.py --replicates {study.replicates} \
--boards {study.boards} --seed {study.seed}`; docs/statistics.md explains it."""


def _table(
    rows: Sequence[Row], keys: Sequence[str], question: str, cell: Callable[[Row, float], str]
) -> str:
    """One line per combination of ``keys``, one column per number of seeds."""
    rows = [row for row in rows if question in row]
    columns = list(dict.fromkeys(_text(row["seeds"]) for row in rows))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        line = lines.setdefault(tuple(_text(row[key]) for key in keys), {})
        line[_text(row["seeds"])] = cell(row, row[question])
    header = [*keys, *(f"n = {column}" for column in columns)]
    body = [[*key, *(line.get(column, "") for column in columns)] for key, line in lines.items()]
    rule = ["---"] * len(keys) + ["--:"] * len(columns)
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *body])


def _text(value: object) -> str:
    if isinstance(value, list):
        return ("+" if isinstance(value[0], int) else " and ").join(str(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def fewest_seeds(row: Row) -> int:
    """The smaller number of seeds in a row of the study."""
    seeds = row["seeds"]
    return min(seeds) if isinstance(seeds, list) else int(seeds)


def coverage_target(seeds: int) -> tuple[float, float]:
    """Lowest and highest coverage wanted of a 95% interval from so many seeds."""
    if seeds >= 5:
        return 0.93, 0.97
    return (0.90, 1.0) if seeds >= 3 else (0.0, 1.0)


def simulation_error(rate: float, replicates: int) -> float:
    """1.96 binomial standard errors of a simulated rate."""
    return 1.96 * math.sqrt(rate * (1 - rate) / replicates)


def percent(_: Row, rate: float) -> str:
    """Return a rate that has no target, as a table's cell."""
    return f"{100 * rate:.1f}"


def _coverage(replicates: int) -> Callable[[Row, float], str]:
    def cell(row: Row, rate: float) -> str:
        low, high = coverage_target(fewest_seeds(row))
        too_low = rate < low - simulation_error(low, replicates)
        too_high = rate > high + simulation_error(high, replicates)
        return f"{100 * rate:.1f}{' **↓**' if too_low else ' ↑' if too_high else ''}"

    return cell


def _false_alarm(replicates: int) -> Callable[[Row, float], str]:
    def cell(row: Row, rate: float) -> str:
        limit = 0.05 + simulation_error(0.05, replicates)
        return f"{100 * rate:.1f}{' **!**' if rate > limit and fewest_seeds(row) > 1 else ''}"

    return cell


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study, print its tables, write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/interval_coverage.py", description=__doc__
    )
    parser.add_argument("--replicates", type=int, default=4_000, help="per cell")
    parser.add_argument("--boards", type=int, default=2_000, help="boards of ten models per cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for coverage.json and coverage.md")
    options = parser.parse_args(argv)
    study = run(options.replicates, options.boards, options.seed)
    sys.stdout.write(markdown(study))
    if options.out is not None:
        write(study, options.out)
    return 0


def write(study: Study, folder: Path) -> None:
    """Write ``coverage.json`` and ``coverage.md`` into ``folder``, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "coverage.json").write_text(json.dumps(asdict(study), indent=1) + "\n", "utf-8")
    (folder / "coverage.md").write_text(markdown(study), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
