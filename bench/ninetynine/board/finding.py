"""A row by its name: what comparing two models needs.  Nothing is read to resolve a name."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from ninetynine import datasets
from ninetynine.architecture import Architecture
from ninetynine.board.boards import by_board, make_rows
from ninetynine.board.row import Row
from ninetynine.board.run import PUBLISHED, Run
from ninetynine.errors import UserError, nearest
from ninetynine.records import Problem, Record, RecordStore

_DIGITS = 8  # of a fingerprint, in the name of a row
_FEWEST_DIGITS = 4


class Rows:
    """The rows of a store's boards on one dataset, by name or ``name@variant``."""

    def __init__(
        self, store: RecordStore, catalog: Mapping[str, Architecture], dataset: str | None = None
    ) -> None:
        self._store = store
        records = store.read_all()[0]
        self.dataset = _choose_dataset(records, dataset)
        here = [record for record in records if record.cell.dataset == self.dataset]
        self._rows = [
            row
            for key, members in by_board(here, catalog, None).items()
            for row in make_rows(key, (Run.of(store, record) for record in members))
        ]

    def find(self, text: str, seed: int | None = None) -> Row:
        """Return the row called ``text``: a row's or an architecture's name, or ``name@variant``.

        Where data of one name have several contents, ``name@variant-1a2b3c4d`` names those whose
        fingerprint begins so.  Of an architecture's rows the one as published comes first, then
        the one in float32, as the sources have it.  ``seed`` keeps that single run.  Raises
        UserError where there is no such row, where it is on several boards, or where its runs have
        no predictions to compare.
        """
        name, _, board = text.partition("@")
        called = [row for row in self._rows if name in (row.name, row.identity.architecture)]
        found = [row for row in called if board in ("", row.key.variant)]
        found = found or [row for row in called if _is_on(row, board)]
        if not found:
            known = {label for row in self._rows for label in (row.name, self._label(row))}
            raise UserError(f"no row is called {text!r} on {self.dataset}{nearest(text, known)}")
        found = [row for row in found if row.key.variant == PUBLISHED] or found
        found = [row for row in found if row.identity.precision == "float32"] or found
        if len(found) > 1:
            choices = ", ".join(sorted(map(self._label, found)))
            raise UserError(f"{text!r} is on several boards; name one of: {choices}")
        row = self._uncontradicted(found[0])
        row = row if seed is None else row.of_seed(seed)
        self._check_predictions(row)
        return row

    def _label(self, row: Row) -> str:
        """Return what finds ``row``; with its data's fingerprint where several have their name."""
        label = f"{row.name}@{row.key.variant}"
        several = len({other.key.fingerprint for other in self._rows}) > 1
        return f"{label}-{row.key.fingerprint[:_DIGITS]}" if several else label

    def __iter__(self) -> Iterator[Row]:
        """Yield every row that has predictions."""
        return (row for row in self._rows if row.outcomes)

    def _uncontradicted(self, row: Row) -> Row:
        """Return ``row`` without the runs that their own predictions contradict."""
        checked = ((run, self._store.check(run.record)) for run in row.runs)
        bad = {
            run.record.key: found
            for run, found in checked
            if isinstance(found, Problem) and found.of_record
        }
        for problem in bad.values():
            self._store.tell(problem)
        runs = tuple(run for run in row.runs if run.record.key not in bad)
        return replace(row, runs=runs) if bad else row

    def _check_predictions(self, row: Row) -> None:
        """Raise UserError where the row's runs cannot be compared with anything."""
        if not row.runs:
            raise UserError(f"{row.name} has no finished run to compare")
        row.prediction_sums  # noqa: B018  (reads each file once, for all that follows)
        lacking = [run for run in row.runs if run.outcome is None]
        if lacking:
            paths = ", ".join(str(self._store.source_of(run.record)) for run in lacking)
            raise UserError(f"predictions are missing or damaged beside {paths}; train them again")
        first, *others = row.runs
        for run in others:
            if run.outcome and not np.array_equal(run.outcome.labels, row.labels):
                raise UserError(
                    f"{self._store.source_of(run.record)} was tested on other labels than "
                    f"{self._store.source_of(first.record)}; they cannot be pooled"
                )


def check_comparable(a: Row, b: Row) -> None:
    """Raise UserError where the two rows were not measured on the same images by the same rules."""
    reasons = []
    if a.key.fingerprint != b.key.fingerprint:
        reasons.append("other data (the fingerprints of their datasets differ)")
    if a.key.protocol_version != b.key.protocol_version:
        versions = f"{a.key.protocol_version} and {b.key.protocol_version}"
        reasons.append(f"protocol versions {versions}")
    if not np.array_equal(a.labels, b.labels):
        reasons.append("other test labels")
    if reasons:
        names = [row.full_name for row in (a, b)]
        if names[0] == names[1]:
            names = [f"{row.full_name} on {row.key.fingerprint[:_DIGITS]}" for row in (a, b)]
        raise UserError(
            f"{' and '.join(names)} cannot be compared: {'; '.join(reasons)}; "
            "compare rows of one board (bench report lists them)"
        )


def check_separate(a: Row, b: Row) -> None:
    """Raise UserError where the two rows are the same runs, of which nothing is to be said."""
    if {record.key for record in a.records} == {record.key for record in b.records}:
        raise UserError(
            f"{a.full_name} and {b.full_name} are one row, which does not differ from itself; "
            "name another (bench report lists them)"
        )


def _is_on(row: Row, board: str) -> bool:
    """Return whether ``board`` names ``row``'s: "published-1a2b3c4d", its data's name for the
    variant, or the digits alone, of which the first few will do."""
    name, _, digits = board.rpartition("-")
    known = name in ("", row.key.variant, row.key.dataset)
    return known and len(digits) >= _FEWEST_DIGITS and row.key.fingerprint.startswith(digits)


def _choose_dataset(records: list[Record], dataset: str | None) -> str:
    found = sorted({record.cell.dataset for record in records})
    if dataset is not None and dataset not in found:
        dataset = datasets.called(dataset)  # perhaps as `bench run` was told it, by its path
    if dataset is not None and dataset not in found:
        raise UserError(f"no record is on dataset {dataset!r}{nearest(dataset, found)}")
    if dataset is not None:
        return dataset
    if not found:
        raise UserError("there are no records to compare; train some with: bench run")
    usual = datasets.preferred(found)
    if len(found) > 1 and usual is None:
        raise UserError(
            f"records are on several datasets; choose with --dataset: {', '.join(found)}"
        )
    return usual or found[0]
