"""Learning curves: each epoch's mean and range over the seeds of a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from ninetynine.board import Row
from ninetynine.report.plots.scale import Scale, accuracy_scale

MOST_POINTS = 120


@dataclass(frozen=True)
class CurvePoint:
    """One epoch over all seeds; accuracies are shares of 1."""

    epoch: int
    mean: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Curves:
    """A row's epochs: the running training accuracy, and that of the part it watches, if any."""

    train: tuple[CurvePoint, ...]
    watched: tuple[CurvePoint, ...]
    watched_name: str  # "test" or "validation"
    final_train: float | None  # of the trained models, on the training images
    final_test: float | None
    thinned: bool  # not every epoch is here


def curves(runs: Row) -> Curves | None:
    """Return the curves of a row; None where its runs recorded no epochs."""
    values: dict[int, list[tuple[float, float | None]]] = {}
    for record in runs.records:
        for epoch in record.history:
            values.setdefault(epoch.epoch, []).append((epoch.accuracy, epoch.validation_accuracy))
    if not values:
        return None
    row, chosen = runs.row, _thin(sorted(values))
    train = [_point(epoch, [pair[0] for pair in values[epoch]]) for epoch in chosen]
    watched = [
        _point(epoch, seen)
        for epoch in chosen
        if (seen := [pair[1] for pair in values[epoch] if pair[1] is not None])
    ]
    return Curves(
        train=tuple(train),
        watched=tuple(watched),
        watched_name="test" if row.identity.watches_test_set else "validation",
        final_train=row.train_accuracy.mean if row.train_accuracy else None,
        final_test=row.accuracy.mean if row.accuracy else None,
        thinned=len(chosen) < len(values),
    )


def curves_scale(found: Sequence[Curves], images: int | None, most_ticks: int = 6) -> Scale:
    """Return one accuracy scale for all of ``found``; models far below the rest lie beyond it."""
    ends = [c.final_test for c in found if c.final_test is not None]
    points = [point for c in found for point in (*c.train, *c.watched)]
    finals = [c.final_train for c in found if c.final_train is not None]
    others = [end for point in points for end in (point.low, point.high)]
    return accuracy_scale(ends, [*others, *finals], images, most_ticks)


def epoch_ticks(last: int) -> list[int]:
    """Return the epochs to write below curves of ``last`` epochs: the first, and some five more."""
    step = max(1, -(-last // 5))
    return [1, *(epoch for epoch in range(step, last + 1, step) if epoch > step or step > 2)]


def _point(epoch: int, seen: Sequence[float]) -> CurvePoint:
    return CurvePoint(epoch, sum(seen) / len(seen), min(seen), max(seen), len(seen))


def _thin(epochs: list[int]) -> list[int]:
    """Return at most ``MOST_POINTS`` of ``epochs``, the last one always among them."""
    step = -(-len(epochs) // MOST_POINTS)
    return epochs[::-step][::-1]
