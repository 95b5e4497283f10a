"""Rank models from any table of answers, or from other tools' logs."""

import sys
from pathlib import Path

import click

from ninetynine.cli import options
from ninetynine.errors import printable
from ninetynine.ranking import FORMATS, rank_files


@click.command("rank")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table")
@options.output
@options.columns
@click.option("--metric", metavar="NAME", help="Of a log's several metrics or scorers the one.")
@options.verbose
def command(
    files: tuple[str, ...], format_: str, output: Path | None, columns: str, metric: str | None
) -> None:
    """Rank the models in FILEs: a table with columns model, item, and correct or score.

    CSV, JSON lines or Parquet; optional columns are seed, group and dataset.  Or logs, which
    NAME=FILE gives a model's name: samples_*.jsonl of lm-evaluation-harness (--log_samples),
    Inspect's .eval and .json, SWE-bench's reports and results.json.
    """
    options.check_page(format_, output, "ranks.html")
    ranking = rank_files(files, metric)
    color = output is None and sys.stdout.isatty()
    options.put(ranking.render(format_, options.keys_of(columns), color), output)
    if format_ == "table" or output is not None:
        click.echo("\n".join(["", *map(printable, ranking.sentences())]))
