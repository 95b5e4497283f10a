"""A check's verdicts in words: one sentence each, and tables for terminal and Markdown."""

from collections.abc import Callable, Sequence

from ninetynine.gate.verdict import (
    CheckProspect,
    CheckResult,
    ClassVerdict,
    CostVerdict,
    FlippedImage,
    Outcome,
    Terms,
    Verdict,
)
from ninetynine.measures import Measure, find
from ninetynine.report import formatting, units
from ninetynine.report.document import Heading, Section, Table, center, left, name, table_of
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
_HEADLINES = {
    Outcome.NO_WORSE: "{measure} is no worse than the baseline.",
    Outcome.REGRESSED: "Something regressed.",
    Outcome.INCONCLUSIVE: "The check cannot tell.",
    Outcome.NOT_COMPARABLE: "Something cannot be compared with the baseline.",
    Outcome.CRASHED: "The check could not be completed.",
}


def sentence(verdict: Verdict) -> str:
    """Return the verdict on one architecture, costs included, as plain sentences on one line."""
    words = [f"{verdict.architecture}: {_measure_words(verdict)}", *_class_words(verdict)]
    words += [cost_sentence(cost) for cost in verdict.costs]
    if verdict.quality in (Outcome.REGRESSED, Outcome.INCONCLUSIVE) and verdict.changes:
        words.append(f"What changed: {', '.join(verdict.changes)}.")
    return " ".join(words)


def headline(result: CheckResult) -> str:
    """Return the answer of the whole check on one line."""
    counts = [
        f"{sum(v.overall == outcome for v in result.verdicts)} {words}"
        for outcome, words in NAMES.items()
        if any(v.overall == outcome for v in result.verdicts)
    ]
    said = _HEADLINES[result.outcome].format(measure=result.terms.by.title)
    return f"{said} ({', '.join(counts) or 'nothing to check'})"


def section(result: CheckResult) -> Section:
    """Return the whole check as a section of tables and sentences."""
    tables = [_measure_table(result)]
    if any(verdict.classes for verdict in result.verdicts):
        tables.append(_class_table(result))
    if any(verdict.costs for verdict in result.verdicts):
        tables.append(_cost_table(result))
    flips = [verdict for verdict in result.verdicts if verdict.flipped]
    tables += [_flip_table(verdict) for verdict in flips]
    return Section(
        title=f"bench check: {headline(result)}",
        introduction=_introduction(result),
        tables=tuple(tables),
        notes=(*map(sentence, result.verdicts), *result.notes, *_familywise_note(result)),
    )


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
    margin = f"margin {_size(measure, verdict.margin)}"
    title = "" if measure.is_accuracy else f"{measure.words} "
    numbers = (
        f"{title}{_value(measure, look, 'new_accuracy')} over "
        f"{formatting.count(look.seeds, 'seed')}, "
        f"{_value(measure, look, 'baseline_accuracy')} in the baseline "
        f"({formatting.count(len(verdict.baseline_seeds), 'seed')})"
    )
    drop, lower, upper = (
        _size(measure, part, look) for part in (look.drop, look.lower, look.upper)
    )
    unit, noun = _unit(measure), _noun(measure)
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
            f"no worse: {numbers}; a {noun} of the margin of {_size(measure, verdict.margin)}"
            f"{unit} is ruled out (at most {upper}).{within}"
        )
    what = f"neither a {noun} nor one of the margin can be ruled out"
    if look.lower > 0:
        what = f"there is a {noun}, and whether it is below the margin is open"
    needed = f" {_needed_words(verdict.needed)}" if verdict.needed is not None else ""
    return (
        f"cannot tell: {numbers}; the {noun} is between {lower} and {upper}{unit} ({margin}), "
        f"so {what}.{needed}"
    )


def _class_words(verdict: Verdict) -> list[str]:
    """Return a sentence for each class that regressed, one for what else there is."""
    by_outcome: dict[Outcome, list[ClassVerdict]] = {}
    for found in verdict.classes:
        by_outcome.setdefault(found.outcome, []).append(found)
    told = [_of_class(found) for found in by_outcome.get(Outcome.REGRESSED, [])]
    unclear = by_outcome.get(Outcome.INCONCLUSIVE, [])
    if len(unclear) == 1:
        told.append(_of_class(unclear[0]))
    elif unclear:
        listed = formatting.listed([str(found.label) for found in unclear], _MOST_CLASSES)
        told.append(f"{len(unclear)} classes cannot be told: {listed}.")
    if others := len(by_outcome.get(Outcome.NO_WORSE, [])):
        which = "The other" if told else "Each of the"
        told.append(f"{which} {formatting.count(others, 'class', 'classes')}: no worse.")
    return told


def _of_class(found: ClassVerdict) -> str:
    look = found.look
    drop, lower, upper = _points(look.drop), _points(look.lower), _points(look.upper)
    numbers = f"{_percent(look.new_accuracy)}%, {_percent(look.baseline_accuracy)}% in the baseline"
    margin = f"margin {_points(found.margin)}"
    if found.outcome is Outcome.REGRESSED:
        return (
            f"Class {found.label} regressed: the share of its images that are right fell by {drop} "
            f"points (at least {lower}; {margin}): {numbers}."
        )
    return (
        f"Class {found.label} cannot be told: {numbers}; the drop is between {lower} and {upper} "
        f"points ({margin})."
    )


def _needed_words(needed: SeedsNeeded) -> str:
    if needed.new is not None:
        return f"About {needed.new} seeds would decide (--max-seeds {needed.new})."
    if needed.each is not None:
        return (
            f"The baseline is too small to decide: it would take about {needed.each} seeds in the "
            "baseline and as many in the check."
        )
    return (
        f"Not even {MAX_SEEDS} seeds each would decide: the drop found is too near the margin; "
        "a larger --margin would be decided sooner."
    )


def _introduction(result: CheckResult) -> str:
    terms, measure = result.terms, result.terms.by
    reason = f' (last updated because: "{result.reason}")' if result.reason else ""
    of = "" if measure.is_accuracy else f"{measure.words}, "
    unit = " percentage points" if measure.unit == "%" else _unit(measure)
    return (
        f"Suite {result.suite} on {result.dataset} against {result.baseline}{reason}; {of}margin "
        f"{_size(measure, terms.margin)}{unit}, alpha {terms.alpha:g}, at most "
        f"{terms.max_seeds} seeds."
    )


def _measure_table(result: CheckResult) -> Table:
    measure = result.terms.by
    noun = _noun(measure)

    def of_look(write: Callable[[Look], str]) -> Callable[[Verdict], str]:
        return lambda verdict: write(verdict.look) if verdict.look else formatting.BLANK

    def number(part: str) -> Callable[[Verdict], str]:
        return of_look(lambda look: _bare(measure, look, part))

    def found(verdict: Verdict) -> str:
        words = "identical" if verdict.identical else NAMES[verdict.outcome]
        return f"({words})" if verdict.excused else words

    return table_of(
        measure.title,
        result.verdicts,
        [
            (name("Architecture"), lambda verdict: verdict.architecture),
            (left("Verdict"), found),
            (Heading(f"{measure.title}{units.suffix(measure)}"), number("new_accuracy")),
            (Heading(f"Baseline{units.suffix(measure)}"), number("baseline_accuracy")),
            (
                Heading(f"{noun.capitalize()}{units.points(measure)}"),
                of_look(lambda look: _size(measure, look.drop, look)),
            ),
            (
                center("Between"),
                of_look(
                    lambda look: formatting.span(
                        *(_size(measure, end, look) for end in (look.lower, look.upper))
                    )
                ),
            ),
            (Heading("Seeds"), lambda verdict: str(len(verdict.new_seeds))),
            (Heading("Baseline seeds"), lambda verdict: str(len(verdict.baseline_seeds))),
        ],
        f"The {noun} is on these test images (chance: seeds); each end of its interval holds with "
        f"{1 - result.terms.alpha:.0%}, at whichever seed the check stopped.",
    )


def _class_table(result: CheckResult) -> Table:
    return table_of(
        "Classes",
        [(verdict.architecture, found) for verdict in result.verdicts for found in verdict.classes],
        [
            (name("Architecture"), lambda pair: pair[0]),
            (Heading("Class"), lambda pair: str(pair[1].label)),
            (left("Verdict"), lambda pair: NAMES[pair[1].outcome]),
            (Heading("Right, %"), lambda pair: _percent(pair[1].look.new_accuracy)),
            (Heading("Baseline, %"), lambda pair: _percent(pair[1].look.baseline_accuracy)),
            (Heading("Drop, points"), lambda pair: _points(pair[1].look.drop)),
            (
                center("Between"),
                lambda pair: formatting.span(
                    _points(pair[1].look.lower), _points(pair[1].look.upper)
                ),
            ),
            (Heading("Margin, points"), lambda pair: _points(pair[1].margin)),
        ],
        "The share of a class's test images that are right. All classes together are wrongly "
        "called regressed in no more than their half of alpha (Holm).",
    )


def _cost_table(result: CheckResult) -> Table:
    def between(cost: CostVerdict) -> str:
        if cost.growth is None:
            return formatting.BLANK
        return formatting.span(formatting.percent(cost.lower, 1), formatting.percent(cost.upper, 1))

    return table_of(
        "Costs",
        [(verdict.architecture, cost) for verdict in result.verdicts for cost in verdict.costs],
        [
            (name("Architecture"), lambda pair: pair[0]),
            (left("Cost"), lambda pair: pair[1].measure),
            (left("Verdict"), lambda pair: NAMES[pair[1].outcome]),
            (Heading("Growth, %"), lambda pair: formatting.percent(pair[1].growth, 1)),
            (center("Between"), lambda pair: between(pair[1])),
            (Heading("Margin, %"), lambda pair: formatting.percent(pair[1].margin, 1)),
        ],
    )


def _flip_table(verdict: Verdict) -> Table:
    return table_of(
        f"{verdict.architecture}: images that flipped most",
        verdict.flipped,
        [
            (Heading("Test image"), lambda flip: str(flip.index)),
            (Heading("Label"), lambda flip: str(flip.label)),
            (Heading("Now answered"), lambda flip: str(flip.answer_now)),
            (Heading("Right before, %"), lambda flip: formatting.percent(flip.right_before, 0)),
            (Heading("Right now, %"), lambda flip: formatting.percent(flip.right_now, 0)),
        ],
    )


def _familywise_note(result: CheckResult) -> Sequence[str]:
    looked = sum(v.look is not None for v in result.verdicts)
    if looked < 2:
        return ()
    chance = 1 - (1 - result.terms.alpha) ** looked
    return (
        f"Each of the {looked} architectures is judged by itself: without any change, up to "
        f"{chance:.0%} of such checks would call at least one of them regressed "
        "(--familywise shares alpha among them).",
    )


def _noun(measure: Measure) -> str:
    return "rise" if measure.lower_is_better else "drop"


def _unit(measure: Measure) -> str:
    """Return what stands behind the size of a change."""
    return " points" if measure.unit == "%" else f" {measure.unit}".rstrip()


def _decimals(measure: Measure, look: Look, more: int = 0) -> int:
    width = [] if measure.is_accuracy else [Interval(look.lower, look.upper)]
    return units.decimals(measure, width, 3, more)


def _bare(measure: Measure, look: Look, part: str) -> str:
    """Return a number of a look, in which more is better, as it is and without its unit."""
    oriented = getattr(look, part)
    shown = -oriented if measure.lower_is_better else oriented
    return units.bare(measure, shown, _decimals(measure, look))


def _value(measure: Measure, look: Look, part: str) -> str:
    unit = "%" if measure.unit == "%" else f" {measure.unit}".rstrip()
    return f"{_bare(measure, look, part)}{unit}"


def _size(measure: Measure, share: float, look: Look | None = None) -> str:
    if measure.unit == "%":
        return _points(share)
    decimals = None if look is None else _decimals(measure, look, more=1)
    return units.difference(measure, share, decimals)


def _percent(share: float) -> str:
    return formatting.percent(share, 3)


def _points(share: float) -> str:
    """Percentage points; two decimals where they are enough."""
    return _percent(share).removesuffix("0")


def _growth(share: float) -> str:
    return f"{formatting.percent(share, 1)}%"


def prospect_sentence(prospect: CheckProspect, terms: Terms) -> str:
    """Return what a check could show of one architecture."""
    measure = terms.by
    about, seeds = prospect.architecture, formatting.count(prospect.baseline_seeds, "seed")
    if prospect.seed_sd is None:
        return f"{about}: {seeds} in the baseline, too few to tell a change by."
    return (
        f"{about}: {seeds} in the baseline, SD {_size(measure, prospect.seed_sd)}{_unit(measure)}; "
        f"within {terms.max_seeds} seeds, no change would be shown to be no worse with a chance "
        f"of about {formatting.percent(prospect.passes_unchanged, 0)}%, and a {_noun(measure)} of "
        f"{_size(measure, 2 * terms.margin)}{_unit(measure)} caught with about "
        f"{formatting.percent(prospect.catches_twice_the_margin, 0)}%."
    )


def flip_caption(architecture: str, flip: FlippedImage) -> str:
    """Return what stands beside the picture of a test image that flipped."""
    before, now = (formatting.percent(share, 0) for share in (flip.right_before, flip.right_now))
    return (
        f"{architecture}\n#{flip.index}: {flip.label}, now {flip.answer_now}\n"
        f"right {before}%, now {now}%"
    )
