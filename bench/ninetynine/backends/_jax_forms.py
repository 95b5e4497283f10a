"""Layers of Keras computed in other forms, which XLA does better.

Convolutions have Keras's values to rounding; max pooling has the same values and gradients.
"""

from math import prod
from typing import Any

# A window's pixels are compared one by one in the program: of more, XLA takes long to compile it.
_MOST_PIXELS = 64


def convolve_by_products(model: Any) -> None:
    """Have the plain convolutions of ``model`` computed as products of patches."""
    for layer in model._flatten_layers():
        if _convolves_plainly(layer):
            layer.convolution_op = _Products(layer)


def pool_by_selecting(model: Any) -> None:
    """Have max pooling pass its gradient by selecting, where windows do not overlap.

    XLA searches each window once more and scatters to what it finds, for which it sorts on a GPU
    that is to be deterministic: most of a small network's step.
    """
    for layer in model._flatten_layers():
        if _pools_plainly(layer) and not has_own_pooling(layer):
            layer.call = _Pooling(layer)


def has_own_pooling(layer: Any) -> bool:
    """Return whether `pool_by_selecting` has changed ``layer``."""
    return isinstance(vars(layer).get("call"), _Pooling)


def _convolves_plainly(layer: Any) -> bool:
    import keras

    plain = type(layer) is keras.layers.Conv2D and layer.data_format == "channels_last"
    return plain and layer.groups == 1 and layer.strides == layer.dilation_rate == (1, 1)


class _Products:
    """Keras's convolution of one layer: its kernel times the patches that it lies on."""

    def __init__(self, layer: Any) -> None:
        self._padding, self._dtype = layer.padding, layer.compute_dtype

    def __call__(self, inputs: Any, kernel: Any) -> Any:
        from keras import ops

        kernel = ops.cast(ops.convert_to_tensor(kernel), self._dtype)
        height, width = kernel.shape[:2]
        if self._padding == "same":
            around = [[(size - 1) // 2, size // 2] for size in (height, width)]
            inputs = ops.pad(inputs, [[0, 0], *around, [0, 0]])
        rows, columns = inputs.shape[1] - height + 1, inputs.shape[2] - width + 1
        shifted = [
            inputs[:, y : y + rows, x : x + columns] for y in range(height) for x in range(width)
        ]
        patches = ops.concatenate(shifted, axis=-1)  # in the kernel's order of its first axes
        return ops.matmul(patches, ops.reshape(kernel, (-1, kernel.shape[-1])))


def _pools_plainly(layer: Any) -> bool:
    """Return whether ``layer`` takes the maximum of small windows that do not overlap."""
    import keras

    plain = type(layer) is keras.layers.MaxPooling2D and layer.data_format == "channels_last"
    return plain and layer.strides == layer.pool_size and prod(layer.pool_size) <= _MOST_PIXELS


class _Pooling:
    """Max pooling whose gradient goes to the first of the largest pixels of a window, as XLA's."""

    def __init__(self, layer: Any) -> None:
        self._window, self._valid = layer.pool_size, layer.padding == "valid"
        self._as_it_was = layer.call

    def __call__(self, inputs: Any) -> Any:
        sizes = inputs.shape[1:3]
        if self._valid or all(n % size == 0 for n, size in zip(sizes, self._window, strict=True)):
            return _max_pool(self._window, sizes)(inputs)
        return self._as_it_was(inputs)


def _max_pool(window: tuple[int, int], sizes: tuple[int, int]) -> Any:
    """Return the max pooling of images (b, ``*sizes``, c) that passes gradients by selecting."""
    import jax
    import jax.numpy as jnp

    height, width = window
    rows, columns = sizes[0] // height, sizes[1] // width
    left_over = sizes[0] - rows * height, sizes[1] - columns * width

    def largest(images: Any) -> tuple[Any, Any]:
        """Return the largest pixels of the windows, and where in its window each was first."""
        within = images[:, : rows * height, : columns * width]
        split = within.reshape(-1, rows, height, columns, width, images.shape[3])
        best = split[:, :, 0, :, 0]
        place = jnp.zeros(best.shape, jnp.uint8)
        for number in range(1, height * width):
            pixel = split[:, :, number // width, :, number % width]
            place = jnp.where(pixel > best, jnp.uint8(number), place)
            best = jnp.maximum(best, pixel)
        return best, place

    def passed_back(place: Any, gradient: Any) -> tuple[Any]:
        numbers = jnp.arange(height * width, dtype=jnp.uint8).reshape(height, 1, width, 1)
        here = place[:, :, None, :, None] == numbers
        spread = jnp.where(here, gradient[:, :, None, :, None], jnp.zeros((), gradient.dtype))
        within = spread.reshape(-1, rows * height, columns * width, gradient.shape[3])
        return (jnp.pad(within, [(0, 0), (0, left_over[0]), (0, left_over[1]), (0, 0)]),)

    pool = jax.custom_vjp(lambda images: largest(images)[0])
    pool.defvjp(largest, passed_back)
    return pool
