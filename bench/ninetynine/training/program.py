"""A program's run: its data, its process, what it wrote -> a record and its predictions."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from ninetynine import datasets
from ninetynine.cells import Cell
from ninetynine.errors import UserError, one_line
from ninetynine.external.runs import Run, read_runs
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
from ninetynine.training.cell import as_predictions, finished_record
from ninetynine.training.clocks import Clock
from ninetynine.training.exports import exported
from ninetynine.training.predictions import score
from ninetynine.training.program_process import ProgramFailed, ProgramProcess

PREDICTIONS = ("predictions.npy", "predictions.npz", "predictions.csv")
_LARGEST_FACTS = 16 * 2**20
# A version that a requirements file says exactly, for every system.
_PIN = re.compile(
    r"^([\w.-]+)(?:\[[^]]*\])? *== *([\w.!+-]+)[ \t]*(?:\\|#.*|--.*)?\r?$", re.MULTILINE
)
_TELL_INSTALLED = (
    "import json; from importlib.metadata import distributions; "
    "print(json.dumps([(d.name, d.version) for d in distributions()]))"
)


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
    test labels.  Raises ProgramFailed where it fails, or does not write what it is to write, and
    UserError where its Python has other versions than its lock file says.
    """
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    identity = cell.identity
    # What it left running may write on while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="ninetynine-", ignore_cleanup_errors=True) as name:
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
        command = _started_by(program, values)
        _check_environment(program, command[0])
        process = ProgramProcess(command, folder, on_epoch)
        clock = Clock(cores)
        try:
            with clock.running():
                process.run()
        except ProgramFailed as error:
            raise ProgramFailed(f"{error}{_unlisted(program, str(error))}", error.words) from None
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
    predictions = as_predictions(probabilities, dataset.test_labels)
    record = finished_record(
        cell,
        dataset,
        cores,
        context=Context.of(cell, started_at),
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
            **clock.shares(),
        ),
        peak_memory_bytes=peak_memory_bytes,
    )
    return record, predictions


def _started_by(program: Program, values: dict[str, str]) -> list[str]:
    """Return the command; ``python`` is this one, and a path the one beside the suite."""
    first, *rest = program.arguments(values)
    if first in ("python", "python3"):
        return [sys.executable, *rest]
    beside = program.folder / first
    if "/" in first and str(Path(first)) not in program.files and beside.is_file():
        return [str(beside), *rest]
    return [first, *rest]


def _check_environment(program: Program, python: str) -> None:
    """Raise UserError where ``python`` lacks a version that a requirements file pins.

    The key has what the file says: a number made with another version would be under a wrong one.
    """
    if not (program.environment and Path(python).name.startswith("python")):
        return
    pins = _PIN.findall(program.read(program.environment).decode("utf-8-sig", errors="replace"))
    try:
        found = json.loads(subprocess.check_output([python, "-c", _TELL_INSTALLED])) if pins else {}
    except (OSError, ValueError, subprocess.SubprocessError):
        return  # the program itself will say why it cannot be started
    installed = {_plain(name): version for name, version in found}
    for name, wanted in pins:
        version = installed.get(_plain(name), "not installed")
        if _even(wanted) not in (_even(version), _even(version.partition("+")[0])):
            raise UserError(
                f"{program.folder / program.environment}: {name}=={wanted}, but {python} has "
                f"{name} {version}; install what the file says, or write what is installed into it"
            )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _even(version: str) -> str:
    """Return a version without zeros at its end, which mean nothing (PEP 440)."""
    return re.sub(r"(\.0)+$", "", version)


def _lay_out(program: Program, folder: Path) -> None:
    for name in program.every_file:
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(program.folder / name, copy)


def _unlisted(program: Program, reason: str) -> str:
    """Return what to do where ``reason`` names a file beside the suite that was not copied."""
    for word in re.findall(r"['\"]([\w./ -]+)['\"]", reason):
        for name in (word, f"{word.partition('.')[0]}.py", word.partition(".")[0]):
            listed = {name, f"{name}/__init__.py"} & {*program.every_file}
            beside = name and not Path(name).is_absolute() and (program.folder / name).exists()
            if beside and not listed:
                return f" ({name} lies beside the suite, but is not in its files: add it)"
    return ""


def _predictions(out: Path, dataset: datasets.Dataset, process: ProgramProcess) -> Run:
    found = [out / name for name in PREDICTIONS if (out / name).is_file()]
    if len(found) != 1:
        what = " and ".join(path.name for path in found) or f"none{_instead(out)}"
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


def _instead(out: Path) -> str:
    """Return what a program wrote that was to write predictions into ``out``."""
    beside = [name for name in PREDICTIONS if (out.parent / name).is_file()]
    if beside:
        return f" ({beside[0]} is in its folder: write it into {{out}})"
    others = sorted(path.name for path in out.glob("*") if path.is_file())[:5]
    return f", but {', '.join(others)}" if others else ""


def _score(run: Run, predictions: Predictions) -> Score:
    """Return the score of what was predicted; labels alone have no loss."""
    if run.values.ndim == 1:
        return Score(loss=None, accuracy=float(predictions.correct.mean()))
    return score(run.probabilities, predictions.labels.astype(np.int64))


def _facts(out: Path, process: ProgramProcess) -> Facts:
    content = _json(out / "facts.json", process)
    try:
        return Facts.model_validate({} if content is None else content)
    except ValidationError as error:
        raise process.failure(f"facts.json: {_first(error, Facts.model_fields)}") from error


def _history(out: Path, process: ProgramProcess) -> list[Epoch]:
    content = _json(out / "history.json", process)
    if content is None:
        return []
    if not isinstance(content, list):
        raise process.failure("history.json: expected a list of tables, one an epoch")
    try:
        history = [
            Epoch.model_validate({"epoch": number, **epoch} if isinstance(epoch, dict) else epoch)
            for number, epoch in enumerate(content, 1)
        ]
    except ValidationError as error:
        raise process.failure(f"history.json: {_first(error, Epoch.model_fields)}") from error
    if [epoch.epoch for epoch in history] != list(range(1, len(history) + 1)):
        raise process.failure("history.json: epochs are to be 1, 2, 3, ..., or not to be told")
    return history


def _json(path: Path, process: ProgramProcess) -> Any:
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


def _first(error: ValidationError, known: Iterable[str]) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    if not where:
        return "expected tables of keys and values"
    if first["type"] == "extra_forbidden":
        return f"unknown key {where!r}; expected {', '.join(known)}"
    value = first["input"]
    found = f", found {value}" if isinstance(value, int | float | str | None) else ""
    return one_line(f"{where}: {first['msg']}{found}")


def _digest(probabilities: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(probabilities, dtype="<f4").data).hexdigest()
