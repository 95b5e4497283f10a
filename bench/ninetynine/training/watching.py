"""Early stopping and a falling learning rate: Keras's own callbacks, told our epochs."""

from typing import Any

from ninetynine.recipe import Recipe
from ninetynine.records import Epoch


class Watch:
    """What a recipe does by what is watched, after each epoch of one training of ``model``."""

    def __init__(self, recipe: Recipe, model: Any) -> None:
        from keras import callbacks

        self._model = model
        self._stopping: Any = None
        self._callbacks: list[Any] = []
        if (words := recipe.early_stopping) is not None:
            self._stopping = callbacks.EarlyStopping(
                **_monitored(words.monitor),
                patience=words.patience,
                min_delta=words.min_delta,
                restore_best_weights=words.restore_best,
            )
            self._callbacks.append(self._stopping)
        if (falling := recipe.reduce_on_plateau) is not None:
            self._callbacks.append(
                callbacks.ReduceLROnPlateau(
                    **_monitored(falling.monitor),
                    factor=falling.factor,
                    patience=falling.patience,
                    min_delta=falling.min_delta,
                    cooldown=falling.cooldown,
                    min_lr=falling.min_learning_rate,
                )
            )
        model.stop_training = False
        for callback in self._callbacks:
            callback.set_model(model)
            callback.on_train_begin()

    def ends(self, epoch: Epoch) -> bool:
        """Take note of an epoch that ended; return whether training ends with it."""
        loss = epoch.validation_loss
        told = {
            "validation_loss": float("inf") if loss is None else loss,
            "validation_accuracy": epoch.validation_accuracy,
        }
        for callback in self._callbacks:
            callback.on_epoch_end(epoch.epoch - 1, dict(told))
        return bool(self._model.stop_training)

    def chosen_epoch(self, last: int) -> int | None:
        """Give the model the weights that are kept, of which epoch is returned; ``last`` ended.

        None where the recipe chooses no epoch.
        """
        if self._stopping is None:
            return None
        self._stopping.on_train_end()
        return int(self._stopping.best_epoch) + 1 if self._stopping.restore_best_weights else last


def _monitored(monitor: str) -> dict[str, str]:
    return {"monitor": monitor, "mode": "min" if monitor == "validation_loss" else "max"}
