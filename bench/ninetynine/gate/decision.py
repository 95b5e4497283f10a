"""Baseline runs and new runs -> a verdict, or None while one more seed could still tell."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Row, Run
from ninetynine.board.measured import run_value
from ninetynine.cells import CellIdentity
from ninetynine.gate.classes import look_at_classes, recalls_of
from ninetynine.gate.comparable import changes, obstacles, same_test_part
from ninetynine.gate.costs import NO_REFERENCES, References, judge_cost, lacks_runs
from ninetynine.gate.flips import correct_of, flipped_images
from ninetynine.gate.verdict import OUTCOMES, ClassVerdict, Outcome, Terms, Verdict
from ninetynine.measures import Measure, NotMeasured
from ninetynine.statistics import Groups, difference_bound, prediction_interval, summarize
from ninetynine.statistics.sequential import FIRST_LOOK, Design, look, seeds_needed
from ninetynine.statistics.summary import seed_variance
from ninetynine.suite.seeds import seeds_in_words

_FEWEST_BASELINE_SEEDS = 2
_FINE = 10**6  # images that would make steps as fine as those of a loss


def not_comparable(
    baseline: Row, new: CellIdentity, terms: Terms, test_part: Callable[[], str] | None = None
) -> Verdict | None:
    """Return the verdict that needs no training: that the two sides cannot be compared.

    ``test_part`` returns the fingerprint of today's test part; asked only where data differ.
    """
    terms = terms.of(new.architecture)
    same_test = same_test_part(baseline, new, test_part)
    allowed = terms.allow_recipe_change, terms.allow_data_change
    found = obstacles(baseline.cell, new, *allowed, same_test)
    if not found:
        return None
    return Verdict(
        architecture=new.architecture,
        outcome=Outcome.NOT_COMPARABLE,
        margin=terms.margin,
        baseline_seeds=baseline.seeds,
        reason="; ".join(found),
    )


def decide_on(
    baseline: Row,
    new: Sequence[Run],
    terms: Terms,
    references: References = NO_REFERENCES,
) -> Verdict | None:
    """Return what `ninetynine.gate.decide` does of runs of which none may diverge.

    A good verdict waits for the runs that the costs need, of which none may fail.
    """
    if new:
        terms = terms.of(new[0].record.cell.architecture)
    looked: Verdict | None = None
    good: Verdict | None = None
    classes: dict[int, ClassVerdict] = {}
    for number in range(1, len(new) + 1):
        runs = new[:number]
        verdict = _failure(baseline, runs, terms) or good or _identical(baseline, runs, terms)
        verdict = verdict or _without_numbers(baseline, runs, terms)
        if verdict is None and number >= FIRST_LOOK:
            looked = looked or _by_looking(baseline, runs, terms)
            if looked is None or looked.outcome is not Outcome.REGRESSED:
                verdict = _by_collapse(baseline, runs, terms)
            if verdict is None:
                classes = look_at_classes(baseline, runs, terms, classes)
                verdict = _with_classes(baseline, runs, terms, looked, classes)
        if verdict is None:
            continue
        if verdict.quality is Outcome.NO_WORSE and _costs_lack(baseline, runs, terms, references):
            good = verdict
            continue
        return _with_costs(verdict, baseline, runs, terms, references)
    return None


def _costs_lack(baseline: Row, new: Sequence[Run], terms: Terms, references: References) -> bool:
    return len(new) < terms.max_seeds and any(
        lacks_runs(measure, baseline.runs, new, margin, terms.alpha, references)
        for measure, margin in terms.cost_margins.items()
    )


def _with_classes(
    baseline: Row,
    new: Sequence[Run],
    terms: Terms,
    looked: Verdict | None,
    classes: Mapping[int, ClassVerdict],
) -> Verdict | None:
    """Return the verdict on measure and classes; None while a further seed could still tell."""
    outcomes = {found.outcome for found in classes.values()}
    if Outcome.REGRESSED in outcomes and looked is None:
        looked = _open(baseline, new, terms)
    if looked is None:
        return None
    worse = Outcome.REGRESSED in {looked.outcome, *outcomes}
    if Outcome.INCONCLUSIVE in outcomes and not worse and len(new) < terms.max_seeds:
        return None
    seeds = tuple(run.seed for run in new)
    return dataclasses.replace(looked, classes=tuple(classes.values()), new_seeds=seeds)


def verdict_of(
    baseline: Row,
    new: Sequence[Run],
    terms: Terms,
    outcome: Outcome,
    reason: str = "",
    identical: bool = False,
) -> Verdict:
    """Return the verdict on ``new``, its numbers to be added."""
    identity = new[0].record.cell
    return Verdict(
        architecture=identity.architecture,
        outcome=outcome,
        margin=terms.margin,
        baseline_seeds=baseline.seeds,
        new_seeds=tuple(run.seed for run in new),
        reason=reason,
        identical=identical,
        changes=changes(baseline.cell, identity),
        measure=terms.measure,
    )


def _failure(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return a verdict where a run has no numbers: diverged is worse, anything else a crash."""
    last = new[-1].record
    if last.status == "finished":
        return None
    diverged = last.failure is not None and last.failure.kind == "diverged"
    cause = last.failure.reason if last.failure is not None else "no reason was recorded"
    outcome, verb = (Outcome.REGRESSED, "diverged") if diverged else (Outcome.CRASHED, "failed")
    return verdict_of(baseline, new, terms, outcome, f"seed {new[-1].seed} {verb}: {cause}")


def _identical(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    same = next((run for run in baseline.runs if run.seed == new[0].seed), None)
    if len(new) > 1 or same is None or not is_same_model(new[0], same):
        return None
    return verdict_of(baseline, new, terms, Outcome.NO_WORSE, identical=True)


def _without_numbers(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    if len(baseline.runs) < _FEWEST_BASELINE_SEEDS:
        reason = (
            f"the baseline has {len(baseline.runs)} finished run, which says nothing about the "
            "spread over seeds; record twenty with: bench baseline update"
        )
    elif not same_labels(baseline.runs[0], new[0]):
        reason = "the test labels differ from the baseline's"
    elif (lacking := not_measured([*baseline.runs, *new], terms)) is not None:
        reason = lacking
    else:
        return None
    return verdict_of(baseline, new, terms, Outcome.NOT_COMPARABLE, reason)


def not_measured(runs: Sequence[Run], terms: Terms) -> str | None:
    """Return why what is judged cannot be told of the runs; None where it can."""
    try:
        values_of(runs, terms.by)
        if terms.class_margins:
            recalls_of(runs)
    except NotMeasured as reason:
        return str(reason)
    return None


def diverged_in(baseline: Row) -> int:
    """Return how many of the baseline's seeds diverged."""
    return sum(failed.kind == "diverged" for failed in baseline.failed)


def chance_of_a_run(baseline: Row, terms: Terms) -> float:
    """Return the chance that an unchanged run may have to be called collapsed.

    Where the baseline's diverge, divergence has half of it, see `ninetynine.gate.divergence`.
    """
    tail = Design(len(baseline.runs), terms.max_seeds, terms.alpha).collapse_tail
    return tail / 2 if diverged_in(baseline) else tail


def _by_collapse(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    """Return a verdict where a run is none that the baseline's seeds could have given.

    It is below their prediction interval for one more run, and by more than the margin.  Averaged
    with the others it would only make the spread so wide that nothing can be told.
    """
    if len(new) < FIRST_LOOK:
        return None
    fallen, reason = _collapsed(baseline, baseline.runs, new, terms)
    if not fallen:
        return None
    found = verdict_of(baseline, new, terms, Outcome.REGRESSED, reason)
    return dataclasses.replace(found, flipped=flipped_images(baseline.runs, fallen))


def _collapsed(
    baseline: Row, known: Sequence[Run], others: Sequence[Run], terms: Terms
) -> tuple[list[Run], str]:
    """Return those of ``others`` that no run like ``known`` would be, and that in words."""
    confidence = 1 - 2 * chance_of_a_run(baseline, terms)
    if confidence == 1:
        return [], ""
    before = accuracies(known)
    flips = 0.0 if baseline.summary is None else seed_variance(baseline.summary)[1]
    expected = prediction_interval(before, _images([*known, *others]), confidence, flips)
    assert expected is not None  # of two runs or more there is one
    margin = terms.margin if terms.by.is_accuracy else Terms().margin
    least = min(expected.low, float(before.mean()) - margin)
    fallen = [run for run in others if run.accuracy < least]
    told = ", ".join(f"seed {run.seed} collapsed: {100 * run.accuracy:.2f}%" for run in fallen)
    return fallen, (
        f"{told}; one more run like the baseline's {len(known)} has at least "
        f"{100 * expected.low:.2f}% ({100 * confidence:.4g}% prediction interval)"
    )


def collapsed_in(baseline: Row, terms: Terms) -> str:
    """Return in words which of the baseline's own seeds collapsed, "" where none did.

    At most a quarter: these are held to the others.  Their spread hides whatever a check finds.
    """
    runs = sorted(baseline.runs, key=lambda run: run.accuracy)
    for count in range(1, max(1, len(runs) // 4) + 1):
        lowest, others = sorted(runs[:count], key=lambda run: run.seed), runs[count:]
        if len(others) < _FEWEST_BASELINE_SEEDS:
            return ""
        fallen, _ = _collapsed(baseline, others, lowest, terms)
        if len(fallen) == count:
            seeds = seeds_in_words(run.seed for run in lowest)
            levels = ", ".join(f"{100 * run.accuracy:.2f}%" for run in lowest)
            return (
                f"{seeds} of the baseline collapsed ({levels}, its others have "
                f"{100 * float(accuracies(others).mean()):.2f}%), and this spread hides any drop: "
                "mend what made it collapse, then bench baseline update"
            )
    return ""


def _by_looking(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict | None:
    found = _open(baseline, new, terms)
    still = found.outcome is Outcome.INCONCLUSIVE and len(new) < terms.max_seeds
    return None if still else found


def _open(baseline: Row, new: Sequence[Run], terms: Terms) -> Verdict:
    """Return what the runs so far say, be it that nothing can be told yet."""
    design = Design(len(baseline.runs), terms.max_seeds, terms.alpha, terms.share)
    old, now = (values_of(runs, terms.by) for runs in (baseline.runs, new))
    # Counts of images have a least spread above 0; other numbers are finer.
    images = _images([*baseline.runs, *new]) if terms.by.is_share else _FINE
    found = look(old, now, images, terms.margin, design)
    needed = None
    if found.answer == "open":
        needed = seeds_needed(found, len(baseline.runs), terms.margin, terms.alpha)
    reason = collapsed_in(baseline, terms) if found.answer == "open" else ""
    return dataclasses.replace(
        verdict_of(baseline, new, terms, OUTCOMES[found.answer], reason),
        look=found,
        needed=needed,
        **(_population(baseline.runs, new, terms) if terms.by.is_accuracy else {}),
        flipped=() if found.answer == "no worse" else flipped_images(baseline.runs, new),
    )


def _population(old: Sequence[Run], new: Sequence[Run], terms: Terms) -> dict[str, Any]:
    """Return the drop on images like these, by groups of images where these are known."""
    sides = [correct_of(runs) for runs in (old, new)]
    if sides[0] is None or sides[1] is None:
        return {}
    known = next((found for run in (*old, *new) if (found := run.test_groups)), None)
    drawn = None if known is None else Groups.of(known.codes)
    before, after = (summarize(side, drawn) for side in sides if side is not None)
    return {
        "population": difference_bound(before, after, 1 - terms.alpha),
        "population_groups": None if drawn is None else drawn.count,
    }


def _images(runs: Sequence[Run]) -> int:
    known = [len(run.predictions.labels) for run in runs if run.predictions is not None]
    return known[0] if known else 10_000  # only bounds how small a spread can be


def _with_costs(
    verdict: Verdict, baseline: Row, new: Sequence[Run], terms: Terms, references: References
) -> Verdict:
    costs = tuple(
        judge_cost(measure, baseline.runs, new, margin, terms.alpha, references)
        for measure, margin in terms.cost_margins.items()
    )
    return dataclasses.replace(verdict, costs=costs, new_seeds=tuple(run.seed for run in new))


# Runs: their numbers, and whether they are alike --------------------------------------------------


def is_same_model(one: Run, other: Run) -> bool:
    """Whether both have the same weights and give every test image the same probabilities.

    The weights alone would not do: dropout left on when predicting leaves them as they were.
    """
    hashes = [run.record.model.weights_hash if run.record.model else None for run in (one, other)]
    if None in hashes or hashes[0] != hashes[1]:
        return False
    if one.predictions is None or other.predictions is None:
        return False
    mine, others = one.predictions.probabilities, other.predictions.probabilities
    return np.array_equal(mine, others) and same_labels(one, other)


def accuracies(runs: Sequence[Run]) -> NDArray[np.float64]:
    """Return the accuracy of each run, float64 (n,), fractions."""
    return np.array([run.accuracy for run in runs], dtype=np.float64)


def values_of(runs: Sequence[Run], measure: Measure) -> NDArray[np.float64]:
    """Return the measure of each run, float64 (n,), more being better: losses are negative.

    Raises NotMeasured where a run has none.
    """
    if measure.is_accuracy:
        return accuracies(runs)
    sign = -1.0 if measure.lower_is_better else 1.0
    found = []
    for run in runs:
        try:
            found.append(sign * run_value(run, measure))
        except NotMeasured as reason:
            what = f"seed {run.seed} has no {measure.words}: {reason}"
            raise NotMeasured(what) from reason
    return np.array(found, dtype=np.float64)


def same_labels(one: Run, other: Run) -> bool:
    """Whether two runs answered the same questions, as far as their records tell."""
    if one.predictions is None or other.predictions is None:
        return True
    return np.array_equal(one.predictions.labels, other.predictions.labels)
