"""An interval that holds more chance is never the narrower one, whatever the answers are."""

import math
from itertools import pairwise

import numpy as np
import pytest
from ninetynine.statistics import (
    Groups,
    Interval,
    accuracy_estimate,
    compare,
    pair_p_value,
    prediction_interval,
    rank_intervals,
    shared_runs_error,
    summarize,
    summarize_scores,
    winning_chance,
)
from ninetynine.statistics.calibration import calibration, calibration_difference
from ninetynine.statistics.crossed import difference_of_means, summarize_values, value_intervals
from ninetynine.statistics.estimate import gap_interval
from ninetynine.statistics.failures import median_interval, proportion_interval
from ninetynine.statistics.spread import ratio_interval, sd_interval, seed_split
from ninetynine.statistics.summary import seed_variance

pytestmark = pytest.mark.filterwarnings("error")

KINDS = ("apart", "as one", "opposed", "identical", "all right", "all wrong", "one differs")
CASES = [(kind, seed) for kind in KINDS for seed in range(6)]


def answers(kind, seed, models=2):
    """Right/wrong matrices of several models over the same images, and the images' groups."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    m = int(rng.choice([2, 3, 9, 40, 300]))
    count = max(int(rng.integers(2, m + 1)) // 2, 2)
    codes = np.sort(np.concatenate([np.arange(2), rng.zipf(1.5, m - 2) % count]))  # unequal
    groups = Groups.of(codes)
    found = []
    for _ in range(models):
        n = int(rng.choice([1, 2, 3, 5, 12]))
        wrong = rng.random((n, m)) < rng.choice([0.02, 0.1, 0.5])
        if kind == "as one":
            wrong = wrong[:, codes]
        elif kind == "opposed":  # one image of each group, and never two
            wrong = np.zeros((n, m), dtype=bool)
            starts = np.concatenate([[0], np.cumsum(groups.sizes)[:-1]])
            for run in wrong:
                run[starts + rng.integers(0, groups.sizes)] = True
        elif kind == "identical":
            wrong = np.repeat(wrong[:1], n, axis=0)
        elif kind in ("all right", "all wrong"):
            wrong = np.full((n, m), kind == "all wrong")
        elif kind == "one differs":
            wrong = np.zeros((n, m), dtype=bool)
            wrong[0, int(rng.integers(m))] = True
        found.append(~wrong)
    return found, groups


def holds(outer, inner, what=""):
    assert not any(map(math.isnan, (outer.low, outer.high, inner.low, inner.high))), what
    slack = 1e-12 * (1 + abs(inner.low) + abs(inner.high))
    assert outer.low <= inner.low + slack, (what, outer, inner)
    assert outer.high >= inner.high - slack, (what, outer, inner)


def in_order(*intervals, what=""):
    """Each of the intervals that are there lies in the next one."""
    there = [one for one in intervals if one is not None]
    for inner, outer in pairwise(there):
        holds(outer, inner, what)


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_of_an_accuracy(kind, seed):
    (correct, _), groups = answers(kind, seed)
    alone, grouped = summarize(correct), summarize(correct, groups)
    for confidence in (0.95, 0.99):
        images, of_groups = (accuracy_estimate(s, confidence) for s in (alone, grouped))
        seeds = images.seed_interval
        in_order(seeds, images.population_interval, of_groups.population_interval)
        one_more = prediction_interval(
            alone.seed_accuracy, alone.n_images, confidence, seed_variance(grouped)[1]
        )
        in_order(of_groups.seed_interval, one_more)
        assert of_groups.population_interval.contains(of_groups.mean)
    for summary in (alone, grouped):
        usual, wide = (accuracy_estimate(summary, level) for level in (0.95, 0.99))
        in_order(usual.seed_interval, wide.seed_interval)
        in_order(usual.population_interval, wide.population_interval)
    train = np.linspace(0.9, 1.0, len(correct))
    in_order(gap_interval(alone, train), gap_interval(grouped, train))


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_of_a_difference(kind, seed):
    (a, b), groups = answers(kind, seed)
    pairs = [(summarize(a), summarize(b)), (summarize(a, groups), summarize(b, groups))]
    for confidence in (0.95, 0.99):
        images, of_groups = (compare(*pair, confidence=confidence) for pair in pairs)
        in_order(images.seed_interval, images.interval, of_groups.interval)
        in_order(of_groups.seed_interval, of_groups.interval)
        assert images.p_value <= of_groups.p_value
        in_order(of_groups.within, of_groups.interval)
    for pair in pairs:
        usual, wide = (compare(*pair, confidence=level) for level in (0.95, 0.99))
        in_order(usual.seed_interval, wide.seed_interval)
        in_order(usual.interval, wide.interval)
        in_order(usual.interval, compare(*pair, looks=2).interval)
        assert (usual.p_value < 0.05) == (not usual.interval.contains(0.0)) or usual.p_value > 0.04


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_of_losses_scores_and_calibration_errors(kind, seed):
    (a, b), groups = answers(kind, seed)
    rng = np.random.default_rng(seed)
    sure = [0.5 + 0.5 * rng.random(side.shape) for side in (a, b)]
    losses = [-np.log(np.where(c, s, 1.01 - s)) for c, s in zip((a, b), sure, strict=True)]
    alone = [summarize_values(side) for side in losses]
    grouped = [summarize_values(side, groups) for side in losses]
    for positive in (True, False):
        seeds, images = value_intervals(alone[0], positive=positive)
        in_order(seeds, images, value_intervals(grouped[0], positive=positive)[1])
        wide = value_intervals(grouped[0], 0.99, positive)
        in_order(value_intervals(grouped[0], positive=positive)[1], wide[1])
    in_order(difference_of_means(*alone).interval(), difference_of_means(*grouped).interval())
    scored = [summarize_scores(s, known) for s in sure[:1] for known in (None, groups)]
    found = [accuracy_estimate(summary) for summary in scored]
    in_order(found[0].seed_interval, *(one.population_interval for one in found))
    errors = [
        [calibration(*one, known) for one in zip(sure, (a, b), strict=True)]
        for known in (None, groups)
    ]
    in_order(errors[0][0].interval, errors[1][0].interval)
    in_order(*(calibration_difference(*pair)[1] for pair in errors))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_of_ranks(kind, seed):
    models, groups = answers(kind, seed, models=6)
    alone = rank_intervals(models)
    grouped = rank_intervals([summarize(correct, groups) for correct in models])
    wide = rank_intervals([summarize(correct, groups) for correct in models], 0.99)
    several = all(len(correct) > 1 for correct in models)
    for i in range(len(models)):
        ranks = [alone.ranks[i], grouped.ranks[i], wide.ranks[i]]
        for inner, outer in pairwise(ranks):
            assert outer.best <= inner.best <= inner.worst <= outer.worst
        for found in (alone, grouped):
            outer, marginal, seeds = found.ranks[i], found.marginal_ranks[i], found.seed_ranks[i]
            assert outer.best <= marginal.best <= marginal.worst <= outer.worst
            assert not found.among_best[i] or marginal.best == 1
            if several and seeds is not None:
                assert outer.best <= seeds.best <= seeds.worst <= outer.worst


@pytest.mark.parametrize("seed", range(6))
def test_of_runs_that_are_shared(seed):
    rng = np.random.default_rng(seed)
    effects = rng.integers(-1, 2, (int(rng.choice([2, 4])), 60)) * rng.choice([0, 0.5, 1])
    groups = Groups.of(np.sort(rng.integers(0, 9, 60)))
    alone, grouped = shared_runs_error(effects, None), shared_runs_error(effects, groups)
    assert alone.p_value <= grouped.p_value
    for level in (0.95, 0.99):
        assert alone.half_width(level) <= grouped.half_width(level)
        of_seeds, freedom = grouped.over_seeds
        assert of_seeds > 0
        assert freedom >= 1


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["ties", "apart", "equal"])
def test_a_surer_statement_is_the_wider_one(kind, seed):
    rng = np.random.default_rng(seed)
    values = 0.9 + 0.01 * rng.standard_normal(int(rng.integers(2, 15)))
    values = {"ties": np.round(values, 2), "apart": values, "equal": values * 0 + 0.9}[kind]
    levels = (0.8, 0.95, 0.99)
    in_order(*(sd_interval(list(values), level, 1e-4) for level in levels))
    in_order(*(ratio_interval(list(values), list(values[::-1] * 2), level) for level in levels))
    in_order(*(median_interval(list(values), level) for level in levels))
    in_order(*(proportion_interval(1, len(values), level) for level in levels))
    chances = [winning_chance(values, values + 0.005, level) for level in levels]
    in_order(*(chance.interval for chance in chances if chance))
    correct = rng.random((len(values), 50)) < values[:, None]
    splits = [seed_split(summarize(correct), level) for level in levels]
    in_order(*(split.distribution_interval for split in splits if split))
    in_order(*(prediction_interval(values, 100, level) for level in (*levels, 0.995, 0.999)))


def test_uncorrelated_images_in_groups_give_no_narrower_interval_than_images_alone():
    narrower = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        correct = rng.random((5, 600)) > 0.3 * (rng.random(600) < 0.2)
        groups = Groups.of(np.sort(rng.integers(0, 40, 600)))
        alone, grouped = summarize(correct), summarize(correct, groups)
        holds(*(accuracy_estimate(s).population_interval for s in (grouped, alone)))
        narrower += grouped.image_clumping(grouped.image_accuracy) == 1
    assert narrower > 5  # groups that would have been the narrower ones, but for the floor


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        summarize_values(np.array([[0.1, bad], [0.2, 0.3]]))
    with pytest.raises(ValueError, match="from 0 to 1"):
        summarize_scores(np.array([[0.1, bad], [0.2, 0.3]]))


def test_one_group_is_refused():
    with pytest.raises(ValueError, match="1 group"):
        Groups.of(np.zeros(5))


def test_p_values_of_groups_are_never_below_those_of_images():
    for seed in range(30):
        (a, b), groups = answers("opposed", seed)
        grouped = pair_p_value(summarize(a, groups), summarize(b, groups))
        assert pair_p_value(summarize(a), summarize(b)) <= grouped


def test_hull_holds_both():
    assert Interval(0.1, 0.4).hull(Interval(0.2, 0.7)) == Interval(0.1, 0.7)
