"""Keras's fit, an epoch at a time, and TensorFlow's own loop compute the same."""

from functools import cache

import numpy as np
import pytest
from ninetynine.backends import FitLoop
from ninetynine.backends.tensorflow import TensorFlowLoop
from ninetynine.recipe import Augmentation
from ninetynine.training.augmentation import Warp, draw

pytestmark = pytest.mark.slow
WORDS = Augmentation(shift_pixels=1, rotation_degrees=5.0)
MORE_WORDS = WORDS.model_copy(
    update={"horizontal_flip": True, "contrast_fraction": 0.2, "cutout_pixels": 2}
    | {"mixup_alpha": 0.5, "cutmix_alpha": 1.0, "erasing_probability": 0.5}
)


@pytest.fixture(scope="module")
def train():
    """Return a function from a loop's class to the weights and the loss after two epochs.

    Each warp is compiled once for a loop, and trained with once.
    """
    import keras
    from keras import layers

    random = np.random.default_rng(0)
    images = random.integers(0, 256, (50, 8, 8, 1), np.uint8)
    labels = random.integers(0, 3, 50)

    @cache
    def train(loop_class, words=None):
        warp = None if words is None else Warp(words, 8, 8)
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.Flatten(),
                layers.Dropout(0.5),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
        loop = loop_class(model, images, labels, 16, "unit", warp)
        loop.compile()
        for epoch in range(2):
            order = np.random.default_rng(epoch).permutation(50).astype(np.int32)
            changes = draw(words, 50, 8, 0, epoch) if warp else None
            metrics = loop.run_epoch(order, changes)
        return model.get_weights(), metrics["loss"], loop.predict(images, 20)

    return train


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(None, id="plain"),
        pytest.param(WORDS, id="warped", marks=pytest.mark.exhaustive),
        pytest.param(MORE_WORDS, id="mixed", marks=pytest.mark.exhaustive),
    ],
)
def test_both_loops_compute_the_same(train, words):
    (weights, loss, outputs), (others, other_loss, other_outputs) = (
        train(loop_class, words) for loop_class in (FitLoop, TensorFlowLoop)
    )
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert loss == pytest.approx(other_loss, rel=1e-5)
    np.testing.assert_allclose(outputs, other_outputs, atol=1e-6)
    assert outputs.shape == (50, 3)


def test_the_warp_reaches_what_fit_trains_on(train):
    plain, warped = (train(FitLoop, words)[0] for words in (None, WORDS))
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(plain, warped, strict=True))
