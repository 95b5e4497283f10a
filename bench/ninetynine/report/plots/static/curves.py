"""Learning curves with matplotlib."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ninetynine.board import Board
from ninetynine.report.plots.curves import CurvePoint, Curves, curves, curves_scale, epoch_ticks
from ninetynine.report.plots.scale import Scale
from ninetynine.report.plots.static.style import (
    ACCENT,
    CLAIM,
    MUTED,
    accuracy_axis,
    new_figure,
    nothing,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 24
_COLUMNS = 3


def draw_curves(board: Board) -> "Figure":
    """Return a small picture for each of the first ``MOST_ROWS`` models that recorded epochs."""
    found = [(row.name, c) for row in board.finished if (c := curves(row)) is not None]
    found = found[:MOST_ROWS]
    if not found:
        raise nothing("no run has recorded its epochs")
    scale = curves_scale([c for _, c in found], board.images)
    columns = min(_COLUMNS, len(found))
    lines = math.ceil(len(found) / columns)
    figure = new_figure(2.6 * columns, 2.1 * lines)
    for number, (name, one) in enumerate(found, start=1):
        axes = figure.add_subplot(lines, columns, number)
        _panel(axes, name, one, scale)
    figure.subplots_adjust(hspace=0.45, wspace=0.3)
    figure.supylabel("Accuracy, %", fontsize=9, x=0.05)
    _legend(figure, [one for _, one in found])
    return figure


def _panel(axes: "Axes", name: str, found: Curves, scale: Scale) -> None:
    accuracy_axis(axes, scale, "y")
    axes.set_title(name, fontsize=8.5)
    axes.set_xlabel("epoch", fontsize=7.5, color=MUTED, labelpad=1)
    last = found.train[-1].epoch
    axes.set_xlim(1 - 0.05 * last, 1.12 * last + 0.2)
    axes.xaxis.set_ticks(epoch_ticks(last))
    axes.tick_params(labelsize=7.5)
    _curve(axes, found.train, scale, ACCENT, "-")
    _curve(axes, found.watched, scale, CLAIM, "--")
    end = 1.07 * last + 0.15
    for value, colour in ((found.final_train, ACCENT), (found.final_test, CLAIM)):
        if value is not None and scale.holds(value):
            axes.plot(end, scale.decades(value), marker="s", markersize=4, color=colour)
    if found.final_test is not None and not scale.holds(found.final_test):
        text = f"{100 * found.final_test:.2f}%: below the axis"
        axes.text(0.05, 0.05, text, fontsize=7.5, transform=axes.transAxes)


def _curve(
    axes: "Axes", points: Sequence[CurvePoint], scale: Scale, colour: str, style: str
) -> None:
    epochs = [point.epoch for point in points]

    def places(values: Sequence[float]) -> list[float]:
        return [scale.low + scale.share(v) * (scale.high - scale.low) for v in values]

    low, high = places([p.low for p in points]), places([p.high for p in points])
    axes.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(epochs, places([p.mean for p in points]), style, color=colour, linewidth=1.4)


def _legend(figure: "Figure", found: Sequence[Curves]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=ACCENT, label="training, while training")]
    if any(one.watched for one in found):
        handles.append(Line2D([], [], color=CLAIM, linestyle="--", label="watched part"))
    for colour, part in ((ACCENT, "training"), (CLAIM, "test")):
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                marker="s",
                markersize=4,
                linestyle="",
                label=f"trained model, {part} images",
            )
        )
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.02),
        ncols=2,
        frameon=False,
        fontsize=7.5,
    )
