"""Worker processes on this machine, each on cores of its own."""

import queue
import threading
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from typing import Self

from ninetynine.errors import UserError
from ninetynine.executors import Choose, Enough, Options, Work
from ninetynine.machine import affordable_jobs, cores_of, jobs_and_threads
from ninetynine.workers.events import Event, Failed, Task
from ninetynine.workers.process import WorkerProcess, environment_of, fault


def check_options(options: Options) -> None:
    """Raise UserError for an address, which is a cluster's."""
    if options.address is not None:
        raise UserError(
            f"--address {options.address} is of a Ray cluster; give --executor ray with it"
        )


@contextmanager
def open_executor(work: Work) -> Iterator["LocalExecutor"]:
    """Yield an executor with as many workers as are asked for and fit into memory."""
    cells = [cell for task in work.tasks for cell in task.cells]
    # The fewest: a worker may be handed a cell on the GPU, which is not shared.
    jobs = min((_jobs(task, work.options) for task in work.tasks), default=1)
    fit = affordable_jobs(jobs, cells, work.records, work.say)
    with LocalExecutor(fit, work.options.timeout_seconds) as executor:
        yield executor


def _jobs(task: Task, options: Options) -> int:
    identity = task.cell.identity
    return jobs_and_threads(options.jobs, identity.threads, identity.device)[0]


class LocalExecutor:
    """Trains tasks in ``jobs`` worker processes, in the order given, one cell at a time each.

    A worker imports its backend once and is pinned to its own cores; a crash, a kill or a timeout
    costs the cell it had in hand and nothing else.  As a context manager it keeps its workers for
    further runs inside.
    """

    def __init__(self, jobs: int, timeout_seconds: float | None = None) -> None:
        self.workers = jobs
        self._timeout_seconds = timeout_seconds
        self._kept: dict[int, WorkerProcess] | None = None

    def __enter__(self) -> Self:
        self._kept = {}
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        kept, self._kept = self._kept or {}, None
        for worker in kept.values():
            worker.__exit__(kind)

    def run(self, tasks: Sequence[Task], choose: Choose | None = None) -> Iterator[Event]:
        """Yield events as they come until every task has its last one.

        Closing the iterator, or an exception such as KeyboardInterrupt, ends all workers.
        """
        waiting = iter(tasks)
        choose = choose or (lambda: next(waiting, None))
        return _LocalRun(choose, self.workers, self._timeout_seconds, self._kept).events()


class _LocalRun:
    """One thread for each worker: it trains what it is handed and passes the worker's events on."""

    def __init__(
        self,
        choose: Choose,
        jobs: int,
        timeout_seconds: float | None,
        kept: dict[int, WorkerProcess] | None,
    ) -> None:
        self._choose = choose
        self._jobs = jobs
        self._timeout_seconds = timeout_seconds
        self._events: queue.Queue[Event | int] = queue.Queue()  # a number: this slot is free again
        self._handed: dict[int, queue.Queue[Task | None]] = {}  # None: no more will come
        self._busy: set[int] = set()
        self._workers = {} if kept is None else kept
        self._keeps = kept is not None
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def events(self) -> Iterator[Event]:
        try:
            self._hand_out()
            while self._busy:
                event = self._events.get()
                if isinstance(event, int):
                    self._busy.discard(event)
                else:
                    yield event
                self._hand_out()
        except BaseException as error:
            only_busy = isinstance(error, Enough) and self._keeps
            self._stop(self._busy if only_busy else set(self._workers))
            raise
        self._end_threads()

    def _hand_out(self) -> None:
        """Give every slot without a task one, as long as there are any."""
        while len(self._busy) < self._jobs and (task := self._choose()) is not None:
            slot = min(set(range(self._jobs)) - self._busy)
            self._busy.add(slot)
            if slot not in self._handed:
                self._handed[slot] = queue.Queue()
                thread = threading.Thread(target=self._serve, args=(slot,), daemon=True)
                self._threads.append(thread)
                thread.start()
            self._handed[slot].put(task)

    def _serve(self, slot: int) -> None:
        while (task := self._handed[slot].get()) is not None and not self._stopped.is_set():
            try:
                for event in self._worker(slot, task).train(task, self._timeout_seconds):
                    self._events.put(event)
            except Exception as error:  # a fault of ours must not silently lose a cell
                for cell in task.cells:
                    self._events.put(Failed(task.alone(cell), fault(error)))
                self._discard(slot)
            self._events.put(slot)
        if not (self._keeps or self._stopped.is_set()) and slot in self._workers:
            self._workers.pop(slot).close()

    def _worker(self, slot: int, task: Task) -> WorkerProcess:
        """Return a living worker of ``slot`` whose environment fits ``task``."""
        identity = task.cell.identity
        worker = self._workers.get(slot)
        if worker is not None:
            if worker.fits(identity, environment_of(identity)):
                return worker
            worker.close()
        cores = cores_of(slot, self._jobs, identity.threads)
        self._workers[slot] = WorkerProcess(f"worker {slot + 1}", cores, identity)
        if self._stopped.is_set():  # while it started: nobody else will end it
            self._workers[slot].kill()
        return self._workers[slot]

    def _discard(self, slot: int) -> None:
        """End a worker whose next answer could be one to its last task."""
        worker = self._workers.pop(slot, None)
        if worker is not None:
            worker.kill()

    def _stop(self, slots: Set[int]) -> None:
        self._stopped.set()
        for slot in slots & self._workers.keys():
            self._workers[slot].kill()
        self._end_threads()  # one that was starting a worker ends it itself

    def _end_threads(self) -> None:
        for handed in self._handed.values():
            handed.put(None)
        for thread in self._threads:
            thread.join()
