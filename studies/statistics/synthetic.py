"""Made-up digits and runs whose true accuracy is known: for the simulation study and tests."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from ninetynine.statistics.summary import BoolArray, FloatArray, Summary, summarize_counts
from scipy import special


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
        spread = math.hypot(self.seed_effect, self.model_effect)
        return float(mean_over_normal(_log_odds(self.beta) + shift, spread).mean())


@lru_cache
def _log_odds(beta: tuple[float, float]) -> FloatArray:
    """Return the log-odds of erring at the middles of 4,000 equal shares of the images."""
    middles = (np.arange(4_000) + 0.5) / 4_000
    found: FloatArray = special.logit(special.betaincinv(*beta, middles))
    return found


@dataclass(frozen=True)
class Draw:
    """One model measured on one draw of images: per-seed and per-image counts of errors."""

    errors: BoolArray  # (seeds, hard images); the other images are never wrong
    images: int
    fixed_image_truth: float  # its expected accuracy on these images

    def summary(self, seeds: int) -> Summary:
        """The first ``seeds`` runs, as the statistics see them."""
        errors = self.errors[:seeds]
        right_per_image = np.full(self.images, seeds, dtype=np.int64)
        right_per_image[: errors.shape[1]] -= errors.sum(axis=0)
        return summarize_counts(self.images - errors.sum(axis=1), right_per_image)


def mean_over_normal(log_odds: FloatArray, spread: float) -> FloatArray:
    """E[expit(log_odds + spread Z)] by Gauss-Hermite quadrature, elementwise."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    chances = special.expit(log_odds[..., None] + spread * nodes)
    mean: FloatArray = chances @ (weights / weights.sum())
    return mean


def shift_for(digits: Digits, error_given_hard: float) -> float:
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
    truth = 1 - float(mean_over_normal(log_odds, digits.seed_effect).sum()) / images
    return Draw(errors, images, truth)
