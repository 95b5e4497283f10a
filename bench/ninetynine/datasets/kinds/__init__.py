"""Kinds of datasets that a user may bring; one file each.

A kind is a module of this package, or of another one that names it as an entry point of the group
``ninetynine.dataset_kinds``.  It defines ``KIND``, an instance of a subclass of :class:`Kind`, and
imports what only reading needs (Pillow, other libraries) inside functions: names are matched where
nothing is read.
"""

import sys
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from ninetynine.datasets.sources import ReadArrays, Source
from ninetynine.errors import UserError
from ninetynine.registry import Registry

KINDS = Registry("kind of dataset", "ninetynine.datasets.kinds", "ninetynine.dataset_kinds")


class Kind(ABC):
    """A kind of dataset: which names it reads, and how.

    ``expected`` says how such a dataset is named, for messages: "the path of an .npz file".
    ``options`` are the fields of `ReadOptions` that it minds; others are refused in one line.
    ``test_split``, ``split_seed`` and ``channels`` need no work of a kind: they are done with the
    arrays that it returns.  Of the kinds that match a name that of the lowest ``order`` reads it.
    ``is_path`` says that names are paths; ``runs_other_code`` that reading runs another
    distribution's code, which then stays out of the process that workers are forked from.
    """

    expected: ClassVar[str]
    options: ClassVar[frozenset[str]] = frozenset()
    order: ClassVar[int] = 100
    is_path: ClassVar[bool] = False
    runs_other_code: ClassVar[bool] = False

    @abstractmethod
    def matches(self, name: str) -> bool:
        """Return whether this kind reads ``name``, which has no options; opens no file."""

    @abstractmethod
    def row_name(self, name: str) -> str:
        """Return what tables call the dataset; reads nothing."""

    @abstractmethod
    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        """Return the arrays; UserError, in one line, for what is wrong with the data."""

    def identity(self, source: Source, data_dir: Path | None) -> str | None:
        """Return text that changes whenever `read` would return other arrays, or None.

        It is found without reading: names, sizes and times of files, versions.  With it the arrays
        are kept in the user's cache, and `read` is called once; with None it is called each time.
        """
        return None

    def revision(self, source: Source, data_dir: Path | None) -> str | None:
        """Return which state of a set that changes elsewhere is read, None where nobody counts.

        It is found without reading, and stands in the records of what was trained on.
        """
        return None


def kind_of(name: str) -> Kind | None:
    """Return the kind that reads ``name``, which has no options and no fold; None where none."""
    return next((kind for kind in kinds() if kind.matches(name)), None)


def kinds() -> tuple[Kind, ...]:
    """Return all kinds by their order.  Raises UserError for another package's that is none."""
    return _kinds(tuple(sys.path))


@lru_cache(maxsize=4)
def _kinds(import_path: tuple[str, ...]) -> tuple[Kind, ...]:
    """Return the kinds on ``import_path``; to look takes milliseconds."""
    found = []
    for entry in KINDS.entries().values():
        kind = getattr(entry.load(), "KIND", None)
        if not isinstance(kind, Kind):
            raise UserError(
                f"{entry.origin}: {entry.module} is no kind of dataset, it has no KIND that is a "
                "ninetynine.datasets.kinds.Kind; mend or uninstall the distribution"
            )
        found.append(kind)
    return tuple(sorted(found, key=lambda kind: kind.order))
