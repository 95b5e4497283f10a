"""Published figures against our seeds."""

from collections.abc import Callable

from ninetynine.board import Board, ClaimRow
from ninetynine.report import formatting
from ninetynine.report.document import Heading, Table
from ninetynine.report.formatting import BLANK

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
        Heading("Claim", "left"),
        Heading("Model", "left", is_name=True),
        Heading("Published"),
        Heading("Our mean ± SD"),
        Heading("Our range", "center"),
        Heading("Seeds"),
        Heading("One more run, 95%", "center"),
        Heading("Quantile"),
        Heading("Verdict", "left"),
    )
    order = list(_METRICS)
    claims = sorted(board.claims, key=lambda claim: order.index(claim.metric))
    return Table(
        title="Published figures against our seeds",
        columns=columns,
        rows=tuple(
            _claim_cells(claim, formatting.percent_decimals(board.images)) for claim in claims
        ),
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
    ours = formatting.number_spread if is_loss else formatting.percent_spread
    prediction = placement.prediction
    return (
        f"{claim.id} {_METRICS[claim.metric]}",
        claim.row,
        published(claim),
        ours(claim.ours, 4 if is_loss else decimals),
        formatting.span(write(min(claim.values)), write(max(claim.values))),
        str(claim.ours.n),
        BLANK
        if prediction is None
        else formatting.span(write(prediction.low), write(prediction.high)),
        BLANK if placement.quantile is None else f"{formatting.percent(placement.quantile, 0)}%",
        placement.verdict,
    )


def measure_writer(metric: str, decimals: int) -> Callable[[float], str]:
    """Return how one run's ``metric`` is written: in percent, or a loss with 3 decimals."""
    if metric.endswith("accuracy"):
        return lambda value: formatting.percent(value, decimals)
    return lambda value: formatting.number(value, 3)


def published(claim: ClaimRow) -> str:
    """Return a published figure with as many decimals as were published, accuracies in percent."""
    if claim.metric.endswith("accuracy"):
        return formatting.percent(claim.published, max(0, claim.digits - 2))
    return formatting.number(claim.published, claim.digits)
