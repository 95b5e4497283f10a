"""The layer that sets digits upright: what it leaves alone, what it makes of a slanted stroke."""

import keras
import numpy as np
import pytest
from ninetynine.architectures._deslanting import Deslanting

pytestmark = pytest.mark.slow


def spread(image):
    """Return slant, and the ink's standard deviation along the rows of an upright digit."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    ink = image / image.sum()
    across, down = x - (ink * x).sum(), y - (ink * y).sum()
    slant = (ink * across * down).sum() / (ink * down**2).sum()
    return slant, np.sqrt((ink * (across - slant * down) ** 2).sum())


def stroke(slant, thickness, shift=0):
    """Return a stroke of so many pixels, (1, 28, 28, 1), that leans by ``slant``."""
    y, x = np.mgrid[:28, :28]
    middle = 13.5 + shift + slant * (y - 13.5)
    image = np.clip(thickness / 2 + 0.5 - np.abs(x - middle), 0, 1) * (np.abs(y - 13.5) < 10)
    return image[None, :, :, None].astype("float32")


def changed(image, width=None):
    return keras.ops.convert_to_numpy(Deslanting(width)(image))


@pytest.mark.parametrize("slant", [-0.6, -0.2, 0.3, 0.7])
def test_a_slanted_stroke_stands_upright(slant):
    found = changed(stroke(slant, 4))
    assert abs(spread(stroke(slant, 4)[0, ..., 0])[0] - slant) < 0.01
    assert abs(spread(found[0, ..., 0])[0]) < 0.03


def test_an_upright_stroke_stays_as_it_is():
    image = stroke(0, 4)
    np.testing.assert_allclose(changed(image), image, atol=1e-5)


@pytest.mark.parametrize(
    ("width", "wanted"), [(2.0, 2.0), (3.0, 3.0), (9.0, 2.3 * 1.6), (0.5, 1.15)]
)
def test_a_stroke_becomes_as_wide_as_asked_within_limits(width, wanted):
    assert abs(spread(stroke(0, 8)[0, ..., 0])[1] - 2.3) < 0.05
    found = spread(changed(stroke(0.3, 8), width)[0, ..., 0])[1]
    assert found == pytest.approx(wanted, rel=0.05)


def test_a_digit_two_pixels_further_right_is_changed_to_the_same_two_pixels_further_right():
    here, there = changed(stroke(0.3, 4), 3.0), changed(stroke(0.3, 4, shift=2), 3.0)
    np.testing.assert_allclose(np.roll(here, 2, axis=2), there, atol=1e-4)


def test_a_black_image_stays_black():
    assert not changed(np.zeros((2, 28, 28, 1), "float32"), 3.0).any()


def test_colors_move_together():
    grey = stroke(0.4, 4)
    colored = changed(np.concatenate([grey, grey / 2, grey / 4], axis=-1))
    np.testing.assert_allclose(colored[..., 2], changed(grey)[..., 0] / 4, atol=1e-6)
