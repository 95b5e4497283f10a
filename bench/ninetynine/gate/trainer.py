"""Trains a check's cells on this machine and keeps their records."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ninetynine.cells import Cell
from ninetynine.executors.events import Event
from ninetynine.gate.checking import Trainer
from ninetynine.records import RecordStore
from ninetynine.running import Outcome, Source, execute, make_tasks


class Listener(Protocol):
    """Hears what happens while cells are trained."""

    def on_event(self, event: Event) -> None:
        """Take note of ``event``."""
        ...


class _Silence:
    def on_event(self, event: Event) -> None:
        return None


def _silent(cells: int) -> AbstractContextManager[Listener]:
    return nullcontext(_Silence())


def local_trainer(
    source: Source,
    jobs: int,
    store: RecordStore,
    timeout_seconds: float | None = None,
    progress: Callable[[int], AbstractContextManager[Listener]] = _silent,
) -> Trainer:
    """Return a trainer with ``jobs`` worker processes; ``progress`` is told how many cells come."""

    def train(cells: Sequence[Cell]) -> Outcome:
        from ninetynine.executors.local import LocalExecutor

        executor = LocalExecutor(jobs, timeout_seconds)
        with progress(len(cells)) as listener:
            return execute(make_tasks(cells, source), executor, store, listener.on_event)

    return train
