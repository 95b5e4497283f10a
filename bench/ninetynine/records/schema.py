"""The record: one finished or failed cell, versioned and never edited.

Every number carries its unit in its name.  ``results/record.schema.json`` is the published
JSON Schema of this file (``python -m ninetynine.records`` prints it).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from ninetynine.cells import CellIdentity, canonical_hash
from ninetynine.errors import one_line, printable

# 2 has ensembles: the kind, and the members; 3 has the arguments of an architecture's build; 4 has
# what its code reads, the hash of the built model and the fingerprint of the test part.
SCHEMA_VERSION = 4


class Part(BaseModel):
    """A table of a file of ours: nothing unknown, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(Part):
    """Loss (mean categorical cross-entropy in nats) and accuracy (a fraction of 1)."""

    loss: float | None  # None where predictions came without probabilities
    accuracy: float


class Scores(Part):
    """The model after its last step, on every image of each part."""

    train: Score | None = None
    validation: Score | None = None
    test: Score


class Epoch(Part):
    """Running training metrics of one epoch, and the watched part's at its end."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


class Timing(Part):
    """Seconds by phase; only ``train_seconds`` is training (no evaluation, no compiling)."""

    import_seconds: float  # of the worker, paid once for all its cells
    data_seconds: float
    build_seconds: float
    compile_seconds: float  # tracing and compiling the training step
    train_seconds: float
    train_cpu_seconds: float
    evaluate_seconds: float
    other_cpu_share: float | None  # busy share of our cores that was not ours while training
    exclusive: bool  # whether the run had its cores to itself; else no timing table uses it
    latency_seconds: float | None = None  # to answer one image: median, 95th, 99th percentile
    latency_p95_seconds: float | None = None
    latency_p99_seconds: float | None = None
    throughput_128: float | None = None  # images per second, answered in batches of 128 and 1,000
    throughput_1000: float | None = None


class Machine(Part):
    """Hardware and software that bits and seconds depend on."""

    fingerprint: str
    cpu_model: str
    cpu_flags_hash: str
    cores_available: int
    cores_used: list[int]
    memory_bytes: int
    gpu: str | None
    gpu_driver: str | None
    operating_system: str
    python: str


class Model(Part):
    """What was built; ``weights_hash`` is over the trained weights' bytes in order.

    ``built_hash`` is over the layers' configuration and the weights before training.
    """

    parameters: int
    multiply_adds: int | None  # per image; None where a layer is not one we can count
    weights_hash: str | None
    built_hash: str | None = None

    @model_serializer(mode="wrap")
    def _without_what_is_none(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what older records lack, so that they are written as they were read."""
        content: dict[str, Any] = serialize(self)
        return {k: v for k, v in content.items() if v is not None or k != "built_hash"}


class Failure(Part):
    """Why a cell has no numbers.  A worker may have said anything: it is kept as printable text."""

    kind: Literal["diverged", "error", "crashed", "killed", "timeout"]
    reason: Annotated[str, BeforeValidator(lambda text: _if_text(one_line, text))]
    detail: Annotated[str, BeforeValidator(lambda text: _if_text(printable, text))] = ""


def _if_text(clean: Callable[[str], str], value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _with_zone(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; expected ISO 8601, UTC")
    return text


class Context(Part):
    """What is worth knowing and cannot change a number; not part of the key."""

    suite: str
    variant: str
    suite_version: str
    commit: str | None = None
    dirty: bool | None = None
    started_at: Annotated[str, AfterValidator(_with_zone)]  # ISO 8601, UTC
    note: str = ""
    warnings: list[str] = []  # that were told before training, one line each


class Record(Part):
    """One cell's outcome.

    ``kind`` is "external" for predictions made elsewhere, and "ensemble" for a vote over other
    records: ``members`` are their keys, and its cell's seed counts its replicates.
    """

    schema_version: int = SCHEMA_VERSION
    kind: Literal["trained", "external", "ensemble"] = "trained"
    key: str
    status: Literal["finished", "failed"]
    attempts: int = 1
    cell: CellIdentity
    members: list[str] = []
    context: Context
    machine: Machine | None = None
    model: Model | None = None
    scores: Scores | None = None
    history: list[Epoch] = []
    timing: Timing | None = None
    peak_memory_bytes: int | None = None
    failure: Failure | None = None
    predictions_sha256: str | None = None  # of the .npz file beside the record
    test_fingerprint: str | None = None  # of the dataset's test part, 64 hex digits

    @model_serializer(mode="wrap")
    def _without_what_older_versions_lack(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Leave out what has no value, so that older records are written as they were read."""
        content: dict[str, Any] = serialize(self)
        if not self.context.warnings:
            content["context"].pop("warnings", None)
        lacking = {name for name in ("members", "test_fingerprint") if not getattr(self, name)}
        return {name: value for name, value in content.items() if name not in lacking}


@dataclass(frozen=True)
class Samples:
    """Seconds of repeated measurements of one thing."""

    name: str  # "train_step", "latency_1", "throughput_128", "throughput_1000"
    batch_size: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Speed:
    """What ``bench time`` measured of one architecture; no part of a record.

    Rates are images per second.
    """

    architecture: str
    parameters: int
    multiply_adds: int | None
    samples: tuple[Samples, ...]
    peak_memory_bytes: int
    training_gflops: float | None  # achieved, in GFLOP/s
    share_of_peak: float | None  # of the matrix-product peak
    exclusive: bool

    def of(self, name: str) -> Samples:
        """Return the samples called ``name``."""
        return next(samples for samples in self.samples if samples.name == name)


def key_of(cell: CellIdentity, members: Sequence[str] = ()) -> str:
    """Return the key of a record: its cell's, for an ensemble together with its members' keys."""
    if not members:
        return cell.key
    return canonical_hash({"cell": cell.model_dump(mode="json"), "members": list(members)})


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    return Record.model_json_schema()
