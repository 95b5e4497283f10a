"""What ``check`` and ``baseline update`` share: their options, and the options as cells."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ninetynine import catalog, datasets, suite
from ninetynine.cells import Cell
from ninetynine.cli import options
from ninetynine.cli.choice import jobs_and_threads
from ninetynine.cli.progress import make_progress
from ninetynine.cli.workers import affordable_jobs
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Baseline
from ninetynine.gate.checking import Trainer
from ninetynine.gate.trainer import local_trainer
from ninetynine.gate.workspace import DEFAULT, open_workspace
from ninetynine.records import RecordStore
from ninetynine.running import Source


@dataclass(frozen=True)
class Prepared:
    """One cell per architecture, its seed to be replaced; ``gone`` has only the baseline."""

    suite: suite.Suite
    templates: list[Cell]
    gone: list[str]
    jobs: int
    source: Source


def gate_options(command: options.Command) -> options.Command:
    """Add the options that choose architectures and how they are trained."""
    added = [
        click.argument("suite", required=False),
        click.option(
            "--baseline",
            type=click.Path(path_type=Path, file_okay=False),
            required=True,
            metavar="RECORDS",
            help="Folder of the baseline's records.",
        ),
        click.option("--only", metavar="PATTERN", help="Only architectures whose name matches."),
        click.option("--dataset", metavar="NAME", help="A dataset's name, or the path of an .npz."),
        click.option("--jobs", default="auto", show_default=True, help="Worker processes."),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            help="Threads per worker [default: the baseline's].",
        ),
        click.option(
            "--precision",
            type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
            default="float32",
            show_default=True,
        ),
        click.option(
            "--backend",
            type=click.Choice(["tensorflow", "jax", "torch"]),
            default="tensorflow",
            show_default=True,
        ),
        click.option(
            "--device", type=click.Choice(["cpu", "gpu"]), default="cpu", show_default=True
        ),
        click.option(
            "--timeout", type=float, metavar="SECONDS", help="Give up on a run after this."
        ),
        click.option(
            "--work-dir",
            type=click.Path(path_type=Path, file_okay=False),
            default=DEFAULT,
            show_default=True,
            help="Where new runs are kept, so that an interrupted check goes on.",
        ),
        click.option("--fresh", is_flag=True, help="Train again what is kept in --work-dir."),
        options.data_dir,
        options.architecture_files,
        options.as_json,
        options.verbose,
    ]
    for option in reversed(added):
        command = option(command)
    return command


def prepare(chosen: dict[str, Any], baseline: Baseline | None) -> Prepared:
    """Return what the options of :func:`gate_options` ask for."""
    found = catalog.discover(chosen["architecture_files"])
    wanted = _suite(chosen, baseline)
    names = _names(chosen, wanted, found)
    known = set(baseline.records) if baseline is not None else set()
    missing = [name for name in names if name not in found and name in known]
    if chosen["only"] is None:
        missing += sorted(known - found.keys() - set(missing))
    threads_asked = chosen["threads"] or _threads(baseline, names)
    jobs, threads = jobs_and_threads(chosen["jobs"], threads_asked, chosen["device"])
    setting = suite.Setting(
        backend=chosen["backend"],
        precision=chosen["precision"],
        device=chosen["device"],
        threads=threads,
    )
    present = [name for name in names if name not in missing]
    one_seed = wanted.with_seeds((0,))
    templates = suite.make_cells(one_seed, found, present, setting, chosen["data_dir"])
    source = Source(
        dataset=wanted.dataset,
        data_dir=chosen["data_dir"],
        architecture_files=tuple(chosen["architecture_files"]),
    )
    return Prepared(wanted, templates, missing, jobs, source)


def _suite(chosen: dict[str, Any], baseline: Baseline | None) -> suite.Suite:
    last = baseline.last_update if baseline is not None else None
    name = chosen["suite"] or (last.suite if last is not None else None)
    if name is None:
        raise UserError(
            f"{chosen['baseline']} does not say which suite it was made for; name one, e.g. "
            "bench check quick --baseline ..."
        )
    wanted = suite.load(name)
    dataset = chosen["dataset"]
    if dataset is None and last is not None and name == last.suite:
        dataset = last.dataset
    return dataclasses.replace(wanted, dataset=dataset) if dataset else wanted


def _names(
    chosen: dict[str, Any], wanted: suite.Suite, found: dict[str, catalog.Architecture]
) -> Sequence[str]:
    if "*" in wanted.architectures:
        wanted = dataclasses.replace(wanted, architectures=tuple(found))
    files = {path.resolve() for path in chosen["architecture_files"]}
    own = [a.name for a in found.values() if a.path in files]
    return suite.select(wanted, chosen["only"], own)


def _threads(baseline: Baseline | None, names: Sequence[str]) -> int | None:
    """Return the baseline's threads: only with as many can a run be bit-identical."""
    if baseline is None:
        return None
    records = [record for name in names for record in baseline.records.get(name, [])]
    threads = {record.cell.threads for record in records}
    return threads.pop() if len(threads) == 1 else None


def open_training(prepared: Prepared, chosen: dict[str, Any]) -> tuple[RecordStore, Trainer]:
    """Return the store of the runs that a check or a baseline makes, and what trains into it.

    Raises UserError for a mistake about the data or the device, and where memory is too small,
    before the first worker starts.
    """
    datasets.load(prepared.source.dataset, prepared.source.data_dir)
    store = open_workspace(chosen["work_dir"], chosen["fresh"])
    known = [*store.read_all()[0], *RecordStore(chosen["baseline"]).read_all()[0]]
    train = local_trainer(
        prepared.source,
        affordable_jobs(prepared.jobs, prepared.templates, known),
        store,
        chosen["timeout"],
        progress=lambda cells: make_progress(cells, 0),
    )
    return store, train
