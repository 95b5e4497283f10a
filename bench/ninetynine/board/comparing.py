"""Two rows of a board: their comparison, in which runs that both share are no chance."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.board.row import Row
from ninetynine.statistics import Comparison, compare, shared_runs_error


def compare_rows(a: Row, b: Row, **how: Any) -> Comparison | None:
    """Compare two rows as `statistics.compare` does; None where one has no predictions.

    A vote and the row of its members' runs, or two votes of the same runs, are paired replicate by
    replicate: what they share is in both, and no chance of the difference.
    """
    if a.summary is None or b.summary is None:
        return None
    effects = _paired_effects(a, b)
    if effects is None and (other := _paired_effects(b, a)) is not None:
        effects = -other
    error = None if effects is None else shared_runs_error(effects, a.summary.groups)
    return compare(a.summary, b.summary, error=error, **how)


def _paired_effects(a: Row, b: Row) -> NDArray[np.float64] | None:
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
    right = b.correct.astype(np.float64)
    shared = np.stack([right[block].mean(axis=0) for block in blocks])
    effects: NDArray[np.float64] = a.correct.astype(np.float64) - shared
    return effects
