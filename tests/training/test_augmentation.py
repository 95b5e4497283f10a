"""Augmentation moves pixels as its words say, the same on every backend and in every run."""

import numpy as np
import pytest
from ninetynine.recipe import Augmentation
from ninetynine.training.augmentation import Warp, draw
from ninetynine.training.model import WeightAverage
from ninetynine.training.predictions import ShiftAverage, shifted

pytestmark = pytest.mark.slow


@pytest.fixture
def images():
    return np.random.default_rng(0).random((5, 12, 10, 2)).astype(np.float32)


def warped(augmentation, images, changes):
    from keras import ops

    warp = Warp(augmentation, *images.shape[1:3])
    return ops.convert_to_numpy(warp(ops.convert_to_tensor(images), ops.convert_to_tensor(changes)))


@pytest.mark.parametrize(
    "words", [{"shift_pixels": 2}, {"rotation_degrees": 9.0}, {"elastic_pixels": 1.0}]
)
def test_no_change_leaves_every_pixel(images, words):
    augmentation = Augmentation(**words)
    changes = Warp(augmentation, 12, 10).no_changes(5)
    assert np.allclose(warped(augmentation, images, changes), images, atol=1e-5)


def test_whole_pixel_shifts_are_exact_and_fill_with_background(images):
    augmentation = Augmentation(shift_pixels=2)
    changes = draw(augmentation, 5, 12, seed=3, epoch=0)
    found = warped(augmentation, images, changes)
    for image, change, result in zip(images, changes, found, strict=True):
        right, down = int(change[2]), int(change[5])
        assert np.array_equal(result, shifted(image[None], -down, -right)[0])


def test_shifts_are_whole_uniform_and_within_their_limit():
    changes = draw(Augmentation(shift_pixels=2), 20_000, 28, seed=0, epoch=0)
    values, counts = np.unique(changes[:, [2, 5]], return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]
    assert (np.abs(counts / 8_000 - 1) < 0.05).all()


def test_a_quarter_turn_is_a_rotation_by_ninety_degrees():
    image = np.random.default_rng(1).random((1, 9, 9, 1)).astype(np.float32)
    changes = np.array([[0, -1, 0, 1, 0, 0]], np.float32)
    found = warped(Augmentation(rotation_degrees=90.0), image, changes)[0, ..., 0]
    # The new pixel at (x, y) is read at (-y, x): the image turns against the clock.
    assert np.allclose(found, np.rot90(image[0, ..., 0]), atol=1e-4)


def test_half_a_pixel_is_the_mean_of_two_neighbours(images):
    changes = np.tile(np.array([1, 0, 0.5, 0, 1, 0], np.float32), (5, 1))
    found = warped(Augmentation(rotation_degrees=1.0), images, changes)
    between = (images[:, :, :-1] + images[:, :, 1:]) / 2
    assert np.allclose(found[:, :, :-1], between, atol=1e-4)


def test_outside_the_image_is_background(images):
    changes = np.tile(np.array([1, 0, 100, 0, 1, 0], np.float32), (5, 1))
    assert not warped(Augmentation(rotation_degrees=1.0), images, changes).any()


def test_one_word_changes_nothing_but_itself():
    plain = draw(Augmentation(shift_pixels=2, rotation_degrees=5.0), 100, 28, 0, 0)
    elastic = draw(
        Augmentation(shift_pixels=2, rotation_degrees=5.0, elastic_pixels=1.0), 100, 28, 0, 0
    )
    assert np.array_equal(plain, elastic[:, :6])


def test_draws_depend_on_seed_and_epoch_alone():
    words = Augmentation(shift_pixels=2, elastic_pixels=0.5)
    again = [draw(words, 50, 28, seed, epoch) for seed, epoch in [(0, 0), (0, 0), (0, 1), (1, 0)]]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])
    assert not np.array_equal(again[0], again[3])


def test_the_elastic_field_moves_pixels_by_its_root_mean_square():
    words = Augmentation(elastic_pixels=1.5)
    x, y = Warp(words, 28, 28)._points(draw(words, 3_000, 28, 0, 0))
    for points, axis in ((x, 1), (y, 0)):
        rest = np.mgrid[:28, :28][axis].reshape(-1) - 13.5
        moved = np.asarray(points) - rest
        assert np.sqrt((moved**2).mean()) == pytest.approx(1.5, rel=0.03)


class FakeLoop:
    """Answers with the mean brightness of the upper left pixel and of all."""

    def __init__(self):
        self.calls = 0

    def predict(self, images, batch_size=100):
        self.calls += 1
        images = images[:]  # a loop takes slices, and what is shifted makes them then
        return np.stack([images[:, 0, 0, 0], images.mean(axis=(1, 2, 3))], axis=1)


@pytest.mark.parametrize(("shifts", "calls"), [(0, 1), (1, 5), (2, 13)])
def test_predictions_are_averaged_over_all_shifts_within_the_steps(images, shifts, calls):
    loop = FakeLoop()
    predictions = ShiftAverage(loop.predict, shifts).predict(images)
    assert loop.calls == calls
    if shifts == 1:  # the pixel itself, its right and its lower neighbour, twice background
        expected = (images[:, 0, 0, 0] + images[:, 0, 1, 0] + images[:, 1, 0, 0]) / 5
        assert np.allclose(predictions[:, 0], expected)


class FakeModel:
    def __init__(self):
        self.weights = [np.zeros(3, np.float32)]

    def get_weights(self):
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights):
        self.weights = weights


def test_averaging_gives_the_model_the_mean_of_what_was_added():
    model = FakeModel()
    average = WeightAverage(model)
    average.use()
    assert np.array_equal(model.weights[0], np.zeros(3))
    for value in (1, 2, 6):
        model.weights = [np.full(3, value, np.float32)]
        average.add()
    average.use()
    assert np.array_equal(model.weights[0], np.full(3, 3.0))
    assert model.weights[0].dtype == np.float32
