"""What a recipe says of optimizer, loss, weights and stopping is what is trained, on any backend."""

import os
from dataclasses import replace

import numpy as np
import pytest
from complaints import complaint
from dataset_builders import ordinary, save
from ninetynine import datasets
from ninetynine.backends import get_backend, package_versions
from ninetynine.catalog import discover
from ninetynine.cells import PROTOCOL_VERSION, Cell, CellIdentity
from ninetynine.recipe.installed import offers
from ninetynine.recipe.optimizer import usable_optimizers
from ninetynine.training.cell import train_cell
from ninetynine.training.model import class_weights, compiled_model, make_loss, make_optimizer
from ninetynine.training.predictions import probabilities
from ninetynine.training.setup import prepare_backend

pytestmark = pytest.mark.slow

MODEL = '''"""A net.

Source: written for the tests.
"""

import keras
from keras import layers

RECIPE = {{"optimizer": "adam", "batch_size": 16, "epochs": 3}}


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(2, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense({units}, activation="{activation}"),
        ]
    )
'''
BACKEND = os.environ.get("KERAS_BACKEND", "tensorflow")


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    folder = tmp_path_factory.mktemp("architectures")

    def write(name, activation="softmax", units="num_classes"):
        path = folder / f"{name}.py"
        path.write_text(MODEL.format(activation=activation, units=units))
        return discover([path])[name]

    return write


@pytest.fixture(scope="module")
def softmax(write):
    return write("softmax")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Four classes, each with a corner that is bright, and a validation part."""
    return load(tmp_path_factory.mktemp("data"), 4)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The same of two classes, 3 to 1, called cat and dog."""
    return replace(load(tmp_path_factory.mktemp("data"), 2), class_names=("cat", "dog"))


def load(folder, classes):
    arrays = ordinary(96, 48)
    for part in ("train", "test"):
        labels = arrays[f"y_{part}"]
        if classes == 2:
            labels = arrays[f"y_{part}"] = (labels == 3).astype(int)
        bright = np.argsort(labels, kind="stable")
        arrays[f"x_{part}"][bright, :2, 0] = 0
        for place, label in enumerate(labels):
            arrays[f"x_{part}"][place, 2 * label : 2 * label + 2] //= 2
    arrays |= {"x_val": arrays["x_test"][:24], "y_val": arrays["y_test"][:24]}
    return datasets.load(str(save(folder, arrays)))


def make_cell(architecture, data, seed=0, **changes):
    recipe = architecture.recipe.override(changes, "the test")
    identity = CellIdentity(
        protocol_version=PROTOCOL_VERSION,
        architecture=architecture.name,
        source_hash=architecture.source_hash,
        recipe=recipe.canonical(),
        dataset="mine",
        dataset_fingerprint=data.fingerprint,
        seed=seed,
        backend=BACKEND,
        packages=package_versions(BACKEND),
        precision="float32",
        threads=1,
        device="cpu",
        deterministic=True,
    )
    return Cell(identity=identity, suite="test", variant="published")


def train(architecture, data, **changes):
    return train_cell(make_cell(architecture, data, **changes), architecture, data, [0])


@pytest.mark.parametrize("name", usable_optimizers())
def test_every_optimizer_of_keras_takes_steps_that_can_be_repeated(name, softmax, images):
    first, second = (
        train(softmax, images, optimizer=name, epochs=1).record for _ in range(2)
    )
    assert np.isfinite(first.history[0].loss)
    assert first.model.weights_hash == second.model.weights_hash
