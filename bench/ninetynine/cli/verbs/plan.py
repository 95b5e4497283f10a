"""Say how many seeds would show a difference."""

import dataclasses
from pathlib import Path

import click
import numpy as np

from ninetynine import suite
from ninetynine.board import Row, Rows, check_comparable, check_separate
from ninetynine.board.measured import check_measured, measured
from ninetynine.cli import judging, options
from ninetynine.errors import UserError
from ninetynine.measures import ACCURACY, Measure
from ninetynine.report.comparison import plan_sentences
from ninetynine.statistics import pair_components, plan


@click.command("plan")
@click.argument("a")
@click.argument("b")
@click.option(
    "--difference",
    metavar="POINTS",
    callback=judging.number_in(0, 100),
    help="The difference to show, in percentage points (nats of log_loss) [default: 0.1, or 0.001 "
    "of what is no percentage].",
)
@judging.measure
@judging.alpha
@judging.power
@judging.looks
@click.option("--dataset", metavar="NAME", help="Whose records [default: the usual dataset's].")
@options.results
@options.architecture_files
@options.as_json
@options.verbose
def command(
    a: str,
    b: str,
    difference: float | None,
    measure: Measure | None,
    alpha: float,
    power: float,
    looks: int,
    dataset: str | None,
    results: Path,
    architecture_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Say how many seeds of A and B show a --difference with --power, by the test that
    `bench compare` makes with the same --alpha and --looks.

    The variances come from the records there are.  Where B has none yet, the row nearest to A in
    accuracy stands in for it, and the answer says so.
    """
    rows = Rows(options.open_store(results), suite.discover(architecture_files), dataset)
    first = rows.find(a)
    second, note = _second(rows, first, b)
    check_comparable(first, second)
    check_separate(first, second)
    by = measure or ACCURACY
    check_measured((first, second), by)
    found_of = [measured(row, by).summary for row in (first, second)]
    summaries = [summary for summary in found_of if summary is not None]
    components = pair_components(*summaries)
    if components is None:
        raise UserError(
            f"{first.full_name} and {second.full_name} have one run each, which says nothing about "
            "the spread over seeds; run two of one of them first, with --seeds 2"
        )
    images = summaries[0].n_images
    shown = 0.001 if difference is None else difference / (100 if by.unit == "%" else 1)
    of_values = by.value_difference(shown, *(abs(summary.mean) for summary in summaries))
    found = plan(components, images, of_values, alpha / looks, power)
    found = dataclasses.replace(found, difference=shown)
    groups = first.test_groups
    lines = [*plan_sentences(first.full_name, b, found, images, power, groups, by), *note]
    told = {} if by.is_accuracy else {"measure": by.name}
    options.answer(as_json, {**dataclasses.asdict(found), **told, "sentences": lines}, lines)


def _second(rows: Rows, first: Row, name: str) -> tuple[Row, list[str]]:
    try:
        return rows.find(name), []
    except UserError:
        known = suite.discover()
        if name.partition("@")[0] not in known:
            raise
    others = [r for r in rows if r.key == first.key and r.full_name != first.full_name]
    if not others:
        raise UserError(f"{name} has no records, and no other row can stand in for it")
    mean = first.correct.mean()
    nearest = min(others, key=lambda row: abs(float(np.mean(row.correct)) - mean))
    return nearest, [f"{name} has no records yet: its spread is taken to be {nearest.full_name}'s."]
