"""A recipe's model in Keras: compiled with its optimizer and schedule, its weights averaged."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.building import build_model, in_one_line
from ninetynine.cells import Precision
from ninetynine.datasets import Dataset
from ninetynine.errors import UserError, nearest
from ninetynine.recipe import Recipe
from ninetynine.training.starting import (
    all_layers,
    compile_as_owned,
    load_initial_weights,
    set_trainable,
)

_COMPUTE_DTYPES = {
    "float32": "float32",
    "tensorfloat32": "float32",
    "mixed_bfloat16": "bfloat16",
    "mixed_float16": "float16",
}


def compiled_model(
    architecture: Architecture,
    recipe: Recipe,
    input_shape: tuple[int, int, int],
    num_classes: int,
    steps: int,
    precision: Precision = "float32",
    steps_per_epoch: int = 1,
    class_weights: NDArray[np.float32] | None = None,
    weights: Path | None = None,
) -> Any:
    """Return the model for images (height, width, channels), compiled for ``steps`` steps in all.

    ``class_weights`` (classes,) are what each class weighs in the loss, None for all the same;
    ``weights`` is where the recipe's initial weights lie.  Of phases it is compiled for the first.
    Raises UserError where the architecture cannot be built, or decides what the recipe or the
    cell decides.
    """

    model = build_model(
        architecture, input_shape, num_classes, one_unit=not recipe.loss.sums_to_one
    )
    _check_choices(architecture, model, precision, recipe.compile == "own")
    load_initial_weights(model, architecture, recipe, weights)
    # Probabilities and the loss need float32's range (Keras's mixed-precision guide).
    model.layers[-1].dtype_policy = "float32"
    if recipe.compile == "own":
        compile_as_owned(architecture, model, recipe)
    elif recipe.phases:
        start_phase(architecture, model, recipe, 0, steps_per_epoch, class_weights)
    else:
        _compile(model, recipe, steps, steps_per_epoch, class_weights)
    return model


def _compile(
    model: Any,
    recipe: Recipe,
    steps: int,
    steps_per_epoch: int,
    class_weights: NDArray[np.float32] | None,
) -> None:
    model.compile(
        optimizer=make_optimizer(recipe, steps, steps_per_epoch),
        loss=make_loss(recipe, class_weights),
        metrics=["accuracy"],
    )


def start_phase(
    architecture: Architecture,
    model: Any,
    recipe: Recipe,
    number: int,
    steps_per_epoch: int,
    class_weights: NDArray[np.float32] | None = None,
) -> None:
    """Compile ``model`` for one of the recipe's phases, counted from 0, with a new optimizer."""
    if number:
        finish_optimizer(model)
    phase = recipe.phases[number]
    set_trainable(architecture, model, phase)
    steps = phase.epochs * steps_per_epoch
    _compile(model, recipe.in_phase(number), steps, steps_per_epoch, class_weights)


def _check_choices(
    architecture: Architecture, model: Any, precision: Precision, owned: bool
) -> None:
    """Raise UserError where ``build`` made a choice that the recipe or the cell makes.

    ``model`` is the keras.Model that ``build`` returned, compiled by nobody else unless ``owned``.
    """
    if getattr(model, "compiled", False) and not owned:
        raise UserError(
            f"{architecture.path}: build() compiles its model, and the recipe would replace that "
            "loss and optimizer; take compile() out and write them in RECIPE, or train by "
            'them with "compile": "own"'
        )
    expected = _COMPUTE_DTYPES[precision]
    weighted = [layer for layer in all_layers(model) if layer.weights]
    odd = [layer for layer in weighted if layer.compute_dtype not in ("float32", expected)]
    if odd:
        raise UserError(
            f"{architecture.path}: layer {odd[0].name} computes in {odd[0].compute_dtype}, the "
            f"cell in {precision}; take the policy out of build() and give --precision"
        )
    if weighted and all(layer.compute_dtype != expected for layer in weighted):
        raise UserError(
            f"{architecture.path}: no layer computes in {precision}; take the dtype out of build()"
        )


def make_optimizer(recipe: Recipe, steps: int, steps_per_epoch: int = 1) -> Any:
    """Return the Keras optimizer of ``recipe`` for a training of ``steps`` steps in all.

    Raises UserError where Keras refuses what the recipe gives it.
    """
    import keras

    arguments: dict[str, Any] = {}
    if "learning_rate" in recipe.optimizer.arguments:  # a recipe may say 1, Keras insists on 1.0
        arguments["learning_rate"] = float(recipe.optimizer.arguments["learning_rate"])
    try:
        optimizer = recipe.optimizer.make(**arguments)
        if recipe.schedule is None:
            return optimizer
        peak = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        if recipe.schedule.of_keras:
            schedule = recipe.schedule.make(peak, steps_per_epoch)
        else:
            schedule = make_schedule(recipe.schedule, peak, steps)
        return recipe.optimizer.make(learning_rate=schedule)
    except (TypeError, ValueError) as error:
        said = f"Keras {keras.__version__} refuses the recipe's optimizer or schedule"
        raise UserError(f"{said}: {in_one_line(error)}; correct RECIPE") from error


def make_loss(recipe: Recipe, class_weights: NDArray[np.float32] | None = None) -> Any:
    """Return the Keras loss of ``recipe``; ``class_weights`` (classes,) weigh each image's.

    The mean over a batch is taken as Keras's ``fit(class_weight=...)`` takes it: divided by the
    number of images, not by their weights.
    """
    import keras
    from keras import ops

    smoothing = recipe.label_smoothing
    loss = recipe.loss.make(**({"label_smoothing": smoothing} if smoothing else {}))
    if class_weights is None:
        return loss

    class Weighted(keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            labels = ops.cast(y_true, "float32")
            if labels.shape[-1] == 1:  # one unit: the probability of the second of two classes
                labels = ops.concatenate([1.0 - labels, labels], axis=-1)
            weights = ops.sum(labels * ops.convert_to_tensor(class_weights), axis=-1)
            return weights * ops.cast(loss.call(y_true, y_pred), "float32")

    return Weighted(name=recipe.loss.name)


def class_weights(
    recipe: Recipe, labels: NDArray[Any], dataset: Dataset
) -> NDArray[np.float32] | None:
    """Return what each class weighs in the loss, float32 (classes,); None where all weigh alike.

    "balanced" is n / (classes x images of the class), of the n training ``labels``, as
    scikit-learn's ``compute_class_weight`` has it.  A class that a table leaves out weighs 1.
    Raises UserError where a table names a class that ``dataset`` has not.
    """
    asked, classes = recipe.class_weight, dataset.num_classes
    if asked is None:
        return None
    if asked == "balanced":
        counts = np.bincount(labels, minlength=classes)
        return np.asarray(len(labels) / (classes * np.maximum(counts, 1)), np.float32)
    numbers = class_numbers(recipe, classes, dataset.class_names, dataset.name)
    weights = np.ones(classes, np.float32)
    for name, weight in asked.items():
        weights[numbers[name]] = weight
    return weights


def class_numbers(
    recipe: Recipe, num_classes: int, class_names: tuple[str, ...] | None, dataset: str
) -> dict[str, int]:
    """Return the number of each class that the recipe's table of weights names.

    Raises UserError where it names one that ``dataset`` has not.
    """
    if not isinstance(recipe.class_weight, dict):
        return {}
    numbers = {str(number): number for number in range(num_classes)}
    numbers |= {name: number for number, name in enumerate(class_names or ())}
    for name in recipe.class_weight:
        if name not in numbers:
            named = "" if class_names else f"; its classes have no names but 0 to {num_classes - 1}"
            raise UserError(
                f"class_weight names the class {name!r}, which {dataset} has not"
                f"{nearest(name, numbers) or named}"
            )
    return {name: numbers[name] for name in recipe.class_weight}


def make_schedule(schedule: Any, peak: float, steps: int) -> Any:
    """Return a Keras schedule: linear warm-up to ``peak``, then linear or cosine decay.

    Step t of ``steps`` (from 0) is taken at its middle, t + 1/2, so that neither the first nor
    the last step has a rate of exactly zero.
    """
    import keras
    from keras import ops

    class WarmUpThenDecay(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            progress = (ops.cast(step, "float32") + 0.5) / steps
            warm_up = schedule.warmup_fraction
            left = ops.clip((1.0 - progress) / (1.0 - warm_up), 0.0, 1.0)
            if schedule.name == "cosine":
                left = 0.5 - 0.5 * ops.cos(math.pi * left)
            decayed = schedule.final_fraction + (1.0 - schedule.final_fraction) * left
            rising = progress / warm_up if warm_up else 1.0
            return peak * ops.minimum(decayed, rising)

        def get_config(self) -> dict[str, Any]:
            return {"peak": peak, "steps": steps, "schedule": schedule.model_dump()}

    return WarmUpThenDecay()


def finish_optimizer(model: Any) -> None:
    """Give the model what its optimizer has for the end: a moving average, as Keras's fit does."""
    if getattr(model.optimizer, "use_ema", False):
        model.optimizer.finalize_variable_values(model.trainable_variables)


class WeightAverage:
    """The mean of ``model``'s weights over the ends of its last epochs, summed in float64.

    Source: Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging Weights Leads to Wider
    Optima and Better Generalization", UAI 2018; equal weights, and batch statistics averaged like
    the rest.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._sums: list[Any] = []
        self._count = 0

    def add(self) -> None:
        """Take the weights as they are now into the mean."""
        weights = [np.asarray(weight, dtype=np.float64) for weight in self._model.get_weights()]
        if not self._sums:
            self._sums = weights
        else:
            self._sums = [a + b for a, b in zip(self._sums, weights, strict=True)]
        self._count += 1

    def use(self) -> None:
        """Give the model the mean; without one it stays as it is."""
        if self._count:
            self._model.set_weights([(s / self._count).astype(np.float32) for s in self._sums])
