"""Seeds trained at once against one after the other, on one core: seconds of an epoch per seed.

    taskset -c 0 python benchmarks/seeds_at_once.py softmax_regression t2_dense --seeds 8

Random images of MNIST's size, 3,000 of them; compiling is not counted.  Rounds alternate, so that
a slow minute of the machine meets both: the table has medians, and the median of the rounds' ratios
with its quartiles.  ``--units`` adds dense networks of
one hidden layer that wide.  ``--page docs/gpu.md`` also writes the table into that page.  The rule
of ``--seeds-at-once auto`` on a CPU rests on it (`ninetynine.suite.at_once`).
"""

import argparse
import os
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

IMAGES, SHAPE, CLASSES = 3_000, (28, 28, 1), 10
_SECTION = re.compile(
    r"(<!-- seeds-at-once:begin[^\n]*-->\n).*(<!-- seeds-at-once:end -->)", re.DOTALL
)


def main() -> None:
    """Print a table: model, parameters, seeds, milliseconds alone and together, their ratio.

    Milliseconds are of a seed's epoch.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--units", type=int, nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="*", default=[8])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    os.environ |= {"KERAS_BACKEND": "jax"}
    from ninetynine.backends import get_backend

    os.environ.update(get_backend("jax").environment(1, "cpu"))
    lines = [
        "| Model | Parameters | Seeds | ms alone | ms together | Times as fast | Quartiles |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    print(*lines, sep="\n", flush=True)
    for name, build, recipe in _models(asked.names, asked.units):
        for seeds in asked.seeds:
            parameters, alone, together = _measured(build, recipe, seeds, asked.rounds)
            ratios = [one / other for one, other in zip(alone, together, strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            lines.append(
                f"| {name} | {parameters:,} | {seeds} | {1e3 * statistics.median(alone):.1f} "
                f"| {1e3 * statistics.median(together):.1f} | {middle:.2f} | {low:.2f}-{high:.2f} |"
            )
            print(lines[-1], flush=True)
    if asked.page:
        _write(asked.page, lines)


def _write(page: Path, lines: list[str]) -> None:
    from ninetynine.machine import cpu

    text = "\n".join([f"On one core of {cpu()[0]}:", "", *lines, ""])
    written, found = _SECTION.subn(lambda marks: marks[1] + text + marks[2], page.read_text())
    if not found:
        raise SystemExit(f"{page}: has no place for the table: {_SECTION.pattern}")
    page.write_text(written)


def _models(names: list[str], widths: list[int]) -> list[tuple[str, Callable[[], Any], Any]]:
    import keras
    from ninetynine.catalog import discover
    from ninetynine.training.model import compiled_model

    found = discover()

    def known(name: str) -> Callable[[], Any]:
        return lambda: compiled_model(found[name], found[name].recipe, SHAPE, CLASSES, 100)

    def dense(units: int) -> Callable[[], Any]:
        def build() -> Any:
            layers = keras.layers
            model = keras.Sequential([keras.Input(SHAPE), layers.Flatten()])
            model.add(layers.Dense(units, activation="relu"))
            model.add(layers.Dense(CLASSES, activation="softmax"))
            model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
            return model

        return build

    usual = found["t2_dense"].recipe
    return [
        *((f"`{name}`", known(name), found[name].recipe) for name in names),
        *((f"dense of {units}", dense(units), usual) for units in widths),
    ]


def _measured(
    build: Callable[[], Any], recipe: Any, seeds: int, rounds: int
) -> tuple[int, list[float], list[float]]:
    """Return the parameters, and each round's seconds of a seed's epoch alone and together."""
    import keras
    import numpy as np
    from ninetynine.backends import get_backend
    from ninetynine.training.parts import data_order

    backend, random = get_backend("jax"), np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, *SHAPE), np.uint8)
    labels = random.integers(0, CLASSES, IMAGES)

    def seeded(seed: int) -> Any:
        keras.utils.set_random_seed(seed)
        return build()

    given = images, labels, recipe.batch_size, recipe.scale
    alone = backend.loop(seeded(0), *given)
    many = backend.seeds_loop(
        map(seeded, range(seeds)), range(seeds), *given, convolutions="products"
    )
    orders = np.stack([data_order(IMAGES, 1, seed, 0) for seed in range(seeds)])
    alone.compile()
    many.compile(IMAGES)
    in_turn, together = [], []
    for number in range(rounds + 1):
        started = time.perf_counter()
        alone.run_epoch(orders[0])
        between = time.perf_counter()
        many.start_epoch(many.prepare(orders, 0))
        many.end_epoch()
        if number:  # the first one warms up
            in_turn.append(between - started)
            together.append((time.perf_counter() - between) / seeds)
    return many.model.count_params(), in_turn, together


if __name__ == "__main__":
    main()
