"""A check's verdicts in words: one sentence each, and tables for terminal and Markdown."""

from collections.abc import Callable, Sequence

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
from ninetynine.report.document import Heading, Section, Table, center, left, name, table_of
from ninetynine.statistics.sequential import MAX_SEEDS, Look, SeedsNeeded

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
        f"{sum(v.overall == outcome for v in result.verdicts)} {words}"
        for outcome, words in NAMES.items()
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
    measure = cost.measure.capitalize()
    if cost.growth is None or cost.lower is None or cost.upper is None:
        return f"{measure} is not comparable: {cost.reason}."
    span = f"{_growth(cost.growth)} (between {_growth(cost.lower)} and {_growth(cost.upper)})"
    margin = f"margin {_growth(cost.margin)}"
    words = {Outcome.NO_WORSE: "is no worse", Outcome.REGRESSED: "regressed"}
    return f"{measure} {words.get(cost.outcome, 'cannot be told')}: {span}, {margin}."


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
    look, margin = verdict.look, f"margin {_points(verdict.margin)}"
    if look is None and verdict.outcome is Outcome.INCONCLUSIVE:
        return f"cannot tell: {verdict.reason}."
    if look is None:
        return f"regressed: {verdict.reason}."
    accuracies = (
        f"{_percent(look.new_accuracy)}% over {formatting.count(look.seeds, 'seed')}, "
        f"{_percent(look.baseline_accuracy)}% in the baseline "
        f"({formatting.count(len(verdict.baseline_seeds), 'seed')})"
    )
    drop, lower, upper = _points(look.drop), _points(look.lower), _points(look.upper)
    if verdict.outcome is Outcome.REGRESSED:
        return (
            f"regressed: accuracy fell by {drop} points (at least {lower}; {margin}): {accuracies}."
        )
    if verdict.outcome is Outcome.NO_WORSE:
        within = f" A drop of about {drop} points is within the margin." if look.lower > 0 else ""
        return (
            f"no worse: {accuracies}; a drop of the margin of {_points(verdict.margin)} points is "
            f"ruled out (at most {upper}).{within}"
        )
    what = "neither a drop nor one of the margin can be ruled out"
    if look.lower > 0:
        what = "there is a drop, and whether it is below the margin is open"
    assert verdict.needed is not None
    return (
        f"cannot tell: {accuracies}; the drop is between {lower} and {upper} points ({margin}), "
        f"so {what}. {_needed_words(verdict.needed)}"
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
    terms = result.terms
    reason = f' (last updated because: "{result.reason}")' if result.reason else ""
    return (
        f"Suite {result.suite} on {result.dataset} against {result.baseline}{reason}; margin "
        f"{_points(terms.margin)} percentage points, alpha {terms.alpha:g}, at most "
        f"{terms.max_seeds} seeds."
    )


def _accuracy_table(result: CheckResult) -> Table:
    def of_look(write: Callable[[Look], str]) -> Callable[[Verdict], str]:
        return lambda verdict: write(verdict.look) if verdict.look else formatting.BLANK

    def found(verdict: Verdict) -> str:
        words = "identical" if verdict.identical else NAMES[verdict.outcome]
        return f"({words})" if verdict.excused else words

    return table_of(
        "Accuracy",
        result.verdicts,
        [
            (name("Architecture"), lambda verdict: verdict.architecture),
            (left("Verdict"), found),
            (Heading("Accuracy, %"), of_look(lambda look: _percent(look.new_accuracy))),
            (Heading("Baseline, %"), of_look(lambda look: _percent(look.baseline_accuracy))),
            (Heading("Drop, points"), of_look(lambda look: _points(look.drop))),
            (
                center("Between"),
                of_look(lambda look: formatting.span(_points(look.lower), _points(look.upper))),
            ),
            (Heading("Seeds"), lambda verdict: str(len(verdict.new_seeds))),
            (Heading("Baseline seeds"), lambda verdict: str(len(verdict.baseline_seeds))),
        ],
        "The drop is on these test images (chance: seeds); each end of its interval holds with "
        f"{1 - result.terms.alpha:.0%}, at whichever seed the check stopped.",
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


def _percent(share: float) -> str:
    return formatting.percent(share, 3)


def _points(share: float) -> str:
    """Percentage points; two decimals where they are enough."""
    return _percent(share).removesuffix("0")


def _growth(share: float) -> str:
    return f"{formatting.percent(share, 1)}%"


def prospect_sentence(prospect: CheckProspect, terms: Terms) -> str:
    """Return what a check could show of one architecture."""
    about, seeds = prospect.architecture, formatting.count(prospect.baseline_seeds, "seed")
    if prospect.seed_sd is None:
        return f"{about}: {seeds} in the baseline, too few to tell a change by."
    return (
        f"{about}: {seeds} in the baseline, SD {_points(prospect.seed_sd)} points; "
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
