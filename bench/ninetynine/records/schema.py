"""The record: one finished or failed cell, versioned and never edited.

Every number carries its unit in its name.  ``results/record.schema.json`` is the published
JSON Schema of this file (``python -m ninetynine.records`` prints it).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from ninetynine import __version__
from ninetynine.cells import Cell, CellIdentity, canonical_hash
from ninetynine.errors import one_line, printable

# 2 has ensembles: the kind, and the members; 3 has the arguments of an architecture's build; 4 has
# what its code reads, the hash of the built model, the test part's fingerprint, and a checksum.
SCHEMA_VERSION = 4
FIRST_WITH_CHECKSUM = 4
_LONGEST_DETAIL = 200_000  # characters of what a failed worker said

Fraction = Annotated[float, Field(ge=0, le=1)]
Loss = Annotated[float, Field(ge=0, le=3.5e38)]  # float32 has nothing larger
Seconds = Annotated[float, Field(ge=0, le=1e10)]  # three centuries
Rate = Annotated[float, Field(ge=0, le=1e12)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]  # SHA-256


class Part(BaseModel):
    """A table of a file of ours: nothing unknown, never changed.

    ``LATER`` are fields that older files lack: left out where they are None or empty, so that these
    are written as they were read.
    """

    LATER: ClassVar[tuple[str, ...]] = ()
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = serialize(self)
        return {k: v for k, v in content.items() if v not in (None, [], {}) or k not in self.LATER}


class Score(Part):
    """Loss (mean categorical cross-entropy in nats) and accuracy (a fraction of 1)."""

    loss: Loss | None  # None where predictions came without probabilities
    accuracy: Fraction


class Scores(Part):
    """The model after its last step, on every image of each part."""

    train: Score | None = None
    validation: Score | None = None
    test: Score


class Epoch(Part):
    """Running training metrics of one epoch, and the watched part's at its end."""

    epoch: Count
    loss: Loss
    accuracy: Fraction
    validation_loss: Loss | None = None
    validation_accuracy: Fraction | None = None


class Timing(Part):
    """Seconds by phase; only ``train_seconds`` is training (no evaluation, no compiling).

    Of a run that was trained ``together`` with others, all are its share: what all took, divided
    by how many they were.  So are the joules: of the GPU alone, or else of all processors of the
    machine, where nobody else computed on them.
    """

    LATER = ("together", "train_joules", "elsewhere_cpu_share")

    import_seconds: Seconds  # of the worker, paid once for all its cells
    data_seconds: Seconds
    build_seconds: Seconds
    compile_seconds: Seconds  # tracing and compiling the training step
    train_seconds: Seconds
    train_cpu_seconds: Seconds
    evaluate_seconds: Seconds
    other_cpu_share: Rate | None  # busy share of our cores that was not ours while training
    exclusive: bool  # whether the run had its cores to itself; else no timing table uses it
    latency_seconds: Seconds | None = None  # to answer one image: median, 95th, 99th percentile
    latency_p95_seconds: Seconds | None = None
    latency_p99_seconds: Seconds | None = None
    throughput_128: Rate | None = None  # images per second, answered in batches of 128 and 1,000
    throughput_1000: Rate | None = None
    together: Annotated[int, Field(ge=1, lt=2**31)] | None = None  # seeds trained at once, with it
    train_joules: Annotated[float, Field(ge=0, le=1e12)] | None = None
    elsewhere_cpu_share: Fraction | None = None  # how busy the machine's other cores were


class Machine(Part):
    """Hardware and software that bits and seconds depend on."""

    LATER = ("cpu_quota", "thread_limit", "gpu_facts")
    fingerprint: str
    cpu_model: str
    cpu_flags_hash: str
    cores_available: Count
    cores_used: list[Count]
    memory_bytes: Count
    gpu: str | None
    gpu_driver: str | None
    operating_system: str
    python: str
    cpu_quota: Annotated[float, Field(gt=0, le=1e6)] | None = (
        None  # cores' worth; None for no limit
    )
    thread_limit: Count | None = None  # of processes and threads together
    gpu_facts: dict[str, str] | None = None  # its slice, clocks and limits, and CUDA's packages


class Model(Part):
    """What was built; ``weights_hash`` is over the trained weights' bytes in order.

    ``built_hash`` is over the layers' configuration and the weights before training.
    ``pixel_mean`` and ``pixel_deviation`` are, for each channel, what pixels in [0, 1] were
    standardized by, where they were.
    """

    LATER = ("built_hash", "pixel_mean", "pixel_deviation")
    parameters: Count | None  # None where a program does not say
    multiply_adds: Count | None  # per image; None where a layer is not one we can count
    weights_hash: str | None
    built_hash: str | None = None
    pixel_mean: list[float] | None = None
    pixel_deviation: list[float] | None = None


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

    LATER: ClassVar[tuple[str, ...]] = ("stated_train_seconds", "dataset_revision")

    suite: str
    variant: str
    suite_version: str
    commit: str | None = None
    dirty: bool | None = None
    started_at: Annotated[str, AfterValidator(_with_zone)]  # ISO 8601, UTC
    note: str = ""
    warnings: list[str] = []  # that were told before training, one line each
    stated_train_seconds: Seconds | None = None  # of an import, on hardware that we do not know
    dataset_revision: str | None = None  # or version, of a set that another library reads

    @classmethod
    def of(cls, cell: Cell, started_at: str, warnings: Sequence[str] = ()) -> "Context":
        """Return what the record of ``cell`` is to say; commit and dirty flag come later."""
        return cls(
            suite=cell.suite,
            variant=cell.variant,
            suite_version=__version__,
            started_at=started_at,
            warnings=list(warnings),
            dataset_revision=cell.dataset_revision,
        )


class Record(Part):
    """One cell's outcome.

    ``kind`` is "external" for predictions made elsewhere, and "ensemble" for a vote over other
    records: ``members`` are their keys, and its cell's seed counts its replicates.
    """

    LATER: ClassVar[tuple[str, ...]] = ("chosen_epoch", "gpu_peak_memory_bytes")

    schema_version: Annotated[int, Field(ge=1, le=SCHEMA_VERSION)] = SCHEMA_VERSION
    kind: Literal["trained", "external", "ensemble"] = "trained"
    key: Digest
    status: Literal["finished", "failed"]
    attempts: Count = 1
    cell: CellIdentity
    members: list[Digest] = []
    context: Context
    machine: Machine | None = None
    model: Model | None = None
    scores: Scores | None = None
    history: list[Epoch] = []
    chosen_epoch: Annotated[int, Field(ge=1, lt=2**31)] | None = None  # by early stopping
    timing: Timing | None = None
    peak_memory_bytes: Count | None = None
    gpu_peak_memory_bytes: Count | None = None  # of all that were trained together
    failure: Failure | None = None
    predictions_sha256: Digest | None = None  # of the .npz file beside the record
    test_fingerprint: Digest | None = None  # of the dataset's test part
    record_sha256: Digest | None = None  # of all the rest as canonical JSON

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.status == "finished" and (self.scores is None or self.failure is not None):
            raise ValueError("a finished record has scores and no failure")
        if self.status == "failed" and (self.failure is None or self.scores is not None):
            raise ValueError("a failed record has a failure and no scores")
        if (self.kind == "ensemble") != bool(self.members):
            raise ValueError("an ensemble has members, and nothing else has")
        if [epoch.epoch for epoch in self.history] != [*range(1, len(self.history) + 1)]:
            raise ValueError("the epochs of its history are not 1, 2, 3 ...")
        if self.chosen_epoch is not None and self.chosen_epoch > len(self.history):
            raise ValueError("the epoch that it chose is not in its history")
        return self

    def epochs_trained(self, stated: float) -> float:
        """Return the epochs that were trained: the ``stated`` ones, or fewer if it stopped."""
        return stated if self.chosen_epoch is None else min(stated, len(self.history))

    @model_serializer(mode="wrap")
    def _without_what_older_versions_lack(
        self, serialize: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        """Leave out what has no value, so that older records are written as they were read."""
        content: dict[str, Any] = serialize(self)
        if not self.context.warnings:
            content.get("context", {}).pop("warnings", None)
        later = ("members", "test_fingerprint", "record_sha256", *self.LATER)
        lacking = {name for name in later if not getattr(self, name)}
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


def checksum_of(content: Mapping[str, Any]) -> str:
    """Return what the ``record_sha256`` of a record's JSON ``content`` has to be."""
    return canonical_hash({k: v for k, v in content.items() if k != "record_sha256"})


def with_checksum(record: Record) -> Record:
    """Return ``record`` with its checksum, and what a failed worker said cut to what is read."""
    if record.failure is not None and len(record.failure.detail) > _LONGEST_DETAIL:
        detail = record.failure.detail[-_LONGEST_DETAIL:]
        failure = record.failure.model_copy(update={"detail": detail})
        record = record.model_copy(update={"failure": failure})
    if record.schema_version < FIRST_WITH_CHECKSUM:
        return record
    checksum = checksum_of(json.loads(record.model_dump_json()))
    return record.model_copy(update={"record_sha256": checksum})


def vouching_for(record: Record, predictions: bytes) -> Record:
    """Return ``record`` with the hash of its ``.npz``, should it have another.

    So it has where it was packed with another version of the library that compresses.
    """
    digest = hashlib.sha256(predictions).hexdigest()
    if digest == record.predictions_sha256:
        return record
    return with_checksum(record.model_copy(update={"predictions_sha256": digest}))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a record."""
    return Record.model_json_schema()
