"""The recipe: all that an architecture file or a suite may say about training.

Every field's description is what its error message calls "expected", so these files are also the
documentation of the vocabulary.  Defaults are part of the record format: ``canonical`` leaves
them out, so a word added later with a default never changes the hash of an older recipe.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ninetynine.errors import UserError, nearest
from ninetynine.recipe.augmentation import Augmentation
from ninetynine.recipe.loss import DEFAULT_LOSS, Loss
from ninetynine.recipe.optimizer import Optimizer, is_number, optimizer_arguments
from ninetynine.recipe.parsing import STORED, Strict, parse, plain, unset
from ninetynine.recipe.schedule import Schedule
from ninetynine.recipe.start import InitialWeights, Phase
from ninetynine.recipe.stopping import EarlyStopping, ReduceOnPlateau


def _class_weight(value: object) -> object:
    """Return a table's classes as text; raises ValueError where a weight is none."""
    value = unset(value)
    if not isinstance(value, Mapping):
        if value not in (None, "balanced"):
            raise ValueError(f"{value!r}; expected {_CLASS_WEIGHT}")
        return value
    table = {str(key): weight for key, weight in value.items()}
    for key, weight in table.items():
        if not is_number(weight) or weight < 0:
            raise ValueError(f"class {key!r} weighs {weight!r}; expected 0 or a positive number")
    if len(table) < len(value) or not all(key.isprintable() for key in table):
        raise ValueError(f"{[*value]!r} name no classes, or one of them twice")
    if not any(table.values()):
        raise ValueError("no class has a weight; expected " + _CLASS_WEIGHT)
    return table


_CLASS_WEIGHT = "'balanced', a table of classes and weights such as {cat = 1, dog = 2.5}, or 'none'"


def _phases(value: object) -> object:
    if value == "none":
        return ()
    return tuple(value) if isinstance(value, list) else value


# What a model that its owner compiled brings with it: key -> what it is called.
_OWN = ("optimizer", "loss", "label_smoothing", "class_weight", "schedule", "phases")
_OWN_OPTIMIZER = Optimizer.model_construct(name="own", arguments={})


class Recipe(Strict):
    """How a model is trained.  Plain data in, checked once, never changed."""

    optimizer: Optimizer = Field(description=Optimizer.expected)
    batch_size: int = Field(gt=0, description="a positive whole number of images")
    epochs: float = Field(
        gt=0,
        le=1_000_000,  # the order of the images of all of them is drawn beforehand
        description="a positive number, at most a million; 1.25 ends a quarter into the second",
    )
    loss: Loss = Field(Loss(name=DEFAULT_LOSS), description=Loss.expected)
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="a number from 0 to below 1")
    validation_split: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="the share of training images, the last ones, held out: 0 to below 1",
    )
    validation_data: Annotated[Literal["test", "validation"] | None, BeforeValidator(unset)] = (
        Field(
            None,
            description="'validation' (the dataset's own validation part is watched while "
            "training), 'test' (the test images are) or 'none'",
        )
    )
    class_weight: Annotated[
        Literal["balanced"] | dict[str, float] | None, BeforeValidator(_class_weight)
    ] = Field(None, description=_CLASS_WEIGHT)
    schedule: Annotated[Schedule | None, BeforeValidator(unset)] = Field(
        None, description="'none' or a table such as {name = 'linear', warmup_fraction = 0.2}"
    )
    early_stopping: Annotated[EarlyStopping | None, BeforeValidator(unset)] = Field(
        None, description="'none' or a table such as {patience = 5, restore_best = true}"
    )
    reduce_on_plateau: Annotated[ReduceOnPlateau | None, BeforeValidator(unset)] = Field(
        None, description="'none' or a table such as {factor = 0.5, patience = 3}"
    )
    scale: Literal["unit", "standard", "none"] = Field(
        "unit",
        description="'unit' (pixels from 0 to 1), 'standard' (mean 0 and standard deviation 1 in "
        "each channel of the training images) or 'none' (pixels as stored)",
    )
    augmentation: Annotated[Augmentation | None, BeforeValidator(unset)] = Field(
        None, description="'none' or a table such as {shift_pixels = 2, rotation_degrees = 10}"
    )
    average_epochs: int = Field(
        0, ge=0, description="the weights after this many of the last epochs are averaged; 0: none"
    )
    compile: Literal["recipe", "own"] = Field(
        "recipe", description="'recipe', or 'own' for a model that build() returns compiled"
    )
    initial_weights: Annotated[InitialWeights | None, BeforeValidator(unset)] = Field(
        None, description="a file ending in .weights.h5 or .keras, or 'none'"
    )
    phases: Annotated[tuple[Phase, ...], BeforeValidator(_phases)] = Field(
        (),
        description="a list of tables such as {epochs = 2, trainable = 'head', learning_rate = "
        "0.001}, one after the other",
    )
    test_time_shifts: int = Field(
        0,
        ge=0,
        le=4,
        description="answers are averaged over shifts of up to this many steps of a pixel, 0 to 4",
    )

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, given: Any) -> Any:
        """Add what other keys say: the epochs of phases, and that the optimizer is the owner's."""
        if not isinstance(given, Mapping):
            return given
        given = dict(given)
        phases = given.get("phases")
        if "epochs" not in given and isinstance(phases, list | tuple):
            epochs = [one.get("epochs") for one in phases if isinstance(one, Mapping)]
            known = [number for number in epochs if isinstance(number, int)]
            if known and len(known) == len(phases):
                given["epochs"] = sum(known)
        if given.get("compile") == "own":
            if given.get("optimizer") == {"name": "own"}:
                del given["optimizer"]
            for key in (key for key in _OWN if given.get(key, "none") not in ("none", None)):
                raise ValueError(
                    f"compile = 'own' trains as build() compiled its model; leave {key} away"
                )
            given["optimizer"] = _OWN_OPTIMIZER
        return given

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
        if self.label_smoothing and not self.loss.smooths_labels:
            raise ValueError(f"{self.loss.name} smooths no labels; leave label_smoothing away")
        self._check_schedule()
        self._check_stopping()
        self._check_phases()
        return self

    def _check_phases(self) -> None:
        total = sum(phase.epochs for phase in self.phases)
        if self.phases and total != self.epochs:
            raise ValueError(
                f"epochs is {self.epochs:g}, but the phases have {total} in all; leave epochs away"
            )
        if any(phase.learning_rate for phase in self.phases) and not (
            self.schedule is None or self.schedule.takes_learning_rate
        ):
            raise ValueError(
                f"{self.schedule.name} has the learning rates in its values; take learning_rate "
                "out of the phases"
            )

    def in_phase(self, number: int) -> "Recipe":
        """Return the recipe of one of its phases, counted from 0, as one without phases."""
        phase = self.phases[number]
        changes: dict[str, Any] = {"phases": (), "epochs": phase.epochs, "average_epochs": 0}
        if phase.learning_rate is not None:
            arguments = {**self.optimizer.arguments, "learning_rate": phase.learning_rate}
            changes["optimizer"] = self.optimizer.model_copy(update={"arguments": arguments})
        return self.model_copy(update=changes)

    def beside(self, folder: Path) -> "Recipe":
        """Return the recipe with its files' whole paths, which it states from ``folder`` on."""
        if self.initial_weights is None:
            return self
        return self.model_copy(update={"initial_weights": self.initial_weights.below(folder)})

    def _check_schedule(self) -> None:
        if self.schedule is None:
            return
        own_rates = not self.schedule.takes_learning_rate
        if own_rates and "learning_rate" in self.optimizer.arguments:
            raise ValueError(
                f"{self.schedule.name} has the learning rates in its values; take learning_rate "
                "out of the optimizer"
            )
        if self.reduce_on_plateau is not None:
            raise ValueError("schedule and reduce_on_plateau both set the learning rate; give one")

    def _check_stopping(self) -> None:
        watching: dict[str, object] = {
            "early_stopping": self.early_stopping,
            "reduce_on_plateau": self.reduce_on_plateau,
        }
        for key in (key for key, table in watching.items() if table is not None):
            if self.validation_data == "test":
                raise ValueError(
                    f"{key} would choose by the test images, and their accuracy would be no test "
                    "any more; watch validation_split = 0.1 or validation_data = 'validation'"
                )
            if not (self.validation_split or self.validation_data):
                raise ValueError(
                    f"{key} watches a validation part, and there is none; add validation_split = "
                    "0.1, or validation_data = 'validation' for a dataset that has one"
                )
        if self.early_stopping is None:
            return
        for key, given in (
            ("average_epochs", self.average_epochs),
            ("use_ema", self.optimizer.arguments.get("use_ema")),
        ):
            if given:
                raise ValueError(
                    f"early_stopping and {key} both say which weights are kept; give one of them"
                )

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
        known, tables = vocabulary(), table_of()
        for key in changes.keys() - known:
            raise UserError(f"{where}: unknown recipe key {key!r}{nearest(key, known)}")
        changed = {**self.canonical(), **{k: v for k, v in changes.items() if k not in tables}}
        for key in changes.keys() & tables.keys():
            table = tables[key]
            changed[table] = {**_as_table(changed.get(table)), key: changes[key]}
        return parse_recipe(changed, where)

    @classmethod
    def from_canonical(cls, data: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that ``canonical`` wrote; a program's, of which nothing is known, is
        `OF_A_PROGRAM`.
        """
        if not data:
            return OF_A_PROGRAM
        return cls.model_validate(dict(data), context=STORED)


# What stands for the recipe of a program, which has none that is known: a cell of one unit of work.
OF_A_PROGRAM = Recipe.model_validate(
    {"optimizer": {"name": "sgd"}, "batch_size": 1, "epochs": 1}, context=STORED
)


@cache
def table_of() -> Mapping[str, str]:
    """Return what an override may say of a recipe's tables by itself: key -> the table it is of."""
    return {
        **dict.fromkeys(optimizer_arguments(), "optimizer"),
        "warmup_fraction": "schedule",
        "final_fraction": "schedule",
        **dict.fromkeys(Augmentation.model_fields, "augmentation"),
    }


@cache
def vocabulary() -> frozenset[str]:
    """Return all that an override may say."""
    return frozenset({*Recipe.model_fields, *table_of()})


def stacked(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the one override that does what ``first`` and then ``second`` do."""
    tables = table_of()
    kept = {key: value for key, value in first.items() if tables.get(key) not in second}
    return {**kept, **second}


def _as_table(value: object) -> dict[str, Any]:
    """Return a recipe's table as one: ``"adam"`` names it, ``"none"`` and None are an empty one."""
    if isinstance(value, str):
        return {} if value == "none" else {"name": value}
    return dict(value) if isinstance(value, Mapping) else {}


def parse_recipe(data: object, where: str, stored: bool = False) -> Recipe:
    """Return the checked recipe in ``data``, a mapping read from the file named ``where``.

    One ``stored`` in a record may name what the Keras installed here does not have.  Raises
    UserError with one line that names ``where``, the key, what was found and expected.
    """
    return parse(Recipe, data, where, "recipe", STORED if stored else None)
