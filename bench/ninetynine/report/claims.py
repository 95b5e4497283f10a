"""The tables that look outside: published figures, and the way to 99.79%."""

from collections.abc import Callable

from ninetynine.leaderboard import Board, ClaimRow, WayRow
from ninetynine.report import text
from ninetynine.report.document import Column, Table
from ninetynine.report.text import BLANK

_METRICS = {
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
    "train_accuracy": "train accuracy",
    "train_loss": "train loss",
    "validation_accuracy": "validation accuracy",
    "validation_loss": "validation loss",
}


def claims_table(board: Board) -> Table | None:
    """Return the published figures against our seeds of the same recipe."""
    if not board.claims:
        return None
    columns = (
        Column("Claim", "left"),
        Column("Model", "left", is_name=True),
        Column("Published"),
        Column("Our mean ± SD"),
        Column("Our range", "center"),
        Column("Seeds"),
        Column("One more run, 95%", "center"),
        Column("Quantile"),
        Column("Verdict", "left"),
    )
    order = list(_METRICS)
    claims = sorted(board.claims, key=lambda claim: order.index(claim.metric))
    return Table(
        title="Published figures against our seeds",
        columns=columns,
        rows=tuple(_claim_cells(claim, text.percent_decimals(board.images)) for claim in claims),
        footnotes=_CLAIM_FOOTNOTES,
    )


_CLAIM_FOOTNOTES = (
    "Quantile: the chance that one more run of the recipe ends at or below the published figure. "
    "Verdict: as expected within the 95% interval for one more run; lucky or unlucky outside it; "
    "not reproduced outside the 99.9% one. Accuracies are in %; train accuracy is what the last "
    "epoch prints.",
)


def _claim_cells(claim: ClaimRow, decimals: int) -> tuple[str, ...]:
    placement = claim.placement
    write = measure_writer(claim.metric, decimals)
    is_loss = claim.metric.endswith("loss")
    ours = text.number_spread if is_loss else text.percent_spread
    prediction = placement.prediction
    return (
        f"{claim.id} {_METRICS[claim.metric]}",
        claim.row,
        published(claim),
        ours(claim.ours, 4 if is_loss else decimals),
        text.span(write(min(claim.values)), write(max(claim.values))),
        str(claim.ours.n),
        BLANK if prediction is None else text.span(write(prediction.low), write(prediction.high)),
        BLANK if placement.quantile is None else f"{text.percent(placement.quantile, 0)}%",
        placement.verdict,
    )


def measure_writer(metric: str, decimals: int) -> Callable[[float], str]:
    """Return how one run's ``metric`` is written: in percent, or a loss with 3 decimals."""
    if metric.endswith("accuracy"):
        return lambda value: text.percent(value, decimals)
    return lambda value: text.number(value, 3)


def published(claim: ClaimRow) -> str:
    """Return a published figure with as many decimals as were published, accuracies in percent."""
    if claim.metric.endswith("accuracy"):
        return text.percent(claim.published, max(0, claim.digits - 2))
    return text.number(claim.published, claim.digits)


def way_table(board: Board) -> Table | None:
    """Return how far each model has come from 99.06% to 99.79% on MNIST."""
    if not board.way:
        return None
    columns = (
        Column("Model", "left", is_name=True),
        Column("Errors left of 10,000"),
        Column("Of the way from 99.06 to 99.79, %"),
        Column("Difference from 99.79%, points (unpaired)", "center"),
        Column("p (unpaired)"),
        *_clean_column(board),
    )
    return Table(
        title="The way to 99.79%",
        columns=columns,
        rows=tuple(_way_cells(way, board) for way in board.way),
        footnotes=_WAY_FOOTNOTES,
    )


def _clean_column(board: Board) -> tuple[Column, ...]:
    if board.clean_images is None:
        return ()
    return (Column(f"On the {board.clean_images:,} images without a doubtful label, %"),)


_WAY_FOOTNOTES = (
    "99.79% is DropConnect (Wan et al., ICML 2013): five networks voting, 21 errors in 10,000. Its "
    "predictions are not public, so the comparison treats two error counts as unpaired samples "
    "(95% interval after Newcombe, Fisher's exact p), which is cautious.",
)


def _way_cells(way: WayRow, board: Board) -> tuple[str, ...]:
    decimals = text.percent_decimals(board.images)
    cells = (
        way.row,
        text.number(way.errors, 1),
        text.percent(way.share, 0) if way.share >= 0 else "below 99.06",
        text.percent_interval(way.difference, 2),
        text.p_value(way.p_value),
    )
    return (*cells, text.percent_spread(way.clean, decimals)) if board.clean_images else cells
