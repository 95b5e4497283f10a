"""GitHub's Markdown."""

import re
from collections.abc import Sequence

from tabulate import tabulate

from ninetynine.errors import one_line
from ninetynine.report import Report
from ninetynine.report.document import Heading, Section, Table
from ninetynine.report.tables import section

_SPECIAL = re.compile(r"([\\`*<>\[\]|]|(?<!\w)_|_(?!\w)|~(?=~)|&(?=[#\w]+;))")


def render(report: Report) -> str:
    """Return the boards, each under a heading of level 2."""
    sections = [section(board, report.columns) for board in report.boards]
    return render_sections(sections, [str(problem) for problem in report.problems])


def render_sections(sections: Sequence[Section], notes: Sequence[str] = ()) -> str:
    """Return ``sections`` one below the other, each board under a heading of level 2."""
    parts = [render_section(one) for one in sections]
    if notes:
        parts.append("## Left out\n\n" + bullets(notes))
    return "\n".join(parts) or "There is no record to report.\n"


def render_section(found: Section) -> str:
    """Return one board: heading, tables, notes."""
    parts = [f"## {escape(found.title)}\n", escape(found.introduction) + "\n"]
    parts += [render_table(table) for table in found.tables]
    if found.notes:
        parts.append("### Notes\n\n" + bullets(found.notes))
    return "\n".join(parts)


def render_table(table: Table) -> str:
    """Return a table with its heading of level 3 and its footnotes."""
    body = tabulate(
        [list(map(_cell, row, table.columns)) for row in table.rows],
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
    return _SPECIAL.sub(r"\\\1", one_line(line))


def code(name: str) -> str:
    """Return ``name`` as code, where nothing is markup; in a table a pipe still ends the cell."""
    return "`" + one_line(name.replace("`", "'")).replace("|", "\\|") + "`"


def _cell(value: str, column: Heading) -> str:
    name = value.rstrip("†‡")
    return code(name) + value[len(name) :] if column.is_name and value else escape(value)
