"""Records -> boards: rows that may be compared, side by side; everything else is named."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress, pairwise
from typing import Any

from ninetynine import datasets
from ninetynine.architecture import Architecture
from ninetynine.board.claims import ClaimRow, GapRow, claim_rows, gap_row, has_published_recipe
from ninetynine.board.comparing import compare_rows, shared_runs
from ninetynine.board.history import Change
from ninetynine.board.measured import measured
from ninetynine.board.names import row_names
from ninetynine.board.notes import board_notes, labels_note, measure_notes, neighbors_note
from ninetynine.board.predictions import PredictionSums
from ninetynine.board.row import Row, Standing
from ninetynine.board.run import PUBLISHED, BoardKey, RowIdentity, Run, identity_of
from ninetynine.datasets import ImageGroups
from ninetynine.grouping import grouped
from ninetynine.measures import ACCURACY, Measure
from ninetynine.records import Record, RecordStore
from ninetynine.statistics import (
    USUAL_MARGIN,
    Comparison,
    Margin,
    rank_intervals,
)
from ninetynine.suite import Entry, Reference, Rung, Suite, reference_for

_Sums = dict[tuple[str, ...], PredictionSums | None]  # by the keys of a row's records


@dataclass(frozen=True)
class Undecided:
    """Two rows that follow each other on the board and are not significantly different."""

    upper: str
    lower: str
    comparison: Comparison


@dataclass(frozen=True)
class ScoreRange:
    """The scores that shares of 0 and 1 stand for, where answers are not right or wrong."""

    low: float
    high: float

    def score(self, share: float) -> float:
        return self.low + share * (self.high - self.low)

    def difference(self, share: float) -> float:
        return share * (self.high - self.low)


@dataclass(eq=False)
class Board:
    """Rows that may be compared: one test set, one protocol version, one variant of recipes.

    ``variant`` is "published", or the suite whose recipe holds for every row.  ``labels_hash`` is
    set where the test labels set this board apart from another one.
    """

    key: BoardKey
    rows: tuple[Row, ...]  # the best mean first, rows without numbers last
    catalog: Mapping[str, Architecture]
    reference: Reference | None = None
    labels_hash: str | None = None
    own_notes: tuple[str, ...] = field(default=())
    suite: str | None = None  # whose rows alone these are
    thing: str = "image"  # what is right or wrong
    scores: ScoreRange | None = None  # None where accuracies are shares of 1, as they are shown
    others: tuple[Row, ...] = ()  # left out; ranks, groups and corrections are among these, too
    margin: Margin = USUAL_MARGIN  # within which models count as equivalent
    made_of: Suite | None = None  # whose rungs these rows are, where one was asked for
    changes: tuple[Change, ...] = ()  # of the baseline that the rows are
    measure: Measure = ACCURACY  # by which rows are ranked

    @property
    def dataset(self) -> str:
        return self.key.dataset

    @property
    def variant(self) -> str:
        return self.key.variant

    @property
    def noun(self) -> str:
        """What the images show, in the plural, such as "digits"."""
        return datasets.noun_of(self.dataset) if self.thing == "image" else f"{self.thing}s"

    @cached_property
    def finished(self) -> tuple[Row, ...]:
        """The rows that have an accuracy."""
        return tuple(row for row in self.rows if row.accuracy is not None)

    @cached_property
    def images(self) -> int | None:
        """The number of test images; None where no row has predictions."""
        return next((row.summary.n_images for row in self.rows if row.summary), None)

    @cached_property
    def image_groups(self) -> ImageGroups | None:
        """Which test images belong together; None where nobody knows."""
        return next((row.test_groups for row in self.rows if row.test_groups), None)

    @cached_property
    def clean_images(self) -> int | None:
        """The test images without a doubtful label; None where nobody judged the labels."""
        doubtful = datasets.doubtful_test_images(self.dataset, self.images or 0)
        return self.images - len(doubtful) if self.images is not None and doubtful else None

    @cached_property
    def claims(self) -> tuple[ClaimRow, ...]:
        """Published figures against the rows of the same recipe."""
        return tuple(
            claim for row in self.rows for claim in claim_rows(row, self.catalog, self.images)
        )

    @cached_property
    def gaps(self) -> tuple[GapRow, ...]:
        """How far each row has come from the reference's start to its goal."""
        return tuple(self._gap_by_row.values())

    def gap_of(self, row: Row) -> GapRow | None:
        """Return how far ``row`` has come; None without a reference or numbers."""
        return self._gap_by_row.get(row.name)

    @cached_property
    def _gap_by_row(self) -> dict[str, GapRow]:
        if self.reference is None:
            return {}
        found = (gap_row(row, self.reference) for row in self.rows)
        return {gap.row: gap for gap in found if gap is not None}

    @cached_property
    def records_by_key(self) -> dict[str, Record]:
        """The finished records of all rows: an ensemble's members are among them, or unknown."""
        return {record.key: record for row in self.rows for record in row.records}

    @property
    def among_best(self) -> tuple[Row, ...]:
        """The rows in the set that contains the best one, at 95%."""
        return tuple(row for row in self.rows if row.standing and row.standing.among_best)

    @cached_property
    def undecided(self) -> tuple[Undecided, ...]:
        """The rows that follow each other and share a group, with what would decide them.

        The advice is for the level at which a board with so many pairs first tests.
        """
        ranked = [row for row in self.rows if measured(row, self.measure).summary is not None]
        # What would decide is planned for the first step of a correction over all pairs.
        alpha = 0.05 / max(math.comb(len(ranked), 2), 1)
        pairs = (pair for pair in pairwise(ranked) if set(pair[0].groups) & set(pair[1].groups))
        how: dict[str, Any] = {"margin": self.margin, "planned_alpha": alpha}
        return tuple(
            Undecided(upper.name, lower.name, result)
            for upper, lower in pairs
            if (result := compare_rows(upper, lower, self.measure, **how))
        )

    @cached_property
    def notes(self) -> tuple[str, ...]:
        own = (*self.own_notes, *measure_notes(self.rows, self.measure))
        return (*own, *board_notes(self.rows), *neighbors_note(self.rows, self.thing))

    def of_suite(self, suite: Suite) -> "Board":
        """Return the board with those rows alone that are rungs of ``suite``."""
        found = self.of_rows(lambda r: any(is_on(rung, r.identity) for rung in suite.rungs))
        return replace(found, made_of=suite)

    def of_rows(self, keeps: Callable[[Row], bool]) -> "Board":
        """Return the board with those rows alone that ``keeps`` says; their ranks stay."""
        kept = [keeps(row) for row in self.rows]
        out = (row for row, keep in zip(self.rows, kept, strict=True) if not keep)
        return replace(self, rows=tuple(compress(self.rows, kept)), others=(*self.others, *out))


def is_on(rung: Rung, identity: RowIdentity) -> bool:
    """Return whether a row is the rung's model in the rung's precision."""
    if isinstance(rung, Entry):
        stated = (rung.backend or identity.backend, rung.device or identity.device)
        if stated != (identity.backend, identity.device):
            return False
    wanted = (rung.name, rung.kind, rung.precision)
    return (identity.architecture, identity.kind, identity.precision) == wanted


def build_boards(
    store: RecordStore,
    catalog: Mapping[str, Architecture],
    records: Sequence[Record] | None = None,
    variant: str | None = None,
    sums: bool = False,
    margin: Margin = USUAL_MARGIN,
    measure: Measure = ACCURACY,
) -> list[Board]:
    """Return the boards of ``records``, by default of every readable record in ``store``.

    ``variant`` puts all records on boards of that name: what a suite's run wants, some of whose
    cells may have been recorded for another suite.  The order of ``records`` does not matter.
    With ``sums`` the rows' prediction sums are made on the way, so that no file is read twice.
    Rows are ranked by ``measure``.
    """
    chosen = store.read_all(whole=True)[0] if records is None else records
    boards: list[Board] = []
    keyed = sorted(by_board(chosen, catalog, variant).items())
    references = {name: reference_for(name) for name in {key.dataset for key, _ in keyed}}
    runs: dict[str, Run] = {}  # a record that is on two boards is read once
    made: _Sums = {}
    for key, records_of in keyed:
        members = [runs.setdefault(record.key, Run.of(store, record)) for record in records_of]
        for labels_hash, rows, notes in _rows_by_labels(key, members, made if sums else None):
            boards.append(
                Board(
                    key,
                    tuple(rank(rows, measure)),
                    catalog,
                    references[key.dataset],
                    labels_hash,
                    notes,
                    margin=margin,
                    measure=measure,
                )
            )
    return boards


def make_rows(key: BoardKey, runs: Iterable[Run]) -> list[Row]:
    """Return the rows of ``runs``, all of one board; nothing is read for it."""
    by_row = grouped((identity_of(run.record), run) for run in runs)
    names = row_names(by_row)
    return [Row.of(names[i], i, key, found) for i, found in by_row.items()]


def rank(rows: Sequence[Row], measure: Measure = ACCURACY) -> list[Row]:
    """Return ``rows`` with rank and group, the best mean first and those without numbers last."""

    def order(row: Row) -> tuple[float, str]:
        goodness = measured(row, measure).goodness
        return (math.inf if goodness is None else -goodness), row.name

    ordered = sorted(rows, key=order)
    found_of = {id(row): measured(row, measure).summary for row in ordered}
    summaries = [summary for summary in found_of.values() if summary is not None]
    ranked = [row for row in ordered if found_of[id(row)] is not None]
    if summaries:
        shared = shared_runs(ranked, measure)
        found = rank_intervals(summaries, shared=shared)
        standings = zip(
            found.ranks,
            found.marginal_ranks,
            found.seed_ranks,
            found.among_best,
            found.bands,
            strict=True,
        )
        for row, standing in zip(ranked, standings, strict=True):
            row.standing = Standing(*standing)
    return ordered


def by_board(
    records: Iterable[Record], catalog: Mapping[str, Architecture], variant: str | None
) -> dict[BoardKey, list[Record]]:
    """Return the records of each board, sorted, so that their order on disk cannot matter."""
    boards: dict[BoardKey, list[Record]] = {}
    unique = {record.key: record for record in records}
    for record in sorted(unique.values(), key=lambda r: (r.cell.architecture, r.cell.seed, r.key)):
        name = variant or record.context.variant
        boards.setdefault(board_key(record, name), []).append(record)
        own = catalog.get(record.cell.architecture)
        published = own is not None and has_published_recipe(identity_of(record), own)
        if variant is None and name != PUBLISHED and published:
            boards.setdefault(board_key(record, PUBLISHED), []).append(record)
    if variant is None:
        _share_common_recipes(boards)
    return boards


def board_key(record: Record, variant: str) -> BoardKey:
    """Return the board that ``record`` is on under the recipes of ``variant``."""
    cell, own = record.cell, variant != PUBLISHED
    return BoardKey(cell.dataset, own, variant, cell.protocol_version, cell.dataset_fingerprint)


def _share_common_recipes(boards: dict[BoardKey, list[Record]]) -> None:
    """Add to a board of one common recipe what another suite recorded under that very recipe.

    A cell that two suites ask for is trained once and carries the first one's label; without
    this it would be missing from the second one's board.
    """
    for key, members in boards.items():
        trained = [record for record in members if record.kind != "ensemble"]
        recipes = {identity_of(record).recipe_json for record in trained}
        models = {record.cell.architecture for record in trained}
        if not key.not_published or len(recipes) != 1 or len(models) < 2:
            continue
        found = {record.key: record for record in members}
        for other, candidates in boards.items():
            if replace(other, variant=key.variant, not_published=True) == key:
                found |= {r.key: r for r in candidates if identity_of(r).recipe_json in recipes}
        boards[key] = list(found.values())


def _rows_by_labels(
    key: BoardKey, runs: Sequence[Run], sums: _Sums | None
) -> Iterator[tuple[str | None, list[Row], tuple[str, ...]]]:
    """Yield rows for each set of test labels: predictions of other labels are never pooled.

    Where there are ``sums``, those of the rows are made, or taken where they are there already.
    """
    rows = make_rows(key, runs)
    if sums is not None:
        for row in rows:
            keys = tuple(record.key for record in row.records)
            if keys in sums:
                row.prediction_sums = sums[keys]
            sums[keys] = row.prediction_sums  # reads each run's file, and notes what is right
    hashes = {run.record.key: run.outcome.labels_hash for run in runs if run.outcome is not None}
    counts = Counter(hashes[run.record.key] for run in runs if run.record.key in hashes)
    if len(counts) < 2:
        yield None, rows, ()
        return
    usual = min(counts, key=lambda labels: (-counts[labels], labels))
    for labels in sorted(counts, key=lambda labels: (labels != usual, labels)):
        members = [run for run in runs if hashes.get(run.record.key, usual) == labels]
        others = [run for run in runs if hashes.get(run.record.key, usual) != labels]
        yield labels, make_rows(key, members), (labels_note(labels, others),)
