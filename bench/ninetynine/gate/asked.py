"""What a check judges, and its margins: as asked, else as the baseline or the suite says."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from ninetynine.errors import UserError
from ninetynine.gate.checking import Contest
from ninetynine.gate.classes import margins_of
from ninetynine.gate.manifest import MANIFEST, Manifest
from ninetynine.gate.verdict import Terms
from ninetynine.measures import ACCURACY, Measure, find
from ninetynine.suite import Suite


def terms_of(
    asked: Terms,
    measure: Measure,
    manifest: Manifest,
    margins: Mapping[str, float],
    class_margins: Mapping[str, float],
) -> Terms:
    """Return ``asked`` with the measure that is judged and all margins in its own unit.

    ``margins`` are as a user gives them: in percentage points, or in the measure's unit where that
    is not percent, by architecture and "" for all; those of classes in percentage points.
    """
    unit = 100 if measure.unit == "%" else 1
    stated = {name: margin / unit for name, margin in manifest.margins.items()}
    given = {name: margin / unit for name, margin in margins.items()}
    classes = {**manifest.class_margins, **class_margins}
    return dataclasses.replace(
        asked,
        measure=measure.name,
        margin=given.pop("", asked.margin),
        margins={**stated, **asked.margins, **given},
        class_margins={label: points / 100 for label, points in classes.items()},
    )


def measure_of(asked: str | None, suite: Suite, baseline: Path, manifest: Manifest) -> Measure:
    """Return the measure that is asked for, else the baseline's, the suite's, accuracy."""
    if asked is not None:
        return find(asked)
    if manifest.measure is not None:
        return find(manifest.measure, f"{baseline / MANIFEST}: measure")
    if suite.measure is not None:
        return find(suite.measure, f"suite {suite.path}: measure")
    return ACCURACY


def check_classes(terms: Terms, contests: Sequence[Contest]) -> None:
    """Raise UserError for a class's margin where no test image is of the class."""
    for contest in contests:
        known = margins_of(contest.baseline, terms)
        for label in terms.class_margins:
            numbered = label.isascii() and label.isdecimal()
            if label and contest.baseline.outcomes and not (numbered and int(label) in known):
                raise UserError(
                    f"--class-margin {label}=...: no test image of {contest.name} is of class "
                    f"{label}; classes are numbered from 0"
                )
