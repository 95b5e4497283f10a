"""The JAX loop computes what Keras's fit computes, by steps and as a scan alike."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
import numpy as np
import keras
from keras import layers
from ninetynine.recipe import Augmentation
from ninetynine.training.augmentation import Warp, draw
from ninetynine.backends.jax import JaxLoop

def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
        layers.Dropout(0.5), layers.Dense(3, activation="softmax")])
    made.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return made

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (50, 8, 8, 1), np.uint8)
labels = rng.integers(0, 3, 50)
order = rng.permutation(50).astype(np.int32)
words = Augmentation(shift_pixels=1, rotation_degrees=5.0, horizontal_flip=True, mixup_alpha=0.5,
                     cutmix_alpha=1.0, erasing_probability=0.5, brightness_fraction=0.2)

def looped(scan, warp=None):
    made = model()
    loop = JaxLoop(made, images, labels, 16, "unit", warp)
    if scan:
        import jax
        loop._stepwise = False
        loop._train = jax.jit(loop._scan, donate_argnums=0)
    loop.compile()
    changes = draw(words, 50, 8, 0, 0) if warp else None
    metrics = loop.run_epoch(order, changes)
    return made.get_weights(), metrics["loss"]

def fitted():
    made = model()
    pixels = images.astype(np.float32) / np.float32(255)
    found = made.fit(pixels[order], np.eye(3, dtype=np.float32)[labels][order], batch_size=16,
                     shuffle=False, verbose=0)
    return made.get_weights(), found.history["loss"][0]

def apart(one, other):
    weights = max(float(np.abs(a - b).max()) for a, b in zip(one[0], other[0]))
    return weights + abs(one[1] - other[1])

warp = Warp(words, 8, 8)
print(json.dumps({
    "steps": apart(looped(False), fitted()),
    "scan": apart(looped(True), fitted()),
    "warped": apart(looped(False, warp), looped(True, warp)),
    "warp_matters": apart(looped(False, warp), looped(False)),
}))
"""


@pytest.fixture(scope="module")
def distances():
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_an_epoch_of_steps_is_what_fit_does(distances):
    assert distances["steps"] < 2e-5


def test_a_scanned_epoch_is_what_fit_does(distances):
    assert distances["scan"] < 2e-5


def test_steps_and_scan_warp_alike_and_visibly(distances):
    assert distances["warped"] < 2e-5
    assert distances["warp_matters"] > 1e-3
