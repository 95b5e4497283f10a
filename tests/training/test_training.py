"""The step loop computes what Keras's fit computes, and a cell's bits follow from its key."""

import math
from pathlib import Path

import numpy as np
import pytest
from ninetynine.backends import package_versions
from ninetynine.backends.tensorflow import TensorFlowLoop
from ninetynine.catalog import discover
from ninetynine.cells import PROTOCOL_VERSION, Cell, CellIdentity
from ninetynine.datasets import fingerprint_of_test_part
from ninetynine.recipe import parse_recipe
from ninetynine.records.quantization import to_float16
from ninetynine.training import clocks
from ninetynine.training.cell import Diverged, train_cell
from ninetynine.training.clocks import Clock
from ninetynine.training.model import make_optimizer
from ninetynine.training.parts import data_orders
from ninetynine.training.predictions import score
from ninetynine.training.setup import prepare_backend

pytestmark = pytest.mark.slow

MODEL = '''"""A small convolutional network with dropout.

Source: written for the tests.
"""

import keras
from keras import layers

RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 2}
CLAIMS = []


def build(input_shape, num_classes):
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
'''


@pytest.fixture(scope="module")
def architecture(tmp_path_factory):
    path = tmp_path_factory.mktemp("architectures") / "small_cnn.py"
    path.write_text(MODEL)
    return discover([path])["small_cnn"]


@pytest.fixture(scope="module")
def plain(architecture, digits):
    """The cell as it is, trained once."""
    return train_cell(make_cell(architecture, digits), architecture, digits, [0])


def make_cell(architecture, digits, seed=0, **changes) -> Cell:
    recipe = architecture.recipe.override(changes, "the test")
    identity = CellIdentity(
        protocol_version=PROTOCOL_VERSION,
        architecture=architecture.name,
        source_hash=architecture.source_hash,
        recipe=recipe.canonical(),
        dataset="digits",
        dataset_fingerprint=digits.fingerprint,
        seed=seed,
        backend="tensorflow",
        packages=package_versions("tensorflow"),
        precision="float32",
        threads=1,
        device="cpu",
        deterministic=True,
    )
    return Cell(identity=identity, suite="test", variant="published")


def build_compiled(architecture, cell):
    import keras
    from ninetynine.building import build_model

    prepare_backend(cell.identity)
    model = build_model(architecture, (28, 28, 1), 10)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    assert isinstance(model, keras.Model)
    return model


def test_the_loop_is_bit_identical_to_fit_where_the_order_is_the_same(architecture, digits):
    cell = make_cell(architecture, digits)
    images, labels = digits.train_images[:100], digits.train_labels[:100]
    order = np.arange(100, dtype=np.int32)

    ours = build_compiled(architecture, cell)
    loop = TensorFlowLoop(ours, images, labels, 32, "unit")
    loop.compile()
    metrics = [loop.run_epoch(order) for _ in range(2)]

    plain = build_compiled(architecture, cell)
    pixels, targets = images.astype("float32") / 255.0, np.eye(10, dtype="float32")[labels]
    history = plain.fit(pixels, targets, batch_size=32, epochs=2, shuffle=False, verbose=0).history

    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert [m["loss"] for m in metrics] == pytest.approx(history["loss"], rel=1e-6)
    assert [m["accuracy"] for m in metrics] == pytest.approx(history["accuracy"])


def test_compiling_moves_no_weight_no_seed_and_no_optimizer_step(architecture, digits):
    model = build_compiled(architecture, make_cell(architecture, digits))
    before, traced, step = [v.numpy().copy() for v in model.variables], [], model.train_step
    model.train_step = lambda batch: traced.append(batch) or step(batch)
    loop = TensorFlowLoop(model, digits.train_images[:64], digits.train_labels[:64], 32, "unit")
    loop.compile()
    assert len(traced) == 1  # a second time would take as long again, for every cell
    for one, variable in zip(before, model.variables[: len(before)], strict=True):
        assert np.array_equal(one, variable.numpy())
    assert int(model.optimizer.iterations) == 0


def test_one_key_gives_one_weights_hash_and_another_seed_another(architecture, digits, plain):
    def hash_of(seed):
        cell = make_cell(architecture, digits, seed)
        return train_cell(cell, architecture, digits, [0]).record.model.weights_hash

    other = hash_of(1)  # also shows that an earlier cell in the process leaves no trace
    assert hash_of(0) == plain.record.model.weights_hash
    assert other != plain.record.model.weights_hash


def test_a_record_holds_what_the_model_says(plain, digits):
    record, predictions = plain.record, plain.predictions
    pixels = digits.test_images.astype("float32") / 255.0
    loss, accuracy = plain.model.evaluate(
        pixels, np.eye(10, dtype="float32")[digits.test_labels], verbose=0
    )
    assert record.scores.test.loss == pytest.approx(loss, rel=1e-4)
    assert record.scores.test.accuracy == pytest.approx(accuracy)
    assert predictions.correct.mean() == pytest.approx(accuracy)
    assert predictions.probabilities.shape == (len(digits.test_labels), 10)
    assert record.model.parameters == plain.model.count_params()
    assert [epoch.epoch for epoch in record.history] == [1, 2]
    assert record.timing.train_seconds > 0
    timing = record.timing
    assert 0 < timing.latency_seconds <= timing.latency_p95_seconds <= timing.latency_p99_seconds
    assert timing.throughput_128 > 0
    assert timing.throughput_1000 is None  # 360 test images
    assert record.peak_memory_bytes > 50 * 2**20
    assert record.test_fingerprint == fingerprint_of_test_part(digits)


def test_the_known_history_of_this_protocol_version(architecture, digits):
    """Guards PROTOCOL_VERSION: if these numbers move, the engine computes something else."""
    assert PROTOCOL_VERSION == 1
    cell = make_cell(architecture, digits, epochs=1, batch_size=128)
    record = train_cell(cell, architecture, digits, [0]).record
    assert record.history[0].loss == pytest.approx(KNOWN_FIRST_EPOCH_LOSS, abs=2e-3)


KNOWN_FIRST_EPOCH_LOSS = 2.3232


def test_watching_a_validation_part_records_it_every_epoch(architecture, digits):
    cell = make_cell(architecture, digits, validation_split=0.1)
    record = train_cell(cell, architecture, digits, [0]).record
    assert all(epoch.validation_accuracy is not None for epoch in record.history)
    assert record.scores.validation.accuracy == record.history[-1].validation_accuracy


def test_watching_the_test_set_changes_no_weight(architecture, digits, plain):
    watched = train_cell(
        make_cell(architecture, digits, validation_data="test"), architecture, digits, [0]
    ).record
    blind = plain.record
    assert watched.model.weights_hash == blind.model.weights_hash
    assert watched.history[-1].validation_accuracy == watched.scores.test.accuracy
    assert watched.key != blind.key


def test_a_loss_that_is_no_number_is_told_with_its_epoch(architecture, digits):
    optimizer = {"name": "sgd", "learning_rate": 1e30}
    cell = make_cell(architecture, digits, optimizer=optimizer)
    with pytest.raises(Diverged, match="in epoch 1 of 2"):
        train_cell(cell, architecture, digits, [0])


def test_data_orders_are_permutations_that_depend_on_seed_and_epoch_alone():
    first, second = data_orders(50, 2, seed=3)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    assert np.array_equal(data_orders(50, 5, seed=3)[1], second)
    assert not np.array_equal(data_orders(50, 1, seed=4)[0], first)


def test_a_fraction_of_an_epoch_takes_that_fraction_of_the_images():
    orders = data_orders(40, 1.25, seed=0)
    assert [len(order) for order in orders] == [40, 10]
    assert np.array_equal(orders[1], data_orders(40, 2, seed=0)[1][:10])


def test_the_schedule_rises_to_the_peak_and_falls_to_its_last_fraction():
    schedule = {"name": "linear", "warmup_fraction": 0.25, "final_fraction": 0.1}
    data = {"optimizer": {"name": "adam", "learning_rate": 0.02}, "batch_size": 1, "epochs": 1,
            "schedule": schedule}  # fmt: skip
    optimizer = make_optimizer(parse_recipe(data, "the test"), steps=1000)
    rates = np.asarray(optimizer._learning_rate(np.arange(1000)))
    assert np.argmax(rates) in (249, 250)
    assert max(rates) == pytest.approx(0.02, rel=0.01)
    assert rates[0] == pytest.approx(0.02 * 0.5 / 250, rel=1e-3)
    assert rates[-1] == pytest.approx(0.002, rel=0.02)
    assert rates[624] == pytest.approx(0.02 * (0.1 + 0.9 * 0.5), rel=0.01)


def test_score_is_the_mean_cross_entropy_and_the_share_right():
    probabilities = np.array([[0.5, 0.5 - 1e-3, 1e-3], [0.1, 0.2, 0.7]], dtype=np.float32)
    result = score(probabilities, np.array([0, 1]))
    assert result.loss == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2, rel=1e-5)
    assert result.accuracy == 0.5


def test_a_probability_of_zero_costs_a_finite_loss():
    assert score(np.array([[1.0, 0.0]], dtype=np.float32), np.array([1])).loss == pytest.approx(
        -math.log(1e-7)
    )


def test_rounding_to_float16_keeps_every_argmax():
    row = np.array([[0.49999, 0.50001], [0.50001, 0.49999], [0.9, 0.1]], dtype=np.float32)
    rounded = to_float16(row)
    assert rounded.dtype == np.float16
    assert np.array_equal(rounded.argmax(axis=1), row.argmax(axis=1))
    assert np.abs(rounded - row).max() < 1e-3


def test_a_clock_counts_only_what_runs_inside_it():
    clock = Clock([0])
    with clock.running():
        sum(range(100_000))
    assert 0 < clock.wall_seconds < 5
    assert clock.cpu_seconds <= clock.wall_seconds * 1.5 + 0.05
    assert Path("/proc/stat").exists() == (clock.other_cpu_share is not None)


@pytest.mark.parametrize(("cores", "share"), [(1, None), (2, 1.0), (5, 0.25)])
def test_a_clock_tells_how_busy_the_other_cores_were(monkeypatch, cores, share):
    """Here core 0 is busy all the time, and one other core, if there is one."""
    now = [0.0]
    monkeypatch.setattr(clocks.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(clocks.time, "perf_counter", lambda: now[0])
    busy = {True: min(2, cores), False: 1}  # cores, of the whole machine and of those given
    monkeypatch.setattr(clocks, "busy_seconds", lambda cores=None: now[0] * busy[cores is None])
    clock = Clock([0])
    for _ in range(2):
        with clock.running():
            now[0] += 10.0
    assert clock.elsewhere_cpu_share == share


def trained_with(recipe_changes, architecture, digits):
    cell = make_cell(architecture, digits, **recipe_changes)
    return train_cell(cell, architecture, digits, [])


@pytest.mark.exhaustive
def test_augmented_training_averages_shifts_and_repeats_bit_for_bit(architecture, digits, plain):
    changes = {
        "augmentation": {"shift_pixels": 1, "rotation_degrees": 8.0, "elastic_pixels": 0.3},
        "average_epochs": 1,
        "test_time_shifts": 1,
    }
    first, second = (trained_with(changes, architecture, digits) for _ in range(2))
    assert first.record.model.weights_hash == second.record.model.weights_hash
    assert first.record.model.weights_hash != plain.record.model.weights_hash


@pytest.mark.exhaustive
def test_the_average_over_the_last_epoch_alone_is_the_last_weights(architecture, digits, plain):
    averaged = trained_with({"average_epochs": 1}, architecture, digits)
    assert averaged.record.model.weights_hash == plain.record.model.weights_hash
    both = trained_with({"average_epochs": 2}, architecture, digits)
    assert both.record.model.weights_hash != plain.record.model.weights_hash
