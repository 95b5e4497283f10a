"""Columns on how far a row has come from a reference's start to its goal."""

from collections.abc import Callable
from typing import Any

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


def _of_gap(
    values: Callable[[GapRow], tuple[Value, ...]],
    write: Callable[[Board, GapRow], str],
    fields: tuple[str, ...],
    **about: Any,
) -> Column:
    """Return a column of the gap table, empty where a row has come no way."""

    def plain(board: Board, row: Row) -> tuple[Value, ...]:
        gap = board.gap_of(row)
        return values(gap) if gap else (None,) * len(fields)

    def written(board: Board, row: Row) -> str:
        gap = board.gap_of(row)
        return write(board, gap) if gap else formatting.BLANK

    return Column(fields=fields, values=plain, write=written, table="gap", **about)


COLUMNS = (
    _of_gap(
        lambda gap: (gap.errors,),
        lambda board, gap: formatting.number(gap.errors, 1),
        ("errors_left",),
        key="errors_left",
        heading=lambda board: (
            f"Errors left of {board.reference.goal.images:,}" if board.reference else "Errors left"
        ),
        help="Mean number of wrong predictions among as many images as the goal was measured on.",
    ),
    _of_gap(
        lambda gap: (gap.gap_closed,),
        lambda board, gap: share_closed(gap.gap_closed, start(board)),
        ("gap_closed",),
        key="gap_closed",
        heading=lambda board: (
            f"Of the way from {start(board)} to {goal(board)}, %"
            if board.reference
            else "Gap closed, %"
        ),
        help="Share of the way from the reference's start to its goal; negative below the start.",
        order="down",
    ),
    _of_gap(
        lambda gap: (gap.difference.low, gap.difference.high),
        lambda board, gap: formatting.percent_interval(gap.difference, 2),
        ("goal_difference_low", "goal_difference_high"),
        key="goal_difference",
        heading=lambda board: f"Difference from {goal(board)}%, points (unpaired)",
        help="Accuracy less the goal's: 95% interval of two unpaired samples of images (Newcombe).",
        order="down",
        align="center",
    ),
    _of_gap(
        lambda gap: (gap.p_value,),
        lambda board, gap: formatting.p_value(gap.p_value),
        ("goal_p_value",),
        key="goal_p_value",
        heading="p (unpaired)",
        help="Fisher's exact test of the same comparison.",
    ),
    _of_gap(
        lambda gap: (gap.clean.mean, gap.clean.sd) if gap.clean else (None, None),
        lambda board, gap: formatting.percent_spread(
            gap.clean, formatting.percent_decimals(board.images)
        ),
        ("clean_accuracy_mean", "clean_accuracy_sd"),
        key="clean_accuracy",
        heading=lambda board: (
            f"On the {board.clean_images:,} images without a doubtful label, %"
            if board.clean_images
            else "On images without a doubtful label, %"
        ),
        help="Accuracy on the test images whose label nobody doubts: mean ± standard deviation.",
        order="down",
        shown=lambda board: board.clean_images is not None,
    ),
)
