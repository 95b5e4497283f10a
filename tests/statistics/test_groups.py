"""Images in groups: what copies, single images and unequal sizes must give, and the bootstrap."""

import dataclasses

import numpy as np
import pytest
from group_coverage import draw, hard_share
from ninetynine.statistics import (
    Groups,
    accuracy_estimate,
    compare,
    difference_bound,
    expected_error,
    mcnemar_exact,
    neighbors_alike,
    pair_components,
    plan,
    rank_intervals,
    summarize,
)
from ninetynine.statistics.difference import difference_error, pair_p_value
from ninetynine.statistics.estimate import image_mean_square, mean_variance
from pigeonhole import pigeonhole_bootstrap
from statsmodels.regression.linear_model import OLS

pytestmark = pytest.mark.filterwarnings("error")


def two_models(seeds=4, images=300, seed=0):
    """Right answers of two models of about 93% and 95%, bool (seeds, images)."""
    rng = np.random.default_rng(seed)
    hardness = np.clip(rng.beta(0.4, 5, images), 0, 1)
    return (
        rng.random((seeds, images)) >= np.clip(hardness * 1.3, 0, 1),
        rng.random((seeds, images)) >= hardness,
    )


def grouped_models(seeds=5, groups=60, mean=20, accuracy=0.95, seed=0):
    return draw(np.random.default_rng(seed), hard_share(accuracy), groups, mean, 2, seeds)


def copies(correct, times=3):
    """The same images ``times`` each, and which are copies of one."""
    order = np.random.default_rng(1).permutation(np.repeat(np.arange(correct.shape[1]), times))
    return correct[:, order], Groups.of(order)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_groups_of_one_image_each_change_no_number(seeds):
    a, b = two_models(seeds)
    groups = Groups.of(np.random.default_rng(0).permutation(a.shape[1]))
    grouped = [summarize(model, groups) for model in (a, b)]
    assert accuracy_estimate(grouped[0]) == accuracy_estimate(a)
    assert compare(*grouped) == compare(a, b)
    assert pair_components(*grouped) == pair_components(a, b)


def as_numbers(found):
    flat = []
    for value in dataclasses.asdict(found).values():
        values = value.values() if isinstance(value, dict) else [value]
        flat += [float(v) for v in values if isinstance(v, int | float)]
    return flat


@pytest.mark.parametrize("seeds", [2, 5])
def test_copies_of_images_say_no_more_than_the_images(seeds):
    a, b = two_models(seeds)
    (many_a, groups), (many_b, _) = copies(a), copies(b)
    one, other = summarize(many_a, groups), summarize(many_b, groups)
    found, expected = (accuracy_estimate(x).population_interval for x in (one, a))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    together, apart = difference_error(one, other), difference_error(summarize(a), summarize(b))
    assert as_numbers(together) == pytest.approx(as_numbers(apart), rel=1e-9)
    assert compare(one, other).p_value == pytest.approx(compare(a, b).p_value, rel=1e-9)


def test_a_plan_counts_copies_as_the_images_that_they_are_of():
    a, b = two_models(5)
    (many_a, groups), (many_b, _) = copies(a), copies(b)
    many = pair_components(summarize(many_a, groups), summarize(many_b, groups))
    few = pair_components(a, b)
    limits = set()
    for difference in (0.002, 0.01, 0.05):
        found = plan(many, many_a.shape[1], difference)
        expected = plan(few, a.shape[1], difference)
        assert (found.seeds, found.limited_by) == (expected.seeds, expected.limited_by)
        assert found.groups == expected.images
        assert expected.groups is None
        limits.add(expected.limited_by)
    assert len(limits) > 1
    for seeds in (2, 20):
        expected = expected_error(few, seeds, a.shape[1])
        assert expected_error(many, seeds, many_a.shape[1]) == pytest.approx(expected)


def test_copies_tell_two_single_runs_apart_no_sooner():
    a, b = two_models(1, images=400)
    (many_a, groups), (many_b, _) = copies(a), copies(b)
    p = pair_p_value(summarize(many_a, groups), summarize(many_b, groups))
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    assert p == pytest.approx(mcnemar_exact(only_a, only_b))
    assert p > 2 * compare(many_a, many_b).p_value


def test_the_interval_of_two_single_runs_leaves_out_0_when_the_p_value_says_so():
    both = set()
    for seed in range(40):
        (a, b), groups = grouped_models(1, seed=seed, accuracy=0.9)
        b = b | (np.random.default_rng(seed).random(b.shape) < 0.25)
        found = compare(summarize(a, groups), summarize(b, groups))
        assert (found.p_value < 0.05) == (not found.interval.contains(0))
        both.add(found.p_value < 0.05)
    assert both == {True, False}


def test_the_image_part_is_the_cluster_robust_variance_of_a_mean():
    (correct, _), _ = grouped_models(1, groups=30, mean=10)
    codes = np.repeat(np.arange(15), 8)
    right = correct[:, : len(codes)]
    fit = OLS(right[0].astype(float), np.ones(len(codes))).fit(
        cov_type="cluster", cov_kwds={"groups": codes}
    )
    found = summarize(right, Groups.of(codes))
    clumping = found.image_clumping(found.image_accuracy)
    part = found.image_mean_square * found.image_design_effect(clumping) / found.n_images
    assert clumping > 1
    assert part == pytest.approx(float(fit.cov_params()[0, 0]))


def test_unequal_groups_count_as_fewer():
    equal, unequal = Groups.of(np.repeat(np.arange(10), 10)), Groups.of(np.r_[np.zeros(91), 1:10])
    assert equal.effective == pytest.approx(10)
    assert unequal.effective == pytest.approx(100**2 / (91**2 + 9))
    assert unequal.count == equal.count == 10


def test_images_of_a_group_that_differ_more_than_others_buy_nothing():
    correct = np.random.default_rng(0).random((3, 200)) < 0.9
    wrong = (1 - correct.mean(axis=0)).argsort()
    opposite = np.empty(200, np.int64)  # of each group the easiest and the hardest that are left
    opposite[wrong] = np.minimum(np.arange(200), 199 - np.arange(200))
    plain, grouped = summarize(correct), summarize(correct, Groups.of(opposite))
    assert grouped.groups.clumping(plain.image_accuracy - plain.mean) < 1
    assert image_mean_square(grouped) >= image_mean_square(plain)


def test_what_a_seed_does_to_a_whole_group_is_no_seed_effect():
    # Each run fails on groups of its own: the seed part must not take that for a spread of seeds.
    codes, rng, seed_parts = np.repeat(np.arange(50), 20), np.random.default_rng(0), []
    for _ in range(40):
        correct = rng.random((5, 50))[:, codes] > 0.1
        found = summarize(correct, Groups.of(codes))
        seed_parts.append(found.seed_mean_square - found.rest_over_groups)
        assert found.rest_clumping == pytest.approx(20)
    error = np.std(seed_parts) / np.sqrt(40)
    assert abs(np.mean(seed_parts)) < 3 * error


def test_groups_that_say_nothing_or_do_not_fit_are_told():
    (a, b), groups = grouped_models()
    with pytest.raises(ValueError, match="at least two"):
        Groups.of(np.zeros(10, np.int64))
    with pytest.raises(ValueError, match="groups of"):
        summarize(a[:, 1:], groups)
    for other in (None, Groups.of(groups.codes[::-1])):
        with pytest.raises(ValueError, match="different groups"):
            difference_error(summarize(a, groups), summarize(b, other))


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 10])
def test_intervals_are_about_as_wide_as_the_bootstrap_over_seeds_and_groups(seeds):
    (a, b), groups = grouped_models(seeds, groups=150, mean=30)
    one, other = summarize(a, groups), summarize(b, groups)
    variance, _ = mean_variance(one)
    resampled = pigeonhole_bootstrap(a, groups=groups, resamples=800)
    ratio = (resampled.high - resampled.low) / (2 * 1.96 * np.sqrt(variance))
    assert 0.85 < ratio < 1.25
    resampled = pigeonhole_bootstrap(a, b, groups=groups, resamples=800)
    error = difference_error(one, other).standard_error
    assert 0.85 < (resampled.high - resampled.low) / (2 * 1.96 * error) < 1.35
    assert error > difference_error(summarize(a), summarize(b)).standard_error


def test_bounds_and_ranks_draw_the_groups():
    a, b = two_models(6)
    (many_a, groups), (many_b, _) = copies(a), copies(b)
    grouped = [summarize(model, groups) for model in (many_a, many_b)]
    wide, narrow = difference_bound(*grouped), difference_bound(a, b)
    assert (wide.lower, wide.upper) == pytest.approx((narrow.lower, narrow.upper))
    found, expected = rank_intervals(grouped).adjusted_p[0, 1], rank_intervals([a, b]).adjusted_p
    assert found == pytest.approx(expected[0, 1], abs=2e-4)  # a draw or two of 10,000
    assert rank_intervals([many_a, many_b]).adjusted_p[0, 1] <= found


# Where no groups are known -------------------------------------------------------------------


def wrong_by_writers(rng, writers=60, each=20):
    return rng.random(writers * each) < np.repeat(rng.beta(0.5, 8, writers), each)


@pytest.mark.slow
def test_neighbors_that_err_together_are_seen_and_an_order_by_chance_is_not():
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(10), 120)
    alike = [wrong_by_writers(rng) for _ in range(20)]
    assert sum(neighbors_alike(wrong, labels) is not None for wrong in alike) >= 14
    mixed = [neighbors_alike(rng.permutation(wrong), labels) for wrong in alike * 10]
    assert sum(found is not None for found in mixed) <= 8  # of 200 at 1%


def test_a_test_set_sorted_by_class_is_not_taken_for_one_of_groups():
    labels = np.repeat(np.arange(10), 120)
    rates = np.linspace(0.01, 0.4, 10)[labels]
    found = [
        neighbors_alike(np.random.default_rng(s).random(1200) < rates, labels) for s in range(30)
    ]
    assert sum(f is not None for f in found) <= 2


def test_a_model_without_errors_or_with_few_images_says_nothing_of_neighbors():
    assert neighbors_alike(np.zeros(1000), np.zeros(1000, np.int64)) is None
    assert neighbors_alike(np.array([1.0, 0, 1]), np.zeros(3, np.int64)) is None
