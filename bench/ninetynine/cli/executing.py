"""Which executor a command line asks for, and whether it can do what is asked of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ninetynine.cells import Cell
from ninetynine.cli.workers import affordable_jobs
from ninetynine.errors import UserError
from ninetynine.executors.events import Task
from ninetynine.memory import worker_bytes
from ninetynine.records import Record
from ninetynine.running import Executor


def check_executor_options(executor: str, address: str | None, jobs: str) -> None:
    """Raise UserError for options that belong to the other executor."""
    if executor == "local" and address is not None:
        raise UserError(f"--address {address} is of a Ray cluster; give --executor ray with it")
    if executor == "ray" and jobs != "auto":
        raise UserError(
            f"--jobs {jobs} is for --executor local; a cluster runs as many cells as it has CPUs, "
            "--threads says how many a cell takes"
        )


@contextmanager
def open_executor(
    name: str,
    address: str | None,
    jobs: int,
    timeout_seconds: float | None,
    cells: Sequence[Cell],
    tasks: Sequence[Task],
    records: Sequence[Record],
) -> Iterator[Executor]:
    """Yield the executor that is called ``name``, ready to train ``tasks``, those of ``cells``.

    ``records`` say how much memory such cells needed.  Raises UserError where it cannot.
    """
    if name == "local":
        from ninetynine.executors.local import LocalExecutor

        yield LocalExecutor(affordable_jobs(jobs, cells, records), timeout_seconds)
        return
    from ninetynine.executors.ray import RayExecutor

    needed = worker_bytes(cells, records)
    with RayExecutor(address or "auto", needed, timeout_seconds) as executor:
        executor.check(tasks)
        yield executor
