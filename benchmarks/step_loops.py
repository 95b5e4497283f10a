"""A backend's own step loop against Keras's fit, on one core: epochs and answers to one image.

    taskset -c 0 python benchmarks/step_loops.py softmax_regression t1_small_cnn --backend torch

Random images of MNIST's size; the first round, which compiles, is not counted.  Rounds alternate:
the table has medians, and the median of the rounds' ratios with its quartiles.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

IMAGES, SHAPE, CLASSES, ANSWERS = 1_500, (28, 28, 1), 10, 20


def main() -> None:
    """Print a table: model, what is timed, milliseconds by fit and by the loop, their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    from ninetynine.training.setup import start_backend_here

    start_backend_here(asked.backend, 1, "cpu")
    print("| Model | What | ms by fit | ms by the loop | times as fast | quartiles |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for name in asked.names:
        fit, loop = _loops(name, asked.backend)
        for what, calls in _calls(fit, loop).items():
            pairs = _timed(calls, asked.rounds)
            by_fit, by_loop = (statistics.median(column) for column in zip(*pairs, strict=True))
            low, middle, high = statistics.quantiles([one / two for one, two in pairs], n=4)
            print(
                f"| `{name}` | {what} | {1e3 * by_fit:.2f} | {1e3 * by_loop:.2f} | "
                f"{middle:.2f} | {low:.2f}-{high:.2f} |",
                flush=True,
            )


def _loops(name: str, backend: str) -> list[Any]:
    import keras
    import numpy as np
    from ninetynine.backends import FitLoop, get_backend
    from ninetynine.catalog import discover
    from ninetynine.training.model import compiled_model

    architecture, random = discover()[name], np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, *SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, IMAGES)
    recipe, made = architecture.recipe, []
    for kind in (FitLoop, get_backend(backend).loop):
        keras.utils.set_random_seed(0)
        model = compiled_model(architecture, recipe, SHAPE, CLASSES, 1000)
        made.append(kind(model, images, labels, recipe.batch_size, recipe.scale))
        made[-1].compile()
    return made


def _calls(fit: Any, loop: Any) -> dict[str, list[Callable[[], Any]]]:
    import numpy as np

    order, image = np.arange(IMAGES, dtype=np.int32), np.zeros((1, *SHAPE), np.uint8)

    def answers(made: Any) -> Callable[[], Any]:
        return lambda: [made.predict(image, 1) for _ in range(ANSWERS)]

    return {
        f"an epoch of {IMAGES:,} images": [
            lambda: fit.run_epoch(order),
            lambda: loop.run_epoch(order),
        ],
        f"{ANSWERS} answers, one by one": [answers(fit), answers(loop)],
    }


def _timed(calls: list[Callable[[], Any]], rounds: int) -> list[list[float]]:
    found = []
    for _ in range(rounds + 1):
        found.append([])
        for call in calls:
            started = time.perf_counter()
            call()
            found[-1].append(time.perf_counter() - started)
    return found[1:]


if __name__ == "__main__":
    main()
