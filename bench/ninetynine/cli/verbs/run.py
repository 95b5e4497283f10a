"""Train what is missing of a suite and print the comparison table."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

import click

from ninetynine import datasets
from ninetynine.cells import Cell
from ninetynine.cli import judging, options
from ninetynine.cli.progress import TERMINAL
from ninetynine.ensembles import derive
from ninetynine.errors import UserError
from ninetynine.planning import RunPlan, plan
from ninetynine.records import Record, RecordStore
from ninetynine.request import ResolvedRun, RunRequest
from ninetynine.running import Listener, TrainingOutcome, Watcher, keep_groups, train_missing
from ninetynine.scheduling import Nodes, plan_on_paper


@click.command("run")
@options.run_request(trains=True)
@click.option("--dry-run", is_flag=True, help="Say what would run and how long; train nothing.")
@click.option(
    "--nodes",
    type=click.IntRange(1, 100_000),
    metavar="K",
    help="For --dry-run: plan for up to K nodes as fast as this machine.",
)
@click.option(
    "--cores-per-node",
    type=options.WHOLE,
    metavar="C",
    help="For --dry-run: cores of a node [default: as many as here].",
)
@click.option("--retry-failed", is_flag=True, help="Try again the cells recorded as failed.")
@click.option("--keep-models", is_flag=True, help="Save each trained model in RESULTS/models.")
@options.as_json
def command(
    request: RunRequest,
    dry_run: bool,
    nodes: int | None,
    cores_per_node: int | None,
    as_json: bool,
) -> int:
    """Train what is missing of SUITE and print its comparison table.

    SUITE is a name from `bench list suites` or the path of your own .toml file, quick where none
    is named; a file of --architecture is then trained by its own recipe.  Cells that have a record
    in --results are not trained again.
    """
    for name, value in (("--nodes", nodes), ("--cores-per-node", cores_per_node)):
        if value is not None and not dry_run:
            raise UserError(f"{name} {value} plans on paper; give --dry-run with it")
    run, store = request.resolve(), RecordStore(request.results)
    options.tell_what_only_took(run)
    votes = run.votes()
    planned, outcome = run.plan(store), TrainingOutcome()
    records, problems = store.read_records()
    for problem in problems:
        options.warn(str(problem))
    if planned.missing:
        run.check_suitable(planned.missing)
        judging.check_measure(run)
    if dry_run:
        _print_dry_run(planned, run, records, Nodes(nodes, cores_per_node), as_json)
        return 0
    if planned.missing:

        def progress(cells: int | None, reused: int) -> AbstractContextManager[Listener]:
            _announce(planned.missing, run)  # here no mistake can be told any more
            return TERMINAL.progress(cells, reused)

        planned, outcome = train_missing(run, store, Watcher(progress, TERMINAL.say))
    elif datasets.info_of(run.suite.dataset) is None:  # groups that its file tells only now
        keep_groups(run.load_dataset(), store)
    derived = derive(votes, store) if votes else []
    records = [*planned.reused, *outcome.finished, *outcome.failed, *derived]
    _print_table(store, run, records, as_json)
    return _verdict(outcome, planned, plan(run.cells, store).missing)


def _print_dry_run(
    planned: RunPlan, run: ResolvedRun, records: Sequence[Record], nodes: Nodes, as_json: bool
) -> None:
    from ninetynine.report import dry_run

    paper = plan_on_paper(planned, run.cells[0], run.jobs, records, run.parameters, nodes)
    _announce(planned.missing, run)
    options.answer(as_json, dry_run.facts(paper), dry_run.lines(paper))


def _announce(missing: Sequence[Cell], run: ResolvedRun) -> None:
    """Say what will be trained, and what looks wrong with data of the user's own."""
    from ninetynine.report.announcement import announce

    if not missing:
        return
    for line in announce(missing, run.suite, run.catalog):
        click.echo(line, err=True)
    if datasets.info_of(run.suite.dataset) is None:
        for finding in datasets.findings(run.load_dataset()):
            click.echo(f"{finding.level}: {finding.message}", err=True)


def _print_table(
    store: RecordStore, run: ResolvedRun, records: Sequence[Record], as_json: bool
) -> None:
    from ninetynine.report import Report, render

    shown: str | None = (variant := run.suite.variant)
    if any(cell.variant != variant for cell in run.cells):  # some are trained by their own recipe
        variants = {cell.key: cell.variant for cell in run.cells}
        records = [_called(record, variants.get(record.key, variant)) for record in records]
        shown = None
    measure = judging.measure_of(run.suite)
    color = sys.stdout.isatty()
    report = Report(store, run.catalog, records, shown, color=color, measure=measure)
    click.echo(render(report, "json" if as_json else "table"), nl=False)


def _called(record: Record, variant: str) -> Record:
    """Return ``record`` under the name that this run has for its recipe, not an earlier one's."""
    context = record.context.model_copy(update={"variant": variant})
    return record.model_copy(update={"context": context})


def _verdict(outcome: TrainingOutcome, planned: RunPlan, missing: Sequence[Cell]) -> int:
    """Tell what went wrong and return the exit code; ``missing`` have no record now."""
    for record in [*outcome.failed, *planned.failed]:
        reason = record.failure.reason if record.failure else "no reason given"
        where = f"{record.cell.architecture}, seed {record.cell.seed}"
        hint = "" if record in outcome.failed else " (recorded earlier; --retry-failed tries again)"
        options.warn(f"{where} failed: {reason}{hint}")
    for line in outcome.unkept_models:
        options.warn(line)
    outcome.raise_refused()
    if missing and not outcome.failed:
        ids = [cell.identity for cell in missing]
        named = "; ".join(f"{of.architecture}, seed {of.seed}" for of in ids[:5])
        options.warn(f"{len(missing)} cells still have no record: {named}; run the command again")
    return 1 if outcome.failed or planned.failed or missing else 0
