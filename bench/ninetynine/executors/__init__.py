"""Executors: where the cells of a suite are trained; each hands back events, none writes records.

An executor is a module of this package, or of another one that names it as an entry point of the
group ``ninetynine.executors``.  It has what :class:`ExecutorModule` says.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, cast

from ninetynine.errors import UserError
from ninetynine.records import Record
from ninetynine.registry import Registry
from ninetynine.workers.events import Event, Task


@dataclass(frozen=True)
class Options:
    """What a caller may say about where cells are trained; None leaves it to the executor."""

    jobs: int | None = None  # worker processes
    address: str | None = None  # of a cluster
    timeout_seconds: float | None = None  # for each cell


@dataclass(frozen=True)
class Work:
    """What an executor is opened for."""

    tasks: Sequence[Task]  # of every kind that will come; cells of further seeds may follow
    records: Sequence[Record]  # earlier ones, which tell how much memory such cells needed
    options: Options
    say: Callable[[str], None] = lambda line: None  # is told what a user should know, in one line


# Returns the task that a worker without one is to train; None where there is none at present.
Choose = Callable[[], Task | None]


class Enough(Exception):
    """Raised where tasks are chosen: what is still being trained is not needed any more."""


class Executor(Protocol):
    """Trains tasks and tells what happens."""

    @property
    def workers(self) -> int:
        """How many cells it trains at once, as far as it knows; at least one."""
        ...

    def run(self, tasks: Sequence[Task], choose: Choose | None = None) -> Iterator[Event]:
        """Yield events until every task has its Finished, Failed or Refused.

        ``choose``, where given, says which of ``tasks`` is next.  It is asked while a worker has
        nothing to do, whenever the events so far have been taken note of; the run ends where it
        returns None and no worker has a task.  An executor may do without ``choose`` and then is
        given a few tasks at a time.

        Closing the iterator, or an exception such as KeyboardInterrupt or one of ``choose``, ends
        all workers.
        """
        ...


class ExecutorModule(Protocol):
    """What a module must have to be an executor."""

    def check_options(self, options: Options) -> None:
        """Raise UserError for an option that this executor does not take."""
        ...

    def open_executor(self, work: Work) -> AbstractContextManager[Executor]:
        """Return the executor, ready to train ``work`` inside the context.

        Raises UserError where it cannot.
        """
        ...


EXECUTORS = Registry("executor", "ninetynine.executors", "ninetynine.executors")


def get_executor(name: str) -> ExecutorModule:
    """Return the executor called ``name``.

    Raises UserError where there is none, or where another package's module is no executor.
    """
    entry = EXECUTORS.find(name)
    module = entry.load()
    for needed in ("check_options", "open_executor"):
        if not hasattr(module, needed):
            raise UserError(
                f"{entry.origin}: {entry.module} is no executor, it has no function {needed}; "
                "mend or uninstall the distribution"
            )
    return cast(ExecutorModule, module)


def run_chosen(executor: Executor, tasks: Sequence[Task], choose: Choose) -> Iterator[Event]:
    """Yield the events of ``executor`` while it trains those of ``tasks`` that are chosen."""
    if "choose" in inspect.signature(executor.run).parameters:
        yield from executor.run(tasks, choose)
        return
    while chosen := [task for _ in range(executor.workers) if (task := choose()) is not None]:
        yield from executor.run(chosen)
