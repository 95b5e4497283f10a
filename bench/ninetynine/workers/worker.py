"""A worker process: imports its backend once, then trains the cells it is handed.

``python -m ninetynine.workers.worker CORES`` reads tasks from standard input and answers on what
was its standard output; anything that a library prints goes to standard error instead.  It ends
when its input ends, also in the middle of a cell: a worker never outlives its driver.
"""

import os
import queue
import signal
import sys
import threading
import time
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from ninetynine import catalog, datasets
from ninetynine.errors import UserError
from ninetynine.records import Epoch
from ninetynine.training.setup import pin
from ninetynine.workers.events import Task
from ninetynine.workers.ipc import (
    END,
    READY,
    decode,
    encode,
    epoch_message,
    failed_message,
    finished_message,
    refused_message,
)


def main(arguments: list[str]) -> None:
    """Serve tasks until standard input ends or asks to."""
    # Ctrl-C reaches the whole process group; the driver decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, answers = _take_over_streams()
    cores = [int(core) for core in arguments[0].split(",") if core]
    pin(cores)
    tasks = _read_tasks(source)
    started = time.perf_counter()
    import keras  # noqa: F401  (the import is what the worker is for)

    import ninetynine.training.cell  # noqa: F401

    import_seconds = time.perf_counter() - started
    _send(answers, READY)
    while (task := tasks.get()) is not None:
        _send(answers, _serve(task, cores, import_seconds, answers))


def _serve(
    task: Task, cores: list[int], import_seconds: float, answers: BinaryIO
) -> dict[str, Any]:
    from ninetynine.training.cell import Diverged, save_model, train_cell

    def tell(epoch: Epoch, epochs: int) -> None:
        _send(answers, epoch_message(epoch, epochs))

    try:
        architecture = _architecture(task)
        started = time.perf_counter()
        dataset = _dataset(task.dataset, task.data_dir)
        data_seconds = time.perf_counter() - started
        trained = train_cell(
            task.cell, architecture, dataset, cores, import_seconds, data_seconds, tell
        )
        if task.keep_model is not None:
            save_model(trained.model, task.keep_model)
    except UserError as error:
        cause = error.__cause__
        detail = "".join(traceback.format_exception(cause)) if cause else ""
        return refused_message(str(error), detail)
    except Diverged as error:
        return failed_message("diverged", str(error))
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        reason = f"{type(error).__name__}: {lines[0][:300]}"
        return failed_message("error", reason, traceback.format_exc())
    return finished_message(trained.record, trained.predictions)


def _architecture(task: Task) -> catalog.Architecture:
    identity = task.cell.identity
    if task.code is not None:
        found = catalog.read_sent(task.code.path, task.code.module, task.code.folders)
    else:
        found = catalog.get(catalog.discover(task.architecture_files), task.cell.file_name)
    if found.source_hash != identity.source_hash:
        raise UserError(f"{found.path} was edited while the suite ran; run the command again")
    return found.varied(identity.architecture, found.recipe, identity.arguments, task.cell.label)


@lru_cache(maxsize=1)
def _dataset(name: str, data_dir: Path | None) -> datasets.Dataset:
    return datasets.load(name, data_dir)


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(encode(message))
    answers.flush()


def _take_over_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return private handles on standard input and output, which the driver speaks through.

    From now on what an architecture prints goes to standard error, and what it asks for is empty.
    """
    source, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, answers


def _read_tasks(source: BinaryIO) -> "queue.Queue[Task | None]":
    """Return a queue that fills with tasks; the process ends at once when the driver is gone."""
    tasks: queue.Queue[Task | None] = queue.Queue()

    def read() -> None:
        try:
            for line in source:
                message = decode(line)
                if message == END:
                    tasks.put(None)
                    return
                tasks.put(Task.model_validate(message))
        except ValueError:  # not a task, perhaps an engine's of another version: waiting is no use
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return tasks


if __name__ == "__main__":
    main(sys.argv[1:])
