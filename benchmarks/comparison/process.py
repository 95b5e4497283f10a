"""Whole processes on the clock: wall and CPU seconds, and what else used the cores meanwhile."""

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine.errors import UserError
from ninetynine.machine import available_cores
from ninetynine.training.clocks import busy_seconds

from .rounds import Measurement

# Left over in a shell, these would decide for all contenders what each should decide itself.
_SWITCHES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS"),
    *("KERAS_BACKEND", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
)


@dataclass(frozen=True)
class Finished:
    """What a process took, from its start to its end, and what it printed."""

    wall_seconds: float
    cpu_seconds: float
    busy_seconds: float | None  # of all cores together, whoever used them
    output: str


def run_process(command: Sequence[str | Path]) -> Finished:
    """Run ``command`` to its end.  Raises UserError with its last words where it fails."""
    environment = {name: text for name, text in os.environ.items() if name not in _SWITCHES}
    environment["CUDA_VISIBLE_DEVICES"] = "-1"
    cores = available_cores()
    busy, cpu, started = busy_seconds(cores), _children_cpu_seconds(), time.perf_counter()
    process = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, env=environment
    )
    wall = time.perf_counter() - started
    cpu, after = _children_cpu_seconds() - cpu, busy_seconds(cores)
    if process.returncode:
        words = (process.stderr.strip() or process.stdout.strip()).splitlines()[-1:] or ["nothing"]
        raise UserError(f"{_shown(command)} ended with code {process.returncode}: {words[0]}")
    total = None if busy is None or after is None else after - busy
    return Finished(wall, cpu, total, process.stdout)


def compile_bytecode(python: str | Path, *folders: Path) -> None:
    """Compile the packages of ``python``'s environment and ``folders``, as an installer does.

    Else whoever imports a package first would pay for it, and with a read-only environment or
    PYTHONDONTWRITEBYTECODE every process would: most of all those that are started most often.
    """
    code = (
        "import compileall, sys, sysconfig\n"
        "paths = {sysconfig.get_path('purelib'), sysconfig.get_path('platlib'), *sys.argv[1:]}\n"
        "for path in paths: compileall.compile_dir(path, quiet=2, workers=0)"
    )
    run_process([python, "-c", code, *folders])


def _shown(command: Sequence[str | Path]) -> str:
    return " ".join(Path(str(word)).name if os.sep in str(word) else str(word) for word in command)


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measurement(
    contender: str,
    processes: Sequence[Finished],
    part_seconds: Mapping[str, float] | None = None,
    results: Mapping[str, float] | None = None,
) -> Measurement:
    """Return ``processes``, run in sequence, as one measurement."""
    wall = sum(process.wall_seconds for process in processes)
    cpu = sum(process.cpu_seconds for process in processes)
    busy = [process.busy_seconds for process in processes]
    cores, share = len(available_cores()), None
    if None not in busy:
        share = max(0.0, sum(busy) - cpu) / (wall * cores)
    return Measurement(
        contender=contender,
        wall_seconds=wall,
        cpu_seconds=cpu,
        cores=cores,
        other_cpu_share=share,
        part_seconds=dict(part_seconds or {}),
        results=dict(results or {}),
    )


def without_saving(ended: Finished, said: Mapping[str, float]) -> Finished:
    """Return ``ended`` without what the script took to save its predictions."""
    cpu = said["saving_cpu_seconds"]
    return Finished(
        ended.wall_seconds - said["saving_seconds"],
        ended.cpu_seconds - cpu,
        None if ended.busy_seconds is None else ended.busy_seconds - cpu,
        ended.output,
    )
