"""How much longer a program takes under `bench run` than by itself, seed by seed in turn.

    python benchmarks/program_overhead.py --seeds 5

Both on one core and one thread: the script of ``studies/programs``, started as a user would, and
the same as a row of its suite.  What the command adds once, whatever it trains, is told apart.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ninetynine import datasets
from ninetynine.records import RecordStore
from ninetynine.training.exports import exported
from ninetynine.training.setup import inherited_environment, thread_environment

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
            alone.append(seconds(script, environment, core))
            results = Path(name) / f"results-{seed}"
            command = [sys.executable, "-m", "ninetynine", "run", str(STUDY / "t2.toml")]
            command += ["--only", "t2_script", "--seeds", str(seed), "--dataset", options.dataset]
            command += ["--threads", "1", "--jobs", "1", "--results", str(results)]
            whole.append(seconds(command, dict(os.environ), core))
            (record,) = RecordStore(results).read_all()[0]
            assert record.timing is not None
            inside.append(record.timing.train_seconds + record.timing.evaluate_seconds)
            print(
                f"seed {seed}: alone {alone[-1]:.2f} s, as a program {inside[-1]:.2f} s "
                f"({inside[-1] / alone[-1] - 1:+.1%}), bench run in all {whole[-1]:.2f} s",
                flush=True,
            )
    ratios = [program / script for program, script in zip(inside, alone, strict=True)]
    once = [command - program for command, program in zip(whole, inside, strict=True)]
    print(
        f"median of {options.seeds} seeds: as a program {statistics.median(ratios) - 1:+.1%}; "
        f"bench run adds {statistics.median(once):.2f} s, once for all seeds"
    )


def seconds(command: list[str], environment: dict[str, str], core: int) -> float:
    """Return how long ``command`` takes on ``core``."""
    started = time.perf_counter()
    subprocess.run(
        ["taskset", "-c", str(core), *command],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
