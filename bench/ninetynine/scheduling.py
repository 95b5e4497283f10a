"""When the last of many cells would end: a schedule on paper, here and on equal nodes."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ninetynine import machine
from ninetynine.cells import Cell, CellIdentity, by_task
from ninetynine.durations import Prediction, Predictor
from ninetynine.errors import UserError
from ninetynine.grouping import grouped
from ninetynine.planning import RunPlan
from ninetynine.records import Record

Bound = Literal["nothing", "longest cell", "work", "start-up", "memory"]

_MOST_NODES = 1024


@dataclass(frozen=True)
class SimulatedRun:
    """What a simulated run comes to; a worker's start-up is part of its time."""

    workers: int  # that had a cell to train
    makespan_seconds: float
    worker_seconds: float  # of all workers together, without waiting for the last one
    lower_bound_seconds: float  # no order of the cells ends sooner
    bound_by: Bound


@dataclass(frozen=True)
class Resources:
    """Where the cells could be trained: this machine, or equal nodes."""

    name: str
    workers: int
    cores: int  # that are paid for, whether or not a worker has them
    unfit: int = 0  # further workers that the cores, but not the memory, have room for


@dataclass(frozen=True)
class Scheduled:
    """The schedule at a place.  ``busy_share`` is of the cores that are paid for, a fraction."""

    place: Resources
    schedule: SimulatedRun
    busy_share: float

    @property
    def core_seconds(self) -> float:
        return self.place.cores * self.schedule.makespan_seconds

    @property
    def bound_by(self) -> Bound:
        """What keeps it from ending sooner; "memory" where that keeps workers away."""
        bound = self.schedule.bound_by
        return "memory" if bound == "work" and self.place.unfit else bound


@dataclass(frozen=True)
class CellGroup:
    """The cells of one architecture trained in one way, all alike but for their seeds."""

    identity: CellIdentity  # of one of them
    cells: int  # to train
    recorded: int
    prediction: Prediction

    @property
    def architecture(self) -> str:
        return self.identity.architecture


@dataclass(frozen=True)
class PaperPlan:
    """What a run would train, how long that takes, and when it would end at several places."""

    missing: tuple[tuple[Cell, float | None], ...]  # with the predicted seconds
    reused: tuple[Record, ...]
    groups: tuple[CellGroup, ...]  # of which something is missing, in the order of the suite
    longest: CellGroup | None  # whose cells take longest
    threads: int
    startup_seconds: float | None
    worker_bytes: int
    schedules: tuple[Scheduled, ...]


@dataclass(frozen=True)
class Nodes:
    """The nodes to plan for: up to ``most`` of them, each with ``cores``.

    None is as many as help, and nodes like this machine, whose memory is known too.
    """

    most: int | None = None
    cores: int | None = None


def plan_on_paper(
    plan: RunPlan,
    first: Cell,
    jobs: int,
    records: Sequence[Record],
    parameters: Mapping[str, int | None],
    nodes: Nodes,
) -> PaperPlan:
    """Return when the missing cells of ``plan`` would be trained, here by ``jobs`` workers.

    ``first`` is any cell of the run: all have its threads and device.  ``records`` say how long
    cells take, and ``parameters`` of the architectures help where they do not.
    """
    threads = first.identity.threads
    if nodes.cores is not None and nodes.cores < threads:
        raise UserError(
            f"--cores-per-node {nodes.cores}: a cell takes {threads} cores (--threads {threads})"
        )
    predictor = Predictor(records, parameters)
    groups = _groups(plan, predictor)
    timed = [group for group in groups if group.prediction.seconds is not None]
    missing = tuple((cell, predictor.of(cell.identity).seconds) for cell in plan.missing)
    seconds = [
        known * first.identity.at_once  # a seed that is left is trained with all beside it
        for first, *_ in by_task(plan.missing)
        if (known := predictor.of(first.identity).seconds)
    ]
    startup = predictor.startup_seconds(first.identity)
    needed = machine.worker_bytes(plan.missing, records)
    schedules: list[Scheduled] = []
    for place in _places(first, jobs, needed, nodes) if seconds else ():
        schedule = simulate(seconds, place.workers, startup or 0.0)
        paid = place.cores * schedule.makespan_seconds
        schedules.append(Scheduled(place, schedule, schedule.worker_seconds * threads / paid))
        if nodes.most is None and place.name != "here" and schedule.bound_by != "work":
            break  # further nodes would have nothing to do
    return PaperPlan(
        missing=missing,
        reused=tuple(plan.reused),
        groups=tuple(groups),
        longest=max(timed, key=lambda group: group.prediction.seconds or 0.0, default=None),
        threads=threads,
        startup_seconds=startup,
        worker_bytes=needed,
        schedules=tuple(schedules),
    )


def simulate(seconds: Sequence[float], workers: int, startup_seconds: float = 0.0) -> SimulatedRun:
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
    return SimulatedRun(
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


def _groups(plan: RunPlan, predictor: Predictor) -> list[CellGroup]:
    def way(identity: CellIdentity) -> tuple[object, ...]:
        how = identity.precision, identity.backend, identity.device, identity.at_once
        return identity.architecture, *how

    missing = grouped((way(cell.identity), cell.identity) for cell in plan.missing)
    recorded = Counter(way(record.cell) for record in plan.reused)
    return [
        CellGroup(cells[0], len(cells), recorded[kind], predictor.of(cells[0]))
        for kind, cells in missing.items()
    ]


def _places(first: Cell, jobs: int, needed_bytes: int, nodes: Nodes) -> Iterator[Resources]:
    """Yield this machine, where a worker fits, then 1, 2, 4, ... nodes.

    A cell on a GPU takes a whole one, and a node is taken to have one.
    """
    threads = first.identity.threads
    fit = min(jobs, machine.available_bytes() // needed_bytes)
    if fit:
        yield Resources("here", fit, fit * threads, jobs - fit)
    cores = nodes.cores or len(machine.available_cores())
    workers = 1 if first.identity.device == "gpu" else cores // threads
    room = workers if nodes.cores else min(workers, machine.memory_bytes() // needed_bytes)
    for count in _node_counts(nodes.most) if room else ():
        name = f"{count} node{'' if count == 1 else 's'} of {cores} cores"
        yield Resources(name, count * room, count * cores, count * (workers - room))


def _node_counts(most: int | None) -> list[int]:
    """Return 1, 2, 4, ... and ``most``."""
    limit = most or _MOST_NODES
    doubling = [2**power for power in range(limit.bit_length()) if 2**power < limit]
    return [*doubling, limit]
