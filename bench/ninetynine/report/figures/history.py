"""The accuracy of a model over its versions: commits, code, a baseline's updates."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from ninetynine.board import Board
from ninetynine.board.history import History, Version, histories
from ninetynine.report import formatting
from ninetynine.report.drawing import axes, lettering
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import Box, text_width
from ninetynine.report.drawing.scale import Scale, accuracy_scale
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, View, first_of

_MOST = 60  # models
_WIDTH, _HEIGHT = 340.0, 190.0
_SHOWN = 40  # versions of a model; of more, the latest


def views(board: Board) -> list[View]:
    """Return a small picture for each model that was trained in two versions or more."""
    every = histories(board.rows, board.changes)
    shown = every[:_MOST]
    if not shown:
        return []
    panels = [Panel(partial(_draw, board, one), one.name, _caption(one), _WIDTH) for one in shown]
    notes = ["Across: versions in the order of their first runs. Upwards: mean test accuracy, %."]
    notes += first_of(_MOST, every)
    return [View("Over versions", panels, notes, _legend(board, shown), finding=finding(shown))]


def _legend(board: Board, shown: Sequence[History]) -> list[Key]:
    mean: list[el.Element] = [
        el.Line(10.0, 0.0, 10.0, 12.0, "interval thick"),
        el.Circle(10.0, 6.0, 3.0, "dot"),
    ]
    keys = [Key(mean, f"mean with its 95% interval on these {board.thing}s")]
    if any("code" in version.changed for one in shown for version in one.versions):
        line = el.Line(10.0, 0.0, 10.0, 12.0, "reference")
        keys.append(Key([line], "the code is another from here on"))
    return keys


def _caption(found: History) -> str:
    first, last = found.versions[0], found.versions[-1]
    days = " to ".join(dict.fromkeys((first.at[:10], last.at[:10])))
    points = formatting.signed_percent(last.level.accuracy - first.level.accuracy, 2)
    return f"{formatting.count(len(found.versions), 'version')}, {days}: {points} points"


def finding(shown: Sequence[History]) -> str:
    """Return which model's accuracy moved most from one version to the next."""
    steps = [
        (after.level.accuracy - before.level.accuracy, one.name, after)
        for one in shown
        for before, after in pairwise(one.versions)
    ]
    if not steps:
        return "No model has an earlier version that is kept."
    step, name, version = max(steps, key=lambda found: abs(found[0]))
    points = formatting.signed_percent(step, 2)
    return f"The largest step is that of {name} at {_called(version)}: {points} points."


def _called(version: Version) -> str:
    """Return what a version is called where room is short: its commit, else its day."""
    return version.commit[:7] if version.commit else version.at[:10]


def _scale(versions: Sequence[Version], images: int | None) -> Scale:
    intervals = [v.level.interval for v in versions if v.level.interval is not None]
    ends = [end for interval in intervals for end in (interval.low, interval.high)]
    return accuracy_scale([v.level.accuracy for v in versions], ends, images, most_ticks=5)


def _draw(board: Board, found: History, width: float) -> el.Drawing:
    versions = found.versions[-_SHOWN:]
    frame = Box(48.0, 12.0, width - 14.0, _HEIGHT - 26.0)
    scale = _scale(versions, board.images)
    step = (frame.right - frame.left) / len(versions)
    xs = [frame.left + step * (n + 0.5) for n in range(len(versions))]
    parts: list[el.Element] = [
        axes.y_axis(frame, axes.ticks(scale)),
        axes.x_axis(frame, [], grid=False),
        el.Group(_names(versions, xs, frame), hidden=True),
    ]
    for x, version in zip(xs[1:], versions[1:], strict=True):
        if "code" in version.changed:
            middle = x - step / 2
            parts.append(el.Line(middle, frame.top, middle, frame.bottom, "reference"))
    ys = [frame.y(scale.share(version.level.accuracy)) for version in versions]
    parts.append(el.Path(list(zip(xs, ys, strict=True)), "front"))
    for x, y, version in zip(xs, ys, versions, strict=True):
        bars: list[el.Element] = []
        if version.level.interval is not None:
            ends = (version.level.interval.low, version.level.interval.high)
            low, high = (frame.y(scale.share(end)) for end in ends)
            bars.append(el.Line(x, low, x, high, "interval thick"))
        parts.append(el.mark(*bars, el.Circle(x, y, 3.0, "dot"), label=_said(board, version)))
    label = f"{found.name}: accuracy over versions\n{_caption(found)}"
    return el.Drawing(parts, width, _HEIGHT, label, "marks")


def _names(versions: Sequence[Version], xs: Sequence[float], frame: Box) -> list[el.Element]:
    """Return the names below the axis that have room, the last one before all others."""
    texts: list[el.Element] = []
    left = frame.right + 14.0  # of the name to the right
    for x, version in reversed(list(zip(xs, versions, strict=True))):
        name = _called(version)
        half = text_width(name) / 2
        if x + half < left - 6 and x - half >= 0:
            texts.append(el.Text(x, frame.bottom + 17, name, "tick", "middle"))
            left = x - half
    return texts


def _said(board: Board, version: Version) -> str:
    level = version.level
    lines = [f"{_called(version)}, {version.at[:10]}"]
    seeds = formatting.count(level.seeds, "seed")
    lines.append(f"{lettering.percent(level.accuracy, board)} over {seeds}")
    if level.interval is not None:
        decimals = formatting.percent_decimals(board.images)
        these = formatting.these_images(board.images, board.thing)
        lines.append(f"on {these}: {formatting.percent_interval(level.interval, decimals)}%")
    lines += [f"new: {', '.join(version.changed)}"] if version.changed else []
    lines += [f"baseline: {version.reason}"] if version.reason else []
    return "\n".join(lines)


FIGURE = Figure(
    views,
    empty="no model was trained in two versions of its code, and no baseline was updated",
    place=PagePlace(
        order=35,
        section="history",
        heading="Over versions",
        link="History",
        says="The mean accuracy of a model as its code, recipe or packages changed. A dashed line "
        "stands where the code became another.",
        where_empty=False,
    ),
)
