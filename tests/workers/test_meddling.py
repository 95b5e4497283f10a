"""A cell's weights do not depend on the cell before it: seeded pairs of a meddler and an innocent.

NINETYNINE_PAIRS sets how many pairs there are of each of the ten kinds (20 for the full 200).
"""

import os
import sys
from functools import cache

import numpy as np
import pytest
from ninetynine.executors.local import LocalExecutor
from ninetynine.workers import Finished
from run_helpers import tasks_for, write_dataset

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="cells fork on Linux alone"),
]

PAIRS = int(os.environ.get("NINETYNINE_PAIRS", "1"))

MODEL = '''"""A small network.

Source: written for the tests.
"""

import os
import sys

import keras

RECIPE = {"optimizer": "adam", "batch_size": 16, "epochs": 1}


def build(input_shape, num_classes):
    MEDDLE
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(UNITS, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )
'''
# After each of these the meddler may train or fail; the innocent must not notice.
KINDS = {
    "image data format": "keras.config.set_image_data_format('channels_first')",
    "epsilon": "keras.config.set_epsilon(0.1)",
    "eager mode": "import tensorflow as tf; tf.config.run_functions_eagerly(True)",
    "jit": "import tensorflow as tf; tf.config.optimizer.set_jit(True)",
    "resource limits": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "monkey patch": (
        "keras.layers.Dropout.call = lambda self, inputs, training=None: inputs; "
        "keras.initializers.GlorotUniform.__call__ = "
        "lambda self, shape, dtype=None: keras.ops.ones(shape)"
    ),
    "precision": "keras.config.set_dtype_policy('mixed_bfloat16')",
    "random state": (
        "import numpy; numpy.random.default_rng = lambda *given: numpy.random.RandomState(3)"
    ),
    "seeds": "keras.utils.set_random_seed = lambda seed: None; keras.utils.clear_session = print",
    "data": (
        "from ninetynine.workers import worker, fork; import gc, numpy; "
        "[array.__setitem__(..., 0) for array in gc.get_objects() "
        "if isinstance(array, numpy.ndarray) and array.ndim == 3 and array.flags.writeable]"
    ),
}


def write_model(folder, name, units, meddle="pass"):
    path = folder / f"{name}.py"
    path.write_text(MODEL.replace("MEDDLE", meddle).replace("UNITS", str(units)))
    return path


def hashes(events, name):
    return [
        event.record.model.weights_hash
        for event in events
        if isinstance(event, Finished) and event.record.cell.architecture == name
    ]


@pytest.fixture(scope="module")
def executor():
    with LocalExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    write_dataset(folder / "tiny.npz")
    return folder


@pytest.fixture(scope="module")
def innocent(folder):
    """Each pair's innocent with its weights' hash from a worker that never had a meddler."""
    with LocalExecutor(1) as quiet:

        @cache
        def trained(pair):
            random = np.random.default_rng(pair)
            path = write_model(folder, f"innocent_{pair}", int(random.integers(2, 9)))
            seed = int(random.integers(1000))
            (alone,) = hashes(
                quiet.run(tasks_for([path], folder / "tiny.npz", seeds=(seed,))), path.stem
            )
            return path, seed, alone

        yield trained


@pytest.mark.parametrize("kind", KINDS)
def test_an_innocent_has_its_weights_whatever_meddled_before_it(kind, executor, innocent, folder):
    """Every other meddler fails once it has meddled, and the others train if they can."""
    for pair in range(PAIRS):
        path, seed, alone = innocent(pair)
        meddle = KINDS[kind] + "; raise ValueError('enough')" * (pair % 2)
        meddler = write_model(folder, f"meddler_{pair}", 2 + pair % 7, meddle)
        events = executor.run(tasks_for([meddler, path], folder / "tiny.npz", seeds=(seed,)))
        assert hashes(events, path.stem) == [alone]
