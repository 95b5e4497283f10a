"""Print the comparison table from records alone."""

import shutil
import sys
from pathlib import Path

import click

from ninetynine import suite
from ninetynine.cli import judging, options
from ninetynine.errors import UserError
from ninetynine.measures import ACCURACY, Measure
from ninetynine.records import RecordStore
from ninetynine.report import Report, format_names, render

_BY_ACCURACY = ("html", "ladder", "readme")


@click.command("report")
@click.option(
    "--format",
    "format_",
    type=click.Choice(format_names()),
    default="table",
    help="html is a page with pictures for a browser, complete in itself; "
    "readme is the page that results/README.md holds; ladder goes through a suite rung by rung.",
)
@options.output
@click.option(
    "--suite",
    "suite_name",
    metavar="NAME",
    help="The suite whose rows alone are shown, ranked among themselves; of ladder, whose rungs "
    "[default: all rows; of ladder, the suite ladder].",
)
@options.columns
@judging.measure
@judging.margin
@options.results
@options.data_dir
@options.architecture_files
@options.verbose
def command(
    format_: str,
    output: Path | None,
    suite_name: str | None,
    columns: str,
    measure: Measure | None,
    margin: str | None,
    results: Path,
    data_dir: Path | None,
    architecture_files: tuple[Path, ...],
) -> None:
    """Print the comparison tables of all records in --results; nothing is trained."""
    options.check_results(results)
    options.check_page(format_, output, "report.html")
    shown = suite_name or "ladder"
    if measure is not None and format_ in _BY_ACCURACY and not measure.is_accuracy:
        raise UserError(
            f"--format {format_} shows accuracies; --measure is for table, markdown, csv, latex "
            "and json"
        )
    asked = suite.load(shown)
    if measure is None and suite_name is not None and format_ not in _BY_ACCURACY:
        measure = judging.measure_of(asked)
    in_terminal = output is None and sys.stdout.isatty()
    report = Report(
        store=RecordStore(results),
        catalog=suite.discover(architecture_files, asked),
        suite_name=shown,
        only_suite=suite_name is not None and format_ not in _BY_ACCURACY,
        data_dir=data_dir,
        columns=options.keys_of(columns),
        margin=judging.margin_of(margin, measure or ACCURACY),
        measure=measure,
        changes=options.baseline_changes(results) if format_ == "html" else (),
        color=in_terminal,
        width=shutil.get_terminal_size().columns if in_terminal else None,
    )
    text = render(report, format_)
    if format_ == "csv":  # rows only: what could not be read is told beside it
        for problem in report.problems:
            options.warn(str(problem))
    options.put(text, output)
