"""Rank intervals and bands."""

import numpy as np
import pytest
from ninetynine.statistics import bands, rank_intervals
from synthetic import Digits, draw_models

pytestmark = pytest.mark.filterwarnings("error")


def drawn_board(shifts, seeds=5, images=10_000):
    digits = Digits(model_effect=0.5)
    hard_share = 0.03 / digits.error_given_hard()
    models = draw_models(np.random.default_rng(0), digits, hard_share, shifts, images, seeds)
    return [model.summary(seeds) for model in models]


def test_clearly_different_models_have_one_rank_and_one_band_each():
    ranking = rank_intervals(drawn_board([-1.0, -4.0, 0.0]))
    assert [(r.best, r.worst) for r in ranking.ranks] == [(2, 2), (1, 1), (3, 3)]
    assert ranking.bands == (("b",), ("a",), ("c",))


def test_equal_models_share_all_ranks_and_one_band():
    correct = np.random.default_rng(0).random((4, 3, 500)) < 0.9
    ranking = rank_intervals(list(correct))
    assert all((r.best, r.worst) == (1, 4) for r in ranking.ranks)
    assert ranking.bands == (("a",),) * 4


def test_ranks_follow_from_the_pairs_told_apart():
    ranking = rank_intervals(drawn_board([-3.0, -2.6, -2.2, -1.0, -0.9, 0.0]))
    n = len(ranking.ranks)
    for model, rank in enumerate(ranking.ranks):
        assert rank.best == 1 + ranking.better[:, model].sum()
        assert rank.worst == n - ranking.better[model].sum()
        assert 1 <= rank.best <= rank.worst <= n


def test_holm_makes_pairs_harder_to_tell_apart_on_a_longer_board():
    shifts = [0.0, -0.55]
    alone = rank_intervals(drawn_board(shifts)).adjusted_p[0, 1]
    among = rank_intervals(drawn_board(shifts + [-0.5] * 6)).adjusted_p[0, 1]
    assert alone < among


def test_a_model_between_two_bands_carries_both_letters():
    different = np.zeros((3, 3), dtype=bool)
    different[0, 2] = different[2, 0] = True
    assert bands(np.array([0.99, 0.985, 0.98]), different) == (("a",), ("a", "b"), ("b",))


def test_letters_start_with_the_best_model_whatever_the_order_given():
    different = ~np.eye(3, dtype=bool)
    assert bands(np.array([0.1, 0.3, 0.2]), different) == (("c",), ("a",), ("b",))


@pytest.mark.parametrize("seed", range(30))
def test_models_share_a_letter_exactly_when_not_told_apart(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    upper = np.triu(rng.random((n, n)) < rng.random(), 1)
    different = upper | upper.T
    letters = [set(band) for band in bands(rng.random(n), different)]
    for i in range(n):
        assert letters[i]
        for j in range(n):
            assert bool(letters[i] & letters[j]) == (i == j or not different[i, j])


def test_more_than_26_bands_have_distinct_names():
    letters = bands(np.arange(60.0), ~np.eye(60, dtype=bool))
    assert len({letter for (letter,) in letters}) == 60


def test_one_model_ranks_first():
    ranking = rank_intervals([np.ones((2, 10), dtype=bool)])
    assert [(r.best, r.worst) for r in ranking.ranks] == [(1, 1)]
    assert ranking.bands == (("a",),)


def test_a_hundred_models_are_ranked_together():
    shifts = [-0.06 * k for k in range(100)]
    ranking = rank_intervals(drawn_board(shifts))
    assert ranking.adjusted_p.shape == (100, 100)
    assert ranking.ranks[99].worst < ranking.ranks[0].best
