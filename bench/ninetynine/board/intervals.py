"""Intervals of a row's other numbers: computed where a column or a sentence asks for one.

Accuracies are shares of 1, losses nats.  What needs probabilities reads the row's prediction files
again and keeps nothing of them.
"""

from dataclasses import dataclass

import numpy as np

from ninetynine.board.row import Row
from ninetynine.board.training_time import relative_time
from ninetynine.statistics import Interval, accuracy_estimate, summarize
from ninetynine.statistics.calibration import Calibration, calibration, calibration_difference
from ninetynine.statistics.crossed import difference_of_means, mean_error, summarize_values
from ninetynine.statistics.estimate import gap_interval
from ninetynine.statistics.spread import welch_reach
from ninetynine.statistics.summary import FloatArray, Summary

_EPSILON = 1e-7  # as Keras clips probabilities before it takes their logarithm


@dataclass(frozen=True)
class Difference:
    """A difference A less B with its 95% interval."""

    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassAccuracy:
    """The accuracy on the test images of one class."""

    label: int
    images: int
    accuracy: float
    interval: Interval  # on new images and seeds of this kind


@dataclass(frozen=True, eq=False)
class Probabilities:
    """What a row's runs said with how much confidence; None where they told only classes."""

    losses: Summary | None  # nats, of seeds and images
    calibration: Calibration | None


def collapse_in_words(row: Row) -> str:
    """Return what collapsed and what to read in place of the mean; "" where nothing did."""
    found, values = row.failures, row.seed_accuracies
    if not found.collapsed or found.mean is None or found.median is None:
        return ""
    gone = ", ".join(f"seed {values[i][0]}: {100 * values[i][1]:.2f}%" for i in found.collapsed)
    rate, mean = found.rate_interval, found.mean_interval
    text = (
        f"{len(found.collapsed)} of {found.tried} seeds collapsed ({gone}); the mean with "
        f"{'it' if len(found.collapsed) == 1 else 'them'} {100 * found.mean:.2f}%, the median "
        f"{100 * found.median:.2f}%; {found.count} of {found.tried} seeds fail, 95% interval "
        f"{100 * rate.low:.0f} to {100 * rate.high:.0f}%. "
    )
    if mean is None:
        return f"{text}The intervals of the mean do not hold their 95% where seeds collapse"
    ends = f"{100 * mean.low:.1f} to {100 * mean.high:.1f}%"
    return f"{text}The mean's interval over seeds is with the failure rate's, {ends}"


def train_test_gap_interval(row: Row) -> Interval | None:
    """Return the interval of train less test accuracy on new images; None unless all have both."""
    train = [r.scores.train.accuracy for r in row.records if r.scores and r.scores.train]
    if row.summary is None or not len(train) == len(row.outcomes) == len(row.runs):
        return None
    return gap_interval(row.summary, np.array(train))


def gap_difference(a: Row, b: Row) -> Difference | None:
    """Return how much the train-test gaps differ on these images; chance: seeds."""
    gaps = []
    for row in (a, b):
        both = [r.scores for r in row.records if r.scores and r.scores.train]
        gaps.append(np.array([s.train.accuracy - s.test.accuracy for s in both if s.train]))
    if min(map(len, gaps)) < 2 or (reach := welch_reach(gaps)) == 0:
        return None
    difference = float(gaps[0].mean() - gaps[1].mean())
    return Difference(difference, difference - reach, difference + reach)


def class_accuracies(row: Row, confidence: float = 0.95) -> list[ClassAccuracy]:
    """Return the accuracy on each class's images; where these come in groups, groups are drawn.

    Where there are no classes, or scores in place of right and wrong, there is nothing to return.
    """
    if row.summary is None or not row.summary.binary or len(np.unique(row.labels)) < 2:
        return []
    correct, labels, groups = row.correct, row.labels, row.summary.groups
    found = []
    for label in np.unique(labels):
        chosen = labels == label
        of_class = None if groups is None else groups.among(chosen)
        summary = summarize(np.ascontiguousarray(correct[:, chosen]), of_class)
        estimate = accuracy_estimate(summary, confidence)
        found.append(
            ClassAccuracy(
                int(label), int(chosen.sum()), estimate.mean, estimate.population_interval
            )
        )
    return found


def worst_class(row: Row) -> ClassAccuracy | None:
    """Return the class with the lowest accuracy, its interval corrected for the choice of it."""
    count = 0 if row.summary is None else len(np.unique(row.labels))
    found = class_accuracies(row, 1 - 0.05 / max(count, 1))
    return min(found, key=lambda one: one.accuracy, default=None)


def probabilities_of(row: Row) -> Probabilities:
    """Return losses and calibration of the runs; what is packed keeps probabilities rounded."""
    losses: list[FloatArray] = []
    confidences: list[FloatArray] = []
    for run in row.runs:
        predictions = run.read_and_note()
        scores = run.record.scores
        if predictions is None or scores is None or scores.test.loss is None:
            continue
        given = predictions.probabilities
        total = given.sum(axis=1, dtype=np.float32)
        true = given[np.arange(len(given)), predictions.labels] / total
        losses.append(-np.log(np.clip(true.astype(np.float64), _EPSILON, 1 - _EPSILON)))
        confidences.append(given.max(axis=1).astype(np.float64))
    if row.summary is None or len(losses) != len(row.outcomes):
        return Probabilities(None, None)
    groups = row.summary.groups
    return Probabilities(
        summarize_values(np.stack(losses), groups),
        calibration(np.stack(confidences), row.correct, groups),
    )


def loss_interval(row: Row, found: Probabilities) -> Interval | None:
    """Return the interval of the recorded mean loss; probabilities give its width."""
    if found.losses is None or row.loss is None:
        return None
    measured = mean_error(found.losses)
    if measured.mean <= 0:
        return None
    interval, scale = measured.positive_interval(), row.loss.mean / measured.mean
    return Interval(interval.low * scale, interval.high * scale)


@dataclass(frozen=True)
class OtherDifferences:
    """What two rows differ by beside accuracy; None where it is not known.

    ``loss`` (nats) and ``calibration_error`` hold for new images, ``train_test_gap`` for these.
    ``time_ratio`` is A's training time over B's on one machine: it differs where 1 is outside.
    """

    loss: Difference | None
    calibration_error: Difference | None
    train_test_gap: Difference | None
    time_ratio: Difference | None


def other_differences(a: Row, b: Row) -> OtherDifferences:
    """Return what ``a`` and ``b``, whose test images are the same, differ by beside accuracy."""
    loss = error = None
    one, other = probabilities_of(a), probabilities_of(b)
    if one.losses is not None and other.losses is not None:
        difference = difference_of_means(one.losses, other.losses)
        loss = _difference(difference.mean, difference.interval())
    if one.calibration is not None and other.calibration is not None:
        error = _difference(*calibration_difference(one.calibration, other.calibration))
    time = relative_time(a.records, b.records)
    ratio = None
    if time is not None and time.ratio is not None and time.ratio_interval is not None:
        ratio = _difference(time.ratio, time.ratio_interval)
    return OtherDifferences(loss, error, gap_difference(a, b), ratio)


def _difference(value: float, interval: Interval) -> Difference:
    return Difference(value, interval.low, interval.high)
