"""What a step's kernels take, alone and for many seeds at once (`gpu_rows.py`, stage "profile")."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_PRODUCTS = ("gemm", "nvjet", "conv", "dgrad", "fprop", "wgrad", "dot")  # in kernels' names
_OTHERS = ("convert",)


@dataclass(frozen=True)
class Training:
    """What is profiled: ``steps`` steps of so many ``seeds``, on "cpu" or "gpu"."""

    architecture: Any
    dataset: Any
    seeds: int
    precision: str
    device: str
    convolutions: str
    steps: int


def profiled(asked: Training) -> dict[str, Any]:
    """Return a step's milliseconds as the clock has them, and its kernels' by what they do."""
    run = _training(asked)
    run()  # compiles
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    kernels = _kernels(run, asked)
    found = {
        "step_ms": round(1e3 * min(seconds) / asked.steps, 4),
        "kernels": round(sum(count for _, count in kernels.values()), 1),
    }
    parts: dict[str, float] = defaultdict(float)
    for name, (milliseconds, _) in kernels.items():
        parts[_part(name)] += milliseconds
    found |= {f"{part}_ms": round(value, 4) for part, value in sorted(parts.items())}
    dearest = sorted(kernels, key=lambda name: -kernels[name][0])[:8]
    found["dearest"] = {name[:60]: round(kernels[name][0], 4) for name in dearest}
    return found


def _training(asked: Training) -> Callable[[], None]:
    """Return what takes the steps of a new model; all seeds begin with its weights."""
    import keras
    from ninetynine.backends import get_backend
    from ninetynine.training.augmentation import Drawing
    from ninetynine.training.model import compiled_model
    from ninetynine.training.parts import make_warp
    from ninetynine.training.setup import set_configuration
    from ninetynine.training.standard import scale_of

    backend, dataset, steps = get_backend("jax"), asked.dataset, asked.steps
    recipe, precision = asked.architecture.recipe, asked.precision
    keras.utils.clear_session()
    set_configuration(precision)
    backend.set_precision(precision, asked.device)
    keras.utils.set_random_seed(0)
    count = steps * recipe.batch_size
    places = np.arange(count, dtype=np.int32) % len(dataset.train_images)
    images, labels = dataset.train_images[places], dataset.train_labels[places]
    shape, scale = images.shape[1:], scale_of(recipe, images)
    built = (asked.architecture, recipe, shape, dataset.num_classes, steps, precision)
    model = compiled_model(*built, steps_per_epoch=steps)
    warp, order = make_warp(recipe, shape, scale), np.arange(count, dtype=np.int32)
    given = (images, labels, recipe.batch_size, scale, warp)
    if asked.seeds == 1:
        loop = backend.loop(model, *given)
        changes = None if warp is None else warp.no_changes(count)

        def steps_of_one() -> None:
            loop.run_epoch(order, changes)

        return steps_of_one
    drawing = Drawing(recipe.augmentation, max(shape[:2])) if recipe.augmentation else None
    models, numbers = [model] * asked.seeds, list(range(asked.seeds))
    many = backend.seeds_loop(models, numbers, *given, drawing, asked.convolutions)
    orders = np.stack([order] * asked.seeds)

    def steps_of_all() -> None:
        many.start_epoch(many.prepare(orders, 0))
        many.end_epoch()

    return steps_of_all


def _kernels(run: Callable[[], None], asked: Training) -> dict[str, tuple[float, float]]:
    """Return each kernel's milliseconds a step, and how often a step runs it."""
    import jax
    from jax.profiler import ProfileData

    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            run()
        path = next(Path(folder).rglob("*.xplane.pb"))
        planes = list(ProfileData.from_file(str(path)).planes)
    lines = (line for plane in planes if asked.device.upper() in plane.name for line in plane.lines)
    found: dict[str, tuple[float, float]] = {}
    for line in lines:
        if asked.device == "gpu" and "Stream" not in line.name:
            continue
        for event in line.events:
            milliseconds, count = found.get(event.name, (0.0, 0.0))
            took = event.duration_ns / 1e6 / asked.steps
            found[event.name] = (milliseconds + took, count + 1 / asked.steps)
    return found


def _part(name: str) -> str:
    lower = name.lower()
    products = any(word in lower for word in _PRODUCTS)
    return "products" if products and not any(word in lower for word in _OTHERS) else "rest"
