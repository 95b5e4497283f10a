"""Two rows of a board: their comparison, in which runs that both share are no chance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.board.measured import Measured, matrix_of, measured
from ninetynine.board.row import Row
from ninetynine.measures import ACCURACY, Measure
from ninetynine.statistics import (
    USUAL_MARGIN,
    Comparison,
    DifferenceError,
    Interval,
    Margin,
    compare,
    shared_runs_error,
)


def compare_rows(
    a: Row, b: Row, measure: Measure = ACCURACY, margin: Margin = USUAL_MARGIN, **how: Any
) -> Comparison | None:
    """Compare two rows as `statistics.compare` does; None where one lacks the ``measure``.

    Differences are A less B in the measure's own unit, of which a verdict says what is better.  A
    vote and the row of its members' runs, or two votes of the same runs, are paired replicate by
    replicate: what they share is in both, and no chance of the difference.
    """
    one, other = measured(a, measure), measured(b, measure)
    if one.summary is None or other.summary is None:
        return None
    error = _shared_error(a, b, measure)
    means = _means(one, other)
    if measure.is_share:
        return compare(one.summary, other.summary, error=error, margin=margin, **how)
    smallest = margin.share
    if margin.relative:  # what is left of a loss is the loss
        smallest *= min(map(measure.shown, means))
    allowed = Margin(measure.value_difference(smallest, *means))
    result = compare(one.summary, other.summary, error=error, margin=allowed, **how)
    relative = margin.share if margin.relative else None
    return replace(_in_own_unit(result, measure, means), relative_margin=relative)


def shared_runs(
    rows: Sequence[Row], measure: Measure = ACCURACY
) -> dict[tuple[int, int], DifferenceError]:
    """Return the errors of those pairs of ``rows``, by place, that share runs; A less B."""
    votes = [row.identity.kind == "ensemble" for row in rows]
    pairs = ((i, j) for i, j in combinations(range(len(rows)), 2) if votes[i] or votes[j])
    found = {(i, j): _shared_error(rows[i], rows[j], measure) for i, j in pairs}
    return {pair: error for pair, error in found.items() if error is not None}


def _shared_error(a: Row, b: Row, measure: Measure) -> DifferenceError | None:
    """Return the error of A less B where both share runs, else None."""
    effects = _paired_effects(a, b, measure)
    if effects is None and (found := _paired_effects(b, a, measure)) is not None:
        effects = -found
    summary = measured(a, measure).summary
    if effects is None or summary is None:
        return None
    return shared_runs_error(effects, summary.groups)


def _means(one: Measured, other: Measured) -> tuple[float, float]:
    """Return the means of the values, in their own direction."""
    sign = -1.0 if one.measure.lower_is_better else 1.0
    assert one.summary is not None
    assert other.summary is not None
    return sign * one.summary.mean, sign * other.summary.mean


def _in_own_unit(result: Comparison, measure: Measure, means: tuple[float, float]) -> Comparison:
    """Return ``result``, in which more is better, with differences of the number that is shown."""
    sign = -1.0 if measure.lower_is_better else 1.0

    def shown(difference: float) -> float:
        return measure.shown_difference(difference, *means)

    def turned(interval: Interval) -> Interval:
        ends = shown(sign * interval.low), shown(sign * interval.high)
        return Interval(min(ends), max(ends))

    return replace(
        result,
        difference=shown(sign * result.difference),
        interval=turned(result.interval),
        seed_interval=result.seed_interval and turned(result.seed_interval),
        within=turned(result.within),
        margin=shown(result.margin),
        minimum_detectable_difference=shown(result.minimum_detectable_difference),
    )


def _paired_effects(a: Row, b: Row, measure: Measure) -> NDArray[np.float64] | None:
    """Return A less B, (replicates, images), where A are votes each of which shares runs with a
    part of B of its own, and these parts are all of B; else None."""
    if a.identity.kind != "ensemble" or len(a.runs) < 2 or len(a.outcomes) != len(a.runs):
        return None
    if len(b.outcomes) != len(b.runs):
        return None
    voters = [set(run.record.members or ()) for run in a.runs]
    of_b = [set(run.record.members or ()) | {run.record.key} for run in b.runs]
    blocks = [[j for j, keys in enumerate(of_b) if keys & own] for own in voters]
    used = sorted(j for block in blocks for j in block)
    if used != list(range(len(b.runs))) or len({len(block) for block in blocks}) != 1:
        return None
    values = matrix_of(b, measure)
    shared = np.stack([values[block].mean(axis=0) for block in blocks])
    effects: NDArray[np.float64] = matrix_of(a, measure) - shared
    return effects
