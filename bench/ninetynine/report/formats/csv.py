"""CSV with one line per row, for programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ninetynine.board import Board
from ninetynine.errors import one_line
from ninetynine.report import Report
from ninetynine.report.columns import Value, chosen_columns, columns, row_values

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

if TYPE_CHECKING:
    import pandas as pd


def render(report: Report) -> str:
    """Return every row of every board, with the fields of all columns or of those asked for."""
    lines = _flat(report.boards, report.columns)
    if not lines:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _inert(value) for key, value in line.items()} for line in lines)
    return out.getvalue()


def _inert(value: Value) -> Value:
    """Return ``value`` on one line, and no text so that a spreadsheet takes it for a formula.

    Source: OWASP, CSV injection.
    """
    if not isinstance(value, str):
        return value
    line = one_line(value)
    return f"'{line}" if line.startswith(_FORMULA) else line


def frame(boards: Iterable[Board], keys: Sequence[str] = ()) -> "pd.DataFrame":
    """Return all rows of ``boards`` as one pandas DataFrame with the fields of CSV."""
    import pandas as pd  # takes a second to import, which the command line does not want to pay

    return pd.DataFrame(_flat(boards, keys))


def _flat(boards: Iterable[Board], keys: Sequence[str]) -> list[dict[str, Value]]:
    chosen = [columns()["board"], columns()["name"], *chosen_columns(keys)] if keys else None
    return [row_values(board, row, chosen) for board in boards for row in board.rows]
