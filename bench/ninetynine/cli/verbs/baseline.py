"""Make or show the baseline that check compares with."""

from pathlib import Path

import click

from ninetynine.cli import judging, options
from ninetynine.cli.progress import TERMINAL
from ninetynine.errors import UserError
from ninetynine.gate.baseline import load_baseline, remove_architecture
from ninetynine.gate.request import UPDATE_SEEDS, UpdateRequest
from ninetynine.gate.request import update as update_baseline
from ninetynine.measures import Measure
from ninetynine.records import Record
from ninetynine.report import formatting
from ninetynine.report.tables import plain_table
from ninetynine.request import RunRequest


@click.group("baseline")
def command() -> None:
    """Make or show the baseline that `bench check` compares with."""


@command.command("update")
@options.run_request(of_gate=True, seeds=UPDATE_SEEDS, trains=True, without=("results",))
@options.baseline
@options.work_dir
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the baseline.")
@click.option(
    "--time-reference",
    is_flag=True,
    help="Train reference runs in between, which check --time-margin needs.",
)
@judging.measure_as("measure", "as before")
@options.as_json
def update(
    request: RunRequest,
    baseline: Path,
    work_dir: Path,
    fresh: bool,
    reason: str,
    time_reference: bool,
    measure: Measure | None,
    as_json: bool,
) -> int:
    """Train SUITE's architectures and put their records into --baseline, in place of older ones.

    Runs that `bench check` just made of the same code are used and not trained again.
    Architectures that are not asked for stay as they are.
    """
    asked = UpdateRequest(
        baseline,
        request,
        work_dir,
        fresh,
        reason=reason,
        time_reference=time_reference,
        measure=measure.name if measure is not None else None,
    )
    done = update_baseline(asked, TERMINAL)
    counts = {"written": done.written, "removed": done.removed}
    line = f"{baseline}: {done.written} runs written, {done.removed} replaced; commit the folder"
    options.answer(as_json, {**counts, **done.entry.model_dump()}, [line])
    return 0


@command.command("remove")
@click.argument("name")
@options.baseline
@options.as_json
@options.verbose
def remove(name: str, baseline: Path, as_json: bool) -> int:
    """Take the architecture NAME and its runs out of a baseline."""
    if not baseline.exists():
        raise UserError(f"{baseline}: no such folder")
    removed = remove_architecture(baseline, name)
    runs = formatting.count(removed, "run")
    line = f"{baseline}: {name} taken out, {runs} removed; commit the folder"
    options.answer(as_json, {"architecture": name, "removed": removed}, [line])
    return 0


@command.command("show")
@options.baseline
@options.as_json
@options.verbose
def show(baseline: Path, as_json: bool) -> int:
    """Print what a baseline holds, and every reason for which it was updated."""
    found = load_baseline(baseline)
    keys = {name: [r.key for r in records] for name, records in found.records.items()}
    rows = [_row(name, records) for name, records in found.records.items()]
    lines = [plain_table(rows, ["Architecture", "Dataset", "Seeds", "Failed", "Accuracy, %"])]
    for entry in found.manifest.updates:
        what = f"{len(entry.architectures)} architectures, suite {entry.suite}"
        lines.append(f"{entry.at}: {entry.reason} ({what})")
    options.answer(as_json, {"records": keys, **found.manifest.model_dump()}, lines)
    return 0


def _row(name: str, records: list[Record]) -> list[object]:
    scores = [r.scores.test.accuracy for r in records if r.scores is not None]
    mean = formatting.percent(sum(scores) / len(scores), 3) if scores else formatting.BLANK
    dataset = ", ".join(sorted({r.cell.dataset for r in records}))
    return [name, dataset, len(scores), len(records) - len(scores), mean]
