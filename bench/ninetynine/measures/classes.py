"""Measures of the predicted classes alone, where classes count as much as images."""

import numpy as np

from ninetynine.measures import Family, Measure, NotMeasured, RunPredictions, Values
from ninetynine.statistics.summary import BoolArray


def balanced_accuracy(run: RunPredictions) -> Values:
    """Return the values of the mean recall of the classes that have test images."""
    labels, right = run.labels, run.predicted == run.labels
    images = np.bincount(labels, minlength=run.classes)
    recall = np.bincount(labels, right, run.classes) / np.maximum(images, 1)
    there = images > 0
    weight = len(labels) / there.sum() / images[labels]
    found = recall[there].mean() + weight * (right - recall[labels])
    return Values(np.asarray(found), step=float(weight.max()))


def macro_f1(run: RunPredictions) -> Values:
    """Return the values of the mean F1 of the classes that are labels or are predicted.

    F1 of a class is 2 A / B, A the images of which it is label and prediction, B how often it is
    the one or the other; both are means over images.
    """
    labels, predicted, classes = run.labels, run.predicted, run.classes
    right = labels == predicted
    both = np.bincount(labels, right, classes)
    either = np.bincount(labels, minlength=classes) + np.bincount(predicted, minlength=classes)
    there = either > 0
    f1 = 2 * both / np.maximum(either, 1)
    weight = len(labels) / there.sum() / np.maximum(either, 1)
    moved = 2 * right * weight[labels]
    moved -= f1[labels] * weight[labels] + f1[predicted] * weight[predicted]
    return Values(np.asarray(f1[there].mean() + moved), step=2 * float(weight[there].max()))


def precision(run: RunPredictions, label: int) -> Values:
    """Return the values of the share of right predictions among those of class ``label``."""
    _check_class(run, label)
    given = run.predicted == label
    if not given.any():
        raise NotMeasured(f"class {label} is never predicted")
    share = float((run.labels[given] == label).mean())
    weight = len(given) / float(given.sum())
    found = share + weight * given * ((run.labels == label) - share)
    return Values(np.asarray(found), step=weight)


def _right_of_class(run: RunPredictions, label: int) -> BoolArray:
    _check_class(run, label)
    return np.asarray(run.predicted == run.labels)


def _check_class(run: RunPredictions, label: int) -> None:
    if label >= run.classes:
        raise NotMeasured(f"there is no class {label} among {run.classes} (numbered from 0)")


def _recall(label: int) -> Measure:
    return Measure(
        name=f"recall_{label}",
        title=f"Recall of class {label}",
        help=f"Share of the test images of class {label} that are right.",
        of_run=lambda run: _right_of_class(run, label),
        on_images=lambda labels: np.asarray(labels == label),
    )


def _precision(label: int) -> Measure:
    return Measure(
        name=f"precision_{label}",
        title=f"Precision of class {label}",
        help=f"Share of right ones among the predictions of class {label}.",
        of_run=lambda run: precision(run, label),
    )


MEASURES = (
    Measure(
        name="balanced_accuracy",
        title="Balanced accuracy",
        help="Mean recall of the classes: each counts as much, however many images it has.",
        of_run=balanced_accuracy,
    ),
    Measure(
        name="macro_f1",
        title="Macro F1",
        help="Mean over the classes of F1, the harmonic mean of recall and precision.",
        of_run=macro_f1,
    ),
    Family("recall", "CLASS", "Share of a class's test images that are right.", _recall),
    Family("precision", "CLASS", "Share of right ones among a class's predictions.", _precision),
)
