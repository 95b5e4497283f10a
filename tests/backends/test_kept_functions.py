"""What JAX compiled for one seed is found for the next one, and never for another model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ninetynine.backends import get_backend

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
from pathlib import Path
import jax
import keras
import numpy as np
from keras import layers, ops
from ninetynine.backends.jax import BACKEND, JaxLoop
from ninetynine.backends.tensorflow import hide_where_unused

hide_where_unused(BACKEND, [])

rng = np.random.default_rng(0)
images, labels = rng.integers(0, 256, (40, 8, 8, 1), np.uint8), rng.integers(0, 3, 40)
order = rng.permutation(40).astype(np.int32)

class Own(layers.Layer):
    def call(self, inputs):
        return inputs

def head(*before, activation="relu"):
    return [*before, layers.Flatten(), layers.Dense(8, activation=activation), layers.Dropout(0.5),
            layers.Dense(3, activation="softmax")]

MODELS = {
    "plain": lambda: head(layers.Conv2D(4, 3), layers.BatchNormalization(), layers.MaxPooling2D()),
    "wider": lambda: head(layers.Conv2D(5, 3), layers.BatchNormalization(), layers.MaxPooling2D()),
    "an own layer": lambda: head(Own()),
    "an own function": lambda: head(layers.Lambda(lambda x: x)),
    "an own activation": lambda: head(activation=lambda x: ops.relu(x)),
    "adapted": lambda: head(layers.Normalization(mean=0.5, variance=2.0)),
    "patched": lambda: patched(head()),
}

def patched(made):
    made[1].call = lambda inputs, **_: ops.relu(ops.matmul(inputs, made[1].kernel))
    return made

class Counting(JaxLoop):
    traced = 0

    def _step(self, *given):
        self.traced += 1
        return super()._step(*given)

    def _looked_up(self, pixels):  # in a forward pass alone
        self.traced += 1
        return super()._looked_up(pixels)

def trained(name, seed, known_by, loss="CategoricalCrossentropy"):
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    made = keras.Sequential([keras.Input((8, 8, 1)), *MODELS[name]()])
    made.compile("adam", getattr(keras.losses, loss)(), metrics=["accuracy"])
    loop = Counting(made, images, labels, 16, "unit")
    loop.known_by = known_by
    loop.compile()
    metrics = loop.run_epoch(order)
    outputs = loop.predict(np.tile(images, (3, 1, 1, 1))[:100])  # as many as are compiled for
    arrays = [*made.get_weights(), np.float64(metrics["loss"]), outputs]
    return loop.traced, b"".join(a.tobytes() for a in arrays).hex()

def three(name, seed=0, known_by="a", **more):
    return [trained(name, seed, known_by, **more) for known_by in (known_by, known_by, "")]

found = {name: three(name) for name in MODELS}
found["another seed"] = three("plain", 1)
found["another key"] = three("plain", 0, "b")
found["another loss"] = three("plain", loss="CategoricalFocalCrossentropy")
for path in Path(jax.config.jax_compilation_cache_dir, "functions").iterdir():
    path.write_bytes(path.read_bytes()[:-9])
found["damaged"] = three("plain")
print(json.dumps(found))
"""
TRACED, FOUND = 3, 1  # of a full batch's step, the last one's and the forward pass


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiled")
    environment = {
        **os.environ,
        **get_backend("jax").environment(1, "cpu"),
        "KERAS_BACKEND": "jax",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
    }
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert any(Path(folder, "functions").iterdir())
    return json.loads(done.stdout.splitlines()[-1])


def test_numbers_are_those_of_functions_that_were_all_traced(found):
    for name, (first, second, alone) in found.items():
        assert first[1] == second[1] == alone[1], name


def test_the_first_seed_traces_all_and_the_next_one_a_single_step(found):
    assert [traced for traced, _ in found["plain"]] == [TRACED, FOUND, TRACED]
    assert [traced for traced, _ in found["another seed"]] == [FOUND, FOUND, TRACED]


@pytest.mark.parametrize("name", ["wider", "another key", "another loss", "damaged"])
def test_what_was_compiled_for_another_model_or_is_damaged_is_not_taken(found, name):
    assert found[name][0][0] == TRACED


@pytest.mark.parametrize(
    "name", ["an own layer", "an own function", "an own activation", "adapted", "patched"]
)
def test_what_may_compute_what_no_key_holds_is_traced_whole(found, name):
    assert [traced for traced, _ in found[name]] == [TRACED] * 3
