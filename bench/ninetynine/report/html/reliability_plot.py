"""The reliability diagram: how often answers of a given confidence are right."""

import math

from markupsafe import Markup

from ninetynine.board.predictions import BINS, PredictionSums
from ninetynine.report import text
from ninetynine.report.html import svg
from ninetynine.report.html.frame import Frame

_WIDTH, _HEIGHT = 320.0, 300.0
_FRAME = Frame(44.0, 12.0, _WIDTH - 12.0, _HEIGHT - 46.0)
_FEW = 20  # answers in a bin below which its share says little


def reliability_drawing(name: str, answers: PredictionSums) -> Markup:
    """Return the diagram of one model, all its runs together."""
    corners = (_FRAME.x(0), _FRAME.y(0)), (_FRAME.x(1), _FRAME.y(1))
    return svg.drawing(
        _axes(),
        svg.path(corners, "reference"),
        *_bins(answers),
        width=_WIDTH,
        height=_HEIGHT,
        label=f"{name}: share of right answers by confidence",
        class_="marks reliability",
    )


def _axes() -> Markup:
    middle_x = (_FRAME.left + _FRAME.right) / 2
    parts = [
        svg.text(middle_x, _HEIGHT - 8, "Confidence, %", "axis-title middle"),
        svg.text(_FRAME.left + 8, _FRAME.top + 14, "Right, %", "axis-title"),
    ]
    for value in (0, 0.25, 0.5, 0.75, 1):
        x, y, label = _FRAME.x(value), _FRAME.y(value), f"{100 * value:.0f}"
        parts += [
            svg.line(_FRAME.left, y, _FRAME.right, y, "grid"),
            svg.line(x, _FRAME.top, x, _FRAME.bottom, "grid"),
            svg.text(x, _FRAME.bottom + 18, label, "tick middle"),
            svg.text(_FRAME.left - 6, y + 4, label, "tick end"),
        ]
    return svg.group(*parts, aria_hidden="true")


def _bins(answers: PredictionSums) -> list[Markup]:
    counts, right, confidence = answers.bin_count, answers.bin_right, answers.bin_confidence
    if counts is None or right is None or confidence is None:
        return []
    largest = int(counts.max())
    marks = []
    for index in range(BINS):
        count = int(counts[index])
        if not count:
            continue
        mean, share = float(confidence[index]) / count, int(right[index]) / count
        low, high = 100 * index / BINS, 100 * (index + 1) / BINS
        radius = 3 + 7 * math.sqrt(count / largest)
        label = (
            f"confidence {low:.0f}–{high:.0f}%: {text.count(count, 'answer')}\n"
            f"mean confidence {text.percent(mean, 1)}%, right {text.percent(share, 1)}%"
        )
        few = "few" if count < _FEW else ""
        dot = svg.circle(_FRAME.x(mean), _FRAME.y(share), radius, "dot")
        marks.append(svg.mark(dot, label=label, class_=few))
    return marks
