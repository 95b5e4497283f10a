"""Draw a picture of the board for a paper: SVG, PNG or PDF."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from ninetynine import datasets, suite
from ninetynine.board import Board, build_boards
from ninetynine.cli import options
from ninetynine.errors import UserError, nearest
from ninetynine.report import figures
from ninetynine.report.drawing import styles
from ninetynine.suite import Suite

_KINDS = figures.FIGURES.entries()


def _figure_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that pictures have, each once, with the kinds that take it."""
    found: dict[str, list[tuple[str, figures.Option]]] = {}
    for kind in _KINDS:
        option = figures.load(kind).option
        if option is not None:
            found.setdefault(option.name, []).append((kind, option))
    for name, kinds in sorted(found.items(), reverse=True):
        option = kinds[0][1]
        add = click.option(
            f"--{name}",
            type=click.Choice(option.choices) if option.choices else None,
            metavar=None if option.choices else "NAME",
            help=f"{option.help}; for {', '.join(kind for kind, _ in kinds)} "
            f"[default: {option.default or 'the first'}].",
        )
        command = add(command)
    return command


class _Command(click.Command):
    """The verb, whose help lists the kinds of pictures that there are."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Kinds"):
            formatter.write_dl([(name, kind.summary()) for name, kind in _KINDS.items()])
        super().format_options(context, formatter)


@click.command("plot", cls=_Command)
@click.argument("kind", type=click.Choice(list(_KINDS)), metavar="KIND")
@click.option(
    "--output",
    type=options.FILE,
    required=True,
    metavar="FILE.svg",
    help="Where the picture goes; .svg, .png or .pdf.",
)
@click.option("--dataset", metavar="NAME", help="Whose board [default: the usual dataset's].")
@click.option(
    "--variant",
    metavar="NAME",
    help="The suite whose common recipe holds [default: recipes as published].",
)
@click.option(
    "--rows",
    multiple=True,
    metavar="PATTERN",
    help="Only these rows: names, globs or parts of names, with commas; may be given again.",
)
@click.option(
    "--width",
    type=options.POSITIVE,
    metavar="PIXELS",
    help="Of the whole picture [default: 788; on paper 336, a column].",
)
@click.option(
    "--style",
    type=click.Choice(styles.THEMES),
    default="light",
    help="Colors; paper has no background, and is as wide as a column.",
)
@options.of_suite("Only what this suite is made of.")
@_figure_options
@options.results
@options.architecture_files
@options.verbose
def command(
    kind: str,
    output: Path,
    dataset: str | None,
    variant: str | None,
    rows: tuple[str, ...],
    width: float | None,
    style: str,
    of_suite: Suite | None,
    results: Path,
    architecture_files: tuple[Path, ...],
    **chosen: Any,
) -> None:
    """Draw a picture of a board."""
    options.check_results(results)
    store = options.open_store(results)
    found = suite.discover(architecture_files, of_suite)
    figure = figures.load(kind)
    boards = build_boards(store, found, sums=figure.sums)
    for one in boards:
        one.changes = options.baseline_changes(results)
    if of_suite is not None:
        dataset = dataset or datasets.called(of_suite.dataset)
        variant = variant or of_suite.variant
    board = _choose(boards, dataset, variant, figure)
    board = board.of_suite(of_suite) if of_suite else board
    figures.draw(kind, board, output, chosen, rows, width, style)
    click.echo(f"picture: {output}")


def _choose(
    boards: Sequence[Board], dataset: str | None, variant: str | None, figure: figures.Figure
) -> Board:
    """Return the board of ``dataset``, else the usual one's, and of ``variant``.

    Without one it is the first that has something to draw, published recipes before others.
    """
    if not boards:
        raise UserError("there are no records to draw; train something with: bench run")
    names = _distinct(board.dataset for board in boards)
    name = dataset or datasets.preferred(names) or names[0]
    name = name if name in names else datasets.called(name)
    if name not in names:
        raise UserError(f"--dataset {name!r}: no board is about it{nearest(name, names)}")
    here = [board for board in boards if board.dataset == name]
    variants = [board.variant for board in here]
    if variant is None:
        return next((board for board in here if figure.views(board)), here[0])
    if variant not in variants:
        raise UserError(
            f"--variant {variant!r}: no such board of {name}; there is: "
            f"{', '.join(_distinct(variants))}"
        )
    return here[variants.index(variant)]


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
