"""What marks, cells and tips say in words."""

import re

from ninetynine.board import Board, ClaimRow, Row
from ninetynine.report import text
from ninetynine.report.claims import published

_COLOURS = 6  # band colours in the style sheet
_LONGEST_NAME = 28


def band_class(band: str) -> str:
    """Return the style class of a row: the colour of its first band."""
    return f"band-{(ord(band[0]) - ord('a')) % _COLOURS}" if band else "band-none"


def band_letters(band: str) -> list[str]:
    """Return the letters of a band text such as ``"abz2"``."""
    return re.findall(r"[a-z]\d*", band)


def percent(share: float, board: Board) -> str:
    """Return an accuracy with its sign, and with the decimals that the test set can show."""
    return f"{text.percent(share, text.percent_decimals(board.images))}%"


def short(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return ``name``, its middle left out where it is long."""
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[: longest - 1 - half]}…{name[-half:]}"


def row_lines(row: Row, board: Board) -> list[str]:
    """Return what a mark of ``row`` says: its name, then its accuracy and intervals."""
    if row.accuracy is None:
        return [row.name, "no run finished"]
    decimals = text.percent_decimals(board.images)
    seeds = text.count(len(row.seeds), "seed")
    lines = [row.name, f"{text.percent_spread(row.accuracy, decimals)}% over {seeds}"]
    if row.ci_seeds:
        these = f"these {board.images:,} images" if board.images else "these images"
        lines.append(f"on {these}: {text.percent_interval(row.ci_seeds, decimals)}%")
    if row.ci_population:
        interval = text.percent_interval(row.ci_population, decimals)
        lines.append(f"on {like_these(board)}: {interval}%")
    if row.group:
        lines.append(f"band {', '.join(band_letters(row.group))}; rank {text.ranks(row.rank)}")
    return lines


def like_these(board: Board) -> str:
    """Return what the wider interval speaks of."""
    return f"{board.noun} like these"


def claim_lines(claim: ClaimRow) -> list[str]:
    """Return what the mark of a published test accuracy says."""
    placement = claim.placement
    lines = [f"{claim.id}: {published(claim)}% published for {claim.row}"]
    if claim.source:
        lines.append(claim.source)
    lines.append(f"against our {text.count(claim.ours.n, 'seed')}: {placement.verdict}")
    if placement.quantile is not None:
        share = text.percent(placement.quantile, 0)
        lines.append(f"chance that one more run ends at or below it: {share}%")
    return lines


def test_claims(board: Board, row: Row) -> list[ClaimRow]:
    """Return the published test accuracies of ``row``."""
    return [c for c in board.claims if c.row == row.name and c.metric == "test_accuracy"]
