"""A table of pictures: a CSV file with the columns path and label, and split and group if told."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from ninetynine.arrays import check_file
from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.listing import PART_WORDS, ListedPicture, identity_of_files, read_listed
from ninetynine.datasets.sources import ReadArrays, Source
from ninetynine.errors import UserError

_COLUMNS = ("path", "label", "split", "group")
_MOST_BYTES = 2**30
_DELIMITERS = {".csv": ",;\t", ".tsv": "\t"}


class PictureTable(Kind):
    """Reads the pictures that a table lists, their paths being relative to the table's folder.

    Each part keeps the table's order. ``groups`` names the column of groups, "group" by default.
    Large and small letters are the same in the names of columns.
    """

    expected = "a .csv file with the columns path and label"
    options = frozenset({"image_size", "color", "test_split", "split_seed", "groups"})
    is_path = True

    def matches(self, name: str) -> bool:
        path = Path(name)
        return path.suffix.lower() in _DELIMITERS and not path.is_dir()

    def row_name(self, name: str) -> str:
        return Path(name).stem

    def identity(self, source: Source, data_dir: Path | None) -> str | None:
        return identity_of_files([Path(source.name), *(one.path for one in _listed(source)[0])])

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        listed, unread = _listed(source)
        notes = (f"columns that were not read: {', '.join(unread)}",) if unread else ()
        return read_listed(listed, source.options, source.name, notes)


def _listed(source: Source) -> tuple[list[ListedPicture], list[str]]:
    """Return the pictures, and the columns of the table that say nothing of them."""
    table = Path(source.name)
    rows = _rows(table)
    heading = [name.strip() for name in next(rows, (1, [""]))[1]]
    columns = _columns(heading, source.options.groups, table)
    listed = []
    for line, row in rows:
        if not any(row):
            continue
        if len(row) != len(heading) or any("\n" in row[c] for c in columns.values()):
            raise UserError(
                f"{table}, line {line}: {len(row)} values under {len(heading)} columns; expected "
                "as many, in one line (a value with a comma stands in quotes, which are closed)"
            )
        listed.append(_picture(table, line, {n: row[c].strip() for n, c in columns.items()}))
    if not listed:
        raise UserError(f"{table}: no pictures in it; expected a line for each below the heading")
    return listed, [name for place, name in enumerate(heading) if place not in columns.values()]


def _rows(table: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table with the number of the line that each begins in."""
    size = check_file(table, "a .csv file")
    if size > _MOST_BYTES:
        raise UserError(f"{table}: {size:,} bytes; expected at most {_MOST_BYTES:,}")
    try:
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{table}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{table}: not UTF-8 text; save it as UTF-8") from error
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS[table.suffix.lower()], key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{table}, line {line}: not a CSV ({error})") from error


def _columns(heading: list[str], groups: str | None, table: Path) -> dict[str, int]:
    """Return the places of the columns that are read."""
    names = dict(zip(_COLUMNS, (*_COLUMNS[:3], (groups or _COLUMNS[3]).lower()), strict=True))
    required = {"path", "label"} | ({"group"} if groups else set())
    found = [name.lower() for name in heading]
    for column, name in names.items():
        if name not in found and column in required:
            raise UserError(
                f"{table}: no column {name!r} in its first line (found "
                f"{', '.join(map(repr, heading))}); expected path and label, "
                "and split and group if they are known"
            )
        if found.count(name) > 1:
            raise UserError(f"{table}: two columns are called {name!r}; leave one out")
    return {column: found.index(n) for column, n in names.items() if n in found}


def _picture(table: Path, line: int, row: dict[str, str]) -> ListedPicture:
    where = f"{table}, line {line}"
    for column in row.keys() - {"split"}:
        if not row[column]:
            raise UserError(f"{where}: no {column}; expected one in each line")
    path = table.parent / row["path"]
    try:
        is_file = path.is_file()
    except (OSError, ValueError):
        is_file = False
    if not is_file:
        slashes = ", and have / between folders" if "\\" in row["path"] else ""
        raise UserError(
            f"{where}: no such file {row['path']!r}; paths count from {table.parent}{slashes}"
        )
    split = row.get("split", "train")
    part = PART_WORDS.get(split.lower())
    if part is None:
        raise UserError(f"{where}: split is {split!r}; expected train, test or validation")
    return ListedPicture(path, part, row["label"], row.get("group"), where)


KIND = PictureTable()
