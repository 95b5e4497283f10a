"""Options that several verbs share."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from ninetynine.cells import Backend, Precision

Command = TypeVar("Command", bound=Callable[..., Any])

results = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder of records.",
)
data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder with mnist.npz or the four IDX files [default: $BENCH_DATA_DIR].",
)
architecture_files = click.option(
    "--architecture",
    "architecture_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE.py",
    help="A file of your own with a build function and a RECIPE; may be given again.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")


def compute(command: Command, precision: Precision | None = "float32") -> Command:
    """Add the options that say what computes; ``precision`` None is what the suite says."""
    precisions, backends = get_args(Precision), get_args(Backend)
    options = [
        click.option(
            "--precision",
            type=click.Choice([p for p in precisions if p != "unknown"]),
            default=precision,
            show_default=precision or "the suite's",
        ),
        click.option(
            "--backend",
            type=click.Choice([b for b in backends if b != "unknown"]),
            default="tensorflow",
            show_default=True,
        ),
        click.option(
            "--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def cell_options(command: Command) -> Command:
    """Add the options that choose cells: suite, pattern, dataset, seeds, backend, threads..."""
    options: list[Callable[[Command], Command]] = [
        click.argument("suite", default="quick"),
        click.option("--only", metavar="PATTERN", help="Only architectures whose name matches."),
        click.option("--dataset", metavar="NAME", help="A dataset's name, or the path of an .npz."),
        click.option("--seeds", metavar="N|LIST", help="A count, a range 0-9, or a list 0,3,7."),
        click.option(
            "--jobs",
            default="auto",
            show_default=True,
            help="Worker processes; auto is one per core, or one for the GPU.",
        ),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="Threads per worker [default: cores / jobs]; part of a record's key.",
        ),
        partial(compute, precision=None),
        results,
        data_dir,
        architecture_files,
        verbose,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def print_json(value: object) -> None:
    """Print ``value`` as indented JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
