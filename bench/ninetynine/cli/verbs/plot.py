"""Draw a picture of the board for a paper: SVG, PNG or PDF."""

from collections.abc import Sequence
from pathlib import Path

import click

from ninetynine import suite
from ninetynine.cli import options
from ninetynine.datasets import preferred, row_name_of
from ninetynine.errors import UserError, nearest
from ninetynine.records import RecordStore
from ninetynine.report.plots.cost import COSTS
from ninetynine.report.plots.runs import BoardRuns, load_runs, of_suite
from ninetynine.report.plots.static import KINDS, draw


@click.command("plot")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.svg",
    help="Where the picture goes; .svg, .png or .pdf.",
)
@click.option("--dataset", metavar="NAME", help="Whose board [default: MNIST's].")
@click.option(
    "--variant",
    metavar="NAME",
    help="The suite whose common recipe holds [default: recipes as published].",
)
@click.option("--suite", "suite_name", metavar="NAME", help="Only what this suite is made of.")
@click.option(
    "--against",
    type=click.Choice([cost.name for cost in COSTS]),
    default="seconds",
    show_default=True,
    help="The cost that kind cost shows.",
)
@click.option("--model", metavar="NAME", help="The row that confusion and reliability show.")
@options.results
@options.architecture_files
@options.verbose
def command(
    kind: str,
    output: Path,
    dataset: str | None,
    variant: str | None,
    suite_name: str | None,
    against: str,
    model: str | None,
    results: Path,
    architecture_files: tuple[Path, ...],
) -> None:
    """Draw a picture of a board.

    \b
    KIND is one of
      cost         accuracy against training seconds, parameters, multiply-adds or latency
      seeds        every seed as a dot per model, published figures as marks
      curves       learning curves with the range of the seeds
      pairs        every pair's difference and whether it is told apart
      confusion    which labels a model takes for which
      reliability  how often a model's answers are right, by confidence
    """
    if not results.is_dir():
        raise UserError(f"--results {results}: no such folder; train something with: bench run")
    store = RecordStore(results)
    records = store.read_all()[0]
    chosen = suite.load(suite_name) if suite_name else None
    found = suite.discover(architecture_files, chosen)
    boards = load_runs(store, found, records)
    if chosen is not None:
        dataset, variant = dataset or row_name_of(chosen.dataset), variant or chosen.variant
    runs = _choose(boards, dataset, variant)
    draw(kind, of_suite(runs, chosen) if chosen else runs, output, against, model)
    click.echo(f"picture: {output}")


def _choose(boards: Sequence[BoardRuns], dataset: str | None, variant: str | None) -> BoardRuns:
    """Return the board of ``dataset``, else of MNIST, and of ``variant``, else as published."""
    if not boards:
        raise UserError("there are no records to draw; train something with: bench run")
    names = list(dict.fromkeys(runs.board.dataset for runs in boards))
    name = dataset or preferred(names) or names[0]
    if name not in names:
        raise UserError(f"--dataset {name!r}: no board is about it{nearest(name, names)}")
    here = [runs for runs in boards if runs.board.dataset == name]
    variants = [runs.board.variant for runs in here]
    if variant is None:
        return here[0]  # recipes as published come first where there are any
    if variant not in variants:
        raise UserError(
            f"--variant {variant!r}: no such board of {name}; there is: {', '.join(variants)}"
        )
    return here[variants.index(variant)]
