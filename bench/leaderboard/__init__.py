"""The leaderboard: records -> tables of numbers; :mod:`bench.report` makes text of them."""

from bench.leaderboard.boards import build_boards
from bench.leaderboard.flat import frame, row_numbers
from bench.leaderboard.model import (
    Board,
    ClaimRow,
    Row,
    Spread,
    Timed,
    Undecided,
    WayRow,
)

__all__ = [
    "Board",
    "ClaimRow",
    "Row",
    "Spread",
    "Timed",
    "Undecided",
    "WayRow",
    "build_boards",
    "frame",
    "row_numbers",
]
