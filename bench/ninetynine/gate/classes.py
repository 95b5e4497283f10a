"""Whether the accuracy of single classes fell, which the accuracy of all may hide."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Row, Run
from ninetynine.gate.verdict import OUTCOMES, ClassVerdict, Outcome, Terms
from ninetynine.measures import NotMeasured
from ninetynine.statistics.sequential import Design, Look, look_at_all


def recalls_of(runs: Sequence[Run]) -> NDArray[np.float64]:
    """Return which share of each class's test images a run has right, float64 (n, classes).

    A class without test images has NaN.  Raises NotMeasured where a run has no predictions.
    """
    rows = []
    for run in runs:
        if "recalls" not in run.found:
            if run.predictions is None:
                raise NotMeasured(f"seed {run.seed} has no predictions to tell classes by")
            labels, classes = run.predictions.labels, run.predictions.probabilities.shape[1]
            images = np.bincount(labels, minlength=classes)
            right = np.bincount(labels, run.predictions.correct, classes)
            run.found["recalls"] = np.where(images > 0, right / np.maximum(images, 1), np.nan)
        rows.append(run.found["recalls"])
    return np.stack(rows)


def margins_of(baseline: Row, terms: Terms) -> dict[int, float]:
    """Return the margin of each class that is judged and has test images."""
    if not terms.class_margins or not baseline.outcomes:
        return {}
    labels = map(int, np.unique(baseline.labels))
    found = {label: terms.class_margin(label) for label in labels}
    return {label: margin for label, margin in found.items() if margin is not None}


def _possible(look: Look) -> Look:
    """Return ``look`` without drops to below 0 or from above 1."""
    before = look.baseline_accuracy
    lower, upper = max(look.lower, before - 1), min(look.upper, before)
    return replace(look, lower=lower, upper=upper)


def look_at_classes(
    baseline: Row, new: Sequence[Run], terms: Terms, before: Mapping[int, ClassVerdict]
) -> dict[int, ClassVerdict]:
    """Return the verdict on each class that has a margin; what was told ``before`` stays."""
    margins = margins_of(baseline, terms)
    if not margins:
        return {}
    labels, images = list(margins), np.bincount(baseline.labels)
    looks = look_at_all(
        recalls_of(baseline.runs)[:, labels],
        recalls_of(new)[:, labels],
        [int(images[label]) for label in labels],
        list(margins.values()),
        Design(len(baseline.runs), terms.max_seeds, terms.alpha, 1 - terms.share),
    )
    found = {
        label: ClassVerdict(label, OUTCOMES[look.answer], margins[label], _possible(look))
        for label, look in zip(labels, looks, strict=True)
    }
    told = {k: v for k, v in before.items() if v.outcome is not Outcome.INCONCLUSIVE}
    return {**found, **told}
