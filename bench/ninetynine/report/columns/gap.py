"""Columns on how far a row has come from a reference's start to its goal."""

from ninetynine.board import Board, GapRow, Row
from ninetynine.report import formatting
from ninetynine.report.columns import Column, Value


def start(board: Board) -> str:
    """Return the start's accuracy, as published, in percent."""
    return formatting.shortest_percent(board.reference.start.accuracy) if board.reference else ""


def goal(board: Board) -> str:
    """Return the goal's accuracy in percent."""
    return formatting.shortest_percent(board.reference.goal.accuracy) if board.reference else ""


def share_closed(closed: float | None, start_percent: str) -> str:
    """Return a share of the gap in percent, or that the row is below where it begins."""
    if closed is None:
        return formatting.BLANK
    return formatting.percent(closed, 0) if closed >= 0 else f"below {start_percent}"


def _gap(board: Board, row: Row) -> GapRow | None:
    return board.gap_of(row)


def _clean_values(board: Board, row: Row) -> tuple[Value, ...]:
    gap = _gap(board, row)
    return (gap.clean.mean, gap.clean.sd) if gap and gap.clean else (None, None)


def _has_reference(board: Board) -> bool:
    return board.reference is not None


COLUMNS = (
    Column(
        key="errors_left",
        heading=lambda board: (
            f"Errors left of {board.reference.goal.images:,}" if board.reference else "Errors left"
        ),
        help="Mean number of wrong predictions among as many images as the goal was measured on.",
        fields=("errors_left",),
        values=lambda board, row: (gap.errors if (gap := _gap(board, row)) else None,),
        write=lambda board, row: formatting.number(
            gap.errors if (gap := _gap(board, row)) else None, 1
        ),
        table="gap",
    ),
    Column(
        key="gap_closed",
        heading=lambda board: (
            f"Of the way from {start(board)} to {goal(board)}, %"
            if board.reference
            else "Gap closed, %"
        ),
        help="Share of the way from the reference's start to its goal; negative below the start.",
        fields=("gap_closed",),
        values=lambda board, row: (gap.gap_closed if (gap := _gap(board, row)) else None,),
        write=lambda board, row: share_closed(
            gap.gap_closed if (gap := _gap(board, row)) else None, start(board)
        ),
        table="gap",
        order="down",
    ),
    Column(
        key="goal_difference",
        heading=lambda board: f"Difference from {goal(board)}%, points (unpaired)",
        help="Accuracy less the goal's: 95% interval of two unpaired samples of images (Newcombe).",
        fields=("goal_difference_low", "goal_difference_high"),
        values=lambda board, row: (
            (gap.difference.low, gap.difference.high) if (gap := _gap(board, row)) else (None, None)
        ),
        write=lambda board, row: formatting.percent_interval(
            gap.difference if (gap := _gap(board, row)) else None, 2
        ),
        table="gap",
        order="down",
        align="center",
    ),
    Column(
        key="goal_p_value",
        heading="p (unpaired)",
        help="Fisher's exact test of the same comparison.",
        fields=("goal_p_value",),
        values=lambda board, row: (gap.p_value if (gap := _gap(board, row)) else None,),
        write=lambda board, row: (
            formatting.p_value(gap.p_value) if (gap := _gap(board, row)) else formatting.BLANK
        ),
        table="gap",
    ),
    Column(
        key="clean_accuracy",
        heading=lambda board: (
            f"On the {board.clean_images:,} images without a doubtful label, %"
            if board.clean_images
            else "On images without a doubtful label, %"
        ),
        help="Accuracy on the test images whose label nobody doubts: mean ± standard deviation.",
        fields=("clean_accuracy_mean", "clean_accuracy_sd"),
        values=_clean_values,
        write=lambda board, row: formatting.percent_spread(
            gap.clean if (gap := _gap(board, row)) else None,
            formatting.percent_decimals(board.images),
        ),
        table="gap",
        order="down",
        shown=lambda board: board.clean_images is not None,
    ),
)
