"""A suite rung by rung, in Markdown: what each adds and costs, which targets are reached."""

from collections.abc import Callable, Sequence
from functools import partial

from ninetynine.board import RelativeTime, Row
from ninetynine.board.ladder import Ladder, PersistentErrors, Step, load_ladders
from ninetynine.board.targets import Candidate, TargetVerdict
from ninetynine.report import Report, formatting
from ninetynine.report.columns import columns
from ninetynine.report.columns.gap import share_closed
from ninetynine.report.document import Heading, Section, Table, center, left, name, table_of
from ninetynine.report.formats.markdown import code, escape, render_section
from ninetynine.report.formatting import BLANK
from ninetynine.statistics import USUAL_MARGIN, Comparison
from ninetynine.suite import Suite, Target, built_in


def render(report: Report) -> str:
    """Return the page, the same bytes for the same records.

    Raises UserError where nothing of the suite is recorded.
    """
    suite = report.suite
    margin = report.margin or USUAL_MARGIN
    ladders = load_ladders(report.store, report.catalog, suite, margin)
    head = (
        f"# Suite {suite.name}, rung by rung\n\n{escape(suite.description)}\n\nWritten by "
        f"{code(_rewrite(suite))} from the records beside it; not edited by hand.\n"
    )
    return "\n".join([head, *(render_section(section(found)) for found in ladders)])


def _rewrite(suite: Suite) -> str:
    """Return how the page is written again, for a results folder that is called results."""
    called = suite.name if built_in().get(suite.name) == suite.path else str(suite.path)
    chosen = "" if called == "ladder" else f" --suite {called}"
    return f"bench report --format ladder{chosen} --output results/{suite.name.upper()}.md"


def section(ladder: Ladder) -> Section:
    """Return the tables of one ladder."""
    tables = [_ladder_table(ladder), _cost_table(ladder), _errors_table(ladder)]
    if ladder.targets:
        tables.append(_targets_table(ladder))
    images = "no predictions"
    if ladder.board.images:
        images = formatting.test_images(ladder.board.images, ladder.board.image_groups, "image")
    introduction = f"{len(ladder.steps)} rungs, in the suite's order; {images}."
    title = f"{ladder.suite.dataset}: {ladder.device}, {ladder.backend}"
    return Section(title, introduction, tuple(tables), ladder.notes)


def verdict(step: Step) -> str:
    """Return what a rung added, in a word, and where small steps have come to a larger one."""
    if step.added is None:
        return BLANK
    if step.chain is None:
        return step.added.verdict
    beside, word = step.chain.below, step.chain.comparison.verdict
    return f"undecided (equivalent to {step.rung.over}, but {word} beside {beside})"


def beside(comparison: Comparison | None) -> str:
    """Return a difference in percentage points and its verdict."""
    return BLANK if comparison is None else f"{added(comparison)} {comparison.verdict}"


def added(comparison: Comparison | None) -> str:
    """Return the difference in percentage points, with its sign."""
    if comparison is None:
        return BLANK
    return formatting.signed_percent(comparison.difference, 2)


def added_interval(step: Step) -> str:
    """Return the 95% interval of what a rung added, in percentage points."""
    return formatting.percent_interval(step.added.interval, 2) if step.added else BLANK


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
    return BLANK if time is None or time.ratio is None else _as_share(time.ratio)


def ratio_interval(time: RelativeTime | None) -> str:
    """Return the 95% interval of that share, the shorter time first: ``1/95.2–1/91``."""
    if time is None or time.ratio_interval is None:
        return BLANK
    return formatting.span(_as_share(time.ratio_interval.low), _as_share(time.ratio_interval.high))


def _as_share(part: float) -> str:
    return (
        f"1/{formatting.three_digits(1 / part)}" if part <= 0.5 else formatting.three_digits(part)
    )


def _own(ladder: Ladder, key: str) -> tuple[Heading, Callable[[Step], str]]:
    """Return a column of the board as one of the ladder's."""
    column, board = columns()[key], ladder.board
    heading = Heading(column.heading_of(board), column.align)
    return heading, lambda step: column.write(board, step.row) if step.row else BLANK


def _accuracy(ladder: Ladder, step: Step) -> str:
    if step.row is None:
        return "not recorded"
    return columns()["accuracy"].write(ladder.board, step.row) or "no run finished"


def _ladder_table(ladder: Ladder) -> Table:
    goal = ladder.reference and formatting.shortest_percent(ladder.reference.goal.accuracy)
    return table_of(
        "What each rung adds",
        ladder.steps,
        [
            (name("Rung"), lambda step: step.rung.label),
            (left("Innovation"), lambda step: step.rung.adds),
            (_own(ladder, "accuracy")[0], lambda step: _accuracy(ladder, step)),
            (_own(ladder, "seeds")[0], seeds),
            _own(ladder, "ci_seeds"),
            _own(ladder, "ci_population"),
            (name("Over"), lambda step: (step.row and step.rung.over) or BLANK),
            (Heading("Added, points"), lambda step: added(step.added)),
            (center("95% interval"), added_interval),
            (left("Verdict"), verdict),
            (left("Over the first"), lambda step: beside(step.to_first)),
            (left("Over the best"), lambda step: beside(step.to_best)),
            *([(Heading(f"Of the way to {goal}, %"), partial(share, ladder))] if goal else []),
        ],
        _ACCURACY_FOOTNOTE.format(formatting.image_chance(ladder.board.image_groups)),
        _WORDS.format(formatting.margin(ladder.board.margin)),
    )


_ACCURACY_FOOTNOTE = (
    "Test accuracy is mean ± SD over seeds; of a vote over replicates, each with seeds of its own. "
    "The first 95% interval says where the mean lies for these very images (chance: seeds), the "
    "second for new ones of their kind (chance: seeds and {}). Added is the difference to the "
    "rung named under Over, its interval and verdict for new images, too."
)
_WORDS = (
    "Better, worse: the interval leaves out 0. Equivalent: two one-sided tests at 5% show that the "
    "difference is within {}. Undecided: neither was shown; more seeds may show it, or the test "
    "images are too few. A chain of equivalent steps is followed down, and a rung is called "
    "equivalent only if it is so to every rung of the chain. A vote is paired with the runs that "
    "it shares with the rung below. Each comparison stands alone: none is corrected for the others."
)


def _cost_table(ladder: Ladder) -> Table:
    beside, digits = ladder.suite.timing_reference, formatting.three_digits

    def timed(write: Callable[[RelativeTime], str]) -> Callable[[Step], str]:
        return lambda step: write(step.time) if step.time is not None else BLANK

    return table_of(
        "What each rung costs",
        ladder.steps,
        [
            (name("Rung"), lambda step: step.rung.label),
            (left("Precision"), lambda step: step.rung.precision),
            _own(ladder, "parameters"),
            _own(ladder, "multiply_adds"),
            (_own(ladder, "train_seconds")[0], timed(lambda time: digits(time.train_seconds))),
            (_own(ladder, "runs_timed")[0], timed(lambda time: str(time.runs))),
            *([(Heading(f"Of {beside}'s"), timed(ratio))] if beside else []),
            *([(center("95% interval"), timed(ratio_interval))] if beside else []),
            (Heading("Core-seconds"), timed(lambda time: digits(time.core_seconds))),
            (Heading("Training FLOPs"), lambda step: formatting.magnitude(step.training_flops)),
        ],
        *_cost_footnotes(ladder),
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
    unit = ladder.suite.timing_reference
    if unit is None:
        return ""
    references = sorted({seconds for found in timed for seconds in found.reference_seconds})
    took = (
        f"{unit} in float32 takes {' or '.join(map(formatting.three_digits, references))} s there "
        "by the runs nearest in time"
        if references
        else f"{unit} was not timed there"
    )
    return (
        f"{took}, with as many threads, on the same backend and versions; the interval is that of "
        "the typical share, since runs and reference runs both vary. "
    )


def _errors_table(ladder: Ladder) -> Table:
    def counted(write: Callable[[PersistentErrors], str]) -> Callable[[Step], str]:
        return lambda step: write(step.errors) if step.errors is not None else BLANK

    number = formatting.number
    judged = any(step.errors and step.errors.doubtful is not None for step in ladder.steps)
    return table_of(
        "What is left",
        ladder.steps,
        [
            (name("Rung"), lambda step: step.rung.label),
            (Heading("Runs"), counted(lambda e: str(e.runs))),
            (Heading("Images wrong in a run"), counted(lambda e: number(e.per_run, 1))),
            (Heading("In any run"), counted(lambda e: number(e.ever, 0))),
            (Heading("In at least half of the runs"), counted(lambda e: number(e.mostly, 0))),
            (Heading("Of these with a doubtful label"), counted(lambda e: number(e.doubtful, 0))),
            (Heading("In every run"), counted(lambda e: number(e.always, 0))),
        ],
        f"{_ABOUT_ERRORS} {_ABOUT_DOUBT}" if judged else _ABOUT_ERRORS,
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


def _targets_table(ladder: Ladder) -> Table:
    decimals = formatting.percent_decimals(ladder.board.images)
    percent = formatting.percent

    def own(key: str, row: Row) -> str:
        return columns()[key].write(ladder.board, row)

    def best(write: Callable[[Candidate], str]) -> Callable[[TargetVerdict], str]:
        return lambda found: write(found.best) if found.best is not None else BLANK

    def bound(of: Callable[[Candidate], float | None]) -> Callable[[TargetVerdict], str]:
        return best(lambda candidate: percent(of(candidate), decimals + 1))

    def reached(found: TargetVerdict) -> str:
        return "no row qualifies" if found.best is None else "yes" if found.reached else "no"

    on_others = f"Bound, {ladder.board.noun} like these, %"
    return table_of(
        "Targets",
        ladder.targets,
        [
            (left("Target"), lambda found: found.target.what),
            (Heading("Mean at least, %"), lambda found: percent(found.target.accuracy, 2)),
            (Heading("Cost at most"), lambda found: _allowed(ladder, found.target)),
            (name("Best row"), best(lambda c: c.row.name)),
            (left("Precision"), best(lambda c: c.row.identity.precision)),
            (Heading("Mean, %"), best(lambda c: own("accuracy", c.row))),
            (Heading("Seeds"), best(lambda c: str(c.summary.n_seeds))),
            (center("On these images, %"), best(lambda c: own("ci_seeds", c.row))),
            (Heading("Bound, these images, %"), bound(lambda c: c.lower_bound())),
            (Heading(on_others), bound(lambda c: c.lower_bound_population())),
            (Heading("Cost"), lambda f: _cost(f.target, f.best) if f.best else BLANK),
            (left("Reached"), reached),
        ],
        *_target_footnotes(ladder),
    )


def _target_footnotes(ladder: Ladder) -> tuple[str, ...]:
    images = f"these very {ladder.board.images:,}" if ladder.board.images else "these very"
    chance = formatting.image_chance(ladder.board.image_groups)
    return (
        "All timed rows of this board take part, those of other suites too; not one with a failed "
        f"seed. Costs are training time as a share of {ladder.suite.timing_reference}'s in float32 "
        "on the same machine, or seconds times cores, summed over the members of a vote.",
        "A mean is certified where, over at least 20 seeds, its one-sided 95% lower bound reaches "
        f"the target. The targets are figures on {images} test images, so the bound that certifies "
        f"is the one over seeds (Student's t); the bound for {ladder.board.noun} like these (seeds "
        f"and {chance}) stands beside it. The best row is the fastest that is certified. For the "
        "other targets it is the best mean within the cost, and the mean is what counts.",
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
