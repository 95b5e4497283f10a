"""Published figures: beside our own seeds of the same recipe, and as a way that rows have come."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ninetynine import datasets
from ninetynine.architecture import Architecture, Claim
from ninetynine.board.row import Row, Spread, spread
from ninetynine.board.run import RowIdentity
from ninetynine.records import Record
from ninetynine.statistics import ClaimPlacement, Interval, binomial_against_published, place_claim
from ninetynine.statistics.summary import seed_variance
from ninetynine.suite import Reference

# A loss, or an accuracy over images that the record does not count, is no multiple of 1 / images.
_CONTINUOUS = 10**9


@dataclass(frozen=True)
class ClaimRow:
    """A published figure against our seeds of the same recipe, in the metric's own unit."""

    row: str
    id: str
    metric: str
    published: float
    digits: int  # decimals that were published
    ours: Spread
    values: tuple[float, ...]  # one per seed
    placement: ClaimPlacement
    source: str
    note: str


def claim_rows(row: Row, catalog: Mapping[str, Architecture], images: int | None) -> list[ClaimRow]:
    """Return the claims that the finished seeds of ``row`` can be held against.

    A claim speaks of a recipe as published, on its own dataset, in float32: nothing else is
    compared with it.
    """
    own = catalog.get(row.identity.architecture)
    if own is None or not has_published_recipe(row.identity, own):
        return []
    here = (claim for claim in own.claims if claim.dataset == row.key.dataset)
    flips = 0.0 if row.summary is None else seed_variance(row.summary)[1]
    found = (_claim_row(row.name, claim, row.records, images, flips) for claim in here)
    return [claim_row for claim_row in found if claim_row is not None]


def has_published_recipe(identity: RowIdentity, architecture: Architecture) -> bool:
    """Return whether the row trained what the architecture's file says, the way it says."""
    as_usual = (identity.kind, identity.precision) == ("trained", "float32")
    return as_usual and has_recipe_of(identity, architecture)


def has_recipe_of(identity: RowIdentity, architecture: Architecture) -> bool:
    """Return whether the row has the architecture's recipe, and the arguments of its build."""
    return (
        identity.recipe == architecture.recipe.canonical()
        and identity.arguments_json == json.dumps(architecture.arguments, sort_keys=True)
    )


def _claim_row(
    name: str, claim: Claim, records: Sequence[Record], images: int | None, flips: float
) -> ClaimRow | None:
    values = [value for r in records if (value := _measured(r, claim.metric)) is not None]
    ours = spread(values)
    if ours is None:
        return None
    return ClaimRow(
        row=name,
        id=claim.id,
        metric=claim.metric,
        published=claim.value,
        digits=claim.digits,
        ours=ours,
        values=tuple(values),
        placement=_place(claim, values, images, flips),
        source=claim.source,
        note=claim.note,
    )


def _measured(record: Record, metric: str) -> float | None:
    """Return what ``fit`` and ``evaluate`` would have printed: the last epoch's running metrics
    for the training part, the trained model's for the others.
    """
    part, _, measure = metric.partition("_")
    if record.scores is None:
        return None
    if part == "test":
        return getattr(record.scores.test, measure)  # type: ignore[no-any-return]
    if not record.history:
        return None
    prefix = "" if part == "train" else "validation_"
    return getattr(record.history[-1], prefix + measure)  # type: ignore[no-any-return]


def _place(
    claim: Claim, values: Sequence[float], images: int | None, flips: float
) -> ClaimPlacement:
    if claim.metric.endswith("loss"):
        return _place_loss(claim, values)
    found = np.array(values)
    if images is None or claim.metric != "test_accuracy":
        return place_claim(claim.value, found, _CONTINUOUS, claim.digits)
    return place_claim(claim.value, found, images, claim.digits, flips=flips)


def _place_loss(claim: Claim, values: Sequence[float]) -> ClaimPlacement:
    """Place a loss as the score 1 - loss / 10**k, so that lower is luckier, and turn it back."""
    power = 1 + max(0, math.ceil(math.log10(max(claim.value, *values, 1.0))))
    scale = 10.0**power
    scores = 1 - np.array(values) / scale
    placed = place_claim(1 - claim.value / scale, scores, _CONTINUOUS, claim.digits + power)
    return replace(
        placed,
        published=claim.value,
        rounding=placed.rounding * scale,
        quantile=None if placed.quantile is None else 1 - placed.quantile,
        prediction=_as_loss(placed.prediction, scale),
        wide_prediction=_as_loss(placed.wide_prediction, scale),
        runs_below=placed.runs - placed.runs_below - placed.runs_at,
    )


def _as_loss(scores: Interval | None, scale: float) -> Interval | None:
    return scores and Interval((1 - scores.high) * scale, (1 - scores.low) * scale)


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
    images = row.summary.n_images if row.summary is not None else 0
    doubtful = list(datasets.doubtful_test_images(row.key.dataset, images))
    clean = [float(np.delete(run.correct, doubtful).mean()) for run in row.outcomes if doubtful]
    against = binomial_against_published(errors, goal.images, goal.errors)
    return GapRow(
        row=row.name,
        errors=errors,
        gap_closed=gap_closed(row.accuracy.mean, reference),
        clean=spread(clean),
        difference=against.interval,
        p_value=against.p_value,
    )


def gap_closed(accuracy: float, reference: Reference) -> float:
    """Return the share of the way from start to goal, negative below the start."""
    start, goal = reference.start.accuracy, reference.goal.accuracy
    return (accuracy - start) / (goal - start)
