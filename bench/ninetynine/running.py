"""A run: missing cells go to the executor, finished records go to the store, one writer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import ninetynine
from ninetynine.cells import Cell
from ninetynine.datasets import Dataset
from ninetynine.errors import Interrupted, UserError
from ninetynine.executors import Enough, Executor, run_chosen
from ninetynine.machine import commit_of
from ninetynine.planning import RunPlan, longest_first, plan
from ninetynine.records import Context, Failure, Predictions, Record, RecordStore
from ninetynine.request import ResolvedRun
from ninetynine.workers.events import Built, Event, Failed, Finished, Refused, Task, Warned


class Listener(Protocol):
    """Hears what happens while cells are trained."""

    def on_event(self, event: Event) -> None:
        """Take note of ``event``."""
        ...


class _Silence:
    def on_event(self, event: Event) -> None:
        return None


Progress = Callable[[int | None, int], AbstractContextManager[Listener]]


@dataclass(frozen=True)
class Watcher:
    """Who is told what happens; nobody by default.

    ``progress`` is given how many cells will be trained, None where that is open, and how many are
    recorded already, and its listener every event.  ``say`` is given lines that a user should know
    before that.
    """

    progress: Progress = lambda cells, reused: nullcontext(_Silence())
    say: Callable[[str], None] = lambda line: None


NOBODY = Watcher()


@dataclass
class TrainingOutcome:
    """What became of a run's tasks."""

    finished: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)  # architecture -> the first one
    unkept_models: list[str] = field(default_factory=list)  # one line each
    built: dict[str, str] = field(default_factory=dict)  # of what was only built: key -> hash

    def raise_refused(self) -> None:
        """Raise one UserError for all that was refused, its cause the workers' tracebacks."""
        if not self.refused:
            return
        message = "; ".join(dict.fromkeys(event.message for event in self.refused.values()))
        details = [event.detail for event in self.refused.values() if event.detail]
        raise UserError(message) from WorkerTraceback("\n".join(details)) if details else None


# Given what became of the cells so far, returns those of one task to train next; none at present.
ChooseCells = Callable[[TrainingOutcome], Sequence[Cell]]


class WorkerTraceback(Exception):
    """The traceback of something raised in a worker, as text."""


@dataclass(frozen=True)
class Trainer:
    """Trains cells of a run into a store, round by round, while its executor is open."""

    run: ResolvedRun
    executor: Executor
    store: RecordStore
    watcher: Watcher

    def __call__(
        self, cells: Sequence[Cell], reused: int = 0, choose: ChooseCells | None = None
    ) -> TrainingOutcome:
        """Train ``cells``, all of them, or those that ``choose`` says, as long as it says some.

        ``reused`` is how many others are recorded already, for progress.
        """
        tasks_of = self.run.tasks

        def next_task(outcome: TrainingOutcome) -> Task | None:
            return next(iter(tasks_of(choose(outcome) if choose is not None else ())), None)

        number, chosen = (len(cells), None) if choose is None else (None, next_task)
        with self.watcher.progress(number, reused) as listener:
            return execute(tasks_of(cells), self.executor, self.store, listener.on_event, chosen)

    def build(self, cells: Sequence[Cell]) -> dict[str, str]:
        """Return the hash of the untrained model of each of ``cells``, by key; records nothing.

        Raises UserError where one cannot be built.
        """
        tasks = [task.model_copy(update={"only_build": True}) for task in self.run.tasks(cells)]
        outcome = execute(tasks, self.executor, self.store)
        outcome.raise_refused()
        return outcome.built

    @property
    def workers(self) -> int:
        """How many cells are trained at once."""
        return self.executor.workers


@contextmanager
def open_trainer(
    run: ResolvedRun,
    cells: Sequence[Cell],
    store: RecordStore,
    records: Sequence[Record],
    watcher: Watcher = NOBODY,
) -> Iterator[Trainer]:
    """Yield what trains ``cells`` of ``run``, and their like, into ``store``.

    ``records`` say how much memory such cells needed.  Raises UserError, before the first worker
    starts, for a mistake about the data, the device or the executor, or where memory is too small.
    """
    run.check_suitable(cells)
    with run.open_executor(run.tasks(cells), records, watcher.say) as executor:
        yield Trainer(run, executor, store, watcher)


def train_missing(
    run: ResolvedRun, store: RecordStore, watcher: Watcher = NOBODY
) -> tuple[RunPlan, TrainingOutcome]:
    """Train the cells of ``run`` that ``store`` lacks, the longest first.

    Returns what was reused and what became of the rest.  Raises Interrupted for Ctrl-C: what is
    recorded stays.
    """
    dataset = run.load_dataset()  # a mistake is told before another run is waited for
    with store.lock():
        keep_groups(dataset, store)
        planned, outcome = run.plan(store), TrainingOutcome()
        if not planned.missing:
            return planned, outcome
        records = store.read_all()[0]
        cells = longest_first(planned.missing, run.parameters, records)
        try:
            with open_trainer(run, cells, store, records, watcher) as train:
                return planned, train(cells, reused=len(planned.reused))
        except KeyboardInterrupt:
            done = len(plan(run.cells, store).reused)
            raise Interrupted(
                f"{done} of {len(run.cells)} cells are recorded, none is lost"
            ) from None


def keep_groups(dataset: Dataset, store: RecordStore) -> None:
    """Keep beside the records of ``store`` which test images of ``dataset`` belong together."""
    store.groups.keep(dataset.name, dataset.fingerprint, dataset.test_groups)


def execute(
    tasks: Sequence[Task],
    executor: Executor,
    store: RecordStore,
    on_event: Callable[[Event], None] = lambda event: None,
    choose: Callable[[TrainingOutcome], Task | None] | None = None,
) -> TrainingOutcome:
    """Train ``tasks``, or those that ``choose`` says, and write each record as it comes.

    A cell that fails becomes a failed record.  A user's mistake is not recorded: it is told in
    ``TrainingOutcome.refused`` once per architecture, and the other architectures go on.
    """
    outcome = TrainingOutcome()
    commit, dirty = commit_of(Path(ninetynine.__file__).parents[2])
    if choose is None:
        events = executor.run(tasks)
    else:
        events = run_chosen(executor, tasks, lambda: choose(outcome))
    warned: set[str] = set()
    try:
        for event in events:
            if isinstance(event, Warned):
                if event.message in warned:  # another seed's
                    continue
                warned.add(event.message)
            if isinstance(event, Finished):
                record = _in_context(event.record, commit, dirty)
                record = record.model_copy(update={"attempts": event.attempts})
                outcome.finished.append(_keep(store, record, event.predictions))
                if event.model_problem:
                    cell = record.cell
                    outcome.unkept_models.append(
                        f"{cell.architecture}, seed {cell.seed}: its model could not be kept: "
                        f"{event.model_problem}"
                    )
            elif isinstance(event, Built):
                outcome.built[event.task.cell.key] = event.built_hash
            elif isinstance(event, Failed) and not event.task.only_build:
                record = failed_record(
                    event.task.cell.reading(event.inputs), event.failure, event.attempts
                )
                record = _in_context(record, commit, dirty)
                outcome.failed.append(store.write(record, None))
            elif isinstance(event, Refused):
                first = outcome.refused.setdefault(event.task.cell.identity.architecture, event)
                if first is not event and first.message == event.message:
                    event = replace(event, message="for the same reason")
            on_event(event)
    except Enough:
        pass
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()  # a generator's workers end with it, whatever interrupted us
    return outcome


def _keep(store: RecordStore, record: Record, predictions: Predictions) -> Record:
    """Write ``record``, unless its cell is recorded already (it ran again to keep its model)."""
    earlier = store.find(record.key)
    if isinstance(earlier, Record) and earlier.status == "finished":
        return earlier
    return store.write(record, predictions)


def failed_record(cell: Cell, failure: Failure, attempts: int = 1) -> Record:
    """Return the record of a cell that was tried and has no numbers."""
    return Record(
        key=cell.key,
        status="failed",
        attempts=attempts,
        cell=cell.identity,
        context=Context.of(cell, datetime.now(UTC).isoformat(timespec="seconds")),
        failure=failure,
    )


def _in_context(record: Record, commit: str | None, dirty: bool | None) -> Record:
    context = record.context.model_copy(update={"commit": commit, "dirty": dirty})
    return record.model_copy(update={"context": context})
