"""What the sets of other libraries have in common: encoded pictures and labels, split by split."""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import overload

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.decoding import Picture, read_pictures
from ninetynine.datasets.listing import (
    PART_WORDS,
    PARTS,
    Part,
    identity_of_files,
    part_by_part,
)
from ninetynine.datasets.sources import ReadArrays, ReadOptions
from ninetynine.errors import UserError

# What a column of labels is called where several might be it, the first of these that there is.
LABEL_NAMES = ("label", "labels", "fine_label", "target", "class", "y")


@dataclass(frozen=True)
class Split:
    """A split's ``labels``, (n,), and its pictures, which ``picture`` returns one at a time."""

    labels: npt.NDArray[np.generic]
    picture: Callable[[int], Picture]


def import_library(module: str, extra: str, name: str) -> ModuleType:
    """Return a library; raise UserError, which names the ``extra`` that installs it, without."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise UserError(
            f"{name}: it is read by {module}, and {missing} is not installed; "
            f"pip install 'ninetynine[{extra}]'"
        ) from error


def parts_of(splits: Iterable[str], where: str) -> tuple[dict[Part, str], tuple[str, ...]]:
    """Return which split is which part, and a note on those that are none.

    Raises UserError where there is no training part.
    """
    found: dict[Part, str] = {}
    others = []
    for split in splits:
        part = PART_WORDS.get(split.lower())
        if part is None or part in found:
            others.append(split)
        else:
            found[part] = split
    if "training" not in found:
        raise UserError(
            f"{where}: no split is called train (found {', '.join([*others, *found.values()])}); "
            "expected train, and test or --test-split 0.2"
        )
    return found, ((f"splits that were not read: {', '.join(others)}",) if others else ())


def one_column(found: Sequence[str], told: str | None, kind: str, columns: str, where: str) -> str:
    """Return the column of ``kind``: what is ``told``, else the only one, else one of a usual name.

    Raises UserError where there is none, or where it is not clear which.
    """
    if told is not None and told in found:
        return told
    usual = [name for name in LABEL_NAMES if name in found] if kind == "labels" else []
    if told is None and (len(found) == 1 or usual):
        return usual[0] if usual else found[0]
    if told is not None or not found:
        which = f" called {told!r}" if told is not None else ""
        raise UserError(f"{where}: no column of {kind}{which}; it has {columns}")
    remedy = f"; say which: --label-column {found[0]}" if kind == "labels" else "; expected one"
    raise UserError(f"{where}: several columns may be the {kind}: {', '.join(found)}{remedy}")


def assemble(
    splits: Mapping[Part, Split],
    options: ReadOptions,
    where: str,
    class_names: tuple[str, ...] | None,
    notes: tuple[str, ...],
) -> ReadArrays:
    """Return the arrays of all parts, their pictures brought to one size and as many channels."""
    pictures = _Pictures([splits[part] for part in PARTS if part in splits])
    pixels, said = read_pictures(pictures, options, where)
    arrays = part_by_part(pixels, {part: split.labels for part, split in splits.items()})
    return ReadArrays(arrays, where, class_names, (*notes, *said))


def identity_of_folder(folder: Path, version: str) -> str:
    """Return text that changes whenever a file below ``folder`` does, or the library."""
    files = sorted(path for path in folder.resolve().rglob("*") if path.is_file())
    return f"{version} {identity_of_files(files)}"


class _Pictures(Sequence[Picture]):
    """The pictures of several splits, one after the other, each fetched when it is wanted."""

    def __init__(self, splits: Sequence[Split]) -> None:
        self._splits = splits
        self._ends = np.cumsum([len(split.labels) for split in splits])

    def __len__(self) -> int:
        return int(self._ends[-1])

    @overload
    def __getitem__(self, index: int) -> Picture: ...

    @overload
    def __getitem__(self, index: slice) -> list[Picture]: ...

    def __getitem__(self, index: int | slice) -> Picture | list[Picture]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        split = int(np.searchsorted(self._ends, index, side="right"))
        start = int(self._ends[split - 1]) if split else 0
        return self._splits[split].picture(index - start)
