"""What all runs of a row predicted, summed up: votes, confusion, calibration."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ninetynine.records import Predictions
from ninetynine.statistics.calibration import BINS


@dataclass(frozen=True, eq=False)
class PredictionSums:
    """The predictions of n runs on m images of c classes.

    The bins split the confidence (the largest probability) into ``BINS`` equal parts; they hold
    sums over all runs and images.  Predictions that are only classes (0 and 1) have no
    calibration: their bins are None.
    """

    labels: NDArray[np.int64]  # (m,)
    right_per_run: NDArray[np.int64]  # (n,)
    votes: NDArray[np.int64]  # (m, c) how many runs gave each class
    mean_probabilities: NDArray[np.float64]  # (m, c) over runs
    bins: NDArray[np.float64] | None  # (3, BINS) count, right predictions, sum of confidences
    calibration_errors: tuple[float, ...]  # expected calibration error of each run, a share of 1

    @property
    def runs(self) -> int:
        return len(self.right_per_run)

    @cached_property
    def right_per_image(self) -> NDArray[np.int64]:
        """Return how many runs label each image rightly, int64 (m,)."""
        return np.asarray(self.votes[np.arange(len(self.labels)), self.labels])

    @property
    def calibration_error(self) -> float | None:
        """Return the mean over runs of the expected calibration error, a share of 1."""
        return float(np.mean(self.calibration_errors)) if self.calibration_errors else None

    @cached_property
    def confusion(self) -> NDArray[np.float64]:
        """Return the mean count per run of (label, predicted class), float64 (c, c)."""
        classes = self.votes.shape[1]
        of_class = (np.bincount(self.labels, votes, classes) for votes in self.votes.T)
        counts: NDArray[np.float64] = np.stack([*of_class], axis=1)
        return counts / self.runs


def sum_predictions(
    predictions: Iterable[Predictions], calibrated: bool = True
) -> PredictionSums | None:
    """Return the sums over ``predictions`` of one row's runs; None where there are none.

    All have the same labels.  With ``calibrated`` False no calibration is computed.
    """
    labels: NDArray[np.int64] | None = None
    votes, total = np.zeros(0, np.int64), np.zeros(0)
    bins, errors, right = np.zeros((3, BINS)), [], []
    for found in predictions:
        probabilities = found.probabilities.astype(np.float64)
        if labels is None:
            labels = found.labels.astype(np.int64)
            votes, total = np.zeros(probabilities.shape, np.int64), np.zeros(probabilities.shape)
        classes, images = probabilities.argmax(axis=1), np.arange(len(labels))
        votes[images, classes] += 1
        total += probabilities
        own = _bins(probabilities[images, classes], classes == labels)
        errors.append(float(np.abs(own[1] - own[2]).sum()) / len(labels))
        bins += own
        right.append(int((classes == labels).sum()))
    if labels is None:
        return None
    return PredictionSums(
        labels=labels,
        right_per_run=np.array(right, dtype=np.int64),
        votes=votes,
        mean_probabilities=total / len(right),
        bins=bins if calibrated else None,
        calibration_errors=tuple(errors) if calibrated else (),
    )


def _bins(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return count, right predictions and summed confidence per bin, float64 (3, BINS)."""
    index = np.clip((confidence * BINS).astype(np.int64), 0, BINS - 1)
    weights = (None, right.astype(np.float64), confidence)
    return np.stack([np.bincount(index, w, minlength=BINS).astype(np.float64) for w in weights])
