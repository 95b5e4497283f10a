"""How fast a model trains and answers here: steps, latency, throughput, memory, GFLOP/s.

Random images stand in for data: time does not depend on what is in the pixels.  Every clock is
read after the result has reached the host, and the first calls, which compile, are not counted.
"""

from typing import Any

import numpy as np

from ninetynine.building import count_multiply_adds
from ninetynine.catalog import Architecture
from ninetynine.speed import Samples, Speed
from ninetynine.training.clocks import (
    Clock,
    peak_memory_bytes,
    repeated_seconds,
    reset_peak_memory,
)
from ninetynine.training.compiled import compiled_model
from ninetynine.training.loops import StepLoop, make_loop

# A forward pass takes one product per weight and position, its backward pass two more (for the
# weights and for the inputs; the first layer needs none for its inputs, which is not deducted),
# and a multiply-add is two floating-point operations.
TRAINING_FLOPS_PER_MULTIPLY_ADD = 6
_SHAPE, _CLASSES = (28, 28, 1), 10
_PRODUCT_SIZE = 2048


def matrix_product_peak() -> float:
    """Return this backend's best rate for a 2048 x 2048 product at its precision, in GFLOP/s."""
    from keras import config, ops

    dtype = config.dtype_policy().compute_dtype
    generator = np.random.default_rng(0)
    values = generator.standard_normal((_PRODUCT_SIZE, _PRODUCT_SIZE), dtype=np.float32)
    matrix = ops.cast(ops.convert_to_tensor(values), dtype)

    def multiply() -> None:
        # One element is enough to wait for the whole product.
        ops.convert_to_numpy(ops.cast(ops.matmul(matrix, matrix)[0, 0], "float32"))

    seconds = repeated_seconds(multiply, rounds=12, warm_up=3)
    return 2 * _PRODUCT_SIZE**3 / float(seconds.min()) / 1e9


def measure(
    architecture: Architecture, backend: str, cores: list[int], peak_gflops: float, rounds: int = 7
) -> Speed:
    """Return the speed of ``architecture`` on 28 x 28 images of ten classes, in this process."""
    reset_peak_memory()
    recipe = architecture.recipe
    model = compiled_model(architecture, recipe, _SHAPE, _CLASSES, steps=1000)
    batch = recipe.batch_size
    images = np.random.default_rng(0).integers(0, 256, (max(batch * 8, 1000), *_SHAPE), np.uint8)
    labels = np.arange(len(images), dtype=np.int64) % _CLASSES
    loop = make_loop(backend, model, images, labels, batch, recipe.scale)
    loop.compile()
    clock = Clock(cores)
    with clock.running():
        step = _train_step(loop, batch, rounds)
        samples = (
            Samples("train_step", batch, step),
            Samples("latency_1", 1, _predict(loop, images[:1], 1, rounds=200)),
            Samples("throughput_128", 128, _predict(loop, images[:128], 128, rounds=20)),
            Samples("throughput_1000", 1000, _predict(loop, images[:1000], 1000, rounds)),
        )
    multiply_adds = count_multiply_adds(model)
    gflops = None
    if multiply_adds:
        flops = TRAINING_FLOPS_PER_MULTIPLY_ADD * multiply_adds * batch
        gflops = flops / float(np.median(step)) / 1e9
    return Speed(
        architecture=architecture.name,
        parameters=int(model.count_params()),
        multiply_adds=multiply_adds,
        samples=samples,
        peak_memory_bytes=peak_memory_bytes(),
        training_gflops=gflops,
        share_of_peak=gflops / peak_gflops if gflops else None,
        exclusive=clock.exclusive,
    )


def _train_step(loop: StepLoop, batch: int, rounds: int) -> tuple[float, ...]:
    """Return seconds per step: each a mean over enough steps to fill a third of a second."""
    steps = 4
    order = np.tile(np.arange(batch, dtype=np.int32), steps)
    loop.run_epoch(order)  # compiles, and warms the caches
    (seconds,) = repeated_seconds(lambda: loop.run_epoch(order), rounds=1, warm_up=0)
    steps = max(4, min(2000, round(steps * 0.33 / max(seconds, 1e-6))))
    order = np.tile(np.arange(batch, dtype=np.int32), steps)
    times = repeated_seconds(lambda: loop.run_epoch(order), rounds, warm_up=1)
    return tuple((times / steps).tolist())


def _predict(loop: StepLoop, images: Any, batch: int, rounds: int) -> tuple[float, ...]:
    times = repeated_seconds(lambda: loop.predict(images, batch), rounds, warm_up=5)
    return tuple(times.tolist())
