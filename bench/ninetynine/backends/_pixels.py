"""Images and labels as models take them: scaled, one-hot, and changed where they are augmented."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]  # (n, height, width, channels), uint8 in [0, 255] or float32 in [0, 1]
Labels = NDArray[np.int64]  # (n,)


class Standard(NamedTuple):
    """A scale of mean 0 and standard deviation 1: both of each channel, pixels being in [0, 1]."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]


Scale = str | Standard  # "unit", "none", or what to standardize by


def one_hot(labels: Labels, units: int) -> NDArray[np.float32]:
    """Return what ``units`` outputs are to be, (n, units); one output: is it the second class?"""
    if units == 1:
        return labels[:, np.newaxis].astype(np.float32)
    return np.eye(units, dtype=np.float32)[labels]


def to_float(images: Images, scale: Scale) -> NDArray[np.float32]:
    """Return ``images`` as float32: in [0, 1] where ``scale`` is "unit", else as in the file.

    Those of a `Standard` are in [0, 1] first, then less its mean, divided by its deviation.
    NumPy divides here on purpose: a graph would multiply by a rounded 1/255, another last bit.
    """
    if isinstance(scale, Standard):
        pixels = to_float(images, "unit")
        pixels -= np.asarray(scale.mean, np.float32)
        pixels /= np.asarray(scale.deviation, np.float32)
        return pixels
    pixels = np.array(images, np.float32)
    if images.dtype == np.uint8 and scale == "unit":
        pixels /= np.float32(255.0)
    elif images.dtype != np.uint8 and scale == "none":
        pixels *= np.float32(255.0)
    return pixels


class Warping(Protocol):
    """Applies drawn changes to a batch of images, as keras operations."""

    def __call__(self, images: Any, changes: Any) -> Any:
        """Return ``images`` (b, h, w, c) float32 changed as ``changes`` (b, k) float32 says."""
        ...

    def batch(self, images: Any, targets: Any, changes: Any) -> tuple[Any, Any]:
        """Return changed ``images`` with their ``targets`` (b, classes), mixed where asked for."""
        ...

    def no_changes(self, images: int) -> NDArray[np.float32]:
        """Return the changes (images, k) that leave ``images`` images as they are."""
        ...


def before_warp(scale: Scale, warp: Warping | None) -> Scale:
    """Return how pixels are scaled that ``warp`` is given: it standardizes what it has changed."""
    return "unit" if warp is not None and isinstance(scale, Standard) else scale
