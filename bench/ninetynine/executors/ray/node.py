"""What runs on a node: a Ray task is one cell, trained by the worker that a laptop would use.

The worker is a process of its own, a child of Ray's: it starts with the environment its backend
needs, it ends when Ray's process ends, however that happened, and it is kept from cell to cell,
so that its backend is imported once.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ninetynine.cells import CellIdentity
from ninetynine.errors import UserError
from ninetynine.executors.ray.facts import facts_here, mismatch, script
from ninetynine.executors.ray.payload import Bundle, Payload, model_place, node_folder, unpack
from ninetynine.machine import available_cores
from ninetynine.records import Record
from ninetynine.workers.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Refused,
    Started,
    Task,
    Warned,
)
from ninetynine.workers.process import WorkerProcess, environment_of, fault


@dataclass(frozen=True)
class Order:
    """One attempt at one cell."""

    number: int  # of the attempt, among all of a run
    task: Task
    bundle: Bundle
    facts: dict[str, str]  # what must be true of the node
    timeout_seconds: float | None
    command: tuple[str, ...]  # of a worker


@dataclass(frozen=True)
class Result:
    """All that the attempt's worker told, its end last, and the files of a model to be kept."""

    events: list[Event]
    model: dict[str, bytes]  # by suffix


class EventQueue:
    """What workers tell of cells in hand, for progress; an actor.  Results do not go this way."""

    def __init__(self) -> None:
        self._events: list[tuple[int, int, Event]] = []

    def put(self, number: int, place: int, event: Event) -> None:
        """Keep what attempt ``number`` tells; ``place`` counts its events from 0."""
        self._events.append((number, place, event))

    def take(self) -> list[tuple[int, int, Event]]:
        """Return what was told since the last time, in its order."""
        taken, self._events = self._events, []
        return taken


def train(order: Order, payload: Payload, queue: Any) -> Result:
    """Train one cell on this node and return how it ended.

    Raises UserError on a node that is not fit to, because its numbers would be others or it has
    no room on its disk; the run ends with that rather than send one cell after the other there.
    """
    node = node_name()
    _check_node(tuple(order.facts.items()), tuple(order.task.cell.identity.packages), node)
    try:
        folder = node_folder()
        task = unpack(order.task, order.bundle, payload, folder)
    except OSError as error:
        raise UserError(f"{node} cannot keep what it was sent: {error}; make room there") from error
    if order.task.keep_model is not None:
        task = task.model_copy(update={"keep_model": model_place(folder, task)})
    import_folder = task.code.folders[1] if task.code is not None else folder
    with own_cores(task.cell.identity.threads, folder, _kept().cores) as (cores, own):
        worker = _kept().worker(order, cores, import_folder, node)
        *events, end = _events_of(worker, task, order, queue, node)
    if isinstance(end, Refused):
        end = _in_the_users_words(end, order.bundle, worker, node)
    if isinstance(end, Finished) and not own:
        end = replace(end, record=_not_exclusive(end.record))
    return Result([*events, end], _take_model(task))


def node_name() -> str:
    """Return what messages call this node: its address and the start of Ray's id for it."""
    import ray

    return f"node {ray.util.get_node_ip_address()} ({ray.get_runtime_context().get_node_id()[:8]})"


@contextmanager
def own_cores(threads: int, folder: Path, preferred: list[int]) -> Iterator[tuple[list[int], bool]]:
    """Hold ``threads`` cores for this process alone, or say all cores and False.

    A core is held by a lock on a file, which ends with the process; so nodes that share a machine
    share its cores too.  The ``preferred`` ones are tried first.
    """
    with ExitStack() as held:
        cores: list[int] = []
        (folder / "cores").mkdir(exist_ok=True)
        for core in sorted(available_cores(), key=lambda core: core not in preferred):
            if len(cores) < threads:
                with suppress(Timeout):
                    held.enter_context(FileLock(folder / "cores" / f"{core}.lock", timeout=0))
                    cores.append(core)
        own = len(cores) == threads
        yield (sorted(cores) if own else available_cores()), own


class _Kept:
    """The worker that this process of Ray's keeps from cell to cell."""

    def __init__(self) -> None:
        self._worker: WorkerProcess | None = None

    @property
    def cores(self) -> list[int]:
        return self._worker.cores if self._worker is not None else []

    def worker(
        self, order: Order, cores: list[int], import_folder: Path, node: str
    ) -> WorkerProcess:
        """Return a living worker on ``cores`` whose environment fits ``order``."""
        identity = order.task.cell.identity
        environment = _environment(identity, import_folder)
        kept = self._worker
        if kept is not None:
            if kept.cores == cores and kept.fits(identity, environment):
                return kept
            kept.close()
        name = f"{node}, core {','.join(map(str, cores))}"
        self._worker = WorkerProcess(name, cores, identity, environment, order.command)
        return self._worker

    def discard(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.kill()
        self._worker = None


@cache
def _kept() -> _Kept:
    """Return this process's own; Ray gives a task no other place to leave anything in."""
    return _Kept()


def _environment(identity: CellIdentity, import_folder: Path) -> dict[str, str]:
    environment = environment_of(identity)
    if identity.device == "gpu":  # the one that Ray gave this task
        environment["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    folders = [str(import_folder), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return environment


@cache
def _check_node(facts: tuple[tuple[str, str], ...], packages: tuple[str, ...], node: str) -> None:
    difference = mismatch(dict(facts), facts_here(script(), packages), node)
    if difference is not None:
        raise UserError(difference)


def _events_of(
    worker: WorkerProcess, task: Task, order: Order, queue: Any, node: str
) -> list[Event]:
    """Have ``worker`` train ``task`` and return its events; ``queue`` is told as they come."""
    events: list[Event] = []
    try:
        for event in worker.train(task, order.timeout_seconds):
            told = replace(event, node=node) if isinstance(event, Started) else event
            if isinstance(told, Started | Warned | EpochEnded):
                queue.put.remote(order.number, len(events), told)
            events.append(told)
    except Exception as error:
        _kept().discard()  # its next answer could be one to this task
        events.append(Failed(task, fault(error)))
    return events


def _in_the_users_words(
    event: Refused, bundle: Bundle, worker: WorkerProcess, node: str
) -> Refused:
    """Name the user's own file instead of its copy, and the node where no worker can start."""
    if not worker.ready:
        return replace(event, message=f"{node}: {event.message}")
    code = event.task.code
    if code is None:
        return event
    copy, own = str(code.path), str(bundle.origin)
    return replace(
        event, message=event.message.replace(copy, own), detail=event.detail.replace(copy, own)
    )


def _not_exclusive(record: Record) -> Record:
    if record.timing is None:
        return record
    timing = record.timing.model_copy(update={"exclusive": False})
    return record.model_copy(update={"timing": timing})


def _take_model(task: Task) -> dict[str, bytes]:
    """Return the files of the model that the worker saved for ``task``, and remove them."""
    if task.keep_model is None:
        return {}
    paths = map(task.keep_model.with_suffix, (".keras", ".json"))
    files = [path for path in paths if path.exists()]
    contents = {path.suffix: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    return contents
