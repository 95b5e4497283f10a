"""Sections as GitHub's Markdown."""

import re
from collections.abc import Sequence

from tabulate import tabulate

from ninetynine.report.document import Column, Section, Table

_SPECIAL = re.compile(r"([\\`*<>\[\]|]|(?<!\w)_|_(?!\w))")


def render_markdown(sections: Sequence[Section], notes: Sequence[str] = ()) -> str:
    """Return ``sections`` one below the other, each board under a heading of level 2."""
    parts = [render_section(section) for section in sections]
    if notes:
        parts.append("## Left out\n\n" + bullets(notes))
    return "\n".join(parts) or "There is no record to report.\n"


def render_section(section: Section) -> str:
    """Return one board: heading, tables, notes."""
    parts = [f"## {escape(section.title)}\n", escape(section.introduction) + "\n"]
    parts += [render_table(table) for table in section.tables]
    if section.notes:
        parts.append("### Notes\n\n" + bullets(section.notes))
    return "\n".join(parts)


def render_table(table: Table) -> str:
    """Return a table with its heading of level 3 and its footnotes."""
    body = tabulate(
        [
            [_cell(value, c) for value, c in zip(row, table.columns, strict=True)]
            for row in table.rows
        ],
        headers=[escape(column.heading) for column in table.columns],
        tablefmt="pipe",
        colalign=[column.align for column in table.columns],
        disable_numparse=True,
    )
    footnotes = "".join(f"\n{escape(note)}\n" for note in table.footnotes)
    return f"### {escape(table.title)}\n\n{body}\n{footnotes}"


def bullets(lines: Sequence[str]) -> str:
    """Return ``lines`` as a list."""
    return "".join(f"- {escape(line)}\n" for line in lines)


def escape(line: str) -> str:
    """Return ``line`` so that Markdown shows it as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(line.split()))


def code(name: str) -> str:
    """Return ``name`` as code, where nothing is markup; in a table a pipe still ends the cell."""
    return "`" + " ".join(name.replace("`", "'").split()).replace("|", "\\|") + "`"


def _cell(value: str, column: Column) -> str:
    if not (column.is_name and value):
        return escape(value)
    name = value.rstrip("†‡")
    return code(name) + value[len(name) :]
