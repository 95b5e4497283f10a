"""The matrix of all pairs: differences, and verdicts on hover."""

from dataclasses import dataclass

from ninetynine.board import Board
from ninetynine.report import text
from ninetynine.report.html import words
from ninetynine.report.plots.pairs import Pair, Pairs, all_pairs
from ninetynine.statistics import Interval


@dataclass(frozen=True)
class PairCell:
    """The row's accuracy less the column's; ``class_`` colours it, ``tip`` is the verdict."""

    text: str
    class_: str
    tip: str


@dataclass(frozen=True)
class PairTable:
    """Names in the board's order, and a row of cells for each; None on the diagonal."""

    names: tuple[str, ...]
    rows: tuple[tuple[PairCell | None, ...], ...]
    notes: tuple[str, ...]


def pair_table(board: Board) -> PairTable | None:
    """Return the matrix; None where there are no two rows to compare."""
    found = all_pairs(runs)
    if not found.pairs:
        return None
    size = range(len(found.rows))
    rows = tuple(tuple(_cell(found, i, j, board) for j in size) for i in size)
    notes: tuple[str, ...] = ()
    if found.left_out:
        total = len(found.rows) + found.left_out
        notes = (f"Shown are the first {len(found.rows)} of {total} models.",)
    return PairTable(tuple(r.name for r in found.rows), rows, notes)


def _cell(found: Pairs, row: int, column: int, board: Board) -> PairCell | None:
    if row == column:
        return None
    pair = found.pairs[min(row, column), max(row, column)]
    sign = 1 if row < column else -1
    difference = sign * pair.comparison.difference
    if pair.told_apart:
        class_ = "better" if difference > 0 else "worse"
    else:
        class_ = "open" if pair.comparison.verdict == "underpowered" else "level"
    return PairCell(_signed(difference), class_, "\n".join(_lines(pair, sign, board)))


def _lines(pair: Pair, sign: int, board: Board) -> list[str]:
    names = pair.upper.row.name, pair.lower.row.name
    first, second = names if sign > 0 else names[::-1]
    found = pair.comparison
    ends = sign * found.interval.low, sign * found.interval.high
    interval = Interval(min(ends), max(ends))
    low, high = _signed(interval.low), _signed(interval.high)
    p_values = f"p {_equals(found.p_value)}, over all pairs (Holm) {_equals(pair.adjusted_p)}"
    return [
        f"{first} less {second}",
        f"{_signed(sign * found.difference)} points on {words.like_these(board)}, "
        f"95% interval {low} to {high}",
        p_values,
        *_verdict(pair, sign),
    ]


def _verdict(pair: Pair, sign: int) -> list[str]:
    found = pair.comparison
    if pair.told_apart:
        better = sign * found.difference > 0
        return [f"told apart: the first is {'better' if better else 'worse'}"]
    smallest = text.percent(found.minimum_detectable_difference, 2)
    if found.verdict in ("better", "worse"):
        return ["a difference on its own, but not among so many pairs"]
    if found.to_decide is None:
        return [f"not told apart; {smallest} points would have shown"]
    lines = [f"underpowered; only {smallest} points or more would have shown"]
    if found.to_decide.seeds is not None:
        lines.append(f"{text.count(found.to_decide.seeds, 'seed')} of each would decide")
    elif found.to_decide.images is not None:
        lines.append(f"no number of seeds decides; {found.to_decide.images:,} test images would")
    return lines


def _signed(share: float) -> str:
    number = text.percent(share, 2)
    return number if number.startswith("−") or number == "0.00" else f"+{number}"


def _equals(value: float) -> str:
    written = text.p_value(value)
    return written if written.startswith("<") else f"= {written}"
