"""Whole boards: how often is any model called different that is not, and is the best in its set?

``python studies/statistics/board_coverage.py --out studies/statistics/results`` prints tables and
writes ``boards.json`` and ``boards.md``; the same seed and the same records give the same bytes.
Boards are resampled from real errors: a model is a committed row, with the chance that it errs on
each test image, all log-odds moved so that the models of a board are equally accurate. A draw
takes writers of the test images with replacement, so that groups are of unequal size, and new
seeds of every model, whose log-odds a seed moves as a whole and for each writer.
"""

import argparse
import json
import math
import sys
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from group_coverage import SEED_SPREAD, committed_rows
from interval_coverage import simulation_error
from ninetynine.board import Row
from ninetynine.statistics import Groups, Summary, holm, pair_p_value, rank_intervals, summarize
from ninetynine.statistics.summary import FloatArray, IntArray
from scipy import special
from synthetic import Digits, mean_over_normal

Numbers = dict[str, Any]

MODELS = (10, 40)
SEEDS: tuple[int | str, ...] = (3, 5, 10, "3 to 10")
ACCURACY = 0.995
BEHIND = 0.003  # how far the last of the models that are not equal is behind
MOST_SEEDS = 10
_FEWEST_ERRED = 100  # images on which a row errs at all, so that it can be made as inaccurate
_LEAST_CHANCE = 0.02


@dataclass(frozen=True)
class Study:
    """Rates are fractions; ``equal`` are boards of equal models, ``half`` of half such ones."""

    boards: int
    seed: int
    rows: int
    equal: list[Numbers]
    half: list[Numbers]


@dataclass(frozen=True)
class RealErrors:
    """What rows err on: log-odds on the images that each may err on, and the images' writers."""

    places: list[IntArray]
    log_odds: list[FloatArray]
    codes: IntArray
    moved: dict[tuple[int, float], FloatArray] = field(default_factory=dict)  # what `shifted` found

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "RealErrors":
        """Return the errors of those ``rows`` that err on enough images."""
        places, log_odds = [], []
        for row in rows:
            wrong = 1 - row.correct.mean(axis=0)
            erred = np.flatnonzero(wrong)
            if len(erred) >= _FEWEST_ERRED and len(row.seeds) >= 3 and wrong.mean() < 0.5:
                places.append(erred)
                log_odds.append(special.logit(np.clip(wrong[erred], _LEAST_CHANCE, 0.98)))
        assert rows[0].test_groups is not None
        return cls(places, log_odds, rows[0].test_groups.codes.astype(np.int64))

    def shifted(self, row: int, accuracy: float) -> FloatArray:
        """Return the log-odds of a row moved so that its expected accuracy is ``accuracy``."""
        if (row, accuracy) in self.moved:
            return self.moved[row, accuracy]
        spread = math.hypot(Digits().seed_effect, SEED_SPREAD)
        low, high, errors = -15.0, 15.0, (1 - accuracy) * len(self.codes)
        for _ in range(50):
            middle = (low + high) / 2
            found = float(mean_over_normal(self.log_odds[row] + middle, spread).sum())
            low, high = (middle, high) if found < errors else (low, middle)
        return self.moved.setdefault((row, accuracy), self.log_odds[row] + high)


def draw(
    rng: np.random.Generator, real: RealErrors, models: Sequence[tuple[int, FloatArray]]
) -> tuple[list[np.ndarray], Groups]:
    """Return right answers (seeds, images) of models on a draw of writers, and the groups.

    A model is the number of its row and its log-odds.
    """
    count = int(real.codes.max()) + 1
    taken = rng.integers(count, size=count)
    members = [np.flatnonzero(real.codes == writer) for writer in range(count)]
    images = np.concatenate([members[writer] for writer in taken])
    codes = np.repeat(np.arange(count), [len(members[writer]) for writer in taken])
    found = []
    for row, log_odds in models:
        chance = np.full(len(real.codes), -np.inf)
        chance[real.places[row]] = log_odds
        hard = np.flatnonzero(np.isfinite(chance[images]))
        shift = Digits().seed_effect * rng.standard_normal((MOST_SEEDS, 1))
        shift = shift + SEED_SPREAD * rng.standard_normal((MOST_SEEDS, count))[:, codes[hard]]
        correct = np.ones((MOST_SEEDS, len(images)), dtype=np.bool_)
        odds = chance[images][hard] + shift
        correct[:, hard] = rng.random(odds.shape) >= special.expit(odds)
        found.append(correct)
    return found, Groups.of(codes)


def _board(
    rng: np.random.Generator, real: RealErrors, accuracies: Sequence[float]
) -> list[tuple[int, FloatArray]]:
    """Return a model of each accuracy; rows are taken twice only where there are too few."""
    rows = len(real.places)
    order = [*rng.permutation(rows), *rng.integers(rows, size=max(len(accuracies) - rows, 0))]
    return [(row, real.shifted(row, a)) for row, a in zip(order, accuracies, strict=False)]


def _summaries(
    rng: np.random.Generator, drawn: Sequence[np.ndarray], groups: Groups, seeds: int | str
) -> list[Summary]:
    several = rng.integers(3, MOST_SEEDS + 1, size=len(drawn))
    counts = several if isinstance(seeds, str) else np.full(len(drawn), seeds)
    return [summarize(correct[:n], groups) for correct, n in zip(drawn, counts, strict=True)]


def rates(real: RealErrors, models: int, equal: bool, boards: int, seed: int) -> list[Numbers]:
    """Return, for each number of seeds, how often a board errs and what it tells apart.

    Of a board that is not of equal models the better half is equal, and the others follow it.
    """
    rng = np.random.default_rng([seed, zlib.crc32(repr((models, equal)).encode())])
    tied = models if equal else models // 2
    accuracies = [ACCURACY] * tied + [
        ACCURACY - BEHIND * (k + 1) / (models - tied) for k in range(models - tied)
    ]
    true = np.array(accuracies)
    wrong_way = true[:, None] <= true[None, :]
    counts = {n: np.zeros(6) for n in SEEDS}
    for _ in range(boards):
        drawn, groups = draw(rng, real, _board(rng, real, accuracies))
        for n in SEEDS:
            found = _summaries(rng, drawn, groups, n)
            ranking = rank_intervals(found)
            pairs = list(combinations(range(models), 2))
            stepped = holm([pair_p_value(found[i], found[j]) for i, j in pairs]) < 0.05
            means = [s.mean for s in found]
            by_holm = np.zeros((models, models), dtype=np.bool_)
            for (i, j), different in zip(pairs, stepped, strict=True):
                by_holm[i, j] = different and means[i] > means[j]
                by_holm[j, i] = different and means[i] < means[j]
            best = np.array([rank.best for rank in ranking.marginal_ranks])[:tied]
            worst = np.array([rank.worst for rank in ranking.marginal_ranks])[:tied]
            counts[n] += (
                bool((ranking.better & wrong_way).any()),
                bool((by_holm & wrong_way).any()),
                float(np.mean((best > 1) | (worst < tied))),
                float(np.mean(~np.array(ranking.among_best)[:tied])),
                float(ranking.better.sum()),
                float(by_holm.sum()),
            )
    names = ("step_down", "holm", "rank_missed", "best_missed", "pairs", "pairs_holm")
    return [
        {"models": models, "seeds": n, **dict(zip(names, map(float, c / boards), strict=True))}
        for n, c in counts.items()
    ]


def run(results: Path, boards: int = 400, seed: int = 1) -> Study:
    """Draw all boards from the committed records in ``results``."""
    real = RealErrors.of(committed_rows(results))
    equal, half = (
        [line for models in MODELS for line in rates(real, models, kind, boards, seed)]
        for kind in (True, False)
    )
    return Study(boards, seed, len(real.places), equal, half)


def markdown(study: Study) -> str:
    """The study as Markdown; rates in percent."""
    head = ["models", "seeds", "any false, step-down", "any false, Holm", "rank set missed"]
    head += ["best left out", "pairs told apart", "by Holm"]
    parts = [
        "# Boards of many models: false differences, rank sets and the set of the best",
        f"Boards resampled from the errors of {study.rows} committed rows ({study.boards:,} a "
        "line), with writers drawn anew and seeds made up. Nominal is 5%; rates in percent. **!** "
        "marks more, beyond the simulation's own error. Rank sets are those of single models "
        "(marginal). Made by `python studies/statistics/board_coverage.py --boards "
        f"{study.boards} --seed {study.seed}`; docs/statistics.md explains it.",
        "## Models of equal accuracy",
        _table(head[:-2], [_line(row, study.boards)[:-2] for row in study.equal]),
        "## Half of the models equal, the others worse and worse",
        _table(head, [_line(row, study.boards) for row in study.half]),
    ]
    return "\n\n".join(parts) + "\n"


def _line(row: Numbers, boards: int) -> list[str]:
    cells = [str(row["models"]), str(row["seeds"])]
    for name in ("step_down", "holm", "rank_missed", "best_missed"):
        mark = " **!**" if row[name] > 0.05 + simulation_error(0.05, boards) else ""
        cells.append(f"{100 * row[name]:.1f}{mark}")
    return [*cells, f"{row['pairs']:.1f}", f"{row['pairs_holm']:.1f}"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["--:"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(study: Study, folder: Path) -> None:
    """Write ``boards.json`` and ``boards.md`` into ``folder``, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "boards.json").write_text(json.dumps(asdict(study), indent=1) + "\n", "utf-8")
    (folder / "boards.md").write_text(markdown(study), "utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study, print its tables, write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/board_coverage.py", description=__doc__
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--boards", type=int, default=400, help="draws of a board per line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for boards.json and boards.md")
    options = parser.parse_args(argv)
    study = run(options.results, options.boards, options.seed)
    sys.stdout.write(markdown(study))
    if options.out is not None:
        write(study, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
