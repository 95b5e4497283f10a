"""Whole boards: a small version of the study."""

import board_coverage
import numpy as np
import pytest
from board_coverage import RealErrors, Study
from interval_coverage import simulation_error
from scipy import special

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.slow]


def errors(rows=12, images=1_500, writers=60):
    """Errors of made-up rows on images of writers, of whom some have ten times as many."""
    rng = np.random.default_rng(0)
    weight = rng.exponential(size=writers) + 0.1
    codes = np.sort(rng.choice(writers, size=images, p=weight / weight.sum()))
    codes = np.unique(codes, return_inverse=True)[1]
    places = [np.flatnonzero(rng.random(images) < 0.1) for _ in range(rows)]
    return RealErrors(places, [special.logit(rng.beta(1, 2, len(p))) for p in places], codes)


def test_a_row_is_moved_to_the_accuracy_that_is_asked_for():
    real = errors()
    moved = real.shifted(0, 0.985)
    assert board_coverage.mean_over_normal(moved, 0.335).sum() == pytest.approx(22.5, abs=0.3)


@pytest.mark.exhaustive
def test_equal_models_are_seldom_called_different(monkeypatch):
    monkeypatch.setattr(board_coverage, "SEEDS", (5, "3 to 10"))
    monkeypatch.setattr(board_coverage, "ACCURACY", 0.985)
    for line in board_coverage.rates(errors(), 10, True, 40, 1):
        for rate in ("step_down", "rank_missed", "best_missed"):
            assert line[rate] <= 0.05 + simulation_error(0.05, 40), line


@pytest.mark.exhaustive
def test_stepping_down_tells_at_least_as_much_apart_as_holm(monkeypatch):
    monkeypatch.setattr(board_coverage, "SEEDS", (10,))
    monkeypatch.setattr(board_coverage, "ACCURACY", 0.985)
    monkeypatch.setattr(board_coverage, "BEHIND", 0.02)
    (line,) = board_coverage.rates(errors(), 10, False, 10, 1)
    assert line["pairs"] > line["pairs_holm"] > 0
    study = Study(10, 1, 12, [line], [line])
    assert "| 10 | 10 |" in board_coverage.markdown(study)
