"""The recipe vocabulary: all that an architecture file or a suite may say about training.

Every field's description is what its error message calls "expected", so this file is also the
documentation of the vocabulary.  Defaults are part of the record format: ``canonical`` leaves
them out, so a word added later with a default never changes the hash of an older recipe.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import ErrorDetails

from ninetynine.errors import UserError, nearest

Number = bool | int | float
Model = TypeVar("Model", bound=BaseModel)

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


def _unset(value: object) -> object:
    # TOML has no null, so a suite file unsets a key by the word "none".
    return None if value == "none" else value


class Strict(BaseModel):
    """Plain data that is checked as it is: nothing converted, nothing unknown, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Optimizer(Strict):
    """A Keras optimizer by its lower-case name, with the arguments that a recipe states."""

    name: str
    arguments: dict[str, Number] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_plain_data(cls, given: Any) -> Any:
        """Accept ``"adam"`` and ``{"name": "adam", "learning_rate": 0.01}``."""
        if isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
            raise ValueError(f"{given!r} names no optimizer; expected {_OPTIMIZER}")
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


class Augmentation(Strict):
    """Random changes to each training image, new in every epoch; see training/augmentation.py."""

    shift_pixels: int = Field(
        0, ge=0, le=16, description="whole pixels: shifts up to this far on each axis"
    )
    rotation_degrees: float = Field(
        0.0, ge=0, le=180, description="degrees: turns up to this far either way"
    )
    scale_fraction: float = Field(
        0.0, ge=0, le=1, description="0 to 1: each axis stretched or shrunk by up to this"
    )
    shear_fraction: float = Field(
        0.0, ge=0, le=1, description="0 to 1: slanted by up to this, pixels across a pixel down"
    )
    elastic_pixels: float = Field(
        0.0, ge=0, le=16, description="pixels, the root mean square of the elastic field"
    )
    elastic_smoothness: float = Field(
        6.0, ge=1, le=64, description="pixels, 1 or more: the width of the elastic field's bumps"
    )

    @property
    def only_shifts(self) -> bool:
        """Return whether images move by whole pixels and in no other way."""
        return not (
            self.rotation_degrees
            or self.scale_fraction
            or self.shear_fraction
            or self.elastic_pixels
        )


_OPTIMIZER = "a name such as 'adam', or {name = 'adam', learning_rate = 0.01}"


class Recipe(Strict):
    """How a model is trained.  Plain data in, checked once, never changed."""

    optimizer: Optimizer = Field(description=_OPTIMIZER)
    batch_size: int = Field(gt=0, description="a positive whole number of images")
    epochs: float = Field(
        gt=0, description="a positive number; 1.25 ends a quarter into the second"
    )
    loss: Literal["categorical_crossentropy"] = Field(
        "categorical_crossentropy", description="'categorical_crossentropy'"
    )
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="a number from 0 to below 1")
    validation_split: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="the share of training images, the last ones, held out: 0 to below 1",
    )
    validation_data: Annotated[Literal["test"] | None, BeforeValidator(_unset)] = Field(
        None, description="'test' (the test images are watched while training) or 'none'"
    )
    schedule: Annotated[Schedule | None, BeforeValidator(_unset)] = Field(
        None, description="'none' or a table such as {name = 'linear', warmup_fraction = 0.2}"
    )
    scale: Literal["unit", "none"] = Field(
        "unit", description="'unit' (pixels from 0 to 1) or 'none' (pixels as stored)"
    )
    augmentation: Annotated[Augmentation | None, BeforeValidator(_unset)] = Field(
        None, description="'none' or a table such as {shift_pixels = 2, rotation_degrees = 10}"
    )
    average_epochs: int = Field(
        0, ge=0, description="the weights after this many of the last epochs are averaged; 0: none"
    )
    test_time_shifts: int = Field(
        0,
        ge=0,
        le=4,
        description="answers are averaged over shifts of up to this many steps of a pixel, 0 to 4",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.validation_split and self.validation_data:
            raise ValueError(
                "a recipe watches validation_split or validation_data, not both; "
                "unset one with validation_split = 0 or validation_data = 'none'"
            )
        if self.average_epochs > self.epochs:
            raise ValueError(
                f"average_epochs is {self.average_epochs}, but there are {self.epochs:g} epochs"
            )
        return self

    @property
    def optimizer_name(self) -> str:
        """The Keras name in lower case, such as ``"rmsprop"``."""
        return self.optimizer.name

    @property
    def optimizer_arguments(self) -> dict[str, Number]:
        """The optimizer's keyword arguments, without those left at Keras's defaults."""
        return dict(self.optimizer.arguments)

    def canonical(self) -> dict[str, Any]:
        """Return plain JSON data, keys sorted, without the keys that are at their defaults."""
        data: dict[str, Any] = plain(self.model_dump(exclude_defaults=True))
        return data

    def override(self, changes: Mapping[str, Any], where: str) -> "Recipe":
        """Return this recipe with whole keys replaced; ``where`` names the file that asks for it.

        A key of one of its tables may be given by itself, ``learning_rate = 0.01``: the rest of
        the table stays.  ``validation_split = 0`` and ``validation_data = "none"`` together watch
        nothing, whatever was watched before.  Raises UserError as ``parse_recipe`` does.
        """
        for key in changes.keys() - VOCABULARY:
            raise UserError(f"{where}: unknown recipe key {key!r}{nearest(key, VOCABULARY)}")
        changed = {**self.canonical(), **{k: v for k, v in changes.items() if k not in TABLE_OF}}
        for key, table in TABLE_OF.items():
            if key in changes:
                changed[table] = {**_as_table(changed.get(table)), key: changes[key]}
        return parse_recipe(changed, where)

    @classmethod
    def from_canonical(cls, data: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that ``canonical`` wrote; a program's, of which nothing is known, is
        `OF_A_PROGRAM`.
        """
        if not data:
            return OF_A_PROGRAM
        return cls.model_validate(dict(data))


# What stands for the recipe of a program, which has none that is known: a cell of one unit of work.
OF_A_PROGRAM = Recipe.model_validate({"optimizer": {"name": "sgd"}, "batch_size": 1, "epochs": 1})

# The keys of a recipe's tables: key -> the table that it is of.
TABLE_OF = {
    **dict.fromkeys(sorted(COMMON_ARGUMENTS.union(*OPTIMIZERS.values())), "optimizer"),
    **{key: "schedule" for key in Schedule.model_fields if key != "name"},
    **dict.fromkeys(Augmentation.model_fields, "augmentation"),
}
# All that an override may say.
VOCABULARY = frozenset({*Recipe.model_fields, *TABLE_OF})


def stacked(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one override that does what ``first`` and then ``second`` do."""
    kept = {key: value for key, value in first.items() if TABLE_OF.get(key) not in second}
    return {**kept, **second}


def _as_table(value: object) -> dict[str, Any]:
    """Return a recipe's table as one: ``"adam"`` names it, ``"none"`` and None are an empty one."""
    if isinstance(value, str):
        return {} if value == "none" else {"name": value}
    return dict(value) if isinstance(value, Mapping) else {}


def parse_recipe(data: object, where: str) -> Recipe:
    """Return the checked recipe in ``data``, a mapping read from the file named ``where``.

    Raises UserError with one line that names ``where``, the key, what was found and expected.
    """
    return parse(Recipe, data, where, "recipe")


def parse(model: type[Model], data: object, where: str, noun: str) -> Model:
    """Return ``data`` as ``model``; raise UserError with its first complaint on one line."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        complaints = error.errors(include_url=False)
    # An unknown key first: a misspelt "epochs" is missing too, but that is not what to mend.
    complaints.sort(key=lambda complaint: complaint["type"] != "extra_forbidden")
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    raise UserError(f"{where}: {_complaint(model, complaints[0], noun)}{more}")


def _complaint(model: type[BaseModel], error: ErrorDetails, noun: str) -> str:
    path = [str(piece) for piece in error["loc"]]
    name = f"{noun} key {'.'.join(path)!r}"
    fields = _fields_at(model, path)
    field = next((fields[piece] for piece in reversed(path) if piece in fields), None)
    expected = (field.description or "") if field is not None else ""
    match error["type"]:
        case "extra_forbidden":
            return f"unknown {name}{nearest(path[-1], fields)}"
        case "missing":
            return f"{name} is missing; expected {expected}"
        case "value_error":
            return f"{name}: {error['ctx']['error']}" if path else str(error["ctx"]["error"])
        case _ if not path:
            return f"{error['input']!r} is no {noun}; expected a table of keys and values"
        case _:
            return f"{name} is {error['input']!r}; expected {expected}"


def _fields_at(model: type[BaseModel], path: list[str]) -> dict[str, Any]:
    """Return the fields of the table that the last piece of ``path`` is in."""
    for piece in path[:-1]:
        found = model.model_fields.get(piece)
        kinds = (found.annotation, *get_args(found.annotation)) if found is not None else ()
        inner = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if not inner:
            break
        model = inner[0]
    return model.model_fields


def plain(value: Any) -> Any:
    """Return ``value`` with sorted keys and with 1.0 as 1: equal data must hash equally."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def in_words(value: Any) -> str:
    """Return a recipe's value in words, a table as ``adam(learning_rate=0.01)``."""
    if not isinstance(value, dict):
        return str(value)
    rest = [f"{key}={item}" for key, item in value.items() if key != "name"]
    name = str(value.get("name", ""))
    return f"{name}({', '.join(rest)})" if rest else name
