"""How often a model's predictions are right, by its confidence."""

import math

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Board, PredictionSums
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.axes import x_axis, y_axis
from ninetynine.report.drawing.layout import Box
from ninetynine.report.figures import MODEL, NO_PREDICTIONS, Figure, PagePlace, Panel, View
from ninetynine.statistics.calibration import BINS

_WIDTH, _HEIGHT = 340.0, 330.0
_FEW = 20  # predictions in a bin below which its share says little
_TICKS = [(share, f"{100 * share:.0f}") for share in (0, 0.25, 0.5, 0.75, 1)]


def views(board: Board) -> list[View]:
    """Return the reliability diagram of each model with predictions."""
    found = ((row.name, row.prediction_sums) for row in board.rows)
    return [View(name, [_panel(name, sums)]) for name, sums in found if sums is not None]


def _panel(name: str, sums: PredictionSums) -> Panel:
    title, errors = f"Reliability of {name}", np.array(sums.calibration_errors)
    if sums.bins is None:
        why = "Its runs hold predictions without probabilities, so there is no confidence to check."
        return Panel(None, title, why)
    spread = f" ± {formatting.percent(float(errors.std(ddof=1)), 2)}" if len(errors) > 1 else ""
    error = formatting.percent(sums.calibration_error, 2)
    caption = f"Expected calibration error {error}{spread} points."
    bins = sums.bins
    return Panel(lambda width: _draw(name, bins), title, caption, _WIDTH)


def _draw(name: str, bins: NDArray[np.float64]) -> el.Drawing:
    frame = Box(44.0, 34.0, _WIDTH - 12.0, _HEIGHT - 46.0)
    diagonal = [(frame.left, frame.bottom), (frame.right, frame.top)]
    parts: list[el.Element] = [
        y_axis(frame, _TICKS, "Right, %"),
        x_axis(frame, _TICKS, "Confidence, %"),
        el.Path(diagonal, "reference"),
    ]
    for index in np.flatnonzero(bins[0]):
        count, right, confidence = map(float, bins[:, index])
        mean, share = confidence / count, right / count
        low, high = 100 * index / BINS, 100 * (index + 1) / BINS
        label = (
            f"confidence {low:.0f}–{high:.0f}%: {formatting.count(int(count), 'prediction')}\n"
            f"mean confidence {formatting.percent(mean, 1)}%, right {formatting.percent(share, 1)}%"
        )
        radius = 3 + 7 * math.sqrt(count / float(bins[0].max()))
        dot = el.Circle(frame.x(mean), frame.y(share), radius, "dot few" if count < _FEW else "dot")
        parts.append(el.mark(dot, label=label))
    right, confidence = (float(bins[n].sum() / bins[0].sum()) for n in (1, 2))
    sure = "less" if confidence < right else "more"
    label = (
        f"{name}: share of right predictions by confidence\n"
        f"The mean confidence is {formatting.percent(confidence, 2)}%, and "
        f"{formatting.percent(right, 2)}% are right: it is {sure} sure than it should be."
    )
    return el.Drawing(parts, _WIDTH, _HEIGHT, label, "marks")


FIGURE = Figure(
    views,
    empty=NO_PREDICTIONS,
    place=PagePlace(
        order=51,
        section="errors",
        says="The diagram: of all predictions with some confidence, how many are right; below the "
        "diagonal the model is too sure of itself. The size of a dot is its number of predictions, "
        f"and pale is one of fewer than {_FEW}.",
    ),
    option=MODEL,
    sums=True,
)
