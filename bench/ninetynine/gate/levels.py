"""What a baseline keeps of runs that an update removes: their mean and its interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ninetynine.board import Row, Run
from ninetynine.board.boards import board_key
from ninetynine.board.history import Change, Level
from ninetynine.board.run import identity_of
from ninetynine.gate.reference import NAME
from ninetynine.records.schema import Part
from ninetynine.statistics import Interval

if TYPE_CHECKING:
    from ninetynine.gate.baseline import Manifest


class KeptLevel(Part):
    """What an architecture came to, shares of 1, when its runs are gone."""

    accuracy: float  # mean over the finished runs
    low: float | None = None  # the ends of its 95% interval on these test images
    high: float | None = None
    seeds: int


def levels_of(runs: Sequence[Run]) -> dict[str, KeptLevel]:
    """Return what the architectures of ``runs`` come to, by name."""
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        if run.record.scores is not None and run.record.cell.architecture != NAME:
            by_name.setdefault(run.record.cell.architecture, []).append(run)
    found = {}
    for name, own in sorted(by_name.items()):
        record = own[0].record
        key = board_key(record, record.context.variant)
        row = Row.of(name, identity_of(record), key, own)
        mean, interval = row.accuracy, row.ci_seeds
        if mean is not None:
            ends = (interval.low, interval.high) if interval else (None, None)
            found[name] = KeptLevel(accuracy=mean.mean, low=ends[0], high=ends[1], seeds=mean.n)
    return found


def changes_of(manifest: "Manifest") -> list[Change]:
    """Return how a baseline was changed, the last change last."""
    found = []
    for entry in manifest.updates:
        levels: dict[str, Level | None] = {}
        prints = set()
        for name in entry.architectures:
            kept, first = entry.levels.get(name), manifest.first.get(name)
            levels[name] = None
            if kept is not None:
                ends = (kept.low, kept.high)
                interval = None if None in ends else Interval(*ends)  # type: ignore[arg-type]
                levels[name] = Level(kept.accuracy, interval, kept.seeds)
            elif first is not None and first.at == entry.at:
                levels[name] = Level(first.accuracy, None, first.seeds)
            if first is not None:
                prints.add(first.dataset_fingerprint)
        data = prints.pop() if len(prints) == 1 else None
        found.append(Change(entry.at, entry.reason, entry.commit, data, levels))
    return found
