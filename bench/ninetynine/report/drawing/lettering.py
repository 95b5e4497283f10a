"""What marks and tips say about a row, and the class of its color."""

import zlib
from collections.abc import Sequence

from ninetynine import datasets
from ninetynine.board import Board, ClaimRow, Row
from ninetynine.report import formatting
from ninetynine.report.tables import published

_COLORS = 6  # of groups, in the styles


def group_class(row: Row) -> str:
    """Return the style class of a row: the color of its first significance group."""
    return f"group-{letter_color(row.groups[0])}" if row.groups else "group-none"


def family(row: Row) -> str:
    """Return the suite that first asked for the row's runs, "" where none is recorded."""
    return row.records[0].context.suite if row.records else ""


def family_class(row: Row) -> str:
    """Return the style class of the row's family, the same in every picture of any of its rows."""
    return color_of_family(family(row))


def color_of_family(name: str) -> str:
    """Return the style class of the rows that the suite ``name`` first asked for."""
    return f"family-{(zlib.crc32(name.encode()) >> 3) % _COLORS}" if name else "group-none"


def best_finding(board: Board, rows: Sequence[Row]) -> str:
    """Return which of ``rows``, the best first, is best, and with how many it shares a group."""
    ranked = [(row, row.accuracy.mean) for row in rows if row.accuracy is not None]
    if not ranked:
        return "No run has finished."
    best, mean = ranked[0]
    alike = [row for row, _ in ranked[1:] if set(row.groups) & set(best.groups)]
    of = f"The best mean of {len(ranked)} is that of {best.name}"
    said = f"{of}: {percent(mean, board)}{' of the range of scores' if board.scores else ''}"
    if len(ranked) == 1 or not best.groups:
        return f"{said}."
    if not alike:
        return f"{said}, significantly different from every other."
    return f"{said}, not significantly different from {formatting.count(len(alike), 'other')}."


def quantity(board: Board) -> str:
    """Return what a picture's axis of shares shows: ``Test accuracy, %``."""
    if board.scores is not None:
        return "Share of the range of scores, %"
    return "Test accuracy, %" if board.thing == "image" else "Accuracy, %"


def letter_color(letter: str) -> int:
    """Return the number of the color of a group's letter, such as "b" or "z2"."""
    return (ord(letter[0]) - ord("a")) % _COLORS


def percent(share: float, board: Board) -> str:
    """Return an accuracy with its sign, and with the decimals that the test set can show."""
    return f"{formatting.percent(share, formatting.percent_decimals(board.images))}%"


def class_names(board: Board, classes: int) -> tuple[str, ...]:
    """Return the dataset's names of its classes; numbers where they are not known."""
    info = datasets.known().get(board.dataset)
    known = info is not None and len(info.class_names) == classes
    return info.class_names if info and known else tuple(map(str, range(classes)))


def row_label(row: Row, board: Board) -> str:
    """Return what a mark of ``row`` says: its name, then its accuracy and intervals."""
    if row.accuracy is None:
        return f"{row.name}\nno run finished"
    decimals = formatting.percent_decimals(board.images)
    seeds = formatting.count(len(row.seeds), "seed")
    mean, few, alike = formatting.percent_spread(row.accuracy, decimals).partition(" (")
    lines = [row.name, f"{mean}%{few}{alike} over {seeds}"]
    these, like_these = (
        formatting.these_images(board.images, board.thing),
        f"{board.noun} like these",
    )
    for images, interval in ((these, row.ci_seeds), (like_these, row.ci_population)):
        if interval is not None:
            lines.append(f"on {images}: {formatting.percent_interval(interval, decimals)}%")
    if row.groups:
        lines.append(f"group {', '.join(row.groups)}; rank {formatting.ranks(row.rank)}")
    return "\n".join(lines)


def claim_lines(claim: ClaimRow) -> list[str]:
    """Return what the mark of a published test accuracy says."""
    placement = claim.placement
    lines = [f"{claim.id}: {published(claim)}% published for {claim.row}"]
    lines += [claim.source] if claim.source else []
    lines.append(f"against our {formatting.count(claim.ours.n, 'seed')}: {placement.verdict}")
    if placement.quantile is not None:
        share = formatting.percent(placement.quantile, 0)
        lines.append(f"chance that one more run ends at or below it: {share}%")
    return lines


def accuracy_claims(board: Board, row: Row) -> list[ClaimRow]:
    """Return the published test accuracies of ``row``."""
    return [c for c in board.claims if c.row == row.name and c.metric == "test_accuracy"]
