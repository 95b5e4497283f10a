"""How much two models differ, and by how much chance: images shared, seeds separate."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ninetynine.statistics.classical import mcnemar_exact
from ninetynine.statistics.groups import Groups, same_groups
from ninetynine.statistics.special import t_probability, t_quantile
from ninetynine.statistics.summary import (
    BoolArray,
    FloatArray,
    Interval,
    Summary,
    as_summary,
    cautious_variance,
    seed_variance,
    unseen_image_factor,
)

DifferenceBasis = Literal["seeds and images", "seeds borrowed", "single runs", "shared runs"]


@dataclass(frozen=True)
class DifferenceError:
    """Accuracy of A less accuracy of B, with its standard error for new images of the same kind.

    ``basis`` is "seeds borrowed" where one model has a single run and is taken to vary over
    seeds as the other does, and "single runs" where both have one: then the error covers
    the images only, and what is compared are two trained networks, not two recipes.  It is
    "shared runs" where a vote is paired with the runs that it is made of.  ``over_seeds`` is the
    standard error on these images, and its degrees of freedom, ``over_images``, where images come
    in groups, that for single images: more chance is never less uncertainty, so p-value and
    interval are those of the least certain.  ``least_p`` is what so few images can show at all
    (`least_p_value`).
    """

    difference: float
    standard_error: float
    degrees_of_freedom: float
    basis: DifferenceBasis

    over_seeds: tuple[float, float] | None = None
    least_p: float = 0.0
    over_images: tuple[float, float] | None = None

    @property
    def errors(self) -> list[tuple[float, float]]:
        """The standard errors, with their degrees of freedom, that all have to be allowed for."""
        own = (self.standard_error, self.degrees_of_freedom)
        return [own, *(e for e in (self.over_seeds, self.over_images) if e is not None)]

    @property
    def p_value(self) -> float:
        """Two-sided p-value of "no difference", by Student's t."""
        size = -abs(self.difference)
        by_t = max(2 * t_probability(size / error, df) for error, df in self.errors)
        return min(1.0, max(by_t, self.least_p))

    def half_width(self, confidence: float) -> float:
        """Half the width of the two-sided interval that holds with ``confidence``."""
        by_t = max(t_quantile((1 + confidence) / 2, df) * error for error, df in self.errors)
        return max(by_t, abs(self.difference)) if self.least_p >= 1 - confidence else by_t


@dataclass(frozen=True)
class DifferenceBound:
    """One-sided bounds of a difference, each held with ``confidence``."""

    difference: float
    lower: float
    upper: float
    standard_error: float
    degrees_of_freedom: float
    confidence: float


def difference_error(a: Summary, b: Summary) -> DifferenceError:
    """The difference and its standard error, for at least one seed each and shared images.

    The crossed estimator of `estimate.mean_variance`, for a difference: the image part is
    the variance over images of the paired difference, the seed parts of the two models
    add up.  Never below the image part, and never narrower than what seeds alone, or single images
    in place of groups, say; degrees of freedom after Satterthwaite (1946), of the fewer seeds at
    the least.
    ``1/n_a^2 + 1/n_b^2`` stands for one more error of each model, on an image of its own:
    for single runs it is the adjustment of Bonett and Price (2012), and it gives identical
    models a width.  Where images come in groups, they enlarge the image part and the rest as
    `estimate.mean_variance` says, and the one more error is one of as many images as err as one.

    Raises:
        ValueError: the models were not measured on the same number of images, or these are not in
            the same groups.
    """
    _check_paired(a, b)
    effect, over_seeds, over_images = a.image_accuracy - b.image_accuracy, None, None
    separate = separate_effects(effect, a.groups)
    if a.groups is not None:
        over_images = _new_images_error(a.of_single_images, b.of_single_images)
        separate = min(separate, separate_effects(effect, None))
    basis = _basis(a, b)
    if basis == "seeds and images":
        of_seeds, degrees = seed_difference_error(a, b)
        over_seeds = math.sqrt(of_seeds), degrees
    least_p = least_p_value(separate)
    error = _new_images_error(a, b)
    return DifferenceError(a.mean - b.mean, *error, basis, over_seeds, least_p, over_images)


def _check_paired(a: Summary, b: Summary) -> None:
    if a.n_images != b.n_images:
        raise ValueError(f"models over {a.n_images} and {b.n_images} images cannot be paired")
    if not same_groups(a.groups, b.groups):
        raise ValueError("models over images in different groups cannot be paired")


def _new_images_error(a: Summary, b: Summary) -> tuple[float, float]:
    """Return the standard error for new images, or groups of them, and its degrees of freedom."""
    clumping = pair_clumping(a, b)
    image = image_part(a, b, clumping) + (a.one_more + b.one_more) * clumping**2
    basis, parts = _seed_parts(a, b)
    image = max(image, sum(flips for _, flips, _ in parts), a.second_order + b.second_order)
    # A seed part that came out small by luck must not buy degrees of freedom.
    variance = image + sum(max(part - flips, 0.0) for part, flips, _ in parts)
    spread = image**2 / a.image_degrees_of_freedom
    spread += sum(max(part, flips) ** 2 / degrees for part, flips, degrees in parts)
    degrees_of_freedom = max(variance**2 / spread, 1.0, _fewest_degrees(a, b))
    if basis == "single runs" and a.groups is None and a.binary:
        degrees_of_freedom = math.inf
    return math.sqrt(variance), degrees_of_freedom


def separate_effects(effect: FloatArray, groups: Groups | None) -> float:
    """Return how many images, or groups, of equal effect would differ as these do.

    ``effect`` (m,) is A less B.  (sum |e|)^2 / sum e^2 (Kish 1965); 0 where nothing differs.
    """
    sizes = np.abs(effect if groups is None else groups.sums(effect))
    squares = float(sizes @ sizes)
    return float(sizes.sum()) ** 2 / squares if squares > 0 else 0.0


def least_p_value(separate: float) -> float:
    """Return the smallest two-sided p-value that so many images, each a coin toss, can have.

    However many seeds agree on them, five images tell no two models apart at 5%.
    """
    return float(min(2.0 ** (1 - separate), 1.0))


def seed_difference_error(a: Summary, b: Summary) -> tuple[float, float]:
    """Return Welch's variance of the difference on these images, and its degrees of freedom.

    Both models have several runs.  The variance is that of `cautious_variance`.
    """
    own, flips, spread = 0.0, 0.0, 0.0
    for s in (a, b):
        variance, of_flips = (part / s.n_seeds for part in seed_variance(s))
        own, flips, spread = (
            own + variance,
            flips + of_flips,
            spread + variance**2 / (s.n_seeds - 1),
        )
    degrees_of_freedom = max(own**2 / spread, _fewest_degrees(a, b))
    return cautious_variance(own, flips, degrees_of_freedom), degrees_of_freedom


def _fewest_degrees(a: Summary, b: Summary) -> float:
    """Return the degrees of freedom that two spreads have at the least; no more than images."""
    several = [s.n_seeds - 1 for s in (a, b) if s.n_seeds > 1]
    return float(min(*several, a.image_degrees_of_freedom)) if several else 1.0


def shared_runs_error(effects: FloatArray, groups: Groups | None) -> DifferenceError:
    """The mean of ``effects`` (n, m), A less B image by image in n blocks of shared runs, n >= 2.

    A vote is better or worse than the runs that vote, and what these have in common cancels.  The
    blocks are drawn anew like seeds, the images or their groups like images: the crossed estimate
    of `estimate.mean_variance`, for a number instead of right or wrong.  One more error
    of each as in `difference_error`.
    """
    n, m = effects.shape
    mean, of_block, of_image = effects.mean(), effects.mean(axis=1), effects.mean(axis=0)
    rest_effects = effects - of_block[:, None] - of_image + mean
    rest = float(np.sum(rest_effects**2)) / max((n - 1) * (m - 1), 1)
    clumping, drawn = 1.0, float(m)
    if groups is not None:
        rest *= max(groups.clumping(rest_effects), 1.0) * groups.correction()
        clumping = max(groups.clumping(of_image - mean), 1.0) * groups.correction()
        drawn = groups.effective
    squares = float(np.sum((of_image - mean) ** 2))
    image = max(clumping * squares / max(m - 1, 1) / m, rest / (n * m)) + 2 / (n * m) ** 2
    own = max(float(np.var(of_block, ddof=1)), 1 / (m * m * n))
    over_seeds = math.sqrt(cautious_variance(own, rest / m, n - 1) / n), n - 1.0
    over_blocks = max(own - rest / m, 0.0) / n
    spread = (max(own, rest / m) / n) ** 2 / (n - 1) + image**2 / max(drawn - 1, 1)
    freedom = max((image + over_blocks) ** 2 / spread, n - 1.0)
    error = math.sqrt(image + over_blocks)
    least, over_images = least_p_value(separate_effects(of_image, groups)), None
    if groups is not None:
        alone = shared_runs_error(effects, None)
        over_images = alone.standard_error, alone.degrees_of_freedom
        least = max(least, alone.least_p)
    return DifferenceError(
        float(mean), error, freedom, "shared runs", over_seeds, least, over_images
    )


def pair_clumping(a: Summary, b: Summary) -> float:
    """How many images of a group tell the two models apart as one; 1 without groups."""
    if a.groups is None:
        return 1.0
    effect, sums = a.image_accuracy - b.image_accuracy, a.group_sums - b.group_sums
    squares = float(effect @ effect) - a.n_images * (a.mean - b.mean) ** 2
    return max(float(sums @ sums) / squares, 1.0) if squares > 0 else 1.0


def image_part(a: Summary, b: Summary, clumping: float) -> float:
    """Variance of the mean difference over images, seeds held; ``clumping`` of `pair_clumping`."""
    m = a.n_images
    effect = a.image_accuracy - b.image_accuracy
    squares = float(effect @ effect)
    factor = 1.0
    if a.binary and b.binary:
        factor = unseen_image_factor(float(np.abs(effect).sum()), squares, clumping)
    if m == 1:  # one image says nothing about others: its whole effect counts as chance
        return factor * squares
    single = factor * max(squares - m * (a.mean - b.mean) ** 2, 0.0) / (m - 1) / m
    return single * a.image_design_effect(clumping)


def _seed_parts(a: Summary, b: Summary) -> tuple[DifferenceBasis, list[tuple[float, float, float]]]:
    """Return the basis, and per model the seeds' part of the variance of the mean, what flips of
    single images are of it, and its degrees of freedom."""
    basis = _basis(a, b)
    if basis == "single runs":
        return basis, []
    parts = [(a, 1 / a.n_seeds), (b, 1 / b.n_seeds)]
    if basis == "seeds borrowed":
        parts = [(a if a.n_seeds > 1 else b, 1 / a.n_seeds + 1 / b.n_seeds)]
    found = []
    for summary, weight in parts:
        own, flips = summary.seed_mean_square, summary.rest_over_groups
        scale = weight / summary.n_images
        found.append((own * scale, flips * scale, summary.n_seeds - 1.0))
    return basis, found


def _basis(a: Summary, b: Summary) -> DifferenceBasis:
    if a.n_seeds > 1 and b.n_seeds > 1:
        return "seeds and images"
    return "single runs" if a.n_seeds == b.n_seeds else "seeds borrowed"


def pair_p_value(a: Summary, b: Summary) -> float:
    """Two-sided p-value of "equally accurate": exact McNemar for two single runs, else t.

    Where images come in groups, two single runs are not different before both say so: t over the
    groups, and McNemar on as many images as err separately (Rao and Scott 1992).
    """
    _check_paired(a, b)
    if _basis(a, b) != "single runs" or not (a.binary and b.binary):
        return difference_error(a, b).p_value
    alone = mcnemar_exact(*discordant_images(a, b))
    if a.groups is None:
        return alone
    exact = mcnemar_exact(*discordant_apart(a, b))
    return max(exact, alone, difference_error(a, b).p_value)


def discordant_apart(a: Summary, b: Summary) -> tuple[float, float]:
    """`discordant_images`, those of a group that err as one counted once."""
    (only_a, only_b), clumping = discordant_images(a, b), pair_clumping(a, b)
    return only_a / clumping, only_b / clumping


def discordant_images(a: Summary, b: Summary) -> tuple[int, int]:
    """Images that only A and that only B gets right, for two single runs."""
    effect = a.image_accuracy - b.image_accuracy
    return int(np.sum(effect > 0)), int(np.sum(effect < 0))


def difference_bound(
    model_a: Summary | BoolArray, model_b: Summary | BoolArray, confidence: float = 0.95
) -> DifferenceBound:
    """One-sided confidence bounds of accuracy A less accuracy B, for non-inferiority.

    A is no worse than B by ``margin`` when ``lower > -margin``.
    """
    error = difference_error(as_summary(model_a), as_summary(model_b))
    half_width = error.half_width(2 * confidence - 1)
    return DifferenceBound(
        difference=error.difference,
        lower=max(error.difference - half_width, -1.0),
        upper=min(error.difference + half_width, 1.0),
        standard_error=error.standard_error,
        degrees_of_freedom=error.degrees_of_freedom,
        confidence=confidence,
    )


def seed_difference_interval(a: Summary, b: Summary, confidence: float = 0.95) -> Interval | None:
    """Welch's (1947) t interval over seeds, for these test images; None with a single run."""
    if _basis(a, b) != "seeds and images":
        return None
    variance, degrees_of_freedom = seed_difference_error(a, b)
    quantile = t_quantile((1 + confidence) / 2, degrees_of_freedom)
    half_width, most = quantile * math.sqrt(variance), a.largest
    return Interval.around(a.mean - b.mean, half_width, -most, most)


def seed_mean_variance(summary: Summary) -> float:
    """Return the variance of a model's mean over seeds, for these test images; several runs."""
    if summary.n_seeds == 1:
        raise ValueError("one run says nothing about the spread over seeds")
    return cautious_variance(*seed_variance(summary), summary.n_seeds - 1) / summary.n_seeds
