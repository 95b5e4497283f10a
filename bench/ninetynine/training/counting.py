"""What is counted on a built model itself: multiply-adds, and hashes of weights and layers."""

import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def count_multiply_adds(model: Any) -> int | None:
    """Return the multiply-adds of one forward pass of one image.

    Counted: Dense, Conv1D to Conv3D, DepthwiseConv and SeparableConv layers, in nested models too;
    a kernel of k weights at p output positions is k p.  Biases, activations, pooling,
    normalisation, dropout and layers without weights count as 0.  None where the number cannot be
    told: another kind of layer with weights, a layer or model called more than once, or images of
    no fixed size.
    """
    counts = [_multiply_adds(layer) for layer in model.layers]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def weights_hash(model: Any) -> str:
    """Return the SHA-256 (64 hex digits) over dtype, shape and bytes of every weight in order."""
    return hash_of_weights(model.get_weights())


def hash_of_weights(weights: Iterable[Any]) -> str:
    """Return the `weights_hash` of a model with these ``weights``, NumPy arrays in its order."""
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(f"{weight.dtype.name} {weight.shape};".encode())
        digest.update(weight.tobytes())
    return digest.hexdigest()


def computation_of(model: Any) -> str:
    """Return what is known of what ``model`` computes: configuration and shapes, no seed, no value.

    Of a model that cannot say its configuration it is the shapes.
    """

    def plain(value: Any) -> Any:
        return value.tolist() if isinstance(value, np.ndarray) else type(value).__name__

    def seedless(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(k): seedless(v) for k, v in value.items() if k != "seed"}
        return [*map(seedless, value)] if isinstance(value, list | tuple) else value

    shapes = str([(tuple(weight.shape), str(weight.dtype)) for weight in model.weights])
    try:
        return json.dumps(seedless(model.get_config()), sort_keys=True, default=plain) + shapes
    except Exception:  # whatever a user's get_config raises
        return shapes


def built_hash(model: Any) -> str:
    """Return the SHA-256 (64 hex digits) over an untrained model: its configuration and weights.

    A model that cannot say its configuration, as some subclasses cannot, counts by its weights.
    """
    try:
        whole = model.get_config()
        configuration = json.dumps(
            whole, sort_keys=True, default=lambda value: type(value).__name__
        )
    except Exception:  # whatever a user's get_config raises
        configuration = ""
    return hashlib.sha256(f"{configuration}{weights_hash(model)}".encode()).hexdigest()


def _multiply_adds(layer: Any) -> int | None:
    if not layer.weights:
        return 0
    # Keras has no public word for "called more than once"; its weights would count once only.
    if len(getattr(layer, "_inbound_nodes", ())) > 1:
        return None
    if hasattr(layer, "layers"):
        return count_multiply_adds(layer)
    kernels = _kernels(layer)
    if kernels is None:
        return None
    try:
        sizes = layer.output.shape[1:]
        channels_first = getattr(layer, "data_format", None) == "channels_first"
        positions: int = math.prod(sizes[1:] if channels_first else sizes[:-1])
    except (AttributeError, TypeError):  # never called by itself, or images of no fixed size
        return None
    weights: int = sum(math.prod(kernel.shape) for kernel in kernels)
    return positions * weights


def _kernels(layer: Any) -> list[Any] | None:
    """Return the weights that multiply at every output position; None for an unknown layer."""
    from keras import layers

    one = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D)
    if isinstance(layer, (*one, layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        return [layer.kernel]
    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        return [layer.depthwise_kernel, layer.pointwise_kernel]
    normalisations = (layers.BatchNormalization, layers.LayerNormalization)
    if isinstance(layer, (*normalisations, layers.GroupNormalization, layers.PReLU)):
        return []
    return None
