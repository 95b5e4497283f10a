"""Rank intervals and bands."""

import numpy as np
import pytest
from ninetynine.statistics import (
    Groups,
    bands,
    holm,
    pair_p_value,
    rank_intervals,
    shared_runs_error,
    summarize,
)
from ninetynine.statistics.step_down import with_shared_runs
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


def test_pairs_are_harder_to_tell_apart_on_a_longer_board():
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


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_hundred_models_are_ranked_together():
    shifts = [-0.06 * k for k in range(100)]
    ranking = rank_intervals(drawn_board(shifts))
    assert ranking.adjusted_p.shape == (100, 100)
    assert ranking.ranks[99].worst < ranking.ranks[0].best


def p_values_of(board):
    return [pair_p_value(a, b) for k, a in enumerate(board) for b in board[k + 1 :]]


def test_stepping_down_asks_less_than_holm_and_no_less_than_the_pair_itself():
    board = drawn_board([-0.15 * k for k in range(12)], seeds=8)
    adjusted = rank_intervals(board).adjusted_p[np.triu_indices(12, 1)]
    by_holm = holm(p_values_of(board))
    assert adjusted.sum() < 0.95 * by_holm.sum()
    assert (adjusted >= np.array(p_values_of(board))).all()
    assert (adjusted[by_holm < 0.04] < 0.05).all()


def test_two_models_alone_keep_their_own_p_value():
    board = drawn_board([0.0, -0.45])
    assert rank_intervals(board).adjusted_p[0, 1] == pytest.approx(p_values_of(board)[0], abs=0.01)


def test_a_board_is_ranked_the_same_each_time_and_in_any_order():
    board = drawn_board([-0.4 * k for k in range(8)])
    first, again = rank_intervals(board), rank_intervals(board)
    assert np.array_equal(first.adjusted_p, again.adjusted_p)
    backwards = rank_intervals(board[::-1]).adjusted_p[::-1, ::-1]
    assert np.allclose(first.adjusted_p, backwards, atol=0.02)


def test_a_rank_by_itself_is_within_the_rank_together_with_all_others():
    ranking = rank_intervals(drawn_board([-0.3 * k for k in range(12)]))
    widths = [
        (alone.worst - alone.best, rank.worst - rank.best)
        for alone, rank in zip(ranking.marginal_ranks, ranking.ranks, strict=True)
    ]
    assert all(alone <= together for alone, together in widths)
    assert sum(alone for alone, _ in widths) < sum(together for _, together in widths)


def test_the_set_of_the_best_has_the_best_mean_and_is_within_the_ranks_that_begin_with_one():
    board = drawn_board([-0.5 * k for k in range(10)])
    ranking = rank_intervals(board)
    assert ranking.among_best[-1]
    assert not ranking.among_best[0]
    for among, rank in zip(ranking.among_best, ranking.ranks, strict=True):
        assert not among or rank.best == 1


def test_rows_without_variance_and_copies_are_ranked():
    right, wrong = np.ones((3, 40), dtype=bool), np.zeros((3, 40), dtype=bool)
    ranking = rank_intervals([right, right, wrong])
    assert [(r.best, r.worst) for r in ranking.ranks] == [(1, 2), (1, 2), (3, 3)]
    assert ranking.among_best == (True, True, False)
    assert ranking.adjusted_p[0, 1] == 1
    assert [(r.best, r.worst) for r in ranking.seed_ranks] == [(1, 2), (1, 2), (3, 3)]


def test_one_image_ranks_nothing():
    ranking = rank_intervals([np.array([[True]] * 3), np.array([[False]] * 3)])
    assert [(r.best, r.worst) for r in ranking.ranks] == [(1, 2), (1, 2)]
    assert ranking.among_best == (True, True)


def test_a_single_run_has_no_rank_on_these_images_and_may_stand_anywhere():
    rng = np.random.default_rng(3)
    good, bad = rng.random((6, 2_000)) < 0.99, rng.random((6, 2_000)) < 0.7
    found = rank_intervals([good, bad, good[:1]]).seed_ranks
    assert found[2] is None
    assert [(r.best, r.worst) for r in found[:2]] == [(1, 2), (2, 3)]


def test_these_images_tell_more_apart_than_images_like_these():
    rng = np.random.default_rng(4)
    hard = rng.random(3_000) < 0.1
    board = [(rng.random((10, 3_000)) > np.where(hard, 0.5 + 0.01 * k, 0.0)) for k in range(6)]
    board = [correct & ~(rng.random(3_000) < 0.02) for correct in board]  # each its own images
    ranking = rank_intervals(board)
    width = sum(r.worst - r.best for r in ranking.seed_ranks)
    assert width < sum(r.worst - r.best for r in ranking.ranks)


def test_groups_that_err_as_one_make_a_board_less_certain():
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(30), 40)
    board = [(rng.random((5, 30)) > 0.02 + 0.05 * k)[:, codes] for k in range(5)]
    alone = rank_intervals(board)
    grouped = rank_intervals([summarize(correct, Groups.of(codes)) for correct in board])
    assert grouped.better.sum() < alone.better.sum()
    assert sum(grouped.among_best) > sum(alone.among_best)


def test_models_over_other_images_are_not_ranked_together():
    with pytest.raises(ValueError, match="cannot be paired"):
        rank_intervals([np.ones((2, 10), dtype=bool), np.ones((2, 11), dtype=bool)])


def test_a_vote_and_the_runs_that_vote_are_ranked_by_what_they_do_not_share():
    rng = np.random.default_rng(0)
    runs = rng.random((10, 2_000)) > 0.1 * rng.random(2_000) - 0.02 * rng.standard_normal((10, 1))
    votes = np.stack([runs[block : block + 2].all(axis=0) for block in range(0, 10, 2)])
    stranger = rng.random((5, 2_000)) > 0.3
    error = shared_runs_error(votes - runs.reshape(5, 2, 2_000).mean(axis=1), None)
    board = [summarize(runs), summarize(votes), summarize(stranger)]
    apart, paired = rank_intervals(board), rank_intervals(board, shared={(0, 1): error})
    assert paired.adjusted_p[0, 1] < apart.adjusted_p[0, 1]
    assert paired.adjusted_p[0, 1] >= error.p_value
    assert paired.adjusted_p[0, 2] == pytest.approx(apart.adjusted_p[0, 2], abs=0.01)
    widths = [sum(r.worst - r.best for r in found.seed_ranks) for found in (apart, paired)]
    assert widths[1] <= widths[0]


@pytest.mark.parametrize("least", [1e-12, 1e-3])
def test_shared_runs_never_make_a_covariance_that_no_draws_have(least):
    separate = np.diag([1.0, 1.0, 1.0])
    found = with_shared_runs(separate, {(0, 1): least, (1, 2): least, (0, 2): 2.0})
    assert np.linalg.eigvalsh(found)[0] > 0
    assert found[0, 1] >= 0.4
    assert with_shared_runs(separate, {}) is separate
