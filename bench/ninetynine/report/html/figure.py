"""A picture on the page: its drawings for wide and narrow screens, and what is said around it."""

from dataclasses import dataclass

from markupsafe import Markup

WIDE, NARROW = 1000.0, 330.0


@dataclass(frozen=True)
class View:
    """One choice of what a figure shows, drawn for wide screens and for phones."""

    name: str
    wide: Markup
    narrow: Markup
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """Views to choose from; without any, ``empty`` says why there is nothing to see."""

    views: tuple[View, ...]
    empty: str = ""
