"""Measures of the probabilities, from what records keep of them."""

import math

import numpy as np

from ninetynine.measures import Family, Measure, NotMeasured, RunPredictions, Values
from ninetynine.statistics.calibration import calibration_values
from ninetynine.statistics.summary import BoolArray, FloatArray

_EPSILON = 1e-7  # as Keras clips probabilities before it takes their logarithm
_LEAST = 2.0**-14  # what is less is recorded as 0
_ROUNDING = 1 / 4  # relative error that rounding in records and packs stays within


def log_loss(run: RunPredictions) -> Values:
    """Return the values of the mean cross-entropy, nats.

    Records keep probabilities rounded, and what is below 2^-14 as 0; the recorded loss is of
    unrounded ones.  Where it can be the cross-entropy of what they were rounded from, it is their
    mean.
    """
    true = run.distributions[np.arange(len(run.labels)), run.labels]
    values = -np.log(np.clip(true, _EPSILON, 1.0))
    zero = true <= 0
    apart = np.where(zero, -math.log(_EPSILON), values - math.log1p(-_ROUNDING))
    near = np.where(zero, -math.log(_LEAST), values - math.log1p(_ROUNDING))
    low, high = float(np.maximum(near, 0.0).mean()), float(apart.mean())
    recorded = run.recorded_loss
    if recorded is not None and low <= recorded <= high:
        return Values(values + (recorded - values.mean()))
    if zero.any():
        raise NotMeasured(
            f"{int(zero.sum())} labels have a recorded probability of 0 (below 2^-14), and the "
            f"recorded loss is no cross-entropy: it lies between {low:.4g} and {high:.4g} nats"
        )
    return Values(values)


def brier_score(run: RunPredictions) -> FloatArray:
    """Return the values of the mean squared distance of probabilities and label.

    Summed over the classes; of two, which are as far off, one counts, as in scikit-learn.
    """
    off = run.distributions.copy()
    off[np.arange(len(run.labels)), run.labels] -= 1
    return np.asarray(np.square(off).sum(axis=1) / (2 if run.classes == 2 else 1))


def top(run: RunPredictions, k: int) -> Values:
    """Return whether the label is among the ``k`` classes with the largest probabilities.

    Where the k-th place is shared, it is so in a share of the orders that a tie may have.
    """
    if k >= run.classes:
        raise NotMeasured(f"among {k} of {run.classes} classes every label is")
    own = run.probabilities[np.arange(len(run.labels)), run.labels][:, None]
    ahead = (run.probabilities > own).sum(axis=1)
    tied = (run.probabilities == own).sum(axis=1)  # itself included
    share = np.clip((k - ahead) / tied, 0.0, 1.0)
    open_ = int(((share > 0) & (share < 1)).sum())
    if not open_:
        return Values(share == 1)
    note = f"labels that share the last of the {k} places with other classes, and count in part"
    return Values(share, note=f"{note}: {open_}")


def roc_auc(run: RunPredictions) -> FloatArray:
    """Return the values of the area under the ROC curve; of several classes one against the rest.

    The values are the placements of DeLong, DeLong and Clarke-Pearson 1988.
    """
    images = np.bincount(run.labels, minlength=run.classes)
    if run.classes < 2 or not images.all():
        missing = np.flatnonzero(images == 0)
        raise NotMeasured(f"class {missing[0] if len(missing) else 1} has no test image")
    if images.max() == len(run.labels):
        raise NotMeasured("all test images are of one class")
    chosen = [1] if run.classes == 2 else range(run.classes)
    found = [_area(run.probabilities[:, c].astype(np.float64), run.labels == c) for c in chosen]
    return np.asarray(np.mean(found, axis=0))


def _area(scores: FloatArray, positive: BoolArray) -> FloatArray:
    """Return the values of the chance that a positive's score is above a negative's, ties half."""
    above, below = scores[positive], scores[~positive]
    of_positive = _share_below(below, above)
    of_negative = 1 - _share_below(above, below)
    area = float(of_positive.mean())
    values = np.empty(len(scores))
    values[positive] = area + len(scores) / len(above) * (of_positive - area)
    values[~positive] = area + len(scores) / len(below) * (of_negative - area)
    return values


def _share_below(others: FloatArray, scores: FloatArray) -> FloatArray:
    """Return for each of ``scores`` the share of ``others`` below it, equal ones counting half."""
    ordered = np.sort(others)
    found = np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")
    return np.asarray(found / 2 / len(others))


def calibration_error(run: RunPredictions) -> Values:
    """Return the values of the square of the calibration error, debiased."""
    confidence = run.probabilities.max(axis=1).astype(np.float64)
    return Values(*calibration_values(confidence, run.predicted == run.labels, run.groups))


def _top(k: int) -> Measure:
    return Measure(
        name=f"top_{k}",
        title=f"Top-{k} accuracy",
        help=f"Share of test images whose label is among the {k} most probable classes.",
        of_run=lambda run: top(run, k),
        needs_probabilities=True,
    )


MEASURES = (
    Family("top", "K", "Share of images whose label is among the K likeliest.", _top, least=2),
    Measure(
        name="log_loss",
        title="Log loss",
        help="Mean cross-entropy of the labels.",
        of_run=log_loss,
        unit="nats",
        lower_is_better=True,
        needs_probabilities=True,
        largest=math.inf,
    ),
    Measure(
        name="brier_score",
        title="Brier score",
        keeps_capital=True,
        help="Mean squared distance of probabilities and label, summed over classes; of two classes"
        " half of it.",
        of_run=brier_score,
        unit="",
        lower_is_better=True,
        needs_probabilities=True,
        largest=2.0,
    ),
    Measure(
        name="roc_auc",
        title="ROC AUC",
        keeps_capital=True,
        help="Area under the ROC curve; of more than two classes the mean of each one against the "
        "rest.",
        of_run=roc_auc,
        unit="",
        needs_probabilities=True,
    ),
    Measure(
        name="calibration_error",
        title="Calibration error",
        help="Root mean square of confidence less share right over 15 bins, debiased.",
        of_run=calibration_error,
        lower_is_better=True,
        needs_probabilities=True,
        is_square=True,
    ),
)
