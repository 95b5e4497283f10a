"""How much longer a program takes under `bench run` than by itself, seed by seed in turn.

    python benchmarks/program_overhead.py --seeds 5

Both on one core and one thread: the script of ``studies/programs``, started as a user would, and
the same as a row of its suite.  What the command adds once, whatever it trains, is told apart.  On
a machine that others use, CPU seconds say more than seconds.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from ninetynine import datasets
from ninetynine.records import RecordStore
from ninetynine.training.exports import exported
from ninetynine.training.setup import inherited_environment, thread_environment
from numpy.typing import NDArray

STUDY = Path(__file__).parents[1] / "studies" / "programs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--dataset", default="mnist")
    options = parser.parse_args()
    data = exported(datasets.load(options.dataset))
    environment = inherited_environment(os.environ) | thread_environment("program", 1, "cpu")
    core = min(os.sched_getaffinity(0))
    alone, inside, whole = [], [], []
    with tempfile.TemporaryDirectory() as name:
        for seed in range(options.seeds):
            out = Path(name) / f"out-{seed}"
            out.mkdir()
            script = [sys.executable, str(STUDY / "keras_t2.py"), "--seed", str(seed)]
            script += ["--data", str(data), "--out", str(out)]
            alone.append(timed(script, environment, core))
            results = Path(name) / f"results-{seed}"
            command = [sys.executable, "-m", "ninetynine", "run", str(STUDY / "t2.toml")]
            command += ["--only", "t2_script", "--seeds", f"{seed}-{seed}"]
            command += ["--dataset", options.dataset]
            command += ["--threads", "1", "--jobs", "1", "--results", str(results)]
            whole.append(timed(command, dict(os.environ), core))
            (record,) = RecordStore(results).read_all()[0]
            timing = record.timing
            assert timing is not None
            assert timing.train_cpu_seconds is not None
            seconds = timing.train_seconds + timing.evaluate_seconds
            inside.append(np.array([seconds, timing.train_cpu_seconds]))
            print(
                f"seed {seed}: alone {told(alone[-1])}, as a program {told(inside[-1])}", flush=True
            )
    more = np.median(np.array(inside) / np.array(alone), axis=0) - 1
    once = np.median(np.array(whole) - np.array(inside), axis=0)
    print(
        f"median of {options.seeds} seeds: as a program {more[0]:+.1%} of the seconds and "
        f"{more[1]:+.1%} of the CPU seconds; bench run adds {told(once)}, once for all seeds"
    )


def told(both: NDArray[np.float64]) -> str:
    """Return seconds and CPU seconds as text."""
    return f"{both[0]:.2f} s ({both[1]:.2f} s of CPU)"


def timed(command: list[str], environment: dict[str, str], core: int) -> NDArray[np.float64]:
    """Return the seconds and the CPU seconds that ``command`` takes on ``core``."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["taskset", "-c", str(core), *command],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return np.array([seconds, cpu])


if __name__ == "__main__":
    main()
