"""Accuracy against what a model costs, and the models that no other one beats on both."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ninetynine.board import Board, Row


@dataclass(frozen=True)
class Cost:
    """Something that a model costs; ``of`` is None where it is not known."""

    name: str
    label: str
    of: Callable[[Row], float | None]
    only_here: bool  # it compares on one machine only


@dataclass(frozen=True)
class CostPoint:
    """A row with an accuracy and a cost."""

    index: int  # of the row on its board
    row: Row
    accuracy: float
    cost: float
    hardware: str  # "" for what is the same everywhere


def _train_seconds(row: Row) -> float | None:
    return row.time.train_seconds_median if row.time else None


def _latency_seconds(row: Row) -> float | None:
    return row.time.latency_seconds if row.time else None


COSTS = (
    Cost("seconds", "Training seconds", _train_seconds, only_here=True),
    Cost("parameters", "Parameters", lambda row: row.parameters, only_here=False),
    Cost("multiply-adds", "Multiply-adds per image", lambda row: row.multiply_adds, False),
    Cost("latency", "Seconds to answer one image", _latency_seconds, only_here=True),
)


def cost_points(board: Board, cost: Cost) -> list[CostPoint]:
    """Return the rows that have both numbers, in the board's order."""
    points = []
    for index, row in enumerate(board.rows):
        value = cost.of(row)
        # A model without parameters has no place on a logarithmic axis.
        if row.accuracy is None or value is None or value <= 0:
            continue
        hardware = row.time.hardware if cost.only_here and row.time else ""
        points.append(CostPoint(index, row, row.accuracy.mean, value, hardware))
    return points


def pareto_front(points: Sequence[CostPoint]) -> list[CostPoint]:
    """Return the points that no other one beats in cost and accuracy, the cheapest first.

    Seconds compare on one machine only: the front is that of the one with most points.
    """
    counts = Counter(point.hardware for point in points)
    usual = min(counts, key=lambda name: (-counts[name], name), default="")
    front: list[CostPoint] = []
    here = (point for point in points if point.hardware == usual)
    for point in sorted(here, key=lambda p: (p.cost, -p.accuracy, p.row.name)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front
