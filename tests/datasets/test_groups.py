"""Groups of images: how a file tells them, and that no part of the training images splits one."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import ordinary, save
from ninetynine import datasets
from ninetynine.datasets import split_validation, take_fold
from ninetynine.datasets.built_in import mnist
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe
from ninetynine.training.parts import make_parts

TEST = np.arange(120) // 3
TRAIN = np.random.default_rng(0).permutation(np.repeat(np.arange(24), 10))


def load(folder: Path, **more):
    return datasets.load(str(save(folder, ordinary() | more)))


def test_groups_of_a_file_are_numbered_as_they_appear(tmp_path):
    names = np.array([f"patient {n}" for n in TEST[::-1]])
    data = load(tmp_path, groups_test=names, groups_noun=np.array("patients"))
    np.testing.assert_array_equal(data.test_groups.codes, TEST)
    assert str(data.test_groups) == "40 patients"
    assert data.train_groups is None
    assert data.notes == ()
    assert load(tmp_path).test_groups is None
    assert str(load(tmp_path, groups_test=TEST[:, None]).test_groups) == "40 groups"


def test_groups_of_test_images_are_no_part_of_the_fingerprint_and_those_of_training_ones_are(
    tmp_path,
):
    plain = load(tmp_path).fingerprint
    assert load(tmp_path, groups_test=TEST).fingerprint == plain
    grouped = load(tmp_path, groups_train=TRAIN).fingerprint
    assert grouped != plain  # they say which images are held back
    assert load(tmp_path, groups_train=TRAIN.astype(str)).fingerprint == grouped
    assert load(tmp_path, groups_train=TRAIN[::-1]).fingerprint != grouped


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (np.arange(119), "expected the group of each of the 120 images"),
        (np.linspace(0, 1, 120), "whole numbers or text"),
        (np.zeros((120, 2), int), "expected the group of each"),
        (np.zeros(120, int), "at least two groups"),
        (np.array([None] * 120), "pickled"),
    ],
)
def test_what_is_no_group_for_each_image_is_one_line(tmp_path, groups, words):
    with pytest.raises(UserError, match=words) as told:
        load(tmp_path, groups_test=groups)
    assert "groups_test" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("noun", [np.array(3), np.array("x" * 50), np.array("a\nb"), np.array("")])
def test_a_noun_that_is_none_is_one_line(tmp_path, noun):
    with pytest.raises(UserError, match="groups_noun"):
        load(tmp_path, groups_test=TEST, groups_noun=noun)


def test_test_groups_that_were_trained_on_are_said(tmp_path):
    data = load(tmp_path, groups_test=TEST, groups_train=TRAIN + 30)
    (found,) = datasets.findings(data)
    assert "10 of the test images' 40 groups have training images, too; expected" in found.message
    assert not datasets.findings(load(tmp_path, groups_test=TEST, groups_train=TRAIN + 40))


def test_folds_keep_groups_whole_and_hold_every_image_once(tmp_path):
    data = load(tmp_path, groups_train=TRAIN)
    seen = []
    for number in range(5):
        fold = take_fold(data, number, 5)
        held = {image.tobytes() for image in fold.test_images}
        groups = {TRAIN[i] for i, x in enumerate(data.train_images) if x.tobytes() in held}
        kept = {TRAIN[i] for i, x in enumerate(data.train_images) if x.tobytes() not in held}
        assert not groups & kept
        assert fold.test_groups.count == len(groups)
        assert 40 <= len(held) <= 60
        assert fold.train_groups.count == 24 - len(groups)
        seen += held
    assert len(seen) == len(set(seen)) == 240
    with pytest.raises(UserError, match="fewer folds"):
        [take_fold(data, number, 40) for number in range(40)]


def test_folds_without_groups_are_contiguous_as_before(tmp_path):
    data = load(tmp_path)
    fold = take_fold(data, 1, 4)
    np.testing.assert_array_equal(fold.test_images, data.train_images[60:120])
    assert fold.test_groups is fold.train_groups is None


def test_a_validation_split_keeps_groups_whole(tmp_path):
    data = load(tmp_path, groups_train=TRAIN)
    kept, kept_labels, held, held_labels = split_validation(
        data.train_images, data.train_labels, 0.2, data.train_groups
    )
    where = {image.tobytes(): group for image, group in zip(data.train_images, TRAIN, strict=True)}
    assert not {where[x.tobytes()] for x in held} & {where[x.tobytes()] for x in kept}
    assert len(held) + len(kept) == 240
    assert 40 <= len(held) <= 56
    assert len(held_labels) == len(held)
    assert len(kept_labels) == len(kept)
    with pytest.raises(UserError, match="would be empty"):
        split_validation(data.train_images, data.train_labels, 0.01, data.train_groups)


def test_what_a_cell_holds_back_for_validation_splits_no_group(tmp_path):
    data = load(tmp_path, groups_train=TRAIN)
    parts = make_parts(data, Recipe(optimizer="sgd", batch_size=8, epochs=1, validation_split=0.2))
    expected = split_validation(data.train_images, data.train_labels, 0.2, data.train_groups)
    np.testing.assert_array_equal(parts.validation_images, expected[2])
    np.testing.assert_array_equal(parts.train_labels, expected[1])


def test_the_arrays_that_travel_to_a_node_hold_what_splits_them(tmp_path):
    data = load(tmp_path, groups_test=TEST, groups_train=TRAIN)
    path = tmp_path / "sent.npz"
    np.savez(path, **data.arrays)
    assert datasets.load(str(path)).fingerprint == data.fingerprint


def test_the_writers_of_mnist_are_those_of_the_source():
    with np.load(mnist.INFO.test_groups, allow_pickle=False) as file:
        writers = file["groups_test"]
    assert hashlib.sha256(writers.astype("<u2").tobytes()).hexdigest() == (
        "0d0942e0273f6e345d5998ccc814d9e200ed607a1b6d73f324a92ed0e2da5e90"
    )
    found = datasets.shipped_test_groups("mnist", mnist.INFO.fingerprint)
    assert str(found) == "297 writers"
    sizes = np.bincount(found.codes)
    assert (sizes.min(), sizes.max(), len(found.codes)) == (8, 130, 10_000)


def test_writers_belong_to_the_known_test_images_only():
    assert datasets.shipped_test_groups("mnist", "0" * 64) is None
    assert datasets.shipped_test_groups("mnist-fold-0-of-12", mnist.INFO.fingerprint) is None
    assert datasets.shipped_test_groups("digits", mnist.INFO.fingerprint) is None
