"""What a check judges, and its margins: as asked, else as the baseline or the suite says."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ninetynine.errors import UserError
from ninetynine.gate.checking import Contest
from ninetynine.gate.classes import margins_of
from ninetynine.gate.manifest import MANIFEST, Manifest
from ninetynine.gate.verdict import Terms
from ninetynine.measures import ACCURACY, Measure, find
from ninetynine.statistics.sequential import FIRST_LOOK, MAX_SEEDS
from ninetynine.suite import Suite

LEAST_ALPHA = 1e-9  # the bounds of a smaller one would lie beyond what numbers can tell apart


def terms_of(
    asked: Terms,
    measure: Measure,
    manifest: Manifest,
    margins: Mapping[str, float],
    class_margins: Mapping[str, float],
) -> Terms:
    """Return ``asked`` with the measure that is judged and all margins in its own unit.

    ``margins`` are as a user gives them: in percentage points, or in the measure's unit where that
    is not percent, by architecture and "" for all; those of classes in percentage points.  Raises
    UserError for a number that no check could be made with.
    """
    sure = LEAST_ALPHA <= _number(asked.alpha) < 0.5
    _check_number("alpha", asked.alpha, sure, f"from {LEAST_ALPHA:g} to below 0.5")
    whole = isinstance(asked.max_seeds, int) and FIRST_LOOK <= asked.max_seeds <= MAX_SEEDS
    _check_number("max_seeds", asked.max_seeds, whole, f"from {FIRST_LOOK} to {MAX_SEEDS}")
    unit = 100 if measure.unit == "%" else 1
    for name, margin in margins.items():
        _check_margin(f"margin {name}=" if name else "margin", margin, unit == 100)
    for label, margin in class_margins.items():
        _check_margin(f"class_margin {label}=" if label else "class_margin", margin, True)
    stated = {name: margin / unit for name, margin in manifest.margins.items()}
    given = {name: margin / unit for name, margin in margins.items()}
    classes = {**manifest.class_margins, **class_margins}
    return dataclasses.replace(
        asked,
        measure=measure.name,
        margin=given.pop("", stated.pop("", asked.margin)),
        margins={**stated, **asked.margins, **given},
        class_margins={label: points / 100 for label, points in classes.items()},
    )


def _check_margin(what: str, margin: float, in_percent: bool) -> None:
    found = _number(margin)
    good = 0 < found <= 100 if in_percent else 0 < found < math.inf
    words = "points above 0 and at most 100, such as 0.2" if in_percent else "above 0"
    _check_number(what, margin, good, words)


def _check_number(what: str, given: object, good: bool, expected: str) -> None:
    if not good or isinstance(given, bool):
        between = "" if what.endswith("=") else " "
        kind = "percentage" if expected.startswith("points") else "a number"
        raise UserError(f"{what}{between}{given!r}: expected {kind} {expected}")


def _number(given: object) -> float:
    """Return what a caller gave, NaN where that is no number."""
    return float(given) if isinstance(given, int | float) else math.nan


def measure_of(asked: str | None, suite: Suite, baseline: Path, manifest: Manifest) -> Measure:
    """Return the measure that is asked for, else the baseline's, the suite's, accuracy."""
    if asked is not None:
        return find(asked)
    if manifest.measure is not None:
        return find(manifest.measure, f"{baseline / MANIFEST}: measure")
    if suite.measure is not None:
        return find(suite.measure, f"suite {suite.path}: measure")
    return ACCURACY


def check_classes(
    terms: Terms, contests: Sequence[Contest], asked: Mapping[str, float], baseline: Path
) -> None:
    """Raise UserError for a class's margin where no test image is of the class.

    What is not ``asked`` for, the manifest of ``baseline`` says.
    """
    for contest in contests:
        known = {str(label) for label in margins_of(contest.baseline, terms)}
        for label in terms.class_margins:
            if label and contest.baseline.outcomes and label not in known:
                kept = f"{baseline / MANIFEST}: class_margins: {label!r}"
                where = f"--class-margin {label}=..." if label in asked else kept
                raise UserError(
                    f"{where}: no test image of {contest.name} is of class {label}; classes are "
                    "numbered from 0"
                )
