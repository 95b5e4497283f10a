"""The simulation study: do the intervals and verdicts keep what they promise?

``python -m bench.simulation --out results/simulation`` prints the tables and writes
``coverage.json`` and ``coverage.md``; the same seed gives the same bytes.  What is
simulated, and why, is in `Digits`; the truths are known because we made the digits.
"""

import argparse
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy import special

from bench.statistics import (
    Summary,
    accuracy_estimate,
    compare,
    prediction_interval,
    rank_intervals,
    summarize_counts,
)
from bench.statistics.summary import FloatArray

ACCURACIES = (0.98, 0.99, 0.998)
IMAGES = (1_000, 10_000)
SEEDS = (2, 3, 5, 10, 20)
PAIR_ACCURACIES = ((0.98, 0.98), (0.99, 0.99), (0.998, 0.998), (0.985, 0.98), (0.998, 0.997))
PAIR_SEEDS = ((1, 1), (2, 2), (3, 3), (5, 5), (10, 10), (20, 20), (1, 10), (2, 20), (3, 10), (5, 20))
BOARD_SEEDS = (3, 5, 10, 20)
BOARD_MODELS = 10
MODEL_EFFECTS = (0.0, 1.0)


@dataclass(frozen=True)
class Digits:
    """A population of images and of training runs.

    Most images are never wrong.  The chance that a run errs on one of the others is
    Beta(0.4, 0.8): many are seldom wrong, a few nearly always, and two runs of one recipe
    share about 60% of their errors.  A seed shifts all log-odds of erring by N(0, 0.15),
    a model each image's own by N(0, ``model_effect``): with 0 two models are the same recipe.
    Together with the flipping of single images the accuracies of runs have standard
    deviations of about 0.14, 0.08 and 0.03 percentage points at 0.98, 0.99 and 0.998 over
    10,000 images.
    """

    model_effect: float = 0.0
    seed_effect: float = 0.15
    beta: tuple[float, float] = (0.4, 0.8)

    def error_given_hard(self, shift: float = 0.0) -> float:
        """Expected error on an image that can be wrong at all, all log-odds moved by ``shift``."""
        middles = (np.arange(4_000) + 0.5) / 4_000
        log_odds = special.logit(special.betaincinv(*self.beta, middles))
        spread = math.hypot(self.seed_effect, self.model_effect)
        return float(_mean_over_normal(log_odds + shift, spread).mean())


@dataclass(frozen=True)
class Draw:
    """One model measured on one draw of images: per-seed and per-image counts of errors."""

    errors: np.ndarray  # bool (seeds, hard images)
    images: int
    fixed_image_truth: float  # its expected accuracy on these images

    def summary(self, seeds: int) -> Summary:
        """The first ``seeds`` runs, as the statistics see them."""
        errors = self.errors[:seeds]
        right_per_image = np.full(self.images, seeds, dtype=np.int64)
        right_per_image[: errors.shape[1]] -= errors.sum(axis=0)
        return summarize_counts(self.images - errors.sum(axis=1), right_per_image)


def _mean_over_normal(log_odds: FloatArray, spread: float) -> FloatArray:
    """E[expit(log_odds + spread Z)] by Gauss-Hermite quadrature, elementwise."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    chances = special.expit(log_odds[..., None] + spread * nodes)
    mean: FloatArray = chances @ (weights / weights.sum())
    return mean


def _shift_for(digits: Digits, error_given_hard: float) -> float:
    """Log-odds shift (at most 0) at which an image that can be wrong errs this often."""
    low, high = -10.0, 0.0
    for _ in range(50):
        middle = (low + high) / 2
        if digits.error_given_hard(middle) < error_given_hard:
            low = middle
        else:
            high = middle
    return high


def draw_models(
    rng: np.random.Generator,
    digits: Digits,
    hard_share: float,
    shifts: Sequence[float],
    images: int,
    seeds: int,
) -> list[Draw]:
    """New images, and one model per shift measured on them with ``seeds`` runs."""
    hard = rng.binomial(images, hard_share)
    base = special.logit(np.clip(rng.beta(*digits.beta, hard), 1e-12, 1 - 1e-12))
    return [_draw_model(rng, digits, base + shift, images, seeds) for shift in shifts]


def _draw_model(
    rng: np.random.Generator, digits: Digits, base: FloatArray, images: int, seeds: int
) -> Draw:
    log_odds = base + digits.model_effect * rng.standard_normal(len(base))
    seed_shifts = digits.seed_effect * rng.standard_normal((seeds, 1))
    errors = rng.random((seeds, len(base))) < special.expit(log_odds + seed_shifts)
    truth = 1 - float(_mean_over_normal(log_odds, digits.seed_effect).sum()) / images
    return Draw(errors, images, truth)


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


def single_model_rows(replicates: int, seed: int) -> Iterator[dict[str, object]]:
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
        predicted = prediction_interval(summary.seed_accuracy, model.images)
        assert estimate.seed_interval is not None and predicted is not None
        tally.add(
            these_images=estimate.seed_interval.contains(model.fixed_image_truth),
            digits_like_these=estimate.population_interval.contains(accuracy),
            one_more_run=predicted.contains(next_run),
        )


def pair_rows(replicates: int, seed: int) -> Iterator[dict[str, object]]:
    """Coverage of a difference's two intervals, and how often the verdict is significant."""
    for better, worse in PAIR_ACCURACIES:
        for effect in MODEL_EFFECTS if better == worse else (1.0,):
            digits = Digits(model_effect=effect)
            hard_share = (1 - worse) / digits.error_given_hard()
            shift = 0.0 if better == worse else _shift_for(digits, (1 - better) / hard_share)
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
            "worse": result.verdict == "worse",
        }
        if result.seed_interval is not None:
            answers["these_images"] = result.seed_interval.contains(fixed_truth)
        tally.add(**answers)


def board_rows(boards: int, seed: int) -> Iterator[dict[str, object]]:
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


@dataclass(frozen=True)
class Study:
    """The tables of the study; rates are fractions of replicates."""

    replicates: int
    boards: int
    seed: int
    single: list[dict[str, object]]
    pairs: list[dict[str, object]]
    board: list[dict[str, object]]


def run(replicates: int = 4_000, boards: int = 1_000, seed: int = 1) -> Study:
    """Simulate everything; minutes at the defaults, on one core."""
    return Study(
        replicates=replicates,
        boards=boards,
        seed=seed,
        single=list(single_model_rows(replicates, seed)),
        pairs=list(pair_rows(replicates, seed)),
        board=list(board_rows(boards, seed)),
    )
