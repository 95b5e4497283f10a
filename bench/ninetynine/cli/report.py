"""``bench report``: the tables from records alone."""

import sys
from pathlib import Path

import click

from ninetynine import catalog, suite
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.leaderboard import build_boards
from ninetynine.records import RecordStore
from ninetynine.report import FORMATS, render


@click.command("report")
@click.option(
    "--format",
    "format_",
    type=click.Choice([*FORMATS, "html", "readme", "ladder"]),
    default="table",
    show_default=True,
    help="html is a page with pictures for a browser, complete in itself; "
    "readme is the page that results/README.md holds; ladder goes through a suite rung by rung.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to FILE instead of printing.",
)
@click.option(
    "--suite",
    "suite_name",
    default="ladder",
    show_default=True,
    metavar="NAME",
    help="Whose rungs ladder and html show.",
)
@options.results
@options.data_dir
@options.architecture_files
@options.verbose
def command(
    format_: str,
    output: Path | None,
    suite_name: str,
    results: Path,
    data_dir: Path | None,
    architecture_files: tuple[Path, ...],
    verbose: bool,
) -> None:
    """Print the comparison tables of all records in --results; nothing is trained."""
    if not results.is_dir():
        raise UserError(f"--results {results}: no such folder; train something with: bench run")
    if format_ == "html" and output is None and sys.stdout.isatty():
        raise UserError("--format html is a page for a browser: name a file, --output report.html")
    store, color = RecordStore(results), output is None
    text = _text(format_, store, suite_name, architecture_files, data_dir, color)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written ({error.strerror})") from error


def _text(
    format_: str,
    store: RecordStore,
    suite_name: str,
    architecture_files: tuple[Path, ...],
    data_dir: Path | None,
    color: bool,
) -> str:
    found = catalog.discover(architecture_files)
    if format_ == "html":
        from ninetynine.report.html import render_html

        return render_html(store, found, data_dir, suite.load(suite_name))
    if format_ == "ladder":
        from ninetynine.report.ladder import ladder_page

        return ladder_page(store, found, suite.load(suite_name))
    if format_ == "readme":
        from ninetynine.report.readme import results_readme

        return results_readme(store, found)
    records, problems = store.read_all()
    boards = build_boards(store, found, records=records)
    if format_ == "csv":  # rows only: what could not be read is told beside it
        for problem in problems:
            print(f"bench: {problem}", file=sys.stderr)
    return render(boards, format_, problems, color=color and sys.stdout.isatty())  # type: ignore[arg-type]
