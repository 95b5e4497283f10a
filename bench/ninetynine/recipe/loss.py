"""Losses: those of Keras's that compare one-hot labels with a probability for each class."""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import model_serializer

from ninetynine.errors import UserError, nearest
from ninetynine.recipe.installed import offers
from ninetynine.recipe.optimizer import KerasObject, is_number

# Of outputs that sum to 1 over the classes, as a softmax gives them.
OF_A_DISTRIBUTION = frozenset(
    {
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy",
        "kl_divergence",
    }
)
# Of outputs each from 0 to 1 by itself: a sigmoid's for each class, or one unit for two classes.
OF_EACH_OUTPUT = frozenset(
    {
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "huber",
        "mean_absolute_error",
        "mean_squared_error",
    }
)
_ELSEWHERE = {
    "axis": "the last axis is that of the classes",
    "dtype": "a loss is computed in float32",
    "from_logits": 'the model is to end in "softmax" or "sigmoid", since its outputs are recorded',
    "label_smoothing": "write label_smoothing beside loss",
    "name": "a loss is not named",
    "reduction": "the mean over a batch is taken",
}
_OTHER_NAMES = {
    "sparse_categorical_crossentropy": "categorical_crossentropy",  # of numbered labels
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
}


class Loss(KerasObject):
    """A loss of Keras's by its name."""

    area = "losses"
    noun = "loss"
    expected = (
        "a name such as 'categorical_crossentropy', or {name = 'categorical_focal_crossentropy', "
        "gamma = 2}"
    )

    @classmethod
    def _check(cls, name: str, arguments: Mapping[str, Any]) -> None:
        usable = OF_A_DISTRIBUTION | OF_EACH_OUTPUT
        if name in _OTHER_NAMES:
            same = "labels are one-hot here; " if name.startswith("sparse") else ""
            raise ValueError(f"{name!r}: {same}write '{_OTHER_NAMES[name]}'")
        if name not in usable:
            raise ValueError(f"unknown loss {name!r}{nearest(name, usable)}")
        if not arguments:
            return
        known = offers(cls.area)
        if known and name not in known:
            raise ValueError(f"the Keras that is installed has no {name!r}; install a newer one")
        defaults = known[name].arguments if known else arguments
        own = {key: value for key, value in defaults.items() if key not in _ELSEWHERE}
        for key, value in arguments.items():
            if key in _ELSEWHERE:
                raise ValueError(f"{name} takes no {key!r} here: {_ELSEWHERE[key]}")
            if key not in own:
                none = "" if own else "; it takes none"
                raise ValueError(f"{name} has no argument {key!r}{nearest(key, own)}{none}")
            _check_argument(name, key, value, own[key])

    @model_serializer
    def _to_plain_data(self) -> Any:
        return {"name": self.name, **self.arguments} if self.arguments else self.name

    @property
    def sums_to_one(self) -> bool:
        """Whether the outputs are to sum to 1; else each is a probability by itself."""
        return self.name in OF_A_DISTRIBUTION

    def check_classes(self, num_classes: int) -> None:
        """Raise UserError where a list in its arguments is not one for each class."""
        alpha = self.arguments.get("alpha")
        if isinstance(alpha, list | tuple) and len(alpha) not in (1, num_classes):
            raise UserError(
                f"{self.name}'s 'alpha' has {len(alpha)} numbers for {num_classes} classes; give "
                "one for each, or one number for all"
            )

    @property
    def smooths_labels(self) -> bool:
        """Whether Keras's loss takes label_smoothing."""
        offer = offers(self.area).get(self.name) if self.name != DEFAULT_LOSS else None
        return self.name == DEFAULT_LOSS or offer is None or "label_smoothing" in offer.arguments


def _check_argument(name: str, key: str, value: Any, default: Any) -> None:
    if isinstance(default, bool):
        allowed, expected = isinstance(value, bool), "true or false"
    elif key == "alpha" and isinstance(value, list | tuple) and name in OF_A_DISTRIBUTION:
        allowed = bool(value) and all(is_number(item) and item >= 0 for item in value)
        expected = "a list of numbers that are not negative, one for each class"
    elif key in ("q", "delta"):
        most = 1 if key == "q" else math.inf
        expected = "a number between 0 and 1" if key == "q" else "a positive number"
        allowed = is_number(value) and 0 < value < most
    else:
        allowed, expected = is_number(value) and value >= 0, "a number that is not negative"
    if not allowed:
        raise ValueError(f"{name}'s {key!r} is {value!r}; expected {expected}")


DEFAULT_LOSS = "categorical_crossentropy"
