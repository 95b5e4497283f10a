"""Weights from a file, phases of a training, and models that their owner compiled."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.backends import package_versions
from ninetynine.catalog import discover
from ninetynine.cells import PROTOCOL_VERSION, Cell, CellIdentity
from ninetynine.errors import UserError
from ninetynine.grid import expand
from ninetynine.recipe import Recipe, parse_recipe
from ninetynine.suite import Setting, load, make_cells
from ninetynine.training.cell import train_cell
from ninetynine.training.model import compiled_model
from run_helpers import write_dataset

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
PLAIN = {"optimizer": "adam", "batch_size": 16, "epochs": 1}
FILE = '''"""A net.

Source: written for the tests.
"""

import keras
from keras import layers

RECIPE = {recipe}


def dense(input_shape, *units):
    hidden = [layers.Dense(n, activation="relu") for n in units[:-1]]
    last = layers.Dense(units[-1], activation="softmax")
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *hidden, last])


def build(input_shape, num_classes):
    {body}
'''
TWO_LAYERS = "return dense(input_shape, 4, num_classes)"
INSIDE = (
    "images = keras.Input(input_shape); inside = dense(input_shape, 4, 6); "
    "return keras.Model(images, layers.Dense(num_classes, activation='softmax')(inside(images)))"
)


@pytest.fixture
def architecture(tmp_path):
    def write(body=TWO_LAYERS, recipe=PLAIN, name="net"):
        (tmp_path / f"{name}.py").write_text(FILE.format(body=body, recipe=recipe))
        return discover([tmp_path / f"{name}.py"])[name]

    return write


@pytest.fixture
def images(tmp_path):
    return datasets.load(str(write_dataset(tmp_path / "images.npz")))


def trained(architecture, dataset, weights=None, **more):
    recipe = architecture.recipe.canonical() | more
    identity = CellIdentity(
        protocol_version=PROTOCOL_VERSION,
        architecture=architecture.name,
        source_hash=architecture.source_hash,
        recipe=recipe,
        arguments=dict(architecture.arguments),
        dataset=dataset.name,
        dataset_fingerprint=dataset.fingerprint,
        seed=0,
        backend="tensorflow",
        packages=package_versions("tensorflow"),
        precision="float32",
        threads=1,
        device="cpu",
        deterministic=True,
    )
    cell = Cell(
        identity=identity, suite="own", variant="published", weights=weights, file=architecture.path
    )
    return train_cell(cell, architecture, dataset, [0])


def saved(folder, shape=(28, 28, 1), units=(4, 10), suffix=".weights.h5"):
    import keras
    from keras import layers

    keras.utils.set_random_seed(9)
    model = keras.Sequential(
        [keras.Input(shape), layers.Flatten(), *(layers.Dense(n) for n in units)]
    )
    path = folder / f"start{suffix}"
    model.save(path) if suffix == ".keras" else model.save_weights(path)
    return path, model.get_weights()


# What a recipe says ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"initial_weights": "start.h5"}, "expected a file ending in .weights.h5 or .keras"),
        ({"phases": [{"epochs": 2}]}, "epochs is 1, but the phases have 2 in all"),
        ({"phases": [{"epochs": 1.5}]}, "expected a positive whole number"),
        ({"phases": [{"epochs": 1, "trainable": "tail"}]}, "'head' (all but the models"),
        ({"phases": [{"epochs": 1, "rate": 0.1}]}, "unknown recipe key 'phases.0.rate'"),
        ({"phases": {"epochs": 1}}, "expected a list of tables"),
        ({"compile": "own"}, "leave optimizer away"),
        ({"compile": "mine"}, "or 'own' for a model that build() returns compiled"),
    ],
)
def test_a_mistake_is_told_in_one_line(changes, said):
    with pytest.raises(UserError) as caught:
        parse_recipe({**PLAIN, **changes}, "net.py")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_epochs_are_those_of_the_phases():
    phases = [{"epochs": 2, "trainable": "head", "learning_rate": 0.01}, {"epochs": 3}]
    recipe = parse_recipe({"optimizer": "adam", "batch_size": 8, "phases": phases}, "it")
    assert recipe.epochs == 5
    assert Recipe.from_canonical(recipe.canonical()) == recipe
    assert recipe.in_phase(0).optimizer.arguments == {"learning_rate": 0.01}
    again = recipe.override({"phases": [{"epochs": 1}], "epochs": 1}, "it")
    assert again.phases[0].trainable == "all"


@pytest.mark.parametrize("key", ["loss", "schedule", "label_smoothing", "optimizer"])
def test_what_the_owner_decided_is_not_overridden(key):
    recipe = parse_recipe({"compile": "own", "batch_size": 8, "epochs": 1}, "it")
    assert Recipe.from_canonical(recipe.canonical()) == recipe
    value = {"schedule": {"name": "linear"}, "label_smoothing": 0.1, "optimizer": "sgd"}
    with pytest.raises(UserError, match=f"leave {key} away"):
        recipe.override({key: value.get(key, "categorical_focal_crossentropy")}, "a suite")


def test_phases_are_no_grid_and_lists_of_them_are():
    one, two = [{"epochs": 1}], [{"epochs": 2}]
    assert expand("net", {"phases": one}, {}, "it") == []
    assert len(expand("net", {"phases": [one, two]}, {}, "it")) == 2


def test_the_key_has_the_weights_content_and_not_where_they_lie(tmp_path, architecture):
    keys = []
    for folder, content in (("a", b"1"), ("b", b"1"), ("b", b"2")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "start.weights.h5").write_bytes(content)
        suite = tmp_path / folder / "own.toml"
        suite.write_text(
            'dataset = "digits"\n[[architectures]]\nname = "other"\narchitecture = "net"\n'
            'recipe = {initial_weights = "start.weights.h5"}\n'
        )
        architecture()
        chosen = load(str(suite))
        from ninetynine.suite import discover as known

        catalog = known([tmp_path / "net.py"], chosen)
        (cell,) = make_cells(chosen, catalog, ["other"], Setting())
        assert cell.weights == tmp_path / folder / "start.weights.h5"
        assert cell.identity.recipe["initial_weights"]["name"] == "start.weights.h5"
        keys.append(cell.key)
    assert keys[0] == keys[1] != keys[2]


def test_weights_that_are_not_there_are_told_before_anything_is_trained(architecture):
    found = architecture(recipe={**PLAIN, "initial_weights": "gone.weights.h5"})
    suite = load("quick")
    with pytest.raises(UserError, match=r"gone\.weights\.h5 cannot be read"):
        make_cells(suite, {"net": found}, ["net"], Setting(), None)


# What is trained ---------------------------------------------------------------------------------


def built(architecture, **more):
    recipe = architecture.recipe
    return compiled_model(architecture, recipe, (28, 28, 1), 10, 1, "float32", **more)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_a_model_begins_with_the_weights_of_the_file(tmp_path, architecture, suffix):
    path, weights = saved(tmp_path, suffix=suffix)
    model = built(architecture(recipe={**PLAIN, "initial_weights": path.name}))
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("units", [(5, 10), (10,), (4, 10, 10), (4,), None])
def test_weights_that_do_not_fit_are_one_line(tmp_path, architecture, units):
    path = tmp_path / "start.weights.h5"
    path.write_bytes(b"no weights")
    if units:
        saved(tmp_path, units=units)
    body = "return dense(input_shape, num_classes)" if units == (4, 10, 10) else TWO_LAYERS
    with pytest.raises(UserError) as caught:
        built(architecture(body, {**PLAIN, "initial_weights": path.name}))
    assert "does not fit net" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_file_with_more_layers_than_the_model_does_not_fit(tmp_path, architecture):
    path, _ = saved(tmp_path, units=(10, 10))
    body = "return dense(input_shape, num_classes)"
    with pytest.raises(UserError, match="it has 7,960 numbers, the model 7,850"):
        built(architecture(body, {**PLAIN, "initial_weights": path.name}))


@pytest.mark.slow
def test_the_head_is_trained_first_and_then_everything(architecture, images):
    head = [{"epochs": 1, "trainable": "head", "learning_rate": 0.01}]
    found = architecture(INSIDE)
    alone = trained(found, images, phases=head)
    both = trained(found, images, phases=[*head, {"epochs": 1}], epochs=2)
    again = trained(found, images, phases=[*head, {"epochs": 1}], epochs=2)
    untouched = built_inside(found)
    for one, other in zip(inside(alone.model), untouched, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((a != b).any() for a, b in zip(inside(both.model), untouched, strict=True))
    assert len(both.record.history) == 2
    assert both.record.history[0] == alone.record.history[0]
    assert both.record.model.weights_hash == again.record.model.weights_hash


def inside(model):
    return next(layer for layer in model.layers if hasattr(layer, "layers")).get_weights()


def built_inside(found):
    import keras

    keras.utils.set_random_seed(0)
    return inside(built(found))


@pytest.mark.slow
def test_a_head_of_a_model_without_a_backbone_is_refused_in_one_line(architecture, images):
    with pytest.raises(UserError, match="build\\(\\) puts none there"):
        trained(architecture(), images, phases=[{"epochs": 1, "trainable": "head"}])


OWNED = "model = dense(input_shape, 4, num_classes); model.compile({}); return model"
OWN = {"compile": "own", "batch_size": 16, "epochs": 2}


@pytest.mark.slow
def test_an_owners_optimizer_and_loss_are_used(architecture, images):
    one_hot, numbers, other = (
        trained(architecture(OWNED.format(compiled), OWN), images).record
        for compiled in (
            "keras.optimizers.SGD(0.1), 'categorical_crossentropy'",
            "keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(), ['mae']",
            "keras.optimizers.SGD(0.01), 'categorical_crossentropy'",
        )
    )
    assert [epoch.loss for epoch in numbers.history] == pytest.approx(
        [epoch.loss for epoch in one_hot.history], rel=1e-4
    )
    assert numbers.history[-1].accuracy == one_hot.history[-1].accuracy
    assert other.history[-1].loss != pytest.approx(one_hot.history[-1].loss, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "recipe", "said"),
    [
        (TWO_LAYERS, OWN, "returns a model that is not compiled"),
        (OWNED.format("'adam'"), OWN, "compiles its model without a loss"),
        (OWNED.format("'adam', 'mse'"), PLAIN, '"compile": "own"'),
        (
            OWNED.format("'adam', 'sparse_categorical_crossentropy'"),
            {**OWN, "augmentation": {"mixup_alpha": 0.2}},
            "mixed images have no label of one class",
        ),
    ],
)
def test_a_compile_that_is_not_as_the_recipe_says_is_one_line(architecture, body, recipe, said):
    with pytest.raises(UserError) as caught:
        built(architecture(body, recipe))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_pages_backbone_trains_and_a_file_of_weights_is_in_its_key(tmp_path, monkeypatch):
    import keras
    from keras.applications import mobilenet_v2

    real = inspect.signature(mobilenet_v2.MobileNetV2)

    def stand_in(*given, **named):
        """Return a backbone that is called as the real one is, and quickly built."""
        asked = real.bind(*given, **named)
        asked.apply_defaults()
        assert (asked.arguments["include_top"], asked.arguments["pooling"]) == (False, "avg")
        images = keras.Input(asked.arguments["input_shape"])
        last = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, strides=2)(images))
        model = keras.Model(images, last)
        if asked.arguments["weights"] is not None:
            model.load_weights(asked.arguments["weights"])
        return model

    found = re.search(r"<!-- example: transfer.py -->\n```python\n(.*?)```", PAGE.read_text(), re.S)
    (tmp_path / "transfer.py").write_text(found[1])
    architecture = discover([tmp_path / "transfer.py"])["transfer"]
    generator = np.random.default_rng(0)
    arrays = {
        name: generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        for name, count in (("x_train", 32), ("x_test", 20))
    }
    labels = {"y_train": np.arange(32) % 2, "y_test": np.arange(20) % 2}
    np.savez(tmp_path / "images.npz", **arrays, **labels)
    images = datasets.load(str(tmp_path / "images.npz"))

    monkeypatch.setattr(mobilenet_v2, "MobileNetV2", stand_in)
    backbone = mobilenet_v2.MobileNetV2(
        (32, 32, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    backbone.save_weights(tmp_path / "own.weights.h5")
    own = architecture.varied(
        "own",
        architecture.recipe.override(
            {"phases": [{"epochs": 1, "trainable": "head"}], "epochs": 1}, "it"
        ),
        {"weights": str(tmp_path / "own.weights.h5")},
        "it",
    )
    done = trained(own, images)
    assert done.record.cell.inputs.keys() == {"file own.weights.h5"}
    for one, other in zip(inside(done.model), backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
