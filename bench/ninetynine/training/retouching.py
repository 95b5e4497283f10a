"""Flips, colors, blanked rectangles and mixed pairs: what augmentation does beside moving pixels.

Like the moves (`ninetynine.training.augmentation`), each is a few numbers for each image, drawn by
the seed, the epoch and the place in its order alone, and applied by whatever backend trains.

Sources: DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout",
arXiv:1708.04552; Zhong, Zheng, Kang, Li and Yang, "Random Erasing Data Augmentation", AAAI 2020;
Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018; Yun,
Han, Oh, Chun, Choe and Yoo, "CutMix", ICCV 2019.  Colors are as in torchvision's ColorJitter, in
the order brightness, contrast, saturation, hue, with hue a rotation in YIQ.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.recipe import Augmentation

DRAWN = 18  # uniform numbers from 0 to 1 for each image, whatever is asked for
COLUMNS = 16  # numbers of what is done to it
_OUTSIDE = -100.0  # the center of a square that lies off the image, in image widths
_ERASED_AREA = (0.02, 0.33)  # of the image, and height by width, as published
_ERASED_ASPECT = (0.3, 1 / 0.3)
_QUANTILES = 2049
_YIQ = np.array(  # rows: Y, I and Q of red, green and blue (NTSC)
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)


class Retouching:
    """Turns numbers into what is done to images, and does it.

    Pixels are from 0, the background, to ``white``; images are (b, ``height``, ``width``, c).
    """

    def __init__(
        self, augmentation: Augmentation, height: int = 0, width: int = 0, white: float = 1.0
    ) -> None:
        self._words = augmentation
        self._height, self._width, self._white = height, width, white

    # What is drawn ---------------------------------------------------------------------------

    def changes(self, uniform: Any, arrays: Any) -> Any:
        """Return what ``uniform`` (DRAWN, images), from 0 to 1, does: (images, COLUMNS)."""
        words = self._words
        off = arrays.zeros_like(uniform[0])
        left, top = uniform[6], uniform[7]
        low, high = _ERASED_AREA
        area = arrays.where(uniform[8] < words.erasing_probability, low, off)
        area = area + arrays.where(area > 0, (high - low) * uniform[9], off)
        first, last = np.log(_ERASED_ASPECT)
        both = bool(words.mixup_alpha and words.cutmix_alpha)
        is_mixup = uniform[13] < (0.5 if both else float(bool(words.mixup_alpha)))
        columns = [
            arrays.where(uniform[0] < 0.5, float(words.horizontal_flip), off),
            arrays.where(uniform[1] < 0.5, float(words.vertical_flip), off),
            1 + words.brightness_fraction * (2 * uniform[2] - 1),
            1 + words.contrast_fraction * (2 * uniform[3] - 1),
            1 + words.saturation_fraction * (2 * uniform[4] - 1),
            float(np.deg2rad(words.hue_degrees)) * (2 * uniform[5] - 1),
            left if words.cutout_pixels else off + _OUTSIDE,
            top if words.cutout_pixels else off + _OUTSIDE,
            area,
            arrays.exp(first + (last - first) * uniform[10]),
            uniform[11],
            uniform[12],
            arrays.where(is_mixup, _beta(words.mixup_alpha, uniform[14], arrays), off),
            arrays.where(is_mixup, off, _beta(words.cutmix_alpha, uniform[15], arrays)),
            uniform[16],
            uniform[17],
        ]
        return arrays.stack(columns, axis=1)

    def no_changes(self, images: int) -> NDArray[np.float32]:
        """Return the changes that leave ``images`` images as they are."""
        nothing = [0, 0, 1, 1, 1, 0, _OUTSIDE, _OUTSIDE, 0, 1, 0, 0, 0, 0, 0, 0]
        return np.tile(np.array(nothing, np.float32), (images, 1))

    # What is done ----------------------------------------------------------------------------

    def __call__(self, images: Any, changes: Any) -> Any:
        """Return ``images`` as ``changes`` (b, COLUMNS) has each of them by itself."""
        from keras import ops

        words = self._words
        number = [changes[:, i][:, None, None, None] for i in range(COLUMNS)]
        if words.horizontal_flip:
            images = ops.where(number[0] > 0.5, ops.flip(images, axis=2), images)
        if words.vertical_flip:
            images = ops.where(number[1] > 0.5, ops.flip(images, axis=1), images)
        if words.brightness_fraction or words.contrast_fraction or words.colors:
            images = ops.clip(self._recolored(images, number), 0.0, self._white)
        if words.cutout_pixels:
            side = words.cutout_pixels
            left = ops.floor(number[6] * self._width) - side // 2
            top = ops.floor(number[7] * self._height) - side // 2
            images = self._without(images, left, top, left + side, top + side)
        if words.erasing_probability:
            area, aspect = number[8] * (self._height * self._width), number[9]
            tall = ops.minimum(ops.round(ops.sqrt(area * aspect)), self._height)
            wide = ops.minimum(ops.round(ops.sqrt(area / aspect)), self._width)
            left = ops.floor(number[10] * (self._width - wide + 1))
            top = ops.floor(number[11] * (self._height - tall + 1))
            images = self._without(images, left, top, left + wide, top + tall)
        return images

    def mixed(self, images: Any, targets: Any, changes: Any) -> tuple[Any, Any]:
        """Return ``images`` and ``targets`` (b, classes), each mixed with the one before it."""
        from keras import ops

        words = self._words
        if not words.mixes:
            return images, targets
        number = [changes[:, i][:, None, None, None] for i in range(12, COLUMNS)]
        others, share = ops.roll(images, 1, axis=0), number[0]
        if words.mixup_alpha:
            images = images + share * (others - images)
        if words.cutmix_alpha:
            side = ops.sqrt(number[1])
            tall, wide = ops.round(side * self._height), ops.round(side * self._width)
            left = ops.floor(number[2] * self._width) - ops.floor(wide / 2)
            top = ops.floor(number[3] * self._height) - ops.floor(tall / 2)
            inside = self._inside(left, top, left + wide, top + tall)
            images = ops.where(inside, others, images)
            share = share + ops.mean(ops.cast(inside, "float32"), axis=(1, 2, 3), keepdims=True)
        share = share[:, 0, 0]
        return images, targets + share * (ops.roll(targets, 1, axis=0) - targets)

    def _recolored(self, images: Any, number: list[Any]) -> Any:
        from keras import ops

        words = self._words
        images = images * number[2]
        if words.contrast_fraction:
            grey = ops.mean(_grey(images), axis=(1, 2, 3), keepdims=True)
            images = grey + number[3] * (images - grey)
        if words.colors:
            yiq = ops.matmul(images, _YIQ.T.astype(np.float32))
            cosine, sine = number[4] * ops.cos(number[5]), number[4] * ops.sin(number[5])
            y, i, q = yiq[..., :1], yiq[..., 1:2], yiq[..., 2:]
            turned = [y, cosine * i - sine * q, sine * i + cosine * q]
            back = np.linalg.inv(_YIQ).T.astype(np.float32)
            images = ops.matmul(ops.concatenate(turned, axis=-1), back)
        return images

    def _without(self, images: Any, left: Any, top: Any, right: Any, bottom: Any) -> Any:
        from keras import ops

        inside = self._inside(left, top, right, bottom)
        return ops.where(inside, ops.zeros_like(images), images)

    def _inside(self, left: Any, top: Any, right: Any, bottom: Any) -> Any:
        """Return which pixels lie in each image's rectangle, (b, height, width, 1)."""
        from keras import ops

        x = np.arange(self._width, dtype=np.float32)[None, None, :, None]
        y = np.arange(self._height, dtype=np.float32)[None, :, None, None]
        across, down = (ops.convert_to_tensor(axis) for axis in (x, y))
        in_columns = ops.logical_and(across >= left, across < right)
        return ops.logical_and(in_columns, ops.logical_and(down >= top, down < bottom))


def _grey(images: Any) -> Any:
    """Return the luma of ``images`` (b, h, w, c), (b, h, w, 1)."""
    from keras import ops

    if images.shape[-1] != len(_YIQ):
        return ops.mean(images, axis=-1, keepdims=True)
    return ops.matmul(images, _YIQ[:1].T.astype(np.float32))


def _beta(alpha: float, uniform: Any, arrays: Any) -> Any:
    """Return numbers of the distribution Beta(alpha, alpha), for ones that are uniform."""
    from scipy.special import betaincinv

    if not alpha:
        return arrays.zeros_like(uniform)
    places = np.linspace(0, 1, _QUANTILES)
    values = betaincinv(alpha, alpha, places)
    return arrays.interp(uniform, places, values)
