"""A table for a terminal: one group, one color, and a rule where no group goes on."""

import io
import textwrap
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ninetynine.errors import one_line
from ninetynine.report import Report
from ninetynine.report.document import Section, Table
from ninetynine.report.tables import section

WIDTH = 120
_HEADING_LINES = 3
_SHORTEST_NAME = 12  # a name is folded down to this
_GAP = 2  # columns that rich puts between two cells
_COLORS = ("green", "cyan", "yellow", "magenta", "blue", "red")


def render(report: Report) -> str:
    """Return the boards as text of at most 120 columns."""
    sections = [section(board, report.columns) for board in report.boards]
    return render_sections(sections, [str(problem) for problem in report.problems], report.color)


def render_sections(
    sections: Sequence[Section], notes: Sequence[str] = (), color: bool = False
) -> str:
    """Return ``sections`` as text of at most 120 columns, with ANSI colors if ``color``."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=WIDTH,
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
    console.print(_text(found.title, "bold"))
    _print_paragraph(console, found.introduction)
    for table in found.tables:
        console.print()
        console.print(_text(table.title, "bold"))
        console.print(_table(table))
        for note in table.footnotes:
            _print_paragraph(console, note, style="dim")
    _print_notes(console, "Notes", found.notes)
    console.print()


def _print_notes(console: Console, title: str, notes: Sequence[str]) -> None:
    if notes:
        console.print()
        console.print(Text(title, style="bold"))
    for note in notes:
        _print_paragraph(console, note, first="- ")


def _print_paragraph(console: Console, line: str, first: str = "", style: str = "") -> None:
    wrapper = textwrap.TextWrapper(WIDTH - 2, first, " " * len(first), break_on_hyphens=False)
    console.print(Text(wrapper.fill(one_line(line)), style=style))


def _text(text: str, style: str = "") -> Text:
    return Text(one_line(text), style=style)


def _table(table: Table) -> RichTable:
    result = RichTable(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column, width in zip(table.columns, _widths(table), strict=True):
        heading = _text(column.heading)
        result.add_column(heading, justify=column.align, width=width, overflow="fold")
    for index, row in enumerate(table.rows):
        cells = map(_text, row)
        result.add_row(*cells, style=_style(table, index), end_section=index in table.rules)
    return result


def _widths(table: Table) -> list[int]:
    """Return each column's width: its longest cell, and a heading of at most three lines.

    Where that is too much for the terminal, the longest names are folded.
    """
    cells = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    widths = [
        max(_heading_width(column.heading), *map(len, column_cells), 1)
        for column, column_cells in zip(table.columns, cells, strict=True)
    ]
    names = [index for index, column in enumerate(table.columns) if column.is_name]
    while names and sum(widths) + _GAP * len(widths) > WIDTH:
        longest = max(names, key=lambda index: widths[index])
        if widths[longest] <= _SHORTEST_NAME:
            break
        widths[longest] -= 1
    return widths


def _heading_width(heading: str) -> int:
    width = max(map(len, heading.split()))
    while len(textwrap.wrap(heading, width)) > _HEADING_LINES:
        width += 1
    return width


def _style(table: Table, index: int) -> str | None:
    """Return the color of the row's first group."""
    if not table.groups or not table.groups[index]:
        return None
    letters = sorted({letter for groups in table.groups for letter in groups})
    return _COLORS[letters.index(table.groups[index][0]) % len(_COLORS)]
