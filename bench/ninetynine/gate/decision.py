"""Baseline runs and new runs -> a verdict, or None while one more seed could still tell."""

import dataclasses
from collections.abc import Sequence

from ninetynine.board import Row, Run
from ninetynine.cells import CellIdentity
from ninetynine.gate.comparable import changes, obstacles
from ninetynine.gate.costs import judge_cost
from ninetynine.gate.runs import (
    accuracies,
    correct_of,
    flipped_images,
    is_same_model,
    same_labels,
)
from ninetynine.gate.verdict import Outcome, Terms, Verdict
from ninetynine.statistics import DifferenceBound, difference_bound
from ninetynine.statistics.sequential import FIRST_LOOK, Answer, Design, look, seeds_needed

_FEWEST_BASELINE_SEEDS = 2
_OUTCOMES: dict[Answer, Outcome] = {
    "no worse": Outcome.NO_WORSE,
    "regressed": Outcome.REGRESSED,
    "open": Outcome.INCONCLUSIVE,
}


def not_comparable(baseline: Row, new: CellIdentity, terms: Terms) -> Verdict | None:
    """Return the verdict that needs no training: that the two sides cannot be compared."""
    found = obstacles(baseline.cell, new, terms.allow_recipe_change)
    if not found:
        return None
    return Verdict(
        architecture=new.architecture,
        outcome=Outcome.NOT_COMPARABLE,
        margin=terms.margin,
        baseline_seeds=baseline.seeds,
        reason="; ".join(found),
    )


def decide(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return the verdict on ``new``, the runs so far in the order of the check's seeds.

    It is the first verdict that any number of them gives, so it does not depend on how many were
    trained at a time.  None asks for one more run.
    """
    for number in range(1, len(new) + 1):
        runs = new[:number]
        verdict = _failure(baseline, runs, terms) or _identical(baseline, runs, terms)
        verdict = verdict or _without_numbers(baseline, runs, terms)
        verdict = verdict or _by_looking(baseline, runs, terms)
        if verdict is not None:
            return _with_costs(verdict, baseline, runs, terms)
    return None


def _verdict(baseline: Row, new: Sequence[Run], terms: Terms, outcome: Outcome) -> Verdict:
    identity = new[0].record.cell
    return Verdict(
        architecture=identity.architecture,
        outcome=outcome,
        margin=terms.margin,
        baseline_seeds=baseline.seeds,
        new_seeds=tuple(run.seed for run in new),
        changes=changes(baseline.cell, identity),
    )


def _failure(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return a verdict where a run has no numbers: diverged is worse, anything else a crash."""
    last = new[-1].record
    if last.status == "finished":
        return None
    diverged = last.failure is not None and last.failure.kind == "diverged"
    cause = last.failure.reason if last.failure is not None else "no reason was recorded"
    verdict = _verdict(baseline, new, terms, Outcome.REGRESSED if diverged else Outcome.CRASHED)
    verb = "diverged" if diverged else "failed"
    return dataclasses.replace(verdict, reason=f"seed {new[-1].seed} {verb}: {cause}")


def _identical(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    same = next((run for run in baseline.runs if run.seed == new[0].seed), None)
    if len(new) > 1 or same is None or not is_same_model(new[0], same):
        return None
    verdict = _verdict(baseline, new, terms, Outcome.NO_WORSE)
    return dataclasses.replace(verdict, identical=True)


def _without_numbers(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    reason = ""
    if len(baseline.runs) < _FEWEST_BASELINE_SEEDS:
        reason = (
            f"the baseline has {len(baseline.runs)} finished run, which says nothing about the "
            "spread over seeds; record twenty with: bench baseline update"
        )
    elif not same_labels(baseline.runs[0], new[0]):
        reason = "the test labels differ from the baseline's"
    if not reason:
        return None
    verdict = _verdict(baseline, new, terms, Outcome.NOT_COMPARABLE)
    return dataclasses.replace(verdict, reason=reason)


def _by_looking(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    if len(new) < FIRST_LOOK:
        return None
    design = Design(len(baseline.runs), terms.max_seeds, terms.alpha)
    images = _images([*baseline.runs, *new])
    found = look(accuracies(baseline.runs), accuracies(new), images, terms.margin, design)
    is_open = found.answer == "open"
    if is_open and len(new) < terms.max_seeds:
        return None
    return dataclasses.replace(
        _verdict(baseline, new, terms, _OUTCOMES[found.answer]),
        look=found,
        needed=seeds_needed(found, len(baseline.runs), terms.margin, terms.alpha)
        if is_open
        else None,
        population=_on_images_like_these(baseline, new, terms),
        flipped=() if found.answer == "no worse" else flipped_images(baseline.runs, new),
    )


def _images(runs: Sequence[Run]) -> int:
    known = [len(run.predictions.labels) for run in runs if run.predictions is not None]
    return known[0] if known else 10_000  # only bounds how small a spread can be


def _on_images_like_these(
    baseline: Row, used: Sequence[Run], terms: Terms
) -> DifferenceBound | None:
    """Return the drop with bounds for new images of the same kind, each with 1 - alpha."""
    old, now = correct_of(baseline.runs), correct_of(used)
    if old is None or now is None:
        return None
    return difference_bound(old, now, 1 - terms.alpha)


def _with_costs(verdict: Verdict, baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict:
    costs = tuple(
        judge_cost(measure, baseline.runs, new, margin, terms.alpha)
        for measure, margin in terms.cost_margins.items()
    )
    return dataclasses.replace(verdict, costs=costs)
