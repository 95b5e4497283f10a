"""Groups of images: a small version of the study, and what its committed numbers must say."""

import json
from pathlib import Path

import group_coverage
import numpy as np
import pytest
from group_coverage import Study
from interval_coverage import simulation_error

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.slow]

COMMITTED = Path(__file__).parents[2] / "results" / "simulation"


@pytest.fixture(scope="module")
def committed():
    return Study(**json.loads((COMMITTED / "groups.json").read_text("utf-8")))


def test_the_page_is_written_from_the_numbers(committed):
    assert (COMMITTED / "groups.md").read_text("utf-8") == group_coverage.markdown(committed)


def test_committed_intervals_cover_as_often_as_they_say(committed):
    for row in committed.single:
        low = {1: 0.0, 3: 0.90}.get(row["seeds"], 0.93)
        # Four standard errors, since there are two dozen lines.
        assert row["by_groups"] >= low - 2 * simulation_error(low, committed.replicates), row
    many = [r for r in committed.single if r["seeds"] >= 5 and r["accuracy"] < 0.99]
    assert np.mean([r["by_images"] for r in many]) < 0.91


def test_committed_false_alarms_are_at_most_one_in_twenty(committed):
    for row in committed.pairs:
        if row["seeds"] > 1:
            assert row["by_groups"] <= 0.05 + 2 * simulation_error(0.05, committed.replicates), row


def test_committed_halves_of_the_writers_miss_each_other_about_as_often_as_said(committed):
    assert len(committed.halves) > 40
    means = [row["mean_by_groups"] for row in committed.halves]
    assert 0.03 <= np.mean(means) <= 0.08
    assert max(means) <= 0.05 + 2 * simulation_error(0.05, committed.splits) + 0.01
    assert np.mean([row["mean_by_images"] for row in committed.halves]) > 0.10


def test_committed_alarms_about_neighbors_are_one_in_a_hundred(committed):
    alarms = [row["by chance"] for row in committed.neighbors]
    assert np.mean(alarms) <= 0.01 + 2 * simulation_error(0.01, committed.orders * len(alarms))
    assert max(row["by group"] for row in committed.neighbors) > 0.9


def test_a_small_simulation_of_groups_covers_and_single_images_do_not():
    rng, covered = np.random.default_rng(0), {"by_groups": 0, "by_images": 0}
    share, draws = group_coverage.hard_share(0.97), 120
    for _ in range(draws):
        (correct, _), groups = group_coverage.draw(rng, share, 60, 30, 2, 5)
        for way in covered:
            known = groups if way == "by_groups" else None
            found = group_coverage.accuracy_estimate(group_coverage.summarize(correct, known))
            covered[way] += found.population_interval.contains(0.97)
    assert covered["by_groups"] / draws > 0.93 - 2 * simulation_error(0.93, draws)
    assert covered["by_images"] < covered["by_groups"]
