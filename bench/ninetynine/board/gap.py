"""How much of the way from a reference's start to its goal each row has come."""

from dataclasses import dataclass

import numpy as np

from ninetynine import datasets
from ninetynine.board.row import GradedRun, Row, Spread, spread
from ninetynine.statistics import Interval, binomial_against_published
from ninetynine.suite import Reference


@dataclass(frozen=True)
class GapRow:
    """How far a row has come, and whether it differs from the goal."""

    row: str
    errors: float  # mean, of as many images as the goal was measured on
    gap_closed: float  # share of the way; negative below the start
    clean: Spread | None  # accuracy on the images without a doubtful label
    difference: Interval  # our accuracy less the goal's, as two unpaired samples of images
    p_value: float  # of the same comparison


def gap_row(row: Row, reference: Reference) -> GapRow | None:
    """Return how far ``row`` has come; None for a row without numbers."""
    if row.accuracy is None:
        return None
    goal = reference.goal
    errors = (1 - row.accuracy.mean) * goal.images
    against = binomial_against_published(errors, goal.images, goal.errors)
    return GapRow(
        row=row.name,
        errors=errors,
        gap_closed=gap_closed(row.accuracy.mean, reference),
        clean=spread(_clean_accuracy(run.outcome, row.key.dataset) for run in row.runs),
        difference=against.interval,
        p_value=against.p_value,
    )


def gap_closed(accuracy: float, reference: Reference) -> float:
    """Return the share of the way from start to goal, negative below the start."""
    start, goal = reference.start.accuracy, reference.goal.accuracy
    return (accuracy - start) / (goal - start)


def _clean_accuracy(outcome: GradedRun | None, dataset: str) -> float | None:
    """Return the accuracy on the images whose label nobody doubts."""
    if outcome is None:
        return None
    doubtful = list(datasets.doubtful_test_images(dataset, len(outcome.correct)))
    return float(np.delete(outcome.correct, doubtful).mean()) if doubtful else None
