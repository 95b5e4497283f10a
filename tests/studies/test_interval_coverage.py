"""A small version of the simulation study, and its tables.

Rates are held against their targets with four binomial standard errors of the
simulation itself, so that some 40 cells pass together; the full study is committed
under results/simulation, and what its command makes is compared with it.
"""

import json
import math
from pathlib import Path

import few_errors
import interval_coverage
import numpy as np
import pytest
from ninetynine.statistics import compare, plan
from ninetynine.statistics.power import pair_components
from ninetynine.statistics.summary import summarize
from synthetic import Digits, draw_models, shift_for

pytestmark = [pytest.mark.filterwarnings("error"), pytest.mark.slow]

REPLICATES = 150
COMMITTED = Path(__file__).parents[2] / "results" / "simulation"


def slack(rate, replicates):
    return 4 * math.sqrt(rate * (1 - rate) / replicates)


@pytest.fixture(scope="module")
def single_rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval_coverage, "ACCURACIES", (0.98, 0.998))
        return list(interval_coverage.single_model_rows(REPLICATES, seed=1))


@pytest.mark.parametrize("question", ["these_images", "digits_like_these", "one_more_run"])
def test_intervals_of_one_model_cover_as_often_as_they_say(single_rows, question):
    for row in single_rows:
        low, _ = interval_coverage.coverage_target(row["seeds"])
        assert row[question] >= low - slack(low, REPLICATES), row


def test_intervals_of_one_model_are_not_wider_than_they_need_be(single_rows):
    # Averaged over the cells with hundreds of errors, where nothing is discrete.
    plenty = [r for r in single_rows if r["images"] == 10_000 and r["seeds"] >= 5]
    for question in ("these_images", "digits_like_these"):
        assert np.mean([row[question] for row in plenty]) < 0.97


def test_an_interval_for_these_images_does_not_cover_digits_like_these():
    # The reason for two intervals: after many seeds the images are the chance that is left.
    digits = Digits()
    hard_share = 0.02 / digits.error_given_hard()
    rng, misses = np.random.default_rng(0), 0
    for _ in range(100):
        (model,) = draw_models(rng, digits, hard_share, [0.0], 1_000, 20)
        accuracy = model.summary(20).seed_accuracy
        half_width = 2.093 * accuracy.std(ddof=1) / math.sqrt(20)
        misses += abs(accuracy.mean() - 0.98) > half_width
    assert misses > 30


@pytest.mark.exhaustive
def test_differences_cover_and_equal_models_are_seldom_told_apart(monkeypatch):
    monkeypatch.setattr(interval_coverage, "PAIR_ACCURACIES", ((0.98, 0.98), (0.998, 0.997)))
    monkeypatch.setattr(interval_coverage, "PAIR_SEEDS", ((3, 3), (20, 20), (3, 10)))
    for row in interval_coverage.pair_rows(100, seed=1):
        low, _ = interval_coverage.coverage_target(interval_coverage.fewest_seeds(row))
        assert row["digits_like_these"] >= low - slack(low, 100), row
        assert row["these_images"] >= low - slack(low, 100), row
        if row["accuracies"] == [0.98, 0.98]:
            assert row["significant"] <= 0.05 + slack(0.05, 100), row


@pytest.mark.exhaustive
def test_boards_of_equal_models_seldom_show_a_difference(monkeypatch):
    monkeypatch.setattr(interval_coverage, "ACCURACIES", (0.99,))
    monkeypatch.setattr(interval_coverage, "BOARD_SEEDS", (3, 10))
    for row in interval_coverage.board_rows(25, seed=1):
        assert row["any_false_better"] <= 0.05 + slack(0.05, 25), row


def test_the_planned_number_of_seeds_finds_the_difference_four_times_in_five():
    digits = Digits(model_effect=0.5)
    hard_share = 0.02 / digits.error_given_hard()
    shift = shift_for(digits, 0.0175 / hard_share)
    rng = np.random.default_rng(2)
    a, b = draw_models(rng, digits, hard_share, [shift, 0.0], 10_000, 100)
    seeds = plan(pair_components(a.summary(100), b.summary(100)), 10_000, 0.0025).seeds
    assert 2 < seeds < 20
    found = 0
    for _ in range(150):
        a, b = draw_models(rng, digits, hard_share, [shift, 0.0], 10_000, seeds)
        found += compare(a.summary(seeds), b.summary(seeds)).verdict == "better"
    assert found / 150 == pytest.approx(0.8, abs=0.13)


def test_drawn_models_have_the_accuracy_asked_for():
    digits = Digits(model_effect=1.0)
    hard_share = 0.02 / digits.error_given_hard()
    shift = shift_for(digits, 0.01 / hard_share)
    models = draw_models(np.random.default_rng(0), digits, hard_share, [shift, 0.0], 400_000, 8)
    means = [model.summary(8).mean for model in models]
    assert means == pytest.approx([0.99, 0.98], abs=0.001)


def test_a_drawn_summary_is_that_of_the_full_matrix():
    digits = Digits()
    (model,) = draw_models(np.random.default_rng(0), digits, 0.1, [0.0], 500, 4)
    correct = np.ones((3, 500), dtype=bool)
    correct[:, : model.errors.shape[1]] = ~model.errors[:3]
    assert model.summary(3).image_mean_square == summarize(correct).image_mean_square
    assert model.summary(3).mean == correct.mean()


@pytest.mark.exhaustive
def test_the_study_is_the_same_bytes_for_the_same_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(interval_coverage, "ACCURACIES", (0.98,))
    monkeypatch.setattr(interval_coverage, "PAIR_ACCURACIES", ((0.98, 0.98), (0.985, 0.98)))
    monkeypatch.setattr(interval_coverage, "PAIR_SEEDS", ((1, 1), (3, 10)))
    monkeypatch.setattr(interval_coverage, "BOARD_SEEDS", (3,))
    monkeypatch.setattr(interval_coverage, "SPREAD_RATIOS", (2.0,))
    options = ["--replicates", "4", "--boards", "2", "--seed", "7", "--out"]
    for name in ("one", "two"):
        assert interval_coverage.main([*options, str(tmp_path / name)]) == 0
    for file in ("coverage.json", "coverage.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    printed = capsys.readouterr().out
    assert printed.startswith("# Coverage and false alarms, by simulation\n")
    assert "| 0.98 and 0.98 | two recipes | 10,000 |" in printed
    study = json.loads((tmp_path / "one" / "coverage.json").read_text("utf-8"))
    assert (study["replicates"], study["boards"], study["seed"]) == (4, 2, 7)
    assert len(study["single"]) == 2 * len(interval_coverage.SEEDS)


def test_departures_from_the_targets_are_marked():
    def row(seeds, rate):
        return {"accuracy": 0.98, "images": 1_000, "seeds": seeds, "these_images": rate}

    single = [
        {**row(n, rate), "digits_like_these": 0.95, "one_more_run": 0.95, "plain_estimator": 0.95}
        for n, rate in ((2, 0.5), (3, 0.85), (5, 0.90), (10, 0.95), (20, 0.99))
    ]
    study = interval_coverage.Study(4_000, 1_000, 1, single, [], [])
    line = "| 0.98 | 1,000 | 50.0 | 85.0 **↓** | 90.0 **↓** | 95.0 | 99.0 ↑ |"
    assert line in interval_coverage.markdown(study)


@pytest.fixture(scope="module")
def committed():
    return interval_coverage.Study(**json.loads((COMMITTED / "coverage.json").read_text("utf-8")))


def test_the_committed_table_is_made_from_the_committed_numbers(committed):
    assert (COMMITTED / "coverage.md").read_text("utf-8") == interval_coverage.markdown(committed)


def test_the_committed_study_meets_its_targets(committed):
    for row in committed.single + committed.pairs:
        low, _ = interval_coverage.coverage_target(interval_coverage.fewest_seeds(row))
        allowed = low - interval_coverage.simulation_error(low, committed.replicates)
        for question in ("these_images", "digits_like_these", "one_more_run"):
            assert row.get(question, 1.0) >= allowed, row


def test_the_committed_study_has_few_false_alarms(committed):
    pairs = [r for r in committed.pairs if r["accuracies"][0] == r["accuracies"][1]]
    rates = [
        (row["significant"], committed.replicates)
        for row in pairs
        if interval_coverage.fewest_seeds(row) > 1
    ] + [(row["any_false_better"], committed.boards) for row in committed.board]
    for rate, replicates in rates:
        assert rate <= 0.05 + interval_coverage.simulation_error(0.05, replicates)


def test_the_committed_study_is_what_its_command_makes(committed, monkeypatch):
    # One cell of it, its first thousand draws: the streams of the cells do not depend on each
    # other.  Another version of numpy may draw other numbers, hence the room for its error.
    monkeypatch.setattr(interval_coverage, "ACCURACIES", (0.998,))
    monkeypatch.setattr(interval_coverage, "IMAGES", (1_000,))
    replayed = list(interval_coverage.single_model_rows(1_000, committed.seed))
    kept = [r for r in committed.single if (r["accuracy"], r["images"]) == (0.998, 1_000)]
    assert len(kept) == len(interval_coverage.SEEDS)
    for now, then in zip(replayed, kept, strict=True):
        assert now == pytest.approx(then, abs=0.03)


@pytest.mark.exhaustive
def test_words_are_wrong_at_most_one_time_in_twenty():
    for row in interval_coverage.word_rows(60, 3):
        for question in ("false_equivalent", "different_after_two_looks"):
            assert row[question] <= 0.05 + slack(0.05, 60), row
        assert row["small_spread_covers"] >= 0.86 - slack(0.86, 15), row


def test_an_interval_whose_spread_came_out_small_covers_up_to_twice_the_flips():
    for row in interval_coverage.spread_rows(2_000, 1):
        assert row["covers"] >= 0.95 - slack(0.95, 2_000), row
        if row["seed_variance_over_flips"] <= 2:
            assert row["smallest_quarter"] >= 0.90 - slack(0.90, 500), row


@pytest.mark.exhaustive
def test_each_caution_with_few_errors_widens_a_difference(monkeypatch):
    monkeypatch.setattr(few_errors, "ERRORS", (2,))
    monkeypatch.setattr(few_errors, "SEEDS", (3, 20))
    rows = list(few_errors.difference_rows(60, 1, nearby=False))
    assert [(row["models"], row["seeds"]) for row in rows[:2]] == [
        ("same recipe", 3),
        ("same recipe", 20),
    ]
    for row in rows:
        assert row["used"] >= max(row["unseen"], row["images"]), row
        assert min(row["unseen"], row["images"]) >= row["neither"], row
        assert row["used"] >= 0.93 - slack(0.93, 60), row


def test_no_interval_of_few_errors_covers_too_seldom():
    text = (Path(few_errors.__file__).parent / "results" / "few_errors.md").read_text("utf-8")
    assert "| errors | models | n = 3 | n = 5 | n = 10 | n = 20 |" in text
    assert "↓" not in text
