"""The matrix of all pairs with matplotlib."""

from typing import TYPE_CHECKING

from ninetynine.board import Board
from ninetynine.report import text
from ninetynine.report.plots.pairs import Pairs, all_pairs
from ninetynine.report.plots.static.style import (
    ACCENT,
    CLAIM,
    FILL,
    INK,
    MUTED,
    new_figure,
    nothing,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_pairs(board: Board) -> "Figure":
    """Return the differences in points, filled where a pair is told apart (95%, Holm)."""
    found = all_pairs(runs)
    if not found.pairs:
        raise nothing("there are no two models with predictions")
    names = [row.name for row in found.rows]
    size = len(names)
    figure = new_figure(1.6 + 0.62 * size, 1.2 + 0.34 * size)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_ticks(range(size), names, rotation=35, ha="left", rotation_mode="anchor")
    axes.yaxis.set_ticks(range(size), names)
    axes.tick_params(length=0, labelcolor=INK)
    for row in range(size):
        for column in range(size):
            if row != column:
                _cell(axes, found, row, column)
    axes.set_xlabel("Row less column, percentage points; hatched: not told apart", fontsize=8)
    return figure


def _cell(axes: "Axes", found: Pairs, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    pair = found.pairs[min(row, column), max(row, column)]
    difference = pair.comparison.difference * (1 if row < column else -1)
    colour = (ACCENT if difference > 0 else CLAIM) if pair.told_apart else FILL
    box = Rectangle(
        (column - 0.48, row - 0.46),
        0.96,
        0.92,
        facecolor=colour,
        alpha=0.3 if pair.told_apart else 1.0,
        linewidth=0,
    )
    axes.add_patch(box)
    if not pair.told_apart:
        box.set(hatch="////", edgecolor="#cfccc3")
    written = text.percent(difference, 2)
    signed = written if written.startswith("−") else f"+{written}"
    ink = INK if pair.told_apart else MUTED
    axes.text(column, row, signed, ha="center", va="center", fontsize=8, color=ink)
