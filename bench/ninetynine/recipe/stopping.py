"""What a watched validation part decides: when training stops, when the learning rate falls."""

from typing import Literal

from pydantic import Field

from ninetynine.recipe.parsing import Strict

Monitor = Literal["validation_loss", "validation_accuracy"]
_MONITOR = "'validation_loss' or 'validation_accuracy'"


class EarlyStopping(Strict):
    """Training ends where the watched number has not become better for ``patience`` epochs."""

    monitor: Monitor = Field("validation_loss", description=_MONITOR)
    patience: int = Field(ge=0, description="epochs without a better value, 0 or more")
    min_delta: float = Field(
        0.0, ge=0, description="how much better counts as better, a number that is not negative"
    )
    restore_best: bool = Field(
        False, description="true (the weights after the best epoch are kept) or false (the last)"
    )


class ReduceOnPlateau(Strict):
    """The learning rate falls where the watched number has not become better for some epochs.

    The defaults are those of Keras's ReduceLROnPlateau.
    """

    monitor: Monitor = Field("validation_loss", description=_MONITOR)
    factor: float = Field(
        0.1, gt=0, lt=1, description="what the rate is multiplied by, between 0 and 1"
    )
    patience: int = Field(10, ge=0, description="epochs without a better value, 0 or more")
    min_delta: float = Field(
        1e-4, ge=0, description="how much better counts as better, a number that is not negative"
    )
    cooldown: int = Field(
        0, ge=0, description="epochs after a fall that do not count, a whole number"
    )
    min_learning_rate: float = Field(
        0.0, ge=0, description="the rate that it never falls below, a number that is not negative"
    )
