"""A table for a terminal: one group, one color, and a rule where no group goes on.

No cell is broken into lines.  Where a terminal is too narrow, names lose their middle, then the
columns that matter least are left out, and the table says which.
"""

import io
import re
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import cycle

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ninetynine.errors import one_line
from ninetynine.report import Report
from ninetynine.report.document import Heading, Section, Table
from ninetynine.report.formatting import short
from ninetynine.report.tables import section

WIDTH = 120
NARROWEST, WIDEST = 60, 200
_HEADING_LINES = 3
_SHORT_NAME = 20  # a name is cut to this before a column is left out
_SHORTEST_NAME = 10  # and to this where none can be
_LONGEST_NAME = 60  # no name is left whole beyond this to tell it from others
_GAP = 2  # columns that rich puts between two cells
_COLORS = ("green", "cyan", "yellow", "magenta", "blue", "red")


def render(report: Report) -> str:
    """Return the boards as text of at most the report's ``width`` in columns."""
    sections = [section(board, report.columns) for board in report.boards]
    problems = [str(problem) for problem in report.problems]
    return render_sections(sections, problems, report.color, report.width or WIDTH)


def render_sections(
    sections: Sequence[Section], notes: Sequence[str] = (), color: bool = False, width: int = WIDTH
) -> str:
    """Return ``sections`` as text of ``width`` columns at most, with ANSI colors if ``color``."""
    width = min(max(width, NARROWEST), WIDEST)
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        color_system="standard" if color else None,
        force_terminal=color,
        force_jupyter=False,
        highlight=False,
        legacy_windows=False,
    )
    for one in sections:
        _print_section(console, one)
    if not sections:
        console.print(Text("There is no record to report."))
    _print_notes(console, "Left out", notes)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _print_section(console: Console, found: Section) -> None:
    _print_paragraph(console, found.title, style="bold")
    _print_paragraph(console, found.introduction)
    for table in found.tables:
        console.print()
        _print_paragraph(console, table.title, style="bold")
        fitting, left_out = _fitting(table, console.width)
        console.print(_table(fitting, console.width))
        if left_out:
            whom, names = "it" if len(left_out) == 1 else "them", "; ".join(left_out)
            said = f"Left out, since {console.width} columns have no room for {whom}: {names}."
            _print_paragraph(console, said, style="dim")
        for note in table.footnotes:
            _print_paragraph(console, _without(note, left_out), style="dim")
    _print_notes(console, "Notes", found.notes)
    console.print()


def _print_notes(console: Console, title: str, notes: Sequence[str]) -> None:
    if notes:
        console.print()
        console.print(Text(title, style="bold"))
    for note in notes:
        _print_paragraph(console, note, first="- ")


def _print_paragraph(console: Console, line: str, first: str = "", style: str = "") -> None:
    room = console.width - 2
    wrapper = textwrap.TextWrapper(room, first, " " * len(first), break_on_hyphens=False)
    console.print(Text(wrapper.fill(one_line(line)), style=style))


def _without(note: str, left_out: Sequence[str]) -> str:
    """Return a footnote without the sentences that say what a column is that is not there."""
    for heading in left_out:
        note = re.sub(rf"(?<![^ ]){re.escape(heading)}: [^.]*\.(?: |$)", "", note)
    return note


def _fitting(table: Table, width: int) -> tuple[Table, list[str]]:
    """Return ``table`` with the columns that there is room for, and the headings of the others."""
    kept = list(range(len(table.columns)))
    left_out: list[int] = []
    shortest = max(_SHORT_NAME, _told_apart(table))
    while _room(_widths(table, kept, shortest, width)) > width:
        can_go = [i for i in kept if not table.columns[i].is_name and table.columns[i].weight < 2]
        if not can_go:
            break
        gone = min(can_go, key=lambda i: (table.columns[i].weight, -i))
        kept.remove(gone)
        left_out.append(gone)
    for index in reversed(left_out):  # a narrow one may fit where a wide one went
        more = sorted([*kept, index])
        if _room(_widths(table, more, shortest, width)) <= width:
            kept = more
    gone_for_good = [table.columns[i].heading for i in left_out[::-1] if i not in kept]
    columns = tuple(table.columns[i] for i in kept)
    rows = tuple(tuple(row[i] for i in kept) for row in table.rows)
    return replace(table, columns=columns, rows=rows), gone_for_good


def _told_apart(table: Table) -> int:
    """Return the least width at which no two names look the same; of pairs of names, none."""
    places = [index for index, column in enumerate(table.columns) if column.is_name]
    if len(places) != 1:
        return 0
    names = {one_line(row[places[0]]) for row in table.rows}
    widths = range(_SHORT_NAME, _LONGEST_NAME)
    apart = (
        width for width in widths if len({short(n, width, names) for n in names}) == len(names)
    )
    return next(apart, _LONGEST_NAME)


def _table(table: Table, room: int) -> RichTable:
    every = range(len(table.columns))
    widths = _widths(table, every, _SHORTEST_NAME, room)
    result = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column, width in zip(table.columns, widths, strict=True):
        heading = Text("\n".join(textwrap.wrap(one_line(column.heading), width)))
        result.add_column(
            heading, justify=column.align, width=width, no_wrap=True, overflow="ellipsis"
        )
    named = [index for index, column in enumerate(table.columns) if column.is_name]
    names = {one_line(row[index]) for row in table.rows for index in named}
    letters = sorted({letter for groups in table.groups or () for letter in groups})
    colors = dict(zip(letters, cycle(_COLORS), strict=False))
    for index, row in enumerate(table.rows):
        cells = [_cell(*found, names) for found in zip(row, table.columns, widths, strict=True)]
        groups = table.groups[index] if table.groups else ()
        style = colors[groups[0]] if groups else None
        result.add_row(*cells, style=style, end_section=index in table.rules)
    return result


def _cell(text: str, column: Heading, width: int, names: Collection[str]) -> Text:
    """Return a cell; a name that is too long loses its middle, its marks stay."""
    line = one_line(text)
    if column.is_name and cell_len(line) > width:
        shorter = (short(line, letters, names) for letters in range(width, 0, -1))
        line = next((one for one in shorter if cell_len(one) <= width), "…")
    return Text(line)


def _room(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * len(widths)


def _widths(table: Table, kept: Sequence[int], shortest: int, room: int) -> list[int]:
    """Return the width of each column in ``kept``: its longest cell, a heading of three lines.

    Where that is more than ``room``, the longest names are cut, none below ``shortest``.
    """
    columns = [table.columns[i] for i in kept]
    cells = [[one_line(row[i]) for row in table.rows] for i in kept]
    widths = [
        max(_heading_width(column.heading), *map(cell_len, found), 1)
        for column, found in zip(columns, cells, strict=True)
    ]
    names = [index for index, column in enumerate(columns) if column.is_name]
    while names and _room(widths) > room:
        longest = max(names, key=lambda index: widths[index])
        if widths[longest] <= shortest:
            break
        widths[longest] -= 1
    return widths


def _heading_width(heading: str) -> int:
    width = max(map(len, heading.split()))
    while len(textwrap.wrap(heading, width)) > _HEADING_LINES:
        width += 1
    return width
