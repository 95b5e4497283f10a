"""A cell: one architecture x dataset x seed x backend x precision, and the key that names it.

The key is a hash of everything that can change the number (shared measurement protocol,
"Reproducibility").  What is only context, such as the time of day, is not part of it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from ninetynine.grouping import grouped
from ninetynine.programs import Program

# Raised whenever the engine would turn the same cell into other numbers: the step loop, the
# data order, the evaluation.  tests/test_training.py holds a known history that guards it.
PROTOCOL_VERSION = 1

DEFAULT_BACKEND = "tensorflow"

# "unknown" is what predictions made elsewhere have; no cell that trains has it.
Precision = Literal["float32", "tensorfloat32", "mixed_bfloat16", "mixed_float16", "unknown"]
Device = Literal["cpu", "gpu", "unknown"]
_Whole = Annotated[int, Field(ge=0, lt=2**63)]


class Together(BaseModel):
    """The seeds that one cell is trained beside, in one computation: they round its sums.

    ``seeds`` are all of them, in order.  ``convolutions`` says what becomes of those of so many
    seeds: one of as many groups, or one product for each seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: list[_Whole]
    convolutions: Literal["grouped", "products"] = "grouped"


class CellIdentity(BaseModel):
    """Everything that can change a cell's numbers; two cells with one key are one cell."""

    # What older cells lack, and what they have in its place: left out, so that their keys stay.
    LATER: ClassVar[dict[str, Any]] = {
        "arguments": {},
        "inputs": {},
        "together": None,
        "loop_revision": 1,
    }

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol_version: _Whole
    loop_revision: _Whole = 1  # of the backend's loop (`ninetynine.backends.Backend`)
    architecture: str
    source_hash: str  # of the architecture's code, without comments and docstrings
    recipe: dict[str, Any]  # canonical: only what differs from the vocabulary's defaults
    arguments: dict[str, Any] = {}  # of the architecture's build, plain data
    inputs: dict[str, str] = {}  # what the code reads beside its source (`ninetynine.inputs`)
    dataset: str
    dataset_fingerprint: str  # over the decoded arrays
    seed: _Whole
    backend: str  # a name of ninetynine.backends, installed here or not; or "unknown"
    packages: dict[str, str]  # name -> version, of every package that computes
    precision: Precision
    threads: _Whole
    device: Device
    deterministic: bool
    together: Together | None = None  # with the seeds that were trained at once; None for alone

    @model_serializer(mode="wrap")
    def _without_what_older_cells_lack(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        content: dict[str, Any] = serialize(self)
        return {k: v for k, v in content.items() if k not in self.LATER or v != self.LATER[k]}

    def reading(self, inputs: Mapping[str, str]) -> Self:
        """Return this identity for code that reads ``inputs``."""
        return self.model_copy(update={"inputs": dict(inputs)})

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.architecture} on {self.dataset}, seed {self.seed}"

    @property
    def at_once(self) -> int:
        """How many seeds are trained in one computation, this one among them."""
        return len(self.together.seeds) if self.together is not None else 1

    @property
    def key(self) -> str:
        """Return the SHA-256 (64 hex digits) over the canonical JSON of all fields."""
        return canonical_hash(self.model_dump(mode="json"))


def untrained(**known: Any) -> CellIdentity:
    """Return the identity of what no cell trained: what is not ``known`` is empty or "unknown"."""
    nothing: dict[str, Any] = dict.fromkeys(("architecture", "source_hash", "dataset"), "")
    nothing |= dict.fromkeys(("backend", "precision", "device"), "unknown")
    nothing |= {"dataset_fingerprint": "", "recipe": {}, "packages": {}, "seed": 0, "threads": 0}
    nothing |= {"protocol_version": PROTOCOL_VERSION, "deterministic": False}
    return CellIdentity(**(nothing | known))


class Cell(BaseModel):
    """A cell together with the context in which a suite asked for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: CellIdentity
    suite: str
    variant: str  # "published", or the name of the suite whose recipe overrides apply
    base: str = ""  # the name of the architecture's file where the architecture is a variant of it
    file: Path | None = None  # the architecture's, which its inputs' names are relative to
    program: Program | None = None  # that is run in place of an architecture
    weights: Path | None = None  # where the recipe's initial weights lie
    dataset_revision: str | None = None  # or version, of another library's set

    @property
    def file_name(self) -> str:
        """Return the name of the architecture's file, without ".py"."""
        return self.base or self.identity.architecture

    @property
    def key(self) -> str:
        return self.identity.key

    def reading(self, inputs: Mapping[str, str]) -> Self:
        """Return this cell for code that reads ``inputs``."""
        return self.model_copy(update={"identity": self.identity.reading(inputs)})

    @property
    def label(self) -> str:
        return self.identity.label

    def changed(self, **changes: Any) -> Self:
        """Return this cell with other values of its identity."""
        return self.model_copy(update={"identity": self.identity.model_copy(update=changes)})


def trained_together(cells: Sequence[Cell], at_once: int) -> list[Cell]:
    """Return ``cells``, which differ in their seeds alone, as trained ``at_once`` at a time.

    The last ones are trained beside some of those before, so that all share with as many.
    """
    size, seeds = min(at_once, len(cells)), [cell.identity.seed for cell in cells]
    if size < 2:
        return list(cells)
    starts = [min(start, len(seeds) - size) for start in range(0, len(seeds), size)]
    groups = [Together(seeds=seeds[s : s + size], convolutions="products") for s in starts]
    return [cell.changed(together=groups[place // size]) for place, cell in enumerate(cells)]


def by_task(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return ``cells`` in their order, those in one list that one computation trains."""

    def alike(cell: Cell) -> Cell:
        return cell.changed(seed=0) if cell.identity.together is not None else cell

    return list(grouped((alike(cell).key, cell) for cell in cells).values())


def canonical_hash(value: object) -> str:
    """Return the SHA-256 hex digest of ``value`` as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differing_fields(first: CellIdentity, second: CellIdentity) -> list[str]:
    """Return the identity fields in which two cells differ, keys of tables spelled out."""
    names: list[str] = []
    one, two = first.model_dump(mode="json"), second.model_dump(mode="json")
    for field in CellIdentity.model_fields:
        # What is left out has its default, which is empty or a number.
        before = one.get(field, getattr(first, field) or {})
        now = two.get(field, getattr(second, field) or {})
        if before == now:
            continue
        if isinstance(before, dict):
            keys = sorted(before.keys() | now.keys())
            names += [f"{field}.{k}" for k in keys if before.get(k) != now.get(k)]
        else:
            names.append(field)
    return names
