"""A check's verdicts as sentences, and numbers as these and the tables beside them have them."""

from ninetynine.gate.verdict import (
    CheckProspect,
    ClassVerdict,
    CostVerdict,
    FlippedImage,
    Outcome,
    Terms,
    Verdict,
)
from ninetynine.grouping import grouped
from ninetynine.measures import Measure, find
from ninetynine.report import formatting, units
from ninetynine.statistics import Interval
from ninetynine.statistics.sequential import MAX_SEEDS, Look, SeedsNeeded

_MOST_CLASSES = 12
NAMES = {
    Outcome.NO_WORSE: "no worse",
    Outcome.REGRESSED: "regressed",
    Outcome.INCONCLUSIVE: "cannot tell",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.CRASHED: "not completed",
}


def sentence(verdict: Verdict) -> str:
    """Return the verdict on one architecture, costs included, as plain sentences on one line."""
    words = [f"{verdict.architecture}: {_measure_words(verdict)}", *_class_words(verdict)]
    words += [cost_sentence(cost) for cost in verdict.costs]
    if verdict.quality in (Outcome.REGRESSED, Outcome.INCONCLUSIVE) and verdict.changes:
        words.append(f"What changed: {', '.join(verdict.changes)}.")
    return " ".join(words)


def cost_sentence(cost: CostVerdict) -> str:
    """Return one cost's verdict as a sentence."""
    measure = cost.measure.capitalize()
    if cost.growth is None or cost.lower is None or cost.upper is None:
        return f"{measure} is not comparable: {cost.reason}."
    span = f"{_growth(cost.growth)} (between {_growth(cost.lower)} and {_growth(cost.upper)})"
    margin = f"margin {_growth(cost.margin)}"
    words = {Outcome.NO_WORSE: "is no worse", Outcome.REGRESSED: "regressed"}
    return f"{measure} {words.get(cost.outcome, 'cannot be told')}: {span}, {margin}."


def _measure_words(verdict: Verdict) -> str:
    if verdict.identical:
        return (
            f"nothing changed: seed {verdict.new_seeds[0]} gives the baseline's weights and "
            "answers bit for bit."
        )
    if verdict.outcome is Outcome.NOT_COMPARABLE:
        return f"not comparable: {verdict.reason}."
    if verdict.outcome is Outcome.CRASHED:
        return f"the check could not be completed: {verdict.reason}."
    look = verdict.look
    if look is None and verdict.outcome is Outcome.INCONCLUSIVE:
        return f"cannot tell: {verdict.reason}."
    if look is None:
        return f"regressed: {verdict.reason}."
    measure = find(verdict.measure)
    margin = f"margin {size_of(measure, verdict.margin)}"
    title = "" if measure.is_accuracy else f"{measure.words} "
    numbers = (
        f"{title}{_value(measure, look, 'new_accuracy')} over "
        f"{formatting.count(look.seeds, 'seed')}, "
        f"{_value(measure, look, 'baseline_accuracy')} in the baseline "
        f"({formatting.count(len(verdict.baseline_seeds), 'seed')})"
    )
    drop, lower, upper = (
        size_of(measure, part, look) for part in (look.drop, look.lower, look.upper)
    )
    unit, noun = unit_of(measure), noun_of(measure)
    if verdict.outcome is Outcome.REGRESSED:
        moved = "rose" if measure.lower_is_better else "fell"
        numbers = numbers.removeprefix(title)
        return (
            f"regressed: {measure.words} {moved} by {drop}{unit} (at least {lower}; {margin}): "
            f"{numbers}."
        )
    if verdict.outcome is Outcome.NO_WORSE:
        within = ""
        if look.lower > 0:
            within = f" A {noun} of about {drop}{unit} is within the margin."
        return (
            f"no worse: {numbers}; a {noun} of the margin of {size_of(measure, verdict.margin)}"
            f"{unit} is ruled out (at most {upper}).{within}"
        )
    what = f"neither a {noun} nor one of the margin can be ruled out"
    if look.lower > 0:
        what = f"there is a {noun}, and whether it is below the margin is open"
    needed = f" {_needed_words(verdict.needed, noun)}" if verdict.needed is not None else ""
    needed = f" {verdict.reason[0].upper()}{verdict.reason[1:]}." if verdict.reason else needed
    return (
        f"cannot tell: {numbers}; the {noun} is between {lower} and {upper}{unit} ({margin}), "
        f"so {what}.{needed}"
    )


def _class_words(verdict: Verdict) -> list[str]:
    """Return a sentence for each class that regressed, one for what else there is."""
    by_outcome = grouped((found.outcome, found) for found in verdict.classes)
    told = [_of_class(found) for found in by_outcome.get(Outcome.REGRESSED, [])]
    unclear = by_outcome.get(Outcome.INCONCLUSIVE, [])
    if len(unclear) == 1:
        told.append(_of_class(unclear[0]))
    elif unclear:
        listed = formatting.listed([str(found.label) for found in unclear], _MOST_CLASSES)
        told.append(f"{len(unclear)} classes cannot be told: {listed}.")
    good = by_outcome.get(Outcome.NO_WORSE, [])
    if len(good) == 1:
        told.append(f"Class {good[0].label}: no worse.")
    elif good:
        told.append(f"{'The other' if told else 'Each of the'} {len(good)} classes: no worse.")
    return told


def _of_class(found: ClassVerdict) -> str:
    look = found.look
    drop, lower, upper = points(look.drop), points(look.lower), points(look.upper)
    numbers = f"{percent(look.new_accuracy)}%, {percent(look.baseline_accuracy)}% in the baseline"
    margin = f"margin {points(found.margin)}"
    if found.outcome is Outcome.REGRESSED:
        return (
            f"Class {found.label} regressed: the share of its images that are right fell by {drop} "
            f"points (at least {lower}; {margin}): {numbers}."
        )
    return (
        f"Class {found.label} cannot be told: {numbers}; the drop is between {lower} and {upper} "
        f"points ({margin})."
    )


def _needed_words(needed: SeedsNeeded, noun: str) -> str:
    if needed.new is not None:
        return f"About {needed.new} seeds would decide (--max-seeds {needed.new})."
    if needed.each is not None:
        return (
            f"The baseline is too small to decide: it would take about {needed.each} seeds in the "
            "baseline and as many in the check."
        )
    return (
        f"Not even {MAX_SEEDS} seeds each would decide: for seeds that differ so much, the {noun} "
        "found is too near the margin; a larger --margin would be decided sooner."
    )


def noun_of(measure: Measure) -> str:
    """Return what a change for the worse is."""
    return "rise" if measure.lower_is_better else "drop"


def unit_of(measure: Measure) -> str:
    """Return what stands behind the size of a change."""
    return " points" if measure.unit == "%" else f" {measure.unit}".rstrip()


def _decimals(measure: Measure, look: Look, more: int = 0) -> int:
    width = [] if measure.is_accuracy else [Interval(look.lower, look.upper)]
    return units.decimals(measure, width, 3, more)


def bare(measure: Measure, look: Look, part: str) -> str:
    """Return a number of a look, in which more is better, as it is and without its unit."""
    oriented = getattr(look, part)
    shown = -oriented if measure.lower_is_better else oriented
    return units.bare(measure, shown, _decimals(measure, look))


def _value(measure: Measure, look: Look, part: str) -> str:
    unit = "%" if measure.unit == "%" else f" {measure.unit}".rstrip()
    return f"{bare(measure, look, part)}{unit}"


def size_of(measure: Measure, share: float, look: Look | None = None) -> str:
    """Return the size of a change without its unit."""
    if measure.unit == "%":
        shown = points(share)
        # A margin is asked for, and so is said however small it is; a drop that is nothing is 0.
        return f"{100 * share:.1g}" if look is None and share and not float(shown) else shown
    decimals = None if look is None else _decimals(measure, look, more=1)
    return units.difference(measure, share, decimals)


def percent(share: float) -> str:
    """Return a share in percent."""
    return formatting.percent(share, 3)


def points(share: float) -> str:
    """Percentage points; two decimals where they are enough."""
    return percent(share).removesuffix("0")


def _growth(share: float) -> str:
    return f"{formatting.percent(share, 1)}%"


def prospect_sentence(prospect: CheckProspect, terms: Terms) -> str:
    """Return what a check could show of one architecture."""
    measure, unit = terms.by, unit_of(terms.by)
    about, seeds = prospect.architecture, formatting.count(prospect.baseline_seeds, "seed")
    if prospect.seed_sd is None:
        return f"{about}: {seeds} in the baseline, too few to tell a change by."
    return (
        f"{about}: {seeds} in the baseline, SD {size_of(measure, prospect.seed_sd)}{unit}; "
        f"within {terms.max_seeds} seeds, no change would be shown to be no worse with a chance "
        f"of about {formatting.percent(prospect.passes_unchanged, 0)}%, and a {noun_of(measure)} "
        f"of {size_of(measure, 2 * terms.margin)}{unit} caught with about "
        f"{formatting.percent(prospect.catches_twice_the_margin, 0)}%."
    )


def flip_caption(architecture: str, flip: FlippedImage) -> str:
    """Return what stands beside the picture of a test image that flipped."""
    before, now = (formatting.percent(share, 0) for share in (flip.right_before, flip.right_now))
    return (
        f"{architecture}\n#{flip.index}: {flip.label}, now {flip.answer_now}\n"
        f"right {before}%, now {now}%"
    )
