"""What would decide two single runs: more items like these."""

import math

from ninetynine.board import Board
from ninetynine.statistics import Comparison
from ninetynine.statistics.power import fewest_discordant


def more_items(board: Board, found: Comparison) -> int:
    """Return how many items would show the difference between two single runs, 4 times in 5.

    These very runs are compared, on more items like these, whose standard error falls with the
    square root of their number; of runs that never differed, with the number itself.  As many must
    differ as a test needs at the least.  The difference is the observed one, or the margin if
    larger.
    """
    items, target = board.images or 0, max(abs(found.difference), found.margin)
    never = found.discordant == (0, 0)
    differ = 1.0 if found.discordant is None else sum(found.discordant) / max(items, 1)
    fewest, groups = fewest_discordant(found.alpha), board.image_groups
    least = fewest / max(target, differ)
    if groups is not None:
        least = max(least, fewest * items / groups.count)
    times = found.minimum_detectable_difference / target if target > 0 else 1.0
    return math.ceil(max(items * times ** (1 if never else 2), items, least))
