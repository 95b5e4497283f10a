"""Max pooling on JAX has the values and the gradients of XLA's, to the last bit."""

from types import SimpleNamespace

import numpy as np
import pytest
from ninetynine.backends._jax_forms import _Pooling, has_own_pooling, pool_by_selecting

jax = pytest.importorskip("jax")
keras = pytest.importorskip("keras")  # seconds, and nothing where JAX is not installed
CPU = jax.devices("cpu")[0]


def theirs(window, padding):
    """Return what XLA makes of windows that do not overlap."""

    def pool(images):
        steps = (1, *window, 1)
        return jax.lax.reduce_window(images, -np.inf, jax.lax.max, steps, steps, padding.upper())

    return pool


def ours(window, padding):
    layer = SimpleNamespace(pool_size=window, padding=padding, call=theirs(window, padding))
    return _Pooling(layer)


def values_and_gradients(pool, images):
    values, passed_back = jax.vjp(pool, images)
    weights = np.random.default_rng(1).normal(size=values.shape).astype(images.dtype)
    return np.asarray(values), np.asarray(passed_back(weights)[0])


def few_values(*shape):
    """Return images most of whose windows have several pixels that are the largest."""
    return np.random.default_rng(0).integers(-1, 2, shape).astype(np.float32)


@pytest.mark.parametrize("sizes", [(8, 8), (11, 11), (9, 10), (7, 12)])
@pytest.mark.parametrize("window", [(2, 2), (3, 3), (1, 2), (3, 2), (6, 6)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_values_and_gradients_are_the_same_bits(sizes, window, padding):
    images = few_values(4, *sizes, 3)
    with jax.default_device(CPU):
        known = values_and_gradients(theirs(window, padding), images)
        found = values_and_gradients(ours(window, padding), images)
    np.testing.assert_array_equal(found[0], known[0])
    np.testing.assert_array_equal(found[1], known[1])


def test_many_seeds_at_once_have_the_bits_of_each_alone():
    images = few_values(2, 4, 11, 11, 3)
    pool = ours((2, 2), "valid")
    with jax.default_device(CPU):
        together = jax.vmap(pool)(images)
        alone = [values_and_gradients(pool, one) for one in images]
        weights = np.random.default_rng(1).normal(size=alone[0][0].shape).astype(np.float32)
        passed = jax.vmap(lambda one: jax.vjp(pool, one)[1](weights)[0])(images)
    np.testing.assert_array_equal(together, [values for values, _ in alone])
    np.testing.assert_array_equal(passed, [gradients for _, gradients in alone])


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        ({}, True),
        ({"pool_size": (3, 2)}, True),
        ({"pool_size": 3, "strides": 2}, False),
        ({"pool_size": 2, "strides": 1}, False),
        ({"data_format": "channels_first"}, False),
        ({"pool_size": 8}, True),
        ({"pool_size": (5, 13)}, False),
        ({"pool_size": 28}, False),
    ],
)
def test_windows_that_overlap_or_are_large_are_left_to_keras(arguments, changed):
    layer = keras.layers.MaxPooling2D(**arguments)
    pool_by_selecting(keras.Sequential([keras.Input((28, 28, 28)), layer]))
    assert has_own_pooling(layer) == changed


def test_to_change_a_model_twice_is_to_change_it_once():
    layer = keras.layers.MaxPooling2D()
    model = keras.Sequential([keras.Input((8, 8, 3)), layer])
    pool_by_selecting(model)
    before = layer.call
    pool_by_selecting(model)
    assert layer.call is before
