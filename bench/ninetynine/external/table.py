"""Predictions in a table of text: a row an image, whatever separates the columns.

Columns are a label, or a probability for each class; before, after or between them may stand one
that counts the images.  Whether the first line is a heading, the number of lines says.
"""

import codecs
import csv
import itertools
import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.datasets import Dataset
from ninetynine.datasets.labels import numbered
from ninetynine.errors import UserError, shown

_LONGEST_LINE = 1_000_000  # characters; 1,000 classes with 20 digits each have 21,000
_PEEKED = 4  # lines that tell the columns
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What heads a column that counts the images: Kaggle's, pandas' and others' names for it.
_COUNTING = re.compile(r"|#|unnamed: 0|row|idx|(image|img|sample|test)?[ _]?(id|index|no|number)")


def read_table(path: Path, dataset: Dataset) -> NDArray[Any]:
    """Return labels int64 or float64 (m,), or probabilities float64 (m, classes).

    Rows follow the column that counts the images, where there is one, and columns the classes that
    head them.  Raises UserError where the table is no such thing.
    """
    rows = _rows(path)
    try:
        return _Table(path, dataset, list(itertools.islice(rows, _PEEKED))).read(rows)
    except (csv.Error, ValueError) as error:
        if isinstance(error, UnicodeError):
            error = ValueError("text that is not UTF-8: save it as UTF-8")
        raise UserError(
            f"{path}: not a whole table of numbers ({error}); {_expected(dataset)}"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def class_numbers(texts: Sequence[str], dataset: Dataset, where: str) -> NDArray[np.int64]:
    """Return what classes texts mean: names, else numbers, else numbers after one word for all."""
    found = _class_numbers(texts, dataset)
    if found is not None:
        return np.array(found, np.int64)
    wrong = next((text for text in texts if _class_numbers([text], dataset) is None), texts[0])
    names = dataset.class_names
    or_names = f", or names: {numbered(names)}" if names else ""
    raise UserError(
        f"{where}: {shown(wrong)} is no class of {dataset.name}; expected numbers from 0 to "
        f"{dataset.num_classes - 1}{or_names}"
    )


def _class_numbers(texts: Sequence[str], dataset: Dataset) -> list[int] | None:
    """Return the numbers that all of the texts mean in one reading, or None."""
    names = dataset.class_names or ()
    by_name = {name: number for number, name in enumerate(names)}
    folded = {name.casefold(): number for name, number in by_name.items()}
    found = [by_name.get(text, folded.get(text.casefold(), -1)) for text in texts]
    if min(found, default=-1) >= 0 and len(folded) == len(names):
        return found
    values = [_number(text) for text in texts]
    if any(value is None for value in values):
        parts = [re.fullmatch(r"(\D+)(\d{1,9})", text) for text in texts]
        if len({part[1] if part else None for part in parts}) > 1:
            return None
        values = [float(part[2]) if part else None for part in parts]
    whole = [int(v) for v in values if v is not None and abs(v) < 2**31 and v == int(v)]
    return whole if len(whole) == len(texts) else None


def _number(text: str) -> float | None:
    """Return the number in a cell, which may have a decimal comma; None for anything else."""
    # Python's own literals go further: 1_0 is 10, and digits may be of any script.
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text if "." in text else text.replace(",", ".", 1))
    except ValueError:
        return None


def _expected(dataset: Dataset) -> str:
    return (
        f"expected a row for each of the {len(dataset.test_labels):,} test images of "
        f"{dataset.name}: a label, or {dataset.num_classes} probabilities, after a number that "
        "counts the images or none"
    )


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the cells of each line that is not blank."""
    lines = _lines(path)
    first = next(lines, "")
    delimiter = _delimiter(first)
    lines = itertools.chain([first] if first else [], lines)
    if delimiter == " ":
        yield from (line.split() for line in lines)
    else:
        for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True):
            yield [cell.strip() for cell in cells]


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as binary:
        start = binary.read(4)
    encoding = next((name for mark, name in _ENCODINGS if start.startswith(mark)), "utf-8")
    with path.open(encoding=encoding, newline="") as file:
        while line := file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise ValueError(f"a line of more than {_LONGEST_LINE:,} characters")
            if "\0" in line:
                raise ValueError("zero bytes: save it as UTF-8")
            if line.strip() and not line.startswith("# "):  # numpy.savetxt's headings
                yield line


def _delimiter(line: str) -> str:
    plain = re.sub(r'"[^"]*"', "", line)
    for delimiter in "\t;,|":
        if delimiter in plain:
            return delimiter
    cells = plain.split()
    return " " if len(cells) > 1 and all(_number(cell) is not None for cell in cells) else ","


class _Table:
    """The columns of a table, told by its first rows and filled by all of them."""

    def __init__(self, path: Path, dataset: Dataset, first: list[list[str]]) -> None:
        if not first:
            raise UserError(f"{path}: is empty; {_expected(dataset)}")
        self.path, self.dataset = path, dataset
        self.images, self.classes = len(dataset.test_labels), dataset.num_classes
        self.first, self.width = first, len(first[1] if len(first) > 1 else first[0])
        # R writes no heading over its row names.
        missing = [""] if len(first[0]) == self.width - 1 else []
        self.heading = [*missing, *first[0]]
        self.counting = self._find_counting()
        self.columns = [n for n in range(self.width) if n != self.counting]
        if len(self.columns) not in (1, self.classes) or len(self.heading) != self.width:
            raise UserError(f"{path}: {self.width} columns; {_expected(dataset)}")
        self.counts, self.values = array("q"), array("d")
        self.kinds: dict[str, int] = {}  # text of a label -> its number in order of appearance

    def _find_counting(self) -> int | None:
        """Return the column that counts the images: the one so called, else the first."""
        if self.width == self.classes == 2:
            sums = [sum(_number(cell) or 0 for cell in row) for row in self.first[1:]]
            is_counted = any(abs(total - 1) > 0.1 for total in sums)
        else:
            is_counted = self.width not in (1, self.classes)
        called = [n for n, cell in enumerate(self.heading) if _COUNTING.fullmatch(cell.casefold())]
        return (*called, 0)[0] if is_counted else None

    def read(self, rest: Iterator[list[str]]) -> NDArray[Any]:
        """Return labels (m,) or probabilities (m, classes)."""
        rows = 0
        for rows, cells in enumerate(itertools.chain(self.first[1:], rest), 1):
            if rows > self.images:
                raise self._wrong_count(f"more than {self.images:,} rows")
            self._add(cells, rows + 1)
        has_words = any(_number(cell) is None for cell in self.heading)
        if rows == self.images:
            if not has_words and not self._is_headed_by_numbers():
                raise self._wrong_count(f"{rows + 1:,} rows")
            return self._in_order(self._values(0, self._column_order()))
        if rows != self.images - 1 or (has_words and not self._is_row(self.heading)):
            below = " below a heading" if has_words else ""
            raise self._wrong_count(f"{rows if has_words else rows + 1:,} rows{below}")
        self._add(self.heading, 1)
        return self._in_order(self._values(1, list(range(self.classes))), 1)

    def _add(self, cells: list[str], row: int) -> None:
        if len(cells) != self.width:
            raise UserError(
                f"{self.path}: row {row} has {len(cells)} columns, others {self.width}; "
                f"{_expected(self.dataset)}"
            )
        if self.counting is not None:
            count = self._cell(cells, self.counting, row, "a whole number that counts the images")
            if abs(count) >= 2**53 or count != int(count):
                count = -1
            self.counts.append(int(count))
        if len(self.columns) == 1:
            self.values.append(self._kind(cells[self.columns[0]]))
        else:
            self.values.extend(self._cell(cells, n, row, "a probability") for n in self.columns)

    def _cell(self, cells: list[str], column: int, row: int, expected: str) -> float:
        value = _number(cells[column])
        if value is None or value != value or abs(value) == float("inf"):
            raise UserError(
                f"{self.path}: row {row} has {shown(cells[column])} in column {column + 1}, "
                f"expected {expected}; {_expected(self.dataset)}"
            )
        return value

    def _kind(self, text: str) -> int:
        kind = self.kinds.setdefault(text, len(self.kinds))
        if kind > 2 * self.classes:  # more than can be classes, were one a heading
            class_numbers(list(self.kinds), self.dataset, str(self.path))
            raise UserError(
                f"{self.path}: more than {2 * self.classes} different labels; "
                f"{_expected(self.dataset)}"
            )
        return kind

    def _is_headed_by_numbers(self) -> bool:
        names = [self.heading[n] for n in self.columns]
        return len(names) > 1 and sorted(_class_numbers(names, self.dataset) or ()) == list(
            range(self.classes)
        )

    def _is_row(self, cells: list[str]) -> bool:
        """Return whether cells that are not all numbers are a row: its label is a class's name."""
        if len(self.columns) > 1:
            return False
        kinds = [*self.kinds, cells[self.columns[0]]]
        return _class_numbers(kinds, self.dataset) is not None

    def _column_order(self) -> list[int]:
        """Return the class of each column: what heads it, or its place where that is no class."""
        names, places = [self.heading[n] for n in self.columns], list(range(self.classes))
        found = _class_numbers(names, self.dataset)
        if found is not None and sorted(found) == places:
            return found
        if found is not None and sorted(found) == [place + 1 for place in places]:
            return [number - 1 for number in found]
        known = {name.casefold() for name in self.dataset.class_names or ()}
        if len(names) > 1 and (found is not None or known & {name.casefold() for name in names}):
            raise UserError(
                f"{self.path}: headed by {', '.join(map(shown, names[:10]))}; expected each class "
                f"once, by its name or number, or no heading: {_expected(self.dataset)}"
            )
        return places

    def _values(self, moved: int, order: list[int]) -> NDArray[Any]:
        """Return labels or probabilities as the rows have them, the last ``moved`` rows first."""
        values = np.roll(np.array(self.values).reshape(self.images, -1), moved, axis=0)
        if len(self.columns) > 1:
            return values[:, np.argsort(order)]
        numbers = class_numbers(list(self.kinds), self.dataset, str(self.path))
        return numbers[values[:, 0].astype(np.int64)]

    def _in_order(self, values: NDArray[Any], moved: int = 0) -> NDArray[Any]:
        """Return ``values`` in the order of the images."""
        if self.counting is None:
            return values
        counts = np.roll(np.array(self.counts), moved)
        order = np.argsort(counts, kind="stable")
        if not np.array_equal(counts[order], np.arange(self.images) + counts.min()):
            raise UserError(
                f"{self.path}: column {self.counting + 1} does not count the images one by one, "
                f"from 0 or another number on; {_expected(self.dataset)}"
            )
        return values[order]

    def _wrong_count(self, found: str) -> UserError:
        return UserError(f"{self.path}: {found}; {_expected(self.dataset)}")
