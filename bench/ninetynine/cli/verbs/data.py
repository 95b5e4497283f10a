"""Describe a dataset, or draw a grid of its images."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ninetynine import datasets
from ninetynine.cli import options
from ninetynine.datasets.dataset import summarise


@click.command("data")
@click.argument("dataset", default=datasets.usual(embedded=True))
@click.option(
    "--picture",
    type=options.FILE,
    metavar="FILE.png",
    help="Draw a labeled grid of training images.",
)
@click.option("--per-class", type=click.IntRange(1, 100), default=6)
@click.option("--seed", default=0, help="Which images the picture takes.")
@options.data_dir
@options.as_json
@options.verbose
def command(
    dataset: str,
    picture: Path | None,
    per_class: int,
    seed: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Describe DATASET: shapes, ranges, labels, fingerprint, source, and what looks wrong with it.

    DATASET is a known name or the path of an .npz file.
    """
    loaded = datasets.load(dataset, data_dir)
    found = datasets.findings(loaded)
    summary = summarise(loaded, datasets.known().get(dataset))
    summary["findings"] = [asdict(finding) for finding in found]
    if picture is not None:
        _draw(loaded, picture, per_class, seed)
    lines = [*_lines(summary), *([f"picture: {picture}"] if picture is not None else [])]
    options.answer(as_json, summary, lines)


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
