"""The accuracy axis of the picture that shows every seed."""

from collections.abc import Sequence

from ninetynine.board import Board, Row
from ninetynine.report.plots.scale import Scale, accuracy_scale

MOST_ROWS = 40


def seeds_scale(board: Board, rows: Sequence[Row], most_ticks: int = 8, far: float = 10.0) -> Scale:
    """Return the scale that holds every run, interval and published figure of ``rows``."""
    means = [r.accuracy.mean for r in rows if r.accuracy]
    intervals = [i for r in rows for i in (r.ci_seeds, r.ci_population) if i]
    others = [end for interval in intervals for end in (interval.low, interval.high)]
    others += [accuracy for r in rows for _, accuracy in r.seed_accuracies]
    names = {r.name for r in rows}
    for claim in board.claims:
        if claim.row in names and claim.metric == "test_accuracy":
            prediction = claim.placement.prediction
            others += [claim.published, *((prediction.low, prediction.high) if prediction else ())]
    return accuracy_scale(means, others, board.images, most_ticks, far)
