"""A worker process: imports its backend once, then trains the cells it is handed.

``python -m bench.executors.worker CORES`` reads tasks from standard input and answers on what was
its standard output; anything that a library prints goes to standard error instead.  It ends when
its input ends, also in the middle of a cell: a worker never outlives its driver.
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

from bench import catalog, datasets
from bench.errors import UserError
from bench.executors.events import Task
from bench.executors.wire import decode, encode, pack
from bench.records import Epoch
from bench.training.setup import pin


def main(arguments: list[str]) -> None:
    """Serve tasks until standard input ends."""
    # Ctrl-C reaches the whole process group; the driver decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _take_over_stdout()
    cores = [int(core) for core in arguments[0].split(",") if core]
    pin(cores)
    tasks = _read_tasks(sys.stdin.buffer)
    started = time.perf_counter()
    import bench.training.cell  # noqa: F401  (the import is what the worker is for)
    import keras  # noqa: F401

    import_seconds = time.perf_counter() - started
    _send(answers, {"event": "ready"})
    while (task := tasks.get()) is not None:
        _send(answers, _serve(task, cores, import_seconds, answers))


def _serve(task: Task, cores: list[int], import_seconds: float, answers: BinaryIO) -> dict[str, Any]:
    from bench.training.cell import Diverged, save_model, train_cell

    def tell(epoch: Epoch, epochs: int) -> None:
        _send(answers, {"event": "epoch", "epoch": epoch.epoch, "epochs": epochs,
                        "accuracy": epoch.accuracy})  # fmt: skip

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
        return {"event": "refused", "message": str(error)}
    except Diverged as error:
        return _failed("diverged", str(error))
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        return _failed("error", f"{type(error).__name__}: {lines[0]}", traceback.format_exc())
    return {
        "event": "finished",
        "record": trained.record.model_dump(mode="json"),
        "predictions": pack(trained.predictions),
    }


def _architecture(task: Task) -> catalog.Architecture:
    identity = task.cell.identity
    found = catalog.get(catalog.discover(task.architecture_files), identity.architecture)
    if found.source_hash != identity.source_hash:
        raise UserError(f"{found.path} was edited while the suite ran; run the command again")
    return found


@lru_cache(maxsize=1)
def _dataset(name: str, data_dir: Path | None) -> datasets.Dataset:
    return datasets.load(name, data_dir)


def _failed(kind: str, reason: str, detail: str = "") -> dict[str, Any]:
    return {"event": "failed", "failure": {"kind": kind, "reason": reason, "detail": detail}}


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(encode(message))
    answers.flush()


def _take_over_stdout() -> BinaryIO:
    """Return a private handle on standard output, which from now on leads to standard error."""
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return private


def _read_tasks(source: BinaryIO) -> "queue.Queue[Task | None]":
    """Return a queue that fills with tasks; the process ends at once when the driver is gone."""
    tasks: queue.Queue[Task | None] = queue.Queue()

    def read() -> None:
        for line in source:
            message = decode(line)
            if message.get("event") == "end":
                tasks.put(None)
                return
            tasks.put(Task.model_validate(message))
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return tasks


if __name__ == "__main__":
    main(sys.argv[1:])
