"""What JAX costs beside its arithmetic: a later seed's compile time, and the latency of one image.

    taskset -c 0 python benchmarks/jax_speed.py t1_small_cnn

Each line is a process of its own; the first one fills the cache of compiled code, in a folder of
its own, that the later ones load from.  Seconds of its parts are CPU seconds, which other programs
hardly change.  Latency stands beside that of the bare compiled forward pass: the same
function, jitted, called with arrays that are on the device, its result taken to NumPy.  Short
rounds of the two alternate, so that a slow second meets both: the ratio is the median of theirs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

IMAGES, SHAPE, CLASSES, ROUNDS = 2_000, (28, 28, 1), 10, 40


def main() -> None:
    """Print one JSON object a process: CPU seconds of its parts, and latencies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(measured(asked.name)))
        return
    from ninetynine.backends import get_backend

    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | get_backend("jax").environment(1, "cpu")
        environment |= {"KERAS_BACKEND": "jax", "JAX_COMPILATION_CACHE_DIR": folder}
        for number in range(asked.runs):
            command = [sys.executable, __file__, asked.name, "--here"]
            done = subprocess.run(command, env=environment, check=True, capture_output=True)
            print(f"process {number + 1}: {done.stdout.decode().strip()}", flush=True)


def measured(name: str) -> dict[str, float]:
    """Return CPU seconds of what comes before the first step, and latencies in milliseconds."""
    import jax
    import keras
    import numpy as np
    from ninetynine.backends.jax import JaxLoop
    from ninetynine.catalog import discover
    from ninetynine.training.model import compiled_model

    found: dict[str, float] = {}

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        before = time.process_time()
        yield
        found[part] = round(time.process_time() - before, 3)

    architecture, random = discover()[name], np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, *SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, IMAGES)
    keras.utils.set_random_seed(0)
    recipe = architecture.recipe
    with timed("build"):
        model = compiled_model(architecture, recipe, SHAPE, CLASSES, 100)
    with timed("prepare"):
        loop = JaxLoop(model, images, labels, recipe.batch_size, recipe.scale)
    loop.known_by = f"{name} with its own recipe"  # in a run it is the cell's key, less its seed
    with timed("compile"):
        loop.compile()
    one = loop.predict(images[:1], 1)
    weights = [[v.value for v in part] for part in loop._weights]
    pixels = jax.device_put(images[:1].astype(np.float32) / np.float32(255))
    rounds = [
        [
            seconds(lambda: loop.predict(images[:1], 1)),
            seconds(lambda: np.asarray(loop._forward(*weights, pixels))),
        ]
        for _ in range(ROUNDS)
    ]
    ours, bare = (1e3 * median(column) for column in zip(*rounds, strict=True))
    ratio = median(one / other for one, other in rounds)
    found |= {"latency_ms": round(ours, 4), "bare_ms": round(bare, 4), "ratio": round(ratio, 2)}
    assert one.shape == (1, CLASSES)
    return found


def seconds(call: Callable[[], Any], calls: int = 40) -> float:
    """Return the median wall seconds of a call."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)


if __name__ == "__main__":
    main()
