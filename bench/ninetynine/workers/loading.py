"""What a task names, loaded by its worker: architecture, program and data, as the key has them."""

import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ninetynine import catalog, datasets, programs
from ninetynine.architecture import Architecture
from ninetynine.errors import UserError
from ninetynine.workers.events import Task


def architecture_of(task: Task) -> Architecture:
    """Return the architecture of ``task``; UserError where it is another now."""
    identity = task.cell.identity
    if task.code is not None:
        found = catalog.read_sent(task.code.path, task.code.module, task.code.folders)
    else:
        found = catalog.named(task.cell.file_name, task.architecture_files)
    if found.source_hash != identity.source_hash:
        raise UserError(
            f"{found.path}, or what it imports, is not as it was when the suite began; run the "
            "command again"
        )
    return found.varied(identity.architecture, found.recipe, identity.arguments, task.cell.label)


def load_ahead(task: Task) -> float:
    """Load the data that the forks of several tasks share; return the seconds that it took.

    A mistake is told by the fork, which loads again.  Data that another package's code reads are
    loaded there, too, where that code can change nothing for another cell.
    """
    started = time.perf_counter()
    with suppress(Exception):
        if datasets.is_read_here(task.dataset):
            dataset_of(task)
    return time.perf_counter() - started


def dataset_of(task: Task) -> datasets.Dataset:
    """Return the data of ``task``; UserError where they are others now."""
    return _dataset(task.dataset, task.data_dir, task.cell.identity.dataset_fingerprint)


@lru_cache(maxsize=1)
def _dataset(name: str, data_dir: Path | None, fingerprint: str) -> datasets.Dataset:
    dataset = datasets.load(name, data_dir)
    if dataset.fingerprint != fingerprint:
        raise UserError(f"{name}: the data changed while the suite ran; run the command again")
    return dataset


def program_of(task: Task) -> programs.Program | Architecture:
    """Return what is to be run; UserError where it is another now than when the suite began."""
    program, identity = task.cell.program, task.cell.identity
    if program is None:
        return architecture_of(task)
    if program.source_hash() != identity.source_hash:
        raise UserError(
            f"{program.path}, or another file of {identity.architecture}, is not as it was "
            "when the suite began; run the command again"
        )
    return program
