"""A worker process: imports its backend once, then trains the cells it is handed.

``python -m ninetynine.workers.worker CORES`` reads tasks from standard input and answers on what
was its standard output; anything that a library prints goes to standard error instead.  It ends
when its input ends, also in the middle of a cell: a worker never outlives its driver.

With ``fork`` among its further arguments it trains each cell in a fork of itself, which has run
nothing before; otherwise in its own process, which what an architecture did stays in.  With
``program`` it imports no Keras: its cells are programs.
"""

import gc
import io
import os
import queue
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from ninetynine import datasets, programs
from ninetynine.architecture import Architecture
from ninetynine.building import in_one_line
from ninetynine.cells import Cell
from ninetynine.errors import TrainingFailed, UserError
from ninetynine.inputs import Inputs, forget_own_code
from ninetynine.records import Record
from ninetynine.training.setup import pin
from ninetynine.workers import fork, ipc
from ninetynine.workers.events import Task
from ninetynine.workers.fork import Tell
from ninetynine.workers.loading import architecture_of, dataset_of, load_ahead, program_of

_WATCH_MILLISECONDS = 200


def main(arguments: list[str]) -> None:
    """Serve tasks until standard input ends or asks to."""
    # Ctrl-C may reach the whole process group; the driver decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, answers = _take_over_streams()
    cores = [int(core) for core in arguments[0].split(",") if core]
    pin(cores)
    started = time.perf_counter()
    with _ending_with_the_driver(source):
        if programs.BACKEND in arguments[1:]:
            import ninetynine.training.function
        else:
            import keras  # noqa: F401  (the import is what the worker is for)

            import ninetynine.training.cell  # noqa: F401

    import_seconds = time.perf_counter() - started
    gc.collect()
    # What was imported is not looked through again, which takes a while before each cell; a fork
    # would also copy all pages that it looks at.
    gc.freeze()
    serve = _serve_in_forks if "fork" in arguments[1:] else _serve_here
    serve(source, answers, cores, import_seconds)


@contextmanager
def _ending_with_the_driver(source: BinaryIO) -> Iterator[None]:
    """End this process where the driver ends meanwhile: nobody would read its input yet."""
    if not hasattr(select, "poll"):
        yield
        return
    done, ends = threading.Event(), select.poll()
    ends.register(source.fileno(), 0)  # of what can happen, the other end's closing alone

    def watch() -> None:
        while not done.is_set():
            if ends.poll(_WATCH_MILLISECONDS):
                os._exit(1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()  # a fork is to find no other thread


def _serve_in_forks(
    source: BinaryIO, answers: BinaryIO, cores: list[int], import_seconds: float
) -> None:
    fork.adopt_orphans()
    tell = partial(_send, answers)
    tell(ipc.READY)
    while (task := _next_task(source)) is not None:
        serve = partial(_serve, task, cores, import_seconds, load_ahead(task))
        code = fork.in_fork(serve, tell, source.fileno(), answers.fileno())
        if code is None:  # the driver is gone
            os._exit(1)
        tell(ipc.ended_message(code))


def _serve_here(
    source: BinaryIO, answers: BinaryIO, cores: list[int], import_seconds: float
) -> None:
    tasks: queue.Queue[Task | None] = queue.Queue()

    def read() -> None:
        while True:  # ends the process when the driver is gone, whatever else is going on
            tasks.put(_next_task(source))

    threading.Thread(target=read, daemon=True).start()
    _send(answers, ipc.READY)
    while (task := tasks.get()) is not None:
        _serve(task, cores, import_seconds, 0.0, partial(_send, answers))
        forget_own_code()
        _send(answers, ipc.ended_message(0))


def _serve(
    task: Task, cores: list[int], import_seconds: float, data_seconds: float, tell: Tell
) -> None:
    if task.cell.identity.backend == programs.BACKEND:
        with _telling_what_went_wrong(tell):
            _serve_program(task, cores, data_seconds, tell)
    elif task.cell.identity.together is not None and not task.only_build:
        with _telling_what_went_wrong(partial(_tell_of, task.cells, tell)):
            _serve_together(task, cores, import_seconds, data_seconds, tell)
    else:
        with _telling_what_went_wrong(tell):
            _serve_alone(task, cores, import_seconds, data_seconds, tell)


@contextmanager
def _telling_what_went_wrong(tell: Tell) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        cause = error.__cause__
        detail = "".join(traceback.format_exception(cause)) if cause else ""
        tell(ipc.refused_message(str(error), detail))
    except TrainingFailed as error:
        tell(ipc.failed_message(error.kind, str(error), error.words))
    except Exception as error:
        tell(ipc.failed_message("error", in_one_line(error), traceback.format_exc()))


def _tell_of(cells: Sequence[Cell], tell: Tell, message: dict[str, Any]) -> None:
    for cell in cells:
        tell(message | {"seed": cell.identity.seed})


def _serve_alone(
    task: Task, cores: list[int], import_seconds: float, data_seconds: float, tell: Tell
) -> None:
    from ninetynine.training.cell import build_cell, train_cell

    architecture = architecture_of(task)
    started = time.perf_counter()
    dataset = dataset_of(task)
    data_seconds += time.perf_counter() - started
    if task.only_build:
        tell(ipc.built_message(build_cell(task.cell, architecture, dataset)))
        return
    trained = train_cell(
        task.cell,
        architecture,
        dataset,
        cores,
        import_seconds,
        data_seconds,
        lambda epoch, epochs: tell(ipc.epoch_message(epoch, epochs)),
        lambda line: tell(ipc.warning_message(line)),
        partial(_tell_inputs, tell),
    )
    problem = _keep_model(trained.model, _model_path(task, trained.record), dataset)
    tell(ipc.finished_message(trained.record, trained.predictions, problem))


def _serve_together(
    task: Task, cores: list[int], import_seconds: float, data_seconds: float, tell: Tell
) -> None:
    """Train all seeds beside which the cells of ``task`` are trained; tell how these ended."""
    from ninetynine.training.together import train_together

    together = task.cell.identity.together
    assert together is not None
    dataset = dataset_of(task)
    found = train_together(
        [task.cell.changed(seed=seed) for seed in together.seeds],
        architecture_of(task),
        dataset,
        cores,
        import_seconds,
        data_seconds,
        lambda epoch, epochs: tell(ipc.epoch_message(epoch, epochs)),
        lambda line: tell(ipc.warning_message(line)),
        partial(_tell_inputs, tell),
    )
    wanted = {cell.identity.seed: cell for cell in task.cells}
    for one in found:
        cell = wanted.get(one.cell.identity.seed)
        if cell is None:
            continue
        if one.record is None or one.predictions is None:
            _tell_of([cell], tell, ipc.failed_message("diverged", one.diverged))
            continue
        path = _model_path(task.alone(cell), one.record)
        problem = _keep_model(one.load() if path else None, path, dataset)
        _tell_of([cell], tell, ipc.finished_message(one.record, one.predictions, problem))


def _serve_program(task: Task, cores: list[int], data_seconds: float, tell: Tell) -> None:
    from ninetynine.training.function import train_by_function
    from ninetynine.training.program import run_program

    found = program_of(task)
    if task.only_build:
        tell(ipc.built_message(""))  # its record has none: all of a program is in its key
        return
    how = dataset_of(task), cores, data_seconds
    if isinstance(found, Architecture):
        outcome = train_by_function(task.cell, found, *how, partial(_tell_inputs, tell))
    else:
        outcome = run_program(
            task.cell, found, *how, lambda epoch, epochs: tell(ipc.epoch_message(epoch, epochs))
        )
    problem = "what trains by itself keeps its own" if task.keep_model is not None else ""
    tell(ipc.finished_message(*outcome, problem))


def _tell_inputs(tell: Tell, inputs: Inputs) -> None:
    """Tell what the code reads beside its source: a failure that comes later has it in its key."""
    if inputs:
        tell(ipc.inputs_message(inputs))


def _model_path(task: Task, record: Record) -> Path | None:
    """Return where the model is to be kept: its name has the key, which inputs may have changed."""
    asked, path = task.cell.key[:16], task.keep_model
    return path and path.with_name(path.name.replace(asked, record.key[:16]))


def _keep_model(model: Any, path: Path | None, dataset: datasets.Dataset) -> str:
    """Save ``model`` at ``path``; return why it could not be, in one line: the record stands."""
    if path is None:
        return ""
    from ninetynine.datasets.decoding import drawn_on_dark
    from ninetynine.training.cell import save_model

    try:
        save_model(model, path, drawn_on_dark(dataset.train_images))
    except Exception as error:
        traceback.print_exc()
        return in_one_line(error)
    return ""


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(ipc.encode(message))
    answers.flush()


def _take_over_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return private handles on standard input and output, which the driver speaks through.

    From now on what an architecture prints goes to standard error, and what it asks for is empty.
    """
    # Without a buffer: what was read ahead could not be waited for.
    source, answers = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):  # what is printed is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return source, answers


def _next_task(source: BinaryIO) -> Task | None:
    """Return the next task, None where the driver asks to end; ends the process without one."""
    try:
        line = source.readline()
        if line:
            message = ipc.decode(line)
            return None if message == ipc.END else Task.model_validate(message)
    except ValueError:  # not a task, perhaps an engine's of another version: waiting is no use
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
