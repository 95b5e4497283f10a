"""``bench run``: train what is missing of a suite, then print its table."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ninetynine.cli import options
from ninetynine.cli.choice import Choice, choose
from ninetynine.cli.dry_run import check_dry_run_options, dry_run_options, print_dry_run
from ninetynine.cli.executing import check_executor_options, open_executor
from ninetynine.cli.progress import make_progress
from ninetynine.ensembles import derive
from ninetynine.errors import UserError
from ninetynine.planning import Plan, longest_first, plan
from ninetynine.records import RecordStore
from ninetynine.running import Outcome, execute, make_tasks


@click.command("run")
@options.cell_options
@dry_run_options
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give up on a cell after this.",
)
@click.option("--retry-failed", is_flag=True, help="Try again the cells recorded as failed.")
@click.option("--keep-models", is_flag=True, help="Save each trained model in RESULTS/models.")
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where cells are trained: here, or on a Ray cluster.",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    help="Of the Ray cluster: auto, local, HOST:PORT or ray://HOST:PORT [default: auto].",
)
@options.as_json
def command(
    dry_run: bool,
    nodes: int | None,
    cores_per_node: int | None,
    timeout: float | None,
    retry_failed: bool,
    keep_models: bool,
    executor: str,
    address: str | None,
    as_json: bool,
    **chosen: Any,
) -> int:
    """Train what is missing of SUITE and print its comparison table.

    SUITE is a name from `bench list suites` or the path of your own .toml file.  Cells that have
    a record in --results are not trained again.
    """
    check_dry_run_options(dry_run, nodes, cores_per_node)
    check_executor_options(executor, address, chosen["jobs"])
    results: Path = chosen["results"]
    choice = choose(chosen, models_dir=results / "models" if keep_models else None)
    store = RecordStore(results)

    def plan_now() -> Plan:
        return plan(choice.cells, store, retry_failed, choice.source.models_dir)

    planned, outcome = plan_now(), Outcome()
    for problem in planned.problems:
        print(f"bench: {problem}", file=sys.stderr)
    if dry_run:
        print_dry_run(planned, choice, store, nodes, cores_per_node, as_json)
        return 0
    if planned.missing:
        planned, outcome = _train(choice, plan_now, store, timeout, executor, address)
    votes = derive(choice.votes, store) if choice.votes else []
    records = [*planned.reused, *outcome.finished, *outcome.failed, *votes]
    _print_table(store, choice, records, as_json)
    return _verdict(outcome, planned)


def _train(
    choice: Choice,
    plan_now: Callable[[], Plan],
    store: RecordStore,
    timeout: float | None,
    executor: str,
    address: str | None,
) -> tuple[Plan, Outcome]:
    from ninetynine import datasets

    datasets.load(choice.source.dataset, choice.source.data_dir)  # a mistake is told before work
    parameters = {name: found.parameters for name, found in choice.catalog.items()}
    with store.lock():
        planned = plan_now()  # once more: another run may have ended while this one waited
        records = store.read_all()[0]
        cells = longest_first(planned.missing, parameters, records)
        tasks = make_tasks(cells, choice.source)
        opened = open_executor(executor, address, choice.jobs, timeout, cells, tasks, records)
        try:
            with opened as trainer, make_progress(len(tasks), len(planned.reused)) as progress:
                return planned, execute(tasks, trainer, store, progress.on_event)
        except KeyboardInterrupt:
            done = len(plan(choice.cells, store).reused)
            raise UserInterrupt(done, len(choice.cells)) from None


class UserInterrupt(UserError):
    """Ctrl-C; what is recorded stays, and the same command goes on."""

    exit_code = 130

    def __init__(self, done: int, cells: int) -> None:
        super().__init__(
            f"interrupted: {done} of {cells} cells are recorded, none is lost; "
            "run the same command again to go on"
        )


def _print_table(store: RecordStore, choice: Choice, records: list[Any], as_json: bool) -> None:
    from ninetynine.report import Report, render

    variant = choice.suite.variant
    report = Report(store, choice.catalog, records, variant, color=sys.stdout.isatty())
    click.echo(render(report, "json" if as_json else "table"), nl=False)


def _verdict(outcome: Outcome, planned: Plan) -> int:
    for record in [*outcome.failed, *planned.failed]:
        reason = record.failure.reason if record.failure else "no reason given"
        where = f"{record.cell.architecture}, seed {record.cell.seed}"
        hint = "" if record in outcome.failed else " (recorded earlier; --retry-failed tries again)"
        print(f"bench: {where} failed: {reason}{hint}", file=sys.stderr)
    outcome.raise_refused()
    return 1 if outcome.failed or planned.failed else 0
