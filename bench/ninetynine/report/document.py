"""What every text format is made of: sections of tables, and the notes below them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Heading:
    """A column's heading; ``is_name`` columns hold names of the user's, others our own text.

    Where a terminal is too narrow, columns of small ``weight`` are left out first.
    """

    heading: str
    align: Literal["left", "right", "center"] = "right"
    is_name: bool = False
    weight: int = 1


def name(heading: str) -> Heading:
    """Return the heading of a column of names."""
    return Heading(heading, "left", is_name=True)


def left(heading: str) -> Heading:
    """Return the heading of a column of words."""
    return Heading(heading, "left")


def center(heading: str, weight: int = 1) -> Heading:
    """Return the heading of a column of intervals."""
    return Heading(heading, "center", weight=weight)


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; ``groups`` and ``rules`` are there for the eye.

    ``groups`` holds the letters of each row's significance groups, or nothing; ``rules`` the rows
    after which a group ends that no later row is in.
    """

    title: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[str, ...], ...]
    footnotes: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    rules: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A board in text."""

    title: str
    introduction: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def table_of(
    title: str,
    things: Iterable[T],
    columns: Sequence[tuple[Heading, Callable[[T], str]]],
    *footnotes: str,
) -> Table:
    """Return a row for each of ``things``; a column is its heading and how a cell is written."""
    rows = tuple(tuple(write(thing) for _, write in columns) for thing in things)
    return Table(title, tuple(heading for heading, _ in columns), rows, footnotes)
