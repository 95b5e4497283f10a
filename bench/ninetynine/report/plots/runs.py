"""Boards together with the runs behind their rows: what pictures are made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ninetynine.catalog import Architecture
from ninetynine.leaderboard import Board, Row, build_boards
from ninetynine.leaderboard.grouping import by_board
from ninetynine.leaderboard.ladder import is_on
from ninetynine.leaderboard.rows import Outcome, identity_of, load_outcome, runs_by_seed
from ninetynine.records import Predictions, Record, RecordStore
from ninetynine.report.plots.answers import Answers, sum_answers
from ninetynine.statistics import Summary, summarize_counts
from ninetynine.suite import Suite


@dataclass(frozen=True, eq=False)
class RowRuns:
    """A row, its finished records in the order of their seeds, and what they answered."""

    row: Row
    records: tuple[Record, ...]
    answers: Answers | None  # None where no run has predictions

    @cached_property
    def summary(self) -> Summary | None:
        """Return what the statistics need of the runs with predictions."""
        if self.answers is None:
            return None
        return summarize_counts(self.answers.right_per_run, self.answers.right_per_image)

    @property
    def seed_accuracies(self) -> list[tuple[int, float]]:
        """Return (seed, test accuracy) of each finished run."""
        return [(r.cell.seed, r.scores.test.accuracy) for r in self.records if r.scores]


@dataclass(frozen=True, eq=False)
class BoardRuns:
    """A board and the runs of each of its rows, in the board's order."""

    board: Board
    rows: tuple[RowRuns, ...]

    @cached_property
    def finished(self) -> tuple[RowRuns, ...]:
        """Return the rows that have an accuracy."""
        return tuple(runs for runs in self.rows if runs.row.accuracy is not None)


def load_runs(
    store: RecordStore, catalog: Mapping[str, Architecture], records: Sequence[Record]
) -> list[BoardRuns]:
    """Return the boards of ``records`` with their runs; predictions are read one at a time."""
    groups = by_board(records, catalog, None)
    loaded = []
    for board in build_boards(store, catalog, records):
        members = next(
            found
            for key, found in groups.items()
            if (key.dataset, key.variant, key.protocol_version, key.fingerprint)
            == (board.dataset, board.variant, board.protocol_version, board.dataset_fingerprint)
        )
        members = _with_labels(store, members, board)
        rows = tuple(_row_runs(store, row, members) for row in board.rows)
        loaded.append(BoardRuns(board, rows))
    return loaded


def of_suite(runs: BoardRuns, suite: Suite) -> BoardRuns:
    """Return ``runs`` with those rows alone that are rungs of ``suite``."""
    rows = tuple(r for r in runs.rows if any(is_on(rung, r.row) for rung in suite.rungs))
    return BoardRuns(replace(runs.board, rows=tuple(found.row for found in rows)), rows)


def _with_labels(store: RecordStore, members: list[Record], board: Board) -> list[Record]:
    """Return the records that were tested on the board's labels, or on labels nobody knows."""
    if board.labels_hash is None:
        return members
    known = {record.key: load_outcome(store, record).labels_hash for record in members}
    return [record for record in members if known[record.key] in (None, board.labels_hash)]


def _row_runs(store: RecordStore, row: Row, members: Sequence[Record]) -> RowRuns:
    own = [Outcome(r, None, None) for r in members if identity_of(r) == row.identity]
    records = tuple(outcome.record for outcome in runs_by_seed(own).finished)
    # Predictions of bare answers, such as an imported list of labels, come without a loss.
    calibrated = all(r.scores is not None and r.scores.test.loss is not None for r in records)
    return RowRuns(row, records, sum_answers(_predictions(store, records), calibrated))


def _predictions(store: RecordStore, records: Sequence[Record]) -> Iterator[Predictions]:
    for record in records:
        found = store.predictions(record)
        if found is not None:
            yield found
