"""Measures give scikit-learn's numbers, and values whose deviations are influences."""

import math
import warnings

import numpy as np
import pytest
from ninetynine.errors import UserError
from ninetynine.measures import (
    ACCURACY,
    Family,
    Measure,
    NotMeasured,
    RunPredictions,
    describe,
    find,
    measures,
    names,
)

NAMES = ("balanced_accuracy", "macro_f1", "recall_2", "precision_2", "top_2", "log_loss")
NAMES += ("brier_score", "roc_auc", "accuracy")


def make_run(images=400, classes=5, seed=0, sharpness=2.0, shares=None) -> RunPredictions:
    """Probabilities that know something of labels, of which classes are not equally frequent."""
    generator = np.random.default_rng(seed)
    shares = np.arange(1, classes + 1) / sum(range(1, classes + 1)) if shares is None else shares
    labels = generator.choice(classes, images, p=shares)
    logits = generator.normal(size=(images, classes))
    logits[np.arange(images), labels] += sharpness
    found = np.exp(logits)
    return RunPredictions(found / found.sum(axis=1, keepdims=True), labels)


def in_sklearn(name: str, run: RunPredictions) -> float:
    from sklearn import metrics  # a second, which whoever only collects the tests saves

    true, given, p = run.labels, run.predicted, run.probabilities
    classes = np.arange(run.classes)
    if name == "roc_auc":
        scores = p[:, 1] if run.classes == 2 else p
        return metrics.roc_auc_score(true, scores, multi_class="ovr", average="macro")
    return {
        "accuracy": lambda: metrics.accuracy_score(true, given),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(true, given),
        "macro_f1": lambda: metrics.f1_score(true, given, average="macro"),
        "recall_2": lambda: metrics.recall_score(true, given, labels=[2], average=None)[0],
        "precision_2": lambda: metrics.precision_score(true, given, labels=[2], average=None)[0],
        "top_2": lambda: metrics.top_k_accuracy_score(true, p, k=2, labels=classes),
        "log_loss": lambda: metrics.log_loss(true, p, labels=classes),
        "brier_score": lambda: float(np.square(p - np.eye(run.classes)[true]).sum(axis=1).mean()),
    }[name]()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("classes", [3, 5, 100])
def test_numbers_are_those_of_scikit_learn(name, classes):
    shares = np.full(classes, 1 / classes) if classes == 100 else None
    run = make_run(images=2000, classes=classes, shares=shares)
    assert find(name).value(run) == pytest.approx(in_sklearn(name, run), rel=1e-12)


def test_numbers_of_two_classes_are_those_of_scikit_learn():
    from sklearn import metrics

    run = make_run(classes=2)
    positive = run.probabilities[:, 1]
    assert find("roc_auc").value(run) == pytest.approx(metrics.roc_auc_score(run.labels, positive))
    brier = metrics.brier_score_loss(run.labels, positive)
    assert find("brier_score").value(run) == pytest.approx(brier)
    rounded = RunPredictions(np.round(run.probabilities, 1), run.labels)  # many ties
    expected = metrics.roc_auc_score(run.labels, rounded.probabilities[:, 1])
    assert find("roc_auc").value(rounded) == pytest.approx(expected)


def test_a_class_without_test_images_counts_as_in_scikit_learn():
    run = make_run(classes=5, shares=[0.3, 0.3, 0.0, 0.2, 0.2])
    assert (run.predicted == 2).any()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("balanced_accuracy", "macro_f1"):
            assert find(name).value(run) == pytest.approx(in_sklearn(name, run), rel=1e-12)
    assert find("precision_2").value(run) == 0  # every prediction of it is wrong
    with pytest.raises(NotMeasured, match="no test image of this class"):
        find("recall_2").value(run)
    with pytest.raises(NotMeasured, match="class 2 has no test image"):
        find("roc_auc").value(run)


def test_what_predictions_cannot_give_is_said():
    run = make_run(classes=3)
    never = RunPredictions(np.eye(3)[np.zeros(400, int)], run.labels)
    with pytest.raises(NotMeasured, match="class 2 is never predicted"):
        find("precision_2").value(never)
    with pytest.raises(NotMeasured, match="no class 7 among 3"):
        find("recall_7").value(run)
    with pytest.raises(NotMeasured, match="among 3 of 3 classes every label is"):
        find("top_3").value(run)
    nothing = RunPredictions(np.zeros((400, 3)), run.labels)
    with pytest.raises(NotMeasured, match="all 0"):
        find("brier_score").value(nothing)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("recall_2", "top_2")])
def test_values_are_off_their_mean_by_each_images_influence(name):
    """Without image i the measure moves by -(value_i - mean) / (m - 1), nearly."""
    run, measure = make_run(images=300), find(name)
    values = measure.values(run).of_images
    assert values.mean() == pytest.approx(measure.value(run))
    for i in range(0, 300, 37):
        kept = np.delete(np.arange(300), i)
        without = measure.value(RunPredictions(run.probabilities[kept], run.labels[kept]))
        influence = -(values[i] - values.mean()) / 299
        assert without - values.mean() == pytest.approx(influence, rel=0.1, abs=2e-4)


def test_ties_in_top_k_count_by_the_orders_they_may_have():
    labels = np.arange(4) % 4
    alike = RunPredictions(np.full((4, 4), 0.25), labels)
    found = find("top_2").values(alike)
    assert found.of_images.tolist() == [0.5] * 4  # whatever the classes are called
    assert "share the last of the 2 places" in found.note
    clear = RunPredictions(np.array([[0.5, 0.3, 0.1, 0.1]] * 4), labels)
    assert find("top_2").values(clear).of_images.tolist() == [True, True, False, False]
    assert find("top_3").value(clear) == pytest.approx(0.75)  # 1, 1, 1/2, 1/2


def test_log_loss_is_the_recorded_one_where_it_can_be_that_of_the_rounded_probabilities():
    probabilities = np.array([[0.9, 0.1], [0.75, 0.25], [1.0, 0.0]])
    labels = np.array([0, 0, 1])  # the last label's probability was recorded as 0
    recorded = (-math.log(0.9) - math.log(0.75) - math.log(3e-5)) / 3
    measure = find("log_loss")
    found = measure.value(RunPredictions(probabilities, labels, recorded))
    assert found == pytest.approx(recorded, rel=1e-12)
    for other in (None, 0.01, 50.0):  # unknown, or no cross-entropy
        with pytest.raises(NotMeasured, match="1 labels have a recorded probability of 0"):
            measure.value(RunPredictions(probabilities, labels, other))
    known = RunPredictions(probabilities[:2], labels[:2], 50.0)
    assert measure.value(known) == pytest.approx(-math.log(0.9 * 0.75) / 2)


def test_names_are_found_and_mistakes_told_in_one_line():
    assert find("top_5").name == "top_5"
    assert find("accuracy") is ACCURACY
    for name, told in {
        "balanced_acuracy": "did you mean 'balanced_accuracy'",
        "top": "name the number k, such as top_2",
        "top_1": "expected 2 or more",
        "recall": "name the class's number",
        "": "no measure is called ''",
    }.items():
        with pytest.raises(UserError, match=told):
            find(name)


def test_every_measure_says_what_it_is():
    rows = describe()
    assert [row["name"] for row in rows] == names()
    lower = {row["name"] for row in rows if row["better"] == "lower"}
    assert lower == {"log_loss", "brier_score", "calibration_error"}
    for found in measures().values():
        one = found if isinstance(found, Measure) else found.make(2)
        assert isinstance(found, Measure | Family)
        assert one.lower_is_better or one.largest == 1


def test_differences_of_square_roots_keep_their_sign_and_their_size():
    measure = find("calibration_error")
    one, other = 0.02**2, 0.01**2
    assert measure.shown_difference(one - other, one, other) == pytest.approx(0.01)
    assert measure.shown_difference(other - one, one, other) == pytest.approx(-0.01)
    assert measure.shown_difference(1e-4, 0.0, 0.0) == pytest.approx(0.01)
    for shown in (0.001, 0.1):
        inside = measure.value_difference(shown, one, other)
        assert measure.shown_difference(inside, one, other) == pytest.approx(shown)
