"""Folds of a training set never hold a test image and together hold each training image once."""

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.errors import UserError


@pytest.mark.slow
def test_the_test_parts_of_all_folds_are_the_training_set():
    whole = datasets.load("digits")
    folds = [datasets.load(f"digits-fold-{k}-of-7") for k in range(7)]
    together = np.concatenate([fold.test_images for fold in folds])
    assert np.array_equal(together, whole.train_images)
    for fold in folds:
        assert len(fold.train_images) + len(fold.test_images) == len(whole.train_images)
        assert fold.num_classes == whole.num_classes
    assert len({fold.fingerprint for fold in folds}) == 7


def test_a_fold_trains_on_the_other_images_in_their_order():
    whole, fold = datasets.load("digits"), datasets.load("digits-fold-1-of-3")
    third = len(whole.train_images) // 3
    start, end = third, 2 * len(whole.train_images) // 3
    expected = np.delete(whole.train_images, np.s_[start:end], axis=0)
    assert np.array_equal(fold.train_images, expected)


@pytest.mark.parametrize("name", ["digits-fold-3-of-3", "digits-fold-0-of-1", "digit-fold-0-of-3"])
def test_a_fold_that_is_not_there_is_one_line(name):
    with pytest.raises(UserError) as caught:
        datasets.load(name)
    assert "\n" not in str(caught.value)
