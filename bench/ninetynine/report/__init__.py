"""Boards -> text.  All formatting of numbers lives in this package."""

from collections.abc import Sequence
from typing import Literal, get_args

from ninetynine.leaderboard import Board
from ninetynine.records import Problem

Format = Literal["markdown", "csv", "latex", "json", "table"]
FORMATS: tuple[str, ...] = get_args(Format)


def render(
    boards: Sequence[Board],
    format: Format = "table",
    problems: Sequence[Problem] = (),
    color: bool = False,
) -> str:
    """Return ``boards`` in ``format``, ending in a newline; the same bytes for the same boards.

    ``problems`` are the files that could not be read, named below the tables (CSV, which has
    rows only, leaves them out).  ``color`` is for "table" on a terminal.
    """
    if format in ("json", "csv"):
        from ninetynine.report.plain import render_csv, render_json

        return render_json(boards, problems) if format == "json" else render_csv(boards)
    from ninetynine.report.sections import section

    sections = [section(board) for board in boards]
    notes = [str(problem) for problem in problems]
    if format == "markdown":
        from ninetynine.report.markdown import render_markdown

        return render_markdown(sections, notes)
    if format == "latex":
        from ninetynine.report.latex import render_latex

        return render_latex(sections, notes)
    from ninetynine.report.terminal import render_terminal

    return render_terminal(sections, notes, color)
