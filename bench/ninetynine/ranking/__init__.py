"""Any table of answers, ranked: no dataset, no images, no framework."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ninetynine.board import Board, Row
from ninetynine.ranking.answers import Columns, answers_of
from ninetynine.ranking.boards import board_of
from ninetynine.ranking.files import read_columns
from ninetynine.records import RecordStore
from ninetynine.report import Report, formatting
from ninetynine.report import render as _render
from ninetynine.report.advice import more_items
from ninetynine.report.formats.csv import frame as _frame

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("table", "markdown", "csv", "latex", "json", "html")
_MOST_NAMES = 12


@dataclass(frozen=True, eq=False)
class Ranking:
    """The boards of a table of answers, one for each of its datasets.

    ``str()`` is the table that a terminal shows; a notebook shows ``frame()``.
    """

    boards: tuple[Board, ...]
    report: Report = field(repr=False)

    def render(
        self, format: str = "table", columns: Sequence[str] = (), color: bool = False
    ) -> str:
        """Return the boards in one of the formats of `bench rank`."""
        report = replace(self.report, columns=tuple(columns), color=color)
        return _render(report, format)

    def frame(self) -> "pd.DataFrame":
        """Return a row for each model with the fields of CSV (docs/columns.md)."""
        return _frame(self.boards)

    @property
    def best(self) -> tuple[tuple[str, ...], ...]:
        """The models any of which may be the best, of each board."""
        return tuple(tuple(row.name for row in board.among_best) for board in self.boards)

    def sentences(self) -> list[str]:
        """Return who may be the best, how many pairs differ, and what would decide the first."""
        return [line for board in self.boards for line in _sentences(board)]

    def __str__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        return str(self.frame().to_html())


def rank(table: Any, where: str = "the table") -> Ranking:
    """Rank the models in a table of answers.

    ``table`` is a pandas frame, another frame with ``columns``, or a mapping of names to values:
    ``model``, ``item``, and ``correct`` (right or wrong) or ``score`` (any number); optionally
    ``seed``, ``group`` (items that belong together) and ``dataset``.  Raises UserError where a
    column or a value is not as it should be.
    """
    columns = table if isinstance(table, Columns) else Columns.of(table, where)
    boards = tuple(board_of(answers) for answers in answers_of(columns))
    records = [record for board in boards for row in board.rows for record in row.records]
    report = Report(store=RecordStore(Path()), catalog={}, chosen=records, given=boards)
    return Ranking(boards, report)


def rank_files(paths: Sequence[str | Path], metric: str | None = None) -> Ranking:
    """Rank the models in files: a table of answers, or the logs of other tools."""
    return rank(read_columns(paths, metric))


def _is_first(row: Row) -> bool:
    return row.standing is not None and row.standing.rank.worst == 1


def _pairs_alike(groups: Sequence[Sequence[str]]) -> int:
    """Return how many pairs of models share a letter of their ``groups``."""
    letters = {letter: n for n, letter in enumerate({letter for own in groups for letter in own})}
    has = np.zeros((len(groups), len(letters)), dtype=np.float32)
    for row, own in zip(has, groups, strict=True):
        row[[letters[letter] for letter in own]] = 1
    return (int(np.count_nonzero(has @ has.T)) - len(groups)) // 2


def _sentences(board: Board) -> list[str]:
    names = [row.name for row in board.among_best]
    ranked = [row for row in board.rows if row.groups]
    pairs, alike = comb(len(ranked), 2), _pairs_alike([row.groups for row in ranked])
    listed = formatting.listed(names, _MOST_NAMES)
    # The set of the best asks one-sided: its one model may be undecided with others in the ranks.
    alone = "{} is the best" if _is_first(board.among_best[0]) else "only {} may be the best"
    verdict = (
        alone.format(names[0])
        if len(names) == 1
        else f"{len(names)} of {len(ranked)} models may be the best ({listed})"
    )
    lines = [
        f"{board.dataset}: {verdict} on items like these, at 95%; significantly different pairs: "
        f"{pairs - alike:,} of {pairs:,}."
    ]
    first = next((pair for pair in board.undecided if pair.comparison.to_decide), None)
    if first is not None and (found := first.comparison.to_decide) is not None:
        if found.seeds is not None:
            needed = f"{formatting.count(found.seeds, 'run')} of each"
        elif found.images is not None:
            needed = formatting.more_images(found, board.image_groups, board.thing)
        elif found.limited_by == "single runs":
            needed = f"{formatting.about(more_items(board, first.comparison))} {board.thing}s"
        else:
            needed = "neither items nor runs"
        lines.append(f"{board.dataset}: {needed} would decide {first.upper} and {first.lower}.")
    return lines
