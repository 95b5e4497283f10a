"""What every text format is made of: sections of tables, and the notes below them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Heading:
    """A column's heading; ``is_name`` columns hold names of the user's, others our own text."""

    heading: str
    align: Literal["left", "right", "center"] = "right"
    is_name: bool = False


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
