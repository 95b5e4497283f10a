"""Records -> boards: rows that may be compared, side by side; everything else is named."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.catalog import Architecture
from bench.leaderboard import measure
from bench.leaderboard.claims import claim_rows, has_published_recipe
from bench.leaderboard.model import Board, Row, Undecided
from bench.leaderboard.notes import board_notes, labels_note, row_notes
from bench.leaderboard.rows import (
    Outcome,
    RowIdentity,
    SeedRuns,
    identity_of,
    load_outcome,
    row_names,
    runs_by_seed,
)
from bench.leaderboard.way import doubtful_images, way_row
from bench.records import Record, RecordStore
from bench.statistics import Summary, accuracy_estimate, compare, rank_intervals, summarize

PUBLISHED = "published"


@dataclass(frozen=True, order=True)
class _BoardKey:
    dataset: str
    not_published: bool  # so that the published recipes come first
    variant: str
    protocol_version: int
    fingerprint: str


@dataclass(frozen=True)
class _RowData:
    """A row in the making; ``summary`` is over its seeds with predictions, if there are any."""

    row: Row
    runs: SeedRuns
    summary: Summary | None

    @property
    def records(self) -> list[Record]:
        return [outcome.record for outcome in self.runs.finished]


def build_boards(
    store: RecordStore,
    catalog: Mapping[str, Architecture],
    records: Sequence[Record] | None = None,
    variant: str | None = None,
) -> list[Board]:
    """Return the boards of ``records``, by default of every readable record in ``store``.

    ``variant`` puts all records on boards of that name: what a suite's run wants, some of whose
    cells may have been recorded for another suite.  The order of ``records`` does not matter.
    """
    chosen = store.read_all()[0] if records is None else records
    boards: list[Board] = []
    for key, members in sorted(_by_board(chosen, catalog, variant).items()):
        outcomes = [load_outcome(store, record) for record in members]
        boards += _split_by_labels(key, outcomes, catalog)
    return boards


def _by_board(
    records: Iterable[Record], catalog: Mapping[str, Architecture], variant: str | None
) -> dict[_BoardKey, list[Record]]:
    boards: dict[_BoardKey, list[Record]] = {}
    unique = {record.key: record for record in records}
    for record in sorted(unique.values(), key=lambda r: (r.cell.architecture, r.cell.seed, r.key)):
        name = variant or record.context.variant
        boards.setdefault(_board_key(record, name), []).append(record)
        if variant is None and name != PUBLISHED and _is_as_published(record, catalog):
            boards.setdefault(_board_key(record, PUBLISHED), []).append(record)
    if variant is None:
        _share_common_recipes(boards)
    return boards


def _board_key(record: Record, variant: str) -> _BoardKey:
    cell = record.cell
    return _BoardKey(
        cell.dataset,
        variant != PUBLISHED,
        variant,
        cell.protocol_version,
        cell.dataset_fingerprint,
    )


def _is_as_published(record: Record, catalog: Mapping[str, Architecture]) -> bool:
    architecture = catalog.get(record.cell.architecture)
    return architecture is not None and has_published_recipe(identity_of(record), architecture)


def _share_common_recipes(boards: dict[_BoardKey, list[Record]]) -> None:
    """Add to a board of one common recipe what another suite recorded under that very recipe.

    A cell that two suites ask for is trained once and carries the first one's label; without
    this it would be missing from the second one's board.
    """
    for key, members in boards.items():
        recipes = {identity_of(record).recipe_json for record in members}
        if not key.not_published or len(recipes) != 1:
            continue
        known = {record.key for record in members}
        for other, candidates in boards.items():
            if replace(other, variant=key.variant, not_published=True) == key:
                members += [
                    record
                    for record in candidates
                    if record.key not in known and identity_of(record).recipe_json in recipes
                ]


def _split_by_labels(
    key: _BoardKey, outcomes: Sequence[Outcome], catalog: Mapping[str, Architecture]
) -> list[Board]:
    """Return one board per set of test labels: answers to other questions are never pooled."""
    counts = Counter(o.labels_hash for o in outcomes if o.labels_hash is not None)
    if len(counts) < 2:
        return [_board(key, None, outcomes, (), catalog)]
    usual = min(counts, key=lambda labels: (-counts[labels], labels))
    boards = []
    for labels in sorted(counts, key=lambda labels: (labels != usual, labels)):
        members = [o for o in outcomes if (o.labels_hash or usual) == labels]
        others = [o for o in outcomes if (o.labels_hash or usual) != labels]
        note = labels_note(labels, others)
        boards.append(_board(key, labels, members, (note,), catalog))
    return boards


def _board(
    key: _BoardKey,
    labels_hash: str | None,
    outcomes: Sequence[Outcome],
    notes: tuple[str, ...],
    catalog: Mapping[str, Architecture],
) -> Board:
    rows = _ranked(_row_data(outcomes))
    images = next((r.summary.n_images for r in rows if r.summary is not None), None)
    doubtful = doubtful_images(key.dataset, images) if images is not None else []
    claims = [
        claim for data in rows for claim in claim_rows(data.row, data.records, catalog, images)
    ]
    way = [way_row(data.row, data.runs.finished, key.dataset) for data in rows]
    plain_rows = tuple(data.row for data in rows)
    return Board(
        dataset=key.dataset,
        dataset_fingerprint=key.fingerprint,
        protocol_version=key.protocol_version,
        variant=key.variant,
        labels_hash=labels_hash,
        images=images,
        clean_images=images - len(doubtful) if images is not None and doubtful else None,
        rows=plain_rows,
        claims=tuple(claims),
        way=tuple(row for row in way if row is not None),
        undecided=tuple(_undecided(rows)),
        notes=(*notes, *board_notes(plain_rows)),
    )


def _row_data(outcomes: Sequence[Outcome]) -> list[_RowData]:
    by_row: dict[RowIdentity, list[Outcome]] = {}
    for outcome in outcomes:
        by_row.setdefault(identity_of(outcome.record), []).append(outcome)
    names = row_names(by_row)
    return [_one_row(names[identity], identity, found) for identity, found in by_row.items()]


def _one_row(name: str, identity: RowIdentity, outcomes: Sequence[Outcome]) -> _RowData:
    runs = runs_by_seed(outcomes)
    records = [outcome.record for outcome in runs.finished]
    models = [r.model for r in records if r.model is not None]
    timing, timing_notes = measure.timed(records)
    summary = _summary(runs)
    estimate = accuracy_estimate(summary) if summary is not None else None
    row = Row(
        name=name,
        identity=identity,
        seeds=tuple(r.cell.seed for r in records),
        failed=runs.failed,
        threads=tuple(sorted({r.cell.threads for r in records})),
        parameters=models[0].parameters if models else None,
        multiply_adds=models[0].multiply_adds if models else None,
        accuracy=measure.spread(r.scores.test.accuracy for r in records if r.scores),
        these_images=estimate.seed_interval if estimate else None,
        digits_like_these=estimate.population_interval if estimate else None,
        rank=None,
        band="",
        loss=measure.test_loss(records),
        train_accuracy=measure.train_accuracy(records),
        train_test_gap=measure.train_test_gap(records),
        timed=timing,
        notes=(*row_notes(runs), *timing_notes),
    )
    return _RowData(row, runs, summary)


def _summary(runs: SeedRuns) -> Summary | None:
    correct = [outcome.correct for outcome in runs.finished if outcome.correct is not None]
    return summarize(np.stack(correct)) if correct else None


def _ranked(rows: Sequence[_RowData]) -> list[_RowData]:
    """Return ``rows`` with rank and band, the best mean first and those without numbers last."""

    def order(data: _RowData) -> tuple[float, str]:
        mean = -data.row.accuracy.mean if data.row.accuracy else 1.0
        return mean, data.row.name

    ordered = sorted(rows, key=order)
    summaries = [data.summary for data in ordered if data.summary is not None]
    if not summaries:
        return ordered
    ranking = rank_intervals(summaries)
    places = iter(zip(ranking.ranks, ranking.bands, strict=True))
    return [_placed(d, *next(places)) if d.summary is not None else d for d in ordered]
