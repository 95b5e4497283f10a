"""Pixels of mean 0 and standard deviation 1, channel by channel over the training images."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.backends import Scale, Standard, Warping, to_float
from ninetynine.blocks import blocks
from ninetynine.recipe import Recipe

_AT_ONCE = 1000  # images, of large ones fewer
_BYTES_AT_ONCE = 2**26


def scale_of(recipe: Recipe, images: NDArray[Any]) -> Scale:
    """Return how ``recipe`` scales pixels, trained on ``images`` (n, h, w, c).

    The two moments are summed in float64.  A channel that is the same everywhere is divided by 1.
    """
    if recipe.scale != "standard":
        return recipe.scale
    pixels = images.shape[0] * images.shape[1] * images.shape[2]
    mean = sum(part.sum(axis=(0, 1, 2)) for part in _parts(images)) / pixels
    squares = sum(((part - mean) ** 2).sum(axis=(0, 1, 2)) for part in _parts(images)) / pixels
    deviation = np.where(squares > 0, np.sqrt(squares), 1.0)
    return Standard(tuple(mean.tolist()), tuple(deviation.tolist()))


def _parts(images: NDArray[Any]) -> Any:
    fitting = _BYTES_AT_ONCE // (8 * math.prod(images.shape[1:]))
    for _, block in blocks(images, max(1, min(_AT_ONCE, fitting))):
        yield to_float(block, "unit").astype(np.float64)


class StandardizedWarp:
    """Changes images whose pixels are from 0 to 1, so that what moves in is black; scales then."""

    def __init__(self, warp: Warping, scale: Standard) -> None:
        self._warp, self._scale = warp, scale

    def __call__(self, images: Any, changes: Any) -> Any:
        """Return ``images`` (b, h, w, c) in [0, 1] changed and standardized."""
        return self._standardized(self._warp(images, changes))

    def batch(self, images: Any, targets: Any, changes: Any) -> tuple[Any, Any]:
        """Return a batch with its ``targets`` (b, classes), changed, mixed and standardized."""
        images, targets = self._warp.batch(images, targets, changes)
        return self._standardized(images), targets

    def no_changes(self, images: int) -> NDArray[np.float32]:
        """Return the changes (images, k) that leave ``images`` images as they are."""
        return self._warp.no_changes(images)

    def _standardized(self, images: Any) -> Any:
        mean, deviation = (np.asarray(moment, np.float32) for moment in self._scale)
        return (images - mean) / deviation
