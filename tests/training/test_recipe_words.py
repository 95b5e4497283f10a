"""What a recipe says of optimizer, loss, weights and stopping is what is trained."""

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
from ninetynine.recipe import Recipe
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


def outputs_of(model, pixels):
    """Return what ``model.predict`` does, which would be traced for a third of a second."""
    from keras import ops

    return ops.convert_to_numpy(model(pixels, training=False))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("adam", "sgd", "muon") else pytest.mark.exhaustive)
        for name in usable_optimizers()
    ],
)
def test_every_optimizer_of_keras_takes_steps_that_can_be_repeated(name, softmax, images):
    from keras import ops

    cell = make_cell(softmax, images, optimizer=name, epochs=1)
    recipe = Recipe.from_canonical(cell.identity.recipe)
    prepare_backend(cell.identity)
    model = compiled_model(softmax, recipe, images.train_images.shape[1:], 4, 6)
    data = images.train_images, images.train_labels
    loop = get_backend(BACKEND).loop(model, *data, recipe.batch_size, recipe.scale)
    begun = model.get_weights()
    loop.compile()
    state = [np.array(ops.convert_to_numpy(v)) for v in model.optimizer.variables]
    found = []
    for _ in range(2):
        model.set_weights(begun)
        for variable, value in zip(model.optimizer.variables, state, strict=True):
            variable.assign(value)
        loss = loop.run_epoch(np.arange(96, dtype=np.int32))["loss"]
        assert np.isfinite(loss)
        found.append((loss, *(weights.tobytes() for weights in model.get_weights())))
    assert found[0] == found[1]
    assert found[0][1:] != tuple(weights.tobytes() for weights in begun)


def test_an_optimizer_reads_as_keras_has_it():
    import inspect

    import keras

    for offer in usable_optimizers().values():
        known = inspect.signature(getattr(keras.optimizers, offer.class_name)).parameters
        told = {k: p.default for k, p in known.items() if p.kind is not p.VAR_KEYWORD}
        assert dict(offer.arguments) == told


SCHEDULES = {
    "exponential_decay": {"decay_epochs": 1, "decay_rate": 0.5, "staircase": True},
    "inverse_time_decay": {"decay_steps": 6, "decay_rate": 1},
    "polynomial_decay": {"decay_epochs": 2, "end_learning_rate": 0.01, "power": 2},
    "cosine_decay": {"decay_steps": 12, "alpha": 0.1, "warmup_epochs": 0.5, "warmup_target": 0.2},
    "cosine_decay_restarts": {"first_decay_epochs": 1, "t_mul": 1},
    "piecewise_constant_decay": {"boundary_epochs": [1, 2], "values": [1, 0.1, 0.01]},
}
IN_STEPS = {"decay_epochs": "decay_steps", "warmup_epochs": "warmup_steps",
            "first_decay_epochs": "first_decay_steps", "boundary_epochs": "boundaries"}  # fmt: skip


@pytest.mark.parametrize("name", offers("optimizers.schedules"))
def test_a_schedule_is_kerass_with_epochs_turned_into_steps(name, softmax):
    import keras

    words = SCHEDULES[name]
    optimizer = {"name": "sgd"} if "values" in words else {"name": "sgd", "learning_rate": 0.1}
    recipe = softmax.recipe.override(
        {"optimizer": optimizer, "schedule": {"name": name, **words}}, "s"
    )
    found = make_optimizer(recipe, steps=18, steps_per_epoch=6)._learning_rate
    told = {}
    for key, value in words.items():
        steps = [6 * v for v in value] if isinstance(value, list) else value
        told[IN_STEPS.get(key, key)] = value if key not in IN_STEPS else (
            steps if isinstance(steps, list) else round(6 * value)
        )  # fmt: skip
    if "values" in told:
        told["values"] = [1.0, 0.1, 0.01]
    else:
        told["initial_learning_rate"] = 0.1
    expected = getattr(keras.optimizers.schedules, offers("optimizers.schedules")[name].class_name)
    steps = range(20)
    assert [float(found(t)) for t in steps] == [float(expected(**told)(t)) for t in steps]


def test_four_accumulated_batches_are_one_large_batch_up_to_rounding(softmax, images):
    small = {"name": "sgd", "learning_rate": 0.1, "gradient_accumulation_steps": 4}
    large = {"name": "sgd", "learning_rate": 0.1}
    one = train(softmax, images, optimizer=small, batch_size=6).model.get_weights()
    other = train(softmax, images, optimizer=large, batch_size=24).model.get_weights()
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_a_plateau_lowers_the_learning_rate_and_training_stops_where_nothing_gets_better(
    softmax, images
):
    changes = {
        "epochs": 9,
        "optimizer": {"name": "sgd", "learning_rate": 1e-30},  # nothing can become better
        "validation_data": "validation",
        "early_stopping": {"patience": 4, "restore_best": True},
        "reduce_on_plateau": {"patience": 2, "factor": 0.5},
    }
    trained = train(softmax, images, **changes)
    record = trained.record
    assert len(record.history) == 5
    assert record.chosen_epoch == 1
    assert record.scores.validation.loss == record.history[0].validation_loss
    rate = float(np.asarray(trained.model.optimizer.learning_rate))
    assert rate == pytest.approx(0.25e-30)


def test_the_weights_of_the_best_epoch_are_kept_and_a_rerun_has_the_same_bits(softmax, images):
    changes = {
        "epochs": 8,
        "optimizer": {"name": "sgd", "learning_rate": 1.5},
        "validation_split": 0.25,
        "early_stopping": {"monitor": "validation_loss", "patience": 3, "restore_best": True},
    }
    first, second = (train(softmax, images, **changes).record for _ in range(2))
    losses = [epoch.validation_loss for epoch in first.history]
    assert first.chosen_epoch == 1 + int(np.argmin(losses))
    assert first.scores.validation.loss == min(losses)
    assert (first.chosen_epoch, first.model.weights_hash) == (
        second.chosen_epoch,
        second.model.weights_hash,
    )


def test_one_sigmoid_unit_is_the_probability_of_the_second_class_as_fit_trains_it(write, two):
    one = write("one_unit", "sigmoid", "1")
    trained = train(one, two, loss="binary_crossentropy", epochs=8, learning_rate=0.01)
    pixels = two.test_images.astype("float32") / 255.0
    raw = outputs_of(trained.model, pixels)[:, 0]
    assert trained.predictions.probabilities.shape == (48, 2)
    np.testing.assert_allclose(trained.predictions.probabilities[:, 1], raw, atol=5e-3)
    loss, accuracy = trained.model.evaluate(pixels, two.test_labels[:, None], verbose=0)
    assert trained.record.scores.test.accuracy == pytest.approx(accuracy)
    assert trained.record.scores.test.loss == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("sigmoid", "binary_crossentropy"),
        pytest.param(
            *("sigmoid", {"name": "binary_focal_crossentropy", "gamma": 1}),
            marks=pytest.mark.exhaustive,
        ),
        pytest.param("sigmoid", "mean_squared_error", marks=pytest.mark.exhaustive),
        ("softmax", {"name": "categorical_focal_crossentropy", "gamma": 2, "alpha": 0.5}),
    ],
)
def test_outputs_that_fit_the_loss_are_recorded_as_probabilities(activation, loss, write, images):
    trained = train(write(f"net_{activation}", activation), images, loss=loss, epochs=1)
    rows = trained.predictions.probabilities.astype(float)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=5e-3)
    pixels = images.test_images.astype("float32") / 255.0
    outputs = outputs_of(trained.model, pixels)
    assert np.array_equal(rows.argmax(axis=1), outputs.argmax(axis=1))


@pytest.mark.parametrize(
    ("activation", "units", "loss", "part"),
    [
        ("linear", "num_classes", "mean_squared_error", 'end the model in activation="sigmoid"'),
        ("sigmoid", "num_classes", "categorical_crossentropy", 'or write "loss": "binary_cross'),
        ("sigmoid", "1", "categorical_crossentropy", "one output for two classes"),
    ],
)
def test_outputs_that_do_not_fit_the_loss_are_refused(activation, units, loss, part, write, two):
    net = write(f"odd_{activation}_{units}", activation, units)
    assert part in complaint(train, net, two, loss=loss)


def test_no_output_is_above_zero_and_all_classes_are_as_likely():
    outputs = np.array([[0, 0], [0.2, 0.6]], np.float32)
    np.testing.assert_allclose(probabilities(outputs, False), [[0.5, 0.5], [0.25, 0.75]])


def test_class_weights_are_those_of_fit(softmax, two):
    import keras

    recipe = softmax.recipe.override({"class_weight": {"dog": 3, "0": 0.5}}, "s")
    weights = class_weights(recipe, two.train_labels, two)
    assert weights.tolist() == [0.5, 3.0]
    pixels, targets = two.train_images.astype("float32") / 255.0, np.eye(2)[two.train_labels]
    models = []
    for given in (weights, None):
        keras.utils.set_random_seed(0)
        model = compiled_model(softmax, recipe, (8, 8, 1), 2, 1, class_weights=given)
        own = {} if given is not None else {"class_weight": {0: 0.5, 1: 3.0}}
        model.fit(pixels, targets, batch_size=16, shuffle=False, verbose=0, **own)
        models.append(model.get_weights())
    for first, second in zip(*models, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_balanced_classes_weigh_alike_in_sum_and_one_unit_is_weighed_as_two(softmax, two):
    recipe = softmax.recipe.override({"class_weight": "balanced"}, "s")
    weights = class_weights(recipe, two.train_labels, two)
    assert weights == pytest.approx([96 / (2 * 72), 96 / (2 * 24)])
    recipe = recipe.override({"loss": "binary_crossentropy"}, "s")
    p = np.array([[0.2], [0.9]], np.float32)
    loss = make_loss(recipe, weights)
    one = float(loss(np.array([[0.0], [1.0]], np.float32), p))
    both = float(loss(np.eye(2, dtype=np.float32), np.concatenate([1 - p, p], axis=1)))
    assert one == pytest.approx(both, rel=1e-5)


def test_a_class_that_the_data_do_not_have_is_named(softmax, two):
    said = complaint(train, softmax, two, class_weight={"dgo": 2})
    assert said == "class_weight names the class 'dgo', which mine has not; did you mean 'dog'?"


def test_standard_pixels_have_mean_zero_and_deviation_one_with_and_without_augmentation(
    softmax, images
):
    trained = train(softmax, images, scale="standard", epochs=1)
    model, pixels = trained.record.model, images.train_images / 255.0
    assert model.pixel_mean == pytest.approx([pixels.mean()])
    assert model.pixel_deviation == pytest.approx([pixels.std()])
    scaled = (images.test_images / 255.0 - pixels.mean()) / pixels.std()
    found = outputs_of(trained.model, scaled.astype(np.float32))
    np.testing.assert_allclose(trained.predictions.probabilities, found, atol=5e-3)
    unmoved = {"rotation_degrees": 1e-6}
    warped = train(softmax, images, scale="standard", epochs=1, augmentation=unmoved)
    for one, other in zip(trained.model.get_weights(), warped.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_validation_part_that_is_not_there_is_missed(softmax, images):
    without = replace(images, validation_images=None, validation_labels=None)
    said = complaint(train, softmax, without, validation_data="validation")
    assert "mine has no validation part" in said
