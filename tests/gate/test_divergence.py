"""Runs that diverge: where the baseline's do not, where they do, and how often."""

import numpy as np
import pytest
from gate_builders import make_runs, row_of
from ninetynine.board import Run
from ninetynine.gate import Outcome, Terms, decide
from ninetynine.report.gate_sentences import sentence
from record_builders import make_failed

IMAGES = 1000
TERMS = Terms(margin=0.01, max_seeds=8)


def diverged(seed):
    failed = make_failed(seed=seed, kind="diverged", reason="the loss is nan in epoch 2 of 5")
    return Run(failed, lambda: None)


def finished(seeds, mean=0.98):
    return [make_runs([mean + seed % 3 / 1000], seed, images=IMAGES)[0] for seed in seeds]


def baseline(diverging):
    """Seventeen seeds that finished, and some that diverged."""
    return row_of([*finished(range(17)), *(diverged(900 + i) for i in range(diverging))])


def test_a_run_that_diverges_is_a_regression_where_none_of_the_baselines_does():
    found = decide(baseline(0), [*finished([50]), diverged(51)], TERMS)
    assert found.outcome is Outcome.REGRESSED


def test_one_of_a_few_that_diverge_as_the_baselines_do_is_neither_a_regression_nor_a_pass():
    new = [*finished([50]), diverged(51), *finished(range(52, 57))]
    found = decide(baseline(3), new, TERMS)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "seed 51 diverged, as 3 of the baseline's 20 runs did" in sentence(found)
    assert "the loss is nan in epoch 2 of 5" in sentence(found)
    assert 51 in found.new_seeds


def test_diverging_far_more_often_than_the_baseline_is_a_regression():
    found = decide(baseline(1), [diverged(50 + i) for i in range(8)], TERMS)
    assert found.outcome is Outcome.REGRESSED
    assert "5 of 5 runs diverged" in found.reason
    assert "1 of 18 in the baseline" in found.reason
    assert found.new_seeds == (50, 51, 52, 53, 54)


def test_a_fall_is_seen_beside_runs_that_diverge():
    new = [diverged(50), *finished(range(51, 57), 0.93)]
    found = decide(baseline(3), new, TERMS)
    assert found.outcome is Outcome.REGRESSED
    assert found.new_seeds == (50, 51, 52)


def test_the_check_ends_with_its_last_seed_however_many_diverged():
    for new in ([diverged(50), *finished([51])], [diverged(50), diverged(51)]):
        found = decide(baseline(3), new, Terms(margin=0.01, max_seeds=2))
        assert found.outcome is Outcome.INCONCLUSIVE
        assert found.new_seeds == (50, 51)
    assert decide(baseline(3), [diverged(50)], Terms(margin=0.01, max_seeds=2)) is None


@pytest.mark.slow
def test_unchanged_runs_that_diverge_now_and_then_are_hardly_ever_called_regressed():
    random, terms = np.random.default_rng(0), Terms(margin=0.5, max_seeds=10)
    runs, regressed = dict(zip(range(40), finished(range(40)), strict=True)), 0
    for _ in range(60):
        bad = random.random(30) < 0.2
        old = row_of([diverged(i) if bad[i] else runs[i] for i in range(20)])
        new = [diverged(i) if bad[i] else runs[i] for i in range(20, 30)]
        regressed += decide(old, new, terms).outcome is Outcome.REGRESSED
    assert regressed <= 3
