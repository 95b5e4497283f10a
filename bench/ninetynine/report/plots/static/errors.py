"""Confusion matrix and reliability diagram of one model with matplotlib."""

from typing import TYPE_CHECKING

import numpy as np

from ninetynine.board import Board
from ninetynine.board.predictions import PredictionSums
from ninetynine.errors import UserError, nearest
from ninetynine.report import text
from ninetynine.report.plots.static.style import ACCENT, FILL, INK, MUTED, new_figure, nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_confusion(board: Board, model: str | None) -> "Figure":
    """Return the mean number of images per run by label (row) and answer (column)."""
    from matplotlib.colors import LinearSegmentedColormap

    name, answers = _answers(runs, model)
    counts = answers.confusion
    errors = counts - np.diag(np.diag(counts))
    classes = len(counts)
    figure = new_figure(0.9 + 0.42 * classes, 0.9 + 0.38 * classes)
    axes = figure.add_axes((0.1, 0.1, 0.88, 0.82))
    shades = LinearSegmentedColormap.from_list("errors", [FILL, "#d98a55"])
    axes.imshow(errors, cmap=shades, vmin=0, aspect="auto")
    for label in range(classes):
        for answer in range(classes):
            if counts[label, answer]:
                _count(axes, label, answer, float(counts[label, answer]))
    axes.xaxis.set_ticks(range(classes))
    axes.yaxis.set_ticks(range(classes))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("answer")
    axes.set_ylabel("label")
    axes.set_title(f"{name}: images a run")
    return figure


def _count(axes: "Axes", label: int, answer: int, count: float) -> None:
    written = text.number(count, 0 if count >= 10 else 1)
    colour = MUTED if label == answer else INK
    axes.text(answer, label, written, ha="center", va="center", fontsize=7.5, color=colour)


def draw_reliability(board: Board, model: str | None) -> "Figure":
    """Return the share of right answers by confidence, dots as large as their number of answers."""
    name, answers = _answers(runs, model)
    counts, right, confidence = answers.bin_count, answers.bin_right, answers.bin_confidence
    if counts is None or right is None or confidence is None:
        raise UserError(f"the runs of {name} hold answers without probabilities; choose another")
    used = counts > 0
    figure = new_figure(4.2, 4.0)
    axes = figure.add_axes((0.14, 0.12, 0.83, 0.8))
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.scatter(
        100 * confidence[used] / counts[used],
        100 * right[used] / counts[used],
        s=12 + 110 * counts[used] / counts.max(),
        color=ACCENT,
        zorder=3,
        clip_on=False,
    )
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("Confidence, %")
    axes.set_ylabel("Right answers, %")
    error = text.percent(answers.calibration_error, 2)
    axes.set_title(f"{name}: expected calibration error {error} points")
    return figure


def _answers(board: Board, model: str | None) -> tuple[str, PredictionSums]:
    found = {row.name: row.prediction_sums for row in board.rows if row.prediction_sums is not None}
    if not found:
        raise nothing("no finished run has predictions")
    name = model or next(iter(found))
    if name not in found:
        raise UserError(f"--model {name!r}: no such row with predictions{nearest(name, found)}")
    return name, found[name]
