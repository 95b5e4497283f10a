"""Where two models disagree: the images of each class that one of them alone gets right."""

from functools import partial

import numpy as np

from ninetynine.board import Board, PredictionSums
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import row_lines
from ninetynine.report.drawing.lettering import class_names
from ninetynine.report.figures import MODEL, Figure, Key, PagePlace, Panel, View

_MOST_CLASSES = 40
_FEW_CLASSES = 20  # of more, those without a difference are not drawn


def views(board: Board) -> list[View]:
    """Return the first row with predictions against each other one.

    Before all stands the next one that is significantly different, where none is the one with the
    most images on which the two disagree.
    """
    rows = [row for row in board.rows if row.prediction_sums is not None]
    found = [(r.name, r.prediction_sums) for r in rows if r.prediction_sums is not None]
    if len(found) < 2:
        return []
    different = (n for n, r in enumerate(rows) if n and not set(r.groups) & set(rows[0].groups))
    first = next(different, 0) or max(
        range(1, len(found)), key=lambda n: sum(map(sum, alone_right(found[0][1], found[n][1])))
    )
    order = [first, *(n for n in range(1, len(found)) if n != first)]
    return [_view(board, found[0], found[n]) for n in order]


def _view(
    board: Board, first: tuple[str, PredictionSums], other: tuple[str, PredictionSums]
) -> View:
    finding = _finding(first, other)
    title = f"{first[0]} against {other[0]}"
    panel = Panel(partial(_draw, board, first, other, finding), title, finding)
    legend = (
        Key([el.Rect(0.0, 1.0, 20.0, 10.0, "bar family-0")], f"only {first[0]} is right"),
        Key([el.Rect(0.0, 1.0, 20.0, 10.0, "bar family-1")], f"only {other[0]} is right"),
    )
    notes = ["A model is right on an image where more than half of its runs are."]
    if first[1].votes.shape[1] > _FEW_CLASSES:
        notes.append("Classes on which the two do not differ are not drawn.")
    return View(other[0], [panel], notes, legend)


def _finding(first: tuple[str, PredictionSums], other: tuple[str, PredictionSums]) -> str:
    left, right = (int(counts.sum()) for counts in alone_right(first[1], other[1]))
    images = formatting.count(left + right, "image")
    return (
        f"They disagree on {images} of {len(first[1].labels):,}: only {first[0]} is right on "
        f"{left:,}, only {other[0]} on {right:,}."
    )


def alone_right(one: PredictionSums, other: PredictionSums) -> tuple[np.ndarray, np.ndarray]:
    """Return how many images of each class only the one, only the other gets right, int (c,)."""
    a, b = (2 * sums.right_per_image > sums.runs for sums in (one, other))
    classes = one.votes.shape[1]
    counts = [np.bincount(one.labels[k], minlength=classes) for k in (a & ~b, b & ~a)]
    return counts[0], counts[1]


def _chosen(different: np.ndarray) -> list[int]:
    """Return the classes that are drawn: of many, those with the most ``different`` images."""
    most = np.argsort(-different, kind="stable")[:_MOST_CLASSES]
    if len(different) > _FEW_CLASSES and different.any():
        most = most[different[most] > 0]
    return sorted(map(int, most))


def _draw(
    board: Board,
    first: tuple[str, PredictionSums],
    other: tuple[str, PredictionSums],
    finding: str,
    width: float,
) -> el.Drawing:
    left, right = alone_right(first[1], other[1])
    every = class_names(board, len(left))
    chosen = _chosen(left + right)
    names = [every[c] for c in chosen]
    frame = row_lines.frame_of(names, width, right=30.0)
    most, middle = max(int(left.max()), int(right.max()), 1), frame.x(0.5)
    unit = (frame.right - frame.left - 60) / 2 / most
    parts: list[el.Element] = [row_lines.name_texts(names, frame)]
    for number, c in enumerate(chosen):
        y, a, b = row_lines.middle(frame, number), int(left[c]), int(right[c])
        parts.append(
            el.mark(
                el.Rect(middle - a * unit, y - 6, a * unit, 12.0, "bar family-0"),
                el.Rect(middle, y - 6, b * unit, 12.0, "bar family-1"),
                el.Text(middle - a * unit - 5, y + 4, str(a), "tick", "end"),
                el.Text(middle + b * unit + 5, y + 4, str(b), "tick"),
                label=f"{every[c]}: only {first[0]} is right on {a}, only {other[0]} on {b}",
            )
        )
    label = f"{board.dataset}: {first[0]} against {other[0]}\n{finding}"
    return row_lines.drawing(parts, frame, width, label, foot=6.0)


FIGURE = Figure(
    views,
    empty="there are no two models with predictions",
    place=PagePlace(
        order=43,
        section="disagreement",
        heading="Where two models disagree",
        link="Two models",
        chooser="The first model against",
        says="The images of each class that one of two models alone gets right.",
    ),
    option=MODEL,
    sums=True,
)
