"""Reads images: their layout and their range, each mistake with what to do about it."""

import math

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import blocks, extremes
from ninetynine.datasets.dataset import Images
from ninetynine.errors import UserError

# More channels than these are no picture's, fewer pixels on a side hardly a picture.
_MOST_CHANNELS = 4


def read_images(array: npt.NDArray[np.generic], where: str) -> Images:
    """Return uint8 or float32 images (n, height, width, channels).

    ``array`` may lack the channel axis; it is uint8, or floats in [0, 1]. ``where`` names the
    array, with its file, in the UserError that anything else raises.
    """
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise UserError(
            f"{where} is {describe(array)}; expected images of shape (n, height, width) or "
            f"(n, height, width, channels), none of them 0{_unflatten(array)}"
        )
    if array.dtype == np.uint8:
        images: Images = array.astype(np.uint8, copy=False)
    elif np.issubdtype(array.dtype, np.floating):
        images = _unit_floats(array, where)
    else:
        raise UserError(
            f"{where} is {describe(array)}{_integer_range(array)}; expected uint8 in 0..255 or "
            f"floats in [0, 1]{_cast(array)}"
        )
    if images.ndim == 3:
        return images[..., np.newaxis]
    _refuse_channels_first(images, where)
    return images


def describe(array: npt.NDArray[np.generic]) -> str:
    """Return an array's dtype and shape for a message, such as ``uint8 (60000, 28, 28)``."""
    kind = "text" if array.dtype.kind in "US" else array.dtype
    return f"{kind} {array.shape}"


def _refuse_channels_first(images: Images, where: str) -> None:
    """Raise UserError where the second axis, not the last, looks like channels.

    (n, 1, 28, 28) and (n, 3, 32, 32) do. (n, 28, 28, 3) does not, nor does (n, 1, 5000, 12), whose
    last axes are no picture's: twelve series of 5000 values.
    """
    _, channels, height, width = images.shape
    short, long = sorted((height, width))
    if channels <= _MOST_CHANNELS < short and long <= 4 * short:
        raise UserError(
            f"{where} is {describe(images)}, which looks channels-first (channels, height, "
            f"width); expected (n, height, width, channels): give --channels first, or save "
            "numpy.moveaxis(images, 1, -1)"
        )


def _unflatten(array: npt.NDArray[np.generic]) -> str:
    """Return what to do about square grey images in rows, such as (n, 784); "" for others."""
    side = math.isqrt(array.shape[1]) if array.ndim == 2 else 0
    if side < 2 or side * side != array.shape[1]:
        return ""
    return f" (rows of {side} x {side} pixels: save images.reshape(-1, {side}, {side}))"


def _unit_floats(array: npt.NDArray[np.generic], where: str) -> npt.NDArray[np.float32]:
    """Return floats as float32 after checking that each is finite and in [0, 1]."""
    low, high = map(float, extremes(array))
    if not (math.isfinite(low) and math.isfinite(high)):
        bad = _counts_of_not_finite(array)
        raise UserError(
            f"{where} holds NaN or infinite values ({bad.sum():,} of {array.size:,}, in "
            f"{(bad > 0).sum():,} of {len(bad):,} images, the first at index {(bad > 0).argmax()});"
            " expected floats in [0, 1]: mend these images or leave them out"
        )
    if low < 0 or high > 1:
        raise UserError(
            f"{where} has values from {low:g} to {high:g}; expected floats in [0, 1] "
            f"({_bring_to_unit(low, high)})"
        )
    return array.astype(np.float32, copy=False)


def _counts_of_not_finite(array: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Return how many values of each image are NaN or infinite."""
    parts = [(~np.isfinite(b)).reshape(len(b), -1).sum(axis=1) for _, b in blocks(array)]
    return np.concatenate(parts)


def _bring_to_unit(low: float, high: float) -> str:
    """Return how to bring floats from ``low`` to ``high`` to 0 to 1.

    The range tells in most cases what was done to the pixels before.
    """
    if low >= -0.1 and 0.9 <= high <= 1.1:
        return "a little beyond, as resizing leaves it: save numpy.clip(images, 0, 1)"
    if low >= 0:
        if high > 65_535:
            return "divide by the highest value that a pixel can have"
        if high > 255:
            return "divide by 65535 if they are 16-bit, else by a pixel's highest possible value"
        if high > 127:
            return "divide by 255, or save uint8"
        return "divide by the highest value that a pixel can have, such as 16 in 0 to 16"
    if low >= -0.5 and high - low <= 1.001:
        return "a mean was subtracted: add it again, 0.5 if the range was -0.5 to 0.5"
    if low >= -1 and high <= 1:
        return "these look like the range -1 to 1: save (images + 1) / 2"
    if low >= -16 and high <= 16:
        return "these look standardized: save images * deviation + mean, or the pixels as they were"
    if low >= -128 and high <= 127:
        return "these look like signed bytes: save (images + 128) / 255"
    return "save (images - L) / (H - L), L and H being a pixel's lowest and highest possible value"


def _integer_range(array: npt.NDArray[np.generic]) -> str:
    if array.dtype.kind not in "iu":
        return ""
    low, high = _integer_bounds(array)
    return f" from {low} to {high}"


def _cast(array: npt.NDArray[np.generic]) -> str:
    """Return how to save booleans and integers as uint8 or floats; "" for other kinds."""
    if array.dtype.kind == "b":
        return " (save images.astype(numpy.uint8) * 255)"
    if array.dtype.kind not in "iu":
        return ""
    low, high = _integer_bounds(array)
    if low >= 0 and high <= 255:
        # What are 0 and 1 here, or 0 to 16, would be almost black as bytes.
        if high > 63:
            return " (save images.astype(numpy.uint8))"
        return " (save images / M, M being the highest value that a pixel can have)"
    if -128 <= low < 0 and high <= 127:
        return " (signed bytes: save (images.astype(int) + 128).astype(numpy.uint8))"
    return f" ({_bring_to_unit(low, high)})"


def _integer_bounds(array: npt.NDArray[np.generic]) -> tuple[int, int]:
    low, high = extremes(array)
    return int(low), int(high)
