"""What a suite says about how its numbers are read: a reference, and targets within a cost."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ninetynine.cells import Precision
from ninetynine.errors import UserError
from ninetynine.recipe import Strict, parse


class Start(Strict):
    """The accuracy that the suite sets out from."""

    accuracy: float = Field(ge=0, le=1, description="a share, 0.97 for 97%")
    name: str = Field(min_length=1, description="a few words for the line of a plot")
    note: str = Field("", description="a sentence for footnotes")


class Goal(Strict):
    """The published result that the suite aims at, in errors so that a test against it is exact."""

    errors: int = Field(ge=0, description="a whole number of test images")
    images: int = Field(gt=0, description="the size of its test set")
    name: str = Field(min_length=1, description="a few words for the line of a plot")
    note: str = Field("", description="a sentence for footnotes")

    @property
    def accuracy(self) -> float:
        return 1 - self.errors / self.images


class Reference(Strict):
    """Two accuracies on the suite's dataset; where a row is between them is its gap closed."""

    start: Start
    goal: Goal


def _share(value: object) -> object:
    """Accept "1/80", which TOML cannot write as a number."""
    found = re.fullmatch(r"(\d{1,9})/([1-9]\d{0,8})", value) if isinstance(value, str) else None
    return int(found[1]) / int(found[2]) if found else value


class Target(Strict):
    """An accuracy to reach within a cost; None is no limit.

    Where ``certified``, the one-sided 95% lower bound of the mean has to reach ``accuracy``, and
    the fastest row that does is the answer; else the mean has to, and the answer is the best mean.
    """

    what: str = Field(min_length=1, description="a few words")
    accuracy: float = Field(ge=0, le=1, description="a share, 0.995 for 99.5%")
    certified: bool = Field(False, description="true or false")
    precision: Precision | None = Field(None, description="a precision such as 'float32'")
    kind: Literal["trained"] | None = Field(None, description="'trained': a single model, no vote")
    most_ratio: Annotated[float | None, BeforeValidator(_share)] = Field(
        None, gt=0, description="a share of the timing reference's training time, '1/80' or 0.5"
    )
    most_core_seconds: float | None = Field(None, gt=0, description="a positive number of seconds")
    least_runs: int = Field(
        1, gt=0, description="a positive whole number of seeds, or of replicates of a vote"
    )


def parse_reference(given: object, where: str) -> Reference | None:
    """Return the table ``[reference]``; raise UserError for one that is wrong."""
    if given is None:
        return None
    reference = parse(Reference, given, f"{where}: [reference]", "reference")
    if reference.goal.errors > reference.goal.images:
        raise UserError(
            f"{where}: [reference]: goal has {reference.goal.errors} errors among "
            f"{reference.goal.images} images; expected at most as many"
        )
    if reference.start.accuracy >= reference.goal.accuracy:
        raise UserError(
            f"{where}: [reference]: start is {reference.start.accuracy:g}, goal "
            f"{reference.goal.accuracy:g}; expected a goal above the start"
        )
    return reference


def parse_targets(given: object, where: str) -> tuple[Target, ...]:
    """Return the tables ``[[targets]]``; raise UserError for one that is wrong."""
    if not isinstance(given, list):
        raise UserError(
            f"{where}: targets is {given!r}; expected tables under [[targets]], or the name of "
            "the suite that has them"
        )
    return tuple(_target(one, f"{where}: [[targets]]") for one in given)


def _target(given: Any, where: str) -> Target:
    target = parse(Target, given, where, "target")
    if target.most_ratio is None and target.most_core_seconds is None:
        raise UserError(
            f"{where}: {target.what!r} has no limit; give most_ratio or most_core_seconds"
        )
    if target.certified and target.least_runs < 2:
        raise UserError(
            f"{where}: {target.what!r} is certified by {target.least_runs} run; a bound needs "
            "least_runs = 2 or more"
        )
    return target
