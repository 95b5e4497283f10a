"""Where models stand among each other: rank intervals and bands."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from ninetynine.statistics.classical import holm
from ninetynine.statistics.difference import pair_p_value
from ninetynine.statistics.summary import BoolArray, FloatArray, Summary, as_summary


@dataclass(frozen=True)
class RankInterval:
    """Ranks that a model may have, 1 being the best; ends included."""

    best: int
    worst: int


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rank intervals and bands, in the order in which the models were given.

    ``bands[i]`` holds the band letters of model i: two models share a letter exactly when
    they cannot be told apart.  ``adjusted_p`` (N, N) holds Holm's p-values over all pairs,
    1 on the diagonal; ``better`` (N, N) is True where the row is significantly better than
    the column.
    """

    ranks: tuple[RankInterval, ...]
    bands: tuple[tuple[str, ...], ...]
    adjusted_p: FloatArray
    better: NDArray[np.bool_]


def rank_intervals(models: Sequence[Summary | BoolArray], confidence: float = 0.95) -> Ranking:
    """Rank N models over the same images; the ranks hold together with ``confidence``.

    All pairs are tested with Holm's correction; a model's rank runs from 1 + (number
    significantly better) to N - (number significantly worse) (Mogstad, Romano, Shaikh and
    Wilhelm 2020).  Cost: one pass over the images per pair.
    """
    summaries = [as_summary(model) for model in models]
    means = np.array([summary.mean for summary in summaries])
    adjusted_p = _adjusted_p_values(summaries)
    better = (adjusted_p < 1 - confidence) & (means[:, None] > means[None, :])
    n_better, n_worse = better.sum(axis=0), better.sum(axis=1)
    ranks = tuple(
        RankInterval(1 + int(above), len(summaries) - int(below))
        for above, below in zip(n_better, n_worse, strict=True)
    )
    letters = bands(means, better | better.T)
    return Ranking(ranks=ranks, bands=letters, adjusted_p=adjusted_p, better=better)


def _adjusted_p_values(summaries: Sequence[Summary]) -> FloatArray:
    pairs = list(combinations(range(len(summaries)), 2))
    adjusted = np.ones((len(summaries), len(summaries)))
    values = holm([pair_p_value(summaries[i], summaries[j]) for i, j in pairs])
    for (i, j), value in zip(pairs, values, strict=True):
        adjusted[i, j] = adjusted[j, i] = value
    return adjusted


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
