"""The columns of a board, one registry for every format: text, CSV, JSON, the page.

A module in this folder, or one that an entry point of the group ``ninetynine.columns`` names, has a
tuple ``COLUMNS``; to add a column is to add it to one, or to add a module.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar

from ninetynine.board import Board, Row
from ninetynine.errors import UserError, nearest
from ninetynine.measures import Family, Measure, find, measures
from ninetynine.registry import Registry
from ninetynine.report.formatting import BLANK
from ninetynine.statistics import Interval

T = TypeVar("T")
Value = str | int | float | bool | None
_MODULES = Registry("module of columns", "ninetynine.report.columns", "ninetynine.columns")
_FIRST = ("identity", "accuracy", "gap", "cost")  # as the fields stand in CSV; others follow
_ON_REQUEST = " Made on request: name it in --columns."
_RENAMED = {  # what CSV and JSON once called them
    "band": "group",
    "these_images": "ci_seeds",
    "digits_like_these": "ci_population",
    "way_from_9906_to_9979": "gap_closed",
}


@dataclass(frozen=True)
class Column:
    """What is shown of a row under one heading.

    ``fields`` are the names in CSV and JSON, with units, and ``values`` the plain numbers in their
    order, shares of 1; the first one sorts.  ``write`` is what people read.  ``table`` says in
    which table of a report the column stands unless others are asked for; None is nowhere.
    """

    key: str
    heading: str | Callable[[Board], str]
    help: str
    fields: tuple[str, ...]
    values: Callable[[Board, Row], tuple[Value, ...]]
    write: Callable[[Board, Row], str]
    table: Literal["accuracy", "gap", "cost"] | None = None
    on_page: bool = False  # says nothing now: the page has every column with something to say
    order: Literal["up", "down", "text"] = "up"  # "down" where large is good
    align: Literal["left", "right", "center"] = "right"
    is_name: bool = False
    weight: int = 1  # a narrow terminal leaves out the columns of small weight first
    shown: Callable[[Board], bool] = lambda board: True  # in its table
    on_request: bool = False  # reads all probabilities: only where --columns names it

    def heading_of(self, board: Board) -> str:
        """Return the heading above the rows of ``board``."""
        return self.heading if isinstance(self.heading, str) else self.heading(board)

    def sort_value(self, board: Board, row: Row) -> Value:
        """Return what the rows are sorted by; None comes last."""
        return self.values(board, row)[0]


def ends(found: Interval | None) -> tuple[Value, ...]:
    """Return the plain numbers of an interval."""
    return (found.low, found.high) if found else (None, None)


def column_of_found(
    find: Callable[[Board, Row], T | None],
    values: Callable[[T], tuple[Value, ...]],
    write: Callable[[T], str],
    fields: tuple[str, ...],
    **about: Any,
) -> Column:
    """Return the column of what ``find`` returns of a row, empty where that is None.

    ``values`` and ``write`` are of what was found, the rest as a `Column` has it.
    """

    def plain(board: Board, row: Row) -> tuple[Value, ...]:
        found = find(board, row)
        return (None,) * len(fields) if found is None else values(found)

    def written(board: Board, row: Row) -> str:
        found = find(board, row)
        return BLANK if found is None else write(found)

    return Column(fields=fields, values=plain, write=written, **about)


@lru_cache(maxsize=1)
def columns() -> dict[str, Column]:
    """Return every column by its key.

    Raises UserError where two columns share a key or a field, or a plug-in is broken.
    """
    found: dict[str, Column] = {}
    fields: set[str] = set()
    entries = _MODULES.entries()
    for name in (*_FIRST, *(name for name in entries if name not in _FIRST)):
        for column in entries[name].load().COLUMNS:
            if column.key in found or fields & set(column.fields):
                where = f"{entries[name].module} ({entries[name].origin})"
                raise UserError(f"{where}: column {column.key!r} is there already; rename it")
            found[column.key] = column
            fields |= set(column.fields)
    return found


def chosen_columns(keys: Iterable[str]) -> list[Column]:
    """Return the columns called ``keys``; raise UserError with the right one for another."""
    return [_chosen(key) for key in keys]


def _chosen(key: str) -> Column:
    if key in columns():
        return columns()[key]
    family = measures().get(key.rpartition("_")[0] or key) or measures().get(key)
    if isinstance(family, Family) or key in measures():  # such as recall_3, and not recall alone
        return own_column(find(key, "--columns"))
    raise UserError(f"--columns: no column is called {key!r}{_meant(key)}")


def own_column(measure: Measure) -> Column:
    """Return the column of a measure."""
    from ninetynine.report.columns.by_measure import column_of  # which needs this module

    return column_of(measure)


def _meant(key: str) -> str:
    """Return what ``key`` is now: the column that has it as a field or an old name, the nearest."""
    for column in columns().values():
        if key in column.fields:
            return f"; it is a field of {column.key!r}"
    new = _RENAMED.get(key.removesuffix("_low").removesuffix("_high"))
    return f"; it is called {new!r} now" if new else nearest(key, columns())


def table_columns(table: str, board: Board) -> list[Column]:
    """Return the columns that stand in a report's ``table`` unless others are asked for."""
    return [c for c in columns().values() if c.table == table and c.shown(board)]


def row_values(board: Board, row: Row, chosen: Sequence[Column] | None = None) -> dict[str, Value]:
    """Return ``row`` as one flat mapping, field -> plain value.

    Of the columns ``chosen``, or of all but those that are made on request; then the measure that
    the board is ranked by is said, too.
    """
    flat: dict[str, Value] = {}
    if chosen is None:
        chosen = [column for column in columns().values() if not column.on_request]
        if not board.measure.is_accuracy:
            flat |= {"measure": board.measure.name, "measure_better": board.measure.better}
            chosen.append(own_column(board.measure))
    for column in chosen:
        flat |= zip(column.fields, column.values(board, row), strict=True)
    return flat


def describe() -> list[dict[str, str]]:
    """Return what `bench list columns` and docs/columns.md say of every column."""
    return [
        {
            "key": column.key,
            "heading": column.key.replace("_", " ") if callable(column.heading) else column.heading,
            "fields": ", ".join(column.fields),
            "meaning": column.help + (_ON_REQUEST if column.on_request else ""),
        }
        for column in columns().values()
    ]
