"""Boards, comparisons and plans by another measure than accuracy."""

import json
import math

import numpy as np
import pytest
from ninetynine.board import build_boards, compare_rows
from ninetynine.board.measured import measured
from ninetynine.datasets import ImageGroups
from ninetynine.measures import find
from ninetynine.records import Predictions, RecordStore
from ninetynine.records.quantization import to_float16
from ninetynine.report.comparison import sentences
from ninetynine.report.tables import section
from ninetynine.statistics import Margin
from record_builders import make_failed, make_record

IMAGES = 600
LABELS = np.random.default_rng(9).choice(4, IMAGES, p=[0.7, 0.15, 0.1, 0.05])
LOSS, BALANCED = find("log_loss"), find("balanced_accuracy")


def write(store, name, seed, sharpness, scale=1.0, classes_only=False):
    """Write a run that knows the labels by ``sharpness`` and says so ``scale`` times as surely."""
    generator = np.random.default_rng([seed, *map(ord, name)])
    hard = np.random.default_rng(5).normal(size=(IMAGES, 4))
    logits = hard + 0.5 * generator.normal(size=(IMAGES, 4))
    logits[np.arange(IMAGES), LABELS] += sharpness
    found = np.exp(scale * logits)
    found /= found.sum(axis=1, keepdims=True)
    loss = -float(np.log(np.clip(found[np.arange(IMAGES), LABELS], 1e-7, 1)).mean())
    if classes_only:
        found, loss = np.eye(4)[found.argmax(axis=1)], None
    predictions = Predictions(to_float16(found.astype(np.float32)), LABELS.astype(np.uint16))
    accuracy = float(predictions.correct.mean())
    store.write(
        make_record(name, seed, accuracy=accuracy, loss=loss, context={"suite": "mine"}),
        predictions,
    )
    return loss


@pytest.fixture
def store(tmp_path):
    """sure is the more accurate, modest has the smaller loss; each of five seeds."""
    store = RecordStore(tmp_path / "results")
    for seed in range(5):
        write(store, "sure", seed, 1.6, scale=12.0)
        write(store, "modest", seed, 1.2)
    return store


def board_by(store, measure, **how):
    (board,) = build_boards(store, {}, measure=measure, **how)
    return board


def test_rows_are_ranked_by_the_measure_and_a_loss_by_the_smaller(store):
    by_accuracy, by_loss = (board_by(store, find(name)) for name in ("accuracy", "log_loss"))
    assert [row.name for row in by_accuracy.rows] == ["sure", "modest"]
    assert [row.name for row in by_loss.rows] == ["modest", "sure"]
    assert [(row.rank.best, row.rank.worst) for row in by_loss.rows] == [(1, 1), (2, 2)]
    first, second = (measured(row, LOSS) for row in by_loss.rows)
    assert 0 < first.ci_population.low < first.spread.mean < first.ci_population.high
    assert first.spread.mean < second.spread.mean
    recorded = [r.scores.test.loss for r in by_loss.rows[0].records]
    assert first.spread.mean == pytest.approx(np.mean(recorded))


def test_a_table_says_unit_direction_and_what_is_left_out(store):
    for seed in range(3):
        write(store, "bare", seed, 3.0, classes_only=True)
    board = board_by(store, LOSS)
    shown = section(board)
    assert shown.tables[0].columns[2].heading == "Log loss, nats"
    assert "lower is better" in shown.tables[0].footnotes[0]
    assert board.rows[-1].name == "bare"
    assert board.rows[-1].rank is None
    assert "bare: no log loss: seed 0: classes alone, no probabilities" in shown.notes
    by_classes = board_by(store, BALANCED)
    assert all(row.rank is not None for row in by_classes.rows)


def test_a_comparison_turns_the_sign_of_a_loss_and_not_its_verdict(store):
    board = board_by(store, LOSS)
    modest, sure = board.rows
    result = compare_rows(modest, sure, LOSS, Margin(0.001))
    assert result.verdict == "better"
    assert result.interval.low < result.difference < result.interval.high < 0
    other = compare_rows(sure, modest, LOSS, Margin(0.001))
    assert (other.verdict, other.difference) == ("worse", -result.difference)
    first, second, *_ = sentences(modest, sure, result, LOSS)
    assert first.startswith("modest is better than sure in log loss on ")
    assert first.endswith(" nats (lower is better).")
    assert "Log loss: modest 0." in second
    assert "percentage points" not in "".join(sentences(modest, sure, result, LOSS)[:2])


def test_a_relative_margin_of_a_loss_is_of_the_smaller_one(store):
    modest, sure = board_by(store, LOSS).rows
    result = compare_rows(modest, sure, LOSS, Margin(0.2, relative=True))
    assert result.margin == pytest.approx(0.2 * measured(modest, LOSS).spread.mean)
    assert result.relative_margin == 0.2


def test_calibration_errors_are_compared_in_points_though_squares_are_estimated(store):
    measure = find("calibration_error")
    first, second = board_by(store, measure).rows
    assert first.name == "modest"
    result = compare_rows(first, second, measure, Margin(0.001))
    means = [measured(row, measure).spread.mean for row in (first, second)]
    assert result.difference == pytest.approx(means[0] - means[1])
    assert result.verdict == "better"
    assert result.interval.high < 0


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_model_that_answers_one_class_alone_is_not_known_for_sure(tmp_path, seeds):
    """Its mean recall is as sure as one answer more of the rarest class leaves it."""
    store = RecordStore(tmp_path / "results")
    answers = np.eye(4, dtype=np.float16)[np.zeros(IMAGES, dtype=int)]
    predictions = Predictions(answers, LABELS.astype(np.uint16))
    accuracy = float((LABELS == 0).mean())
    for seed in range(seeds):
        record = make_record("major", seed, accuracy=accuracy, context={"suite": "mine"})
        store.write(record, predictions)
    (row,) = board_by(store, BALANCED).rows
    found = measured(row, BALANCED)
    assert found.spread.mean == 0.25
    one_answer = 0.25 / (LABELS == 3).sum()
    assert found.ci_population.high - found.ci_population.low > one_answer / seeds


def test_rows_of_one_seed_have_an_interval_over_images_alone(tmp_path):
    store = RecordStore(tmp_path / "results")
    write(store, "a", 0, 3.0)
    write(store, "b", 0, 1.0)
    for name in ("balanced_accuracy", "log_loss", "calibration_error", "roc_auc", "recall_1"):
        measure = find(name)
        better, worse = board_by(store, measure).rows
        found = measured(better, measure)
        assert found.ci_seeds is None
        assert found.ci_population.low <= found.spread.mean <= found.ci_population.high
        result = compare_rows(better, worse, measure)
        assert result.seed_interval is None
        assert math.isfinite(result.interval.low)


def test_failed_seeds_stay_visible_and_do_not_count(store):
    store.write(make_failed("modest", 7, kind="diverged", reason="the loss is nan"), None)
    board = board_by(store, BALANCED)
    (row,) = (row for row in board.rows if row.name == "modest")
    assert measured(row, BALANCED).spread.n == 5
    assert any("modest: 5 finished of 6, 1 failed" in note for note in board.notes)


def test_groups_of_images_widen_the_interval_of_every_measure(store):
    (board,) = build_boards(store, {})
    (row,) = (row for row in board.rows if row.name == "sure")
    alone = {m.name: measured(row, m).ci_population for m in (LOSS, BALANCED)}
    order = np.argsort(-np.asarray(row.correct.mean(axis=0)), kind="stable")
    groups = np.empty(IMAGES, dtype=np.int64)
    groups[order] = np.arange(IMAGES) // 20  # images that err come together
    for run in row.runs:
        run.read_groups = lambda: ImageGroups(groups)
        vars(run).pop("test_groups", None)
    for name in ("summary", "_intervals"):
        vars(row).pop(name, None)
    row.measured.clear()
    for measure in (LOSS, BALANCED):
        found = measured(row, measure).ci_population
        assert found.high - found.low > 1.5 * (alone[measure.name].high - alone[measure.name].low)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1", "roc_auc", "log_loss"])
def test_the_interval_on_new_images_covers_what_all_images_give(name):
    """500 images are drawn from 40,000, and five runs from sixty; nominal 95%."""
    from ninetynine.board.measured import _intervals
    from ninetynine.measures import RunPredictions
    from ninetynine.statistics.crossed import summarize_values

    measure, generator = find(name), np.random.default_rng(1)
    labels = generator.choice(3, 20_000, p=[0.6, 0.3, 0.1])
    hard = generator.normal(size=(len(labels), 3))
    seeds = []
    for _ in range(30):
        logits = hard + 0.6 * generator.normal(size=hard.shape)
        logits[np.arange(len(labels)), labels] += 1.5 + 0.05 * generator.normal()
        found = np.exp(logits)
        seeds.append(found / found.sum(axis=1, keepdims=True))
    truth = np.mean([measure.value(RunPredictions(p, labels)) for p in seeds])
    covered = 0
    for _ in range(100):
        images = generator.integers(0, len(labels), 500)
        runs = [
            RunPredictions(seeds[s][images], labels[images]) for s in generator.integers(0, 30, 5)
        ]
        values = np.stack([measure.values(run).of_images for run in runs])
        sign = -1 if measure.lower_is_better else 1
        summary = summarize_values(sign * values)
        summary = type(summary)(**{**vars(summary), "binary": False, "largest": measure.largest})
        covered += _intervals(summary, measure)[1].contains(truth)
    assert covered > 88


# --- the commands --------------------------------------------------------------------------------


def test_the_report_says_measure_and_direction_in_json(bench, store):
    command = ("report", "--results", str(store.directory), "--format", "json")
    (board,) = json.loads(bench(*command, "--measure", "log_loss")[1])["boards"]
    assert (board["measure"], board["measure_better"], board["measure_unit"]) == (
        "log_loss",
        "lower",
        "nats",
    )
    first = board["rows"][0]
    assert first["log_loss_ci_population_low_nats"] < first["log_loss_nats"]
    (plain,) = json.loads(bench(*command)[1])["boards"]
    assert "measure" not in plain


def test_columns_of_measures_are_made_on_request(bench, refuse, store):
    command = ("report", "--results", str(store.directory), "--format", "csv", "--columns")
    header, *rows = bench(*command, "recall_1,top_2,log_loss")[1].splitlines()
    for field in ("recall_1", "top_2_ci_population_low", "log_loss_sd_nats"):
        assert field in header.split(",")
    assert len(rows) == 2
    assert "name the class's number" in refuse(*command, "recall")


def test_mistakes_of_measures_are_one_line(refuse, store):
    results = ("--results", str(store.directory))
    for words, told in (
        (("report", "--measure", "los"), "no measure is called 'los'; did you mean 'log_loss'?"),
        (("report", "--measure", "log_loss", "--format", "html"), "--format html shows accuracies"),
        (("compare", "sure", "modest", "--measure", "top_4"), "sure has no top-4 accuracy: seed 0"),
        (("compare", "sure", "modest", "--measure", "recall_9"), "there is no class 9 among 4"),
        (("plan", "sure", "modest", "--measure", "nothing"), "no measure is called 'nothing'"),
    ):
        assert told in refuse(*words, *results)


def test_compare_and_plan_take_a_measure(bench, store):
    results = ("--results", str(store.directory))
    found = json.loads(
        bench("compare", "modest", "sure", "--measure", "log_loss", "--json", *results)[1]
    )
    assert found["verdict"] == "better"
    assert found["difference"] < 0
    assert found["measure_better"] == "lower"
    assert found["log_loss_nats_a"] < found["log_loss_nats_b"]
    plan = bench(
        "plan", "modest", "sure", "--measure", "log_loss", "--difference", "0.05", *results
    )
    assert "a difference of 0.05 nats in log loss between modest and sure" in plan[1]


def test_a_suite_names_the_measure_of_its_board(bench, refuse, store, tmp_path):
    suite = tmp_path / "mine.toml"
    suite.write_text('dataset = "mnist"\narchitectures = ["sure"]\nmeasure = "log_loss"\n')
    command = ("report", "--results", str(store.directory), "--suite", str(suite))
    assert "Log loss, nats" in bench(*command)[1]
    assert "Log loss" not in bench(*command, "--measure", "accuracy")[1]
    suite.write_text('dataset = "mnist"\narchitectures = ["sure"]\nmeasure = "log_los"\n')
    assert "measure: no measure is called 'log_los'" in refuse(*command)
