"""Where models stand among each other: rank sets, the set of the best, bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

    ``ranks`` hold for all models together, each of ``marginal_ranks`` for its model alone;
    ``seed_ranks`` hold together on these very images, None for a model with a single run.
    ``among_best[i]`` says whether model i is in the set that contains the best one.
    ``bands[i]`` holds the band letters of model i: two models share a letter exactly when
    they cannot be told apart.  ``adjusted_p`` (N, N) holds the step-down p-values over all pairs,
    1 on the diagonal; ``better`` (N, N) is True where the row is significantly better than
    the column.
    """

    ranks: tuple[RankInterval, ...]
    marginal_ranks: tuple[RankInterval, ...]
    seed_ranks: tuple[RankInterval | None, ...]
    among_best: tuple[bool, ...]
    bands: tuple[tuple[str, ...], ...]
    adjusted_p: FloatArray
    better: NDArray[np.bool_]


# By the places of two models, the first below the second.
SharedRuns = Mapping[tuple[int, int], DifferenceError]


@dataclass(frozen=True, eq=False)
class _Chance:
    """The tests for one source of chance, of the models at ``place`` among ``count``.

    What it does not know, of other models, it does not contradict: those p-values are 0.
    """

    count: int
    place: NDArray[np.intp]
    draws: JointDraws
    z: FloatArray  # |deviates| of all pairs, symmetric

    @classmethod
    def of(
        cls, count: int, place: NDArray[np.intp], p_values: Sequence[float], covariance: FloatArray
    ) -> "_Chance":
        z = _square(len(place), deviates(np.array(p_values)), 0.0)
        return cls(count, place, JointDraws.of(covariance), z)

    def adjusted(self) -> FloatArray:
        """Return the step-down p-values over all pairs, (N, N)."""
        first, second = _pairs(len(self.place))
        found = np.zeros((self.count, self.count))
        known = self.draws.adjusted(self.z[first, second], first, second)
        found[np.ix_(self.place, self.place)] = _square(len(self.place), known, 1.0)
        return found

    def of_model(self, model: int) -> FloatArray:
        """Return the step-down p-values of one model, from its own pairs alone, (N,)."""
        found = np.zeros(self.count)
        for own in np.flatnonzero(self.place == model):
            others = np.flatnonzero(np.arange(len(self.place)) != own)
            pairs = (others, np.full_like(others, own))
            found[self.place[others]] = self.draws.adjusted(self.z[own, others], *pairs)
        return found


def rank_intervals(
    models: Sequence[Summary | BoolArray],
    confidence: float = 0.95,
    shared: SharedRuns | None = None,
) -> Ranking:
    """Rank N models over the same images, for new images of the same kind.

    All pairs are tested, stepping down over the largest difference that chance makes
    (`step_down`); a model's rank runs from 1 + (number significantly better) to N - (number
    significantly worse) (Mogstad, Romano, Shaikh and Wilhelm 2024).  A marginal rank set tests the
    pairs of its model only.  More chance is never less uncertainty: two models differ for new
    groups of images only if they do for new images and, where both have several runs, on these
    ones.  The set that contains the best leaves out the models to which some other is shown to be
    superior, one-sided, by a test for each model, or in its marginal ranks; whichever is the best,
    it is left out at most once in 20 times.  ``shared`` are the differences of models whose runs
    are in part the same, such as a vote and its members.  Cost: one pass over the images per pair.

    Raises:
        ValueError: the models were measured on other numbers of images, or images in other groups.
    """
    summaries = [as_summary(model) for model in models]
    n, alpha, shared = len(summaries), 1 - confidence, shared or {}
    means = np.array([summary.mean for summary in summaries])
    population = _over_images(summaries, shared)
    chances = [population]
    if summaries[0].groups is not None:
        alone = [summary.of_single_images for summary in summaries]
        chances.append(replace(population, draws=JointDraws.of(_covariance(alone, shared))))
    of_seeds = _over_seeds(summaries, shared)
    own = np.ones((n, n)) if of_seeds is None else of_seeds.adjusted()
    chances += [] if of_seeds is None else [of_seeds]
    adjusted_p = np.max([own if c is of_seeds else c.adjusted() for c in chances], axis=0)
    above = means[:, None] > means[None, :]
    better = (adjusted_p < alpha) & above
    # Row less column: positive where the row looks better than the column.
    signed = population.z * np.sign(means[:, None] - means[None, :])
    marginal = [
        _marginal_rank(np.max([c.of_model(i) for c in chances], axis=0) < alpha, means, i)
        for i in range(n)
    ]
    return Ranking(
        ranks=_ranks(better),
        marginal_ranks=tuple(marginal),
        seed_ranks=_seed_ranks(summaries, own, alpha),
        among_best=tuple(
            rank.best == 1 and bool(population.draws.one_sided(signed[:, i], i) >= alpha)
            for i, rank in enumerate(marginal)
        ),
        bands=bands(means, better | better.T),
        adjusted_p=adjusted_p,
        better=better,
    )


def _seed_ranks(
    summaries: Sequence[Summary], adjusted: FloatArray, alpha: float
) -> tuple[RankInterval | None, ...]:
    """Return the ranks on these very images, where seeds are the only chance.

    A model with a single run has no rank (None), and may stand anywhere as far as the others are
    concerned.
    """
    means = np.array([summary.mean for summary in summaries])
    several = np.array([summary.n_seeds > 1 for summary in summaries])
    known = several[:, None] & several[None, :]
    ranks = _ranks((adjusted < alpha) & known & (means[:, None] > means[None, :]))
    return tuple(r if s.n_seeds > 1 else None for r, s in zip(ranks, summaries, strict=True))


def _over_images(summaries: Sequence[Summary], shared: SharedRuns) -> _Chance:
    """Return the tests for new images, or groups of them, and new seeds."""
    n = len(summaries)
    first, second = _pairs(n)
    p_values = [
        shared[i, j].p_value if (i, j) in shared else pair_p_value(summaries[i], summaries[j])
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    ]
    return _Chance.of(n, np.arange(n), p_values, _covariance(summaries, shared))


def _covariance(summaries: Sequence[Summary], shared: SharedRuns) -> FloatArray:
    variances = {pair: error.standard_error**2 for pair, error in shared.items()}
    return with_shared_runs(covariance_of_means(summaries), variances)


def _over_seeds(summaries: Sequence[Summary], shared: SharedRuns) -> _Chance | None:
    """Return the tests on these very images of the models with several runs; None without such."""
    place = np.flatnonzero([summary.n_seeds > 1 for summary in summaries])
    several = [summaries[i] for i in place.tolist()]
    if not several:
        return None
    p_values, variances = [], {}
    for i, j in zip(*(part.tolist() for part in _pairs(len(several))), strict=True):
        variance, degrees_of_freedom = seed_difference_error(several[i], several[j])
        error = shared.get((int(place[i]), int(place[j])))
        if error is not None and error.over_seeds is not None:
            variance, degrees_of_freedom = error.over_seeds[0] ** 2, error.over_seeds[1]
            variances[i, j] = variance
        t = -abs(several[i].mean - several[j].mean) / np.sqrt(variance)
        p_values.append(min(1.0, 2 * t_probability(t, degrees_of_freedom)))
    own = np.diag([seed_mean_variance(summary) for summary in several])
    covariance = with_shared_runs(own, variances)
    return _Chance.of(len(summaries), place, p_values, covariance)


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


def _marginal_rank(different: NDArray[np.bool_], means: FloatArray, model: int) -> RankInterval:
    """Return the ranks of one model, from its own pairs alone; ``different`` (N,)."""
    above, below = (different & (means * sign > means[model] * sign) for sign in (1, -1))
    return RankInterval(1 + int(above.sum()), len(means) - int(below.sum()))


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
    letters: list[list[str]] = [[] for _ in order]
    for k, band in enumerate(members):
        for model in band:
            letters[model].append(_letter(k))
    return tuple(map(tuple, letters))


def _grow(band: list[int], order: Sequence[int], different: NDArray[np.bool_]) -> list[int]:
    fits: NDArray[np.bool_] = ~np.any(
        different[band], axis=0
    )  # not different from any that is in the band
    fits[band] = False
    for candidate in order:
        if fits[candidate]:
            band.append(candidate)
            fits &= ~different[candidate]
    return band


def _letter(index: int) -> str:
    """a, b, ..., z, a2, b2, ..."""
    turn, letter = divmod(index, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(turn + 1) if turn else "")
