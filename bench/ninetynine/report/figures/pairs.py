"""Every pair's difference, and whether it is significant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ninetynine.board import Board, Row, compare_rows
from ninetynine.board.comparing import shared_runs
from ninetynine.report import formatting
from ninetynine.report.drawing.matrix import Matrix, MatrixCell, cell_box
from ninetynine.report.figures import Figure, Key, PagePlace, Panel, View, first_of
from ninetynine.report.formatting import equals_p
from ninetynine.statistics import USUAL_MARGIN, Comparison, Margin, rank_intervals

_MOST_ROWS = 40


@dataclass(frozen=True)
class Pair:
    """Two rows of the board, the upper one first; ``adjusted_p`` is that of all pairs together."""

    upper: Row
    lower: Row
    comparison: Comparison
    adjusted_p: float

    @property
    def different(self) -> bool:
        """Return whether the two are significantly different, with all pairs in mind."""
        return self.adjusted_p < 0.05


def all_pairs(
    rows: Sequence[Row],
    most: int = _MOST_ROWS,
    others: Sequence[Row] = (),
    margin: Margin = USUAL_MARGIN,
) -> dict[tuple[int, int], Pair]:
    """Return the pairs of the first ``most`` of ``rows``, by place.

    They are corrected for all pairs of ``rows`` and ``others``.  Every one of ``rows`` has
    predictions.  What would decide is planned for the correction's first step.
    """
    if len(rows) < 2:
        return {}
    # In the board's order, so that the draws of the step-down tests are the board's.
    every = sorted(
        (*rows, *others), key=lambda row: (-row.accuracy.mean if row.accuracy else 1.0, row.name)
    )
    ranked = [row for row in every if row.summary is not None]
    place = {row.name: n for n, row in enumerate(ranked)}
    summaries = [row.summary for row in ranked if row.summary is not None]
    adjusted = rank_intervals(summaries, shared=shared_runs(ranked)).adjusted_p
    alpha = 0.05 / math.comb(len(ranked), 2)
    pairs = {}
    for i, j in combinations(range(min(most, len(rows))), 2):
        found = compare_rows(rows[i], rows[j], margin=margin, planned_alpha=alpha)
        if found is not None:
            p_value = float(adjusted[place[rows[i].name], place[rows[j].name]])
            pairs[i, j] = Pair(rows[i], rows[j], found, p_value)
    return pairs


def views(board: Board) -> list[View]:
    """Return the matrix of all pairs."""
    rows = [row for row in board.rows if row.summary is not None]
    pairs = all_pairs(rows, others=board.others, margin=board.margin)
    if not pairs:
        return []
    names = tuple(row.name for row in rows[:_MOST_ROWS])
    cells: list[list[MatrixCell | None]] = [[None] * len(names) for _ in names]
    for (i, j), pair in pairs.items():
        cells[i][j], cells[j][i] = _cell(pair, 1, board), _cell(pair, -1, board)
    caption = "Row less column, percentage points"
    different = sum(pair.different for pair in pairs.values())
    finding = f"{different} of {formatting.count(len(pairs), 'pair')} are significantly different."
    matrix = Matrix(f"Pairs of models\n{finding}", names, names, tuple(map(tuple, cells)), caption)
    notes = first_of(_MOST_ROWS, rows)
    return [View("Every pair", [Panel(lambda width: matrix)], notes, _legend(board))]


def _legend(board: Board) -> tuple[Key, ...]:
    within = f"equivalent: within {formatting.margin(board.margin)}, by two one-sided tests"
    return (
        Key(cell_box(0, 0, 20, 12, "better"), "significantly better (95%, all pairs together)"),
        Key(cell_box(0, 0, 20, 12, "worse"), "significantly worse"),
        Key(cell_box(0, 0, 20, 12, "open"), "undecided: a difference that matters may be hidden"),
        Key(cell_box(0, 0, 20, 12, "plain"), within),
    )


def _cell(pair: Pair, sign: int, board: Board) -> MatrixCell:
    """Return the upper row less the lower one, or with ``sign`` -1 the other way around."""
    found = pair.comparison
    class_ = "open" if found.verdict != "equivalent" else "plain"
    if pair.different:
        class_ = "better" if sign * found.difference > 0 else "worse"
    first, second = (pair.upper, pair.lower)[::sign]
    difference = _signed(sign * found.difference)
    low, high = (_signed(sign * end) for end in (found.interval.low, found.interval.high)[::sign])
    lines = [
        f"{first.name} less {second.name}",
        f"{difference} points on {board.noun} like these, 95% interval {low} to {high}",
        f"p {equals_p(found.p_value)}, with all pairs in mind {equals_p(pair.adjusted_p)}",
        f"the first is significantly {class_}" if pair.different else _undecided(found, board),
    ]
    return MatrixCell(difference, class_, "\n".join(lines))


def _undecided(found: Comparison, board: Board) -> str:
    smallest = formatting.percent(found.minimum_detectable_difference, 2)
    if found.verdict in ("better", "worse"):
        return "a difference on its own, but not among so many pairs"
    if found.to_decide is None:
        return f"equivalent within {formatting.shortest_percent(found.margin)} points"
    line = f"undecided; only {smallest} points or more would have shown"
    if found.seeds_to_decide is not None:
        return f"{line}\n{formatting.count(found.seeds_to_decide, 'seed')} of each would decide"
    if found.to_decide.images is not None:
        images = formatting.more_images(found.to_decide, board.image_groups)
        return f"{line}\nno number of seeds decides; {images} would"
    return line


def _signed(share: float) -> str:
    return formatting.signed_percent(share, 2).replace("+0.00", "0.00")


FIGURE = Figure(
    views,
    empty="there are no two models with predictions to compare",
    place=PagePlace(
        order=40,
        section="pairs",
        of_rows=True,
        heading="Every pair",
        link="Pairs",
        says="The accuracy of the row's model less that of the column's, in percentage points. "
        "Point at a cell for its verdict.",
    ),
)
