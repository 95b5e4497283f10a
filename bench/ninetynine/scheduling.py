"""When the last of many cells would end: a simulated schedule, and what bounds it."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Bound = Literal["nothing", "longest cell", "work", "start-up"]


@dataclass(frozen=True)
class Schedule:
    """What a simulated run comes to; a worker's start-up is part of its time."""

    workers: int  # that had a cell to train
    makespan_seconds: float
    worker_seconds: float  # of all workers together, without waiting for the last one
    lower_bound_seconds: float  # no order of the cells ends sooner
    bound_by: Bound


def simulate(seconds: Sequence[float], workers: int, startup_seconds: float = 0.0) -> Schedule:
    """Return the schedule of cells that take ``seconds``, the longest first, on equal ``workers``.

    A worker takes the next cell when it has done its last, as the executors have it.  That ends
    after at most 4/3 - 1/(3 workers) times the time of the best order there is, start-up aside
    (Graham, "Bounds on Multiprocessing Timing Anomalies", SIAM J. Appl. Math. 17, 1969).
    Raises ValueError for no workers.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers finish nothing")
    ends = [startup_seconds] * min(workers, len(seconds))  # equal numbers are a heap already
    for cell_seconds in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + cell_seconds)
    longest, share = max(seconds, default=0.0), sum(seconds) / workers
    return Schedule(
        workers=len(ends),
        makespan_seconds=max(ends, default=0.0),
        worker_seconds=sum(seconds) + startup_seconds * len(ends),
        lower_bound_seconds=startup_seconds + max(longest, share) if ends else 0.0,
        bound_by=_bound(longest, share, startup_seconds) if ends else "nothing",
    )


def _bound(longest: float, share: float, startup: float) -> Bound:
    if startup > max(longest, share):
        return "start-up"
    return "longest cell" if longest >= share else "work"
