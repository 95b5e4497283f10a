"""A cell: one architecture x dataset x seed x backend x precision, and the key that names it.

The key is a hash of everything that can change the number (shared measurement protocol,
"Reproducibility").  What is only context, such as the time of day, is not part of it.
"""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

# Raised whenever the engine would turn the same cell into other numbers: the step loop, the
# data order, the evaluation.  tests/test_training.py holds a known history that guards it.
PROTOCOL_VERSION = 1

DEFAULT_BACKEND = "tensorflow"

# "unknown" is what predictions made elsewhere have; no cell that trains has it.
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "unknown"]
Device = Literal["cpu", "gpu", "unknown"]


class CellIdentity(BaseModel):
    """Everything that can change a cell's numbers; two cells with one key are one cell."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol_version: int
    architecture: str
    source_hash: str  # of the architecture's code, without comments and docstrings
    recipe: dict[str, Any]  # canonical: only what differs from the vocabulary's defaults
    dataset: str
    dataset_fingerprint: str  # over the decoded arrays
    seed: int
    backend: str  # a name of ninetynine.backends, installed here or not; or "unknown"
    packages: dict[str, str]  # name -> version, of every package that computes
    precision: Precision
    threads: int
    device: Device
    deterministic: bool

    @property
    def key(self) -> str:
        """Return the SHA-256 (64 hex digits) over the canonical JSON of all fields."""
        return canonical_hash(self.model_dump(mode="json"))


class Cell(BaseModel):
    """A cell together with the context in which a suite asked for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: CellIdentity
    suite: str
    variant: str  # "published", or the name of the suite whose recipe overrides apply

    @property
    def key(self) -> str:
        return self.identity.key

    @property
    def label(self) -> str:
        return f"{self.identity.architecture} on {self.identity.dataset}, seed {self.identity.seed}"


def canonical_hash(value: object) -> str:
    """Return the SHA-256 hex digest of ``value`` as JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differing_fields(first: CellIdentity, second: CellIdentity) -> list[str]:
    """Return the identity fields in which two cells differ, keys of tables spelled out."""
    names: list[str] = []
    one, two = first.model_dump(mode="json"), second.model_dump(mode="json")
    for field in CellIdentity.model_fields:
        if one[field] == two[field]:
            continue
        if isinstance(one[field], dict):
            keys = sorted(one[field].keys() | two[field].keys())
            names += [f"{field}.{k}" for k in keys if one[field].get(k) != two[field].get(k)]
        else:
            names.append(field)
    return names
