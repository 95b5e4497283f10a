"""Records -> boards: rows that may be compared, side by side; everything else is named."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ninetynine.catalog import Architecture
from ninetynine.leaderboard.claims import claim_rows
from ninetynine.leaderboard.grouping import BoardKey, by_board
from ninetynine.leaderboard.model import Board, Undecided
from ninetynine.leaderboard.notes import board_notes, labels_note
from ninetynine.leaderboard.rowdata import RowData, ranked_rows
from ninetynine.leaderboard.rows import Outcome, load_outcome
from ninetynine.leaderboard.way import doubtful_images, way_row
from ninetynine.records import Record, RecordStore
from ninetynine.statistics import compare


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
    for key, members in sorted(by_board(chosen, catalog, variant).items()):
        outcomes = [load_outcome(store, record) for record in members]
        boards += _split_by_labels(key, outcomes, catalog)
    return boards


def _split_by_labels(
    key: BoardKey, outcomes: Sequence[Outcome], catalog: Mapping[str, Architecture]
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
    key: BoardKey,
    labels_hash: str | None,
    outcomes: Sequence[Outcome],
    notes: tuple[str, ...],
    catalog: Mapping[str, Architecture],
) -> Board:
    rows = ranked_rows(outcomes)
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


def _undecided(rows: Sequence[RowData]) -> Iterator[Undecided]:
    """Yield the rows that follow each other and share a band, with what would decide them."""
    for upper, lower in pairwise(data for data in rows if data.summary is not None):
        if upper.summary is None or lower.summary is None:
            continue
        if set(upper.row.band) & set(lower.row.band):
            yield Undecided(upper.row.name, lower.row.name, compare(upper.summary, lower.summary))
