"""The contenders: each is run as whole processes, and what it computed is checked afterwards."""

import csv
import json
import math
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError

from .process import Finished, measurement, run_process, without_saving
from .rounds import Measurement

HERE = Path(__file__).parent.parent
SCRIPTS, BENCHOPT_FOLDER = HERE / "scripts", HERE / "benchopt_folder"
REPOSITORY = HERE.parent
# The suite's name of each tutorial.  T5 is T2's model and recipe, so the suite trains them once.
ARCHITECTURES = {
    "t1": "t1_small_cnn",
    "t2": "t2_dense",
    "t3": "t3_deep_cnn",
    "t4": "t4_wide_cnn",
    "t5": "t2_dense",
}
# -P: the installed package, not what lies in the current folder; workers are started so too.
BENCH = (sys.executable, "-P", "-m", "ninetynine")
_TRAINING_FLOPS_PER_MULTIPLY_ADD = 6  # as ninetynine.training.clocks counts


def part(tutorial: str, seed: int) -> str:
    """Return what a training is called in a measurement."""
    return f"{tutorial} seed {seed}"


def run_scripts(
    name: str, tutorials: Sequence[str], seeds: Sequence[int], predictions: Path | None
) -> Measurement:
    """Run the plain script of every tutorial and seed in sequence.

    Their probabilities go into the folder ``predictions``, if one is given; the seconds that a
    script says this took are taken off.
    """
    finished: dict[str, Finished] = {}
    accuracies = {}
    for seed in seeds:
        for tutorial in tutorials:
            command: list[str | Path] = [sys.executable, SCRIPTS / f"{tutorial}.py", str(seed)]
            if predictions is not None:
                predictions.mkdir(parents=True, exist_ok=True)
                command.append(predictions / f"{tutorial}-seed-{seed}.npy")
            ended = run_process(command)
            said = json.loads(ended.output.strip().splitlines()[-1])
            finished[part(tutorial, seed)] = without_saving(ended, said)
            accuracies[part(tutorial, seed)] = said["test_accuracy"]
    parts = {label: ended.wall_seconds for label, ended in finished.items()}
    return measurement(name, list(finished.values()), parts, accuracies)


def run_benchopt(python: Path, tutorials: Sequence[str], seeds: Sequence[int]) -> Measurement:
    """Run the benchmark folder, from a copy without a cache, one run after the other."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, output = Path(temporary) / "mnist_tutorials", Path(temporary) / "out.csv"
        shutil.copytree(BENCHOPT_FOLDER, folder, ignore=shutil.ignore_patterns("__*__"))
        choice = [
            *("-o", f"MNIST tutorials[seed=[{','.join(map(str, seeds))}]]"),
            *("-s", f"keras[tutorial=[{','.join(tutorials)}]]"),
        ]
        options = ["--no-plot", "--no-timeout", "--output", str(output)]
        ended = run_process([python, "-m", "benchopt", "run", folder, *choice, *options])
        parts, accuracies = read_benchopt(output)
    missing = {part(t, s) for t in tutorials for s in seeds} - accuracies.keys()
    if missing:
        raise UserError(f"benchopt run gave no result for {', '.join(sorted(missing))}")
    return measurement("benchopt", [ended], parts, accuracies)


def read_benchopt(path: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return seconds and test accuracy by part from benchopt's CSV of a run."""
    if not path.is_file():
        raise UserError("benchopt run wrote no results")
    seconds, accuracies = {}, {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            label = part(row["p_solver_tutorial"], int(row["p_obj_seed"]))
            seconds[label] = float(row["objective_seconds"])
            accuracies[label] = float(row["objective_accuracy"])
    return seconds, accuracies


def run_suite(
    name: str, tutorials: Sequence[str] | None, seeds: Sequence[int], *options: str
) -> Measurement:
    """Run suite ``tutorials`` into an empty folder, all of it where ``tutorials`` is None."""
    with tempfile.TemporaryDirectory() as results:
        command = [*BENCH, "run", "tutorials", "--seeds", ",".join(f"{s}-{s}" for s in seeds)]
        if tutorials is not None:
            command += ["--only", only(tutorials)]
        ended = run_process([*command, *options, "--results", results])
        accuracies = read_accuracies(Path(results), tutorials or list(ARCHITECTURES))
    missing = {part(t, s) for t in tutorials or ARCHITECTURES for s in seeds} - accuracies.keys()
    if missing:
        raise UserError(f"bench run recorded nothing for {', '.join(sorted(missing))}")
    return measurement(name, [ended], results=accuracies)


def only(tutorials: Sequence[str]) -> str:
    """Return the pattern that chooses the architectures of ``tutorials``."""
    digits = sorted({ARCHITECTURES[tutorial][1] for tutorial in tutorials})
    return f"t[{''.join(digits)}]_*"


def read_accuracies(results: Path, tutorials: Sequence[str]) -> dict[str, float]:
    """Return the test accuracy by part from the finished records in ``results``."""
    accuracies = {}
    for path in results.glob("records/*/*.json"):
        record = json.loads(path.read_text())
        if record["status"] != "finished":
            continue
        for tutorial in tutorials:
            if record["cell"]["architecture"] == ARCHITECTURES[tutorial]:
                label = part(tutorial, record["cell"]["seed"])
                accuracies[label] = record["scores"]["test"]["accuracy"]
    return accuracies


def run_verb(name: str, *arguments: str | Path) -> Measurement:
    """Run a ``bench`` verb that trains nothing."""
    return measurement(name, [run_process([*BENCH, *arguments])])


def run_time(architecture: str) -> Measurement:
    """Run ``bench time``: the training's GFLOP/s, and this machine's matrix-product peak."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "timing.json"
        ended = run_process([*BENCH, "time", architecture, "--output", output])
        document = json.loads(output.read_text())
    results = {"gflops": training_gflops(document), "peak_gflops": peak_gflops(ended.output)}
    return measurement("share", [ended], results=results)


def training_gflops(document: Mapping[str, Any]) -> float:
    """Return GFLOP/s of the median training step in the JSON that ``bench time`` writes."""
    steps = [b for b in document["benchmarks"] if b["group"] == "train_step"]
    info, seconds = steps[0]["extra_info"], steps[0]["stats"]["median"]
    operations = _TRAINING_FLOPS_PER_MULTIPLY_ADD * info["multiply_adds"] * info["batch_size"]
    return operations / seconds / 1e9


def peak_gflops(table: str) -> float:
    """Return the matrix-product peak that stands below the table of ``bench time``."""
    found = re.search(r"matrix product here: ([\d,.]+) GFLOP/s", table)
    peak = float(found.group(1).replace(",", "")) if found else math.nan
    if not peak > 0:
        raise UserError("bench time printed no matrix-product peak")
    return peak
