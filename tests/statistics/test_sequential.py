"""The sequential design keeps its two error rates, and its numbers are the published ones."""

import math

import numpy as np
import pytest
from gate_power import Setting, simulate
from ninetynine.statistics import sequential
from ninetynine.statistics.sequential import (
    Design,
    boundary,
    drop_error,
    information,
    look,
    nominal_levels,
    prospect,
    seeds_needed,
    spent,
)
from scipy import special, stats

IMAGES = 10_000


def runs(mean, sd, count, seed=0):
    """Accuracies whose mean and standard deviation are exactly these."""
    deviates = np.random.default_rng(seed).standard_normal(count)
    deviates -= deviates.mean()
    return mean + sd * deviates / deviates.std(ddof=1)


def test_the_boundary_is_the_one_that_gsdesign_publishes():
    """Three equal looks at one-sided 2.5%: the default design of the R package gsDesign."""
    assert boundary(np.arange(1, 4) / 3, 0.025) == pytest.approx([3.0107, 2.5465, 1.9992], abs=5e-4)


def test_one_look_alone_is_the_ordinary_test():
    assert boundary(np.array([1.0]), 0.05) == pytest.approx([1.644854], abs=1e-5)


def test_all_of_alpha_is_spent_at_the_end_and_none_at_the_start():
    assert spent([0.0, 1.0], 0.05) == pytest.approx([0.0, 0.05])
    assert np.all(np.diff(spent(np.linspace(0, 1, 50), 0.05)) > 0)


def test_paths_without_drift_cross_the_boundary_with_probability_alpha():
    fractions = information(10, 20)
    steps = np.diff(fractions, prepend=0.0)
    rng = np.random.default_rng(1)
    paths = np.cumsum(rng.standard_normal((100_000, len(steps))) * np.sqrt(steps), axis=1)
    crossed = (paths / np.sqrt(fractions) > boundary(fractions, 0.05)).any(axis=1)
    assert crossed.mean() == pytest.approx(0.05, abs=0.0028)  # four standard errors


@pytest.mark.slow
@pytest.mark.parametrize("baseline_seeds", [1, 3, 10, 200])
@pytest.mark.parametrize("max_seeds", [2, 5, 60])
def test_every_design_has_a_level_for_each_look_and_none_above_alpha(baseline_seeds, max_seeds):
    levels = nominal_levels(baseline_seeds, max_seeds, 0.05)
    assert len(levels) == max_seeds - 1
    assert min(levels) > 0
    assert max(levels) <= 0.05 + 1e-9


@pytest.mark.parametrize(("baseline_seeds", "max_seeds"), [(0, 20), (10, 1), (10, 201)])
def test_a_design_that_cannot_be_is_refused(baseline_seeds, max_seeds):
    with pytest.raises(ValueError, match="baseline runs"):
        nominal_levels(baseline_seeds, max_seeds, 0.05)


@pytest.mark.parametrize("seed_sd", [0.0006, 0.0010, 0.0020])
def test_false_alarms_and_misses_stay_below_alpha_and_real_drops_are_caught(seed_sd):
    """At the defaults, for spreads like the tutorials'; results/simulation has the large study."""
    noise = 4 * math.sqrt(0.05 * 0.95 / 4000)
    unchanged = simulate(Setting(seed_sd, 0.0), 4000, seed=2)
    assert unchanged.regressed <= 0.05 + noise
    at_margin = simulate(Setting(seed_sd, 0.001), 4000, seed=2)
    assert at_margin.no_worse <= 0.05 + noise
    twice = simulate(Setting(seed_sd, 0.002), 4000, seed=2)
    assert twice.regressed >= 0.9
    assert twice.mean_seeds < 0.6 * 30


def test_stopping_early_costs_little_power_against_one_look_at_the_end():
    rates = simulate(Setting(0.0020, 0.002), 4000, seed=3)
    assert rates.regressed > rates.fixed_regressed - 0.03


def test_the_error_of_equal_spreads_is_that_of_students_t_test():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.98, 0.001, 8), rng.normal(0.98, 0.001, 8)
    error, freedom = drop_error(a.var(ddof=1), 8, b.var(ddof=1), 8, IMAGES)
    expected = stats.ttest_ind(a, b)
    assert (a.mean() - b.mean()) / error == pytest.approx(expected.statistic)
    assert freedom == expected.df == 14


def test_a_spread_that_the_change_widened_is_not_borrowed_from_the_baseline():
    error, _ = drop_error(1e-8, 10, 1e-4, 4, IMAGES)
    assert error >= math.sqrt(1e-4 / 4)


def test_runs_that_all_agree_are_decided_and_not_divided_by_zero():
    same = np.full(10, 0.1135)
    found = look(same, same[:2], IMAGES, 0.001, Design(10, 20))
    assert found.answer == "no worse"
    assert 0 < found.upper < 0.001


def test_a_collapse_is_seen_after_two_runs():
    found = look(runs(0.98, 0.001, 10), np.full(2, 0.1), IMAGES, 0.001, Design(10, 20))
    assert (found.answer, found.seeds) == ("regressed", 2)


@pytest.mark.parametrize("seeds", [2, 3])
def test_one_bad_run_is_no_answer(seeds):
    new = np.array([0.90, 0.981, 0.98])[:seeds]
    found = look(runs(0.98, 0.001, 10), new, IMAGES, 0.001, Design(10, 20))
    assert found.answer == "open"


def test_an_improvement_is_no_worse():
    found = look(runs(0.98, 0.0005, 10), runs(0.985, 0.0005, 9), IMAGES, 0.001, Design(10, 20))
    assert found.answer == "no worse"
    assert found.upper < 0


def test_a_certain_drop_within_the_margin_is_no_worse():
    found = look(runs(0.98, 5e-5, 10), runs(0.9795, 5e-5, 10), IMAGES, 0.001, Design(10, 20))
    assert found.lower > 0
    assert found.answer == "no worse"


def test_a_certain_drop_that_may_or_may_not_reach_the_margin_stays_open():
    found = look(runs(0.98, 3e-4, 10), runs(0.9791, 3e-4, 10), IMAGES, 0.001, Design(10, 20))
    assert found.lower > 0
    assert found.upper > 0.001
    assert found.answer == "open"


def test_bounds_lie_around_the_drop_and_move_with_it():
    baseline, new = runs(0.98, 0.001, 10), runs(0.98, 0.001, 6)
    design = Design(10, 20)
    first = look(baseline, new, IMAGES, 0.001, design)
    shifted = look(baseline, new - 0.01, IMAGES, 0.001, design)
    # The lower one is the farther: "regressed" shares its alpha with runs that collapsed.
    assert 0 < first.upper - first.drop < first.drop - first.lower
    assert shifted.drop == pytest.approx(first.drop + 0.01)
    assert shifted.upper - shifted.lower == pytest.approx(first.upper - first.lower)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seeds", "most", "alpha"),
    [(20, 30, 0.05), pytest.param(5, 200, 0.05, marks=pytest.mark.exhaustive), (9, 9, 0.008)],
)
def test_single_runs_that_collapse_by_chance_leave_most_of_alpha_to_the_test(seeds, most, alpha):
    design = Design(seeds, most, alpha)
    assert 0 < most * design.collapse_tail <= 0.3 * alpha * (1 + 1e-9)
    assert design.collapse_tail <= 0.0005
    left = alpha - most * design.collapse_tail
    assert design.regressed_levels == nominal_levels(seeds, most, left)


def test_a_baseline_of_two_spends_nothing_on_collapses():
    assert Design(2, 30).regressed_levels == Design(2, 30).levels


def test_a_smaller_alpha_gives_wider_bounds():
    baseline, new = runs(0.98, 0.001, 10), runs(0.98, 0.001, 6)
    wide = look(baseline, new, IMAGES, 0.001, Design(10, 20, alpha=0.01))
    usual = look(baseline, new, IMAGES, 0.001, Design(10, 20))
    assert wide.upper > usual.upper


def open_look(drop, seeds=20, sd=0.001, baseline_seeds=10):
    baseline, new = runs(0.98, sd, baseline_seeds), runs(0.98 - drop, sd, seeds)
    found = look(baseline, new, IMAGES, 0.001, Design(baseline_seeds, 20))
    assert found.answer == "open"
    return found


def test_the_seeds_needed_give_the_power_that_they_promise():
    found = open_look(0.0003, seeds=5, baseline_seeds=20)
    needed = seeds_needed(found, 20, 0.001, 0.05)
    assert needed.new is not None
    assert needed.new > 5
    sd = found.standard_error / math.sqrt(1 / 20 + 1 / 5)
    error = sd * math.sqrt(1 / 20 + 1 / needed.new)
    assert special.ndtr((0.001 - 0.0003) / error - 1.6449) >= 0.8
    error = sd * math.sqrt(2 / needed.each)
    assert special.ndtr((0.001 - 0.0003) / error - 1.6449) >= 0.8


def test_a_baseline_that_is_too_small_is_named_as_the_limit():
    needed = seeds_needed(open_look(0.0003, sd=0.002), 10, 0.001, 0.05)
    assert needed.new is None
    assert needed.each is not None


def test_a_drop_at_the_margin_is_decided_by_no_number_of_seeds():
    needed = seeds_needed(open_look(0.00098, sd=0.003), 10, 0.001, 0.05)
    assert (needed.new, needed.each) == (None, None)


@pytest.mark.parametrize("seed_sd", [0.0006, 0.0010, 0.0015])
def test_the_prospect_is_about_what_simulation_finds(seed_sd):
    expected = prospect(seed_sd, 0.001, 0.002, Design(20, 30))
    unchanged = simulate(Setting(seed_sd, 0.0), 4000, seed=5)
    twice = simulate(Setting(seed_sd, 0.002), 4000, seed=5)
    assert unchanged.no_worse == pytest.approx(expected.passes_unchanged, abs=0.04)
    assert twice.regressed == pytest.approx(expected.catches, abs=0.04)


def test_the_simulation_is_the_same_for_the_same_seed():
    assert simulate(Setting(0.001, 0.0), 200, seed=7) == simulate(Setting(0.001, 0.0), 200, seed=7)
    assert simulate(Setting(0.001, 0.0), 200, seed=7) != simulate(Setting(0.001, 0.0), 200, seed=8)


def test_the_simulation_and_the_gate_answer_alike():
    """The vectorised looks are those of `look`, check by check."""
    rng = np.random.default_rng(9)
    baseline = np.round(rng.normal(0.98, 0.001, (50, 10)), 4)
    new = np.round(rng.normal(0.979, 0.001, (50, 20)), 4)
    import gate_power

    drop, error, freedom = gate_power._looks(baseline, new)
    for row in range(50):
        seeds = 2 + row % 19
        found = look(baseline[row], new[row, :seeds], IMAGES, 0.001, Design(10, 20))
        assert found.drop == pytest.approx(drop[row, seeds - 2])
        assert found.standard_error == pytest.approx(error[row, seeds - 2])
        assert found.degrees_of_freedom == freedom[seeds - 2]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_largest_design_allowed_is_still_integrated_well():
    """A grid that is too coarse would let paths slip through between two looks."""
    levels = nominal_levels(10, sequential.MAX_SEEDS, 0.05)
    assert 0.025 < levels[-1] < 0.05
    assert np.all(np.diff(levels[5:]) > 0)
