"""The textbook methods against published examples and scipy/statsmodels."""

import numpy as np
import pytest
from ninetynine.statistics import (
    binomial_against_published,
    holm,
    mcnemar_exact,
    mcnemar_interval,
    wilson_interval,
    winning_chance,
)
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

pytestmark = pytest.mark.filterwarnings("error")


def test_mcnemar_needs_six_one_sided_images_for_five_percent():
    assert mcnemar_exact(5, 0) == pytest.approx(2 / 32)
    assert mcnemar_exact(6, 0) == pytest.approx(2 / 64)


def test_mcnemar_without_discordant_images_is_one():
    assert mcnemar_exact(0, 0) == 1.0


@pytest.mark.parametrize(("b", "c"), [(5, 15), (7, 7), (0, 3), (30, 21), (120, 80)])
def test_mcnemar_agrees_with_statsmodels(b, c):
    reference = mcnemar([[100, b], [c, 10]], exact=True).pvalue
    assert mcnemar_exact(b, c) == pytest.approx(min(1.0, reference))
    assert mcnemar_exact(c, b) == pytest.approx(min(1.0, reference))


@pytest.mark.parametrize(("b", "c"), [(b, c) for b in range(0, 30, 3) for c in range(0, 30, 4)])
def test_mcnemar_interval_leaves_out_zero_exactly_when_the_test_rejects(b, c):
    interval = mcnemar_interval(b, c, 1_000)
    assert (not interval.contains(0.0)) == (mcnemar_exact(b, c) < 0.05)


def test_holm_steps_down_and_is_not_bonferroni():
    # Worked example of the Wikipedia article "Holm-Bonferroni method".
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_agrees_with_statsmodels_and_keeps_the_order():
    p_values = np.random.default_rng(0).uniform(size=45) ** 4
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holm_of_nothing_is_nothing():
    assert len(holm([])) == 0


@pytest.mark.parametrize(
    ("right", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_reproduces_newcombe_1998_table_1(right, trials, low, high):
    interval = wilson_interval(right / trials, trials)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("right", [0, 1, 9_979, 10_000])
def test_wilson_agrees_with_statsmodels(right):
    interval = wilson_interval(right / 10_000, 10_000, confidence=0.9)
    reference = proportion_confint(right, 10_000, alpha=0.1, method="wilson")
    assert (interval.low, interval.high) == pytest.approx(reference, abs=1e-12)


def test_unpaired_difference_reproduces_newcombe_1998_method_10():
    # 9/10 against 3/10 in Newcombe (1998), "Interval estimation for the difference".
    result = binomial_against_published(errors=1, images=10, published_errors=7)
    assert result.difference == pytest.approx(0.6)
    assert (result.interval.low, result.interval.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@pytest.mark.parametrize("errors", [0, 21, 35, 60, 200])
def test_unpaired_p_value_is_fishers(errors):
    result = binomial_against_published(errors, 10_000, 21)
    table = [[errors, 10_000 - errors], [21, 9_979]]
    assert result.p_value == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)
    assert result.label == "unpaired"


def test_unpaired_comparison_is_defined_when_both_are_perfect():
    result = binomial_against_published(0, 10_000, 0)
    assert (result.difference, result.p_value) == (0.0, 1.0)
    assert result.interval.low < 0 < result.interval.high


def test_the_chance_of_one_run_is_the_share_of_pairs_it_wins_and_half_of_ties():
    found = winning_chance(np.array([0.9, 0.8, 0.7]), np.array([0.8, 0.6]))
    assert found.chance == pytest.approx((2 + 1.5 + 1) / 6)
    back = winning_chance(np.array([0.8, 0.6]), np.array([0.9, 0.8, 0.7]))
    assert found.interval.low == pytest.approx(1 - back.interval.high)
    assert found.interval.low < found.chance < found.interval.high


def test_runs_that_always_win_leave_a_chance_to_lose():
    few, many = (winning_chance(np.ones(n), np.zeros(n)) for n in (3, 20))
    assert few.chance == many.chance == 1
    assert few.interval.low < 0.6 < 0.8 < many.interval.low < 1 == many.interval.high


def test_a_single_run_has_no_chance_of_winning():
    assert winning_chance(np.array([0.9]), np.array([0.8, 0.7])) is None


@pytest.mark.parametrize("runs", [3, 10])
def test_the_interval_of_the_chance_of_one_run_covers(runs):
    rng, covered = np.random.default_rng(0), 0
    for _ in range(400):
        a, b = rng.normal(1.0, 1, runs), rng.normal(0.0, 1, runs)
        covered += winning_chance(a, b).interval.contains(0.7602)
    assert covered / 400 > 0.93
