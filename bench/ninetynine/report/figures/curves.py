"""Learning curves with the range of the seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ninetynine.board import Board, Row
from ninetynine.grouping import grouped
from ninetynine.report import formatting
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.axes import ticks, x_axis, y_axis
from ninetynine.report.drawing.layout import Box
from ninetynine.report.drawing.scale import Scale, accuracy_scale
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, View, first_of

MOST_POINTS = 120
_MOST_ROWS = 60
_WIDTH, _HEIGHT = 270.0, 190.0
_TRAIN, _OTHER = "first", "second"  # colors: of the training images, and of others


@dataclass(frozen=True)
class CurvePoint:
    """One epoch over all seeds; accuracies are shares of 1."""

    epoch: int
    mean: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Curves:
    """A row's epochs: the running training accuracy, and that of the part it watches, if any."""

    row: Row
    train: tuple[CurvePoint, ...]
    watched: tuple[CurvePoint, ...]
    thinned: bool  # not every epoch is here

    @property
    def ends(self) -> list[tuple[float, str, str]]:
        """(accuracy, part, color) of the trained models, where known."""
        parts = ((self.row.train_accuracy, "training", _TRAIN), (self.row.accuracy, "test", _OTHER))
        return [(spread.mean, part, color) for spread, part, color in parts if spread]


def curves(row: Row) -> Curves | None:
    """Return the curves of a row; None where its runs recorded no epochs."""
    history = [epoch for record in row.records for epoch in record.history]
    train = grouped((e.epoch, e.accuracy) for e in history)
    validation = ((e.epoch, e.validation_accuracy) for e in history)
    watched = grouped((epoch, value) for epoch, value in validation if value is not None)
    if not train:
        return None
    step = -(-len(train) // MOST_POINTS)
    epochs = sorted(train)[::-step][::-1]  # the last one always among them
    return Curves(row, _points(train, epochs), _points(watched, epochs), len(epochs) < len(train))


def _points(seen: dict[int, list[float]], epochs: Sequence[int]) -> tuple[CurvePoint, ...]:
    found = ((epoch, seen[epoch]) for epoch in epochs if epoch in seen)
    return tuple(CurvePoint(e, sum(s) / len(s), min(s), max(s), len(s)) for e, s in found)


def epoch_ticks(last: int) -> list[int]:
    """Return the epochs to write below curves of ``last`` epochs: the first, and some five more."""
    step = max(1, -(-last // 5))
    return [1, *(epoch for epoch in range(step, last + 1, step) if epoch > step or step > 2)]


def views(board: Board) -> list[View]:
    """Return a small picture for each of the first models that recorded epochs."""
    every = {row.name: curves(row) for row in board.finished}
    found = [one for one in every.values() if one is not None]
    shown = found[:_MOST_ROWS]
    if not shown:
        return []
    scale = _scale(shown, board.images)
    panels = [
        Panel(
            partial(_draw, one, scale),
            title=one.row.name,
            caption=_caption(one.row),
            width=_WIDTH,
            row=board.rows.index(one.row),
        )
        for one in shown
    ]
    notes = ["Across: epoch. Upwards: accuracy, %, logarithmic in the error."]
    notes += first_of(_MOST_ROWS, found)
    if any(one.thinned for one in shown):
        notes.append("Of long trainings only some epochs are drawn.")
    without = [name for name, one in every.items() if one is None]
    if without:
        notes.append(f"No epochs recorded: {', '.join(without)}.")
    legend = _legend(any(one.watched for one in shown))
    return [View("Learning curves", panels, notes, legend, finding=_finding(shown))]


def _finding(shown: Sequence[Curves]) -> str:
    """Return which model ends farthest above its test accuracy."""
    gaps = [(one.row.train_test_gap, one.row.name) for one in shown]
    known = [(gap, name) for gap, name in gaps if gap is not None]
    if not known:
        return f"Curves of {formatting.count(len(shown), 'model')}."
    gap, name = max(known)
    points = formatting.signed_percent(gap, 2)
    return f"Training less test accuracy is largest for {name}: {points} points."


def _legend(watched: bool) -> list[Key]:
    keys = [Key([el.Line(0, 6, 20, 6, f"curve {_TRAIN}")], "training accuracy while training")]
    if watched:
        dashes = el.Line(0, 6, 20, 6, f"curve dashed {_OTHER}")
        keys.append(Key([dashes], "the part that is watched"))
    for color, part in ((_TRAIN, "training"), (_OTHER, "test")):
        square = el.shape(10, 6, 4.5, "square", f"dot {color}")
        keys.append(Key([square], f"the trained model on the {part} images"))
    return keys


def _caption(row: Row) -> str:
    seeds = formatting.count(len(row.seeds), "seed")
    if row.train_test_gap is None:
        return seeds
    return f"{seeds}; train − test {formatting.percent(row.train_test_gap, 2)} points"


def _scale(shown: Sequence[Curves], images: int | None) -> Scale:
    """Return one accuracy scale for all; models far below the rest lie beyond it."""
    means = [one.row.accuracy.mean for one in shown if one.row.accuracy]
    points = [point for one in shown for point in (*one.train, *one.watched)]
    others = [end for point in points for end in (point.low, point.high)]
    others += [accuracy for one in shown for accuracy, *_ in one.ends]
    return accuracy_scale(means, others, images, most_ticks=6)


def _draw(found: Curves, scale: Scale, width: float) -> el.Drawing:
    frame = Box(40.0, 10.0, width - 26.0, _HEIGHT - 26.0)
    shown, name = found.train[-1].epoch, found.row.name
    last = max(shown, 2)

    def place(epoch: int, accuracy: float) -> el.Point:
        return frame.x((epoch - 1) / (last - 1)), frame.y(scale.share(accuracy))

    watched = "test" if found.row.identity.watches_test_set else "validation"
    epochs = [((epoch - 1) / (last - 1), str(epoch)) for epoch in epoch_ticks(shown)]
    parts: list[el.Element] = [
        y_axis(frame, ticks(scale)),
        x_axis(frame, epochs, grid=False),
    ]
    for points, class_, part in (
        (found.train, _TRAIN, "training"),
        (found.watched, f"{_OTHER} dashed", f"{watched} part"),
    ):
        if any(scale.holds(point.mean) for point in points):
            parts += _curve(points, place, class_, f"{name}, {part}")
    for value, part, color in found.ends:
        if scale.holds(value):
            square = el.shape(width - 12, place(1, value)[1], 4.5, "square", f"dot {color}")
            label = f"{name}, trained: {formatting.percent(value, 2)}% of the {part} images"
            parts.append(el.mark(square, label=label))
        elif part == "test":
            away = f"{formatting.shortest_percent(round(value, 4))}%: below the axis"
            parts.append(el.Text(frame.left + 8, frame.bottom - 8, away, "mark-name"))
    return el.Drawing(
        parts, width, _HEIGHT, f"{name}: accuracy by epoch\n{_caption(found.row)}", "marks"
    )


def _curve(
    points: Sequence[CurvePoint], place: Callable[[int, float], el.Point], class_: str, name: str
) -> list[el.Element]:
    """Return the seeds' range as an area, the mean as a line, and a mark per epoch."""
    top = [place(p.epoch, p.high) for p in points]
    bottom = [place(p.epoch, p.low) for p in reversed(points)]
    means = [place(p.epoch, p.mean) for p in points]
    marks = [
        el.mark(el.Circle(x, y, 2.4, "point"), label=f"{name}, {_said(point)}")
        for point, (x, y) in zip(points, means, strict=True)
    ]
    line = el.Path(means, f"curve {class_}")
    return [el.Group([el.Path([*top, *bottom], "range", closed=True), line, *marks], class_)]


def _said(point: CurvePoint) -> str:
    mean, low, high = (formatting.percent(v, 2) for v in (point.mean, point.low, point.high))
    seeds = formatting.count(point.runs, "seed")
    return f"epoch {point.epoch}: {mean}%\n{formatting.span(low, high)}% over {seeds}"


FIGURE = Figure(
    views,
    empty="no finished run has recorded its epochs",
    place=PagePlace(
        order=30,
        section="curves",
        of_rows=True,
        heading="Learning curves",
        link="Curves",
        says="The accuracy while training, and that of the part that is watched, if any: mean over "
        "the seeds, with their whole range. The squares at the end are the trained model. Dropout "
        "is on while training and off afterwards, so that the trained model may lie above its own "
        "curve.",
    ),
)
