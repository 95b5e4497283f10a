"""What could have been shown, and what it would take."""

import math

import numpy as np
import pytest
from ninetynine.statistics import (
    PairComponents,
    compare,
    expected_error,
    minimum_detectable_difference,
    plan,
    rank_intervals,
)
from ninetynine.statistics.comparison import Decision
from ninetynine.statistics.difference import difference_error
from ninetynine.statistics.power import pair_components
from ninetynine.statistics.special import noncentrality_for_power, t_power
from statsmodels.stats.power import TTestIndPower
from synthetic import Digits, draw_models, shift_for

pytestmark = pytest.mark.filterwarnings("error")

SEEDS_ONLY = PairComponents(image=0.0, seed_a=1e-6, seed_b=1e-6, rest_a=0.0, rest_b=0.0)
TUTORIALS = PairComponents(image=2e-3, seed_a=1e-6, seed_b=1e-6, rest_a=7e-3, rest_b=7e-3)


@pytest.mark.parametrize("n", [3, 5, 20, 200])
def test_detectable_difference_agrees_with_statsmodels(n):
    reference = TTestIndPower().solve_power(nobs1=n, alpha=0.05, power=0.8)
    found = minimum_detectable_difference(math.sqrt(2 / n) * 1e-3, 2 * n - 2)
    assert found == pytest.approx(reference * 1e-3, rel=1e-3)


@pytest.mark.parametrize("difference", [0.0005, 0.001, 0.003])
def test_seeds_planned_agree_with_statsmodels_where_only_seeds_matter(difference):
    reference = TTestIndPower().solve_power(difference / 1e-3, alpha=0.05, power=0.8)
    seeds = plan(SEEDS_ONLY, 10_000, difference).seeds
    # Or one more, since the interval over seeds is wider than Student's t by 0.9 / degrees.
    assert math.ceil(reference) <= seeds <= math.ceil(reference) + 1


def test_planned_seeds_are_the_fewest_with_the_power():
    seeds = plan(TUTORIALS, 10_000, 0.002).seeds
    powers = []
    for n in (seeds - 1, seeds):
        error, degrees_of_freedom = expected_error(TUTORIALS, n, 10_000)
        powers.append(t_power(0.002 / error, 0.05, degrees_of_freedom))
    assert powers[0] < 0.8 <= powers[1]


def test_smaller_differences_take_more_seeds_until_the_images_are_the_limit():
    plans = [plan(TUTORIALS, 10_000, d) for d in (0.004, 0.002, 0.0015, 0.001)]
    assert plans[0].seeds < plans[1].seeds < plans[2].seeds
    assert (plans[3].seeds, plans[3].limited_by) == (None, "images")
    assert plans[3].images > 10_000


def test_the_images_asked_for_are_enough():
    short = plan(TUTORIALS, 10_000, 0.001)
    enough = plan(TUTORIALS, math.ceil(1.01 * short.images), 0.001)
    assert enough.limited_by == "seeds"
    assert enough.seeds <= enough.max_seeds
    assert plan(TUTORIALS, math.floor(0.98 * short.images), 0.001).limited_by == "images"


def test_no_number_of_images_helps_where_seeds_vary_too_much():
    noisy = PairComponents(image=1e-3, seed_a=1e-2, seed_b=1e-2, rest_a=0.0, rest_b=0.0)
    result = plan(noisy, 10_000, 0.001)
    assert (result.seeds, result.images, result.limited_by) == (None, None, "both")


def test_models_without_any_variance_need_two_seeds():
    still = PairComponents(image=0.0, seed_a=0.0, seed_b=0.0, rest_a=0.0, rest_b=0.0)
    assert plan(still, 10_000, 0.001).seeds == 2


def test_seeds_known_to_be_too_few_are_not_planned():
    assert plan(SEEDS_ONLY, 10_000, 0.05, more_than=7).seeds == 8


@pytest.mark.parametrize("difference", [0.0, -0.001])
def test_no_difference_cannot_be_planned_for(difference):
    with pytest.raises(ValueError, match="must be above 0"):
        plan(SEEDS_ONLY, 10_000, difference)


def test_expected_error_agrees_with_the_error_of_data():
    digits = Digits(model_effect=1.0)
    hard_share = 0.02 / digits.error_given_hard()
    models = draw_models(np.random.default_rng(1), digits, hard_share, [0.0, 0.0], 10_000, 60)
    a, b = (model.summary(60) for model in models)
    components = pair_components(a, b)
    expected, _ = expected_error(components, 60, 10_000)
    assert expected == pytest.approx(difference_error(a, b).standard_error, rel=0.02)
    a, b = (model.summary(10) for model in models)
    expected, _ = expected_error(components, 10, 10_000)
    assert expected == pytest.approx(difference_error(a, b).standard_error, rel=0.15)


@pytest.mark.parametrize("images", [1, 5, 300])
def test_models_that_never_differ_on_few_images_need_more_images_not_more_seeds(images):
    same = np.ones((3, images), bool)
    found = plan(pair_components(same, same), images, 0.001)
    assert (found.seeds, found.limited_by, found.images) == (None, "images", 6000)
    assert compare(same, same).to_decide == Decision(None, 6000, "images")
    many = np.ones((3, 6000), bool)
    assert plan(pair_components(many, many), 6000, 0.001).seeds == 2


def test_fewer_images_than_could_show_anything_are_the_limit_whatever_the_seeds_say():
    varying = np.array([[True], [False], [True]])
    found = plan(pair_components(varying, ~varying), 1, 0.9)
    assert (found.seeds, found.limited_by) == (None, "images")
    assert found.images >= 6


@pytest.mark.parametrize("degrees_of_freedom", [1.5, 2.0, 4.0])
def test_power_at_the_strict_levels_of_a_large_board_is_quick_and_steady(degrees_of_freedom):
    found = []
    for alpha in (1e-4, 1e-6, 1e-9, 1e-12):
        needed = noncentrality_for_power(0.8, alpha, degrees_of_freedom)
        assert t_power(needed, alpha, degrees_of_freedom) == pytest.approx(0.8, abs=1e-4)
        found.append(needed)
    assert found == sorted(found)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_what_a_board_advises_keeps_its_power_when_the_board_judges_again():
    digits, gap, kept = Digits(model_effect=0.7), 0.003, []
    share = 0.03 / digits.error_given_hard()
    shifts = [0.0, *(shift_for(digits, (0.03 - k * gap) / share) for k in (1, 2, 3))]
    random = np.random.default_rng(1)
    for _ in range(60):
        models = draw_models(random, digits, share, shifts, 10_000, 60)
        first = [model.summary(5) for model in models]
        advised = plan(pair_components(first[3], first[2]), 10_000, gap, 0.05 / 6).seeds
        if rank_intervals(first).better[3, 2] or advised is None or advised > 60:
            continue
        later = [*first[:2], *(model.summary(advised) for model in models[2:])]
        kept.append(rank_intervals(later).better[3, 2])
    # Those that were undecided had images that went the other way: a little below 80%.
    assert len(kept) > 15
    assert np.mean(kept) > 0.65
