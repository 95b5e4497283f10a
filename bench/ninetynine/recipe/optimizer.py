"""Optimizers: any of Keras's, with the arguments that a recipe states."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, model_serializer, model_validator

from ninetynine.errors import nearest
from ninetynine.recipe.installed import REQUIRED, Area, Offer, offers
from ninetynine.recipe.parsing import Strict

Number = bool | int | float
# Bounds that Keras's signatures do not tell: they hold for whatever optimizer has the argument.
_BELOW_ONE = frozenset(
    {"beta_1", "beta_2", "adam_beta_1", "adam_beta_2", "rho", "momentum", "ema_momentum"}
)
_POSITIVE = frozenset(
    {"learning_rate", "epsilon", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"}
)
_COUNTS = {"ema_overwrite_frequency": 1, "gradient_accumulation_steps": 2, "warmup_steps": 0}
_NUMBERS = frozenset({"weight_decay"})  # whose default is None
_TEXT = re.compile(r"[\w .*+?|^$()/\[\]-]{1,200}", re.ASCII)
_LONGEST = 100  # values in a list


class KerasObject(Strict):
    """Something of Keras's by its name, with the arguments that a recipe states.

    Those of a record (validated with the context ``{"stored": True}``) may be of a Keras that is
    not installed here: of them only the form is checked.
    """

    area: ClassVar[Area]
    noun: ClassVar[str]  # with its article
    expected: ClassVar[str]

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_plain_data(cls, given: Any, info: ValidationInfo) -> Any:
        """Accept ``"adam"`` and ``{"name": "adam", "learning_rate": 0.01}``."""
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
            raise ValueError(f"{given!r} names no {cls.noun}; expected {cls.expected}")
        arguments = {key: value for key, value in given.items() if key != "name"}
        check_form(given["name"], arguments)
        if not (info.context or {}).get("stored"):
            cls._check(given["name"], arguments)
        return {"name": given["name"], "arguments": dict(sorted(arguments.items()))}

    @classmethod
    def _check(cls, name: str, arguments: Mapping[str, Any]) -> None:
        raise NotImplementedError

    @model_serializer
    def _to_plain_data(self) -> Any:
        return {"name": self.name, **self.arguments}

    def make(self, **more: Any) -> Any:
        """Return the Keras object; imports Keras, and raises what its constructor does."""
        return make(self.area, self.name, {**self.arguments, **more})


class Optimizer(KerasObject):
    """A Keras optimizer by its lower-case name."""

    area = "optimizers"
    noun = "optimizer"
    expected = "a name such as 'adam', or {name = 'adam', learning_rate = 0.01}"

    @classmethod
    def _check(cls, name: str, arguments: Mapping[str, Any]) -> None:
        known = offers(cls.area)
        if not known:
            return
        usable = usable_optimizers()
        if name in known and name not in usable:
            hint = (
                "; --precision mixed_float16 scales its loss by itself" if "scale" in name else ""
            )
            raise ValueError(f"{name} is made of other optimizers, which no recipe says{hint}")
        if name not in known:
            raise ValueError(f"unknown optimizer {name!r}{nearest(name, usable)}")
        defaults = known[name].arguments
        for key, value in arguments.items():
            _check_argument(name, key, value, {k: v for k, v in defaults.items() if k != "name"})
        if len({"clipnorm", "clipvalue", "global_clipnorm"} & arguments.keys()) > 1:
            raise ValueError("give only one of clipnorm, clipvalue and global_clipnorm")


def usable_optimizers() -> Mapping[str, Offer]:
    """Return word -> what Keras has of it, for optimizers that are made of numbers alone."""
    every = offers("optimizers").items()
    return {word: offer for word, offer in every if REQUIRED not in offer.arguments.values()}


def optimizer_arguments() -> frozenset[str]:
    """Return the arguments of all of Keras's optimizers, which an override may give alone."""
    every = usable_optimizers().values()
    return frozenset(key for offer in every for key in offer.arguments) - {"name"}


def make(area: Area, name: str, arguments: Mapping[str, Any]) -> Any:
    """Return the object of Keras that ``name`` is the word for; imports Keras.

    What Keras takes for a float is one: a recipe may say 1.  Raises ValueError where this Keras
    has none of the name, and what the constructor raises.
    """
    import importlib

    offer = offers(area).get(name)
    if offer is None:
        raise ValueError(f"this Keras has no {name!r}{nearest(name, offers(area))}")
    floats = {key for key, value in offer.arguments.items() if isinstance(value, float)}
    given = {
        key: float(value) if key in floats and type(value) is int else value
        for key, value in arguments.items()
    }
    return getattr(importlib.import_module(offer.module), offer.class_name)(**given)


def check_form(name: str, arguments: Mapping[Any, Any]) -> None:
    """Raise ValueError for what is no name with plain arguments, whatever Keras is installed."""
    for word in (name, *arguments):
        if not isinstance(word, str) or not re.fullmatch(r"[A-Za-z_]\w{0,99}", word, re.ASCII):
            raise ValueError(f"{word!r} is no name; expected one such as 'adam'")
    for key, value in arguments.items():
        items = value if isinstance(value, list | tuple) else [value]
        if len(items) > _LONGEST or not all(map(_is_plain, items)):
            raise ValueError(
                f"{name}'s {key!r} is {value!r}; expected a number, true or false, or a list"
            )


def _is_plain(value: object) -> bool:
    return isinstance(value, Number) or (
        isinstance(value, str) and _TEXT.fullmatch(value) is not None
    )


def is_number(value: object) -> bool:
    """Return whether ``value`` is a finite number, and neither true nor false."""
    inside = isinstance(value, int | float) and not isinstance(value, bool)
    return inside and abs(value) < float("inf")  # type: ignore[arg-type]


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


def _check_argument(name: str, key: str, value: Any, defaults: Mapping[str, Any]) -> None:
    if key not in defaults:
        raise ValueError(f"{name} has no argument {key!r}{nearest(key, defaults)}")
    default = defaults[key]
    if isinstance(default, bool):
        allowed, expected = isinstance(value, bool), "true or false"
    elif key == "exclude_layers":  # of a text Keras would take each letter
        allowed = isinstance(value, list | tuple) and all(map(_is_pattern, value))
        expected = (
            "a list of patterns in layers' names, such as ['dense'], in a suite's entry [['dense']]"
        )
    elif default is None and key not in _NUMBERS | _POSITIVE | _COUNTS.keys():
        return  # of any kind: Keras says more when the optimizer is made
    elif isinstance(value, bool) or not isinstance(value, int | float):
        allowed, expected = False, "a number"
    elif key in _COUNTS:
        least = _COUNTS[key]
        allowed = isinstance(value, int) and value >= least
        words = {0: "a whole number, 0 or more", 1: "a positive whole number"}
        expected = words.get(least, f"a positive whole number, {least} or more")
    elif key in _BELOW_ONE:
        allowed, expected = 0 <= value < 1, "a number from 0 to below 1"
    elif key in _POSITIVE:
        allowed, expected = 0 < value < float("inf"), "a positive number"
    elif default is not None and default < 0:
        allowed, expected = is_number(value), "a number"
    else:
        allowed, expected = 0 <= value < float("inf"), "a number that is not negative"
    if not allowed:
        raise ValueError(f"{name}'s {key!r} is {value!r}; expected {expected}")
