"""A Ray cluster: the workers of the local executor on every node, and one driver that writes.

Each cell is one of Ray's tasks.  ``cluster`` connects and checks, ``payload`` is what travels,
``node`` is what runs on a node.  Ray itself is imported inside functions only: it is an extra.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Self

from ninetynine import catalog
from ninetynine.errors import UserError
from ninetynine.executors import Choose, Options, Work
from ninetynine.executors.ray import cluster
from ninetynine.executors.ray.facts import facts_here, script
from ninetynine.executors.ray.node import EventQueue, Order, Result, train
from ninetynine.executors.ray.payload import (
    Bundle,
    bundle_of,
    bundle_of_program,
    check_program,
    files_of,
    payload_of,
)
from ninetynine.machine import worker_bytes
from ninetynine.records import Failure
from ninetynine.records.files import write_atomically
from ninetynine.workers import process
from ninetynine.workers.events import (
    Event,
    Failed,
    Finished,
    Retrying,
    Started,
    Task,
    Waiting,
)

# A cell whose worker died this often is at fault itself.  A lost node is nobody's fault, least of
# all the cell's where machines are rented by the minute; but a cell might fell its node.
MAX_WORKER_DEATHS = 3
MAX_NODE_LOSSES = 6
_POLL_SECONDS = 0.5


def check_options(options: Options) -> None:
    """Raise UserError for a number of workers, which is this machine's."""
    if options.jobs is not None:
        raise UserError(
            f"--jobs {options.jobs} is for --executor local; a cluster runs as many cells as it "
            "has CPUs, --threads says how many a cell takes"
        )


@contextmanager
def open_executor(work: Work) -> Iterator["RayExecutor"]:
    """Yield an executor that is connected, on a cluster that has been found fit for ``work``."""
    needed = worker_bytes([task.cell for task in work.tasks], work.records)
    for task in work.tasks:  # before anything is connected
        if task.cell.program is not None:
            check_program(task.cell.file_name, task.cell.program)
    options = work.options
    with RayExecutor(options.address or "auto", needed, options.timeout_seconds) as executor:
        executor.check(work.tasks)
        yield executor


class RayExecutor:
    """Trains tasks on the cluster at ``address``, each with ``memory_bytes`` for itself.

    A context manager: connected inside.  ``check`` before ``run``.  A lost worker or node costs
    the attempts that were in its hands and nothing else; these are made again elsewhere.
    """

    def __init__(
        self, address: str, memory_bytes: int, timeout_seconds: float | None = None
    ) -> None:
        self._address = address
        self._memory_bytes = memory_bytes
        self._timeout_seconds = timeout_seconds
        self.workers = 1

    def __enter__(self) -> Self:
        cluster.connect(self._address)
        return self

    def __exit__(self, *_: object) -> None:
        cluster.import_ray().shutdown()  # what this process still runs there ends with it

    def check(self, tasks: Sequence[Task]) -> None:
        """Raise UserError where no node has room for a task, or one would get other numbers."""
        needs = {cluster.need_of(t.cell.identity, self._memory_bytes) for t in tasks}
        found = cluster.nodes()
        cluster.check_room(needs, found)
        cluster.check_fit(list(needs), found, _packages(tasks))
        rooms = (sum(need.fits_into(node.room) for node in found) for need in needs)
        self.workers = max(1, min(rooms, default=1))

    def run(self, tasks: Sequence[Task], choose: Choose | None = None) -> Iterator[Event]:
        """Yield events as they come until every task has its last one.

        Closing the iterator, or an exception such as KeyboardInterrupt, ends all workers.  Raises
        UserError where a node that came later is not fit for them.
        """
        waiting = iter(tasks)
        choose = choose or (lambda: next(waiting, None))
        return _RayRun(tasks, choose, self._memory_bytes, self._timeout_seconds).events()


@dataclass
class _Job:
    """A task, and what became of the attempts at it."""

    task: Task
    worker_deaths: int = 0
    node_losses: int = 0

    @property
    def attempts(self) -> int:
        return self.worker_deaths + self.node_losses


@dataclass
class _InFlight:
    """An attempt in Ray's hands; where it runs is known once it has started."""

    job: _Job
    reference: Any
    worker: str = "a worker"
    node: str = "a node"
    told: int = 0  # how many of its events were yielded

    def tell(self, event: Event) -> Event:
        """Return ``event`` of this attempt in the driver's terms."""
        self.told += 1
        if isinstance(event, Started):
            self.worker, self.node = event.worker, event.node
        return replace(event, task=self.job.task)


class _RayRun:
    """Keeps the cluster supplied with attempts and turns what comes back into events."""

    def __init__(
        self,
        tasks: Sequence[Task],
        choose: Choose,
        memory_bytes: int,
        timeout_seconds: float | None,
    ) -> None:
        self._ray = cluster.import_ray()
        self._choose = choose
        self._waiting: deque[_Job] = deque()
        self._in_flight: dict[int, _InFlight] = {}
        self._number = 0
        self._memory_bytes = memory_bytes
        self._timeout_seconds = timeout_seconds
        self._facts = facts_here(script(), _packages(tasks))
        self._bundles, self._files = _bundles(tasks), files_of([task.cell for task in tasks])
        self._payloads: dict[str, Any] = {}  # dataset -> reference to its arrays
        self._remotes: dict[cluster.Need, Any] = {}  # one each: Ray keeps workers by function
        self._told_of_no_room = False
        self._asked: Any = None  # reference to what the queue is to answer

    def events(self) -> Iterator[Event]:
        queue = self._start_queue()
        try:
            yield from self._send(queue)
            while self._in_flight:
                references = {f.reference: number for number, f in self._in_flight.items()}
                ended, _ = self._ray.wait(list(references), timeout=_POLL_SECONDS)
                yield from self._news(queue)
                for reference in ended:
                    yield from self._arrived(self._in_flight.pop(references[reference]))
                yield from self._send(queue)
        finally:
            self._cancel()

    def _start_queue(self) -> Any:
        # On the driver's node, so that it lives as long as the run; if not, another takes over.
        place = cluster.at(self._ray.get_runtime_context().get_node_id(), soft=True)
        options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": place}
        return self._ray.remote(**options)(EventQueue).remote()

    def _send(self, queue: Any) -> Iterator[Event]:
        """Give Ray as many attempts as it can run, and as many again to go on with."""
        if not self._has_next():
            return
        task = self._waiting[0].task
        need = cluster.need_of(task.cell.identity, self._memory_bytes)
        room = sum(need.fits_into(node.room) for node in cluster.nodes())
        if not room and not self._told_of_no_room:
            reason = f"no node that is left has {need}; waiting for one to join"
            yield Waiting(task, reason)
        self._told_of_no_room = not room
        while len(self._in_flight) < 2 * max(1, room) and self._has_next():
            self._launch(self._waiting.popleft(), queue)

    def _has_next(self) -> bool:
        if not self._waiting and (task := self._choose()) is not None:
            self._waiting.append(_Job(task))
        return bool(self._waiting)

    def _launch(self, job: _Job, queue: Any) -> None:
        self._number += 1
        identity = job.task.cell.identity
        need = cluster.need_of(identity, self._memory_bytes)
        order = Order(
            number=self._number,
            task=job.task,
            bundle=self._bundles[job.task.cell.file_name],
            facts=self._facts,
            timeout_seconds=self._timeout_seconds,
            command=tuple(process.WORKER),
        )
        reference = self._remote(need).remote(order, self._payload_for(job.task), queue)
        self._in_flight[self._number] = _InFlight(job, reference)

    def _remote(self, need: cluster.Need) -> Any:
        if need not in self._remotes:
            options = {"num_cpus": need.cpus, "num_gpus": need.gpus, "memory": need.memory_bytes}
            self._remotes[need] = self._ray.remote(**options, max_retries=0)(train)
        return self._remotes[need]

    def _payload_for(self, task: Task) -> Any:
        """Return the reference that gets the task's dataset to each node once."""
        if task.dataset not in self._payloads:
            packed = payload_of(
                list(self._bundles.values()), task.dataset, task.data_dir, self._files
            )
            self._payloads[task.dataset] = self._ray.put(packed)
        return self._payloads[task.dataset]

    def _news(self, queue: Any) -> Iterator[Event]:
        """Yield what was told of attempts that are still running, in its order.

        The queue forgets what it hands out, so its answer is waited for however late it comes.
        Where some was lost with the queue's node, the rest is told when the attempt has ended.
        """
        if self._asked is None:
            self._asked = queue.take.remote()
        if not self._ray.wait([self._asked], timeout=_POLL_SECONDS)[0]:
            return
        asked, self._asked = self._asked, None
        try:
            told = self._ray.get(asked)
        except self._ray.exceptions.RayError:
            return  # its node is gone; the next one starts empty
        for number, place, event in told:
            attempt = self._in_flight.get(number)
            if attempt is not None and place == attempt.told:
                yield attempt.tell(event)

    def _arrived(self, attempt: _InFlight) -> Iterator[Event]:
        """Yield how an attempt ended, and take it up again where it is not the cell's end."""
        errors = self._ray.exceptions
        try:
            result: Result = self._ray.get(attempt.reference)
        except (errors.NodeDiedError, errors.ObjectLostError) as error:
            attempt.job.node_losses += 1
            worth_it = attempt.job.node_losses < MAX_NODE_LOSSES
            yield self._again(attempt, _failure(f"{attempt.node} was lost", error), worth_it)
        except errors.RayTaskError as error:
            raise UserError(_unfit(error)) from error
        except errors.RayError as error:
            yield self._worker_died(
                attempt, _failure(f"Ray's worker on {attempt.node} died", error)
            )
        else:
            yield from self._ended(attempt, result)

    def _ended(self, attempt: _InFlight, result: Result) -> Iterator[Event]:
        *events, end = result.events
        for event in events[attempt.told :]:  # what was not news in time
            yield attempt.tell(event)
        if isinstance(end, Failed) and end.failure.kind in ("killed", "crashed"):
            yield self._worker_died(attempt, end.failure)
            return
        _save_model(attempt.job.task, result.model)
        if isinstance(end, Finished | Failed):
            end = replace(end, attempts=attempt.job.attempts + 1)
        yield attempt.tell(end)

    def _worker_died(self, attempt: _InFlight, failure: Failure) -> Event:
        attempt.job.worker_deaths += 1
        return self._again(attempt, failure, attempt.job.worker_deaths < MAX_WORKER_DEATHS)

    def _again(self, attempt: _InFlight, failure: Failure, worth_it: bool) -> Event:
        job = attempt.job
        if not worth_it:
            return Failed(job.task, failure, job.attempts)
        self._waiting.appendleft(job)
        return Retrying(job.task, attempt.worker, failure.reason, job.attempts)

    def _cancel(self) -> None:
        """End what is still running; its worker ends with Ray's own process."""
        for attempt in self._in_flight.values():
            with suppress(Exception):  # nothing may keep the others from being told
                self._ray.cancel(attempt.reference, force=True)


def _packages(tasks: Sequence[Task]) -> list[str]:
    return sorted({name for task in tasks for name in task.cell.identity.packages})


def _bundles(tasks: Sequence[Task]) -> dict[str, Bundle]:
    """Return the source of every architecture in ``tasks`` by the name of its file.

    Raises UserError for a program that starts what nodes cannot have.
    """
    if any(task.cell.identity.together is not None for task in tasks):
        raise UserError(
            "--seeds-at-once: --executor ray trains one seed at a time; leave one of them away"
        )
    files = {file: None for task in tasks for file in task.architecture_files}
    programs = {t.cell.file_name: t.cell.program for t in tasks if t.cell.program is not None}
    for name, program in programs.items():
        check_program(name, program)
    names = {task.cell.file_name for task in tasks} - programs.keys()
    found = catalog.discover(list(files)) if names else catalog.Catalog({})
    bundles = {name: bundle_of(catalog.get(found, name)) for name in sorted(names)}
    return bundles | {name: bundle_of_program(program) for name, program in programs.items()}


def _failure(reason: str, error: Exception) -> Failure:
    return Failure(kind="killed", reason=reason, detail=str(error)[:4000])


def _unfit(error: Any) -> str:
    """Return one line on a node that cannot do what is asked of it."""
    if isinstance(error.cause, UserError):
        return str(error.cause)
    text = str(error).strip()
    where = re.search(r"ip=([^\s,)]+)", text)
    place = f"node {where[1]}" if where else "a node"
    return f"{place} cannot run bench: {text.splitlines()[-1]}; leave it out of the cluster"


def _save_model(task: Task, files: dict[str, bytes]) -> None:
    """Write the model where it is to be kept, what describes it first."""
    if task.keep_model is None:
        return
    task.keep_model.parent.mkdir(parents=True, exist_ok=True)
    for suffix in sorted(files):  # .json, then .keras
        write_atomically(task.keep_model.with_suffix(suffix), files[suffix])
