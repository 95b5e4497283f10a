"""The gate by another measure than accuracy, and by a margin of each class."""

import dataclasses
import json

import numpy as np
import pytest
from gate_builders import make_row, make_runs, make_update, row_of, spread, write_runs
from ninetynine.board import Run
from ninetynine.errors import UserError
from ninetynine.gate import Outcome, Terms, decide, update_baseline
from ninetynine.gate.asked import measure_of, terms_of
from ninetynine.gate.manifest import Manifest, read_manifest
from ninetynine.gate.verdict import CheckResult
from ninetynine.measures import find
from ninetynine.records import Predictions, RecordStore
from ninetynine.report.formats import markdown
from ninetynine.report.gate import section
from ninetynine.report.gate_machine import facts
from ninetynine.report.gate_sentences import sentence
from ninetynine.suite import load
from record_builders import make_record

IMAGES = 2000
LABELS = np.arange(IMAGES) % 4


def run_of(wrong, seed, confidence=0.97, classes_only=False) -> Run:
    """A run that errs on ``wrong`` of each class's 500 images, and says how sure it is."""
    generator = np.random.default_rng([seed, *wrong])
    predicted = LABELS.copy()
    for label, count in enumerate(wrong):
        chosen = generator.choice(np.flatnonzero(label == LABELS), count, replace=False)
        predicted[chosen] = (label + 1) % 4
    top, rest = (1.0, 0.0) if classes_only else (confidence, (1 - confidence) / 3)
    probabilities = np.full((IMAGES, 4), rest, dtype=np.float16)
    probabilities[np.arange(IMAGES), predicted] = top
    predictions = Predictions(probabilities, LABELS.astype(np.uint16))
    loss = None if classes_only else 0.1
    record = make_record("net", seed, accuracy=float(predictions.correct.mean()), loss=loss)
    model = record.model.model_copy(update={"weights_hash": f"{seed}-{wrong}".ljust(64, "0")})
    return Run(record.model_copy(update={"model": model}), lambda: predictions)


def runs_of(mean, count, first_seed=0, **fields):
    """Runs whose errors of each class vary around ``mean``."""
    generator = np.random.default_rng([first_seed, *mean])
    return [
        run_of([max(m + int(generator.integers(-2, 3)), 0) for m in mean], first_seed + i, **fields)
        for i in range(count)
    ]


def verdict_of(baseline, runs, terms):
    for number in range(1, len(runs) + 1):
        found = decide(row_of(baseline), runs[:number], terms)
        if found is not None:
            return found
    raise AssertionError("undecided after its last run")


def result_of(verdict, terms):
    return CheckResult("quick", "mnist", "base", terms, (verdict,))


BASELINE = runs_of([10, 10, 10, 10], 12)
CLASSES = Terms(margin=0.005, max_seeds=10, class_margins={"": 0.02})


# --- classes -------------------------------------------------------------------------------------


def test_a_fall_of_one_class_is_seen_where_the_accuracy_hides_it():
    """Class 2 loses six points, the others win two each: accuracy is as it was."""
    runs = runs_of([0, 0, 40, 0], 10, first_seed=50)
    assert verdict_of(BASELINE, runs, Terms(margin=0.005, max_seeds=10)).overall == 0
    found = verdict_of(BASELINE, runs, CLASSES)
    assert found.outcome is not Outcome.REGRESSED
    assert found.overall is Outcome.REGRESSED
    worse = [one.label for one in found.classes if one.outcome is Outcome.REGRESSED]
    assert worse == [2]
    text = sentence(found)
    assert "Class 2 regressed: the share of its images that are right fell by 5.767 points" in text
    assert "margin 2.00" in text
    shown = markdown.render_sections([section(result_of(found, CLASSES))])
    (line,) = (
        row for row in shown.splitlines() if "regressed" in row and row.startswith("| `net`")
    )
    assert line.split("|")[2].strip() == "2"


def test_equal_classes_are_no_worse_in_one_sentence():
    found = verdict_of(BASELINE, runs_of([10, 10, 10, 10], 10, first_seed=70), CLASSES)
    assert found.overall is Outcome.NO_WORSE
    assert {one.outcome for one in found.classes} == {Outcome.NO_WORSE}
    assert "Each of the 4 classes: no worse." in sentence(found)


def test_a_class_of_its_own_margin_is_judged_alone():
    terms = dataclasses.replace(CLASSES, class_margins={"1": 0.02})
    runs = runs_of([0, 0, 40, 0], 10, first_seed=50)
    found = verdict_of(BASELINE, runs, terms)
    assert [one.label for one in found.classes] == [1]
    assert found.overall is Outcome.NO_WORSE


def test_the_check_goes_on_until_the_classes_are_told_too():
    noisy = [run_of([10, 10, 10 + 12 * (i % 2), 10], i) for i in range(12)]
    terms = dataclasses.replace(CLASSES, margin=0.02, max_seeds=4, class_margins={"2": 0.002})
    new = [run_of([10, 10, 10 + 12 * (i % 2), 10], 90 + i) for i in range(4)]
    found = verdict_of(noisy, new, terms)
    assert len(found.new_seeds) == 4
    assert (found.outcome, found.overall) == (Outcome.NO_WORSE, Outcome.INCONCLUSIVE)
    assert "Class 2 cannot be told" in sentence(found)


def test_machines_read_the_classes(tmp_path):
    found = verdict_of(BASELINE, runs_of([0, 0, 40, 0], 10, first_seed=50), CLASSES)
    (verdict,) = json.loads(json.dumps(facts(result_of(found, CLASSES)), default=str))["verdicts"]
    (worse,) = (one for one in verdict["classes"] if one["outcome"] == "regressed")
    assert worse["label"] == 2
    assert worse["look"]["drop"] == pytest.approx(0.06, abs=0.01)


# --- measures ------------------------------------------------------------------------------------


def test_a_calibration_error_that_rises_is_seen_though_the_accuracy_is_the_same():
    terms = Terms(margin=0.01, max_seeds=10, measure="calibration_error")
    surer = runs_of([10, 10, 10, 10], 10, first_seed=30, confidence=0.99)
    worse = runs_of([10, 10, 10, 10], 10, first_seed=30, confidence=0.9)
    assert verdict_of(BASELINE, surer, terms).outcome is Outcome.NO_WORSE
    found = verdict_of(BASELINE, worse, terms)
    assert found.outcome is Outcome.REGRESSED
    text = sentence(found)
    assert "regressed: calibration error rose by 7" in text
    assert "points (at least" in text
    assert "%" in text
    table = section(result_of(found, terms)).tables[0]
    headings = [column.heading for column in table.columns]
    assert headings[2:5] == ["Calibration error, %", "Baseline, %", "Rise, points"]


def test_a_loss_is_gated_in_nats_and_told_with_its_own_sign():
    terms = Terms(margin=0.02, max_seeds=10, measure="brier_score")
    worse = runs_of([10, 10, 10, 10], 10, first_seed=30, confidence=0.7)
    found = verdict_of(BASELINE, worse, terms)
    assert found.outcome is Outcome.REGRESSED
    assert "Brier score rose by 0." in sentence(found)
    assert "points" not in sentence(found)
    (verdict,) = facts(result_of(found, terms))["verdicts"]
    look = verdict["look"]
    assert (look["measure"], look["measure_better"]) == ("brier_score", "lower")
    assert 0 < look["baseline_value"] < look["new_value"]
    assert look["drop"] == pytest.approx(look["new_value"] - look["baseline_value"])
    assert "new_accuracy" not in look


def test_runs_without_probabilities_cannot_be_compared_by_them():
    terms = Terms(max_seeds=10, measure="log_loss")
    bare = runs_of([10, 10, 10, 10], 10, first_seed=30, classes_only=True)
    found = verdict_of(BASELINE, bare, terms)
    assert found.outcome is Outcome.NOT_COMPARABLE
    assert "seed 30 has no log loss: classes alone, no probabilities" in found.reason
    by_classes = dataclasses.replace(terms, margin=0.01, measure="balanced_accuracy")
    assert verdict_of(BASELINE, bare, by_classes).outcome is Outcome.NO_WORSE


def test_a_collapsed_seed_is_told_whatever_is_judged():
    new = [*runs_of([10, 10, 10, 10], 1, first_seed=30), run_of([490] * 4, 31)]
    terms = Terms(margin=0.05, max_seeds=10, measure="calibration_error")
    found = decide(row_of(BASELINE), new, terms)
    assert found.outcome is Outcome.REGRESSED


def test_accuracy_alone_has_all_of_alpha_as_before():
    row, runs = make_row(spread(0.98, 0.0006, 10)), make_runs(spread(0.975, 0.0006, 5), 40)
    found = decide(row, runs, Terms(max_seeds=20))
    assert (found.measure, found.classes) == ("accuracy", ())


# --- what is judged ------------------------------------------------------------------------------


def test_the_measure_is_the_asked_one_the_baselines_the_suites_or_accuracy(tmp_path):
    suite = load("quick")
    kept, none = Manifest(measure="macro_f1"), Manifest()
    named = dataclasses.replace(suite, measure="log_loss")
    assert measure_of("roc_auc", named, tmp_path, kept).name == "roc_auc"
    assert measure_of(None, named, tmp_path, kept).name == "macro_f1"
    assert measure_of(None, named, tmp_path, none).name == "log_loss"
    assert measure_of(None, suite, tmp_path, none).name == "accuracy"
    with pytest.raises(UserError, match=r"baseline\.json: measure: no measure is called 'f1'"):
        measure_of(None, suite, tmp_path, Manifest(measure="f1"))


def test_margins_are_points_of_percentages_and_the_unit_of_what_is_none():
    manifest = Manifest(margins={"net": 0.3}, class_margins={"3": 2})
    points = terms_of(Terms(), find("macro_f1"), manifest, {"": 0.2}, {"": 1})
    assert (points.margin, points.of("net").margin) == (0.002, 0.003)
    assert (points.class_margin(3), points.class_margin(0)) == (0.02, 0.01)
    nats = terms_of(Terms(), find("log_loss"), manifest, {"": 0.2}, {})
    assert (nats.margin, nats.of("net").margin) == (0.2, 0.3)


def test_the_manifest_keeps_the_measure_until_another_is_named(tmp_path):
    runs = make_runs([0.98, 0.981])
    update_baseline(tmp_path, runs, make_update(), "balanced_accuracy")
    update_baseline(tmp_path, runs, make_update("again"))
    assert read_manifest(tmp_path).measure == "balanced_accuracy"
    plain = tmp_path / "plain"
    update_baseline(plain, runs, make_update())
    assert "measure" not in json.loads((plain / "baseline.json").read_text())


def test_mistakes_of_margins_are_one_line(refuse, tmp_path):
    write_runs(RecordStore(tmp_path / "base"), make_runs([0.98, 0.981]))
    command = ("check", "quick", "--baseline", "base")
    assert "'x' is no class; name its number" in refuse(*command, "--class-margin", "x=1")
    assert "--class-margin '0'" in refuse(*command, "--class-margin", "0")
    assert "no measure is called 'lgo_loss'" in refuse(*command, "--measure", "lgo_loss")
