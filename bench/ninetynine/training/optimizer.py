"""A recipe's optimizer and learning-rate schedule as Keras objects."""

import math
from typing import Any

from ninetynine.recipe import Recipe


def make_optimizer(recipe: Recipe, steps: int) -> Any:
    """Return the Keras optimizer of ``recipe`` for a training of ``steps`` steps in all."""
    import keras

    arguments: dict[str, Any] = recipe.optimizer_arguments
    if "learning_rate" in arguments:  # a recipe may say 1, Keras insists on 1.0
        arguments["learning_rate"] = float(arguments["learning_rate"])
    optimizer = keras.optimizers.get({"class_name": recipe.optimizer_name, "config": arguments})
    if recipe.schedule is None:
        return optimizer
    peak = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    schedule = make_schedule(recipe.schedule, peak, steps)
    return type(optimizer)(**{**arguments, "learning_rate": schedule})


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
