"""Which labels a model takes for which."""

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Board, PredictionSums
from ninetynine.report import formatting
from ninetynine.report.drawing.lettering import class_names
from ninetynine.report.drawing.matrix import Matrix, MatrixCell
from ninetynine.report.figures import MODEL, NO_PREDICTIONS, Figure, PagePlace, Panel, View

_SHADES = 6  # of a wrong cell, in the styles
_MOST_CLASSES = 30  # on the page


def views(board: Board) -> list[View]:
    """Return the confusion matrix of each model with predictions."""
    found = ((row.name, row.prediction_sums) for row in board.rows)
    return [View(name, [_panel(board, name, sums)]) for name, sums in found if sums is not None]


def _panel(board: Board, name: str, sums: PredictionSums) -> Panel:
    counts = sums.confusion
    classes = class_names(board, len(counts))
    too_large = f"{len(classes)} classes are too many for a matrix on this page."
    return Panel(
        lambda width: _matrix(name, classes, counts),
        title=name,
        caption=_worst(classes, counts - np.diag(np.diag(counts))),
        too_large=too_large if len(classes) > _MOST_CLASSES else "",
    )


def _matrix(name: str, classes: tuple[str, ...], counts: NDArray[np.float64]) -> Matrix:
    largest, places = float((counts - np.diag(np.diag(counts))).max()), range(len(classes))
    cells = tuple(
        tuple(_cell(i == j, float(counts[i, j]), largest) for j in places) for i in places
    )
    caption = "Images a run. Rows: label. Columns: prediction."
    label = f"Confusion matrix of {name}\n{_worst(classes, counts - np.diag(np.diag(counts)))}"
    says = "label {row}, prediction {column}: {text} images a run"
    return Matrix(label, classes, classes, cells, caption, says)


def _cell(is_right: bool, count: float, largest: float) -> MatrixCell:
    if count == 0:
        return MatrixCell("", "right" if is_right else "plain")
    shown = formatting.number(count, 0 if count >= 10 else 1)
    shade = "right" if is_right else f"shade-{max(1, round(_SHADES * count / largest))}"
    return MatrixCell(shown, shade)


def _worst(classes: tuple[str, ...], errors: NDArray[np.float64]) -> str:
    parts = []
    for place in np.argsort(-errors, axis=None, kind="stable")[:3]:
        label, prediction = divmod(int(place), len(classes))
        if errors[label, prediction] > 0:
            count = formatting.number(float(errors[label, prediction]), 1)
            parts.append(f"{classes[label]} as {classes[prediction]} ({count})")
    if not parts:
        return "No image was mistaken."
    return f"Most often mistaken, images a run: {', '.join(parts)}."


FIGURE = Figure(
    views,
    empty=NO_PREDICTIONS,
    place=PagePlace(
        order=50,
        section="errors",
        heading="Mistakes and confidence",
        link="Errors",
        chooser="Model",
        says="The matrix: which label is taken for which, in images a run.",
    ),
    option=MODEL,
    sums=True,
)
