"""Learning-rate schedules: two of our own, over the whole training, and all of Keras's."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ninetynine.errors import nearest
from ninetynine.recipe.installed import REQUIRED, offers
from ninetynine.recipe.optimizer import check_form, is_number, make
from ninetynine.recipe.parsing import Strict

_OWN = ("linear", "cosine")
_START = "initial_learning_rate"  # in a recipe the optimizer's learning_rate
_RATES = frozenset({"values", "end_learning_rate", "warmup_target"})
# What may be said in epochs in place of steps, by the last word of Keras's argument.
_IN_EPOCHS = {"steps": "epochs", "boundaries": "boundary_epochs"}


class Schedule(Strict):
    """How the learning rate moves, step by step.

    "linear" and "cosine" go up to the optimizer's own rate, then down, over all of the training;
    any other name is one of Keras's schedules with its ``arguments``.
    """

    name: str = Field(
        description="'linear' or 'cosine', the way down, or a schedule of Keras's such as "
        "'exponential_decay'"
    )
    warmup_fraction: float = Field(
        0.0, ge=0, lt=1, description="the share of all steps that rise linearly, 0 to below 1"
    )
    final_fraction: float = Field(
        0.0, ge=0, description="the last rate as a share of the highest, 0 or more"
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="")

    @model_validator(mode="before")
    @classmethod
    def _from_plain_data(cls, given: Any, info: ValidationInfo) -> Any:
        """Put what is for Keras under ``arguments``."""
        if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
            return given
        name, arguments = given["name"], {k: v for k, v in given.items() if k != "name"}
        if name in _OWN:
            if "arguments" in arguments:
                raise ValueError(f"{name} has no argument 'arguments'")
            return given
        check_form(name, arguments)
        if not (info.context or {}).get("stored"):
            _check(name, arguments)
        return {"name": name, "arguments": dict(sorted(arguments.items()))}

    @model_serializer(mode="wrap")
    def _to_plain_data(self, serialize: SerializerFunctionWrapHandler) -> Any:
        fields = serialize(self)
        fields.pop("arguments", None)
        if not self.of_keras:
            return fields
        return {"name": self.name, **self.arguments}

    @property
    def of_keras(self) -> bool:
        """Whether the schedule is one of Keras's."""
        return self.name not in _OWN

    def make(self, learning_rate: float, steps_per_epoch: int) -> Any:
        """Return Keras's schedule; imports Keras.  Raises ValueError as Keras does."""
        arguments = {}
        for key, value in self.arguments.items():
            in_steps = _in_steps(key)
            if in_steps is not None:
                arguments[in_steps] = _steps(value, steps_per_epoch)
            else:  # a recipe may say 1 where Keras wants 1.0
                arguments[key] = [*map(float, value)] if key == "values" else value
        if self.takes_learning_rate:
            arguments[_START] = learning_rate
        return make("optimizers.schedules", self.name, arguments)

    @property
    def takes_learning_rate(self) -> bool:
        """Whether it begins with the optimizer's learning rate; else it has rates of its own."""
        offer = offers("optimizers.schedules").get(self.name) if self.of_keras else None
        return offer is None or _START in offer.arguments


def _steps(value: Any, steps_per_epoch: int) -> Any:
    if isinstance(value, list | tuple):
        return [round(item * steps_per_epoch) for item in value]
    return max(1, round(value * steps_per_epoch))


def _words(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return word -> Keras's argument: those in steps, and the same in epochs."""
    known = {key: key for key in arguments if key not in ("name", _START)}
    for key in [*known]:
        last = key.rpartition("_")[2]
        if last in _IN_EPOCHS:
            known[key.removesuffix(last) + _IN_EPOCHS[last]] = key
    return known


def _in_steps(word: str) -> str | None:
    """Return the argument of Keras that ``word`` says in epochs; None for any other word."""
    if word == "boundary_epochs":
        return "boundaries"
    return word.removesuffix("epochs") + "steps" if word.endswith("_epochs") else None


def _check(name: str, arguments: Mapping[str, Any]) -> None:
    known = offers("optimizers.schedules")
    if not known:
        return
    if name not in known:
        raise ValueError(f"unknown schedule {name!r}{nearest(name, {*known, *_OWN})}")
    defaults = known[name].arguments
    words = _words(defaults)
    stated = set()
    for word, value in arguments.items():
        if word == _START:
            raise ValueError(f"{_START} is the optimizer's learning_rate: write it there")
        if word not in words:
            raise ValueError(f"{name} has no argument {word!r}{nearest(word, words)}")
        if words[word] in stated:
            raise ValueError(f"{name} has {words[word]} twice, in steps and in epochs; give one")
        stated.add(words[word])
        _check_value(name, word, value, defaults[words[word]])
    for key, default in defaults.items():
        if default is REQUIRED and key != _START and key not in stated:
            also = [word for word in words if words[word] == key and word != key]
            raise ValueError(f"{name} lacks {' or '.join([key, *also])}")
    _check_values(name, arguments)


def _check_value(name: str, word: str, value: Any, default: Any) -> None:
    items = value if isinstance(value, list | tuple) else [value]
    listed = word in ("boundaries", "boundary_epochs", "values")
    if isinstance(default, bool):
        allowed, expected = isinstance(value, bool), "true or false"
    elif listed and not (isinstance(value, list | tuple) and items):
        allowed, expected = False, "a list of numbers"
    elif not all(map(is_number, items)) or (items != [value] and not listed):
        allowed, expected = False, "a list of numbers" if listed else "a number"
    elif word.endswith("steps") or word == "boundaries":
        least = 0 if word == "warmup_steps" else 1
        allowed = all(isinstance(item, int) and item >= least for item in items)
        expected = "whole numbers of steps" if listed else f"a whole number of steps, from {least}"
    elif word in ("alpha", *_RATES):
        allowed, expected = all(item >= 0 for item in items), "no negative number"
    else:
        allowed, expected = all(item > 0 for item in items), "positive numbers"
        expected = expected if listed else "a positive number"
    if not allowed:
        raise ValueError(f"{name}'s {word!r} is {value!r}; expected {expected}")


def _check_values(name: str, arguments: Mapping[str, Any]) -> None:
    if {"warmup_steps", "warmup_epochs"} & arguments.keys() and "warmup_target" not in arguments:
        raise ValueError(
            f"{name} warms up to a warmup_target, which is missing: give it, and the optimizer's "
            "learning_rate is where it begins"
        )
    boundaries = arguments.get("boundaries", arguments.get("boundary_epochs"))
    if boundaries is None:
        return
    if sorted(set(boundaries)) != list(boundaries):
        raise ValueError(f"{name}'s boundaries are {boundaries!r}; expected rising ones")
    values = arguments.get("values", ())
    if len(values) != len(boundaries) + 1:
        raise ValueError(
            f"{name} has {len(boundaries)} boundaries and {len(values)} values; expected one value "
            "more than boundaries"
        )
