"""Cheap synthetic records with predictions, for tests of everything that reads records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine.architecture import Architecture, Claim
from ninetynine.cells import CellIdentity
from ninetynine.recipe import Recipe
from ninetynine.records import (
    Context,
    Epoch,
    Failure,
    Machine,
    Model,
    Predictions,
    Record,
    RecordStore,
    Score,
    Scores,
    Timing,
)
from ninetynine.records.schema import checksum_of

PACKAGES = {"keras": "3.15.1", "numpy": "2.4.0", "tensorflow": "2.21.0"}
CONTEXT = {
    "suite": "tutorials",
    "variant": "published",
    "suite_version": "0.1.0",
    "started_at": "2026-01-01T00:00:00+00:00",
}


def make_identity(architecture: str = "net", seed: int = 0, **changes: Any) -> CellIdentity:
    fields: dict[str, Any] = {
        "protocol_version": 1,
        "architecture": architecture,
        "source_hash": "5" * 64,
        "recipe": {"batch_size": 128, "epochs": 5, "optimizer": {"name": "adam"}},
        "dataset": "mnist",
        "dataset_fingerprint": "d" * 64,
        "seed": seed,
        "backend": "tensorflow",
        "packages": PACKAGES,
        "precision": "float32",
        "threads": 1,
        "device": "cpu",
        "deterministic": True,
    }
    return CellIdentity(**{**fields, **changes})


def make_machine(cpu_model: str = "Test CPU", fingerprint: str = "f" * 16) -> Machine:
    return Machine(
        fingerprint=fingerprint,
        cpu_model=cpu_model,
        cpu_flags_hash="0" * 16,
        cores_available=2,
        cores_used=[0],
        memory_bytes=8 * 2**30,
        gpu=None,
        gpu_driver=None,
        operating_system="Linux",
        python="3.11.0",
    )


def make_labels(images: int, shift: int = 0, classes: int = 10) -> np.ndarray:
    """uint16 (images,): 0, 1, ... 9, 0, 1, ... starting at ``shift``."""
    return ((np.arange(images) + shift) % classes).astype(np.uint16)


def make_predictions(
    wrong: Any, images: int = 1000, shift: int = 0, classes: int = 10
) -> Predictions:
    """Predictions that are right except on the image indices ``wrong``."""
    labels = make_labels(images, shift, classes)
    answers = labels.astype(int)
    answers[np.asarray(wrong, dtype=int)] += 1
    probabilities = np.full((images, classes), 0.1 / classes, dtype=np.float16)
    probabilities[np.arange(images), answers % classes] = 0.9 + 0.1 / classes
    return Predictions(probabilities, labels)


def make_record(
    architecture: str = "net",
    seed: int = 0,
    *,
    accuracy: float = 0.98,
    loss: float | None = 0.05,
    train_accuracy: float | None = 0.99,
    last_epoch_accuracy: float = 0.985,
    train_seconds: float = 10.0,
    exclusive: bool = True,
    machine: Machine | None = None,
    context: dict[str, Any] | None = None,
    parameters: int = 1000,
    **identity: Any,
) -> Record:
    """A finished record; ``identity`` changes fields of its cell."""
    cell = make_identity(architecture, seed, **identity)
    train = None if train_accuracy is None else Score(loss=0.01, accuracy=train_accuracy)
    return Record(
        key=cell.key,
        status="finished",
        cell=cell,
        context=Context(**{**CONTEXT, **(context or {})}),
        machine=machine or make_machine(),
        model=Model(parameters=parameters, multiply_adds=2 * parameters, weights_hash="a" * 64),
        scores=Scores(train=train, test=Score(loss=loss, accuracy=accuracy)),
        history=[Epoch(epoch=1, loss=0.05, accuracy=last_epoch_accuracy)],
        timing=Timing(
            import_seconds=1.0,
            data_seconds=1.0,
            build_seconds=0.1,
            compile_seconds=1.0,
            train_seconds=train_seconds,
            train_cpu_seconds=train_seconds,
            evaluate_seconds=1.0,
            other_cpu_share=0.0,
            exclusive=exclusive,
        ),
    )


def make_failed(
    architecture: str = "net",
    seed: int = 0,
    *,
    kind: Any = "timeout",
    reason: str = "no result after 60 s",
    **identity: Any,
) -> Record:
    cell = make_identity(architecture, seed, **identity)
    return Record(
        key=cell.key,
        status="failed",
        cell=cell,
        context=Context(**CONTEXT),
        failure=Failure(kind=kind, reason=reason),
    )


def write_run(
    store: RecordStore,
    architecture: str = "net",
    seed: int = 0,
    *,
    wrong: Any = (0, 1),
    images: int = 1000,
    shift: int = 0,
    classes: int = 10,
    **fields: Any,
) -> Record:
    """Write a finished record whose predictions miss the images ``wrong``; return it."""
    predictions = make_predictions(wrong, images, shift, classes)
    accuracy = float(predictions.correct.mean())
    record = make_record(architecture, seed, **{"accuracy": accuracy, **fields})
    return store.write(record, predictions)


def write_bare(store: RecordStore, record: Record) -> Record:
    """Write a finished ``record`` without predictions, as versions before 4 could."""
    return store.write(record.model_copy(update={"schema_version": 3}), None)


def edit_record(path: Path, *, signed: bool = False, **changes: Any) -> None:
    """Change keys of the record in ``path``; ``signed`` gives it the checksum of what it says."""
    content = {**json.loads(path.read_text()), **changes}
    if signed:
        content["record_sha256"] = checksum_of(content)
    path.write_text(json.dumps(content))


def draw_wrong(rate: float, seed: int, images: int = 1000) -> np.ndarray:
    """Indices of wrong images: some images are hard for every model, the rest is luck."""
    difficulty = np.random.default_rng(0).exponential(size=images) ** 3
    chance = np.minimum(difficulty * rate * images / difficulty.sum(), 0.95)
    return np.flatnonzero(np.random.default_rng([1, seed]).random(images) < chance)


def make_architecture(
    name: str = "net", recipe: dict[str, Any] | None = None, claims: Any = ()
) -> Architecture:
    """An architecture as the catalogue would find it, without a file."""
    recipe = make_identity().recipe if recipe is None else recipe
    return Architecture(
        name=name,
        path=Path(f"{name}.py"),
        module=None,
        origin="test",
        docstring="",
        recipe=Recipe.from_canonical(recipe),
        claims=tuple(Claim(**claim) for claim in claims),
        parameters=None,
        source_hash="5" * 64,
        source_files={},
    )


def make_claim(value: float, digits: int = 4, **fields: Any) -> dict[str, Any]:
    claim = {"id": "T0", "metric": "test_accuracy", "dataset": "mnist"}
    return {**claim, "value": value, "digits": digits, **fields}
