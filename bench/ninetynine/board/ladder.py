"""The ladder of a suite: what each rung added to the one below, what it costs, what is left."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ninetynine import datasets
from ninetynine.architecture import Architecture
from ninetynine.board.boards import Board, build_boards, is_on
from ninetynine.board.claims import gap_closed, has_recipe_of
from ninetynine.board.comparing import compare_rows
from ninetynine.board.notes import row_notes
from ninetynine.board.row import Row
from ninetynine.board.targets import Candidate, TargetVerdict, judge_targets
from ninetynine.board.training_time import RelativeTime, relative_time, training_flops
from ninetynine.errors import UserError
from ninetynine.records import Record, RecordStore
from ninetynine.statistics import USUAL_MARGIN, Comparison, Margin, Summary
from ninetynine.suite import Ensemble, Entry, Reference, Rung, Suite, architecture_of, reference_for


@dataclass(frozen=True)
class PersistentErrors:
    """A row's wrong images; but for ``runs`` and ``per_run``, counts of test images.

    Runs that vote win the images that chance loses, and hardly those that at least half of the
    runs get wrong: with many voters a vote by head errs on just these (Condorcet's theorem, image
    by image), and a vote by probabilities on about as many.
    """

    runs: int  # with predictions
    per_run: float  # mean number of images wrong in a run
    ever: int  # wrong in at least one run
    mostly: int  # wrong in at least half of the runs
    always: int  # wrong in every run
    doubtful: int | None  # of ``mostly``, with a doubtful label; None where nobody judged them


@dataclass(frozen=True)
class Chain:
    """A rung below, not the next, that ``rung`` is compared with: steps too small to matter, one
    after the other, may come to one that does."""

    below: str
    comparison: Comparison


@dataclass(frozen=True)
class Step:
    """A rung with its row; what is None is not recorded or cannot be known."""

    rung: Rung
    asked: int  # seeds, or replicates
    row: Row | None = None
    added: Comparison | None = None  # to the rung below
    to_first: Comparison | None = None  # to the ladder's first rung with predictions
    to_best: Comparison | None = None  # to its best
    chain: Chain | None = None
    gap_closed: float | None = None  # of the suite's reference
    time: RelativeTime | None = None
    training_flops: float | None = None
    errors: PersistentErrors | None = None


@dataclass(frozen=True)
class Ladder:
    """The rungs of ``suite`` as they were trained on one kind of device by one backend."""

    suite: Suite
    board: Board
    reference: Reference | None
    backend: str
    device: str
    steps: tuple[Step, ...]
    targets: tuple[TargetVerdict, ...]  # which are for CPU cores
    notes: tuple[str, ...]


def load_ladders(
    store: RecordStore,
    catalog: Mapping[str, Architecture],
    suite: Suite,
    margin: Margin = USUAL_MARGIN,
) -> list[Ladder]:
    """Return the ladders of ``suite``, one per backend and device that its rungs ran on.

    Files that cannot be read are named in the notes of each.

    Raises UserError where nothing of the suite is recorded.
    """
    dataset = datasets.called(suite.dataset)
    readable, problems = store.read_all(whole=True)
    records = [record for record in readable if record.cell.dataset == dataset]
    made = build_boards(store, catalog, records, margin=margin)
    boards = [board for board in made if board.variant == suite.variant]

    def age(board: Board) -> tuple[int, int, str]:
        tried = sum(row.tried for row in board.rows)
        return board.key.protocol_version, tried, board.key.fingerprint

    newest = max(boards, key=age, default=None)
    found = make_ladders(suite, newest, records) if newest else []
    if not found:
        raise UserError(
            f"nothing of suite {suite.name} is recorded in {store.directory}; "
            f"train it with: bench run {suite.name}"
        )
    unread = [store.describe(problem) for problem in problems]
    return [replace(ladder, notes=(*unread, *ladder.notes)) for ladder in found]


def make_ladders(suite: Suite, board: Board, records: Sequence[Record]) -> list[Ladder]:
    """Return the ladders that the rows of ``board`` make; ``records`` may hold more."""
    on_rungs = [
        row.identity for row in board.rows if any(is_on(rung, row.identity) for rung in suite.rungs)
    ]
    settings = sorted({(identity.device, identity.backend) for identity in on_rungs})
    by_key = {record.key: record for record in records}
    return [_ladder(suite, board, by_key, *setting) for setting in settings]


def _ladder(
    suite: Suite, board: Board, by_key: Mapping[str, Record], device: str, backend: str
) -> Ladder:
    here = [r for r in board.rows if (r.identity.device, r.identity.backend) == (device, backend)]
    beside: Sequence[Record] = ()
    if suite.timing_reference is not None:
        name = suite.timing_reference
        found = _choose(Entry(name, "float32", name), suite, here, board.catalog)
        beside = found.records if found is not None else ()
    chosen = {rung.label: _choose(rung, suite, here, board.catalog) for rung in suite.rungs}
    reference = suite.reference or reference_for(board.dataset)
    margin = board.margin
    steps = tuple(
        _step(rung, suite, reference, chosen, beside, by_key, margin) for rung in suite.rungs
    )
    steps = tuple(_beside_others(step, steps, margin) for step in steps)
    return Ladder(
        suite=suite,
        board=board,
        reference=reference,
        backend=backend,
        device=device,
        steps=steps,
        targets=judge_targets(suite.targets, _candidates(here, beside)) if device == "cpu" else (),
        notes=(*_notes(suite, here, chosen, board.catalog), *_dates(suite, chosen, beside)),
    )


def _choose(
    rung: Rung, suite: Suite, rows: Sequence[Row], catalog: Mapping[str, Architecture]
) -> Row | None:
    """Return the rung's row: of several that of the code at hand, with most seeds, the latest."""

    def worth(row: Row) -> tuple[bool, int, str, str]:
        latest = max((record.context.started_at for record in row.records), default="")
        return _is_current(rung, row, suite, catalog), len(row.seeds), latest, row.name

    return max((row for row in rows if is_on(rung, row.identity)), key=worth, default=None)


def _is_current(rung: Rung, row: Row, suite: Suite, catalog: Mapping[str, Architecture]) -> bool:
    """Return whether the row's code and recipe are those at hand; an ensemble has none."""
    if rung.kind == "ensemble" or rung.base not in catalog:
        return rung.kind == "ensemble"
    wanted, identity = architecture_of(rung, suite, catalog), row.identity
    return identity.source_hash == wanted.source_hash and has_recipe_of(identity, wanted)


def _step(
    rung: Rung,
    suite: Suite,
    reference: Reference | None,
    chosen: Mapping[str, Row | None],
    beside: Sequence[Record],
    by_key: Mapping[str, Record],
    margin: Margin,
) -> Step:
    asked = rung.replicates if isinstance(rung, Ensemble) else len(suite.seeds_of(rung))
    row, below = chosen[rung.label], chosen[rung.over] if rung.over is not None else None
    if row is None:
        return Step(rung, asked)
    return Step(
        rung=rung,
        asked=asked,
        row=row,
        added=compare_rows(row, below, margin=margin) if below is not None else None,
        gap_closed=gap_closed(row.accuracy.mean, reference) if reference and row.accuracy else None,
        time=relative_time(row.records, beside),
        training_flops=training_flops(row.records[0], by_key) if row.records else None,
        errors=persistent_errors(row.summary, row.key.dataset) if row.summary else None,
    )


def _beside_others(step: Step, steps: Sequence[Step], margin: Margin) -> Step:
    """Return ``step`` with what it is beside the first rung, the best, and those that a chain of
    equivalent steps has led from."""
    row, of = step.row, {other.rung.label: other for other in steps}
    known = [s.row for s in steps if s.row is not None and s.row.summary is not None]
    if row is None or row not in known:
        return step
    best = max(known, key=lambda other: other.summary.mean if other.summary else 0.0)
    first, chain = known[0], None
    below = of.get(step.rung.over or "")
    while step.added is not None and step.added.verdict == "equivalent" and chain is None:
        if below is None or below.added is None or below.added.verdict != "equivalent":
            break
        below = of.get(below.rung.over or "")
        found = compare_rows(row, below.row, margin=margin) if below and below.row else None
        if below is not None and found is not None and found.verdict != "equivalent":
            chain = Chain(below.rung.label, found)
    return replace(
        step,
        to_first=None if row is first else compare_rows(row, first, margin=margin),
        to_best=None if row is best else compare_rows(row, best, margin=margin),
        chain=chain,
    )


def _candidates(rows: Sequence[Row], beside: Sequence[Record]) -> list[Candidate]:
    """Return the rows that were timed and of which every seed finished and has predictions."""
    candidates = []
    for row in rows:
        time, summary = relative_time(row.records, beside), row.summary
        if time is not None and summary is not None and summary.n_seeds == row.tried:
            candidates.append(Candidate(row, summary, time))
    return candidates


def _notes(
    suite: Suite,
    rows: Sequence[Row],
    chosen: Mapping[str, Row | None],
    catalog: Mapping[str, Architecture],
) -> Iterator[str]:
    """Yield what is to be known about how a rung's row was found."""
    for rung in suite.rungs:
        row = chosen[rung.label]
        if row is None:
            continue
        if not _is_current(rung, row, suite, catalog):
            yield f"{rung.label}: its code or recipe is not the one in this installation"
        others = [other.name for other in rows if is_on(rung, other.identity) and other is not row]
        if others:
            yield f"{rung.label} is the row {row.name}; left aside: {', '.join(others)}"
        yield from (f"{rung.label}: {note}" for note in row_notes(row))


def _dates(
    suite: Suite, chosen: Mapping[str, Row | None], beside: Sequence[Record]
) -> Iterator[str]:
    """Yield when the reference and the rungs were timed: how nearly back to back."""

    def days(records: Iterable[Record]) -> str:
        timed = (r for r in records if r.kind == "trained" and r.timing and r.timing.exclusive)
        found = sorted(record.context.started_at[:10] for record in timed)
        if len(set(found)) > 1:
            return f"from {found[0]} to {found[-1]}"
        return f"on {found[0]}" if found else ""

    then = days(beside)
    now = days(record for row in chosen.values() if row is not None for record in row.records)
    if then and now:
        yield (
            f"{suite.timing_reference} was timed {then}, the rungs {now}; seconds compare best "
            "where these are one day"
        )


def persistent_errors(summary: Summary, dataset: str) -> PersistentErrors:
    """Return what the runs summed up in ``summary`` get wrong of the test images of ``dataset``."""
    # Counts again, because a share of seeds such as 1/3 is not exact.
    right = np.rint(summary.image_accuracy * summary.n_seeds).astype(np.int64)
    wrong = summary.n_seeds - right
    mostly = 2 * wrong >= summary.n_seeds
    known = list(datasets.doubtful_test_images(dataset, summary.n_images))
    return PersistentErrors(
        runs=summary.n_seeds,
        per_run=(1 - summary.mean) * summary.n_images,
        ever=int((wrong > 0).sum()),
        mostly=int(mostly.sum()),
        always=int((right == 0).sum()),
        doubtful=int(mostly[known].sum()) if known else None,
    )
