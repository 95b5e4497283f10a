"""The recipe: all that an architecture file or a suite may say about training.

Every field's description is what its error message calls "expected", so these files are also the
documentation of the vocabulary.  Defaults are part of the record format: ``canonical`` leaves
them out, so a word added later with a default never changes the hash of an older recipe.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ninetynine.errors import UserError, nearest
from ninetynine.recipe.augmentation import Augmentation
from ninetynine.recipe.optimizer import (
    COMMON_ARGUMENTS,
    OPTIMIZER,
    OPTIMIZERS,
    Number,
    Optimizer,
    Schedule,
)
from ninetynine.recipe.parsing import Strict, parse, plain, unset


class Recipe(Strict):
    """How a model is trained.  Plain data in, checked once, never changed."""

    optimizer: Optimizer = Field(description=OPTIMIZER)
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
    validation_data: Annotated[Literal["test"] | None, BeforeValidator(unset)] = Field(
        None, description="'test' (the test images are watched while training) or 'none'"
    )
    schedule: Annotated[Schedule | None, BeforeValidator(unset)] = Field(
        None, description="'none' or a table such as {name = 'linear', warmup_fraction = 0.2}"
    )
    scale: Literal["unit", "none"] = Field(
        "unit", description="'unit' (pixels from 0 to 1) or 'none' (pixels as stored)"
    )
    augmentation: Annotated[Augmentation | None, BeforeValidator(unset)] = Field(
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
