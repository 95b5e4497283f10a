"""Every seed as a dot, a line per model, published figures as diamonds."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.board import Board, ClaimRow, Row
from ninetynine.report.html import svg, words
from ninetynine.report.html.figure import NARROW, WIDE, Figure, View
from ninetynine.report.html.frame import CHARACTER, Frame, reference_lines, ticks
from ninetynine.report.plots.layout import swarm
from ninetynine.report.plots.scale import Scale
from ninetynine.report.plots.seeds import MOST_ROWS, seeds_scale

_ROW = 58.0
_DIAMETER = 8.0
_WIDEST_NAMES = 220.0
_CLAIM_ROOM = 22.0  # what the name of a claim takes


@dataclass(frozen=True)
class _Place:
    """Where the line of one model lies."""

    frame: Frame
    scale: Scale
    middle: float  # y of the dots
    below: float  # y of the intervals

    def x(self, accuracy: float) -> float:
        return self.frame.x(self.scale.share(accuracy))


def seeds_figure(board: Board) -> Figure:
    """Return the picture of all single runs."""
    rows = board.finished[:MOST_ROWS]
    if not rows:
        return Figure((), "No run has finished yet.")
    notes = [f"Drawn are the first {MOST_ROWS} of {len(board.finished)} models."]
    wide, narrow = (_draw(board, rows, width) for width in (WIDE, NARROW))
    capped = len(board.finished) > MOST_ROWS
    return Figure((View("Every seed", wide, narrow, tuple(notes) if capped else ()),))


def _draw(board: Board, rows: tuple[Row, ...], width: float) -> Markup:
    wide = width == WIDE
    row_height = _ROW if wide else _ROW + 16
    names = max(len(words.short(r.name)) for r in rows) * CHARACTER + 16
    left = min(names, _WIDEST_NAMES) if wide else 10.0
    bottom = 44.0 + len(rows) * row_height
    frame = Frame(left, 44.0, width - 16.0, bottom)
    scale = seeds_scale(board, rows, *((8, 10.0) if wide else (5, 2.5)))
    lines = []
    for position, found in enumerate(rows):
        top = frame.top + position * row_height
        middle = top + (22.0 if wide else 38.0)
        place = _Place(frame, scale, middle, middle + 22)
        lines.append(_line(board, found, board.rows.index(found), place, top, wide))
    return svg.drawing(
        _axis(board, frame, scale, wide),
        *lines,
        width=width,
        height=bottom + 30,
        label=f"{board.dataset}: test accuracy of every seed, a line per model",
    )


def _axis(board: Board, frame: Frame, scale: Scale, wide: bool) -> Markup:
    """Return the grid with labels above and below, and the reference lines."""
    parts = [svg.text(frame.left, 14.0, "Test accuracy, %", "axis-title")]
    for share, label in ticks(scale):
        x = frame.x(share)
        parts.append(svg.line(x, frame.top, x, frame.bottom, "grid"))
        parts.append(svg.text(x, frame.bottom + 18, label, "tick middle"))
    for accuracy, short, name in reference_lines(board):
        if scale.holds(accuracy):
            x = frame.x(scale.share(accuracy))
            parts.append(svg.line(x, frame.top - 6, x, frame.bottom, "reference"))
            parts.append(_reference_name(x, name if wide else short, frame))
    return svg.group(*parts, aria_hidden="true")


def _reference_name(x: float, name: str, frame: Frame) -> Markup:
    """Return the name above its line, leaning inwards at the ends of the axis."""
    half = len(name) * CHARACTER / 2
    if x + half > frame.right + 8:
        return svg.text(frame.right + 14, 32.0, name, "reference-name end")
    if x - half < frame.left:
        return svg.text(frame.left - 4, 32.0, name, "reference-name")
    return svg.text(x, 32.0, name, "reference-name middle")


def _line(board: Board, found: Row, index: int, place: _Place, top: float, wide: bool) -> Markup:
    row, frame = found, place.frame
    name_place = (4.0, place.middle + 4) if wide else (frame.left, top + 14)
    claims = words.test_claims(board, row)
    return svg.group(
        svg.line(4.0 if wide else frame.left, top, frame.right, top, "rule"),
        svg.text(*name_place, words.short(row.name), "row-name"),
        _expected(claims, place),
        _dots(board, found, place),
        _mean(board, found, index, place),
        *_claims(claims, place),
        class_=f"marks line {words.band_class(row.group)}",
        data_row=index,
    )


def _expected(claims: list[ClaimRow], place: _Place) -> Markup:
    """Return where one more run of the recipe is expected, if a claim is to be placed in it."""
    prediction = claims[0].placement.prediction if claims else None
    if prediction is None or not place.scale.holds(prediction.high):
        return Markup("")
    x = place.x(prediction.low)
    return svg.rect(x, place.middle - 16, place.x(prediction.high) - x, 32.0, "expected")


def _dots(board: Board, found: Row, place: _Place) -> Markup:
    seeds = [pair for pair in found.seed_accuracies if place.scale.holds(pair[1])]
    if not seeds:
        x = place.frame.left + 4
        corners = [(x + 9, place.middle - 6), (x + 9, place.middle + 6), (x, place.middle)]
        label = "\n".join([*words.row_lines(found, board), "beyond the end of the axis"])
        mean = words.percent(found.accuracy.mean, board) if found.accuracy else ""
        return svg.mark(
            svg.path(corners, "dot", closed=True),
            svg.text(x + 16, place.middle + 4, mean, "mark-name"),
            label=label,
        )
    xs = [place.x(accuracy) for _, accuracy in seeds]
    offsets = swarm(xs, _DIAMETER, most=16.0)
    return Markup("").join(
        svg.mark(
            svg.circle(x, place.middle + offset, _DIAMETER / 2, "dot seed"),
            label=f"{found.name}, seed {seed}: {words.percent(accuracy, board)}",
        )
        for (seed, accuracy), x, offset in zip(seeds, xs, offsets, strict=True)
    )


def _mean(board: Board, found: Row, index: int, place: _Place) -> Markup:
    """Return mean and intervals below the dots."""
    row, scale = found, place.scale
    if row.accuracy is None or not scale.holds(row.accuracy.mean):
        return Markup("")
    parts = []
    for interval, kind in ((row.ci_population, "thin"), (row.ci_seeds, "thick")):
        if interval is not None:
            ends = place.x(interval.low), place.x(interval.high)
            parts.append(svg.line(ends[0], place.below, ends[1], place.below, f"interval {kind}"))
    x = place.x(row.accuracy.mean)
    parts.append(svg.line(x, place.below - 6, x, place.below + 6, "mean"))
    return svg.mark(*parts, label="\n".join(words.row_lines(row, board)))


def _claims(claims: Sequence[ClaimRow], place: _Place) -> list[Markup]:
    """Return the diamonds; names of neighbours lean away from each other."""
    marks = []
    places = [place.x(claim.published) for claim in claims]
    for claim, x in zip(claims, places, strict=True):
        left = any(0 < x - other < _CLAIM_ROOM for other in places)
        right = any(0 < other - x < _CLAIM_ROOM for other in places)
        shift, anchor = (4, "end") if right else (-4, "start") if left else (0, "middle")
        mark = svg.mark(
            svg.polygon(x, place.middle, 5.0, "diamond", "claim"),
            svg.text(x + shift, place.middle - 10, claim.id, f"claim-name {anchor}"),
            label="\n".join(words.claim_lines(claim)),
            class_="is-claim",
        )
        marks.append(mark)
    return marks
