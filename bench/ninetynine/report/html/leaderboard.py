"""The leaderboard of a view: what is drawn of a row, and what rows are found by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ninetynine.architecture import Architecture
from ninetynine.board import Board, Row
from ninetynine.board.views import View
from ninetynine.grouping import grouped
from ninetynine.report import formatting
from ninetynine.report.columns.identity import WATCHES, threads, votes
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import lettering
from ninetynine.report.drawing.axes import interval_bars, rows_scale
from ninetynine.report.drawing.layout import Box
from ninetynine.report.drawing.scale import Scale
from ninetynine.report.drawing.svg import page_svg

_WIDTH, _HEIGHT = 240.0, 22.0
_FRAME = Box(6.0, 0.0, _WIDTH - 6.0, _HEIGHT)
_FAR = 2.5  # models with more than this many times the best one's errors are arrows at the end
_LANE, _LANES_WIDTH = 5.0, 60.0  # between two bars of groups, and of all of them at most
_TAIL = 10  # characters at the end of a name that stay when its middle is left out


@dataclass(frozen=True)
class LeaderRow:
    """A model: its name in two parts, how it was trained, what filters find it by, its bars.

    ``place`` is that of the row on its board, of which the view may show a part.
    """

    row: Row
    place: int
    head: str
    tail: str
    detail: str
    tip: str
    fields: dict[str, str]
    bar: Markup
    lanes: str
    rank: tuple[float, float] | None  # where its rank interval begins and ends, percent


@dataclass(frozen=True)
class Leaderboard:
    """The table; ``axis`` are the ends of the bars' common axis, ``lanes`` the width of groups."""

    rows: list[LeaderRow]
    axis: list[str]
    lanes: float
    filters: dict[str, list[str]]  # field -> its values, where there are several


def leaderboard(view: View, every: Board) -> Leaderboard:
    """Return the table of a view of the board ``every``."""
    board = view.board
    details = [_details(row) for row in board.rows]
    varying = [len(set(words)) > 1 for words in zip(*details, strict=True)]
    scale, axis = None, []
    if board.finished:
        claims = [c.published for row in board.rows for c in lettering.accuracy_claims(board, row)]
        scale = rows_scale(board, board.finished, claims, far=_FAR)
        ends = [round(1 - 10**-end, 4) for end in (scale.low, scale.high)]
        axis = list(map(formatting.shortest_percent, ends))
    lanes, width = _lanes(board.rows)
    places = {row.name: place for place, row in enumerate(every.rows)}
    ranked = sum(row.rank is not None for row in board.rows)
    rows = []
    for index, (row, own) in enumerate(zip(board.rows, details, strict=True)):
        shown = [word for word, varies in zip(own, varying, strict=True) if word and varies]
        bar = _bar(board, row, scale) if scale is not None and row.accuracy else Markup("")
        head, tail = name_parts(row.name)
        rows.append(
            LeaderRow(
                row=row,
                place=places[row.name],
                head=head,
                tail=tail,
                detail=" · ".join(shown),
                tip=_tip(board, row, own),
                fields=_fields(view, row, board.catalog),
                bar=bar,
                lanes=lanes[index],
                rank=_rank_bar(row, ranked),
            )
        )
    return Leaderboard(rows, axis, width, _filters(rows))


def name_parts(name: str) -> tuple[str, str]:
    """Return a name's beginning, which may be cut where room is short, and its end, which stays."""
    tail = min(_TAIL, len(name) // 2)
    words = [len(name) - start for start in formatting.word_starts(name)]
    near = [length for length in words if tail / 2 <= length <= 1.5 * tail and length < len(name)]
    tail = min(near, key=lambda length: abs(length - tail), default=tail)
    return name[: len(name) - tail], name[len(name) - tail :]


def family(row: Row, catalog: Mapping[str, Architecture]) -> str:
    """Return what a row is one of: its architecture's file, or the votes."""
    if row.identity.kind != "trained":
        return "vote" if row.identity.kind == "ensemble" else "elsewhere"
    own = catalog.get(row.identity.architecture)
    return row.identity.architecture if own is None else own.file_name


def _fields(view: View, row: Row, catalog: Mapping[str, Architecture]) -> dict[str, str]:
    """Return what the filter knows of a row; the words of one value do not hold a space."""
    suites = (view.suites_of or {}).get(row.name, ())
    return {
        "precision": row.identity.precision,
        "family": family(row, catalog),
        "suite": " ".join(suites),
        "backend": row.identity.backend,
        "device": row.identity.device,
        "kind": "vote" if row.identity.kind == "ensemble" else row.identity.kind,
        "group": " ".join(row.groups),
    }


def _filters(rows: Sequence[LeaderRow]) -> dict[str, list[str]]:
    found = {}
    for field in ("suite", "family", "precision", "backend", "device"):
        every = [row.fields[field] for row in rows]
        words = {word for text in every for word in (text.split() if field == "suite" else [text])}
        if len(words) > 1:
            found[field] = sorted(words)
    return found


def _details(row: Row) -> list[str]:
    """Return how the row was trained; each place of the list has one meaning in all rows."""
    identity = row.identity
    if identity.kind == "external":
        return ["predictions made elsewhere", "", "", "", "", ""]
    kinds = len(identity.recipe["members"]) if identity.kind == "ensemble" else 0
    vote = f"vote of {formatting.count(kinds, 'kind')}" if kinds else ""
    watches = f"{WATCHES} watches the test set" if identity.watches_test_set else ""
    own = [identity.precision, identity.backend, identity.device, threads(row)]
    return [vote, watches, *own]


def _tip(board: Board, row: Row, details: Sequence[str]) -> str:
    """Return what the row's name says on demand."""
    lines = [row.name, ", ".join(word for word in details if word)]
    if row.identity.kind == "ensemble":
        lines.append(votes(row))
    own = board.catalog.get(row.identity.architecture)
    if own is not None and own.summary:
        lines.append(own.summary)
    return "\n".join(lines)


def _lanes(rows: Sequence[Row]) -> tuple[list[str], float]:
    """Return, for each row, the path of the bars of its groups, 10 high, and how wide all are.

    Two groups that end and begin apart share a lane; a group of one row has no bar.
    """
    members = grouped((group, index) for index, row in enumerate(rows) for group in row.groups)
    ends: list[int] = []  # the last row of each lane so far
    lane_of: dict[str, int] = {}
    for group, inside in sorted(members.items(), key=lambda item: item[1]):
        if len(inside) < 2:
            continue
        free = next((lane for lane, end in enumerate(ends) if end + 1 < inside[0]), len(ends))
        ends[free:] = [inside[-1], *ends[free + 1 :]]
        lane_of[group] = free
    step = min(_LANE, _LANES_WIDTH / max(len(ends), 1))
    paths = [
        "".join(
            f"M{round(step * (lane_of[g] + 0.5), 1):g} 0V10" for g in row.groups if g in lane_of
        )
        for row in rows
    ]
    return paths, round(step * len(ends), 1)


def _rank_bar(row: Row, ranked: int) -> tuple[float, float] | None:
    if row.rank is None:
        return None
    step = 100 / max(ranked, 1)
    return round(step * (row.rank.best - 1), 1), round(step * row.rank.worst, 1)


def _bar(board: Board, row: Row, scale: Scale) -> Markup:
    """Return both intervals as bars, the mean as a tick and the claims as diamonds."""

    def x(accuracy: float) -> float:
        return _FRAME.x(scale.share(accuracy))

    middle, claims = _HEIGHT / 2, lettering.accuracy_claims(board, row)
    parts: list[el.Element] = [el.Line(_FRAME.left, middle, _FRAME.right, middle, "track")]
    if row.accuracy is not None and scale.holds(row.accuracy.mean):
        mean = x(row.accuracy.mean)
        parts += interval_bars(row, x, middle)
        parts.append(el.Line(mean, middle - 7, mean, middle + 7, "mean"))
    else:
        arrow = [(12.0, middle - 5), (12.0, middle + 5), (4.0, middle)]
        parts.append(el.Path(arrow, "dot", closed=True))
    parts += [el.shape(x(c.published), middle, 3.8, "diamond", "claim") for c in claims]
    said = [lettering.row_label(row, board), *(lettering.claim_lines(claim)[0] for claim in claims)]
    bar = el.Drawing(parts, _WIDTH, _HEIGHT, "\n".join(said), "bars mark")
    drawing = page_svg(bar, still=True)
    return drawing.replace("<svg ", Markup('<svg preserveAspectRatio="none" '), 1)
