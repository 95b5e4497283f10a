"""What JAX and PyTorch train by their own loops is what Keras's fit trains, and what the others do.

Each backend computes in one process of its own, all that is asked of it.
"""

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from ninetynine.backends import get_backend, package_versions
from ninetynine.errors import UserError

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
from functools import cache
import numpy as np
import keras
from keras import layers
from ninetynine.backends import FitLoop, Standard, get_backend, to_float
from ninetynine.backends.tensorflow import hide_where_unused
from ninetynine.recipe import Augmentation
from ninetynine.training.augmentation import Warp, draw

BACKEND = get_backend(sys.argv[1])
hide_where_unused(BACKEND, [])
rng = np.random.default_rng(0)
images = rng.integers(0, 256, (50, 8, 8, 1), np.uint8)
labels = rng.integers(0, 3, 50)
orders = [rng.permutation(50).astype(np.int32) for _ in range(2)]
words = Augmentation(shift_pixels=1, rotation_degrees=5.0, horizontal_flip=True, mixup_alpha=0.5,
                     cutmix_alpha=1.0, erasing_probability=0.5, brightness_fraction=0.2)
warp = Warp(words, 8, 8)
changes = [draw(words, 50, 8, 0, epoch) for epoch in range(2)]

# On PyTorch fit's data loader draws from the generator that dropout draws from.
RATE = 0.0 if BACKEND.keras_backend == "torch" else 0.5

def model(dropout):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"),
        layers.BatchNormalization(), layers.Flatten(), layers.Dropout(dropout),
        layers.Dense(3, activation="softmax")])
    numbers = np.random.default_rng(1)
    # Each backend draws its own first weights; a variance is above 0.
    made.set_weights([
        numbers.random(w.shape, np.float32) - (0.5 if w.ndim > 1 else 0) for w in made.get_weights()
    ])
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    made.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
    return made

@cache
def trained(kind, warp=None, dropout=RATE, change=lambda loop: None):
    made = model(dropout)
    loop = kind(made, images, labels, 16, "unit", warp)
    change(loop)
    loop.compile()
    for order, change in zip(orders, changes):
        metrics = loop.run_epoch(order, change if warp else None)
    outputs = loop.predict(images, 20)
    assert outputs.shape == (50, 3) and outputs.dtype == np.float32
    return [*made.get_weights(), np.asarray([metrics["loss"], metrics["accuracy"]]), outputs]

def scanning(loop):
    import jax
    loop._stepwise = False
    loop._train = jax.jit(loop._scan, donate_argnums=0)

def in_chunks(loop):
    loop._resident = False
    loop._pixels, loop._targets = np.zeros((32, 8, 8, 1), "f4"), np.zeros((32, 3), "f4")

def apart(one, other):
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))

def compiled_before_training(change):
    loop = BACKEND.loop(model(0.0), images, labels, 16, "unit")
    change(loop)
    loop.compile([50, 20])
    before = set(loop._compiled)
    for order in orders[0], orders[1][:20]:
        loop.run_epoch(order)
    return before == set(loop._compiled)

def answers_to_bytes_are_those_to_floats(scale):
    loop = BACKEND.loop(model(0.0), images, labels, 16, scale)
    values = [[variable.value for variable in part] for part in loop._weights]
    return np.array_equal(loop.predict(images), loop._forward(*values, to_float(images, scale)))

alone = trained(BACKEND.loop)
found = {
    "fit": apart(alone, trained(FitLoop)),
    "warped_fit": apart(trained(BACKEND.loop, warp), trained(FitLoop, warp)),
    "warp_matters": apart(trained(BACKEND.loop, warp), alone),
    "without_chance": [a.tolist() for a in trained(BACKEND.loop, warp, dropout=0.0)],
}
if BACKEND.keras_backend != "tensorflow":  # whose loop must know the shape from the start
    chunked = trained(BACKEND.loop, warp, 0.5, in_chunks)
    found["chunks"] = apart(chunked, trained(BACKEND.loop, warp, dropout=0.5))
if BACKEND.keras_backend == "jax":
    found["scan"] = apart(trained(BACKEND.loop, warp, change=scanning), trained(FitLoop, warp))
    scales = "unit", "none", Standard((0.3,), (0.2,))
    found["compiled"] = [compiled_before_training(way) for way in (lambda loop: None, scanning)]
    found["bytes"] = [*map(answers_to_bytes_are_those_to_floats, scales)]
found["has_tensorflow"] = ["tensorflow" in sys.modules]
hide_where_unused(BACKEND, ["import tensorflow"])
keras.utils.set_random_seed(0)
found["has_tensorflow"] += ["tensorflow" in sys.modules]
print(json.dumps(found))
"""


@cache
def found_on(backend):
    try:
        package_versions(backend)
    except UserError as error:
        pytest.skip(str(error))
    known = get_backend(backend)
    environment = {
        **os.environ,
        **known.environment(1, "cpu"),
        "KERAS_BACKEND": known.keras_backend,
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    command = [sys.executable, "-c", SCRIPT, backend]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


own_loops = pytest.mark.parametrize("backend", ["jax", "torch"])


@own_loops
def test_two_epochs_are_what_fit_does(backend):
    assert found_on(backend)["fit"] < 2e-5


@own_loops
def test_augmented_epochs_are_what_fit_does_and_others_than_plain_ones(backend):
    assert found_on(backend)["warped_fit"] < 2e-5
    assert found_on(backend)["warp_matters"] > 1e-3


@own_loops
def test_images_that_come_in_chunks_give_the_same_bits(backend):
    assert found_on(backend)["chunks"] == 0


def test_jaxs_answers_to_bytes_have_the_bits_of_answers_to_floats():
    assert found_on("jax")["bytes"] == [True] * 3


def test_jax_compiles_for_the_part_of_an_epoch_before_it_trains():
    assert found_on("jax")["compiled"] == [True, True]


@own_loops
def test_tensorflow_is_imported_only_where_the_architecture_names_it(backend):
    is_installed = find_spec("tensorflow") is not None
    assert found_on(backend)["has_tensorflow"] == [False, is_installed]


def test_pytorchs_loop_has_the_bits_of_fit():
    assert found_on("torch")["fit"] == found_on("torch")["warped_fit"] == 0


def test_a_scanned_epoch_is_what_fit_does():
    assert found_on("jax")["scan"] < 2e-5


@own_loops
def test_without_dropout_the_numbers_are_those_of_tensorflow(backend):
    ours, theirs = (found_on(name)["without_chance"] for name in (backend, "tensorflow"))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=2e-5)
