"""Every pair of a board's models compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from ninetynine.board import Board, Row
from ninetynine.statistics import Comparison, compare, rank_intervals

MOST_ROWS = 40


@dataclass(frozen=True)
class Pair:
    """Two rows of the board, the upper one first; ``adjusted_p`` is Holm's over all pairs."""

    upper: Row
    lower: Row
    comparison: Comparison
    adjusted_p: float

    @property
    def told_apart(self) -> bool:
        """Return whether the two are different, with all pairs of the board in mind."""
        return self.adjusted_p < 0.05


@dataclass(frozen=True)
class Pairs:
    """The rows that can be compared, and their pairs by (upper, lower) place among them."""

    rows: tuple[Row, ...]
    pairs: dict[tuple[int, int], Pair]
    left_out: int  # rows beyond the first ``MOST_ROWS``


def all_pairs(board: Board) -> Pairs:
    """Return the comparisons of all pairs among the first ``MOST_ROWS`` rows with predictions."""
    rows = [found for found in board.rows if found.summary is not None]
    if len(rows) < 2:
        return Pairs(tuple(rows), {}, 0)
    adjusted = rank_intervals([s for found in rows if (s := found.summary)]).adjusted_p
    shown = rows[:MOST_ROWS]
    pairs = {(i, j): _pair(shown[i], shown[j], float(adjusted[i, j])) for i, j in _upper(shown)}
    return Pairs(tuple(shown), pairs, len(rows) - len(shown))


def _upper(rows: Sequence[Row]) -> list[tuple[int, int]]:
    return [(i, j) for i in range(len(rows)) for j in range(i + 1, len(rows))]


def _pair(upper: Row, lower: Row, adjusted_p: float) -> Pair:
    assert upper.summary is not None
    assert lower.summary is not None
    return Pair(upper, lower, compare(upper.summary, lower.summary), adjusted_p)
