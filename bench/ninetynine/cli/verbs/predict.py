"""Classify one image with a trained model."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from ninetynine import catalog, datasets, suite
from ninetynine.architecture import Architecture
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.planning import kept, model_path
from ninetynine.records import Record, RecordStore
from ninetynine.report import formatting
from ninetynine.suite import Suite


@click.command("predict")
@click.argument("architecture")
@click.option("--seed", type=click.IntRange(min=0), default=0)
@click.option("--index", type=int, help="A test image by its index.")
@click.option(
    "--image",
    type=options.FILE,
    metavar="FILE.png",
    help="A picture of one digit; needs a model kept by `bench run --keep-models`.",
)
@click.option(
    "--dataset", metavar="NAME", help="Which of its records [default: the usual dataset's]."
)
@options.results
@options.architecture_files
@options.variants_of
@options.as_json
@options.verbose
def command(
    architecture: str,
    seed: int,
    index: int | None,
    image: Path | None,
    dataset: str | None,
    results: Path,
    architecture_files: tuple[Path, ...],
    of_suite: Suite | None,
    as_json: bool,
) -> None:
    """Classify one image with the model that ARCHITECTURE became under --seed.

    A test image's probabilities are in the record already, so --index needs no model.
    """
    if (index is None) == (image is None):
        raise UserError("give either --index I (a test image) or --image FILE.png")
    found = catalog.get(suite.discover(architecture_files, of_suite), architecture)
    store = options.open_store(results)
    record = _record_of(store, found.name, seed, dataset)
    if index is not None:
        probabilities, label, done = *_recorded(store, record, index), ""
    else:
        assert image is not None
        (probabilities, done), label = _classify(results, found, record, image), None
    facts = {
        "architecture": found.name,
        "seed": seed,
        "dataset": record.cell.dataset,
        "recipe": record.context.variant,
        "image": str(image) if image else f"test image {index}",
        "image_changed": done or None,
        "probabilities": [float(p) for p in probabilities],
        "predicted": int(np.argmax(probabilities)),
        "label": label,
    }
    options.answer(as_json, facts, _lines(facts))


def _record_of(store: RecordStore, name: str, seed: int, dataset: str | None) -> Record:
    """Return the finished record to predict with: as published, in float32 if possible."""
    wanted = datasets.called(dataset) if dataset else None
    records = [
        r
        for r in store.read_all()[0]
        if r.cell.architecture == name
        and r.cell.seed == seed
        and r.status == "finished"
        and wanted in (None, r.cell.dataset)
    ]
    if not records:
        on = f" on {wanted}" if wanted else ""
        raise UserError(
            f"no finished record of {name}{on} with seed {seed} in {store.directory}; "
            f"train it with: bench run --only {shlex.quote(name)} --keep-models"
        )
    usual = datasets.preferred(record.cell.dataset for record in records)
    return min(records, key=lambda record: _preference(record, usual))


def _preference(record: Record, usual: str | None) -> tuple[bool, bool, bool, str]:
    cell, variant = record.cell, record.context.variant
    return cell.dataset != usual, variant != "published", cell.precision != "float32", record.key


def _recorded(store: RecordStore, record: Record, index: int) -> tuple[Sequence[float], int]:
    predictions = store.predictions(record)
    if predictions is None:
        raise UserError(f"{store.source_of(record)} has no readable predictions of it")
    count = len(predictions.labels)
    if not 0 <= index < count:
        raise UserError(f"--index {index}: the test set has images 0 to {count - 1}")
    return predictions.probabilities[index].tolist(), int(predictions.labels[index])


def _classify(
    results: Path, found: Architecture, record: Record, image: Path
) -> tuple[Sequence[float], str]:
    if not kept(results / "models", record):
        raise UserError(
            f"no model is kept for {record.cell.label}; train it with: bench run "
            f"{record.context.suite} --only {shlex.quote(found.name)} --keep-models"
        )
    from ninetynine.training.predictions import classify

    path = model_path(results / "models", record.key, record.cell)
    return classify(found, record, path, image)


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{facts['architecture']}, seed {facts['seed']}, trained on {facts['dataset']} "
        f"({facts['recipe']} recipe): {facts['image']}"
    )
    if facts["image_changed"]:
        yield f"the picture was {facts['image_changed']}"
    for digit, probability in enumerate(facts["probabilities"]):
        bar = "#" * round(40 * probability)
        mark = " <- predicted" if digit == facts["predicted"] else ""
        yield f"  {digit}  {formatting.percent(probability, 4):>7}%  {bar}{mark}"
    if facts["label"] is not None:
        verdict = "right" if facts["label"] == facts["predicted"] else "wrong"
        yield f"true label {facts['label']}: {verdict}"
