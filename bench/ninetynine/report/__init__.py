"""Boards -> text.  All formatting of numbers lives in this package.

A report format is a module in ``formats/``, or one that an entry point of the group
``ninetynine.formats`` names: its name is the format's, its docstring's first line the help, and its
``render`` makes the text of a `Report`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ninetynine.errors import printable
from ninetynine.registry import Registry

if TYPE_CHECKING:  # who wants one number formatted should not wait for boards and statistics
    from ninetynine.architecture import Architecture
    from ninetynine.board import Board
    from ninetynine.board.history import Change
    from ninetynine.measures import Measure
    from ninetynine.records import Problem, Record, RecordStore
    from ninetynine.statistics import Margin
    from ninetynine.suite import Suite

FORMATS = Registry("report format", "ninetynine.report.formats", "ninetynine.formats")
_FIRST = ("table", "markdown", "csv", "latex", "json", "html", "readme", "ladder")


@dataclass(eq=False)
class Report:
    """What a format is given: records, the boards they make, and what was asked for.

    ``chosen`` limits the records (by default all in ``store``) and ``variant`` puts them on boards
    of that name.  ``suite_name`` is the suite whose rungs are shown, ``columns`` the keys of the
    columns that were asked for, and ``color`` says whether a terminal will show it.
    """

    store: "RecordStore"
    catalog: "Mapping[str, Architecture]"
    chosen: "Sequence[Record] | None" = None
    variant: str | None = None
    suite_name: str = "ladder"
    data_dir: Path | None = None
    columns: tuple[str, ...] = ()
    color: bool = False
    width: int | None = None  # of the terminal, in columns
    only_suite: bool = False  # whether boards show the rows of the suite alone
    given: "Sequence[Board] | None" = None  # boards that are there already, in place of records
    margin: "Margin | None" = None  # within which models are equivalent
    measure: "Measure | None" = None  # by which rows are ranked; None is accuracy
    sums: bool = False  # whether the format shows what runs predicted, class by class
    changes: "Sequence[Change]" = ()  # of the baseline that the records are

    @cached_property
    def _read(self) -> "tuple[list[Record], list[Problem]]":
        return self.store.read_all(whole=True) if self.chosen is None else (list(self.chosen), [])

    @property
    def records(self) -> "list[Record]":
        return self._read[0]

    @property
    def problems(self) -> "list[Problem]":
        """The files that could not be read."""
        return self._read[1]

    @cached_property
    def boards(self) -> "list[Board]":
        """The boards in their order; those of the dataset that is usually meant come first."""
        from ninetynine import datasets
        from ninetynine.board import build_boards
        from ninetynine.board.views import known_suites, of_suite
        from ninetynine.measures import ACCURACY
        from ninetynine.statistics import USUAL_MARGIN

        if self.given is not None:
            return list(self.given)
        found = build_boards(
            self.store,
            self.catalog,
            self.records,
            variant=self.variant,
            sums=self.sums,
            margin=self.margin or USUAL_MARGIN,
            measure=self.measure or ACCURACY,
        )
        for board in found:
            board.changes = tuple(self.changes)
        if self.only_suite:
            suites = known_suites(self.suite)
            chosen = (of_suite(board, self.suite.name, suites) for board in found)
            found = [board for board in chosen if board is not None]
        usual = datasets.preferred([board.dataset for board in found])
        return sorted(found, key=lambda board: board.dataset != usual)

    @cached_property
    def suite(self) -> "Suite":
        from ninetynine.suite import load

        return load(self.suite_name)


def format_names() -> list[str]:
    """Return the names of all formats."""
    names = FORMATS.entries()
    return [*_FIRST, *(name for name in names if name not in _FIRST)]


def render(report: Report, format: str = "table") -> str:
    """Return ``report`` in ``format``, ending in a newline; the same bytes for the same records.

    Records are other people's text: no control character of theirs comes out, whatever the format.
    """
    text: str = FORMATS.find(format).load().render(report)
    return text if format == "table" else printable(text)  # a table's colors are our own
