"""A suite's ladder as a page: what each rung adds, what it costs, which targets are reached."""

from collections.abc import Mapping

from ninetynine.catalog import Architecture
from ninetynine.leaderboard.ladder import Ladder, Step, load_ladders
from ninetynine.leaderboard.pace import Pace
from ninetynine.leaderboard.targets import REFERENCE, Answer, Candidate, Target
from ninetynine.records import RecordStore
from ninetynine.report import text
from ninetynine.report.document import Column, Section, Table
from ninetynine.report.markdown import code, escape, render_section
from ninetynine.report.text import BLANK
from ninetynine.statistics import Comparison
from ninetynine.suite import Suite, built_in

_VERDICTS = {
    "better": "better",
    "worse": "worse",
    "not told apart": "no difference that matters",
    "underpowered": "cannot tell",
}


def ladder_page(store: RecordStore, catalog: Mapping[str, Architecture], suite: Suite) -> str:
    """Return the page in Markdown, the same bytes for the same records.

    Raises UserError where nothing of the suite is recorded.
    """
    ladders = load_ladders(store, catalog, suite)
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
    tables = [_ladder_table(ladder), _cost_table(ladder), _left_table(ladder)]
    if ladder.answers:
        tables.append(_targets_table(ladder))
    images = f"{ladder.images:,} test images" if ladder.images else "no predictions"
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
    points = text.percent(comparison.difference, 2)
    return points if points.startswith("−") else f"+{points}"


def seeds(step: Step) -> str:
    """Return the finished seeds, of how many where some failed or are still to be run."""
    if step.row is None:
        return BLANK
    wanted = max(step.asked, step.row.tried)
    finished = len(step.row.seeds)
    return str(finished) if finished == wanted else f"{finished} of {wanted}"


def share(step: Step) -> str:
    """Return the share of the way from 99.06 to 99.79%, in percent."""
    if step.share is None:
        return BLANK
    return text.percent(step.share, 0) if step.share >= 0 else "below 99.06"


def ratio(pace: Pace | None) -> str:
    """Return the training time as a share of the reference's: ``1/93.1``, or ``1.24``."""
    if pace is None or pace.ratio is None:
        return BLANK
    small = pace.ratio <= 0.5
    return f"1/{text.three_digits(1 / pace.ratio)}" if small else text.three_digits(pace.ratio)


def _ladder_table(ladder: Ladder) -> Table:
    decimals = text.percent_decimals(ladder.images)
    these = f"these {ladder.images:,}" if ladder.images else "these"
    columns = (
        Column("Rung", "left", is_name=True),
        Column("Innovation", "left"),
        Column("Test accuracy, %"),
        Column("Seeds"),
        Column(f"On {these} images, %", "center"),
        Column(f"On {_kind(ladder)} like these, %", "center"),
        Column("Over", "left", is_name=True),
        Column("Added, points"),
        Column("95% interval", "center"),
        Column("Verdict", "left"),
        Column("Of the way to 99.79, %"),
    )
    return Table(
        title="What each rung adds",
        columns=columns,
        rows=tuple(_ladder_cells(step, decimals) for step in ladder.steps),
        footnotes=_LADDER_FOOTNOTES,
    )


def _kind(ladder: Ladder) -> str:
    return "digits" if ladder.suite.dataset in ("mnist", "digits") else "images"


_LADDER_FOOTNOTES = (
    "Test accuracy is mean ± SD over seeds; of a vote over replicates, each with seeds of its own. "
    "The first 95% interval says where the mean lies for these very images (chance: seeds), the "
    "second for new ones of their kind (chance: seeds and images). Added is the difference to the "
    "rung named under Over, its interval and verdict for new images, too.",
    "Cannot tell: a difference of 0.1 points or more may be there or not; more seeds would show "
    "it, or the test images are too few. A vote shares runs with its members, which makes the "
    "interval of what it added too wide rather than too narrow.",
)


def _ladder_cells(step: Step, decimals: int) -> tuple[str, ...]:
    row, rung = step.row, step.rung
    if row is None:
        return (rung.label, rung.adds, "not recorded", *[BLANK] * 8)
    return (
        rung.label,
        rung.adds,
        text.percent_spread(row.accuracy, decimals) or "no run finished",
        seeds(step),
        text.percent_interval(row.these_images, decimals),
        text.percent_interval(row.digits_like_these, decimals),
        rung.over or BLANK,
        added(step.added),
        text.percent_interval(step.added.interval, 2) if step.added else BLANK,
        verdict(step.added),
        share(step),
    )


def _cost_table(ladder: Ladder) -> Table:
    columns = (
        Column("Rung", "left", is_name=True),
        Column("Precision", "left"),
        Column("Parameters"),
        Column("Multiply-adds per image"),
        Column("Train seconds"),
        Column("Runs timed"),
        Column(f"Of {REFERENCE}'s"),
        Column("Core-seconds"),
        Column("Training FLOPs"),
    )
    return Table(
        title="What each rung costs",
        columns=columns,
        rows=tuple(_cost_cells(step) for step in ladder.steps),
        footnotes=_cost_footnotes(ladder),
    )


def _cost_cells(step: Step) -> tuple[str, ...]:
    row, found = step.row, step.pace
    return (
        step.rung.label,
        step.rung.precision,
        BLANK if row is None or row.parameters is None else f"{row.parameters:,}",
        text.magnitude(row.multiply_adds) if row else BLANK,
        text.three_digits(found.train_seconds if found else None),
        str(found.runs) if found else BLANK,
        ratio(found),
        text.three_digits(found.core_seconds if found else None),
        text.magnitude(None if step.training_flops is None else round(step.training_flops)),
    )


def _cost_footnotes(ladder: Ladder) -> tuple[str, ...]:
    timed = [step.pace for step in ladder.steps if step.pace is not None]
    if not timed:
        return ("No run had its cores to itself, so there is no training time to show.",)
    machines = "; ".join(sorted({found.hardware for found in timed}))
    references = sorted({seconds for found in timed for seconds in found.reference_seconds})
    beside = (
        f"{REFERENCE} in float32 takes {' or '.join(map(text.three_digits, references))} s there "
        "by the runs nearest in time"
        if references
        else f"{REFERENCE} was not timed there"
    )
    return (
        "Train seconds: median over the runs that had their cores to themselves, without "
        f"compiling and evaluation, on {machines}; of a vote the sum of its members'. {beside}, "
        "with as many threads, on the same backend and versions. Core-seconds: train seconds times "
        "threads.",
        "Training FLOPs: 2 × 3 × multiply-adds × training images × epochs, backward counted as "
        "twice forward, augmentation not counted.",
    )


def _left_table(ladder: Ladder) -> Table:
    columns = (
        Column("Rung", "left", is_name=True),
        Column("Runs"),
        Column("Images wrong in a run"),
        Column("In any run"),
        Column("In at least half of the runs"),
        Column("Of these with a doubtful label"),
        Column("In every run"),
    )
    return Table(
        title="What is left",
        columns=columns,
        rows=tuple(_left_cells(step) for step in ladder.steps),
        footnotes=(f"{_ABOUT_ERRORS} {_ABOUT_DOUBT}" if _judged(ladder) else _ABOUT_ERRORS,),
    )


def _judged(ladder: Ladder) -> bool:
    """Return whether people judged the labels of the ladder's test images."""
    return any(step.left is not None and step.left.doubtful is not None for step in ladder.steps)


_ABOUT_ERRORS = (
    "A run's errors are of two kinds: what it lost by chance, which other runs of its rung get "
    "right, and what most of them get wrong. A vote wins the first kind only: of many runs it errs "
    "on about the images that at least half of them get wrong. Runs of a vote are its replicates."
)
_ABOUT_DOUBT = (
    "A label is doubtful where fewer than three of five people agreed with it (Northcutt, Athalye "
    "and Mueller, 2021)."
)


def _left_cells(step: Step) -> tuple[str, ...]:
    found = step.left
    if found is None:
        return (step.rung.label, *[BLANK] * 6)
    return (
        step.rung.label,
        str(found.runs),
        text.number(found.per_run, 1),
        f"{found.ever:,}",
        f"{found.mostly:,}",
        BLANK if found.doubtful is None else str(found.doubtful),
        f"{found.always:,}",
    )


def _targets_table(ladder: Ladder) -> Table:
    decimals = text.percent_decimals(ladder.images)
    columns = (
        Column("Target", "left"),
        Column("Mean at least, %"),
        Column("Cost at most"),
        Column("Best row", "left", is_name=True),
        Column("Precision", "left"),
        Column("Mean, %"),
        Column("Seeds"),
        Column("On these images, %", "center"),
        Column("Bound, these images, %"),
        Column("Bound, digits like these, %"),
        Column("Cost"),
        Column("Reached", "left"),
    )
    return Table(
        title="Targets",
        columns=columns,
        rows=tuple(_target_cells(answer, decimals) for answer in ladder.answers),
        footnotes=_TARGET_FOOTNOTES,
    )


_TARGET_FOOTNOTES = (
    "All timed rows of this board take part, those of other suites too; not one with a failed "
    f"seed. Costs are training time as a share of {REFERENCE}'s in float32 on the same machine, or "
    "seconds times cores, summed over the members of a vote.",
    "A mean is certified where, over at least 20 seeds, its one-sided 95% lower bound reaches the "
    "target. The targets are figures on these very 10,000 test images, so the bound that certifies "
    "is the one over seeds (Student's t); the bound for digits like these (seeds and images) "
    "stands beside it. The best row is the fastest that is certified. For the other targets it is "
    "the best mean within the cost, and the mean is what counts.",
)


def _target_cells(answer: Answer, decimals: int) -> tuple[str, ...]:
    target, best = answer.target, answer.best
    wanted = (target.what, text.percent(target.accuracy, 2), _allowed(target))
    if best is None:
        return (*wanted, BLANK, *[BLANK] * 7, "no row qualifies")
    return (
        *wanted,
        best.row.name,
        best.row.identity.precision,
        text.percent_spread(best.row.accuracy, decimals),
        str(best.summary.n_seeds),
        text.percent_interval(best.row.these_images, decimals),
        text.percent(best.lower_bound(), decimals + 1),
        text.percent(best.lower_bound_like_these(), decimals + 1),
        _cost(target, best),
        "yes" if answer.reached else "no",
    )


def _allowed(target: Target) -> str:
    if target.most_ratio is not None:
        share = "" if target.most_ratio == 1 else f"1/{1 / target.most_ratio:.4g} of "
        return f"{share}{REFERENCE}'s"
    return f"{text.number(target.most_core_seconds, 0)} core-seconds"


def _cost(target: Target, best: Candidate) -> str:
    if target.most_ratio is not None:
        return f"{ratio(best.pace)} ({text.three_digits(best.pace.train_seconds)} s)"
    return f"{text.three_digits(best.pace.core_seconds)} core-seconds"
