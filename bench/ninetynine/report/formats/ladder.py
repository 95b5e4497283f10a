"""A suite rung by rung, in Markdown: what each adds and costs, which targets are reached."""

from collections.abc import Sequence

from ninetynine.board import RelativeTime
from ninetynine.board.ladder import Ladder, Step, load_ladders
from ninetynine.board.targets import Candidate, TargetVerdict
from ninetynine.report import Report, formatting
from ninetynine.report.columns import columns
from ninetynine.report.columns.gap import share_closed
from ninetynine.report.document import Heading, Section, Table
from ninetynine.report.formats.markdown import code, escape, render_section
from ninetynine.report.formatting import BLANK
from ninetynine.statistics import Comparison
from ninetynine.suite import Suite, Target, built_in

_VERDICTS = {
    "better": "better",
    "worse": "worse",
    "not told apart": "no difference that matters",
    "underpowered": "cannot tell",
}


def render(report: Report) -> str:
    """Return the page, the same bytes for the same records.

    Raises UserError where nothing of the suite is recorded.
    """
    suite = report.suite
    ladders = load_ladders(report.store, report.catalog, suite)
    head = (
        f"# Suite {suite.name}, rung by rung\n\n{escape(suite.description)}\n\nWritten by "
        f"{code(_rewrite(suite))} from the records beside it; not edited by hand.\n"
    )
    return "\n".join([head, *(render_section(section(found)) for found in ladders)])


def _rewrite(suite: Suite) -> str:
    """Return how the page is written again, for a results folder that is called results."""
    name = suite.name if built_in().get(suite.name) == suite.path else str(suite.path)
    chosen = "" if name == "ladder" else f" --suite {name}"
    return f"bench report --format ladder{chosen} --output results/{suite.name.upper()}.md"


def section(ladder: Ladder) -> Section:
    """Return the tables of one ladder."""
    tables = [_ladder_table(ladder), _cost_table(ladder), _errors_table(ladder)]
    if ladder.targets:
        tables.append(_targets_table(ladder))
    images = f"{ladder.board.images:,} test images" if ladder.board.images else "no predictions"
    introduction = f"{len(ladder.steps)} rungs, in the suite's order; {images}."
    title = f"{ladder.suite.dataset}: {ladder.device}, {ladder.backend}"
    return Section(title, introduction, tuple(tables), ladder.notes)


def verdict(comparison: Comparison | None) -> str:
    """Return what a rung added, in words."""
    return BLANK if comparison is None else _VERDICTS[comparison.verdict]


def added(comparison: Comparison | None) -> str:
    """Return the difference in percentage points, with its sign."""
    if comparison is None:
        return BLANK
    points = formatting.percent(comparison.difference, 2)
    return points if points.startswith("−") else f"+{points}"


def seeds(step: Step) -> str:
    """Return the finished seeds, of how many where some failed or are still to be run."""
    if step.row is None:
        return BLANK
    wanted = max(step.asked, step.row.tried)
    finished = len(step.row.seeds)
    return str(finished) if finished == wanted else f"{finished} of {wanted}"


def share(ladder: Ladder, step: Step) -> str:
    """Return the share of the reference's gap that a rung has closed, in percent."""
    if ladder.reference is None:
        return BLANK
    start = formatting.shortest_percent(ladder.reference.start.accuracy)
    return share_closed(step.gap_closed, start)


def ratio(time: RelativeTime | None) -> str:
    """Return the training time as a share of the reference's: ``1/93.1``, or ``1.24``."""
    if time is None or time.ratio is None:
        return BLANK
    if time.ratio <= 0.5:
        return f"1/{formatting.three_digits(1 / time.ratio)}"
    return formatting.three_digits(time.ratio)


def _headings(ladder: Ladder, keys: Sequence[str]) -> list[Heading]:
    found = (columns()[key] for key in keys)
    return [Heading(column.heading_of(ladder.board), column.align) for column in found]


def _written(ladder: Ladder, step: Step, keys: Sequence[str]) -> list[str]:
    row = step.row
    return [columns()[key].write(ladder.board, row) if row else BLANK for key in keys]


_INTERVALS = ("ci_seeds", "ci_population")


def _ladder_table(ladder: Ladder) -> Table:
    goal = ladder.reference and formatting.shortest_percent(ladder.reference.goal.accuracy)
    headings = (
        Heading("Rung", "left", is_name=True),
        Heading("Innovation", "left"),
        *_headings(ladder, ("accuracy", "seeds", *_INTERVALS)),
        Heading("Over", "left", is_name=True),
        Heading("Added, points"),
        Heading("95% interval", "center"),
        Heading("Verdict", "left"),
        *((Heading(f"Of the way to {goal}, %"),) if goal else ()),
    )
    return Table(
        title="What each rung adds",
        columns=headings,
        rows=tuple(_ladder_cells(ladder, step, len(headings)) for step in ladder.steps),
        footnotes=_LADDER_FOOTNOTES,
    )


_LADDER_FOOTNOTES = (
    "Test accuracy is mean ± SD over seeds; of a vote over replicates, each with seeds of its own. "
    "The first 95% interval says where the mean lies for these very images (chance: seeds), the "
    "second for new ones of their kind (chance: seeds and images). Added is the difference to the "
    "rung named under Over, its interval and verdict for new images, too.",
    "Cannot tell: a difference of 0.1 points or more may be there or not; more seeds would show "
    "it, or the test images are too few. A vote shares runs with its members, which makes the "
    "interval of what it added too wide rather than too narrow.",
)


def _ladder_cells(ladder: Ladder, step: Step, width: int) -> tuple[str, ...]:
    row, rung = step.row, step.rung
    if row is None:
        return (rung.label, rung.adds, "not recorded", *[BLANK] * (width - 3))
    (accuracy,) = _written(ladder, step, ("accuracy",))
    cells = (
        rung.label,
        rung.adds,
        accuracy or "no run finished",
        seeds(step),
        *_written(ladder, step, _INTERVALS),
        rung.over or BLANK,
        added(step.added),
        formatting.percent_interval(step.added.interval, 2) if step.added else BLANK,
        verdict(step.added),
    )
    return (*cells, share(ladder, step)) if ladder.reference else cells


def _cost_table(ladder: Ladder) -> Table:
    beside = ladder.suite.timing_reference
    headings = (
        Heading("Rung", "left", is_name=True),
        Heading("Precision", "left"),
        *_headings(ladder, ("parameters", "multiply_adds", "train_seconds", "runs_timed")),
        *((Heading(f"Of {beside}'s"),) if beside else ()),
        Heading("Core-seconds"),
        Heading("Training FLOPs"),
    )
    return Table(
        title="What each rung costs",
        columns=headings,
        rows=tuple(_cost_cells(ladder, step) for step in ladder.steps),
        footnotes=_cost_footnotes(ladder),
    )


def _cost_cells(ladder: Ladder, step: Step) -> tuple[str, ...]:
    found = step.time
    return (
        step.rung.label,
        step.rung.precision,
        *_written(ladder, step, ("parameters", "multiply_adds")),
        formatting.three_digits(found.train_seconds if found else None),
        str(found.runs) if found else BLANK,
        *((ratio(found),) if ladder.suite.timing_reference else ()),
        formatting.three_digits(found.core_seconds if found else None),
        formatting.magnitude(step.training_flops),
    )


def _cost_footnotes(ladder: Ladder) -> tuple[str, ...]:
    timed = [step.time for step in ladder.steps if step.time is not None]
    if not timed:
        return ("No run had its cores to itself, so there is no training time to show.",)
    machines = "; ".join(sorted({found.hardware for found in timed}))
    return (
        "Train seconds: median over the runs that had their cores to themselves, without "
        f"compiling and evaluation, on {machines}; of a vote the sum of its members'. "
        f"{_beside(ladder, timed)}Core-seconds: train seconds times threads.",
        "Training FLOPs: 2 × 3 × multiply-adds × training images × epochs, backward counted as "
        "twice forward, augmentation not counted.",
    )


def _beside(ladder: Ladder, timed: Sequence[RelativeTime]) -> str:
    name = ladder.suite.timing_reference
    if name is None:
        return ""
    references = sorted({seconds for found in timed for seconds in found.reference_seconds})
    took = (
        f"{name} in float32 takes {' or '.join(map(formatting.three_digits, references))} s there "
        "by the runs nearest in time"
        if references
        else f"{name} was not timed there"
    )
    return f"{took}, with as many threads, on the same backend and versions. "


def _errors_table(ladder: Ladder) -> Table:
    headings = (
        Heading("Rung", "left", is_name=True),
        Heading("Runs"),
        Heading("Images wrong in a run"),
        Heading("In any run"),
        Heading("In at least half of the runs"),
        Heading("Of these with a doubtful label"),
        Heading("In every run"),
    )
    return Table(
        title="What is left",
        columns=headings,
        rows=tuple(_errors_cells(step) for step in ladder.steps),
        footnotes=(f"{_ABOUT_ERRORS} {_ABOUT_DOUBT}" if _judged(ladder) else _ABOUT_ERRORS,),
    )


def _judged(ladder: Ladder) -> bool:
    """Return whether people judged the labels of the ladder's test images."""
    return any(
        step.errors is not None and step.errors.doubtful is not None for step in ladder.steps
    )


_ABOUT_ERRORS = (
    "A run's errors are of two kinds: what it lost by chance, which other runs of its rung get "
    "right, and what most of them get wrong. A vote wins the first kind only: of many runs it errs "
    "on about the images that at least half of them get wrong. Runs of a vote are its replicates."
)
_ABOUT_DOUBT = (
    "A label is doubtful where fewer than three of five people agreed with it (Northcutt, Athalye "
    "and Mueller, 2021)."
)


def _errors_cells(step: Step) -> tuple[str, ...]:
    found = step.errors
    if found is None:
        return (step.rung.label, *[BLANK] * 6)
    return (
        step.rung.label,
        str(found.runs),
        formatting.number(found.per_run, 1),
        formatting.whole(found.ever),
        formatting.whole(found.mostly),
        formatting.whole(found.doubtful),
        formatting.whole(found.always),
    )


def _targets_table(ladder: Ladder) -> Table:
    headings = (
        Heading("Target", "left"),
        Heading("Mean at least, %"),
        Heading("Cost at most"),
        Heading("Best row", "left", is_name=True),
        Heading("Precision", "left"),
        Heading("Mean, %"),
        Heading("Seeds"),
        Heading("On these images, %", "center"),
        Heading("Bound, these images, %"),
        Heading(f"Bound, {ladder.board.noun} like these, %"),
        Heading("Cost"),
        Heading("Reached", "left"),
    )
    return Table(
        title="Targets",
        columns=headings,
        rows=tuple(_target_cells(ladder, found) for found in ladder.targets),
        footnotes=_target_footnotes(ladder),
    )


def _target_footnotes(ladder: Ladder) -> tuple[str, ...]:
    images = f"these very {ladder.board.images:,}" if ladder.board.images else "these very"
    return (
        "All timed rows of this board take part, those of other suites too; not one with a failed "
        f"seed. Costs are training time as a share of {ladder.suite.timing_reference}'s in float32 "
        "on the same machine, or seconds times cores, summed over the members of a vote.",
        "A mean is certified where, over at least 20 seeds, its one-sided 95% lower bound reaches "
        f"the target. The targets are figures on {images} test images, so the bound that certifies "
        f"is the one over seeds (Student's t); the bound for {ladder.board.noun} like these (seeds "
        "and images) stands beside it. The best row is the fastest that is certified. For the "
        "other targets it is the best mean within the cost, and the mean is what counts.",
    )


def _target_cells(ladder: Ladder, found: TargetVerdict) -> tuple[str, ...]:
    target, best = found.target, found.best
    decimals = formatting.percent_decimals(ladder.board.images)
    wanted = (target.what, formatting.percent(target.accuracy, 2), _allowed(ladder, target))
    if best is None:
        return (*wanted, BLANK, *[BLANK] * 7, "no row qualifies")
    return (
        *wanted,
        best.row.name,
        best.row.identity.precision,
        formatting.percent_spread(best.row.accuracy, decimals),
        str(best.summary.n_seeds),
        formatting.percent_interval(best.row.ci_seeds, decimals),
        formatting.percent(best.lower_bound(), decimals + 1),
        formatting.percent(best.lower_bound_population(), decimals + 1),
        _cost(target, best),
        "yes" if found.reached else "no",
    )


def _allowed(ladder: Ladder, target: Target) -> str:
    if target.most_ratio is not None:
        share = "" if target.most_ratio == 1 else f"1/{1 / target.most_ratio:.4g} of "
        return f"{share}{ladder.suite.timing_reference}'s"
    return f"{formatting.number(target.most_core_seconds, 0)} core-seconds"


def _cost(target: Target, best: Candidate) -> str:
    if target.most_ratio is not None:
        return f"{ratio(best.time)} ({formatting.three_digits(best.time.train_seconds)} s)"
    return f"{formatting.three_digits(best.time.core_seconds)} core-seconds"
