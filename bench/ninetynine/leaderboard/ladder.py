"""The ladder of a suite: what each rung added to the one below, and what it costs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ninetynine import datasets
from ninetynine.catalog import Architecture
from ninetynine.errors import UserError
from ninetynine.leaderboard.grouping import by_board
from ninetynine.leaderboard.left import Left, left
from ninetynine.leaderboard.model import Row
from ninetynine.leaderboard.operations import training_flops
from ninetynine.leaderboard.pace import Pace, pace
from ninetynine.leaderboard.rowdata import measured_rows
from ninetynine.leaderboard.rows import load_outcome
from ninetynine.leaderboard.targets import REFERENCE, Answer, Candidate, answers
from ninetynine.leaderboard.way import DATASET, share_of_the_way
from ninetynine.records import Record, RecordStore
from ninetynine.statistics import Comparison, Summary, compare
from ninetynine.suite import Ensemble, Entry, Rung, Suite


class Measured(Protocol):
    """A row with the finished records behind it."""

    @property
    def row(self) -> Row: ...
    @property
    def records(self) -> Sequence[Record]: ...
    @property
    def summary(self) -> Summary | None: ...


@dataclass(frozen=True)
class Step:
    """A rung with its row; what is None is not recorded or cannot be known."""

    rung: Rung
    asked: int  # seeds, or replicates
    row: Row | None
    added: Comparison | None  # to the rung below
    share: float | None  # of the way from 99.06% to 99.79%
    pace: Pace | None
    training_flops: float | None
    left: Left | None  # what its runs get wrong


@dataclass(frozen=True)
class Ladder:
    """The rungs of ``suite`` as they were trained on one kind of device by one backend."""

    suite: Suite
    backend: str
    device: str
    images: int | None  # in the test set
    steps: tuple[Step, ...]
    answers: tuple[Answer, ...]  # to the project's targets, which are for two CPU cores on MNIST
    notes: tuple[str, ...]


def load_ladders(
    store: RecordStore, catalog: Mapping[str, Architecture], suite: Suite
) -> list[Ladder]:
    """Return the ladders of ``suite``, one per backend and device that its rungs ran on.

    Files that cannot be read are named in the notes of each.

    Raises UserError where nothing of the suite is recorded.
    """
    dataset = datasets.row_name_of(suite.dataset)
    readable, problems = store.read_all()
    records = [record for record in readable if record.cell.dataset == dataset]
    boards = by_board(records, catalog, None)
    fitting = [key for key in boards if key.variant == suite.variant]
    newest = max(fitting, key=lambda k: (k.protocol_version, len(boards[k]), k), default=None)
    outcomes = [load_outcome(store, record) for record in boards[newest]] if newest else []
    labels = Counter(o.labels_hash for o in outcomes if o.labels_hash is not None)
    usual = min(labels, key=lambda name: (-labels[name], name), default=None)
    rows = measured_rows([o for o in outcomes if o.labels_hash in (None, usual)])
    found = make_ladders(suite, catalog, rows, records)
    if not found:
        raise UserError(
            f"nothing of suite {suite.name} is recorded in {store.directory}; "
            f"train it with: bench run {suite.name}"
        )
    unread = [store.describe(problem) for problem in problems]
    return [replace(ladder, notes=(*unread, *ladder.notes)) for ladder in found]


def make_ladders(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    rows: Sequence[Measured],
    records: Sequence[Record],
) -> list[Ladder]:
    """Return the ladders that ``rows``, all of one board, hold; ``records`` may hold more."""
    on_rungs = [
        found.row.identity for found in rows if any(is_on(rung, found.row) for rung in suite.rungs)
    ]
    settings = sorted({(identity.device, identity.backend) for identity in on_rungs})
    return [_ladder(suite, catalog, rows, records, *setting) for setting in settings]


def is_on(rung: Rung, row: Row) -> bool:
    """Return whether ``row`` is the rung's model in the rung's precision."""
    identity = row.identity
    return (identity.architecture, identity.kind, identity.precision) == (
        rung.name,
        rung.kind,
        rung.precision,
    )


def _ladder(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    rows: Sequence[Measured],
    records: Sequence[Record],
    device: str,
    backend: str,
) -> Ladder:
    here = [
        found
        for found in rows
        if (found.row.identity.device, found.row.identity.backend) == (device, backend)
    ]
    beside = _choose(Entry(REFERENCE, "float32", REFERENCE), suite, here, catalog)
    reference = beside.records if beside is not None else ()
    chosen = {rung.label: _choose(rung, suite, here, catalog) for rung in suite.rungs}
    by_key = {record.key: record for record in records}
    steps = tuple(_step(rung, suite, chosen, reference, by_key) for rung in suite.rungs)
    on_target = device == "cpu" and datasets.row_name_of(suite.dataset) == DATASET
    summaries = [found.summary for found in here if found.summary is not None]
    return Ladder(
        suite=suite,
        backend=backend,
        device=device,
        images=summaries[0].n_images if summaries else None,
        steps=steps,
        answers=answers(_candidates(here, reference)) if on_target else (),
        notes=(*_notes(suite, here, chosen, catalog), *_dates(chosen, reference)),
    )


def _choose(
    rung: Rung, suite: Suite, rows: Sequence[Measured], catalog: Mapping[str, Architecture]
) -> Measured | None:
    """Return the rung's row: of several that of the code at hand, with most seeds, the latest."""

    def worth(found: Measured) -> tuple[bool, int, str, str]:
        latest = max((record.context.started_at for record in found.records), default="")
        row = found.row
        return _is_current(rung, row, suite, catalog), len(row.seeds), latest, row.name

    return max((found for found in rows if is_on(rung, found.row)), key=worth, default=None)


def _is_current(rung: Rung, row: Row, suite: Suite, catalog: Mapping[str, Architecture]) -> bool:
    """Return whether the row's code and recipe are those at hand; an ensemble has none."""
    architecture = catalog.get(rung.name)
    if rung.kind == "ensemble" or architecture is None:
        return rung.kind == "ensemble"
    recipe = architecture.recipe.override(suite.recipe, f"suite {suite.path}: [recipe]")
    return (row.identity.source_hash, row.identity.recipe) == (
        architecture.source_hash,
        recipe.canonical(),
    )


def _step(
    rung: Rung,
    suite: Suite,
    chosen: Mapping[str, Measured | None],
    reference: Sequence[Record],
    by_key: Mapping[str, Record],
) -> Step:
    asked = rung.replicates if isinstance(rung, Ensemble) else len(suite.seeds_of(rung))
    found = chosen[rung.label]
    if found is None:
        return Step(rung, asked, None, None, None, None, None, None)
    below = chosen[rung.over] if rung.over is not None else None
    return Step(
        rung=rung,
        asked=asked,
        row=found.row,
        added=_added(found, below),
        share=share_of_the_way(found.row, suite.dataset),
        pace=pace(found.records, reference),
        training_flops=training_flops(found.records[0], by_key) if found.records else None,
        left=left(found.summary, suite.dataset) if found.summary is not None else None,
    )


def _added(found: Measured, below: Measured | None) -> Comparison | None:
    if below is None or found.summary is None or below.summary is None:
        return None
    return compare(found.summary, below.summary)


def _candidates(rows: Sequence[Measured], reference: Sequence[Record]) -> list[Candidate]:
    candidates = []
    for found in rows:
        beside, summary = pace(found.records, reference), found.summary
        whole = summary is not None and summary.n_seeds == found.row.tried
        if beside is not None and summary is not None and whole:
            candidates.append(Candidate(found.row, summary, beside))
    return candidates


def _notes(
    suite: Suite,
    rows: Sequence[Measured],
    chosen: Mapping[str, Measured | None],
    catalog: Mapping[str, Architecture],
) -> Iterator[str]:
    """Yield what is to be known about how a rung's row was found."""
    for rung in suite.rungs:
        found = chosen[rung.label]
        if found is None:
            continue
        if not _is_current(rung, found.row, suite, catalog):
            yield f"{rung.label}: its code or recipe is not the one in this installation"
        others = [o.row.name for o in rows if is_on(rung, o.row) and o is not found]
        if others:
            yield f"{rung.label} is the row {found.row.name}; left aside: {', '.join(others)}"
        yield from (f"{rung.label}: {note}" for note in found.row.notes)


def _dates(chosen: Mapping[str, Measured | None], reference: Sequence[Record]) -> Iterator[str]:
    """Yield when the reference and the rungs were timed: how nearly back to back."""
    rungs = [r for found in chosen.values() if found is not None for r in found.records]
    timed = [_timed_days(records) for records in (reference, rungs)]
    if all(timed):
        yield (
            f"{REFERENCE} was timed {timed[0]}, the rungs {timed[1]}; seconds compare best where "
            "these are one day"
        )


def _timed_days(records: Sequence[Record]) -> str:
    days = sorted(
        record.context.started_at[:10]
        for record in records
        if record.kind == "trained" and record.timing is not None and record.timing.exclusive
    )
    if not days:
        return ""
    return f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"
