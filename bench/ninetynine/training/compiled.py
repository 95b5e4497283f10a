"""An architecture as a compiled Keras model, ready for a step loop."""

from typing import Any

from ninetynine.building import build_model
from ninetynine.catalog import Architecture
from ninetynine.recipe import Recipe
from ninetynine.training.optimizer import make_optimizer


def compiled_model(
    architecture: Architecture,
    recipe: Recipe,
    input_shape: tuple[int, int, int],
    num_classes: int,
    steps: int,
) -> Any:
    """Return the model for images (height, width, channels), compiled for ``steps`` steps in all.

    Raises UserError where the architecture cannot be built.
    """
    import keras

    model = build_model(architecture, input_shape, num_classes)
    # Probabilities and the loss need float32's range (Keras's mixed-precision guide).
    model.layers[-1].dtype_policy = "float32"
    model.compile(
        optimizer=make_optimizer(recipe, steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    return model
