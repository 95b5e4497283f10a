"""A check's verdicts in tables for terminal and Markdown, with a sentence each below them."""

from collections.abc import Callable, Sequence

from ninetynine.gate.verdict import CheckResult, CostVerdict, Outcome, Verdict
from ninetynine.report import formatting, units
from ninetynine.report.document import Heading, Section, Table, center, left, name, table_of
from ninetynine.report.gate_sentences import (
    NAMES,
    bare,
    noun_of,
    percent,
    points,
    sentence,
    size_of,
    unit_of,
)
from ninetynine.statistics.sequential import Look

_HEADLINES = {
    Outcome.NO_WORSE: "{measure} is no worse than the baseline.",
    Outcome.REGRESSED: "Something regressed.",
    Outcome.INCONCLUSIVE: "The check cannot tell.",
    Outcome.NOT_COMPARABLE: "Something cannot be compared with the baseline.",
    Outcome.CRASHED: "The check could not be completed.",
}


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


def _introduction(result: CheckResult) -> str:
    terms, measure = result.terms, result.terms.by
    reason = f' (last updated because: "{result.reason}")' if result.reason else ""
    of = "" if measure.is_accuracy else f"{measure.words}, "
    unit = " percentage points" if measure.unit == "%" else unit_of(measure)
    own = [
        f"{verdict.architecture} {size_of(measure, verdict.margin)}"
        for verdict in result.verdicts
        if verdict.margin != terms.margin
    ]
    others = f" ({', '.join(own)})" if own else ""
    return (
        f"Suite {result.suite} on {result.dataset} against {result.baseline}{reason}; {of}margin "
        f"{size_of(measure, terms.margin)}{unit}{others}, alpha {terms.alpha:g}, at most "
        f"{terms.max_seeds} seeds."
    )


def _measure_table(result: CheckResult) -> Table:
    measure = result.terms.by
    noun = noun_of(measure)

    def of_look(write: Callable[[Look], str]) -> Callable[[Verdict], str]:
        return lambda verdict: write(verdict.look) if verdict.look else formatting.BLANK

    def number(part: str) -> Callable[[Verdict], str]:
        return of_look(lambda look: bare(measure, look, part))

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
                of_look(lambda look: size_of(measure, look.drop, look)),
            ),
            (
                center("Between"),
                of_look(
                    lambda look: formatting.span(
                        *(size_of(measure, end, look) for end in (look.lower, look.upper))
                    )
                ),
            ),
            (Heading("Seeds"), lambda verdict: str(len(verdict.new_seeds))),
            (Heading("Baseline seeds"), lambda verdict: str(len(verdict.baseline_seeds))),
        ],
        f"The {noun} is on these test images (chance: seeds); each end of its interval holds with "
        f"{100 * (1 - result.terms.alpha):.4g}%, at whichever seed the check stopped.",
    )


def _class_table(result: CheckResult) -> Table:
    return table_of(
        "Classes",
        [(verdict.architecture, found) for verdict in result.verdicts for found in verdict.classes],
        [
            (name("Architecture"), lambda pair: pair[0]),
            (Heading("Class"), lambda pair: str(pair[1].label)),
            (left("Verdict"), lambda pair: NAMES[pair[1].outcome]),
            (Heading("Right, %"), lambda pair: percent(pair[1].look.new_accuracy)),
            (Heading("Baseline, %"), lambda pair: percent(pair[1].look.baseline_accuracy)),
            (Heading("Drop, points"), lambda pair: points(pair[1].look.drop)),
            (
                center("Between"),
                lambda pair: formatting.span(
                    points(pair[1].look.lower), points(pair[1].look.upper)
                ),
            ),
            (Heading("Margin, points"), lambda pair: points(pair[1].margin)),
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
    if looked < 2 or result.familywise:
        return ()
    chance = 1 - (1 - result.terms.alpha) ** looked
    return (
        f"Each of the {looked} architectures is judged by itself: without any change, up to "
        f"{chance:.0%} of such checks would call at least one of them regressed "
        "(--familywise shares alpha among them).",
    )
