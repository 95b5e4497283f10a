"""Train step and inference of every built-in architecture, on one thread.

    python -m pytest benchmarks --benchmark-autosave
    python -m pytest benchmarks --benchmark-compare

Not part of the test run: time is measured here and asserted nowhere.
"""

import os

import numpy as np
import pytest
from ninetynine.catalog import discover
from ninetynine.machine import available_cores
from ninetynine.training.setup import pin, thread_environment

# Before any backend is imported, as a worker does it.
os.environ.update(thread_environment("tensorflow", 1, "cpu"))
pin(available_cores()[:1])

ARCHITECTURES = discover()


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def loop_and_batch(request):
    from ninetynine.backends.tensorflow import TensorFlowLoop
    from ninetynine.training.model import compiled_model

    architecture = ARCHITECTURES[request.param]
    batch = architecture.recipe.batch_size
    images = np.random.default_rng(0).integers(0, 256, (max(batch, 1000), 28, 28, 1), np.uint8)
    labels = np.arange(len(images), dtype=np.int64) % 10
    model = compiled_model(architecture, architecture.recipe, (28, 28, 1), 10, steps=1000)
    loop = TensorFlowLoop(model, images, labels, batch, "unit")
    loop.compile()
    return loop, batch, images


@pytest.mark.benchmark(group="ten training steps")
def test_ten_training_steps(benchmark, loop_and_batch):
    loop, batch, _ = loop_and_batch
    order = np.tile(np.arange(batch, dtype=np.int32), 10)
    benchmark.pedantic(loop.run_epoch, (order,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="one image")
def test_answering_one_image(benchmark, loop_and_batch):
    loop, _, images = loop_and_batch
    benchmark.pedantic(loop.predict, (images[:1], 1), rounds=100, warmup_rounds=5)


@pytest.mark.benchmark(group="1,000 images")
def test_answering_a_thousand_images(benchmark, loop_and_batch):
    loop, _, images = loop_and_batch
    benchmark.pedantic(loop.predict, (images[:1000], 100), rounds=5, warmup_rounds=1)
