"""The pictures of a board, one file each, for the page and for ``bench plot``.

A picture is a module in this folder, or one that an entry point of the group ``ninetynine.figures``
names.  Its name is the picture's, its docstring's first line what ``bench plot --help`` says, and
its ``FIGURE`` what there is to see of a board, and where on the page it stands.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine.board import Board, Row
from ninetynine.errors import UserError, nearest
from ninetynine.registry import Registry
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing import lettering
from ninetynine.report.drawing.elements import Drawing, Element
from ninetynine.report.drawing.matrix import Matrix

NO_PREDICTIONS = "no finished run has predictions"
FIGURES = Registry("picture", "ninetynine.report.figures", "ninetynine.figures")


@dataclass(frozen=True)
class Panel:
    """One drawing with what stands above it.

    ``draw`` makes it of a width; None is a panel of words alone.  Without a ``width`` of its own it
    takes all the room that there is.  ``row`` is the place on the board of the row that it is
    about.
    """

    draw: Callable[[float], Drawing | Matrix] | None
    title: str = ""
    caption: str = ""
    width: float | None = None
    row: int | None = None
    too_large: str = ""  # what the page says in its place


@dataclass(frozen=True)
class Key:
    """An entry of the legend: what ``sample``, 20 wide and 12 high, stands for."""

    sample: Sequence[Element]
    text: str


@dataclass(frozen=True)
class View:
    """What there is to see of one choice, such as a cost or a model."""

    name: str
    panels: Sequence[Panel]
    notes: Sequence[str] = ()
    legend: Sequence[Key] = ()
    key: str = ""  # what the option takes; the name unless it is given
    finding: str = ""  # what several panels show, where they are not seen


@dataclass(frozen=True)
class Option:
    """The option of ``bench plot`` that chooses among the views; by default it is the first."""

    name: str
    help: str
    missing: str  # what an error says of a view that is not there
    choices: tuple[str, ...] = ()  # where they are the same on every board
    default: str | None = None


MODEL = Option("model", "The row that is drawn", missing="no such row with predictions")


@dataclass(frozen=True)
class PagePlace:
    """Where a picture stands on the page: in its section, by ``order``.

    Pictures of one ``section`` stand side by side under the heading of the first, one choice at a
    time.  ``says`` explains what there is to see; ``{noun}`` in it is what the images show.
    """

    order: int
    section: str
    says: str
    heading: str = ""
    link: str = ""  # in the page's navigation
    chooser: str = ""  # what the select among the views is called
    most: int = 40  # views
    where_empty: bool = True  # whether a board that it has nothing to show of says so
    of_rows: bool = False  # whether there is a panel, or a line, for each row


@dataclass(frozen=True)
class Figure:
    """A picture: ``views`` makes what there is to see of a board, nothing where there is nothing.

    ``empty`` says why there may be nothing.  With ``sums`` the rows' prediction sums are needed.
    Without a ``place`` the picture is drawn by ``bench plot`` alone.
    """

    views: Callable[[Board], Sequence[View]]
    empty: str
    place: PagePlace | None = None
    option: Option | None = None
    sums: bool = False


def load(name: str) -> Figure:
    """Return the picture called ``name``; raise UserError where there is none or it is broken."""
    entry = FIGURES.find(name)
    figure = getattr(entry.load(), "FIGURE", None)
    if not isinstance(figure, Figure):
        raise UserError(f"{entry.module} ({entry.origin}) is no picture: it has no FIGURE")
    return figure


def first_of(most: int, rows: Sequence[object]) -> list[str]:
    """Return a note where only the first ``most`` of ``rows`` are drawn, else none."""
    return [f"Drawn are the first {most} of {len(rows)} models."] if len(rows) > most else []


def family_keys(rows: Iterable[Row]) -> list[Key]:
    """Return what the colors of ``rows`` stand for; nothing where all have one."""
    names = list(dict.fromkeys(filter(None, map(lettering.family, rows))))
    samples = [el.Circle(10.0, 6.0, 5.0, f"dot {lettering.color_of_family(n)}") for n in names]
    keys = [Key([s], f"first run in {n}") for s, n in zip(samples, names, strict=True)]
    return keys if len(keys) > 1 else []


def on_page() -> list[tuple[PagePlace, Figure]]:
    """Return the pictures of the page with their places, in order."""
    figures = map(load, FIGURES.entries())
    placed = [(figure.place, figure) for figure in figures if figure.place is not None]
    return sorted(placed, key=lambda pair: pair[0].order)


def draw(
    name: str,
    board: Board,
    path: Path,
    chosen: Mapping[str, str | None] = {},
    rows: Sequence[str] = (),
    width: float | None = None,
    style: str = "light",
) -> None:
    """Write the picture ``name`` of a board to ``path``, the same bytes for the same records.

    ``chosen`` holds the values of options by name, ``rows`` names or patterns of the rows that are
    drawn, all of them where there are none; ``width`` is in CSS pixels, ``style`` one of
    `styles.THEMES`.  Raises UserError where there is nothing to draw, for an unknown choice, row or
    suffix, and where the file cannot be written.
    """
    from ninetynine.report.drawing.file_kinds import check_suffix, write
    from ninetynine.report.figures._sheet import sheet

    check_suffix(path)
    view = _choose(load(name), select_rows(board, rows), chosen)
    write(sheet(view, f"{board.dataset}: {name}", width, paper=style == "paper"), path, style)


def select_rows(board: Board, patterns: Sequence[str]) -> Board:
    """Return the board with the rows that ``patterns`` name, all of them without any.

    A pattern is a row's name or its architecture's, a glob, or a part of names; several stand in
    one text with commas between them.  Ranks, groups and the correction of pairs stay those among
    all rows.

    Raises UserError for a pattern that names no row.
    """
    wanted: set[str] = set()
    names = [row.name for row in board.rows]
    for pattern in (p for text in patterns for p in _split(text, names)):
        found = {row.name for row in board.rows if pattern in (row.name, row.identity.architecture)}
        # Names have brackets, so that only * and ? are a glob's.
        glob = pattern.replace("[", "[[]")
        found = found or {n for n in names if fnmatch.fnmatchcase(n, glob) or pattern in n}
        if not found:
            raise UserError(f"--rows {pattern!r}: no such row{nearest(pattern, names)}")
        wanted |= found
    return board.of_rows(lambda row: row.name in wanted) if patterns else board


def _split(text: str, names: Sequence[str]) -> list[str]:
    """Return the patterns in ``text``; a comma within brackets, or in a row's name, is its own."""
    if text in names:
        return [text]
    parts = re.split(r",(?![^\[]*\])", text)
    return [part.strip() for part in parts if part.strip()]


def _choose(figure: Figure, board: Board, chosen: Mapping[str, str | None]) -> View:
    views, option = figure.views(board), figure.option
    if not views:
        raise UserError(
            f"there is nothing to draw: {figure.empty}; train something with: bench run"
        )
    wanted = (chosen.get(option.name) or option.default) if option is not None else None
    if option is None or wanted is None:
        return views[0]
    found = {view.key or view.name: view for view in views}
    if wanted not in found:
        raise UserError(f"--{option.name} {wanted!r}: {option.missing}{nearest(wanted, found)}")
    return found[wanted]
