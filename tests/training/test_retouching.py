"""Flips, colors, blanked rectangles and mixed pairs are what their words say, drawn by the seed."""

import colorsys

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.errors import UserError
from ninetynine.recipe import Augmentation, parse_recipe
from ninetynine.training.augmentation import Warp, draw
from ninetynine.training.cell import make_warp

pytestmark = pytest.mark.slow
EVERY_WORD = {
    "shift_pixels": 1,
    "horizontal_flip": True,
    "vertical_flip": True,
    "brightness_fraction": 0.3,
    "contrast_fraction": 0.3,
    "cutout_pixels": 2,
    "erasing_probability": 0.5,
    "mixup_alpha": 0.2,
    "cutmix_alpha": 1.0,
}


def random_images(count, height, width, channels):
    generator = np.random.default_rng(0)
    return (0.2 + 0.6 * generator.random((count, height, width, channels))).astype(np.float32)


def changed(words, images, targets=None, seed=0, white=1.0):
    """Return images and targets as ``words`` change them, and the changes that were drawn."""
    from keras import ops

    augmentation = Augmentation(**words)
    targets = np.eye(len(images), dtype=np.float32) if targets is None else targets
    changes = draw(augmentation, len(images), max(images.shape[1:3]), seed, 0)
    warp = Warp(augmentation, *images.shape[1:3], white)
    given = map(ops.convert_to_tensor, (images, targets, changes))
    return *map(ops.convert_to_numpy, warp.batch(*given)), changes


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 24, 3), (224, 224, 3)])
def test_no_changes_leave_every_pixel_and_label(shape):
    from keras import ops

    words = Augmentation(**{**EVERY_WORD, "saturation_fraction": 0.2} | {"hue_degrees": 20.0})
    if shape[2] == 1:
        words = words.model_copy(update={"saturation_fraction": 0.0, "hue_degrees": 0.0})
    images, warp = random_images(2, *shape), Warp(words, *shape[:2])
    given = map(ops.convert_to_tensor, (images, np.eye(2, 3, dtype="float32"), warp.no_changes(2)))
    found, targets = warp.batch(*given)
    np.testing.assert_allclose(found, images, atol=1e-5)
    np.testing.assert_array_equal(targets, np.eye(2, 3))


@pytest.mark.parametrize(("word", "axis"), [("horizontal_flip", 2), ("vertical_flip", 1)])
def test_every_other_image_is_flipped(word, axis):
    images = random_images(400, 6, 5, 2)
    found, _, _ = changed({word: True}, images)
    flipped = [
        np.array_equal(new, old) for new, old in zip(found, np.flip(images, axis), strict=True)
    ]
    kept = [np.array_equal(new, old) for new, old in zip(found, images, strict=True)]
    assert all(one != other for one, other in zip(flipped, kept, strict=True))
    assert 160 < sum(flipped) < 240


def test_one_word_changes_nothing_of_what_another_draws():
    images = 40
    alone = draw(Augmentation(horizontal_flip=True), images, 28, 1, 2)
    together = draw(Augmentation(**EVERY_WORD, rotation_degrees=5.0), images, 28, 1, 2)
    np.testing.assert_array_equal(alone[:, -16], together[:, -16])
    moves = draw(Augmentation(rotation_degrees=5.0, shift_pixels=1), images, 28, 1, 2)
    np.testing.assert_array_equal(moves, together[:, :6])


def test_what_is_drawn_depends_on_seed_and_epoch_alone():
    words = Augmentation(**EVERY_WORD)
    first, again, epoch, seed = (draw(words, 9, 8, *at) for at in ((0, 0), (0, 0), (0, 1), (1, 0)))
    np.testing.assert_array_equal(first, again)
    assert (first != epoch).any()
    assert (first != seed).any()


def test_brightness_multiplies_and_contrast_stretches_about_the_mean_grey():
    images = random_images(50, 6, 6, 1)
    found, _, _ = changed({"brightness_fraction": 0.1}, images)
    factors = found / images
    np.testing.assert_allclose(factors, factors[:, :1, :1] + 0 * factors, rtol=1e-4)
    assert 0.9 <= factors.min() < 0.95
    assert 1.05 < factors.max() <= 1.1
    found, _, _ = changed({"contrast_fraction": 0.1}, images)
    means = images.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), means, rtol=1e-4)
    assert (np.abs(found.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3)) - 1) <= 0.1001).all()


@pytest.mark.parametrize("white", [1.0, 255.0])
def test_colors_stay_between_black_and_white(white):
    images = random_images(30, 4, 4, 3) * white
    words = {"brightness_fraction": 1.0, "contrast_fraction": 1.0, "saturation_fraction": 1.0}
    found, _, _ = changed(words, images, white=white)
    assert found.min() >= 0
    assert found.max() == pytest.approx(white)


def test_saturation_and_hue_keep_the_luma_and_turn_red_toward_green():
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    images = random_images(40, 4, 4, 3) * 0.2 + 0.4
    found, _, _ = changed({"saturation_fraction": 0.5, "hue_degrees": 30.0}, images)
    np.testing.assert_allclose(found @ luma, images @ luma, atol=1e-4)
    red = np.tile(np.array([0.6, 0.3, 0.3], np.float32), (40, 1, 1, 1))
    found, _, changes = changed({"hue_degrees": 90.0}, red)
    hues = np.array([colorsys.rgb_to_hsv(*map(float, image[0, 0]))[0] for image in found])
    turned = (hues + 0.5) % 1 - 0.5
    assert np.abs(turned).max() > 0.15
    assert abs(np.corrcoef(turned, changes[:, -11])[0, 1]) > 0.95


def test_cutout_blanks_a_square_that_may_reach_over_the_border():
    found, _, _ = changed({"cutout_pixels": 4}, random_images(300, 12, 9, 3))
    blank = (found == 0).all(axis=-1)
    sizes = blank.sum(axis=(1, 2))
    assert sizes.max() == 16
    assert sizes.min() >= 4
    for image in blank:
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert image.sum() == rows.sum() * columns.sum()
    assert blank.any(axis=0).all()


def test_erasing_blanks_a_rectangle_in_its_share_of_images():
    found, _, _ = changed({"erasing_probability": 0.5}, random_images(600, 20, 30, 3))
    shares = (found == 0).all(axis=-1).mean(axis=(1, 2))
    assert 0.42 < (shares > 0).mean() < 0.58
    assert shares[shares > 0].min() > 0.01
    assert 0.25 < shares.max() <= 0.35


@pytest.mark.parametrize("word", ["mixup_alpha", "cutmix_alpha"])
def test_labels_are_mixed_as_images_are(word):
    images = np.zeros((200, 10, 10, 1), np.float32)
    images[::2] = 1.0  # each is mixed with the one before it, which is of the other kind
    targets = np.tile(np.eye(2, dtype=np.float32), (100, 1))
    found, labels, _ = changed({word: 1.0}, images, targets)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), labels[:, 0], atol=1e-5)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert labels[:, 0].std() > 0.2
    assert (len(np.unique(found)) <= 2) is (word == "cutmix_alpha")


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_mixup_shares_are_of_their_beta_distribution(alpha):
    from scipy.stats import beta, kstest

    shares = draw(Augmentation(mixup_alpha=alpha), 4000, 8, 0, 0)[:, -4]
    assert kstest(shares, beta(alpha, alpha).cdf).pvalue > 0.01


def test_with_both_kinds_of_mixing_each_image_has_one():
    changes = draw(Augmentation(mixup_alpha=1.0, cutmix_alpha=1.0), 1000, 8, 0, 0)
    mixup, cutmix = changes[:, -4] > 0, changes[:, -3] > 0
    assert (mixup != cutmix).all()
    assert 400 < mixup.sum() < 600


def test_large_images_are_shifted_as_small_ones_are():
    from ninetynine.training import augmentation

    images = random_images(3, 12, 10, 3)
    small, _, _ = changed({"shift_pixels": 2}, images)
    kept, augmentation._LARGEST_TABLE = augmentation._LARGEST_TABLE, 0
    try:
        large, _, _ = changed({"shift_pixels": 2}, images)
    finally:
        augmentation._LARGEST_TABLE = kept
    np.testing.assert_array_equal(small, large)


def test_colors_of_grey_images_are_refused_in_one_line():
    recipe = {"optimizer": "adam", "batch_size": 8, "epochs": 1}
    recipe = parse_recipe({**recipe, "augmentation": {"hue_degrees": 5.0}}, "it")
    assert make_warp(recipe, (8, 8, 3)) is not None
    with pytest.raises(UserError, match="need images of three channels, these have 1"):
        make_warp(recipe, datasets.load("digits").train_images.shape[1:])


def test_an_older_recipe_keeps_its_key_and_a_word_of_a_table_may_be_given_alone():
    data = {"optimizer": "adam", "batch_size": 8, "epochs": 1, "augmentation": {"shift_pixels": 2}}
    recipe = parse_recipe(data, "it")
    assert recipe.canonical()["augmentation"] == {"shift_pixels": 2}
    more = recipe.override({"horizontal_flip": True, "mixup_alpha": 0.2}, "it")
    assert more.augmentation == Augmentation(shift_pixels=2, horizontal_flip=True, mixup_alpha=0.2)
