"""Whether a built model is what its recipe takes it for: looked at before the first step.

What would give another number than the recipe says is an error and is told in one line with its
remedy.  What may be meant is a warning, which the record keeps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.backends import to_float
from ninetynine.building import in_one_line
from ninetynine.datasets import Dataset, Finding
from ninetynine.errors import UserError, outside_fault
from ninetynine.training.model import class_weights, compiled_model
from ninetynine.training.parts import make_parts
from ninetynine.training.setup import set_configuration
from ninetynine.training.standard import scale_of
from ninetynine.training.starting import all_layers

# A softmax in float32 is within 1e-6 of 1 in sum; in a wider sense probabilities are meant, too.
_TOLERANCE = 0.01
EXAMINED_IMAGES = 32
_LEAST_PIXEL = 0.05  # the brightest of some images, where they are in [0, 1]


def examine(
    architecture: Architecture,
    model: Any,
    images: NDArray[np.float32],
    scale: str,
    sums_to_one: bool = True,
) -> list[str]:
    """Return warnings about ``model``, one line each, as ``images`` (n, h, w, c) go through it.

    The images are as the recipe's ``scale`` has them.  Raises UserError where what comes out are
    no probabilities, which the recipe's loss takes to be those of one distribution
    (``sums_to_one``) or each by itself.
    """
    import keras

    with _unmoved(model):
        outputs = keras.ops.convert_to_numpy(
            keras.ops.cast(model(images, training=False), "float32")
        )
        _check_probabilities(architecture, outputs, sums_to_one)
        return [f"{architecture.path}: {line}" for line in _warnings(model, images, scale)]


@contextmanager
def _unmoved(model: Any) -> Iterator[None]:
    """Put back what a look at ``model`` moves: some layers draw numbers as they predict."""
    import keras

    to_numpy = keras.ops.convert_to_numpy
    states = [(state, to_numpy(state).copy()) for state in model.non_trainable_variables]
    try:
        yield
    finally:
        for state, value in states:
            state.assign(value)


def findings_of(architecture: Architecture, dataset: Dataset) -> Iterator[Finding]:
    """Yield what is to be said of an architecture on ``dataset``, built in float32.

    It is built twice after one seed and once after another.

    The backend must have been started in this process.
    """
    import keras

    recipe, shape = architecture.recipe, dataset.train_images.shape[1:]
    models = []
    try:
        for seed in (0, 0, 1):
            set_configuration("float32")
            keras.utils.set_random_seed(seed)
            models.append(
                compiled_model(
                    architecture,
                    recipe,
                    shape,
                    dataset.num_classes,
                    steps=1,
                    class_weights=class_weights(recipe, dataset.train_labels, dataset),
                )
            )
        parts = make_parts(dataset, recipe)
        some = to_float(parts.train_images[:EXAMINED_IMAGES], scale_of(recipe, parts.train_images))
        sums_to_one = recipe.loss.sums_to_one
        for line in examine(architecture, models[0], some, recipe.scale, sums_to_one):
            yield Finding("warning", line)
    except UserError as error:
        yield Finding("error", str(error))
        return
    except Exception as error:  # what a training would record as a failure
        remedy = outside_fault(error)
        said = f"{architecture.path}: using the model raised {in_one_line(error)}"
        yield Finding("error", f"{said}; {remedy}" if remedy else said)
        return
    first, again, other = models
    if not _are_alike(first, again):
        yield Finding(
            "warning",
            f"{architecture.path}: built twice after one seed, it has other weights: a run cannot "
            "be repeated; take what set_random_seed does not reach (random.seed(), os.urandom(), "
            "the clock) out of build()",
        )
    elif first.get_weights() and _are_alike(first, other):
        yield Finding(
            "warning",
            f"{architecture.path}: the initial weights do not depend on the seed, so that runs of "
            "other seeds say less about luck than they seem to; take set_random_seed, or seed=, "
            "out of build()",
        )


def _are_alike(first: Any, second: Any) -> bool:
    """Return whether two models have the same weights."""
    one, other = first.get_weights(), second.get_weights()
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def _check_probabilities(
    architecture: Architecture, outputs: NDArray[np.float32], sums_to_one: bool
) -> None:
    if not np.isfinite(outputs).all():
        return  # the training will say that it diverged
    sums, low, high = outputs.sum(axis=-1), float(outputs.min()), float(outputs.max())
    if not sums_to_one:
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise UserError(
                f"{architecture.path}: the outputs are no probabilities: they go from {low:.2g} to "
                f'{high:.2g}; end the model in activation="sigmoid" or "softmax"'
            )
        return
    if low < -_TOLERANCE or np.abs(sums - 1).max() > _TOLERANCE:
        raise UserError(
            f"{architecture.path}: the outputs are no probabilities: they go from {low:.2g} to "
            f"{high:.2g}, and those of an image sum to {sums.min():.2g} to {sums.max():.2g}; end "
            f'the model in activation="softmax"{_of_each(low, high)}'
        )


def _of_each(low: float, high: float) -> str:
    """Return what else may be meant by outputs that are probabilities each by itself."""
    inside = low >= 0 and high <= 1
    return ', or write "loss": "binary_crossentropy" for sigmoids' if inside else ""


def _warnings(model: Any, images: NDArray[np.float32], scale: str) -> Iterator[str]:
    import keras

    if model.count_params() and not model.trainable_variables:
        yield "none of its weights is trained: training changes nothing; set trainable = True"
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.Normalization) and _is_unadapted(layer):
            yield (
                f"layer {layer.name} was not adapted and changes nothing; give it mean= and "
                "variance="
            )
    seen = _first_weighted_input(model, images)
    if scale == "unit" and seen is not None and 0 < np.abs(seen).max() < _LEAST_PIXEL:
        yield (
            f"pixels are scaled twice: the recipe has them in [0, 1], the first layer with weights "
            f"sees at most {np.abs(seen).max():.2g}; take the scaling out of build(), or write "
            '"scale": "none" in RECIPE'
        )


def _is_unadapted(layer: Any) -> bool:
    if layer.input_mean is not None or not layer.built:
        return False
    mean, variance = np.asarray(layer.adapt_mean), np.asarray(layer.adapt_variance)
    return bool((mean == 0).all() and ((variance == 0) | (variance == 1)).all())


def _first_weighted_input(model: Any, images: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return what the first layer with weights of its own sees; None where that cannot be told."""
    import keras

    known = getattr(model, "layers", [])
    first = next((layer for layer in known if layer.weights), None)
    if first is None or isinstance(first, keras.layers.Normalization | keras.Model):
        return None
    try:
        before = keras.Model(model.inputs[0], first.input)
    except (AttributeError, ValueError):  # not a graph of layers
        return None
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(before(images), "float32")))
