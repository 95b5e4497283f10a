"""The way from 99.06% to 99.79%: how much of it each model has gone on MNIST."""

from collections.abc import Sequence

import numpy as np

from ninetynine.datasets import known
from ninetynine.leaderboard.measure import spread
from ninetynine.leaderboard.model import Row, WayRow
from ninetynine.leaderboard.rows import Outcome
from ninetynine.statistics import binomial_against_published

DATASET = "mnist"
# The tutorial that this suite starts from (David Schmudde, 2018), and the best classifier that it
# names: DropConnect (Wan, Zeiler, Zhang, LeCun and Fergus, ICML 2013), five networks voting.
START_ACCURACY = 0.9906
BEST_ERRORS = 21
BEST_IMAGES = 10_000
BEST_ACCURACY = 1 - BEST_ERRORS / BEST_IMAGES


def doubtful_images(dataset: str, images: int) -> list[int]:
    """Return the indices of the test images with a doubtful label, where they are known."""
    info = known().get(dataset)
    if info is None or info.test_length != images:
        return []
    return sorted(doubtful.index for doubtful in info.doubtful_test_images)


def way_row(row: Row, outcomes: Sequence[Outcome], dataset: str) -> WayRow | None:
    """Return how far ``row`` has come; None for another dataset and for a row without numbers."""
    if dataset != DATASET or row.accuracy is None:
        return None
    errors = (1 - row.accuracy.mean) * BEST_IMAGES
    against = binomial_against_published(errors, BEST_IMAGES, BEST_ERRORS)
    return WayRow(
        row=row.name,
        errors=errors,
        share=_share(row.accuracy.mean),
        clean=spread(_clean_accuracy(outcome, dataset) for outcome in outcomes),
        difference=against.interval,
        p_value=against.p_value,
    )


def share_of_the_way(row: Row, dataset: str) -> float | None:
    """Return the share of the way that ``row`` has gone, negative below 99.06%."""
    return None if dataset != DATASET or row.accuracy is None else _share(row.accuracy.mean)


def _share(accuracy: float) -> float:
    return (accuracy - START_ACCURACY) / (BEST_ACCURACY - START_ACCURACY)


def _clean_accuracy(outcome: Outcome, dataset: str) -> float | None:
    """Return the accuracy on the images whose label nobody doubts."""
    if outcome.correct is None:
        return None
    doubtful = doubtful_images(dataset, len(outcome.correct))
    return float(np.delete(outcome.correct, doubtful).mean()) if doubtful else None
