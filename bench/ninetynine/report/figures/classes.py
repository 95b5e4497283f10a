"""Which classes each model gets wrong more or less often than the first one."""

import numpy as np

from ninetynine.board import Board
from ninetynine.report import formatting
from ninetynine.report.drawing.lettering import class_names
from ninetynine.report.drawing.matrix import Matrix, MatrixCell
from ninetynine.report.figures import NO_PREDICTIONS, Figure, PagePlace, Panel, View, first_of

_MOST_ROWS, _MOST_CLASSES, _SHADES = 200, 30, 6


def views(board: Board) -> list[View]:
    """Return the matrix of errors by class: the first row's, and the others' less the first's."""
    found = [(row.name, row.prediction_sums) for row in board.rows]
    errors = {
        name: sums.confusion.sum(axis=1) - sums.confusion.diagonal()
        for name, sums in found
        if sums is not None
    }
    if not errors:
        return []
    names = tuple(errors)[:_MOST_ROWS]
    first = errors[names[0]]
    hardest = np.argsort(-first, kind="stable")[:_MOST_CLASSES]
    chosen = sorted(map(int, hardest))
    classes = class_names(board, len(first))
    shown = np.array([errors[name][chosen] for name in names])
    shown[1:] -= first[chosen]
    # One row far below all others would else leave them without a shade.
    more = shown[1:][shown[1:] > 0]
    most = float(np.quantile(more, 0.9)) if more.size else 0.0
    cells = tuple(
        tuple(_cell(float(value), n == 0, most) for value in line) for n, line in enumerate(shown)
    )
    worst = int(hardest[0])
    finding = (
        f"{names[0]} errs most on {classes[worst]}: "
        f"{formatting.number(float(first[worst]), 1)} images a run."
    )
    label = f"{board.dataset}: wrong images by class\n{finding}"
    caption = "Wrong images a run: the first row's, then the others' less the first's."
    says = "{row}, {column}: {text} wrong images a run"
    matrix = Matrix(label, names, tuple(classes[c] for c in chosen), cells, says=says)
    notes = first_of(_MOST_ROWS, tuple(errors))
    if len(first) > len(chosen):
        notes.append(f"Of {len(first)} classes the {len(chosen)} on which the first errs most.")
    return [View("Classes", [Panel(lambda width: matrix, caption=caption)], notes)]


def _cell(value: float, first: bool, most: float) -> MatrixCell:
    if first:
        return MatrixCell(formatting.number(value, 1))
    text = f"{value:+,.{int(abs(value) < 100)}f}".replace("-", "−")
    text = "0.0" if text in ("+0.0", "−0.0") else text
    shade = min(max(1, round(_SHADES * value / most)), _SHADES) if most else 1
    class_ = "plain" if text == "0.0" else f"shade-{shade}" if value > 0 else "right"
    return MatrixCell(text, class_)


FIGURE = Figure(
    views,
    empty=NO_PREDICTIONS,
    place=PagePlace(
        order=45,
        section="classes",
        of_rows=True,
        heading="Class by class",
        link="Classes",
        says="How many images of each class a run gets wrong: of the first model, and how many "
        "more or fewer of each other one.",
    ),
    sums=True,
)
