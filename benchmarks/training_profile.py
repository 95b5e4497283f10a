"""Where the seconds of a model's training steps go, operation by operation.

    python benchmarks/training_profile.py t3_deep_cnn --output FILE.md

trains 100 batches of random images on one pinned core by the loop of ``bench run`` (TensorFlow),
in two processes: one on the clock alone, one with oneDNN's own log of what it executed.  What that
log has not is the rest: Eigen's operations, the gathering of batches and what the recipe does to
their images, the optimizer.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ninetynine.errors import UserError, nearest
from ninetynine.machine import available_cores
from ninetynine.suite import discover
from ninetynine.training.setup import pin, thread_environment
from tabulate import tabulate

_BATCHES = 100
_BEGIN, _END, _SECONDS, _PEAK = "profile begins", "profile ends", "train seconds", "peak gflops"
_PRECISIONS = ("float32", "mixed_bfloat16")
_PASSES = {
    "forward_training": "forward",
    "forward_inference": "forward",
    "backward_data": "gradient of its input",
    "backward_weights": "gradient of its weights",
}


@dataclass(frozen=True)
class Operation:
    """One line of oneDNN's log; ``shape`` is in its notation."""

    kind: str
    implementation: str
    propagation: str
    shape: str
    seconds: float

    @property
    def flops(self) -> float | None:
        """Return the floating-point operations of a convolution or a product; else None."""
        if self.kind == "convolution":
            sizes = {name: int(size) for name, size in re.findall(r"([a-z]+)(\d+)", self.shape)}
            names = ("mb", "ic", "oc", "oh", "ow", "kh", "kw")
            return 2.0 * float(np.prod([sizes[name] for name in names]))
        if self.kind == "matmul":
            left, right = (side.split("x") for side in self.shape.split(":")[:2])
            return 2.0 * int(left[-2]) * int(left[-1]) * int(right[-1])
        return None


def main() -> int:
    """Profile as the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architecture", nargs="?", default="t3_deep_cnn")
    parser.add_argument("--precision", choices=_PRECISIONS, default="float32")
    parser.add_argument("--output", type=Path, help="write the page there, too")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        if arguments.architecture not in (known := discover()):
            hint = nearest(arguments.architecture, known)
            raise UserError(f"{arguments.architecture}: no such architecture{hint}")
        if arguments.child:
            _train(arguments.architecture, arguments.precision)
            return 0
        name, precision = arguments.architecture, arguments.precision
        text = page(name, precision, *_run(name, precision))
    except UserError as error:
        print(f"training_profile: {error}", file=sys.stderr)
        return error.exit_code
    if arguments.output:
        arguments.output.write_text(text)
    print(text)
    return 0


def _train(name: str, precision: str) -> None:
    """Train in this process, which was started for it, and print marks and seconds."""
    pin(available_cores()[:1])
    import keras
    from ninetynine.backends.tensorflow import TensorFlowLoop
    from ninetynine.training.augmentation import Warp, draw
    from ninetynine.training.clocks import matrix_product_peak
    from ninetynine.training.model import compiled_model

    keras.config.set_dtype_policy(precision)
    keras.utils.set_random_seed(0)
    architecture = discover()[name]
    recipe, batch = architecture.recipe, architecture.recipe.batch_size
    model = compiled_model(architecture, recipe, (28, 28, 1), 10, steps=2 * _BATCHES)
    images = np.random.default_rng(0).integers(0, 256, (_BATCHES * batch, 28, 28, 1), np.uint8)
    labels = np.arange(len(images), dtype=np.int64) % 10
    warp = Warp(recipe.augmentation, 28, 28) if recipe.augmentation else None
    loop = TensorFlowLoop(model, images, labels, batch, recipe.scale, warp)
    order = np.arange(len(images), dtype=np.int32)
    changes = draw(recipe.augmentation, len(images), 28, 0, 0) if recipe.augmentation else None
    loop.compile()
    loop.run_epoch(order[: 10 * batch], None if changes is None else changes[: 10 * batch])
    print(_BEGIN, flush=True)
    started = time.perf_counter()
    loop.run_epoch(order, changes)
    seconds = time.perf_counter() - started
    print(_END, flush=True)
    print(_SECONDS, seconds)
    print(_PEAK, matrix_product_peak())


def _run(name: str, precision: str) -> tuple[float, float, list[Operation]]:
    """Return the seconds and the matrix-product peak without the log, and the operations."""
    plain, logged = (_child_output(name, precision, level) for level in ("0", "1"))
    lines = logged[logged.index(_BEGIN) : logged.index(_END)]
    found = [operation for line in lines if (operation := parse(line))]
    return _figure(plain, _SECONDS), _figure(plain, _PEAK), found


def _child_output(name: str, precision: str, verbosity: str) -> list[str]:
    environment = {**os.environ, **thread_environment("tensorflow", 1, "cpu")}
    environment["ONEDNN_VERBOSE"] = verbosity
    command = [sys.executable, __file__, name, "--precision", precision, "--child"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise UserError(f"the profiled process failed: {ended.stderr.strip().splitlines()[-1]}")
    return ended.stdout.splitlines()


def _figure(lines: list[str], name: str) -> float:
    return float(next(line for line in lines if line.startswith(name)).removeprefix(name))


def parse(line: str) -> Operation | None:
    """Return what a line of oneDNN's log says; None for a line that is no executed operation."""
    fields = line.split(",")
    if not fields[0].startswith("onednn_verbose") or "exec" not in fields:
        return None
    kind, implementation, propagation = fields[fields.index("exec") + 2 :][:3]
    return Operation(kind, implementation, propagation, fields[-2], float(fields[-1]) / 1e3)


def page(
    name: str, precision: str, seconds: float, peak: float, operations: list[Operation]
) -> str:
    """Return the table in Markdown."""
    groups: dict[tuple[str, str, str], list[Operation]] = defaultdict(list)
    for found in operations:
        groups[found.kind, _PASSES.get(found.propagation, ""), found.shape].append(found)
    logged = sum(found.seconds for found in operations)
    ordered = sorted(groups.values(), key=lambda group: -sum(o.seconds for o in group))
    shown = [group for group in ordered if sum(o.seconds for o in group) >= 0.005 * seconds]
    rest = sum(o.seconds for group in ordered[len(shown) :] for o in group)
    rows = [_cells(group, seconds, peak) for group in shown]
    rows.append(("other operations of oneDNN", "", "", *_times(rest, seconds), "", ""))
    other = seconds - logged
    rows.append(("not oneDNN's: the rest of the step", "", "", *_times(other, seconds), "", ""))
    headers = ["operation", "pass", "shape", "s", "share", "GFLOP/s", "of the peak"]
    table = tabulate(rows, headers, tablefmt="github", disable_numparse=True,
                     colalign=("left", "left", "left", *["right"] * 4))  # fmt: skip
    return (
        f"# Where {name}'s training seconds go\n\n"
        f"{_BATCHES} batches on one core take {seconds:.2f} s{_in(precision)}; the peak, the best "
        f"2048 x 2048 product on that core, is {peak:.0f} GFLOP/s. Written by `python "
        f"benchmarks/training_profile.py {name}{_option(precision)}`.\n\n{table}\n"
    )


def _in(precision: str) -> str:
    return "" if precision == "float32" else f" in {precision}"


def _option(precision: str) -> str:
    return "" if precision == "float32" else f" --precision {precision}"


def _times(part: float, whole: float) -> tuple[str, str]:
    return f"{part:.2f}", f"{part / whole:.1%}"


def _cells(group: list[Operation], seconds: float, peak: float) -> tuple[str, ...]:
    first, taken = group[0], sum(found.seconds for found in group)
    times = _times(taken, seconds)
    what = (first.kind, _PASSES.get(first.propagation, ""), first.shape)
    if first.flops is None:
        return (*what, *times, "", "")
    rate = first.flops * len(group) / taken / 1e9
    return (*what, *times, f"{rate:.0f}", f"{rate / peak:.0%}")


if __name__ == "__main__":
    sys.exit(main())
