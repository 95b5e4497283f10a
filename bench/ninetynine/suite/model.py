"""A suite as it was read: names resolved, nothing left to check."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ninetynine.cells import Precision
from ninetynine.suite.goals import Reference, Target


@dataclass(frozen=True)
class Entry:
    """An architecture of a suite in one precision; ``seeds`` None are the suite's."""

    name: str
    precision: Precision
    label: str  # the name, with the precision where the suite has the architecture in several
    seeds: tuple[int, ...] | None = None
    adds: str = ""
    over: str | None = None  # the label of the rung below; None where there is none

    kind: Literal["trained"] = field(default="trained", init=False)


@dataclass(frozen=True)
class Ensemble:
    """A soft vote over ``size`` seeds of each member, ``replicates`` times on disjoint seeds."""

    name: str
    members: tuple[str, ...]  # labels of entries
    size: int
    replicates: int
    precision: Precision  # its members'
    adds: str = ""
    over: str | None = None

    kind: Literal["ensemble"] = field(default="ensemble", init=False)

    @property
    def label(self) -> str:
        return self.name


Rung = Entry | Ensemble


@dataclass(frozen=True)
class Suite:
    """What to run.  ``recipe`` holds the overrides; empty means every recipe as published.

    ``architectures`` are the names in their order; ``entries`` what the file says of them, an
    architecture in two precisions being two entries.
    """

    name: str
    path: Path
    description: str
    dataset: str
    architectures: tuple[str, ...]
    seeds: tuple[int, ...]
    recipe: dict[str, Any] = field(default_factory=dict)
    precision: Precision = "float32"
    entries: tuple[Entry, ...] = ()
    ensembles: tuple[Ensemble, ...] = ()
    reference: Reference | None = None
    targets: tuple[Target, ...] = ()
    timing_reference: str | None = None  # whose float32 training time is the unit of others'

    @property
    def variant(self) -> str:
        """Return how the recipes of this suite are called: "published" unless it overrides."""
        return self.name if self.recipe else "published"

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return the ladder's rungs: the architectures that the file names, then the ensembles."""
        return (*self.entries, *self.ensembles)

    def entries_of(self, architecture: str) -> tuple[Entry, ...]:
        """Return the entries of ``architecture``; a bare one where the file does not name it."""
        found = tuple(entry for entry in self.entries if entry.name == architecture)
        return found or (Entry(architecture, self.precision, architecture),)

    def entry(self, label: str) -> Entry:
        """Return the entry called ``label``; a bare one where the file does not name it."""
        named = (entry for entry in self.entries if entry.label == label)
        return next(named, Entry(label, self.precision, label))

    def seeds_of(self, entry: Entry) -> tuple[int, ...]:
        return self.seeds if entry.seeds is None else entry.seeds

    def with_seeds(self, seeds: Sequence[int]) -> "Suite":
        """Return the suite with ``seeds`` for every architecture, whatever the file says."""
        entries = tuple(replace(entry, seeds=None) for entry in self.entries)
        return replace(self, seeds=tuple(seeds), entries=entries)
