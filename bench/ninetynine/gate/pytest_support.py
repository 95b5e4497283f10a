"""What the pytest plugin runs: one architecture file against its baseline."""

import dataclasses
from pathlib import Path

from filelock import FileLock

from ninetynine import catalog
from ninetynine import suite as suites
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Baseline, load_baseline
from ninetynine.gate.checking import check, make_contests
from ninetynine.gate.trainer import local_trainer
from ninetynine.gate.verdict import Terms, Verdict
from ninetynine.gate.workspace import DEFAULT, open_workspace
from ninetynine.machine import available_cores
from ninetynine.running import Source


def judge(
    file: Path,
    root: Path,
    *,
    baseline: str | Path | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    margin: float = 0.1,
    alpha: float = 0.05,
    max_seeds: int = 30,
    allow_recipe_change: bool = False,
    work_dir: str | Path = DEFAULT,
    jobs: int | None = None,
) -> Verdict:
    """Return the verdict on the architecture in ``file``; relative folders are below ``root``.

    ``margin`` is in percentage points.  Raises UserError for what ``bench check`` would refuse.
    """
    if baseline is None:
        raise UserError(
            "no baseline: name its folder as accuracy_gate(baseline=...) or accuracy_baseline in "
            "pytest's ini-file"
        )
    terms = Terms(
        margin=margin / 100,
        alpha=alpha,
        max_seeds=max_seeds,
        allow_recipe_change=allow_recipe_change,
    )
    found = load_baseline(root / baseline)
    wanted = _suite(found, root, suite, dataset)
    source, template = _template(file, wanted, found, Path(root, data_dir) if data_dir else None)
    contests, verdicts = make_contests([template], found, terms)
    if contests:
        jobs = jobs or max(1, len(available_cores()) // template.identity.threads)
        directory = root / work_dir
        directory.mkdir(parents=True, exist_ok=True)
        # Blocks until the gate of another xdist worker is through, which may leave runs to reuse.
        with FileLock(directory / "pytest.lock"):
            store = open_workspace(directory)
            with store.lock():
                trainer = local_trainer(source, jobs, store)
                verdicts = check(contests, store, trainer, terms, jobs)
    return verdicts[0]


def _suite(baseline: Baseline, root: Path, name: str | None, dataset: str | None) -> suites.Suite:
    last = baseline.last_update
    if name is None and last is not None:
        name, dataset = last.suite, dataset or last.dataset
    if name is None:
        raise UserError(
            f"{baseline.store.directory} does not say which suite it was made for; name one: "
            "accuracy_gate(suite=...)"
        )
    wanted = suites.load(str(root / name) if name.endswith(".toml") else name)
    dataset = dataset or wanted.dataset
    if dataset.endswith(".npz"):
        dataset = str(root / dataset)
    return dataclasses.replace(wanted, dataset=dataset)


def _template(
    file: Path, wanted: suites.Suite, baseline: Baseline, data_dir: Path | None
) -> tuple[Source, Cell]:
    """Return where the architecture's code and data are, and its cell of seed 0."""
    built_in = {a.path.resolve(): a.name for a in catalog.discover().values()}
    own = () if file.resolve() in built_in else (file.absolute(),)
    name = built_in.get(file.resolve(), file.stem)
    threads = {record.cell.threads for record in baseline.records.get(name, [])}
    own_threads = threads.pop() if len(threads) == 1 else 1
    setting = suites.Setting(precision="float32", threads=own_threads)
    one = wanted.with_seeds((0,))
    (cell,) = suites.make_cells(one, catalog.discover(own), [name], setting, data_dir)
    return Source(wanted.dataset, data_dir, own), cell
