"""Every seed as a dot, a line for each model; published figures as marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from ninetynine.board import Board, ClaimRow, Row
from ninetynine.report import formatting
from ninetynine.report.drawing import axes, lettering
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.layout import Box, fit, leader, place_labels, swarm, text_width
from ninetynine.report.drawing.scale import Scale
from ninetynine.report.figures import Figure, PagePlace, Panel, View, family_keys, first_of

_MOST_ROWS = 60
_MANY = 8  # rows; above them the labels of the axis stand twice
_LINE = 37.0
_DIAMETER = 7.0
_WIDEST_NAMES = 228.0
_NAMES = 32.0  # y of the names of reference lines
_NARROW = 500.0  # below this the names stand above the lines


@dataclass(frozen=True)
class _Line:
    """Where the line of one model lies."""

    frame: Box
    scale: Scale
    middle: float  # y of the dots

    def x(self, accuracy: float) -> float:
        return self.frame.x(self.scale.share(accuracy))


def views(board: Board) -> list[View]:
    """Return the picture of all single runs."""
    rows = board.finished[:_MOST_ROWS]
    if not rows:
        return []
    notes = first_of(_MOST_ROWS, board.finished)
    return [View("Every seed", [Panel(partial(_draw, board, rows))], notes, family_keys(rows))]


def _draw(board: Board, rows: Sequence[Row], width: float) -> el.Drawing:
    wide = width > _NARROW
    height = _LINE if wide else _LINE + 16
    names = [row.name for row in rows]
    longest = max(text_width(formatting.short(name, names=names)) for name in names) + 16
    top = 62.0 if len(rows) > _MANY else 44.0
    bottom = top + len(rows) * height
    frame = Box(min(longest, _WIDEST_NAMES) if wide else 10.0, top, width - 16.0, bottom)
    scale = _scale(board, rows, wide)
    lines = []
    for number, row in enumerate(rows):
        y = top + number * height
        place = _Line(frame, scale, y + (15.0 if wide else 31.0))
        left, room = (4.0, frame.left - 12) if wide else (frame.left, frame.right - frame.left)
        written = fit(row.name, room, names=names)
        name = el.Text(left, y + (19.0 if wide else 14.0), written, "row-name")
        head: list[el.Element] = [el.Line(left, y, frame.right, y, "rule"), name]
        lines.append(_line(board, row, place, head))
    return el.Drawing(
        [_axis(board, frame, scale, wide, len(rows) > _MANY), *lines],
        width,
        bottom + 30,
        f"{board.dataset}: {_words(board)} of every seed, a line per model\n"
        f"{lettering.best_finding(board, rows)}",
    )


def _words(board: Board) -> str:
    return lettering.quantity(board).removesuffix(", %").lower()


def _scale(board: Board, rows: Sequence[Row], wide: bool) -> Scale:
    """Return the scale that holds every run, interval and published figure of ``rows``."""
    others = [accuracy for row in rows for _, accuracy in row.seed_accuracies]
    for claim in (claim for row in rows for claim in lettering.accuracy_claims(board, row)):
        prediction = claim.placement.prediction
        others += [claim.published, *((prediction.low, prediction.high) if prediction else ())]
    return axes.rows_scale(board, rows, others, *((8, 10.0) if wide else (5, 2.5)))


def _axis(board: Board, frame: Box, scale: Scale, wide: bool, twice: bool) -> el.Group:
    """Return the grid with its labels, and the reference lines with their names above."""
    parts: list[el.Element] = [el.Text(frame.left, 14.0, lettering.quantity(board), "axis-title")]
    for share, label in axes.ticks(scale):
        x = frame.x(share)
        parts.append(el.Line(x, frame.top, x, frame.bottom, "grid"))
        for y in (frame.bottom + 18, frame.top - 7) if twice else (frame.bottom + 18,):
            parts.append(el.Text(x, y, label, "tick", "middle"))
    references = axes.reference_lines(board, scale)
    names = sum(text_width(name) for *_, name in references)
    apart = [abs(a[0] - b[0]) for a, b in pairwise(sorted(references))]
    pieces = _pieces(frame, wide, twice)
    wide = wide and (frame.right - frame.left) * min(apart, default=1.0) > 0.75 * names
    for share, short, name in references:
        x, text = frame.x(share), name if wide else short
        parts += [el.Line(x, start, x, end, "reference") for start, end in pieces]
        # It leans inwards at the ends of the axis.
        half, place, anchor = text_width(text) / 2, x, el.MIDDLE
        if x + half > frame.right + 8:
            place, anchor = frame.right + 14, el.END
        elif x - half < frame.left:
            place, anchor = frame.left - 4, el.START
        parts.append(el.Text(place, _NAMES, text, "reference-name", anchor))
    return el.Group(parts, hidden=True)


def _pieces(frame: Box, wide: bool, twice: bool) -> list[tuple[float, float]]:
    """Return the y's of a reference's line, which leaves out labels of an axis and names above."""
    pieces = [(_NAMES + 6, frame.top - (18 if twice else 0))]
    if wide:
        return [*pieces, (frame.top - 3, frame.bottom)]
    step = _LINE + 16
    rows = round((frame.bottom - frame.top) / step)
    return pieces + [(frame.top + n * step + 18, frame.top + (n + 1) * step) for n in range(rows)]


def _line(board: Board, row: Row, line: _Line, head: Sequence[el.Element]) -> el.Group:
    claims = lettering.accuracy_claims(board, row)
    drawn = [claim for claim in claims if line.scale.holds(claim.published)]
    return el.Group(
        [
            *head,
            *_expected(claims, line),
            *_dots(board, row, line),
            *_mean(board, row, line),
            *_claims(drawn, row, line),
        ],
        f"marks line {lettering.family_class(row)}",
        row=board.rows.index(row),
    )


def _expected(claims: Sequence[ClaimRow], line: _Line) -> list[el.Element]:
    """Return where one more run of the recipe is expected, if a claim is to be placed in it."""
    prediction = claims[0].placement.prediction if claims else None
    if prediction is None or not line.scale.holds(prediction.high):
        return []
    low, high = line.x(prediction.low), line.x(prediction.high)
    return [el.Rect(low, line.middle - 12, high - low, 24.0, "expected")]


def _dots(board: Board, row: Row, line: _Line) -> list[el.Group]:
    seeds = [pair for pair in row.seed_accuracies if line.scale.holds(pair[1])]
    if not seeds:
        x, y = line.frame.left + 4, line.middle
        mean = lettering.percent(row.accuracy.mean, board) if row.accuracy else ""
        arrow = el.Path([(x + 9, y - 6), (x + 9, y + 6), (x, y)], "dot", closed=True)
        published = [
            s for c in lettering.accuracy_claims(board, row) for s in lettering.claim_lines(c)
        ]
        label = "\n".join(
            [lettering.row_label(row, board), "beyond the end of the axis", *published]
        )
        return [el.mark(arrow, el.Text(x + 16, y + 4, mean, "mark-name"), label=label)]
    xs = [line.x(accuracy) for _, accuracy in seeds]
    offsets = swarm(xs, _DIAMETER, most=7.0)
    return [
        el.mark(
            el.Circle(x, line.middle + offset, _DIAMETER / 2, "dot seed"),
            label=f"{row.name}, seed {seed}: {lettering.percent(accuracy, board)}",
        )
        for (seed, accuracy), x, offset in zip(seeds, xs, offsets, strict=True)
    ]


def _mean(board: Board, row: Row, line: _Line) -> list[el.Group]:
    """Return mean and intervals below the dots."""
    if row.accuracy is None or not line.scale.holds(row.accuracy.mean):
        return []
    x, y = line.x(row.accuracy.mean), line.middle + 16
    bars = axes.interval_bars(row, line.x, y)
    mean = el.Line(x, y - 5, x, y + 5, "mean")
    return [el.mark(*bars, mean, label=lettering.row_label(row, board))]


def _claims(claims: Sequence[ClaimRow], row: Row, line: _Line) -> list[el.Group]:
    """Return the diamonds, with their names where they lie on no dot and no other name."""
    y, frame = line.middle, line.frame
    # From the right: a leader to the right would else go through the next diamond.
    claims = sorted(claims, key=lambda claim: -claim.published)
    xs = [line.x(accuracy) for _, accuracy in row.seed_accuracies]
    dots = [Box(x - 4, y - 12, x + 4, y + 12) for x in xs]
    places = [line.x(claim.published) for claim in claims]
    diamonds = [Box(x - 6, y - 7, x + 6, y + 7) for x in places]
    # A label may stand beside a short name, left of what the frame holds.
    left = min(frame.left, text_width(row.name) + 16)
    band = Box(left, y - 12, frame.right + 14, y + 12)
    anchors = [(x, y, text_width(c.id) + 4) for c, x in zip(claims, places, strict=True)]
    boxes = place_labels(anchors, band, [*dots, *diamonds], [], 14, rings=12)
    marks = []
    for claim, x, box in zip(claims, places, boxes, strict=True):
        parts = [el.shape(x, y, 5.0, "diamond", "claim")]
        if box is not None:
            line_to = leader(x, y, box)
            parts += [el.Line(*line_to, "leader")] if line_to is not None else []
            parts.append(el.Text(box.left + 2, box.bottom - 3, claim.id, "claim-name"))
        label = "\n".join(lettering.claim_lines(claim))
        marks.append(el.mark(*parts, label=label, class_="is-claim"))
    return marks


FIGURE = Figure(
    views,
    empty="no run has finished yet",
    place=PagePlace(
        order=20,
        section="seeds",
        heading="Every seed",
        link="Seeds",
        says="Each dot is one run of a model with another seed. Below the dots: the mean and its "
        "two intervals. Diamonds are published figures for the same recipe, and the shaded area is "
        "where one more run would end, 95 times in 100: a figure inside it is what luck alone "
        "makes.",
    ),
)
