"""What planning on paper costs: 10,000 cells on 100 nodes, as a whole process and in parts.

``python benchmarks/schedule_cost.py`` writes 200 architectures and records of one seed of
half of them into a temporary folder, runs ``bench run SUITE --dry-run --nodes 100`` for 50 seeds
of each, and prints what it took and what bounds the schedule; ``--output FILE`` keeps the page.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from ninetynine.records import RecordStore
from ninetynine.scheduling import simulate
from record_builders import make_predictions, make_record

MODELS, SEEDS, NODES, ROUNDS = 200, 50, 100, 5
_ARCHITECTURE = '''"""A model of the schedule's benchmark."""

import keras
from keras import layers

PARAMETERS = {parameters}
RECIPE = {{"optimizer": "adam", "batch_size": 128, "epochs": {epochs}}}
CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(num_classes)])
'''


def main() -> int:
    """Measure as the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, help="write the page there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        generator = np.random.default_rng(0)
        sizes = {
            f"model_{n:03d}": int(generator.integers(10_000, 1_000_000)) for n in range(MODELS)
        }
        command = write_suite(folder, sizes)
        said = json.loads(_run([*command, "--json"])[0])
        write_records(folder / "results", said["missing"], sizes)
        ended = [_run(command) for _ in range(ROUNDS)]
    text = page(ended[0][0], [seconds for _, seconds in ended], simulation_seconds())
    if arguments.output:
        arguments.output.write_text(text)
    print(text)
    return 0


def write_suite(folder: Path, sizes: dict[str, int]) -> list[str]:
    """Write the architectures and their suite into ``folder``; return the command to plan it."""
    names = list(sizes)
    for number, (name, parameters) in enumerate(sizes.items()):
        text = _ARCHITECTURE.format(parameters=parameters, epochs=5 + number % 45)
        (folder / f"{name}.py").write_text(text)
    suite = folder / "many.toml"
    models = json.dumps(names)
    suite.write_text(
        f'description = "x"\ndataset = "digits"\nseeds = {SEEDS}\narchitectures = {models}\n'
    )
    files = [word for name in names for word in ("--architecture", str(folder / f"{name}.py"))]
    options = ["--dry-run", "--nodes", str(NODES), "--results", str(folder / "results")]
    return [sys.executable, "-P", "-m", "ninetynine", "run", str(suite), *files, *options]


def write_records(folder: Path, cells: list[dict[str, Any]], sizes: dict[str, int]) -> None:
    """Write a record of the first seed of every second architecture."""
    store, generator = RecordStore(folder), np.random.default_rng(1)
    first = [cell for cell in cells if cell["seed"] == 0][::2]
    for cell in first:
        identity = {k: v for k, v in cell.items() if k not in ("key", "predicted_seconds")}
        parameters, seconds = sizes[cell["architecture"]], float(generator.lognormal(4.0, 1.0))
        record = make_record(train_seconds=seconds, parameters=parameters, **identity)
        store.write(record, make_predictions([]))


def simulation_seconds() -> float:
    """Return the seconds of one simulated schedule of as many cells."""
    seconds = np.random.default_rng(2).lognormal(4.0, 1.0, MODELS * SEEDS).tolist()
    started = time.perf_counter()
    simulate(seconds, NODES * 2, 10.0)
    return time.perf_counter() - started


def _run(command: list[str]) -> tuple[str, float]:
    started = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    return ended.stdout, time.perf_counter() - started


def page(said: str, seconds: list[float], simulation: float) -> str:
    """Return the page in Markdown: the seconds, and the schedules that the command printed."""
    rows = [
        ("the command as a whole process, median", f"{np.median(seconds):.2f}"),
        (f"smallest and largest of {len(seconds)}", f"{min(seconds):.2f}–{max(seconds):.2f}"),
        ("one schedule simulated", f"{simulation:.3f}"),
    ]
    table = tabulate(rows, ["", "s"], tablefmt="github", disable_numparse=True)
    schedules = said[said.index("\nwhere ") + 1 :].rstrip()
    return (
        f"# Planning {MODELS * SEEDS:,} cells on {NODES} nodes\n\n{MODELS} models, {SEEDS} seeds "
        "each; one seed of every second one recorded. Target: below 5 s. Written by `python "
        f"benchmarks/schedule_cost.py`.\n\n{table}\n\n```\n{schedules}\n```\n"
    )


if __name__ == "__main__":
    sys.exit(main())
