"""What max pooling's gradient by selection saves of a step on JAX, beside XLA's own gradient.

    taskset -c 0 python benchmarks/jax_pooling.py t1_small_cnn speedrun_cnn modern_lenet

The two loops begin with the same weights and train in turns on the same images, so that a slow
second meets both: the ratio is the median of the rounds'.  A line says, too, whether their weights
have the same bits at the end.
"""

import argparse
import os
import statistics
import time
from contextlib import nullcontext
from typing import Any

STEPS, ROUNDS = 8, 6


def main() -> None:
    """Print a line for each architecture: milliseconds a step of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="+", metavar="ARCHITECTURE")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    from ninetynine.backends import get_backend

    os.environ |= get_backend("jax").environment(1, "cpu") | {"KERAS_BACKEND": "jax"}
    for name in asked.names:
        print(compared(name, asked.rounds), flush=True)


def compared(name: str, rounds: int) -> str:
    """Return what the rounds of the architecture ``name`` came to."""
    import numpy as np

    (own, models), order = loops(name)
    seconds: list[list[float]] = [[], []]
    for _ in range(rounds):
        for place, loop in enumerate(own):
            started = time.process_time()
            loop.run_epoch(order)
            seconds[place].append(time.process_time() - started)
    ratio = statistics.median(a / b for a, b in zip(*seconds, strict=True))
    theirs, ours = (1e3 * statistics.median(found) / STEPS for found in seconds)
    pairs = zip(*(model.get_weights() for model in models), strict=True)
    same = all(np.array_equal(a, b) for a, b in pairs)
    return (
        f"{name}: {theirs:.1f} CPU ms a step by XLA, {ours:.1f} by selection, {ratio:.2f} times as "
        f"fast; {'the same' if same else 'other'} bits"
    )


def loops(name: str) -> tuple[tuple[list[Any], list[Any]], Any]:
    """Return XLA's loop and ours with their models, and the order that both train in."""
    from unittest import mock

    import keras
    import numpy as np
    from ninetynine import datasets
    from ninetynine.backends import jax
    from ninetynine.catalog import discover
    from ninetynine.training.model import compiled_model
    from ninetynine.training.standard import scale_of

    data, architecture = datasets.load("mnist"), discover()[name]
    recipe, made, models = architecture.recipe, [], []
    count = STEPS * recipe.batch_size
    images, labels = data.train_images[:count], data.train_labels[:count]
    for is_ours in (False, True):
        keras.utils.clear_session()
        keras.utils.set_random_seed(0)
        shape = images.shape[1:]
        model = compiled_model(
            architecture, recipe, shape, data.num_classes, STEPS, "float32", steps_per_epoch=STEPS
        )
        given = (model, images, labels, recipe.batch_size, scale_of(recipe, images))
        left_to_xla = mock.patch.object(jax, "pool_by_selecting", return_value=None)
        with nullcontext() if is_ours else left_to_xla:
            loop = jax.JaxLoop(*given)
        loop.compile()
        made.append(loop)
        models.append(model)
    return (made, models), np.arange(count, dtype=np.int32)


if __name__ == "__main__":
    main()
