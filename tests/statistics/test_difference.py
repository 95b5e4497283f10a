"""Two models: paired images, separate seeds, and four verdicts."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from ninetynine.statistics import (
    Groups,
    Margin,
    compare,
    difference_bound,
    difference_error,
    mcnemar_exact,
    pair_components,
    plan,
    shared_runs_error,
    summarize,
)
from pigeonhole import pigeonhole_bootstrap
from scipy import stats
from synthetic import Digits, draw_models

pytestmark = pytest.mark.filterwarnings("error")


def drawn_pair(seeds, images=10_000, shift=0.0, accuracy=0.98, model_effect=1.0, seed=0):
    """A (log-odds of erring moved by ``shift``) and B over the same images."""
    digits = Digits(model_effect=model_effect)
    hard_share = (1 - accuracy) / digits.error_given_hard()
    rng = np.random.default_rng(seed)
    return draw_models(rng, digits, hard_share, [shift, 0.0], images, seeds)


def single_runs(only_a, only_b, both_wrong=10, images=1_000):
    """Two runs that differ on the images asked for."""
    a, b = np.ones((2, 1, images), dtype=bool)
    a[0, :both_wrong] = b[0, :both_wrong] = False
    b[0, both_wrong : both_wrong + only_a] = False
    a[0, both_wrong + only_a : both_wrong + only_a + only_b] = False
    return a, b


def test_comparison_is_the_mirror_image_of_the_swapped_one():
    a, b = (model.summary(n) for model, n in zip(drawn_pair(8), (8, 4), strict=True))
    forth, back = compare(a, b), compare(b, a)
    assert forth.difference == pytest.approx(-back.difference)
    assert (forth.interval.low, forth.interval.high) == pytest.approx(
        (-back.interval.high, -back.interval.low)
    )
    assert forth.p_value == pytest.approx(back.p_value)
    assert forth.minimum_detectable_difference == pytest.approx(back.minimum_detectable_difference)


def test_a_clearly_better_model_is_better_and_the_other_worse():
    a, b = (model.summary(5) for model in drawn_pair(5, shift=-2.0))
    assert compare(a, b).verdict == "better"
    assert compare(b, a).verdict == "worse"
    assert compare(a, b).interval.low > 0
    assert compare(a, b).to_decide is None


def test_p_value_and_interval_never_contradict_each_other():
    for seed in range(40):
        a, b = (m.summary(5) for m in drawn_pair(5, images=1_000, shift=-0.7, seed=seed))
        result = compare(a, b)
        assert (result.p_value < 0.05) == (not result.interval.contains(0.0))


def test_many_seeds_of_one_recipe_are_equivalent():
    a, b = (model.summary(20) for model in drawn_pair(20, accuracy=0.995, model_effect=0.0))
    result = compare(a, b)
    assert result.verdict == "equivalent"
    assert -result.margin < result.within.low < result.within.high < result.margin


def test_few_seeds_of_one_recipe_are_undecided_and_seeds_would_decide():
    a, b = (model.summary(3) for model in drawn_pair(3, model_effect=0.0))
    result = compare(a, b)
    assert result.verdict == "undecided"
    assert result.minimum_detectable_difference > result.margin
    assert result.to_decide.limited_by == "seeds"
    assert result.to_decide.seeds > 3
    assert result.to_decide.images is None


def test_too_few_images_are_named_as_the_limit():
    a, b = (model.summary(20) for model in drawn_pair(20, images=1_000))
    result = compare(a, b)
    assert result.verdict == "undecided"
    assert result.to_decide.limited_by == "images"
    assert result.to_decide.seeds is None
    assert result.to_decide.images > 1_000


def test_a_wider_margin_settles_what_a_narrow_one_leaves_open():
    a, b = (model.summary(5) for model in drawn_pair(5, model_effect=0.0))
    assert compare(a, b, margin=0.0001).verdict == "undecided"
    assert compare(a, b, margin=0.05).verdict == "equivalent"


@pytest.mark.parametrize(("n_a", "n_b"), [(4, 4), (3, 9)])
def test_without_flips_the_seed_interval_is_scipys_welch_interval_and_wider(n_a, n_b):
    a, b = (
        replace(m.summary(n), rest_mean_square=0.0)
        for m, n in zip(drawn_pair(9), (n_a, n_b), strict=True)
    )
    welch = stats.ttest_ind(a.seed_accuracy, b.seed_accuracy, equal_var=False)
    reference, center = welch.confidence_interval(0.95), a.mean - b.mean
    factor = 1 + 0.9 / welch.df  # as few seeds that agree by luck need
    expected = [center + factor * (end - center) for end in (reference.low, reference.high)]
    found = compare(a, b).seed_interval
    assert (found.low, found.high) == pytest.approx(expected)


def test_interval_agrees_with_the_crossed_bootstrap():
    a, b = drawn_pair(20, images=2_000, shift=-1.0, accuracy=0.95)
    matrices = []
    for model in (a, b):
        correct = np.ones((20, 2_000), dtype=bool)
        correct[:, : model.errors.shape[1]] = ~model.errors
        matrices.append(correct)
    interval = compare(*matrices).interval
    bootstrap = pigeonhole_bootstrap(*matrices, resamples=1_000)
    width = bootstrap.high - bootstrap.low
    assert interval.high - interval.low == pytest.approx(width, rel=0.2)
    assert interval.low == pytest.approx(bootstrap.low, abs=0.15 * width)


def test_shared_images_make_the_comparison_sharper():
    a, b = (model.summary(10) for model in drawn_pair(10, model_effect=0.3))
    shuffled = np.random.default_rng(0).permutation(10_000)
    unpaired = summarize_shuffled(drawn_pair(10, model_effect=0.3)[1], shuffled)
    paired_error = difference_bound(a, b).standard_error
    assert paired_error < 0.7 * difference_bound(a, unpaired).standard_error


def summarize_shuffled(model, order):
    correct = np.ones((10, model.images), dtype=bool)
    correct[:, : model.errors.shape[1]] = ~model.errors
    return summarize(correct[:, order])


@pytest.mark.parametrize(
    ("b", "c"), [(0, 0), (6, 0), (5, 0), (10, 2), (9, 3), (40, 22), (300, 250)]
)
def test_single_runs_are_compared_by_mcnemar(b, c):
    result = compare(*single_runs(b, c))
    assert result.basis == "single runs"
    assert result.discordant == (b, c)
    assert result.p_value == mcnemar_exact(b, c)
    assert (result.p_value < 0.05) == (not result.interval.contains(0.0))
    assert result.interval.contains(result.difference)
    assert result.seed_interval is None


def test_undecided_single_runs_cannot_say_how_many_seeds_it_takes():
    result = compare(*single_runs(9, 3))
    assert result.verdict == "undecided"
    assert result.to_decide.limited_by == "single runs"
    assert result.to_decide.seeds is None


def test_single_runs_need_six_discordant_images_to_show_anything():
    assert compare(*single_runs(0, 0)).minimum_detectable_difference >= 6 / 1_000


def test_a_single_run_against_seeds_borrows_their_spread():
    a, b = drawn_pair(10, model_effect=0.0)
    result = compare(a.summary(1), b.summary(10))
    assert result.basis == "seeds borrowed"
    # The one run's seed and flips weigh ten times those of the ten.
    assert wider(result, compare(a.summary(10), b.summary(10))) > 1.5


def wider(one, other):
    return (one.interval.high - one.interval.low) / (other.interval.high - other.interval.low)


def test_bound_is_one_sided_and_tightens_with_less_confidence():
    a, b = (model.summary(5) for model in drawn_pair(5))
    bound, two_sided = difference_bound(a, b, confidence=0.975), compare(a, b).interval
    assert (bound.lower, bound.upper) == pytest.approx((two_sided.low, two_sided.high))
    assert difference_bound(a, b, confidence=0.9).lower > bound.lower


def test_components_of_one_recipe_have_no_image_part():
    a, b = (model.summary(20) for model in drawn_pair(20, model_effect=0.0))
    c, d = (model.summary(20) for model in drawn_pair(20, model_effect=1.0))
    assert pair_components(a, b).image < 0.1 * pair_components(c, d).image


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (4, 1), (4, 300)])
@pytest.mark.parametrize("right", [0.0, 0.9, 1.0])
def test_identical_models_have_no_difference_and_a_width(shape, right):
    correct = np.random.default_rng(0).random(shape) < right
    result = compare(correct, correct)
    assert result.difference == 0
    assert result.p_value == 1.0
    assert result.verdict in ("equivalent", "undecided")
    assert result.interval.low < 0 < result.interval.high
    assert 0 < result.minimum_detectable_difference <= 1


def test_two_seeds_each_may_be_too_few_to_show_any_difference_and_more_are_not():
    few, many = ([model.summary(n) for model in drawn_pair(n)] for n in (2, 8))
    assert not compare(*few, planned_alpha=1e-4).could_show_any
    assert compare(*many, planned_alpha=1e-4).could_show_any


@pytest.mark.parametrize("seeds", [1, 5])
def test_groups_too_few_to_tell_any_models_apart_could_have_shown_nothing(seeds):
    a, b = (np.random.default_rng(i).random((seeds, 300)) < (0.95, 0.7)[i] for i in range(2))
    for count, could in ((3, False), (5, False), (100, True)):
        groups = Groups.of(np.arange(300) % count)
        result = compare(summarize(a, groups), summarize(b, groups))
        assert result.could_show_any == could
        assert could or result.verdict == "undecided"


@pytest.mark.parametrize("seeds", [(1, 1), (1, 4), (4, 4), (2, 7)])
@pytest.mark.parametrize("images", [1, 2, 400])
def test_all_right_against_all_wrong_is_defined(seeds, images):
    a = np.ones((seeds[0], images), dtype=bool)
    b = np.zeros((seeds[1], images), dtype=bool)
    result = compare(a, b)
    assert result.difference == 1.0
    assert result.verdict == ("better" if images == 400 else "undecided")


def test_a_margin_may_be_a_share_of_the_fewer_errors():
    a, b = (model.summary(20) for model in drawn_pair(20, accuracy=0.98, model_effect=0.0))
    errors = 1 - max(a.mean, b.mean)
    result = compare(a, b, margin=Margin(0.2, relative=True))
    assert result.margin == pytest.approx(0.2 * errors)
    assert result.verdict == "equivalent"
    assert compare(a, b, margin=Margin(0.001, relative=True)).verdict == "undecided"


def test_looks_share_the_error():
    a, b = (model.summary(5) for model in drawn_pair(5))
    once, twice = compare(a, b), compare(a, b, looks=2)
    assert twice.alpha == once.alpha / 2
    assert twice.interval.low < once.interval.low < once.interval.high < twice.interval.high
    ends = (once.interval.low, once.interval.high)
    assert (twice.within.low, twice.within.high) == pytest.approx(ends)


def test_interval_for_new_images_holds_the_one_for_these():
    for seed in range(30):
        a, b = (m.summary(2) for m in drawn_pair(2, images=1_000, accuracy=0.99, seed=seed))
        result = compare(a, b)
        assert result.interval.low <= result.seed_interval.low + 1e-12
        assert result.interval.high >= result.seed_interval.high - 1e-12


@pytest.mark.parametrize("wrong", [{"confidence": math.nan}, {"power": 1}, {"looks": 0}])
def test_numbers_without_a_meaning_are_refused(wrong):
    same = np.ones((2, 10), dtype=bool)
    with pytest.raises(ValueError, match="out of range"):
        compare(same, same, **wrong)
    with pytest.raises(ValueError, match="margin"):
        compare(same, same, margin=math.nan)


def test_a_vote_is_paired_with_the_runs_that_vote():
    rng = np.random.default_rng(0)
    chance = 0.5 * rng.random(2_000) ** 4
    runs = rng.random((10, 2_000)) > chance  # right
    votes = np.stack([runs[block : block + 2].any(axis=0) for block in range(0, 10, 2)])
    shared = votes - runs.reshape(5, 2, 2_000).mean(axis=1)
    paired = shared_runs_error(shared, None)
    apart = difference_error(summarize(votes), summarize(runs))
    assert paired.difference == pytest.approx(apart.difference)
    half_widths = [
        stats.t.ppf(0.975, e.degrees_of_freedom) * e.standard_error for e in (paired, apart)
    ]
    assert half_widths[0] < half_widths[1]


def test_models_over_different_numbers_of_images_are_refused():
    with pytest.raises(ValueError, match="models over 10 and 11 images cannot be paired"):
        compare(np.ones((2, 10), dtype=bool), np.ones((2, 11), dtype=bool))


ONES = {
    "right": lambda random, n, m: np.ones((n, m), dtype=bool),
    "wrong": lambda random, n, m: np.zeros((n, m), dtype=bool),
    "alike": lambda random, n, m: np.tile(np.arange(m) % 10 > 0, (n, 1)),
    "noise": lambda random, n, m: random.random((n, m)) < 0.9,
}


@pytest.mark.parametrize("kind_a", ONES)
@pytest.mark.parametrize("kind_b", ONES)
@pytest.mark.parametrize("images", [1, 2, 6, 400])
def test_plan_and_compare_say_the_same_of_data_that_hardly_vary(kind_a, kind_b, images):
    random = np.random.default_rng(0)
    for n_a, n_b, looks in product((1, 2, 3), (1, 2, 5), (1, 2)):
        a, b = ONES[kind_a](random, n_a, images), ONES[kind_b](random, n_b, images)
        found = compare(a, b, looks=looks)
        assert found.interval.low - 1e-12 <= found.difference <= found.interval.high + 1e-12
        assert (found.p_value < found.alpha) != found.interval.contains(0.0)
        if images < 400:
            assert found.verdict != "equivalent"
        components, advice = pair_components(a, b), found.to_decide
        if advice is None:
            continue
        if components is None:
            assert advice.limited_by == "single runs"
            continue
        target = max(abs(found.difference), found.margin)
        planned = plan(components, images, target, 0.05 / looks)
        assert (planned.seeds is None) == (advice.seeds is None)
        assert (planned.images, planned.limited_by) == (advice.images, advice.limited_by)
        assert images > 1 or planned.seeds is None


@pytest.mark.parametrize("level", [0.9, 0.95, 0.975, 0.999])
def test_more_chance_is_never_the_narrower_interval_of_a_difference(level):
    random = np.random.default_rng(1)
    for n_a, n_b, images in product((2, 3, 5), (2, 5), (2, 6, 400)):
        a, b = random.random((n_a, images)) < 0.95, random.random((n_b, images)) < 0.9
        found = compare(a, b, confidence=level)
        assert found.seed_interval is not None
        assert found.interval.low <= found.seed_interval.low
        assert found.interval.high >= found.seed_interval.high


def test_models_that_agree_on_few_images_are_not_equivalent_on_others():
    few, many = np.ones((5, 1000), dtype=bool), np.ones((5, 10_000), dtype=bool)
    assert compare(few, few).verdict == "undecided"
    assert compare(many, many).verdict == "equivalent"


@pytest.mark.parametrize("images", [2, 3, 5])
@pytest.mark.parametrize("seeds", [(2, 2), (3, 5), (1, 20), (1, 1)])
def test_no_number_of_seeds_tells_models_apart_on_fewer_than_six_images(images, seeds):
    right, wrong = (
        np.full((n, images), value) for n, value in zip(seeds, (True, False), strict=True)
    )
    found = compare(right, wrong)
    assert found.verdict == "undecided"
    assert found.interval.contains(0.0)
    if found.to_decide.limited_by != "single runs":
        assert found.to_decide.seeds is None
        assert found.to_decide.images >= 6


@pytest.mark.parametrize("few", ["one giant group", "two groups", "five groups"])
def test_nothing_is_said_of_fewer_than_six_groups(few):
    m = 12_000
    codes = {"one giant group": np.arange(m) == 0, "two groups": np.arange(m) % 2}
    groups = Groups.of(codes.get(few, np.arange(m) % 5))
    right, wrong = (summarize(np.full((3, m), value), groups) for value in (True, False))
    for a, b in product((right, wrong), repeat=2):
        found = compare(a, b)
        assert found.verdict == "undecided"
        assert (found.to_decide.seeds, found.to_decide.limited_by) == (None, "images")
        assert found.to_decide.groups >= 6


def test_models_that_differ_on_a_few_images_alone_are_told_that_images_are_the_limit():
    same = np.tile(np.arange(200) % 4 > 0, (5, 1))
    better = same.copy()
    better[:, :16:4] = True  # four images, of all seeds
    found = compare(better, same)
    assert found.p_value >= 2 ** (1 - 4)
    assert (found.verdict, found.to_decide.limited_by) == ("undecided", "images")
    better[:, :24:4] = True
    assert compare(better, same).verdict == "better"
