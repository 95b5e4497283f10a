"""A suite as it was read: names resolved, nothing left to check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ninetynine import grid
from ninetynine.cells import Device, Precision
from ninetynine.programs import Program
from ninetynine.recipe import stacked
from ninetynine.suite.at_once import AtOnce
from ninetynine.suite.goals import Reference, Target


@dataclass(frozen=True)
class Entry:
    """An architecture of a suite in one precision; ``seeds`` None are the suite's.

    It is a variant where it names the ``architecture`` that it varies, or what it varies of it.
    """

    name: str
    precision: Precision
    label: str  # the name, with the precision where the suite has the architecture in several
    seeds: tuple[int, ...] | None = None
    adds: str = ""
    over: str | None = None  # the label of the rung below; None where there is none
    architecture: str = ""  # "" is the one of its own name
    recipe: Mapping[str, Any] = field(default_factory=dict, hash=False)  # overrides
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)  # of build
    description: str = ""
    program: Program | None = None  # that it is, in place of an architecture
    backend: str | None = None  # None, as of the next two, is what the run says
    device: Device | None = None
    seeds_at_once: AtOnce = None

    kind: Literal["trained"] = field(default="trained", init=False)

    @property
    def base(self) -> str:
        """Return the name of the architecture that it is or varies."""
        return self.architecture or self.name

    @property
    def is_variant(self) -> bool:
        return bool(self.architecture or self.recipe or self.arguments)


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
    backend: str | None = None  # None, as of the next two, is what the run says
    device: Device | None = None
    seeds_at_once: AtOnce = None
    entries: tuple[Entry, ...] = ()
    ensembles: tuple[Ensemble, ...] = ()
    reference: Reference | None = None
    targets: tuple[Target, ...] = ()
    timing_reference: str | None = None  # whose float32 training time is the unit of others'
    measure: str | None = None  # that its rows are ranked by; None is accuracy
    untouched: frozenset[str] = frozenset()  # files that are trained by their own recipe

    @property
    def variant(self) -> str:
        """Return how the recipes of this suite are called: "published" unless it overrides."""
        return self.name if self.recipe else "published"

    def recipe_of(self, file_name: str) -> dict[str, Any]:
        """Return what the suite overrides in the recipe of a file, named without ``.py``."""
        return {} if file_name in self.untouched else self.recipe

    def variant_of(self, file_name: str) -> str:
        """Return how the recipe is called that the suite trains a file by."""
        return self.name if self.recipe_of(file_name) else "published"

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Return the ladder's rungs: the architectures that the file names, then the ensembles."""
        return (*self.entries, *self.ensembles)

    def entries_of(self, name: str) -> tuple[Entry, ...]:
        """Return the entries called ``name``; a bare one where the file has none.

        A row of a grid that the file does not have is made of the entries that it varies.  Raises
        UserError where ``name`` cannot be read.
        """
        found = tuple(entry for entry in self.entries if entry.name == name)
        asked = None if found else grid.asked(name)
        if asked is None:
            return found or (self._bare(name),)
        (row,) = asked.rows()
        return tuple(
            Entry(
                name=row.name,
                precision=entry.precision,
                label=row.name,
                seeds=entry.seeds,
                architecture=entry.base,
                recipe=stacked(entry.recipe, row.recipe),
                arguments={**entry.arguments, **row.arguments},
                backend=entry.backend,
                device=entry.device,
                seeds_at_once=entry.seeds_at_once,
            )
            for entry in self.entries_of(asked.base)
        )

    def entry(self, label: str) -> Entry:
        """Return the entry called ``label``; a bare one where the file does not name it."""
        named = (entry for entry in self.entries if entry.label == label)
        return next(named, self._bare(label))

    def _bare(self, name: str) -> Entry:
        return Entry(
            name,
            self.precision,
            name,
            backend=self.backend,
            device=self.device,
            seeds_at_once=self.seeds_at_once,
        )

    def seeds_of(self, entry: Entry) -> tuple[int, ...]:
        return self.seeds if entry.seeds is None else entry.seeds

    def with_seeds(self, seeds: Sequence[int]) -> "Suite":
        """Return the suite with ``seeds`` for every architecture, whatever the file says."""
        entries = tuple(replace(entry, seeds=None) for entry in self.entries)
        return replace(self, seeds=tuple(seeds), entries=entries)
