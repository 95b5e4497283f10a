"""LaTeX tables, for a document that uses booktabs."""

from collections.abc import Iterable, Sequence

from ninetynine.errors import one_line
from ninetynine.report import Report
from ninetynine.report.document import Section, Table
from ninetynine.report.tables import section

_ALIGN = {"left": "l", "right": "r", "center": "c"}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{character: rf"\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "†": r"\textsuperscript{\dag}",
    "‡": r"\textsuperscript{\ddag}",
    "[": "{[}",  # at the start of a row it would be an argument of the row before
    "]": "{]}",
}


def render(report: Report) -> str:
    """Return the boards as table environments."""
    sections = [section(board, report.columns) for board in report.boards]
    return render_sections(sections, [str(problem) for problem in report.problems])


def render_sections(sections: Sequence[Section], notes: Sequence[str] = ()) -> str:
    """Return ``sections`` as table environments, for a document that uses booktabs."""
    lines = [r"% Needs \usepackage{booktabs}; wide tables may want \resizebox."]
    for one in sections:
        lines += ["", rf"\section*{{{escape(one.title)}}}", escape(one.introduction), ""]
        for table in one.tables:
            lines += _table(table, one.title)
        lines += _notes(one.notes)
    lines += _notes(notes)
    return "\n".join(lines) + "\n"


def escape(line: str) -> str:
    """Return ``line`` so that LaTeX prints it as it is."""
    return "".join(_SPECIAL.get(character, character) for character in one_line(line))


def _table(table: Table, title: str) -> list[str]:
    lines = [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{escape(f'{title}: {table.title}')}}}",
        rf"\begin{{tabular}}{{{''.join(_ALIGN[column.align] for column in table.columns)}}}",
        r"\toprule",
        _row(column.heading for column in table.columns),
        r"\midrule",
    ]
    for index, row in enumerate(table.rows):
        lines += [_row(row), *([r"\addlinespace"] if index in table.rules else [])]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\smallskip\footnotesize {escape(note)}" for note in table.footnotes]
    return [*lines, r"\end{table}", ""]


def _row(cells: Iterable[str]) -> str:
    return " & ".join(escape(cell) for cell in cells) + r" \\"


def _notes(notes: Sequence[str]) -> list[str]:
    items = [rf"\item {escape(note)}" for note in notes]
    return [r"\begin{itemize}", *items, r"\end{itemize}", ""] if items else []
