"""A program's run: its data, its process, what it wrote -> a record and its predictions."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from ninetynine import __version__, datasets
from ninetynine.arrays import cache_folder
from ninetynine.cells import Cell
from ninetynine.errors import UserError, one_line
from ninetynine.external.runs import Run, read_runs
from ninetynine.machine import describe
from ninetynine.programs import Program
from ninetynine.recipe import Strict
from ninetynine.records import (
    Context,
    Epoch,
    Model,
    Predictions,
    Record,
    Score,
    Scores,
    Timing,
)
from ninetynine.records.quantization import to_float16
from ninetynine.training.clocks import Clock
from ninetynine.training.predictions import score

PREDICTIONS = ("predictions.npy", "predictions.npz", "predictions.csv")
EXPORT = "-for-programs.npz"  # the end of the names of their data, in the user's cache
_KEPT_DAYS = 30
_LAST_LINES = 40
_LONGEST_LINE = 2000
_SAMPLE_SECONDS = 0.05
_LARGEST_FACTS = 16 * 2**20
_LAST_WORDS_SECONDS = 5.0
# "epoch 3/10 ... accuracy 0.97", as most training scripts print it.
_EPOCH = re.compile(r"epoch\D{0,3}(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_ACCURACY = re.compile(r"acc(?:uracy)?\w*\W{1,3}([01]?\.\d+|[01]\b)", re.IGNORECASE)


class ProgramFailed(Exception):
    """A program ended without what it was run for; ``words`` are the last lines that it wrote."""

    def __init__(self, reason: str, words: str = "") -> None:
        super().__init__(reason)
        self.words = words


class Facts(Strict):
    """What a program may tell of itself in ``facts.json``."""

    parameters: int | None = Field(None, ge=0, lt=2**62, description="a whole number")
    train_seconds: float | None = Field(None, ge=0, description="seconds of training alone")


def run_program(
    cell: Cell,
    program: Program,
    dataset: datasets.Dataset,
    cores: list[int],
    data_seconds: float = 0.0,
    on_epoch: Callable[[Epoch, int], None] = lambda epoch, total: None,
) -> tuple[Record, Predictions]:
    """Run ``program`` for the seed of ``cell`` and return its record and predictions.

    It starts in a new folder with copies of its files, and finds its data in an ``.npz`` without
    test labels.  Raises ProgramFailed where it fails, or does not write what it is to write.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    identity = cell.identity
    with tempfile.TemporaryDirectory(prefix="ninetynine-") as name:
        folder = Path(name)
        _lay_out(program, folder)
        out = folder / "out"
        out.mkdir()
        values = {
            "seed": str(identity.seed),
            "data": str(exported(dataset)),
            "out": str(out),
            "threads": str(identity.threads),
        }
        process = _Process(_started_by(program, values), folder, on_epoch)
        clock = Clock(cores)
        with clock.running():
            process.run()
        clock.cpu_seconds += process.cpu_seconds
        facts, history = _facts(out, process), _history(out, process)
        run = _predictions(out, dataset, process)
    told = facts.train_seconds
    if told is not None and told > clock.wall_seconds:
        raise process.failure(
            f"facts.json: train_seconds is {told:g}, but the whole program ran for "
            f"{clock.wall_seconds:.3g} seconds"
        )
    return record_of(
        cell,
        dataset,
        cores,
        run,
        clock,
        started_at,
        facts,
        history,
        data_seconds=data_seconds,
        peak_memory_bytes=process.peak_memory_bytes,
    )


def record_of(
    cell: Cell,
    dataset: datasets.Dataset,
    cores: list[int],
    run: Run,
    clock: Clock,
    started_at: str,
    facts: Facts | None = None,
    history: Sequence[Epoch] = (),
    *,
    data_seconds: float,
    peak_memory_bytes: int,
) -> tuple[Record, Predictions]:
    """Return the record and the predictions of what trained by itself, measured by ``clock``."""
    probabilities, told = run.probabilities, facts.train_seconds if facts else None
    predictions = Predictions(to_float16(probabilities), dataset.test_labels.astype(np.uint16))
    record = Record(
        key=cell.key,
        status="finished",
        cell=cell.identity,
        context=Context(
            suite=cell.suite,
            variant=cell.variant,
            suite_version=__version__,
            started_at=started_at,
        ),
        machine=describe(cell.identity, cores),
        model=Model(
            parameters=facts.parameters if facts else None,
            multiply_adds=None,
            weights_hash=_digest(probabilities),
        ),
        scores=Scores(test=_score(run, predictions)),
        history=list(history),
        timing=Timing(
            import_seconds=0.0,
            data_seconds=data_seconds,
            build_seconds=0.0,
            compile_seconds=0.0,
            train_seconds=clock.wall_seconds if told is None else told,
            train_cpu_seconds=clock.cpu_seconds,
            evaluate_seconds=0.0 if told is None else clock.wall_seconds - told,
            other_cpu_share=clock.other_cpu_share,
            exclusive=clock.exclusive,
        ),
        peak_memory_bytes=peak_memory_bytes,
        test_fingerprint=datasets.fingerprint_of_test_part(dataset),
    )
    return record, predictions


def exported(dataset: datasets.Dataset) -> Path:
    """Return the ``.npz`` of ``dataset`` for programs, written where it is not there yet.

    It has ``x_train`` (n, h, w, c), ``y_train`` (n,), ``x_test`` (m, h, w, c) and
    ``num_classes`` (), and no test labels: nothing can be chosen by these.
    """
    path = cache_folder() / f"{dataset.fingerprint[:32]}{EXPORT}"
    with suppress(OSError):
        os.utime(path)  # used now
        return path
    for old in exports(unused_days=_KEPT_DAYS):
        old.unlink(missing_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "x_train": dataset.train_images,
        "y_train": dataset.train_labels,
        "x_test": dataset.test_images,
        "num_classes": np.array(dataset.num_classes),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
            whole = Path(folder) / path.name
            np.savez(whole, **arrays)  # type: ignore[arg-type]
            whole.chmod(0o444)
            whole.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror or error}); make room, or choose another "
            "folder with XDG_CACHE_HOME"
        ) from error
    return path


def exports(unused_days: float) -> list[Path]:
    """Return the data in the user's cache that programs have not read for so many days."""
    before = time.time() - 24 * 3600 * unused_days
    found = sorted(cache_folder().glob(f"*{EXPORT}"))
    return [path for path in found if path.stat().st_mtime < before]


class _Process:
    """A program's process, all that it starts counted in."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        on_epoch: Callable[[Epoch, int], None],
    ) -> None:
        self._command, self._folder, self._on_epoch = command, folder, on_epoch
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._lines: list[str] = []
        self.cpu_seconds = 0.0
        self.peak_memory_bytes = 0

    def run(self) -> None:
        """Run it to its end; raise ProgramFailed where that is not a good one."""
        before = _children_seconds()
        try:
            process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        except OSError as error:
            raise ProgramFailed(
                f"{self._command[0]}: cannot be started ({error.strerror}); is it installed, and "
                "in PATH?"
            ) from error
        listener = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
        listener.start()
        with self._sampling(process.pid):
            code = process.wait()
        with suppress(OSError):  # what it left running, which may hold its output open
            os.killpg(process.pid, signal.SIGKILL)
        listener.join(timeout=_LAST_WORDS_SECONDS)
        self.cpu_seconds = _children_seconds() - before
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        self.peak_memory_bytes = max(self.peak_memory_bytes, largest * unit)
        if code:
            last = next((line for line in reversed(self._lines) if line.strip()), "no message")
            raise self.failure(f"{_how_it_ended(code)}: {last}")

    def failure(self, reason: str) -> ProgramFailed:
        """Return the failure for ``reason``, with the last lines that were written."""
        return ProgramFailed(one_line(reason)[:500], "\n".join(self._lines))

    def _listen(self, output: IO[bytes]) -> None:
        while line := output.readline(_LONGEST_LINE):
            self._hear(line.decode(errors="replace").rstrip())

    def _hear(self, line: str) -> None:
        self._lines = [*self._lines, line][-_LAST_LINES:]
        print(line, flush=True)
        epoch, accuracy = _EPOCH.search(line), _ACCURACY.search(line)
        if epoch and accuracy and 0 < int(epoch[1]) <= int(epoch[2]) < 2**31:
            value = min(float(accuracy[1]), 1.0)
            self._on_epoch(Epoch(epoch=int(epoch[1]), loss=0.0, accuracy=value), int(epoch[2]))

    @contextmanager
    def _sampling(self, pid: int) -> Iterator[None]:
        """Note the largest sum of what the process and its descendants hold in memory."""
        import psutil

        done = threading.Event()

        def sample() -> None:
            while not done.wait(_SAMPLE_SECONDS):
                total = 0
                with suppress(psutil.Error):
                    root = psutil.Process(pid)
                    for process in (root, *root.children(recursive=True)):
                        with suppress(psutil.Error):
                            total += process.memory_info().rss
                self.peak_memory_bytes = max(self.peak_memory_bytes, total)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _how_it_ended(code: int) -> str:
    if code > 0:
        return f"exited with code {code}"
    known = {number.value: number.name for number in signal.Signals}
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"was ended by {known.get(-code, f'signal {-code}')}{hint}"


def _started_by(program: Program, values: dict[str, str]) -> list[str]:
    """Return the command; ``python`` is this one, and a path the one beside the suite."""
    first, *rest = program.arguments(values)
    if first in ("python", "python3"):
        return [sys.executable, *rest]
    beside = program.folder / first
    if "/" in first and first not in program.files and beside.is_file():
        return [str(beside), *rest]
    return [first, *rest]


def _lay_out(program: Program, folder: Path) -> None:
    for name in program.every_file:
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(program.folder / name, copy)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _predictions(out: Path, dataset: datasets.Dataset, process: _Process) -> Run:
    found = [out / name for name in PREDICTIONS if (out / name).is_file()]
    if len(found) != 1:
        what = " and ".join(path.name for path in found) or "none"
        raise process.failure(
            f"expected one of {', '.join(PREDICTIONS)} in the folder of {{out}}, found {what}"
        )
    try:
        runs = read_runs(found, dataset)
    except UserError as error:
        raise process.failure(str(error).replace(f"{out}/", "")) from error
    if len(runs) != 1:
        raise process.failure(f"{found[0].name}: {len(runs)} runs; expected this seed's alone")
    return runs[0]


def _score(run: Run, predictions: Predictions) -> Score:
    """Return the score of what was predicted; labels alone have no loss."""
    if run.values.ndim == 1:
        return Score(loss=None, accuracy=float(predictions.correct.mean()))
    return score(run.probabilities, predictions.labels.astype(np.int64))


def _facts(out: Path, process: _Process) -> Facts:
    content = _json(out / "facts.json", process)
    try:
        return Facts.model_validate({} if content is None else content)
    except ValidationError as error:
        raise process.failure(f"facts.json: {_first(error)}") from error


def _history(out: Path, process: _Process) -> list[Epoch]:
    content = _json(out / "history.json", process)
    if content is None:
        return []
    if not isinstance(content, list):
        raise process.failure("history.json: expected a list of tables, one an epoch")
    try:
        return [
            Epoch.model_validate({"epoch": number, **epoch} if isinstance(epoch, dict) else epoch)
            for number, epoch in enumerate(content, 1)
        ]
    except ValidationError as error:
        raise process.failure(f"history.json: {_first(error)}") from error


def _json(path: Path, process: _Process) -> Any:
    if not path.is_file():
        return None
    if path.stat().st_size > _LARGEST_FACTS:
        raise process.failure(f"{path.name}: more than {_LARGEST_FACTS:,} bytes")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise process.failure(f"{path.name}: not valid JSON ({error})") from error


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number; expected finite ones")


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _digest(probabilities: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(probabilities, dtype="<f4").data).hexdigest()
