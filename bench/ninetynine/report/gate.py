"""A check's verdicts in words: one sentence each, and tables for terminal and Markdown."""

from collections.abc import Sequence

from ninetynine.gate.verdict import (
    CheckProspect,
    CheckResult,
    CostVerdict,
    FlippedImage,
    Outcome,
    Terms,
    Verdict,
)
from ninetynine.report import formatting
from ninetynine.report.document import Heading, Section, Table
from ninetynine.statistics.sequential import MAX_SEEDS, SeedsNeeded

NAMES = {
    Outcome.NO_WORSE: "no worse",
    Outcome.REGRESSED: "regressed",
    Outcome.INCONCLUSIVE: "cannot tell",
    Outcome.NOT_COMPARABLE: "not comparable",
    Outcome.CRASHED: "not completed",
}
_HEADLINES = {
    Outcome.NO_WORSE: "Accuracy is no worse than the baseline.",
    Outcome.REGRESSED: "Something regressed.",
    Outcome.INCONCLUSIVE: "The check cannot tell.",
    Outcome.NOT_COMPARABLE: "Something cannot be compared with the baseline.",
    Outcome.CRASHED: "The check could not be completed.",
}


def sentence(verdict: Verdict) -> str:
    """Return the verdict on one architecture, costs included, as plain sentences on one line."""
    words = [f"{verdict.architecture}: {_accuracy_words(verdict)}"]
    words += [cost_sentence(cost) for cost in verdict.costs]
    if verdict.outcome in (Outcome.REGRESSED, Outcome.INCONCLUSIVE) and verdict.changes:
        words.append(f"What changed: {', '.join(verdict.changes)}.")
    return " ".join(words)


def headline(result: CheckResult) -> str:
    """Return the answer of the whole check on one line."""
    counts = [
        f"{sum(v.overall == outcome for v in result.verdicts)} {name}"
        for outcome, name in NAMES.items()
        if any(v.overall == outcome for v in result.verdicts)
    ]
    return f"{_HEADLINES[result.outcome]} ({', '.join(counts) or 'nothing to check'})"


def section(result: CheckResult) -> Section:
    """Return the whole check as a section of tables and sentences."""
    tables = [_accuracy_table(result)]
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
    name = cost.measure.capitalize()
    if cost.growth is None or cost.lower is None or cost.upper is None:
        return f"{name} is not comparable: {cost.reason}."
    span = f"{_growth(cost.growth)} (between {_growth(cost.lower)} and {_growth(cost.upper)})"
    margin = f"margin {_growth(cost.margin)}"
    if cost.outcome is Outcome.NO_WORSE:
        return f"{name} is no worse: {span}, {margin}."
    if cost.outcome is Outcome.REGRESSED:
        return f"{name} regressed: {span}, {margin}."
    return f"{name} cannot be told: {span}, {margin}."


def _accuracy_words(verdict: Verdict) -> str:
    if verdict.identical:
        return (
            f"nothing changed: seed {verdict.new_seeds[0]} gives the baseline's weights and "
            "answers bit for bit."
        )
    if verdict.outcome is Outcome.NOT_COMPARABLE:
        return f"not comparable: {verdict.reason}."
    if verdict.outcome is Outcome.CRASHED:
        return f"the check could not be completed: {verdict.reason}."
    if verdict.look is None:
        return f"regressed: {verdict.reason}."
    words = {
        Outcome.NO_WORSE: _no_worse_words,
        Outcome.REGRESSED: _regressed_words,
        Outcome.INCONCLUSIVE: _inconclusive_words,
    }
    return words[verdict.outcome](verdict)


def _no_worse_words(verdict: Verdict) -> str:
    assert verdict.look is not None
    words = (
        f"no worse: {_accuracies(verdict)}; a drop of the margin of {_points(verdict.margin)} "
        f"points is ruled out (at most {_points(verdict.look.upper)})."
    )
    if verdict.look.lower > 0:
        words += f" A drop of about {_points(verdict.look.drop)} points is within the margin."
    return words


def _regressed_words(verdict: Verdict) -> str:
    assert verdict.look is not None
    return (
        f"regressed: accuracy fell by {_points(verdict.look.drop)} points "
        f"(at least {_points(verdict.look.lower)}; margin {_points(verdict.margin)}): "
        f"{_accuracies(verdict)}."
    )


def _inconclusive_words(verdict: Verdict) -> str:
    look = verdict.look
    assert look is not None
    assert verdict.needed is not None
    if look.lower > 0:
        what = "there is a drop, and whether it is below the margin is open"
    else:
        what = "neither a drop nor one of the margin can be ruled out"
    return (
        f"cannot tell: {_accuracies(verdict)}; the drop is between {_points(look.lower)} and "
        f"{_points(look.upper)} points (margin {_points(verdict.margin)}), so {what}. "
        f"{_needed_words(verdict.needed)}"
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


def _accuracies(verdict: Verdict) -> str:
    assert verdict.look is not None
    return (
        f"{_percent(verdict.look.new_accuracy)}% over "
        f"{formatting.count(verdict.look.seeds, 'seed')}, "
        f"{_percent(verdict.look.baseline_accuracy)}% in the baseline "
        f"({formatting.count(len(verdict.baseline_seeds), 'seed')})"
    )


def _introduction(result: CheckResult) -> str:
    terms = result.terms
    reason = f' (last updated because: "{result.reason}")' if result.reason else ""
    return (
        f"Suite {result.suite} on {result.dataset} against {result.baseline}{reason}; margin "
        f"{_points(terms.margin)} percentage points, alpha {terms.alpha:g}, at most "
        f"{terms.max_seeds} seeds."
    )


def _accuracy_table(result: CheckResult) -> Table:
    columns = (
        Heading("Architecture", "left", is_name=True),
        Heading("Verdict", "left"),
        Heading("Accuracy, %"),
        Heading("Baseline, %"),
        Heading("Drop, points"),
        Heading("Between", "center"),
        Heading("Seeds"),
        Heading("Baseline seeds"),
    )
    return Table(
        title="Accuracy",
        columns=columns,
        rows=tuple(_accuracy_cells(verdict) for verdict in result.verdicts),
        footnotes=(
            "The drop is on these test images (chance: seeds); each end of its interval holds with "
            f"{1 - result.terms.alpha:.0%}, at whichever seed the check stopped.",
        ),
    )


def _accuracy_cells(verdict: Verdict) -> tuple[str, ...]:
    look = verdict.look
    name = "identical" if verdict.identical else NAMES[verdict.outcome]
    return (
        verdict.architecture,
        f"({name})" if verdict.excused else name,
        _percent(look.new_accuracy) if look else formatting.BLANK,
        _percent(look.baseline_accuracy) if look else formatting.BLANK,
        _points(look.drop) if look else formatting.BLANK,
        formatting.span(_points(look.lower), _points(look.upper)) if look else formatting.BLANK,
        str(len(verdict.new_seeds)),
        str(len(verdict.baseline_seeds)),
    )


def _cost_table(result: CheckResult) -> Table:
    columns = (
        Heading("Architecture", "left", is_name=True),
        Heading("Cost", "left"),
        Heading("Verdict", "left"),
        Heading("Growth, %"),
        Heading("Between", "center"),
        Heading("Margin, %"),
    )
    rows = [
        (
            verdict.architecture,
            cost.measure,
            NAMES[cost.outcome],
            formatting.percent(cost.growth, 1),
            formatting.span(formatting.percent(cost.lower, 1), formatting.percent(cost.upper, 1))
            if cost.growth is not None
            else formatting.BLANK,
            formatting.percent(cost.margin, 1),
        )
        for verdict in result.verdicts
        for cost in verdict.costs
    ]
    return Table("Costs", columns, tuple(rows))


def _flip_table(verdict: Verdict) -> Table:
    columns = (
        Heading("Test image"),
        Heading("Label"),
        Heading("Now answered"),
        Heading("Right before, %"),
        Heading("Right now, %"),
    )
    rows = tuple(_flip_cells(flip) for flip in verdict.flipped)
    return Table(f"{verdict.architecture}: images that flipped most", columns, rows)


def _flip_cells(flip: FlippedImage) -> tuple[str, ...]:
    shares = formatting.percent(flip.right_before, 0), formatting.percent(flip.right_now, 0)
    return (str(flip.index), str(flip.label), str(flip.answer_now), *shares)


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


def _percent(share: float) -> str:
    return formatting.percent(share, 3)


def _points(share: float) -> str:
    """Percentage points; two decimals where they are enough."""
    value = formatting.percent(share, 3)
    return value.removesuffix("0")


def _growth(share: float) -> str:
    return f"{formatting.percent(share, 1)}%"


def prospect_sentence(prospect: CheckProspect, terms: Terms) -> str:
    """Return what a check could show of one architecture."""
    name, seeds = prospect.architecture, formatting.count(prospect.baseline_seeds, "seed")
    if prospect.seed_sd is None:
        return f"{name}: {seeds} in the baseline, too few to tell a change by."
    return (
        f"{name}: {seeds} in the baseline, SD {_points(prospect.seed_sd)} points; "
        f"within {terms.max_seeds} seeds, no change would be shown to be no worse with a chance "
        f"of about {formatting.percent(prospect.passes_unchanged, 0)}%, and a drop of "
        f"{_points(2 * terms.margin)} points caught with about "
        f"{formatting.percent(prospect.catches_twice_the_margin, 0)}%."
    )


def flip_caption(architecture: str, flip: FlippedImage) -> str:
    """Return what stands beside the picture of a test image that flipped."""
    before, now = (formatting.percent(share, 0) for share in (flip.right_before, flip.right_now))
    return (
        f"{architecture}\n#{flip.index}: {flip.label}, now {flip.answer_now}\n"
        f"right {before}%, now {now}%"
    )
