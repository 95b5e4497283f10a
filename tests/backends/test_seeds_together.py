"""Seeds that are trained at once are each trained as if alone, on every built-in architecture."""

import json
import os
import subprocess
import sys

import pytest
from ninetynine.backends import get_backend
from ninetynine.catalog import discover

pytest.importorskip("jax")
pytestmark = pytest.mark.slow

# Both loops in double precision: what is left is rounding, or a mistake.  A bias before a batch
# norm has a gradient of nothing but rounding, which Adam makes a whole step of: there SGD trains.
SCRIPT = """
import json, sys
import jax
jax.config.update("jax_enable_x64", True)
import keras
import numpy as np
from ninetynine import catalog
from ninetynine.backends._jax_seeds import SeedsLoop
from ninetynine.backends.jax import JaxLoop
from ninetynine.training.augmentation import draw
from ninetynine.training.parts import data_orders, make_warp
from ninetynine.training import model as models

models._COMPUTE_DTYPES["float64"] = "float64"
SEEDS, BATCH = (3, 7), 16
rng = np.random.default_rng(0)
found = catalog.discover()

def as_double(loop):
    loop._pixels = loop._pixels.astype("float64")
    return loop

def distances(name, form, count):
    images = rng.integers(0, 256, (count, 28, 28, 1), np.uint8)
    labels = rng.integers(0, 10, count)
    architecture = found[name]
    recipe = architecture.recipe
    if "BatchNorm" in architecture.path.read_text():
        sgd = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9}
        recipe = recipe.override({"optimizer": sgd}, "test")
    warp = make_warp(recipe, (28, 28, 1))
    orders = {seed: data_orders(count, 1, seed)[0] for seed in SEEDS}

    def build(seed):
        keras.utils.clear_session(free_memory=False)
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        keras.utils.set_random_seed(seed)
        model = models.compiled_model(architecture, recipe, (28, 28, 1), 10, 3, "float64")
        model.layers[-1].dtype_policy = "float64"
        return model

    def changes(seed):
        if warp is None:
            return None
        return draw(recipe.augmentation, count, 28, seed, 0).astype("float64")

    many = as_double(SeedsLoop(map(build, SEEDS), SEEDS, images, labels, BATCH, recipe.scale,
                               warp, convolutions=form))
    given = None if warp is None else np.stack([changes(seed) for seed in SEEDS])
    many.start_epoch(many.prepare(np.stack([orders[seed] for seed in SEEDS]), 0, given))
    metrics, values = many.end_epoch(), many.values()
    answers = many.predict(images)
    away = {"weights": 0.0, "loss": 0.0, "answers": 0.0, "same_bits": True}
    for place, seed in enumerate(SEEDS):
        model = build(seed)
        loop = as_double(JaxLoop(model, images, labels, BATCH, recipe.scale, warp))
        alone = loop.run_epoch(orders[seed], changes(seed))
        pairs = list(zip(model.get_weights(), many.weights_of(place, values), strict=True))
        worst = max((float(np.abs(a - b).max()) for a, b in pairs), default=0.0)
        away["weights"] = max(away["weights"], worst)
        away["same_bits"] &= all(np.array_equal(a, b) for a, b in pairs)
        away["loss"] = max(away["loss"], abs(alone["loss"] - metrics[place]["loss"]))
        apart = float(np.abs(loop.predict(images) - answers[place]).max())
        away["answers"] = max(away["answers"], apart)
    return away

for form, name, count in json.loads(sys.argv[1]):
    found_here = distances(name, form, count)
    print(json.dumps({"form": form, "name": name, **found_here}), flush=True)
"""
NAMES = tuple(discover())
DENSE = ("softmax_regression", "t2_dense")
CONVOLVES = "t1_small_cnn"
# Two steps of 16 images; of some a third of 8, which is compiled once more.
ASKED = [("products", name, 40 if name in (*DENSE, CONVOLVES) else 32) for name in NAMES]
ASKED += [("grouped", name, 40) for name in (CONVOLVES, *DENSE)]


def told_by(script, *arguments):
    """Run ``script`` on JAX with the cache of compiled code; return the lines that it says."""
    # What one of two seeds compiles, the other one loads.
    environment = {**os.environ, **get_backend("jax").environment(1, "cpu"), "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def distances():
    found = told_by(SCRIPT, json.dumps(ASKED))
    return {(one.pop("name"), one.pop("form")): one for one in found}


@pytest.mark.parametrize("name", NAMES)
def test_every_seed_is_what_it_is_alone(distances, name):
    away = distances[name, "products"]
    # Keras's batch norm computes its means in float32 in any case, and what that rounds can put a
    # pixel on the other side of a ReLU.  Another order of the data moves weights a thousand times
    # as far.
    normalized = "BatchNorm" in discover()[name].path.read_text()
    bound = 1e-4 if normalized else 1e-12
    assert away["weights"] < bound
    assert away["answers"] < bound
    assert away["loss"] < 1e-6  # Keras adds it up in float32


@pytest.mark.parametrize("name", DENSE)
def test_dense_networks_have_the_same_bits(distances, name):
    assert distances[name, "products"]["same_bits"]


def test_grouped_convolutions_are_the_same_too(distances):
    assert distances[CONVOLVES, "grouped"]["weights"] < 1e-9


RECORDS = """
import json, sys
from pathlib import Path
from ninetynine import datasets
from ninetynine.catalog import discover
from ninetynine.cells import Together
from ninetynine.suite import Setting, Suite, make_cells
from ninetynine.training.cell import train_cell
from ninetynine.training.together import train_together

found, data = discover(), datasets.load("digits")
suite = Suite("test", Path("test.toml"), "", "digits", ("t2_dense",), (3, 7), {"epochs": 1.5})
cells = make_cells(suite, found, ["t2_dense"], Setting(backend="jax"))
from ninetynine.suite import architecture_of
architecture = architecture_of(suite.entries_of("t2_dense")[0], suite, found)
group = {"together": Together(seeds=[3, 7])}
many = [c.model_copy(update={"identity": c.identity.model_copy(update=group)}) for c in cells]
for cell, one in zip(cells, train_together(many, architecture, data, [0]), strict=True):
    alone = train_cell(cell, architecture, data, [0]).record
    print(json.dumps({
        "same": alone.model == one.record.model and alone.history == one.record.history,
        "keys": [alone.key, one.record.key], "asked": cell.key,
        "inputs": {**alone.cell.inputs, **one.record.cell.inputs},
        "together": one.record.timing.together,
    }))
"""


def test_each_seed_has_a_record_of_its_own_that_never_stands_in_for_one_alone():
    told = told_by(RECORDS)
    assert all(one["same"] and one["together"] == 2 for one in told)
    assert all(one["keys"][0] == one["asked"] != one["keys"][1] for one in told)
    assert not any(one["inputs"] for one in told)  # compiled code that was loaded is none


DRAWN = """
import json, sys
from pathlib import Path
from ninetynine import datasets
from ninetynine.catalog import discover
from ninetynine.cells import Together
from ninetynine.errors import UserError
from ninetynine.suite import Setting, Suite, make_cells
from ninetynine.training.together import train_together

found, data = discover([Path(sys.argv[1])]), datasets.load("digits")
name = Path(sys.argv[1]).stem
suite = Suite("test", Path("test.toml"), "", "digits", (name,), (3, 7))
group = {"together": Together(seeds=[3, 7])}
cells = [c.model_copy(update={"identity": c.identity.model_copy(update=group)})
         for c in make_cells(suite, found, [name], Setting(backend="jax"))]
try:
    train_together(cells, found[name], data, [0])
    print(json.dumps("trained"))
except UserError as error:
    print(json.dumps(str(error)))
"""
NET = '''
"""A net of which something is drawn."""
import keras
import numpy as np
from keras import layers

RECIPE = {{"optimizer": "adam", "batch_size": 256, "epochs": 1}}


def build(input_shape, num_classes):
    draw = np.random.randint
    return keras.Sequential([
        keras.Input(input_shape), layers.Flatten(), {layer},
        layers.Dense(num_classes, activation="softmax"),
    ])
'''


@pytest.mark.parametrize(
    "layer", ["layers.Dropout(draw(1, 999) / 1000)", "layers.Dense(draw(999))"]
)
def test_seeds_that_build_other_models_are_not_computed_as_the_first_one(tmp_path, layer):
    file = tmp_path / "drawn.py"
    file.write_text(NET.format(layer=layer).lstrip())
    assert told_by(DRAWN, str(file)) == [
        f"{file}: build() returns another model for seed 7 than for seed 3; leave --seeds-at-once "
        "away"
    ]


def test_seeds_that_are_drawn_are_no_other_model(tmp_path):
    file = tmp_path / "drawn.py"
    file.write_text(NET.format(layer="layers.Dropout(0.5, seed=draw(999))").lstrip())
    assert told_by(DRAWN, str(file)) == ["trained"]
