"""Every seed as a dot with matplotlib."""

from typing import TYPE_CHECKING

from ninetynine.board import Board, ClaimRow, Row
from ninetynine.report.plots.layout import swarm
from ninetynine.report.plots.scale import Scale
from ninetynine.report.plots.seeds import MOST_ROWS, seeds_scale
from ninetynine.report.plots.static.style import (
    CLAIM,
    INK,
    MUTED,
    accuracy_axis,
    band_colour,
    new_figure,
    nothing,
    reference_lines,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_INCHES = 0.52
_WIDTH_INCHES = 5.6  # of the axes
_DOT_INCHES = 0.075


def draw_seeds(board: Board) -> "Figure":
    """Return the runs of the first ``MOST_ROWS`` models, a line each."""
    rows = board.finished[:MOST_ROWS]
    if not rows:
        raise nothing("no run has finished")
    scale = seeds_scale(board, rows)
    height = _ROW_INCHES * len(rows) + 0.75
    figure = new_figure(_WIDTH_INCHES / 0.78, height)
    axes = figure.add_axes((0.2, 0.42 / height, 0.78, _ROW_INCHES * len(rows) / height))
    accuracy_axis(axes, scale, "x")
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.yaxis.set_ticks(range(len(rows)), [row.name for row in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Test accuracy, %")
    _references(axes, board, scale)
    for place, row in enumerate(rows):
        _line(axes, board, row, place, scale)
    return figure


def _references(axes: "Axes", board: Board, scale: Scale) -> None:
    for accuracy, name in reference_lines(board):
        if scale.holds(accuracy):
            x = scale.decades(accuracy)
            axes.axvline(x, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.text(
                x, -0.56, name, color=MUTED, fontsize=7.5, ha="center", va="bottom", clip_on=False
            )


def _line(axes: "Axes", board: Board, found: Row, place: int, scale: Scale) -> None:
    row, colour = found, band_colour(found.group)
    if row.accuracy is not None and not scale.holds(row.accuracy.mean):
        left = scale.low + 0.012 * (scale.high - scale.low)
        axes.plot(left, place, marker="<", color=colour, markersize=6)
        text = f"{100 * row.accuracy.mean:.2f}%, beyond the axis"
        axes.annotate(
            text, (left, place), (8, 0), textcoords="offset points", fontsize=7.5, va="center"
        )
        return
    claims = [c for c in board.claims if c.row == row.name and c.metric == "test_accuracy"]
    _expected(axes, claims, place, scale)
    _dots(axes, found, place, scale, colour)
    intervals = ((row.ci_population, 1.4, 0.6), (row.ci_seeds, 5.0, 0.4))
    for interval, width, alpha in intervals:
        if interval is not None:
            ends = [scale.decades(interval.low), scale.decades(interval.high)]
            axes.plot(ends, [place + 0.33] * 2, color=colour, linewidth=width, alpha=alpha)
    if row.accuracy is not None:
        mean = scale.decades(row.accuracy.mean)
        axes.plot([mean, mean], [place + 0.25, place + 0.41], color=colour, linewidth=1.8)
    _claims(axes, claims, place, scale)


def _dots(axes: "Axes", found: Row, place: int, scale: Scale, colour: str) -> None:
    decades = [scale.decades(accuracy) for _, accuracy in found.seed_accuracies]
    inches = [_WIDTH_INCHES * (x - scale.low) / (scale.high - scale.low) for x in decades]
    offsets = swarm(inches, _DOT_INCHES, most=0.3 * _ROW_INCHES)
    ys = [place - 0.05 + offset / _ROW_INCHES for offset in offsets]
    axes.plot(
        decades,
        ys,
        linestyle="",
        marker="o",
        color=colour,
        markersize=5,
        alpha=0.75,
        markeredgecolor="white",
        markeredgewidth=0.5,
    )


def _expected(axes: "Axes", claims: list[ClaimRow], place: int, scale: Scale) -> None:
    """Shade where one more run is expected, 95 times in 100."""
    prediction = claims[0].placement.prediction if claims else None
    if prediction is not None:
        left = max(scale.decades(prediction.low), scale.low)
        width = scale.decades(prediction.high) - left
        axes.barh(place - 0.05, width, 0.48, left, color=CLAIM, alpha=0.1)


def _claims(axes: "Axes", claims: list[ClaimRow], place: int, scale: Scale) -> None:
    ordered = sorted(claims, key=lambda claim: claim.published)
    for position, claim in enumerate(ordered):
        x = scale.decades(claim.published)
        axes.plot(
            x,
            place - 0.05,
            marker="D",
            markersize=5,
            color="white",
            markeredgecolor=CLAIM,
            markeredgewidth=1.4,
        )
        # The names of two neighbours lean away from each other.
        side = "center" if len(ordered) == 1 else ("right" if position == 0 else "left")
        axes.annotate(
            claim.id,
            (x, place - 0.05),
            (0, 5.5),
            textcoords="offset points",
            color=CLAIM,
            fontsize=7.5,
            fontweight="bold",
            ha=side,
        )
