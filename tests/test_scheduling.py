"""Schedules on paper: known answers, and what holds for every schedule."""

import itertools

import numpy as np
import pytest
from ninetynine.scheduling import simulate


def test_one_worker_takes_the_sum_and_its_start():
    found = simulate([3.0, 1.0, 2.0], workers=1, startup_seconds=10.0)
    assert found.makespan_seconds == found.worker_seconds == 16.0


def test_the_longest_go_first():
    assert simulate([2.0, 2.0, 3.0], workers=2).makespan_seconds == 4.0  # 5 in the order given


def test_the_longest_first_is_not_always_best():
    # 3 + 2 + 2 and 3 + 2 where 3 + 3 and 2 + 2 + 2 would do: Graham's example of the worst case.
    found = simulate([2.0, 2.0, 2.0, 3.0, 3.0], workers=2)
    assert found.makespan_seconds == 7.0
    assert found.lower_bound_seconds == 6.0


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_ends_between_its_lower_bound_and_less_than_twice_that(seed):
    generator = np.random.default_rng(seed)
    seconds = generator.exponential(10.0, generator.integers(1, 60)).tolist()
    workers = int(generator.integers(1, 12))
    found = simulate(seconds, workers)
    # Of any order: the last cell starts when every worker is busy, so within the equal share.
    assert found.lower_bound_seconds <= found.makespan_seconds + 1e-9
    assert found.makespan_seconds <= (2 - 1 / workers) * found.lower_bound_seconds + 1e-9
    assert found.worker_seconds == pytest.approx(sum(seconds))
    assert found.workers == min(workers, len(seconds))


@pytest.mark.parametrize("seed", range(10))
def test_a_schedule_is_within_grahams_bound_of_the_best_order(seed):
    generator = np.random.default_rng(seed)
    seconds = generator.integers(1, 20, 7).astype(float).tolist()
    workers = 2 + seed % 2
    best = min(
        max(sum(s for s, w in zip(seconds, chosen, strict=True) if w == k) for k in range(workers))
        for chosen in itertools.product(range(workers), repeat=len(seconds))
    )
    found = simulate(seconds, workers).makespan_seconds
    assert best <= found <= (4 / 3 - 1 / (3 * workers)) * best + 1e-9


def test_more_workers_never_end_later():
    seconds = np.random.default_rng(1).exponential(10.0, 200).tolist()
    ends = [simulate(seconds, workers).makespan_seconds for workers in (1, 2, 4, 8, 64, 1000)]
    assert ends == sorted(ends, reverse=True)
    assert ends[-1] == max(seconds)


@pytest.mark.parametrize(
    ("seconds", "workers", "startup", "bound"),
    [
        ([5.0] * 100, 4, 1.0, "work"),
        ([5.0] * 3 + [100.0], 4, 1.0, "longest cell"),
        ([1.0] * 4, 4, 30.0, "start-up"),
        ([], 4, 30.0, "nothing"),
    ],
)
def test_what_bounds_the_schedule_is_said(seconds, workers, startup, bound):
    assert simulate(seconds, workers, startup).bound_by == bound


def test_nothing_to_train_takes_no_time_and_starts_no_worker():
    found = simulate([], workers=3, startup_seconds=9.0)
    assert (found.makespan_seconds, found.worker_seconds, found.workers) == (0.0, 0.0, 0)


def test_no_workers_are_refused():
    with pytest.raises(ValueError, match="0 workers"):
        simulate([1.0], 0)
