"""What each rung of a ladder adds, as steps."""

from collections.abc import Iterator, Sequence
from functools import partial

from ninetynine import datasets, suite
from ninetynine.board import Board
from ninetynine.board.ladder import Ladder, Step, make_ladders
from ninetynine.errors import UserError
from ninetynine.records import Record
from ninetynine.report import formatting
from ninetynine.report.drawing import axes, lettering, row_lines
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import fit
from ninetynine.report.figures import Figure, Panel, View, family_keys
from ninetynine.suite import Suite

_NARROW = 500.0  # below this there is no room for what a rung adds


def views(board: Board) -> list[View]:
    """Return each ladder of the suites that the rows were run for, the longest first."""
    records = [record for row in board.rows for record in row.records]
    found: list[Ladder] = []
    for wanted in [board.made_of] if board.made_of else _suites(records):
        if datasets.called(wanted.dataset) == board.dataset:
            found += make_ladders(wanted, board, records)
    return views_of(board, found)


def _suites(records: Sequence[Record]) -> Iterator[Suite]:
    """Yield the suites that come with the package and asked for ``records``."""
    for name in sorted({record.context.suite for record in records}):
        try:
            yield suite.load(name)
        except UserError:
            continue  # a suite of somebody else's, or of an older version


def views_of(board: Board, ladders: Sequence[Ladder]) -> list[View]:
    """Return a view for each of ``ladders`` on ``board`` that has two rungs with numbers."""
    found = [ladder for ladder in ladders if _added(ladder)]
    found.sort(key=lambda ladder: -len(_added(ladder)))
    return [
        View(
            f"{one.suite.name}, {one.device}",
            [Panel(partial(_draw, board, one))],
            legend=family_keys(step.row for step in one.steps if step.row),
        )
        for one in found
    ]


def _added(ladder: Ladder) -> list[Step]:
    return [step for step in ladder.steps if step.added is not None]


def _draw(board: Board, ladder: Ladder, width: float) -> el.Drawing:
    steps = [step for step in ladder.steps if step.row is not None and step.row.accuracy]
    names = [step.rung.label for step in steps]
    room = 0.3 * width if width > _NARROW else 0.0
    frame = row_lines.frame_of(names, width, right=room + 62.0)
    rows = [step.row for step in steps if step.row]
    scale = axes.rows_scale(board, rows, [], ticks=5)
    parts: list[el.Element] = [
        axes.x_axis(frame, axes.ticks(scale), "Test accuracy, %"),
        row_lines.name_texts(names, frame),
    ]
    places = {s.rung.label: frame.x(scale.share(_mean(s))) for s in steps}
    above = ""  # the rung on the line above
    for number, step in enumerate(steps):
        assert step.row is not None
        x, y = places[step.rung.label], row_lines.middle(frame, number)
        below = places.get(step.rung.over or "")
        drawn = axes.interval_bars(step.row, lambda a: frame.x(scale.share(a)), y)
        adds = step.rung.adds
        if below is not None and step.rung.over == above:
            drawn.append(el.Path([(below, y - row_lines.LINE), (below, y), (x, y)], "mean"))
        elif below is not None:  # a line down from there would cross those between
            drawn += [el.Line(below, y, x, y, "mean"), el.Line(below, y - 5, below, y + 5, "mean")]
            adds = f"on {step.rung.over}: {adds}"
        drawn.append(el.Circle(x, y, 4.5, "dot"))
        above = step.rung.label
        said = formatting.signed_percent(step.added.difference, 2) if step.added else ""
        drawn.append(el.Text(frame.right + 54, y + 4, said, "value", "end"))
        if room:
            drawn.append(el.Text(frame.right + 64, y + 4, fit(adds, room - 4, 11), "small"))
        label = f"{lettering.row_label(step.row, board)}\nadds: {adds} {said}".rstrip()
        place = board.rows.index(step.row)
        class_ = lettering.family_class(step.row)
        parts.append(el.mark(*drawn, label=label, class_=class_, row=place))
    label = f"{ladder.suite.name}: what each rung adds\n{finding(_added(ladder))}"
    return row_lines.drawing(parts, frame, width, label)


def _mean(step: Step) -> float:
    return step.row.accuracy.mean if step.row and step.row.accuracy else 0.0


def finding(steps: Sequence[Step]) -> str:
    """Return which step adds most, and how many are significant each on its own."""
    best = max(steps, key=lambda step: step.added.difference if step.added else 0.0)
    assert best.added is not None
    better = sum(step.added.verdict == "better" for step in steps if step.added)
    most = formatting.signed_percent(best.added.difference, 2)
    return (
        f"{better} of {formatting.count(len(steps), 'step')} are better than the rung below; the "
        f"largest is {best.rung.label}: {most} points."
    )


FIGURE = Figure(
    views, empty="the rows are no ladder of a suite that is known; name your own with --suite FILE"
)
