"""Learning curves, one small picture per model, all on one accuracy axis."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.board import Board, Row
from ninetynine.report import text
from ninetynine.report.html import svg
from ninetynine.report.html.frame import Frame, accuracy_tick, ticks
from ninetynine.report.plots.curves import CurvePoint, Curves, curves, curves_scale, epoch_ticks
from ninetynine.report.plots.scale import Scale

MOST_ROWS = 24
_WIDTH, _HEIGHT = 270.0, 190.0
_FRAME = Frame(40.0, 10.0, _WIDTH - 26.0, _HEIGHT - 26.0)
_END = _WIDTH - 12.0  # x of the trained model's marks, right of the last epoch


@dataclass(frozen=True)
class CurvePanel:
    """One model's curves with what is said below them."""

    name: str
    index: int
    drawing: Markup
    caption: str


@dataclass(frozen=True)
class CurvePanels:
    """The panels of a board; ``notes`` say what is not drawn."""

    panels: tuple[CurvePanel, ...]
    notes: tuple[str, ...]


def curve_panels(board: Board) -> CurvePanels:
    """Return a panel for each of the first ``MOST_ROWS`` models that recorded epochs."""
    found = [(row, c) for row in board.finished if (c := curves(row)) is not None]
    shown = found[:MOST_ROWS]
    if not shown:
        return CurvePanels((), ())
    scale = curves_scale([c for _, c in shown], board.images)
    panels = [_panel(runs, row, c, scale) for row, c in shown]
    notes = []
    if len(found) > MOST_ROWS:
        notes.append(f"Drawn are the first {MOST_ROWS} of {len(found)} models.")
    if any(c.thinned for _, c in shown):
        notes.append("Of long trainings only some epochs are drawn.")
    without = [row.name for row in board.finished if curves(row) is None]
    if without:
        notes.append(f"No epochs recorded: {', '.join(without)}.")
    return CurvePanels(tuple(panels), tuple(notes))


def _panel(board: Board, row: Row, found: Curves, scale: Scale) -> CurvePanel:
    last = max(found.train[-1].epoch, 2)
    off = found.final_test is not None and not scale.holds(found.final_test)
    parts = [
        _axes(scale, last),
        _curve(found.train, scale, last, "train", f"{row.name}, training"),
        _curve(found.watched, scale, last, "watched", f"{row.name}, {found.watched_name} part"),
        *_ends(found, scale, row.name),
    ]
    if off and found.final_test is not None:
        away = f"{accuracy_tick(round(found.final_test, 4))}%: below the axis"
        parts.append(svg.text(_FRAME.left + 8, _FRAME.bottom - 8, away, "mark-name"))
    picture = svg.drawing(
        *parts,
        width=_WIDTH,
        height=_HEIGHT,
        label=f"{row.name}: accuracy by epoch",
        class_="marks",
    )
    index = board.rows.index(row)
    return CurvePanel(row.name, index, picture, _caption(row, found))


def _caption(row: Row, found: Curves) -> str:
    seeds = text.count(len(row.seeds), "seed")
    gap = row.train_test_gap
    if gap is None:
        return seeds
    return f"{seeds}; train − test {text.percent(gap, 2)} points"


def _axes(scale: Scale, last: int) -> Markup:
    parts = []
    for share, label in ticks(scale):
        y = _FRAME.y(share)
        parts.append(svg.line(_FRAME.left, y, _FRAME.right, y, "grid"))
        parts.append(svg.text(_FRAME.left - 6, y + 4, label, "tick end"))
    for epoch in epoch_ticks(last):
        x = _x(epoch, last)
        parts.append(svg.text(x, _FRAME.bottom + 16, str(epoch), "tick middle"))
    parts.append(svg.line(_FRAME.left, _FRAME.bottom, _FRAME.right, _FRAME.bottom, "axis"))
    return svg.group(*parts, aria_hidden="true")


def _x(epoch: int, last: int) -> float:
    return _FRAME.x((epoch - 1) / (last - 1))


def _curve(points: Sequence[CurvePoint], scale: Scale, last: int, class_: str, name: str) -> Markup:
    """Return the seeds' range as an area, the mean as a line, and a mark per epoch."""
    if not points:
        return Markup("")

    def place(epoch: int, value: float) -> svg.Point:
        return _x(epoch, last), _FRAME.y(scale.share(value))

    top = [place(p.epoch, p.high) for p in points]
    bottom = [place(p.epoch, p.low) for p in reversed(points)]
    marks = (
        svg.mark(
            svg.circle(*place(p.epoch, p.mean), 2.4, "point"),
            label=(
                f"{name}, epoch {p.epoch}: {text.percent(p.mean, 2)}%\n"
                f"{text.span(text.percent(p.low, 2), text.percent(p.high, 2))}% over "
                f"{text.count(p.runs, 'seed')}"
            ),
        )
        for p in points
    )
    return svg.group(
        svg.path([*top, *bottom], "range", closed=True),
        svg.path([place(p.epoch, p.mean) for p in points], "curve"),
        *marks,
        class_=class_,
    )


def _ends(found: Curves, scale: Scale, name: str) -> list[Markup]:
    """Return the trained model's accuracy on the training and on the test images."""
    ends = (("train", found.final_train, "training"), ("test", found.final_test, "test"))
    return [
        svg.mark(
            svg.polygon(_END, _FRAME.y(scale.share(value)), 4.5, "square", f"final {class_}"),
            label=f"{name}, trained: {text.percent(value, 2)}% of the {part} images",
        )
        for class_, value, part in ends
        if value is not None and scale.holds(value)
    ]
