"""Baseline runs and new runs -> a verdict, or None while one more seed could still tell."""

import dataclasses
from collections.abc import Sequence

from bench.cells import CellIdentity
from bench.gate.comparable import changes, obstacles
from bench.gate.costs import judge_cost
from bench.gate.runs import Run, Side, accuracies, correct_of, flipped_images, same_labels
from bench.gate.verdict import Outcome, Terms, Verdict
from bench.statistics import DifferenceBound, difference_bound
from bench.statistics.sequential import FIRST_LOOK, Design, first_answer, seeds_needed

_FEWEST_BASELINE_SEEDS = 2


def not_comparable(side: Side, new: CellIdentity, terms: Terms) -> Verdict | None:
    """Return the verdict that needs no training: that the two sides cannot be compared."""
    found = obstacles(side.identity, new, terms.allow_recipe_change)
    if not found:
        return None
    return Verdict(
        architecture=new.architecture,
        outcome=Outcome.NOT_COMPARABLE,
        margin=terms.margin,
        baseline_seeds=side.seeds,
        reason="; ".join(found),
    )


def decide(side: Side, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return the verdict on ``new``, the runs so far in the order of the check's seeds.

    The same runs give the same verdict however many of them were there at a time.  None asks
    for one more run.
    """
    if not new:
        return None
    verdict = _failure(side, new, terms) or _identical(side, new, terms)
    verdict = verdict or _without_numbers(side, new, terms)
    verdict = verdict or _by_looking(side, new, terms)
    return None if verdict is None else _with_costs(verdict, side, new, terms)


def _verdict(side: Side, new: Sequence[Run], terms: Terms, outcome: Outcome) -> Verdict:
    identity = new[0].record.cell
    return Verdict(
        architecture=identity.architecture,
        outcome=outcome,
        margin=terms.margin,
        baseline_seeds=side.seeds,
        new_seeds=tuple(run.seed for run in new),
        changes=changes(side.identity, identity),
    )


def _failure(side: Side, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return a verdict where a run has no numbers: diverged is worse, anything else a crash."""
    for number, run in enumerate(new, start=1):
        if run.record.status == "finished":
            continue
        failure = run.record.failure
        diverged = failure is not None and failure.kind == "diverged"
        outcome = Outcome.REGRESSED if diverged else Outcome.CRASHED
        cause = failure.reason if failure is not None else "no reason was recorded"
        verb = "diverged" if diverged else "failed"
        verdict = _verdict(side, new[:number], terms, outcome)
        return dataclasses.replace(verdict, reason=f"seed {run.seed} {verb}: {cause}")
    return None


def _identical(side: Side, new: Sequence[Run], terms: Terms) -> Verdict | None:
    before = next((run for run in side.runs if run.seed == new[0].seed), None)
    if before is None or not new[0].is_same_model_as(before):
        return None
    verdict = _verdict(side, new[:1], terms, Outcome.NO_WORSE)
    return dataclasses.replace(verdict, identical=True)


def _without_numbers(side: Side, new: Sequence[Run], terms: Terms) -> Verdict | None:
    reason = ""
    if len(side.runs) < _FEWEST_BASELINE_SEEDS:
        reason = (
            f"the baseline has {len(side.runs)} finished run, which says nothing about the spread "
            "over seeds; record ten with: bench baseline update"
        )
    elif not same_labels(side.runs[0], new[0]):
        reason = "the test labels differ from the baseline's"
    if not reason:
        return None
    verdict = _verdict(side, new, terms, Outcome.NOT_COMPARABLE)
    return dataclasses.replace(verdict, reason=reason)


def _by_looking(side: Side, new: Sequence[Run], terms: Terms) -> Verdict | None:
    if len(new) < FIRST_LOOK:
        return None
    new = new[: terms.max_seeds]
    design = Design(len(side.runs), terms.max_seeds, terms.alpha)
    found = first_answer(
        accuracies(side.runs), accuracies(new), _images([*side.runs, *new]), terms.margin, design
    )
    used = new[: found.seeds]
    if found.answer == "open":
        if len(new) < terms.max_seeds:
            return None
        verdict = _verdict(side, used, terms, Outcome.INCONCLUSIVE)
        needed = seeds_needed(found, len(side.runs), terms.margin, terms.alpha)
        verdict = dataclasses.replace(verdict, needed=needed)
    else:
        outcome = Outcome.NO_WORSE if found.answer == "no worse" else Outcome.REGRESSED
        verdict = _verdict(side, used, terms, outcome)
    return dataclasses.replace(
        verdict,
        look=found,
        like_these=_on_images_like_these(side, used, terms),
        flipped=() if found.answer == "no worse" else flipped_images(side.runs, used),
    )


def _images(runs: Sequence[Run]) -> int:
    known = [len(run.predictions.labels) for run in runs if run.predictions is not None]
    return known[0] if known else 10_000  # only bounds how small a spread can be


def _on_images_like_these(side: Side, used: Sequence[Run], terms: Terms) -> DifferenceBound | None:
    """Return the drop with bounds for new images of the same kind, each with 1 - alpha."""
    before, now = correct_of(side.runs), correct_of(used)
    if before is None or now is None:
        return None
    return difference_bound(before, now, 1 - terms.alpha)


def _with_costs(verdict: Verdict, side: Side, new: Sequence[Run], terms: Terms) -> Verdict:
    used = [run for run in new if run.seed in verdict.new_seeds]
    costs = tuple(
        judge_cost(measure, side.runs, used, margin, terms.alpha)
        for measure, margin in terms.cost_margins.items()
    )
    return dataclasses.replace(verdict, costs=costs)
