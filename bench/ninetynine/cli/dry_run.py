"""``bench run --dry-run``: what would be trained, how long it would take, here and on k nodes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import click
from tabulate import tabulate

from ninetynine import machine
from ninetynine.cells import Cell
from ninetynine.cli.choice import Choice
from ninetynine.cli.options import print_json
from ninetynine.durations import Prediction, Predictor
from ninetynine.errors import UserError
from ninetynine.memory import available_bytes, gib, worker_bytes
from ninetynine.planning import Plan
from ninetynine.records import Record, RecordStore
from ninetynine.records.store import read_record
from ninetynine.scheduling import Schedule, simulate

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_NODES = 1024
_BASES = {
    "here": "{runs} here",
    "elsewhere": "{runs} on another machine",
    "multiply-adds": "a guess: its multiply-adds, at the rate of {runs} of other cells",
    "parameters": "a rough guess: its parameters, at the rate of {runs} of other cells",
    "unknown": "nothing is known: left out below",
}


@dataclass(frozen=True)
class Model:
    """The cells of one architecture in one precision, all alike but for their seeds."""

    name: str
    precision: str
    cells: int  # to train
    recorded: int
    prediction: Prediction


@dataclass(frozen=True)
class Place:
    """Where the cells could be trained: this machine, or equal nodes."""

    name: str
    workers: int
    cores: int  # that are paid for, whether or not a worker has them
    unfit: int = 0  # further workers that the cores, but not the memory, have room for


@dataclass(frozen=True)
class PaperPlan:
    """All that a dry run says."""

    plan: Plan
    models: list[Model]
    longest: Model | None  # whose cells take longest
    threads: int
    startup_seconds: float | None
    worker_bytes: int
    schedules: list[tuple[Place, Schedule]]


def dry_run_options(command: Command) -> Command:
    """Add --dry-run and what it alone takes."""
    for option in (
        click.option(
            "--cores-per-node",
            type=click.IntRange(min=1),
            metavar="C",
            help="For --dry-run: cores of a node [default: as many as here].",
        ),
        click.option(
            "--nodes",
            type=click.IntRange(1, 100_000),
            metavar="K",
            help="For --dry-run: plan for up to K nodes as fast as this machine.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Say what would run and how long; train nothing."
        ),
    ):
        command = option(command)
    return command


def check_dry_run_options(dry_run: bool, nodes: int | None, cores_per_node: int | None) -> None:
    """Raise UserError for options that only --dry-run takes."""
    for name, value in (("--nodes", nodes), ("--cores-per-node", cores_per_node)):
        if value is not None and not dry_run:
            raise UserError(f"{name} {value} plans on paper; give --dry-run with it")


def print_dry_run(
    planned: Plan,
    choice: Choice,
    store: RecordStore,
    nodes: int | None,
    cores_per_node: int | None,
    as_json: bool,
) -> None:
    """Print what a run would train and how long it would take, on paper."""
    threads = choice.cells[0].identity.threads
    if cores_per_node is not None and cores_per_node < threads:
        raise UserError(
            f"--cores-per-node {cores_per_node}: a cell takes {threads} cores (--threads {threads})"
        )
    found = (read_record(path) for path in store.paths().values())
    records = [record for record in found if isinstance(record, Record)]
    parameters = {name: found.parameters for name, found in choice.catalog.items()}
    predictor = Predictor(records, parameters)
    paper = _plan_on_paper(planned, choice, records, predictor, nodes, cores_per_node)
    if as_json:
        print_json(_facts(paper, predictor))
        return
    for line in _lines(paper):
        click.echo(line)


def _plan_on_paper(
    planned: Plan,
    choice: Choice,
    records: Sequence[Record],
    predictor: Predictor,
    nodes: int | None,
    cores_per_node: int | None,
) -> PaperPlan:
    first = choice.cells[0].identity
    models = _models(planned, predictor)
    timed = [model for model in models if model.cells and model.prediction.seconds is not None]
    seconds = [s for m in timed if (s := m.prediction.seconds) for _ in range(m.cells)]
    startup, needed = predictor.startup_seconds(first), worker_bytes(planned.missing, records)
    schedules: list[tuple[Place, Schedule]] = []
    for place in _places(choice, needed, nodes, cores_per_node):
        if not seconds:
            break
        schedules.append((place, simulate(seconds, place.workers, startup or 0.0)))
        if nodes is None and place.name != "here" and schedules[-1][1].bound_by != "work":
            break  # further nodes would have nothing to do
    return PaperPlan(
        plan=planned,
        models=models,
        longest=max(timed, key=lambda m: m.prediction.seconds or 0.0, default=None),
        threads=first.threads,
        startup_seconds=startup,
        worker_bytes=needed,
        schedules=schedules,
    )


def _models(planned: Plan, predictor: Predictor) -> list[Model]:
    """Return the models in the order of the suite, as far as something of them is missing."""
    missing: dict[tuple[str, str], list[Cell]] = {}
    recorded: dict[tuple[str, str], int] = {}
    for cell in planned.missing:
        name = cell.identity.architecture, cell.identity.precision
        missing.setdefault(name, []).append(cell)
    for record in planned.reused:
        name = record.cell.architecture, record.cell.precision
        recorded[name] = recorded.get(name, 0) + 1
    return [
        Model(*name, len(cells), recorded.get(name, 0), predictor.of(cells[0].identity))
        for name, cells in missing.items()
    ]


def _places(
    choice: Choice, needed_bytes: int, nodes: int | None, cores_per_node: int | None
) -> Iterator[Place]:
    """Yield this machine, where a worker fits, then 1, 2, 4, ... nodes.

    A cell on a GPU takes a whole one, and a node is taken to have one.  Of nodes like this
    machine the memory is known.
    """
    identity = choice.cells[0].identity
    fit = min(choice.jobs, available_bytes() // needed_bytes)
    if fit:
        yield Place("here", fit, fit * identity.threads, choice.jobs - fit)
    cores = cores_per_node or len(machine.available_cores())
    workers = 1 if identity.device == "gpu" else cores // identity.threads
    room = workers if cores_per_node else min(workers, machine.memory_bytes() // needed_bytes)
    for count in _node_counts(nodes) if room else ():
        name = f"{count} node{'' if count == 1 else 's'} of {cores} cores"
        yield Place(name, count * room, count * cores, count * (workers - room))


def _node_counts(most: int | None) -> list[int]:
    """Return 1, 2, 4, ... and ``most``."""
    limit = most or _MOST_NODES
    doubling = [2**power for power in range(limit.bit_length()) if 2**power < limit]
    return [*doubling, limit]


def _lines(paper: PaperPlan) -> Iterator[str]:
    if paper.models:
        headers = ["model", "to train", "recorded", "seconds each", "predicted from"]
        yield tabulate(map(_model_cells, paper.models), headers, disable_numparse=True,
                       colalign=("left", "right", "right", "right", "left"))  # fmt: skip
        yield ""
    yield f"{len(paper.plan.missing)} cells to train, {len(paper.plan.reused)} recorded already"
    if paper.schedules:
        yield ""
        headers = ["where", "workers", "done after", "core-hours", "busy", "bounded by"]
        rows = [_schedule_cells(paper, *scheduled) for scheduled in paper.schedules]
        yield tabulate(rows, headers, disable_numparse=True,
                       colalign=("left", "right", "right", "right", "right", "left"))  # fmt: skip
        yield ""
    if paper.models:
        yield from _notes(paper)


def _notes(paper: PaperPlan) -> Iterator[str]:
    if paper.longest is None:
        yield "No record of such cells says how long they take, so there is no schedule."
        return
    if not paper.schedules:
        yield (
            f"There is no schedule: a worker needs {paper.threads} cores and about "
            f"{gib(paper.worker_bytes)} of memory, which is not here and not on a node like this."
        )
        return
    if paper.schedules[0][0].name != "here":
        yield f"Not here: a worker needs about {gib(paper.worker_bytes)} of memory, less is free."
    startup = paper.startup_seconds
    started = "not known, taken as 0 s" if startup is None else f"{startup:.0f} s"
    yield (
        f"A worker's start-up: {started}. Its memory: about {gib(paper.worker_bytes)}. "
        "Nodes are taken to be as fast as what the seconds were measured on."
    )
    unknown = [model for model in paper.models if model.prediction.seconds is None]
    if unknown:
        names = ", ".join(model.name for model in unknown)
        yield f"Not in the sums, because nothing is known of their speed: {names}."


def _model_cells(model: Model) -> tuple[str, ...]:
    seconds, runs = model.prediction.seconds, model.prediction.runs
    name = model.name if model.precision == "float32" else f"{model.name} ({model.precision})"
    mark = "" if model.prediction.measured else "~"
    basis = _BASES[model.prediction.basis].format(runs=f"{runs} run{'' if runs == 1 else 's'}")
    each = "?" if seconds is None else f"{mark}{seconds:,.{1 if seconds < 10 else 0}f}"
    return name, str(model.cells), str(model.recorded), each, basis


def _schedule_cells(paper: PaperPlan, place: Place, schedule: Schedule) -> tuple[str, ...]:
    hours = place.cores * schedule.makespan_seconds / 3600
    return (
        place.name,
        str(place.workers),
        _duration(schedule.makespan_seconds),
        f"{hours:,.{2 if hours < 10 else 0}f}",
        f"{_busy_share(paper, place, schedule):.0%}",
        _bound(paper, place, schedule),
    )


def _busy_share(paper: PaperPlan, place: Place, schedule: Schedule) -> float:
    return schedule.worker_seconds * paper.threads / (place.cores * schedule.makespan_seconds)


def _bound(paper: PaperPlan, place: Place, schedule: Schedule) -> str:
    if schedule.bound_by == "longest cell" and paper.longest is not None:
        return f"the longest cell, of {paper.longest.name}: more workers do not help"
    if schedule.bound_by == "start-up":
        return "start-up: more workers do not help"
    if place.unfit:
        return f"memory: {place.workers} of {place.workers + place.unfit} workers fit"
    return "the work: more workers help"


def _duration(seconds: float) -> str:
    """Return seconds as people say them: ``48 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    for unit, size, decimals in (("days", 86_400, 1), ("h", 3600, 1), ("min", 60, 0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.{decimals}f} {unit}"
    return f"{seconds:.0f} s"


def _facts(paper: PaperPlan, predictor: Predictor) -> dict[str, Any]:
    return {
        "missing": [
            {
                "key": cell.key,
                **cell.identity.model_dump(),
                "predicted_seconds": predictor.of(cell.identity).seconds,
            }
            for cell in paper.plan.missing
        ],
        "reused": [record.key for record in paper.plan.reused],
        "models": [
            {
                "architecture": model.name,
                "precision": model.precision,
                "missing": model.cells,
                "reused": model.recorded,
                "predicted_seconds": model.prediction.seconds,
                "predicted_from": model.prediction.basis,
                "runs": model.prediction.runs,
            }
            for model in paper.models
        ],
        "worker": {"startup_seconds": paper.startup_seconds, "memory_bytes": paper.worker_bytes},
        "schedules": [
            {
                "where": place.name,
                "workers": place.workers,
                "cores": place.cores,
                "makespan_seconds": schedule.makespan_seconds,
                "lower_bound_seconds": schedule.lower_bound_seconds,
                "core_seconds": place.cores * schedule.makespan_seconds,
                "busy_share": _busy_share(paper, place, schedule),
                "bound_by": "memory"
                if schedule.bound_by == "work" and place.unfit
                else schedule.bound_by,
            }
            for place, schedule in paper.schedules
        ],
    }
