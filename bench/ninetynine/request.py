"""What a caller asks to be trained, typed; and that request with every name in it looked up."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ninetynine import datasets, grid
from ninetynine.catalog import Catalog
from ninetynine.cells import Cell, Device, Precision, by_task, trained_together
from ninetynine.ensembles import Vote, plan_votes
from ninetynine.errors import UserError
from ninetynine.executors import Executor, Options, Work, get_executor
from ninetynine.machine import jobs_and_threads
from ninetynine.planning import RunPlan, model_path, plan
from ninetynine.records import Record, RecordStore
from ninetynine.suite import (
    AtOnce,
    Setting,
    Suite,
    discover,
    load,
    make_cells,
    own_rows,
    parse_seeds,
    parts_of,
    seeds_at_once,
    select,
    select_ensembles,
)
from ninetynine.training.suitability import DataFacts, check_cells, facts_of
from ninetynine.workers.events import Task


@dataclass(frozen=True)
class Selection:
    """A suite on the dataset that is asked for, and which of its architectures are asked for."""

    suite: Suite
    catalog: Catalog
    names: tuple[str, ...]


@dataclass(frozen=True)
class RunRequest:
    """Everything that may be said about a run.  None leaves it to the suite or to this machine.

    ``suite`` is a name, the path of a ``.toml`` file, or a suite.  Where it is None,
    ``architecture_files`` are trained by their own recipes, on the data and seeds of ``quick``;
    a suite that is named overrides their recipes as it does others'.  ``only`` is a name, rows such
    as ``net[units=64,128]``, a glob, or a part of names, or several of these between commas;
    ``architectures`` are exact names, which
    the suite need not have.  ``seeds`` are a
    count, or seeds such as "0-9" or [0, 3, 7].
    """

    suite: str | Suite | None = None  # None is "quick", or for a gate its baseline's
    only: str | None = None
    architectures: tuple[str, ...] | None = None
    dataset: str | None = None  # a name, or the path of data of one's own
    # How its data are read, or the suite's: see `datasets.ReadOptions`.
    reading: Mapping[str, object] = dataclasses.field(default_factory=dict)
    data_dir: Path | None = None
    seeds: str | int | Sequence[int] | None = None
    architecture_files: tuple[Path, ...] = ()  # the caller's own
    backend: str | None = None
    precision: Precision | None = None
    device: Device | None = None
    seeds_at_once: AtOnce = None  # trained in one computation; None is what the suite says
    threads: int | None = None  # per worker; part of a record's key
    jobs: int | None = None  # worker processes
    executor: str = "local"
    address: str | None = None  # of the executor's cluster
    timeout_seconds: float | None = None  # for each cell
    retry_failed: bool = False
    keep_models: bool = False  # in RESULTS/models
    results: Path = Path("results")

    @property
    def executor_options(self) -> Options:
        return Options(self.jobs, self.address, self.timeout_seconds)

    @property
    def models_dir(self) -> Path | None:
        """Where trained models are to be kept; None keeps none."""
        return self.results / "models" if self.keep_models else None

    def resolve(self) -> "ResolvedRun":
        """Return the cells that are asked for, and all that it takes to train them.

        Raises UserError for a name or an option that is none.
        """
        self.check_options()
        return self.resolve_selection(self.select())

    def check_options(self) -> None:
        """Raise UserError for an executor that is none, or an option that is another one's."""
        if self.jobs is not None and self.jobs < 1:
            raise UserError(f"--jobs '{self.jobs}': expected a positive whole number or auto")
        get_executor(self.executor).check_options(self.executor_options)

    def select(self) -> Selection:
        """Return the suite and the names of what is asked for, whether or not there is such."""
        chosen = self.suite if isinstance(self.suite, Suite) else load(self.suite_name)
        found = discover(self.architecture_files, chosen)
        if self.dataset or self.reading:
            name = datasets.with_options(self.dataset or chosen.dataset, self.reading)
            chosen = dataclasses.replace(chosen, dataset=name)
        own = own_rows(chosen, found, self.architecture_files)
        if self.suite is None:  # nobody asked for another recipe than their own
            chosen = dataclasses.replace(chosen, untouched=frozenset(own))
        if self.architectures is not None:
            return Selection(chosen, found, self.architectures)
        everything = chosen
        if "*" in chosen.architectures:
            everything = dataclasses.replace(chosen, architectures=tuple(found))
        return Selection(chosen, found, select(everything, self.only, own))

    @property
    def suite_name(self) -> str:
        """The suite as it was named."""
        if isinstance(self.suite, Suite):
            return self.suite.name
        return self.suite or "quick"

    def resolve_selection(self, selection: Selection) -> "ResolvedRun":
        """Return the cells of ``selection``, whatever its names were chosen by."""
        _, threads = jobs_and_threads(self.jobs, self.threads, self.device or "cpu")
        setting = Setting(
            backend=self.backend,
            precision=self.precision,
            device=self.device,
            threads=threads,
            seeds_at_once=self.seeds_at_once,
        )
        seeded = selection.suite
        if self.seeds is not None and self.seeds != "":
            seeded = seeded.with_seeds(parse_seeds(self.seeds, "--seeds"))
        cells = make_cells(seeded, selection.catalog, selection.names, setting, self.data_dir)
        return ResolvedRun(self, selection, setting, cells)


@dataclass(frozen=True)
class ResolvedRun:
    """A request, what its names stand for, and its cells in the suite's order."""

    request: RunRequest
    selection: Selection
    setting: Setting
    cells: list[Cell]

    @property
    def suite(self) -> Suite:
        return self.selection.suite

    @property
    def catalog(self) -> Catalog:
        return self.selection.catalog

    @property
    def only_took(self) -> str | None:
        """Say what ``only`` took, where it is a glob or a part of names and does not say it."""
        only, names = self.request.only, self.selection.names
        parts = parts_of(only) if only is not None else []
        if not names or all(part in names or grid.asked(part) for part in parts):
            return None
        return f"--only {only!r} takes: {', '.join(names)}"

    @property
    def parameters(self) -> dict[str, int | None]:
        """The parameters that each architecture states, by name."""
        names = {cell.identity.architecture for cell in self.cells}
        return {name: self.catalog[name].parameters for name in names}

    @property
    def jobs(self) -> int:
        """How many workers this machine has cores for, or as many as were asked for."""
        devices = {cell.identity.device for cell in self.cells} or {"cpu"}
        asked, threads = self.request.jobs, self.setting.threads
        return min(jobs_and_threads(asked, threads, device)[0] for device in devices)

    def together(self, cells: Sequence[Cell], at_once: AtOnce) -> list[Cell]:
        """Return ``cells``, which differ in their seeds alone, trained ``at_once`` at a time.

        None is as the suite says.
        """
        if not cells:
            return []
        where = "--seeds-at-once"
        if at_once is None:
            at_once, where = (
                self._stated_at_once(cells[0]),
                f"suite {self.suite.path}: seeds_at_once",
            )
        name = cells[0].identity.architecture
        known = self.catalog.get(name) or self.catalog.get(cells[0].file_name)
        if known is None:
            return list(cells)
        number = seeds_at_once(at_once, known, cells[0].identity, len(cells), where)
        return trained_together(cells, number)

    def _stated_at_once(self, cell: Cell) -> AtOnce:
        """Return how many seeds of such cells the suite has trained at once."""
        for entry in self.suite.entries_of(cell.identity.architecture):
            computed = self.setting.of(entry)
            if all(getattr(cell.identity, name) == value for name, value in computed.items()):
                return entry.seeds_at_once
        return None

    def votes(self) -> list[Vote]:
        """Return the votes on the suite's own seeds, whatever seeds were asked for."""
        chosen = self.suite
        ensembles = select_ensembles(chosen, self.request.only, self.selection.names)
        return plan_votes(chosen, self.catalog, ensembles, self.setting, self.request.data_dir)

    def plan(self, store: RecordStore) -> RunPlan:
        """Split the cells by what ``store`` holds."""
        return plan(self.cells, store, self.request.retry_failed, self.request.models_dir)

    def load_dataset(self) -> datasets.Dataset:
        """Return the dataset; UserError where it cannot be had or is damaged."""
        return datasets.load(self.suite.dataset, self.request.data_dir)

    def check_suitable(self, cells: Sequence[Cell]) -> None:
        """Raise UserError where ``cells`` ask for what the data lack."""
        check_cells(cells, self.data_facts)

    @cached_property
    def data_facts(self) -> DataFacts:
        """What is known of the data: a known dataset is not read for it, a user's own is."""
        info = datasets.info_of(self.suite.dataset)
        return facts_of(info or self.load_dataset())

    def tasks(self, cells: Sequence[Cell]) -> list[Task]:
        """Return what an executor needs to train ``cells``, which may be of other seeds."""
        asked = self.request
        files, models_dir = asked.architecture_files, asked.models_dir
        return make_tasks(cells, self.suite.dataset, asked.data_dir, files, models_dir)

    def open_executor(
        self, tasks: Sequence[Task], records: Sequence[Record], say: Callable[[str], None]
    ) -> AbstractContextManager[Executor]:
        """Return the executor that is asked for, ready for ``tasks`` inside the context.

        ``records`` say how much memory such cells needed; ``say`` is told what a user should know.
        """
        work = Work(tasks, records, self.request.executor_options, say)
        return get_executor(self.request.executor).open_executor(work)


def make_tasks(
    cells: Sequence[Cell],
    dataset: str,
    data_dir: Path | None = None,
    architecture_files: Sequence[Path] = (),
    models_dir: Path | None = None,
) -> list[Task]:
    """Return what an executor needs to train ``cells``: names, and files by their whole path.

    Cells that one computation trains are one task.
    """
    return [
        Task(
            cell=cell,
            beside=beside,
            architecture_files=[path.absolute() for path in architecture_files],
            dataset=dataset,
            data_dir=data_dir.resolve() if data_dir else None,
            keep_model=model_path(models_dir, cell.key, cell.identity) if models_dir else None,
        )
        for cell, *beside in by_task(cells)
    ]
