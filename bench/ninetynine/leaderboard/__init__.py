"""The leaderboard: records -> tables of numbers; :mod:`ninetynine.report` makes text of them."""

from ninetynine.leaderboard.boards import build_boards
from ninetynine.leaderboard.flat import frame, row_numbers
from ninetynine.leaderboard.model import (
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
