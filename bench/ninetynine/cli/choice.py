"""What ``run`` and ``explain`` both need: the options as cells."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninetynine import catalog, suite
from ninetynine.cells import Cell
from ninetynine.ensembles import Vote, plan_votes
from ninetynine.errors import UserError
from ninetynine.machine import available_cores
from ninetynine.running import Source


@dataclass(frozen=True)
class Choice:
    """The cells that the command line asks for, in the suite's order."""

    suite: suite.Suite
    catalog: dict[str, catalog.Architecture]
    cells: list[Cell]
    votes: list[Vote]  # on the suite's own seeds, whatever --seeds asks for
    jobs: int
    source: Source


def choose(options: dict[str, Any], models_dir: Path | None = None) -> Choice:
    """Return the cells that the options of :func:`ninetynine.cli.options.cell_options` describe."""
    found = catalog.discover(options["architecture_files"])
    chosen = suite.load(options["suite"])
    if options["dataset"]:
        chosen = dataclasses.replace(chosen, dataset=options["dataset"])
    seeded = chosen
    if options["seeds"]:
        seeded = chosen.with_seeds(suite.parse_seeds(options["seeds"], "--seeds"))
    own = [a.name for a in found.values() if a.path in _absolute(options["architecture_files"])]
    names = suite.select(_expand(chosen, found), options["only"], own)
    jobs, threads = jobs_and_threads(options["jobs"], options["threads"], options["device"])
    setting = suite.Setting(
        backend=options["backend"],
        precision=options["precision"],
        device=options["device"],
        threads=threads,
    )
    cells = suite.make_cells(seeded, found, names, setting, options["data_dir"])
    ensembles = suite.select_ensembles(chosen, options["only"], names)
    votes = plan_votes(chosen, found, ensembles, setting, options["data_dir"])
    source = Source(
        dataset=chosen.dataset,
        data_dir=options["data_dir"],
        architecture_files=tuple(options["architecture_files"]),
        models_dir=models_dir,
    )
    return Choice(chosen, found, cells, votes, jobs, source)


def jobs_and_threads(jobs: str, threads: int | None, device: str) -> tuple[int, int]:
    """Return worker processes and threads per worker.

    By default one thread per worker and a worker per core: nothing is lost to threads that wait
    for each other, and it does not depend on how many cells are left, so a resumed run finds its
    own records.  A GPU is not shared: its memory is neither divided nor counted among workers.
    """
    cores = len(available_cores())
    if jobs == "auto":
        workers = 1 if device == "gpu" else max(1, cores // (threads or 1))
        return workers, threads or 1
    if not jobs.isdecimal() or int(jobs) < 1:
        raise UserError(f"--jobs {jobs!r}: expected a positive whole number or auto")
    return int(jobs), threads or max(1, cores // int(jobs))


def _expand(chosen: suite.Suite, found: dict[str, catalog.Architecture]) -> suite.Suite:
    if "*" not in chosen.architectures:
        return chosen
    return dataclasses.replace(chosen, architectures=tuple(found))


def _absolute(paths: tuple[Path, ...]) -> set[Path]:
    return {path.absolute() for path in paths}
