"""Progress of a run: a bar on a terminal, plain lines elsewhere; always on standard error."""

import sys
import time
from typing import TYPE_CHECKING, Self

from ninetynine.cli.options import warn
from ninetynine.errors import one_line
from ninetynine.report import formatting
from ninetynine.running import Watcher
from ninetynine.workers.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Refused,
    Retrying,
    Started,
    Waiting,
    Warned,
)

if TYPE_CHECKING:
    from rich.progress import TaskID


def make_progress(cells: int | None, reused: int) -> "LineProgress | BarProgress":
    """Return a bar where standard error is a terminal, else plain lines.

    How many ``cells`` there will be is None where training goes on until something is clear.
    """
    line = f"{cells} cells to train, {reused} recorded already"
    line = "training until the answer is clear" if cells is None else line
    print(line, file=sys.stderr, flush=True)
    return BarProgress(cells) if sys.stderr.isatty() else LineProgress(cells)


TERMINAL = Watcher(make_progress, warn)


class LineProgress:
    """One line for each cell that ends, and on a cluster for each that starts."""

    def __init__(self, cells: int | None) -> None:
        self._of = "" if cells is None else f"/{cells}"
        self._ended = 0
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def on_event(self, event: Event) -> None:
        end = ending(event)
        told = end or notice(event)
        if told is None:
            return
        self._ended += end is not None
        seconds = formatting.number(time.perf_counter() - self._started, 0)
        line = f"[{self._ended}{self._of} {seconds:>5} s] {told}"
        print(one_line(line), file=sys.stderr, flush=True)


class BarProgress:
    """A rich bar over all cells, and one for the cell in each worker's hand."""

    def __init__(self, cells: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),  # a row's name may have brackets
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._cells = self._bar.add_task("cells", total=cells, note="")
        self._workers: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def on_event(self, event: Event) -> None:
        end = ending(event)
        if end is not None:
            self._bar.console.print(one_line(end), highlight=False, markup=False)
            self._bar.advance(self._cells)
        elif isinstance(event, Started):
            task = self._task_of(event.worker)
            where = f" on {event.node}" if event.node else ""
            description = one_line(f"{event.task.label}{where}")
            self._bar.reset(task, description=description, total=None, note="starting")
        elif isinstance(event, EpochEnded):
            note = f"training accuracy {formatting.percent(event.accuracy, 2)}%"
            self._bar.update(
                self._task_of(event.worker),
                completed=event.epoch,
                total=event.epochs,
                note=note,
            )
        else:
            self._bar.console.print(one_line(notice(event) or ""), highlight=False, markup=False)
            if isinstance(event, Retrying) and event.worker in self._workers:
                self._bar.remove_task(self._workers.pop(event.worker))

    def _task_of(self, worker: str) -> "TaskID":
        if worker not in self._workers:
            self._workers[worker] = self._bar.add_task(worker, total=None, note="")
        return self._workers[worker]


def ending(event: Event) -> str | None:
    """Return one line on how a cell ended, or None for an event that ends none."""
    if isinstance(event, Finished) and event.record.scores and event.record.timing:
        seconds = formatting.number(event.record.timing.train_seconds, 1)
        accuracy = formatting.percent(event.record.scores.test.accuracy, 2)
        many = event.record.timing.together or 1
        share = f", its share of {many} at once" if many > 1 else ""
        return f"{event.task.cell.label}: test accuracy {accuracy}%, trained in {seconds} s{share}"
    if isinstance(event, Failed):
        return f"{event.task.cell.label}: failed: {event.failure.reason}"
    if isinstance(event, Refused):
        return f"{event.task.cell.label}: not run: {event.message}"
    return None


def notice(event: Event) -> str | None:
    """Return one line on what a user should know of a cell that goes on, or None."""
    label = event.task.label
    if isinstance(event, Started) and event.node:
        return f"{label}: started on {event.node}"
    if isinstance(event, Retrying):
        return f"{label}: attempt {event.attempts} on {event.worker} was lost: {event.reason}"
    if isinstance(event, Warned):
        return f"{label}: {event.message}"
    if isinstance(event, Waiting):
        return event.reason
    return None
