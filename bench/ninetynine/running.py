"""A run: missing cells go to the executor, finished records go to the store, one writer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import ninetynine
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.executors.events import Event, Failed, Finished, Refused, Task
from ninetynine.machine import commit_of
from ninetynine.planning import model_path
from ninetynine.records import Context, Predictions, Record, RecordStore
from ninetynine.records.schema import Failure


class Executor(Protocol):
    """Trains tasks and tells what happens; see :mod:`ninetynine.executors`."""

    def run(self, tasks: Sequence[Task]) -> Iterator[Event]:
        """Yield events until every task has its Finished, Failed or Refused."""
        ...


@dataclass
class Outcome:
    """What became of a run's tasks."""

    finished: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    refused: dict[str, Refused] = field(default_factory=dict)  # architecture -> the first one

    def raise_refused(self) -> None:
        """Raise one UserError for all that was refused, its cause the workers' tracebacks."""
        if not self.refused:
            return
        message = "; ".join(dict.fromkeys(event.message for event in self.refused.values()))
        details = [event.detail for event in self.refused.values() if event.detail]
        raise UserError(message) from WorkerTraceback("\n".join(details)) if details else None


class WorkerTraceback(Exception):
    """The traceback of something raised in a worker, as text."""


@dataclass(frozen=True)
class Source:
    """Where a run's code and data are found."""

    dataset: str
    data_dir: Path | None = None
    architecture_files: tuple[Path, ...] = ()
    models_dir: Path | None = None  # where to keep trained models; None keeps none


def make_tasks(cells: Sequence[Cell], source: Source) -> list[Task]:
    """Return what an executor needs to train ``cells``."""
    return [
        Task(
            cell=cell,
            architecture_files=[path.absolute() for path in source.architecture_files],
            dataset=source.dataset,
            data_dir=source.data_dir.resolve() if source.data_dir else None,
            keep_model=model_path(source.models_dir, cell.key, cell.identity)
            if source.models_dir
            else None,
        )
        for cell in cells
    ]


def execute(
    tasks: Sequence[Task],
    executor: Executor,
    store: RecordStore,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Outcome:
    """Train ``tasks`` and write each record as it comes.

    A cell that fails becomes a failed record.  A user's mistake is not recorded: it is told in
    ``Outcome.refused`` once per architecture, and the other architectures go on.
    """
    outcome = Outcome()
    commit, dirty = commit_of(Path(ninetynine.__file__).parents[2])
    events = executor.run(tasks)
    try:
        for event in events:
            if isinstance(event, Finished):
                record = _in_context(event.record, commit, dirty)
                record = record.model_copy(update={"attempts": event.attempts})
                outcome.finished.append(_keep(store, record, event.predictions))
            elif isinstance(event, Failed):
                record = _in_context(_failed(event), commit, dirty)
                outcome.failed.append(store.write(record, None))
            elif isinstance(event, Refused):
                name = event.task.cell.identity.architecture
                outcome.refused.setdefault(name, event)
            on_event(event)
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


def _failed(event: Failed) -> Record:
    return failed_record(event.task.cell, event.failure, event.attempts)


def failed_record(cell: Cell, failure: Failure, attempts: int = 1) -> Record:
    """Return the record of a cell that was tried and has no numbers."""
    context = Context(
        suite=cell.suite,
        variant=cell.variant,
        suite_version=ninetynine.__version__,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return Record(
        key=cell.key,
        status="failed",
        attempts=attempts,
        cell=cell.identity,
        context=context,
        failure=failure,
    )


def _in_context(record: Record, commit: str | None, dirty: bool | None) -> Record:
    context = record.context.model_copy(update={"commit": commit, "dirty": dirty})
    return record.model_copy(update={"context": context})
