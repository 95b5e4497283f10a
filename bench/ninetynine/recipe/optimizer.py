"""Optimizers and learning-rate schedules, as a recipe names them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_serializer, model_validator

from ninetynine.errors import nearest
from ninetynine.recipe.parsing import Strict

Number = bool | int | float

# The arguments of keras.optimizers.* (Keras 3.15) that are plain numbers or booleans, by name, so
# that a recipe is checked without importing Keras.  A test compares the table with Keras.
COMMON_ARGUMENTS = frozenset(
    {"learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm"}
    | {"use_ema", "ema_momentum", "ema_overwrite_frequency"}
    | {"loss_scale_factor", "gradient_accumulation_steps"}
)
OPTIMIZERS = {
    "sgd": frozenset({"momentum", "nesterov"}),
    "adam": frozenset({"beta_1", "beta_2", "epsilon", "amsgrad"}),
    "adamw": frozenset({"beta_1", "beta_2", "epsilon", "amsgrad"}),
    "rmsprop": frozenset({"rho", "momentum", "epsilon", "centered"}),
    "nadam": frozenset({"beta_1", "beta_2", "epsilon"}),
    "adagrad": frozenset({"initial_accumulator_value", "epsilon"}),
    "adadelta": frozenset({"rho", "epsilon"}),
    "lion": frozenset({"beta_1", "beta_2"}),
}
_SWITCHES = frozenset({"use_ema", "nesterov", "amsgrad", "centered"})
_COUNTS = frozenset({"ema_overwrite_frequency", "gradient_accumulation_steps"})
_BELOW_ONE = frozenset({"beta_1", "beta_2", "rho", "momentum", "ema_momentum"})
_POSITIVE = frozenset({"learning_rate", "epsilon", "clipnorm", "clipvalue", "global_clipnorm"})
OPTIMIZER = "a name such as 'adam', or {name = 'adam', learning_rate = 0.01}"


class Optimizer(Strict):
    """A Keras optimizer by its lower-case name, with the arguments that a recipe states."""

    name: str
    arguments: dict[str, Number] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_plain_data(cls, given: Any) -> Any:
        """Accept ``"adam"`` and ``{"name": "adam", "learning_rate": 0.01}``."""
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
            raise ValueError(f"{given!r} names no optimizer; expected {OPTIMIZER}")
        name, arguments = given["name"], {k: v for k, v in given.items() if k != "name"}
        if name not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {name!r}{nearest(name, OPTIMIZERS)}")
        for key, value in arguments.items():
            _check_argument(name, key, value)
        if len({"clipnorm", "clipvalue", "global_clipnorm"} & arguments.keys()) > 1:
            raise ValueError("give only one of clipnorm, clipvalue and global_clipnorm")
        return {"name": name, "arguments": dict(sorted(arguments.items()))}

    @model_serializer
    def _to_plain_data(self) -> dict[str, str | Number]:
        return {"name": self.name, **self.arguments}


def _check_argument(optimizer: str, key: str, value: object) -> None:
    known = COMMON_ARGUMENTS | OPTIMIZERS[optimizer]
    if key not in known:
        raise ValueError(f"{optimizer} has no argument {key!r}{nearest(key, known)}")
    if key in _SWITCHES:
        allowed, expected = isinstance(value, bool), "true or false"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        allowed, expected = False, "a number"
    elif key in _COUNTS:
        allowed, expected = isinstance(value, int) and value >= 1, "a positive whole number"
    elif key in _BELOW_ONE:
        allowed, expected = 0 <= value < 1, "a number from 0 to below 1"
    elif key in _POSITIVE:
        allowed, expected = 0 < value < float("inf"), "a positive number"
    else:
        allowed, expected = 0 <= value < float("inf"), "a number that is not negative"
    if not allowed:
        raise ValueError(f"{optimizer}'s {key!r} is {value!r}; expected {expected}")


class Schedule(Strict):
    """How the learning rate moves: up to the optimizer's own rate, then down, step by step."""

    name: Literal["linear", "cosine"] = Field(description="'linear' or 'cosine', the way down")
    warmup_fraction: float = Field(
        0.0, ge=0, lt=1, description="the share of all steps that rise linearly, 0 to below 1"
    )
    final_fraction: float = Field(
        0.0, ge=0, description="the last rate as a share of the highest, 0 or more"
    )
