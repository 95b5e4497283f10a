"""Describe a dataset, or draw a grid of its images."""

from collections.abc import Sequence
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
    if as_json:
        options.print_json(summary)
        return
    _print(summary)
    if loaded.notes:
        _print_lines("notes", loaded.notes)
    _print_lines("findings", [f"{finding.level}: {finding.message}" for finding in found])
    if picture is not None:
        click.echo(f"picture: {picture}")


def _draw(loaded: datasets.Dataset, path: Path, per_class: int, seed: int) -> None:
    from ninetynine.datasets.picture import draw_grid, sample_indices

    chosen = sample_indices(loaded.train_labels, per_class, seed)
    names = loaded.class_names or range(loaded.num_classes)
    captions = [f"{names[loaded.train_labels[index]]}\n#{index}" for index in chosen]
    title = f"{loaded.name}: {per_class} training images of each class"
    draw_grid(loaded.train_images[chosen], captions, path, columns=per_class * 2, title=title)


def _print(summary: dict[str, Any]) -> None:
    for name, value in summary.items():
        if name in ("notes", "findings"):  # lines of their own
            continue
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for key, item in value.items():
                click.echo(f"  {key}: {_line(item)}")
        else:
            click.echo(f"{name}: {_line(value)}")


def _print_lines(heading: str, lines: Sequence[str]) -> None:
    click.echo(f"{heading}:" if lines else f"{heading}: none")
    for line in lines:
        click.echo(f"  {line}")


def _line(value: Any) -> str:
    if isinstance(value, dict):
        shape = " x ".join(map(str, value["shape"]))
        span = f"{value['minimum']} to {value['maximum']}"
        return f"{shape} {value['dtype']}, {span}, length {value['length']}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
