"""A cell's weights do not depend on the cells before it: meddlers of ten kinds, then an innocent.

NINETYNINE_PAIRS sets how often, with other seeds and sizes (20 for the full 200 meddlers).
"""

import os
import sys

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


def test_an_innocent_has_its_weights_whatever_meddled_before_it(tmp_path):
    """In one worker: most meddlers fail once they have meddled, one in five trains if it can."""
    data = write_dataset(tmp_path / "tiny.npz")
    with LocalExecutor(1) as executor:

        def weights_of_innocent(pair, *before):
            random = np.random.default_rng(pair)
            path = write_model(tmp_path, f"innocent_{pair}", int(random.integers(2, 9)))
            tasks = tasks_for([*before, path], data, seeds=(int(random.integers(1000)),))
            (found,) = hashes(executor.run(tasks), path.stem)
            return found

        alone = [weights_of_innocent(pair) for pair in range(PAIRS)]
        for pair in range(PAIRS):
            meddlers = []
            for place, meddle in enumerate(KINDS.values(), pair):
                fails = "" if place % 5 == 0 else "; raise ValueError('enough')"
                name = f"meddler_{pair}_{place}"
                meddlers.append(write_model(tmp_path, name, 2 + pair % 7, meddle + fails))
            assert weights_of_innocent(pair, *meddlers) == alone[pair]
