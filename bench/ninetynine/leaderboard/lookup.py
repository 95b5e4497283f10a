"""A row by its name, with what its seeds answered: what comparing two models needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninetynine.catalog import Architecture
from ninetynine.errors import UserError, nearest
from ninetynine.leaderboard.grouping import PUBLISHED, BoardKey, by_board
from ninetynine.leaderboard.rowdata import RowData, measured_rows
from ninetynine.leaderboard.rows import Outcome, load_outcome
from ninetynine.records import Record, RecordStore

USUAL_DATASET = "mnist"


@dataclass(frozen=True)
class Side:
    """A row to compare: its place, its runs, and their answers on the m test images."""

    board: BoardKey
    data: RowData
    correct: NDArray[np.bool_]  # (n_seeds, m)
    labels: NDArray[np.uint16]  # (m,)
    mean_probabilities: NDArray[np.float64]  # (m, classes), over the seeds

    @property
    def name(self) -> str:
        """Return the row's name, with its recipes' where those are not the published ones."""
        variant = self.board.variant
        return self.data.row.name if variant == PUBLISHED else f"{self.data.row.name}@{variant}"

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.data.row.seeds


class Lookup:
    """The rows of a store's boards on one dataset, by name or ``name@variant``."""

    def __init__(
        self, store: RecordStore, catalog: Mapping[str, Architecture], dataset: str | None = None
    ) -> None:
        self._store = store
        records = store.read_all()[0]
        self.dataset = _choose_dataset(records, dataset)
        here = [record for record in records if record.cell.dataset == self.dataset]
        self._boards = by_board(here, catalog, None)

    def side(self, text: str, seed: int | None = None) -> Side:
        """Return the row called ``text``: a row's or an architecture's name, or ``name@variant``.

        Of an architecture's rows the one as published comes first, then the one in float32, as
        the sources have it.  ``seed`` keeps that single run.  Raises UserError where there is no
        such row, where it is on several boards, or where its runs have no predictions to compare.
        """
        name, _, variant = text.partition("@")
        found = [(key, row) for key, row in self._rows(name) if variant in ("", key.variant)]
        if not found:
            known = {label for key, row in self._rows("") for label in _labels(key, row)}
            raise UserError(f"no row is called {text!r} on {self.dataset}{nearest(text, known)}")
        found = [pair for pair in found if pair[0].variant == PUBLISHED] or found
        found = [pair for pair in found if pair[1].row.identity.precision == "float32"] or found
        if len(found) > 1:
            choices = ", ".join(sorted(f"{row.row.name}@{key.variant}" for key, row in found))
            raise UserError(f"{text!r} is on several boards; name one of: {choices}")
        return self._load(*found[0], seed)

    def sides(self) -> Iterator[Side]:
        """Yield every row that has predictions."""
        for key, row in self._rows(""):
            if row.summary is not None:
                yield self._load(key, row, None)

    def _rows(self, name: str) -> list[tuple[BoardKey, RowData]]:
        """Return the rows of every board on which a record's architecture can bear ``name``."""
        rows = []
        for key, members in self._boards.items():
            if any(name.startswith(r.cell.architecture) or not name for r in members):
                rows += [(key, row) for row in self._measured(members)]
        return [
            (key, row)
            for key, row in rows
            if name in ("", row.row.name, row.row.identity.architecture)
        ]

    def _measured(self, records: Sequence[Record]) -> list[RowData]:
        by_labels: dict[str | None, list[Outcome]] = {}
        for record in records:
            outcome = load_outcome(self._store, record)
            by_labels.setdefault(outcome.labels_hash, []).append(outcome)
        return [row for outcomes in by_labels.values() for row in measured_rows(outcomes)]

    def _load(self, key: BoardKey, data: RowData, seed: int | None) -> Side:
        records = [r for r in data.records if seed in (None, r.cell.seed)]
        if not records:
            seeds = ", ".join(map(str, data.row.seeds)) or "none"
            raise UserError(
                f"{data.row.name} has no finished run with seed {seed}; it has: {seeds}"
            )
        found = [(r, p) for r in records if (p := self._store.predictions(r)) is not None]
        if len(found) < len(records):
            lacking = ", ".join(
                str(self._store.path_of(r)) for r in records if not any(r is f for f, _ in found)
            )
            raise UserError(
                f"predictions are missing or damaged beside {lacking}; train them again"
            )
        labels = found[0][1].labels
        for record, predictions in found:
            if not np.array_equal(predictions.labels, labels):
                raise UserError(
                    f"{self._store.path_of(record)} was tested on other labels than "
                    f"{self._store.path_of(found[0][0])}; they cannot be pooled"
                )
        total = sum(p.probabilities.astype(np.float64) for _, p in found)
        correct = np.stack([p.correct for _, p in found])
        return Side(key, data, correct, labels, np.asarray(total) / len(found))


def check_comparable(a: Side, b: Side) -> None:
    """Raise UserError where the two rows were not measured on the same images by the same rules."""
    reasons = []
    if a.board.fingerprint != b.board.fingerprint:
        reasons.append("other data (the fingerprints of their datasets differ)")
    if a.board.protocol_version != b.board.protocol_version:
        versions = f"{a.board.protocol_version} and {b.board.protocol_version}"
        reasons.append(f"protocol versions {versions}")
    if not np.array_equal(a.labels, b.labels):
        reasons.append("other test labels")
    if reasons:
        raise UserError(
            f"{a.name} and {b.name} cannot be compared: {'; '.join(reasons)}; "
            "compare rows of one board (bench report lists them)"
        )


def _choose_dataset(records: Sequence[Record], dataset: str | None) -> str:
    found = sorted({record.cell.dataset for record in records})
    if dataset is not None:
        if dataset not in found:
            raise UserError(f"no record is on dataset {dataset!r}{nearest(dataset, found)}")
        return dataset
    if not found:
        raise UserError("there are no records to compare; train some with: bench run")
    if len(found) > 1 and USUAL_DATASET not in found:
        raise UserError(
            f"records are on several datasets; choose with --dataset: {', '.join(found)}"
        )
    return USUAL_DATASET if USUAL_DATASET in found else found[0]


def _labels(key: BoardKey, data: RowData) -> tuple[str, str]:
    return data.row.name, f"{data.row.name}@{key.variant}"
