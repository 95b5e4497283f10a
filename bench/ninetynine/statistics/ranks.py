"""Where models stand among each other: rank sets, the set of the best, bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from ninetynine.statistics.difference import (
    DifferenceError,
    pair_p_value,
    seed_difference_error,
    seed_mean_variance,
)
from ninetynine.statistics.special import t_probability
from ninetynine.statistics.step_down import (
    JointDraws,
    covariance_of_means,
    deviates,
    with_shared_runs,
)
from ninetynine.statistics.summary import BoolArray, FloatArray, Summary, as_summary


@dataclass(frozen=True)
class RankInterval:
    """Ranks that a model may have, 1 being the best; ends included."""

    best: int
    worst: int


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rank intervals and bands, in the order in which the models were given.

    ``ranks`` hold for all models together, each of ``marginal_ranks`` for its model alone.
    ``among_best[i]`` says whether model i is in the set that contains the best one.
    ``bands[i]`` holds the band letters of model i: two models share a letter exactly when
    they cannot be told apart.  ``adjusted_p`` (N, N) holds the step-down p-values over all pairs,
    1 on the diagonal; ``better`` (N, N) is True where the row is significantly better than
    the column.
    """

    ranks: tuple[RankInterval, ...]
    marginal_ranks: tuple[RankInterval, ...]
    among_best: tuple[bool, ...]
    bands: tuple[tuple[str, ...], ...]
    adjusted_p: FloatArray
    better: NDArray[np.bool_]


# By the places of two models, the first below the second.
SharedRuns = Mapping[tuple[int, int], DifferenceError]


def rank_intervals(
    models: Sequence[Summary | BoolArray],
    confidence: float = 0.95,
    shared: SharedRuns | None = None,
) -> Ranking:
    """Rank N models over the same images, for new images of the same kind.

    All pairs are tested, stepping down over the largest difference that chance makes
    (`step_down`); a model's rank runs from 1 + (number significantly better) to N - (number
    significantly worse) (Mogstad, Romano, Shaikh and Wilhelm 2024).  A marginal rank set tests the
    pairs of its model only.  The set that contains the best leaves out the models to which some
    other is shown to be superior, one-sided, by a test for each model; whichever is the best, it
    is left out at most once in 20 times.  ``shared`` are the differences of models whose runs are
    in part the same, such as a vote and its members.  Cost: one pass over the images per pair.

    Raises:
        ValueError: the models were measured on other numbers of images, or images in other groups.
    """
    summaries = [as_summary(model) for model in models]
    n, alpha = len(summaries), 1 - confidence
    means = np.array([summary.mean for summary in summaries])
    first, second = _pairs(n)
    shared = shared or {}
    p_values = [
        shared[i, j].p_value if (i, j) in shared else pair_p_value(summaries[i], summaries[j])
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    ]
    z = deviates(np.array(p_values))
    variances = {pair: error.standard_error**2 for pair, error in shared.items()}
    draws = JointDraws.of(with_shared_runs(covariance_of_means(summaries), variances))
    adjusted = draws.adjusted(z, first, second)
    adjusted_p = _square(n, adjusted, 1.0)
    better = (adjusted_p < alpha) & (means[:, None] > means[None, :])
    # Row less column: positive where the row looks better than the column.
    signed = _square(n, z, 0.0) * np.sign(means[:, None] - means[None, :])
    return Ranking(
        ranks=_ranks(better),
        marginal_ranks=tuple(_marginal_rank(draws, signed, model, alpha) for model in range(n)),
        among_best=tuple(
            bool(draws.one_sided(signed[:, model], model) >= alpha) for model in range(n)
        ),
        bands=bands(means, better | better.T),
        adjusted_p=adjusted_p,
        better=better,
    )


def seed_rank_intervals(
    models: Sequence[Summary | BoolArray],
    confidence: float = 0.95,
    shared: SharedRuns | None = None,
) -> tuple[RankInterval | None, ...]:
    """Rank N models on these very images, where seeds are the only chance; all ranks together.

    Welch's t over seeds, stepping down as `rank_intervals` does, ``shared`` as there.  A model with
    a single run has no rank (None), and may stand anywhere as far as the others are concerned.
    """
    summaries = [as_summary(model) for model in models]
    n = len(summaries)
    means = np.array([summary.mean for summary in summaries])
    several = [summary for summary in summaries if summary.n_seeds > 1]
    place = np.flatnonzero([summary.n_seeds > 1 for summary in summaries])
    first, second = _pairs(len(several))
    p_values, variances = [], {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        variance, degrees_of_freedom = seed_difference_error(several[i], several[j])
        error = (shared or {}).get((int(place[i]), int(place[j])))
        if error is not None and error.over_seeds is not None:
            variance, degrees_of_freedom = error.over_seeds[0] ** 2, error.over_seeds[1]
            variances[i, j] = variance
        t = -abs(several[i].mean - several[j].mean) / np.sqrt(variance)
        p_values.append(min(1.0, 2 * t_probability(t, degrees_of_freedom)))
    better = np.zeros((n, n), dtype=np.bool_)
    if several:
        own = np.diag([seed_mean_variance(summary) for summary in several])
        draws = JointDraws.of(with_shared_runs(own, variances))
        adjusted = draws.adjusted(deviates(np.array(p_values)), first, second)
        better[np.ix_(place, place)] = _square(len(several), adjusted, 1.0) < 1 - confidence
    ranks = _ranks(better & (means[:, None] > means[None, :]))
    return tuple(r if s.n_seeds > 1 else None for r, s in zip(ranks, summaries, strict=True))


def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.triu_indices(n, 1)
    return first, second


def _square(n: int, values: FloatArray, diagonal: float) -> FloatArray:
    """Return the values of all pairs as a symmetric matrix (n, n)."""
    square = np.full((n, n), diagonal)
    first, second = _pairs(n)
    square[first, second] = square[second, first] = values
    return square


def _ranks(better: NDArray[np.bool_]) -> tuple[RankInterval, ...]:
    n_better, n_worse = better.sum(axis=0), better.sum(axis=1)
    return tuple(
        RankInterval(1 + int(above), len(better) - int(below))
        for above, below in zip(n_better, n_worse, strict=True)
    )


def _marginal_rank(draws: JointDraws, signed: FloatArray, model: int, alpha: float) -> RankInterval:
    """Return the ranks of one model, from its own pairs alone."""
    others = np.flatnonzero(np.arange(len(signed)) != model)
    own = signed[others, model]  # positive where the other one looks better
    adjusted = draws.adjusted(np.abs(own), others, np.full_like(others, model))
    above, below = ((adjusted < alpha) & (own * sign > 0) for sign in (1, -1))
    return RankInterval(1 + int(above.sum()), len(signed) - int(below.sum()))


def bands(means: FloatArray, different: NDArray[np.bool_]) -> tuple[tuple[str, ...], ...]:
    """Band letters so that two models share one exactly when they are not ``different``.

    A compact letter display (Piepho 2004): from the best model down, each pair not yet
    sharing a band opens one, which takes in every further model that is not different from
    all its members (the clique-growing heuristic of Gramm et al. 2007).  The number of
    letters is small, not always the smallest.  ``different`` is symmetric, (N, N).
    """
    order = [int(i) for i in np.argsort(-np.asarray(means), kind="stable")]
    shared = np.zeros_like(different)
    members: list[list[int]] = []
    for position, first in enumerate(order):
        for second in order[position:]:  # a model alone still needs a letter of its own
            if different[first, second] or shared[first, second]:
                continue
            band = _grow([first] if first == second else [first, second], order, different)
            shared[np.ix_(band, band)] = True
            members.append(band)
    return tuple(
        tuple(_letter(k) for k, band in enumerate(members) if model in band)
        for model in range(len(order))
    )


def _grow(band: list[int], order: Sequence[int], different: NDArray[np.bool_]) -> list[int]:
    for candidate in order:
        if candidate not in band and not different[candidate, band].any():
            band.append(candidate)
    return band


def _letter(index: int) -> str:
    """a, b, ..., z, a2, b2, ..."""
    turn, letter = divmod(index, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(turn + 1) if turn else "")
