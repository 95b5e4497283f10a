"""What every text format is made of: sections of tables, and the notes below them."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """A heading; ``name`` columns hold names of the user's, the others what this suite writes."""

    heading: str
    align: Literal["left", "right", "center"] = "right"
    is_name: bool = False


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; ``bands`` and ``rules`` are there for the eye.

    ``bands`` holds the band letters of each row, or nothing; ``rules`` the rows after which a
    band ends that no later row is in.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    footnotes: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    rules: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Section:
    """A board in text."""

    title: str
    introduction: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
