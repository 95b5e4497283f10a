"""What a board or a gate judges models by: accuracy, or another number from recorded predictions.

A module in this folder, or one that an entry point of the group ``ninetynine.measures`` names, has
a tuple ``MEASURES``; to add a measure is to add it to one, or to add a module.  All definitions are
scikit-learn's where it has one.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError, nearest
from ninetynine.registry import Registry
from ninetynine.statistics import Groups
from ninetynine.statistics.calibration import BinErrors
from ninetynine.statistics.summary import BoolArray, FloatArray, IntArray

_MODULES = Registry("module of measures", "ninetynine.measures", "ninetynine.measures")
Unit = Literal["%", "nats", ""]  # "%" is a share of 1 that is shown in percent


class NotMeasured(Exception):
    """Why the recorded predictions of a run do not give a measure, in a few words."""


@dataclass(frozen=True, eq=False)
class RunPredictions:
    """What one run predicted for m test images of c classes.

    ``recorded_loss`` is the run's test loss as it was recorded, from unrounded probabilities.
    """

    probabilities: NDArray[np.floating]  # (m, c), as recorded; 0 and 1 where only classes are known
    labels: IntArray  # (m,)
    recorded_loss: float | None = None
    groups: Groups | None = None  # of images

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    @cached_property
    def predicted(self) -> IntArray:
        """The class with the largest probability, the first of several, int64 (m,)."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def distributions(self) -> FloatArray:
        """The probabilities with each image's made to sum to 1, float64 (m, c)."""
        found = self.probabilities.astype(np.float64)
        total = found.sum(axis=1, keepdims=True)
        if not (total > 0).all():
            raise NotMeasured("an image's probabilities are all 0")
        return np.asarray(found / total)


@dataclass(frozen=True, eq=False)
class Values:
    """A measure of one run, image by image, float64 or bool (m,).

    Their mean is the measure, and each differs from it by its image's influence: how the measure of
    all test images moves with the weight of this one, times m.  ``errors`` are of what the measure
    holds the squares: they vary also where all influences are 0.  ``step`` is how far another
    answer on an image may move its value, where that is known.  ``note`` is what is to be known of
    the number.
    """

    of_images: FloatArray | BoolArray
    errors: BinErrors | None = None
    step: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Measure:
    """A number that models are judged by.

    ``of_run`` returns its `Values` of a run, or their array alone, and raises `NotMeasured` where
    there is no such number.  Bool values are right and wrong answers, and get the statistics of
    these.  ``largest`` is what it can be at the most.  ``is_square`` says that what ``of_run``
    returns is the square of the number, which is estimated better.  ``on_images`` returns which
    images it is about, bool (m,), from the labels; None is all.
    """

    name: str  # as in options, files and fields
    title: str  # as in headings
    help: str
    of_run: Callable[[RunPredictions], "Values | FloatArray | BoolArray"]
    unit: Unit = "%"
    lower_is_better: bool = False
    needs_probabilities: bool = False
    largest: float = 1.0
    is_square: bool = False
    keeps_capital: bool = False  # within a sentence, as a name does
    on_images: Callable[[IntArray], BoolArray] | None = None

    @property
    def is_accuracy(self) -> bool:
        return self.name == "accuracy"

    @property
    def better(self) -> str:
        """What is better, "higher" or "lower"."""
        return "lower" if self.lower_is_better else "higher"

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1, and 1 is perfect."""
        return self.largest == 1 and not self.lower_is_better

    @property
    def words(self) -> str:
        """What it is called within a sentence."""
        return self.title if self.keeps_capital else self.title[0].lower() + self.title[1:]

    @property
    def field(self) -> str:
        """What it is called in CSV and JSON, with its unit; shares of 1 need none."""
        return f"{self.name}_{self.unit}" if self.unit == "nats" else self.name

    def values(self, run: RunPredictions) -> Values:
        """Return the values of ``run`` on the images that it is about; raise NotMeasured."""
        found = self.of_run(run)
        found = found if isinstance(found, Values) else Values(found)
        if self.on_images is None:
            return found
        chosen = self.on_images(run.labels)
        if not chosen.any():
            raise NotMeasured("there is no test image of this class")
        return Values(found.of_images[chosen], note=found.note)

    def value(self, run: RunPredictions) -> float:
        """Return the measure of one run; raise NotMeasured where there is none."""
        return self.shown(float(self.values(run).of_images.mean()))

    def shown(self, mean: float) -> float:
        """Return the number whose values have this mean."""
        return math.sqrt(max(mean, 0.0)) if self.is_square else mean

    def shown_difference(self, difference: float, one: float, other: float) -> float:
        """Return what a ``difference`` of means of values is between the two numbers shown.

        Of squares x^2 - y^2 that is x - y = (x^2 - y^2) / (x + y), and never more than its root.
        """
        if not self.is_square or difference == 0:
            return difference
        total = self.shown(one) + self.shown(other)
        reach = math.sqrt(abs(difference))
        return math.copysign(min(reach, abs(difference) / total if total else reach), difference)

    def value_difference(self, shown: float, one: float, other: float) -> float:
        """Return the inverse of `shown_difference`, for a size."""
        if not self.is_square:
            return shown
        return max(shown**2, shown * (self.shown(one) + self.shown(other)))


@dataclass(frozen=True)
class Family:
    """Measures with a whole number in their names, such as top_5 of ``top``."""

    name: str
    parameter: str  # what the number is, as in ``top_K``
    help: str
    make: Callable[[int], Measure]
    least: int = 0


def _accuracy(run: RunPredictions) -> BoolArray:
    return np.asarray(run.predicted == run.labels)


ACCURACY = Measure("accuracy", "Accuracy", "Share of test images that are right.", _accuracy)
_NUMBERED = re.compile(r"(.+)_(\d{1,5})")


@lru_cache(maxsize=1)
def measures() -> dict[str, Measure | Family]:
    """Return every measure and family by its name, accuracy first.

    Raises UserError where two share a name, or a plug-in is broken.
    """
    found: dict[str, Measure | Family] = {ACCURACY.name: ACCURACY}
    for entry in _MODULES.entries().values():
        for measure in entry.load().MEASURES:
            if measure.name in found:
                where = f"{entry.module} ({entry.origin})"
                raise UserError(f"{where}: measure {measure.name!r} is there already; rename it")
            found[measure.name] = measure
    return found


def find(name: str, where: str = "--measure") -> Measure:
    """Return the measure called ``name``; raise UserError, naming the nearest, if none is."""
    known = measures()
    found = known.get(name)
    if isinstance(found, Measure):
        return found
    numbered = _NUMBERED.fullmatch(name)
    family = known.get(numbered[1]) if numbered else None
    if numbered and isinstance(family, Family):
        if int(numbered[2]) < family.least:
            raise UserError(
                f"{where} {name}: {family.parameter} is {int(numbered[2])}; expected "
                f"{family.least} or more"
            )
        return family.make(int(numbered[2]))
    if isinstance(found, Family):
        raise UserError(
            f"{where} {name}: name the {family_word(found)}, such as {name}_{found.least or 1}"
        )
    raise UserError(f"{where}: no measure is called {name!r}{nearest(name, names())}")


def check_gives(measure: Measure, classes: int, labels: IntArray, dataset: str) -> None:
    """Raise UserError if no run on a dataset of these test labels (m,) could give ``measure``.

    It is tried on predictions that are made up, all of them right.
    """
    some = np.unique(labels)
    probabilities = np.full((len(some), classes), 0.5 / classes)
    probabilities[np.arange(len(some)), some] += 0.5
    try:
        measure.values(RunPredictions(probabilities, some))
    except NotMeasured as reason:
        raise UserError(f"{dataset} has no {measure.words}: {reason}") from None


def family_word(family: Family) -> str:
    """Return what a family's number is in a sentence."""
    return "number k" if family.parameter == "K" else "class's number"


def names() -> list[str]:
    """Return the names of all measures; a family's with its parameter, ``top_K``."""
    return [m.name if isinstance(m, Measure) else _name(m) for m in measures().values()]


def _name(family: Family) -> str:
    return f"{family.name}_{family.parameter}"


def describe() -> list[dict[str, str]]:
    """Return what `bench list measures` says of every measure."""
    rows = []
    for name, found in zip(names(), measures().values(), strict=True):
        one = found if isinstance(found, Measure) else found.make(max(found.least, 1))
        rows.append(
            {
                "name": name,
                "unit": one.unit,
                "better": one.better,
                "needs": "probabilities" if one.needs_probabilities else "classes",
                "meaning": found.help,
            }
        )
    return rows
