"""One model's accuracy: the mean squares, the two intervals, and the edges."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from ninetynine.statistics import (
    accuracy_estimate,
    summarize,
    summarize_counts,
    wilson_interval,
)
from ninetynine.statistics.estimate import mean_variance, seed_interval
from ninetynine.statistics.summary import unseen_image_factor
from pigeonhole import pigeonhole_bootstrap
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.anova import anova_lm
from synthetic import Digits, draw_models

pytestmark = pytest.mark.filterwarnings("error")


def drawn_model(seeds, images=2_000, accuracy=0.95, seed=0):
    digits = Digits()
    hard_share = (1 - accuracy) / digits.error_given_hard()
    rng = np.random.default_rng(seed)
    return draw_models(rng, digits, hard_share, [0.0], images, seeds)[0]


def dense(model):
    correct = np.ones((len(model.errors), model.images), dtype=bool)
    correct[:, : model.errors.shape[1]] = ~model.errors
    return correct


def test_mean_squares_are_those_of_a_two_way_anova():
    correct = np.random.default_rng(3).random((4, 15)) < np.linspace(0.2, 0.95, 15)
    cells = pd.DataFrame(
        [(s, i, float(correct[s, i])) for s, i in itertools.product(range(4), range(15))],
        columns=["seed", "image", "right"],
    )
    anova = anova_lm(OLS.from_formula("right ~ C(seed) + C(image)", cells).fit())
    reference = anova["sum_sq"] / anova["df"]
    summary = summarize(correct)
    found = (summary.seed_mean_square, summary.image_mean_square, summary.rest_mean_square)
    assert found == pytest.approx(tuple(reference))


def test_counts_and_matrix_give_the_same_summary():
    correct = dense(drawn_model(seeds=4))
    from_matrix = accuracy_estimate(correct)
    from_counts = accuracy_estimate(summarize_counts(correct.sum(axis=1), correct.sum(axis=0)))
    assert from_matrix == from_counts


def test_seed_interval_reproduces_students_sleep_data():
    # Student (1908), difference of two soporifics: mean 1.58, 95% interval 0.70 to 2.46.
    hours = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
    right_per_seed = 9_000 + np.round(10 * hours).astype(int)
    right_per_image = np.full(10_000, 9)
    right_per_image[: right_per_seed.sum() - 90_000] += 1
    summary = summarize_counts(right_per_seed, right_per_image)
    interval = seed_interval(replace(summary, rest_mean_square=0.0))  # hours do not flip
    half_width = 0.88 * (1 + 0.9 / 9)  # wider, as runs that agree by luck need
    assert 1_000 * (interval.low - 0.9) == pytest.approx(1.58 - half_width, abs=0.006)
    assert 1_000 * (interval.high - 0.9) == pytest.approx(1.58 + half_width, abs=0.006)


def test_seed_interval_is_scipys_t_interval_and_wider_for_few_seeds():
    summary = drawn_model(seeds=6).summary(6)
    scale = (1 + 0.9 / 5) * stats.sem(summary.seed_accuracy)
    reference = stats.t.interval(0.95, 5, loc=summary.seed_accuracy.mean(), scale=scale)
    interval = seed_interval(replace(summary, rest_mean_square=0.0))
    assert (interval.low, interval.high) == pytest.approx(reference)


def test_one_seed_knows_only_the_images():
    estimate = accuracy_estimate(drawn_model(seeds=1).summary(1))
    assert estimate.seed_sd is None
    assert estimate.seed_interval is None
    assert estimate.components is None
    assert estimate.population_basis == "images only"
    assert estimate.population_interval == wilson_interval(estimate.mean, 2_000)


def test_seeds_that_err_equally_often_still_leave_a_width():
    correct = np.ones((5, 1_000), dtype=bool)
    correct[np.arange(5), np.arange(5)] = False
    interval = accuracy_estimate(correct).seed_interval
    assert interval.low < 0.999 < interval.high
    # Never narrower than one image in one run can tell: t(4) / (images x seeds).
    assert interval.high - interval.low >= 2 * 2.7764 / 5_000


def test_population_interval_is_wider_than_the_seeds_and_skewed_near_one():
    estimate = accuracy_estimate(drawn_model(seeds=10, accuracy=0.998, images=10_000).summary(10))
    population, seeds = estimate.population_interval, estimate.seed_interval
    assert population.low < seeds.low < seeds.high < population.high < 1
    assert estimate.mean - population.low > population.high - estimate.mean


def test_more_seeds_cannot_remove_the_chance_of_the_images():
    model = drawn_model(seeds=200, images=1_000)
    few, many = (accuracy_estimate(model.summary(n)) for n in (20, 200))
    seeds_only = (few.seed_interval, many.seed_interval)
    both = (few.population_interval, many.population_interval)
    assert width(seeds_only[1]) < 0.5 * width(seeds_only[0])
    assert width(both[1]) > 0.8 * width(both[0])


def width(interval):
    return interval.high - interval.low


@pytest.mark.slow
@pytest.mark.parametrize(("accuracy", "seed"), [(0.8, 1), (0.95, 2), (0.98, 3)])
def test_population_interval_agrees_with_the_crossed_bootstrap(accuracy, seed):
    model = drawn_model(seeds=20, accuracy=accuracy, seed=seed)
    interval = accuracy_estimate(model.summary(20)).population_interval
    bootstrap = pigeonhole_bootstrap(dense(model), resamples=1_000)
    assert width(interval) == pytest.approx(width(bootstrap), rel=0.2)
    assert interval.low == pytest.approx(bootstrap.low, abs=0.15 * width(bootstrap))
    assert interval.high == pytest.approx(bootstrap.high, abs=0.15 * width(bootstrap))


def test_components_are_recovered_from_many_seeds_and_images():
    rng = np.random.default_rng(5)
    image_chance, seed_shift = rng.beta(9, 1, 4_000), rng.normal(0, 0.03, (60, 1))
    chance = np.clip(image_chance + seed_shift, 0, 1)
    components = accuracy_estimate(rng.random((60, 4_000)) < chance).components
    assert components.image == pytest.approx(np.var(chance.mean(axis=0)), rel=0.15)
    assert components.seed == pytest.approx(np.var(chance.mean(axis=1), ddof=1), rel=0.15)
    assert components.rest == pytest.approx(np.mean(chance * (1 - chance)), rel=0.15)


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (5, 1), (5, 500)])
def test_all_right_or_all_wrong_is_defined(value, shape):
    estimate = accuracy_estimate(np.full(shape, value))
    assert estimate.mean == float(value)
    assert estimate.population_interval.contains(float(value))
    assert 0 < width(estimate.population_interval) < 1
    assert estimate.population_interval == wilson_interval(float(value), shape[1])


@pytest.mark.parametrize(
    "correct",
    [
        np.array([[True, False], [False, True]]),
        np.array([[True], [False], [True]]),
        np.array([[True, False, True]]),
        np.array([[True, True], [False, False]]),
        np.eye(3, dtype=bool),
    ],
)
def test_tiny_matrices_are_defined(correct):
    estimate = accuracy_estimate(correct)
    assert 0 <= estimate.population_interval.low < estimate.population_interval.high <= 1
    assert estimate.population_interval.contains(estimate.mean)


@pytest.mark.parametrize("bad", [np.ones((2, 3)), np.ones(3, dtype=bool), np.ones((0, 3), bool)])
def test_what_is_no_right_wrong_matrix_is_refused(bad):
    with pytest.raises(ValueError, match="expected a non-empty bool array"):
        accuracy_estimate(bad)


def test_seeds_that_agree_by_luck_do_not_buy_certainty():
    # Two runs with five errors each, on different images: no seed variance to be seen, but
    # with one degree of freedom that is no knowledge either.
    correct = np.ones((2, 100), dtype=bool)
    correct[0, :5] = correct[1, 5:10] = False
    summary = summarize(correct)
    assert summary.seed_mean_square == 0
    _, degrees_of_freedom = mean_variance(summary)
    assert degrees_of_freedom < 10


def test_the_unseen_half_image_matters_only_where_errors_are_few():
    assert unseen_image_factor(0.1, 0.01) == pytest.approx((0.51 / 0.6) / 0.1)
    assert unseen_image_factor(200.0, 120.0) == pytest.approx(1.0, abs=0.002)
    assert unseen_image_factor(7.0, 7.0) == 1.0  # one seed: every effect is a whole image
    assert unseen_image_factor(0.0, 0.0) == 1.0


@pytest.mark.parametrize("right", [0.9, 0.98, 1.0])
def test_more_chance_is_never_the_narrower_interval(right):
    for seed in range(30):
        found = accuracy_estimate(np.random.default_rng(seed).random((2, 400)) < right)
        assert found.population_interval.low <= found.seed_interval.low
        assert found.population_interval.high >= found.seed_interval.high
