"""Describe a dataset, draw a grid of its images, or export them."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ninetynine import datasets
from ninetynine.cli import options
from ninetynine.datasets.dataset import NAMINGS, summarise
from ninetynine.datasets.files import write_npz
from ninetynine.errors import UserError
from ninetynine.records.store import safe_name

_EXPORT = "export"


@click.command("data")
@click.argument("words", nargs=-1, metavar="[export] [DATASET]")
@click.option(
    "--picture",
    type=options.FILE,
    metavar="FILE.png",
    help="Draw a labeled grid of training images.",
)
@click.option("--per-class", type=click.IntRange(1, 100), default=6)
@click.option("--seed", default=0, help="Which images the picture takes.")
@click.option("--into", type=options.FOLDER, metavar="FOLDER", help="export: where the .npz goes.")
@click.option("--labels", is_flag=True, help="export: the test labels, too.")
@click.option("--train", is_flag=True, help="export: the training images and labels, too.")
@options.reading
@options.data_dir
@options.as_json
@options.verbose
def command(
    words: tuple[str, ...],
    picture: Path | None,
    per_class: int,
    seed: int,
    into: Path | None,
    labels: bool,
    train: bool,
    reading: dict[str, str],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Describe DATASET: shapes, ranges, labels, fingerprint, source, and what looks wrong with it.

    DATASET is a known name, or a path: a folder of pictures, a .csv that lists some, an .npz.
    `bench data export DATASET --into FOLDER` writes its test images as an .npz for those who train
    elsewhere; `bench import` takes their predictions.
    """
    exports = words[:1] == (_EXPORT,)
    names = words[1:] if exports else words
    if len(names) > 1:
        raise UserError(f"{names[1]!r}: expected one dataset, got {len(names)}")
    named = names[0] if names else datasets.usual(embedded=True)
    dataset = datasets.with_options(named, reading)
    if exports:
        if into is None or picture is not None:
            raise UserError("bench data export DATASET: give --into FOLDER, and no --picture")
        _export(dataset, into, labels, train, data_dir, as_json)
        return
    if into is not None or labels or train:
        raise UserError(
            "--into, --labels and --train belong to: bench data export DATASET --into FOLDER"
        )
    loaded = datasets.load(dataset, data_dir)
    found = datasets.findings(loaded)
    summary = summarise(loaded, datasets.known().get(dataset))
    summary["findings"] = [asdict(finding) for finding in found]
    if picture is not None:
        _draw(loaded, picture, per_class, seed)
    lines = [*_lines(summary), *([f"picture: {picture}"] if picture is not None else [])]
    options.answer(as_json, summary, lines)


def _export(
    name: str, into: Path, labels: bool, train: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Write the arrays that are asked for, by the names that `datasets.load` reads."""
    loaded = datasets.load(name, data_dir)
    x_train, y_train, x_test, y_test, *_ = NAMINGS[0]
    wanted = [*([x_train, y_train] * train), x_test, *([y_test] * labels)]
    arrays = {array: loaded.arrays[array] for array in wanted}
    # Not the dataset's own name: a file may not be called like a known dataset.
    path = into / f"{safe_name(loaded.name)}-export.npz"
    write_npz(path, arrays)
    then = f"bench import NAME predictions.csv --dataset {shlex.quote(name)}"
    shapes = {array: list(content.shape) for array, content in arrays.items()}
    said = ", ".join(f"{array} {content.shape}" for array, content in arrays.items())
    order = f"predictions for x_test, in its order: {then}"
    facts = {"file": str(path), "fingerprint": loaded.fingerprint, "arrays": shapes, "import": then}
    options.answer(as_json, facts, [f"{path}: {said}", order])


def _draw(loaded: datasets.Dataset, path: Path, per_class: int, seed: int) -> None:
    from ninetynine.datasets.picture import draw_grid, sample_indices

    chosen = sample_indices(loaded.train_labels, per_class, seed)
    names = loaded.class_names or range(loaded.num_classes)
    captions = [f"{names[loaded.train_labels[index]]}\n#{index}" for index in chosen]
    title = f"{loaded.name}: {per_class} training images of each class"
    draw_grid(loaded.train_images[chosen], captions, path, columns=per_class * 2, title=title)


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    findings = [f"{finding['level']}: {finding['message']}" for finding in summary["findings"]]
    for name, value in {**summary, "findings": findings}.items():
        if value == {}:  # no groups of images are known
            continue
        if isinstance(value, dict):
            yield f"{name}:"
            yield from (f"  {key}: {_line(item)}" for key, item in value.items())
        elif name not in ("notes", "findings"):
            yield f"{name}: {_line(value)}"
        elif value or name == "findings":  # a line for each
            yield f"{name}:" if value else f"{name}: none"
            yield from (f"  {line}" for line in value)


def _line(value: Any) -> str:
    if isinstance(value, dict):
        shape = " x ".join(map(str, value["shape"]))
        span = f"{value['minimum']} to {value['maximum']}"
        return f"{shape} {value['dtype']}, {span}, length {value['length']}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
