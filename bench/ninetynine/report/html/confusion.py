"""Per model: which classes are taken for which, and how far its confidence can be trusted."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from ninetynine.board import Board, Row
from ninetynine.board.predictions import PredictionSums
from ninetynine.datasets import known
from ninetynine.report import text
from ninetynine.report.html.reliability_plot import reliability_drawing

MOST_ROWS = 40
_SHADES = 6  # of an error cell, in the style sheet
_MOST_CLASSES = 30


@dataclass(frozen=True)
class ConfusionCell:
    """Mean images per run; ``class_`` is its shade."""

    text: str
    class_: str
    tip: str


@dataclass(frozen=True)
class ErrorPanel:
    """One model's confusion matrix (rows: labels) and reliability diagram."""

    name: str
    classes: tuple[str, ...]
    cells: tuple[tuple[ConfusionCell, ...], ...]
    worst: str  # the most frequent confusions, in words
    reliability: Markup | None
    calibration: str


@dataclass(frozen=True)
class ErrorPanels:
    """The panels of a board."""

    panels: tuple[ErrorPanel, ...]
    notes: tuple[str, ...]


def error_panels(board: Board) -> ErrorPanels:
    """Return a panel for each of the first ``MOST_ROWS`` models with predictions."""
    rows = [found for found in board.rows if found.prediction_sums is not None]
    notes = []
    if len(rows) > MOST_ROWS:
        notes.append(f"Shown are the first {MOST_ROWS} of {len(rows)} models.")
    classes = rows[0].answers.votes.shape[1] if rows and rows[0].answers else 0
    if classes > _MOST_CLASSES:
        return ErrorPanels((), (f"{classes} classes are too many to draw a matrix of.",))
    panels = tuple(
        _panel(board, found, a) for found in rows[:MOST_ROWS] if (a := found.prediction_sums)
    )
    return ErrorPanels(panels, tuple(notes))


def class_names(board: Board, classes: int) -> tuple[str, ...]:
    """Return the dataset's names of its classes; numbers where they are not known."""
    info = known().get(board.dataset)
    if info is not None and len(info.class_names) == classes:
        return info.class_names
    return tuple(map(str, range(classes)))


def _panel(board: Board, found: Row, answers: PredictionSums) -> ErrorPanel:
    counts = answers.confusion
    classes = class_names(board, len(counts))
    errors = counts - np.diag(np.diag(counts))
    largest = float(errors.max())
    cells = tuple(
        tuple(
            _cell(classes, label, answer, float(counts[label, answer]), largest)
            for answer in range(len(classes))
        )
        for label in range(len(classes))
    )
    calibrated = answers.bin_count is not None
    return ErrorPanel(
        name=found.name,
        classes=classes,
        cells=cells,
        worst=_worst(classes, errors),
        reliability=reliability_drawing(found.name, answers) if calibrated else None,
        calibration=_calibration(answers),
    )


def _cell(
    classes: tuple[str, ...], label: int, answer: int, count: float, largest: float
) -> ConfusionCell:
    if count == 0:
        return ConfusionCell("", "right" if label == answer else "", "")
    shown = text.number(count, 0 if count >= 10 else 1)
    tip = f"label {classes[label]}, answer {classes[answer]}: {shown} images a run"
    if label == answer:
        return ConfusionCell(shown, "right", tip)
    shade = max(1, round(_SHADES * count / largest))
    return ConfusionCell(shown, f"wrong shade-{shade}", tip)


def _worst(classes: tuple[str, ...], errors: "np.ndarray") -> str:
    order = np.argsort(-errors, axis=None, kind="stable")[:3]
    pairs = [divmod(int(place), len(classes)) for place in order]
    parts = [
        f"{classes[label]} as {classes[answer]} ({text.number(float(errors[label, answer]), 1)})"
        for label, answer in pairs
        if errors[label, answer] > 0
    ]
    if not parts:
        return "No image was mistaken."
    return f"Most often mistaken, images a run: {', '.join(parts)}."


def _calibration(answers: PredictionSums) -> str:
    error = answers.calibration_error
    if error is None:
        return "Its runs hold answers without probabilities, so there is no confidence to check."
    errors = np.array(answers.calibration_errors)
    spread = f" ± {text.percent(float(errors.std(ddof=1)), 2)}" if len(errors) > 1 else ""
    return f"Expected calibration error {text.percent(error, 2)}{spread} points."
