"""``bench baseline``: make a baseline deliberately, and say why it is as it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import ninetynine
from ninetynine import suite
from ninetynine.board import Run
from ninetynine.cells import Cell
from ninetynine.cli import options
from ninetynine.cli.gate_options import Prepared, gate_options, open_training, prepare
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Update, load_baseline, read_manifest, update_baseline
from ninetynine.gate.checking import at_seed
from ninetynine.machine import commit_of
from ninetynine.planning import plan
from ninetynine.records import Record
from ninetynine.report.tables import plain_table


@click.group("baseline")
def command() -> None:
    """Make or show the baseline that `bench check` compares with."""


@command.command("update")
@gate_options
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the baseline.")
@click.option(
    "--seeds",
    default="20",
    show_default=True,
    metavar="N|LIST",
    help="A count, a range 0-9, or a list 0,3,7.",
)
def update(reason: str, seeds: str, **chosen: Any) -> int:
    """Train SUITE's architectures and put their records into --baseline, in place of older ones.

    Runs that `bench check` just made of the same code are used and not trained again.
    Architectures that are not asked for stay as they are.
    """
    if not reason.strip():
        raise UserError("--reason is empty; say in a few words why the baseline changes")
    manifest = read_manifest(chosen["baseline"])
    if chosen["suite"] is None and manifest.updates:
        chosen["suite"] = manifest.updates[-1].suite
    prepared = prepare(chosen, None)
    numbers = suite.parse_seeds(seeds, "--seeds")
    cells = [at_seed(template, seed) for template in prepared.templates for seed in numbers]
    runs = _train(cells, prepared, chosen)
    commit, dirty = commit_of(Path.cwd())
    entry = Update(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=reason.strip(),
        suite=chosen["suite"],
        dataset=prepared.suite.dataset,
        architectures=[cell.identity.architecture for cell in prepared.templates],
        seeds=list(numbers),
        suite_version=ninetynine.__version__,
        commit=commit,
        dirty=dirty,
    )
    removed = update_baseline(chosen["baseline"], runs, entry)
    if chosen["as_json"]:
        options.print_json({"written": len(runs), "removed": len(removed), **entry.model_dump()})
    else:
        click.echo(
            f"{chosen['baseline']}: {len(runs)} runs written, {len(removed)} replaced; "
            "commit the folder"
        )
    return 0


@command.command("show")
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="RECORDS",
    help="Folder of the baseline's records.",
)
@options.as_json
@options.verbose
def show(baseline: Path, as_json: bool, verbose: bool) -> int:
    """Print what a baseline holds, and every reason for which it was updated."""
    found = load_baseline(baseline)
    if as_json:
        records = {name: [r.key for r in rs] for name, rs in found.records.items()}
        options.print_json({"records": records, **found.manifest.model_dump()})
        return 0
    rows = [_row(name, records) for name, records in found.records.items()]
    click.echo(plain_table(rows, ["Architecture", "Dataset", "Seeds", "Failed", "Accuracy, %"]))
    for entry in found.manifest.updates:
        what = f"{len(entry.architectures)} architectures, suite {entry.suite}"
        click.echo(f"{entry.at}: {entry.reason} ({what})")
    return 0


def _row(name: str, records: list[Record]) -> list[object]:
    scores = [r.scores.test.accuracy for r in records if r.scores is not None]
    mean = f"{100 * sum(scores) / len(scores):.3f}" if scores else ""
    dataset = ", ".join(sorted({r.cell.dataset for r in records}))
    return [name, dataset, len(scores), len(records) - len(scores), mean]


def _train(cells: list[Cell], prepared: Prepared, chosen: dict[str, Any]) -> list[Any]:
    """Return a run of each cell.  A run that diverged is part of a baseline, a crash is not."""
    store, train = open_training(prepared, chosen)
    with store.lock():
        missing = plan(cells, store, retry_failed=True).missing
        outcome = train(missing) if missing else None
        if outcome is not None:
            outcome.raise_refused()
        records = plan(cells, store).reused
        crashed = [r for r in records if r.failure and r.failure.kind != "diverged"]
        for record in crashed:
            reason = record.failure.reason if record.failure else ""
            raise UserError(
                f"{record.cell.architecture}, seed {record.cell.seed} failed: {reason}; the "
                "baseline is unchanged: run the command again"
            )
        return [Run.of(store, record) for record in records]
