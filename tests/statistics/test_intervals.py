"""Intervals of losses, spreads, calibration errors and failing seeds: edges and known answers."""

import math

import number_coverage
import numpy as np
import pytest
from interval_coverage import coverage_target
from ninetynine.statistics import Groups, summarize
from ninetynine.statistics.calibration import calibration
from ninetynine.statistics.crossed import difference_of_means, mean_error, summarize_values
from ninetynine.statistics.failures import collapsed_runs, failures, median_interval
from ninetynine.statistics.spread import ratio_interval, sd_interval, seed_split

pytestmark = pytest.mark.filterwarnings("error")


def slack(rate, replicates):
    return 4 * math.sqrt(rate * (1 - rate) / replicates)


def holds(rows, questions, replicates):
    for row in rows:
        low, _ = coverage_target(row["seeds"])
        for question in questions & row.keys():
            assert row[question] >= low - slack(low, replicates), (question, row)


@pytest.mark.slow
def test_spread_and_ratio_intervals_cover():
    holds(number_coverage.spread_rows(400, 3), {"sd", "time_ratio"}, 400)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_intervals_that_count_failures_cover_where_the_plain_one_does_not():
    rows = list(number_coverage.failing_rows(300, 3))
    holds(rows, {"with_failures", "median", "rate"}, 300)
    assert all(row["told"] > 0.99 for row in rows)
    assert min(row["plain"] for row in rows if row["collapsing"] == "5%") < 0.5


@pytest.mark.exhaustive
@pytest.mark.slow
def test_intervals_over_images_and_groups_cover():
    rows = number_coverage.crossed_rows(40, 3, (2_000,), (3, 10))
    holds(rows, set(number_coverage.CROSSED), 40)


def test_one_of_twenty_at_chance_collapsed():
    values = [0.1135, *np.linspace(0.990, 0.992, 19)]
    found = failures(values, 1, 10_000, 0.1135)
    assert found.collapsed == (0,)
    assert (found.count, found.tried) == (2, 21)
    assert found.median == pytest.approx(0.991, abs=1e-4)
    assert found.mean_interval.low < 0.9 < found.mean_interval.high


def test_a_run_half_trained_collapsed_though_above_chance():
    assert collapsed_runs([0.991, 0.9905, 0.992, 0.9912, 0.93], 10_000) == (4,)


@pytest.mark.parametrize(
    "values", [[0.99] * 5, [0.990, 0.990, 0.990, 0.988], [0.1, 0.11, 0.1], [0.3], []]
)
def test_ordinary_spread_is_no_collapse(values):
    assert collapsed_runs(values, 10_000, 0.1135) == ()


def test_two_runs_of_which_one_is_at_chance():
    assert collapsed_runs([0.991, 0.1135], 10_000, 0.1135) == (1,)


def test_ordinary_seeds_are_seldom_called_collapsed():
    rng = np.random.default_rng(0)
    draws = (0.98 + 0.003 * rng.standard_t(5, 10) for _ in range(500))
    assert sum(bool(collapsed_runs(draw, 10_000, 0.1)) for draw in draws) <= 2


def test_six_seeds_are_the_fewest_for_an_interval_of_the_median():
    assert median_interval([1, 2, 3, 4, 5]) is None
    found = median_interval([1, 2, 3, 4, 5, 6])
    assert 1 <= found.low < 2
    assert 5 < found.high <= 6


def test_sd_interval_is_chi_square_for_three():
    found = sd_interval([0.0, 1.0, 2.0])
    assert (found.low, found.high) == pytest.approx((0.5207, 6.2847), abs=1e-3)
    assert sd_interval([1.0]) is None
    assert sd_interval([1.0, 1.0], at_least=0.01).high > 0.1


def test_flips_alone_leave_nothing_to_the_distribution():
    correct = np.random.default_rng(1).random((40, 4_000)) < 0.9
    split = seed_split(summarize(correct))
    assert split.flips == pytest.approx(math.sqrt(0.09 / 4_000), rel=0.02)
    assert split.distribution_interval.low == 0.0


def test_copies_of_each_image_do_not_narrow_an_interval_over_groups():
    values = np.random.default_rng(2).exponential(size=(5, 200))
    single = mean_error(summarize_values(values))
    copies = np.repeat(values, 4, axis=1)
    grouped = summarize_values(copies, Groups.of(np.repeat(np.arange(200), 4)))
    assert mean_error(grouped).half_width() == pytest.approx(single.half_width(), rel=0.01)
    same = difference_of_means(grouped, grouped)
    assert same.mean == 0.0


def test_perfect_calibration_is_not_an_error():
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.3, 1.0, (5, 5_000))
    found = calibration(confidence, rng.random((5, 5_000)) < confidence)
    assert found.error < 0.02
    assert found.interval.low == 0.0


def test_a_ratio_of_single_runs_has_no_interval():
    assert ratio_interval([1.0], [1.0, 2.0]) is None
    assert ratio_interval([2.0, 2.0], [1.0, 1.0]).low == pytest.approx(2.0)
