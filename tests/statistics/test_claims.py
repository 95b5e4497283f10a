"""Published figures and time-to-accuracy claims against our own seeds."""

import numpy as np
import pytest
from ninetynine.statistics import place_claim, prediction_interval, time_to_accuracy_certified
from scipy import stats

pytestmark = pytest.mark.filterwarnings("error")

FIVE_RUNS = np.array([0.9796, 0.9809, 0.9767, 0.9789, 0.9793])


def test_prediction_interval_is_the_textbook_one():
    mean, sd = FIVE_RUNS.mean(), FIVE_RUNS.std(ddof=1)
    # Wider than the textbook's, as runs that agree by luck need; far out it is the textbook's.
    for confidence, factor in ((0.95, 1 + 0.9 / 4), (0.999, 1.0)):
        scale = factor * sd * np.sqrt(1.2)
        expected = stats.t.interval(confidence, 4, loc=mean, scale=scale)
        interval = prediction_interval(FIVE_RUNS, 10_000, confidence)
        assert (interval.low, interval.high) == pytest.approx(expected)


def test_runs_alike_by_luck_predict_no_less_than_their_flips():
    alike = np.array([0.9800, 0.9801, 0.9800, 0.9801, 0.9800])
    flips = 0.001**2
    plain, floored = (prediction_interval(alike, 10_000, flips=f) for f in (0.0, flips))
    half_width = 1.15 * np.sqrt(flips * 1.2)
    assert floored.high - alike.mean() == pytest.approx(half_width, rel=1e-3)
    assert floored.high > plain.high
    assert place_claim(0.981, alike, 10_000).verdict != "as expected"
    assert place_claim(0.981, alike, 10_000, flips=flips).verdict == "as expected"
    # Runs that differ by more than flips explain are predicted as if nothing were known of them.
    assert prediction_interval(FIVE_RUNS, 10_000, flips=flips) == prediction_interval(
        FIVE_RUNS, 10_000
    )


def test_one_run_predicts_nothing():
    assert prediction_interval(FIVE_RUNS[:1], 10_000) is None
    placement = place_claim(0.98, FIVE_RUNS[:1], 10_000)
    assert placement.verdict == "too few runs"
    assert placement.quantile is None


@pytest.mark.parametrize(
    ("published", "verdict"),
    [
        (0.9799, "as expected"),
        (0.9823, "as expected"),
        (0.9850, "lucky"),
        (0.9730, "unlucky"),
        (0.9990, "not reproduced"),
        (0.9500, "not reproduced"),
    ],
)
def test_claims_are_placed_in_the_distribution_of_our_runs(published, verdict):
    assert place_claim(published, FIVE_RUNS, 10_000).verdict == verdict


def test_quantile_is_a_chance_for_one_more_run():
    at_the_mean = place_claim(float(FIVE_RUNS.mean()), FIVE_RUNS, 10_000)
    assert at_the_mean.quantile == pytest.approx(0.5)
    edge = prediction_interval(FIVE_RUNS, 10_000).high
    assert place_claim(edge, FIVE_RUNS, 10_000).quantile == pytest.approx(0.975)


def test_runs_are_counted_below_and_at_the_claim():
    placement = place_claim(0.9793, FIVE_RUNS, 10_000)
    assert (placement.runs_below, placement.runs_at, placement.runs) == (2, 1, 5)


def test_rounding_of_the_published_figure_is_to_its_credit():
    edge = prediction_interval(FIVE_RUNS, 10_000).high
    just_outside = edge + 0.0004
    assert place_claim(just_outside, FIVE_RUNS, 10_000).verdict == "lucky"
    rounded = place_claim(just_outside, FIVE_RUNS, 10_000, published_decimals=3)
    assert rounded.verdict == "as expected"
    assert rounded.rounding == pytest.approx(0.0005)


def test_a_rounded_figure_equals_the_runs_that_round_to_it():
    assert place_claim(0.979, FIVE_RUNS, 10_000, published_decimals=3).runs_at == 2


def test_identical_runs_leave_room_for_one_image():
    same = np.full(5, 0.98)
    assert place_claim(0.98, same, 10_000).verdict == "as expected"
    assert place_claim(0.9801, same, 10_000).verdict == "as expected"
    assert place_claim(0.99, same, 10_000).verdict == "not reproduced"


def test_perfect_runs_are_defined():
    perfect = np.ones(3)
    assert place_claim(1.0, perfect, 100).verdict == "as expected"
    assert prediction_interval(perfect, 100).high == 1.0


def test_time_to_accuracy_needs_twenty_seeds():
    runs = np.full(19, 0.99)
    assert not time_to_accuracy_certified(runs, 0.98).certified
    assert time_to_accuracy_certified(np.full(20, 0.99), 0.98).certified


def test_time_to_accuracy_needs_the_lower_bound_above_the_target():
    runs = np.tile([0.985, 0.995], 10)
    lower = 0.99 - stats.t.ppf(0.95, 19) * runs.std(ddof=1) / np.sqrt(20)
    assert time_to_accuracy_certified(runs, 0.99).lower_bound == pytest.approx(lower)
    assert not time_to_accuracy_certified(runs, 0.99).certified
    assert time_to_accuracy_certified(runs, lower - 1e-9).certified


def test_a_seed_that_misses_counts():
    good = np.full(20, 0.9905)
    with_a_miss = np.append(good[:-1], 0.1)
    assert time_to_accuracy_certified(good, 0.99).certified
    assert not time_to_accuracy_certified(with_a_miss, 0.99).certified


def test_one_run_certifies_nothing():
    result = time_to_accuracy_certified(np.array([1.0]), 0.5, min_seeds=1)
    assert (result.certified, result.lower_bound) == (False, None)
