"""A suite and the choices of the command line -> the cells to run."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine import datasets
from ninetynine.backends import package_versions
from ninetynine.catalog import Architecture
from ninetynine.cells import (
    DEFAULT_BACKEND,
    PROTOCOL_VERSION,
    Cell,
    CellIdentity,
    Device,
    Precision,
)
from ninetynine.errors import UserError, nearest
from ninetynine.suite.model import Ensemble, Entry, Suite


@dataclass(frozen=True)
class Setting:
    """The choices that hold for every cell of a run; ``precision`` None is what the suite says."""

    backend: str = DEFAULT_BACKEND
    precision: Precision | None = None
    device: Device = "cpu"
    threads: int = 1
    deterministic: bool = True


def select(suite: Suite, pattern: str | None, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the suite's architectures, and ``extra``, whose name matches ``pattern``.

    A pattern is a glob such as ``t?_*``, or a part of the name; an ensemble that it matches
    brings its members.
    """
    names = tuple(dict.fromkeys((*suite.architectures, *extra)))
    if pattern is None:
        return names
    votes = [ensemble for ensemble in suite.ensembles if _matches(ensemble.name, pattern)]
    members = {name for ensemble in votes for name in _member_names(suite, ensemble)}
    chosen = tuple(name for name in names if name in members or _matches(name, pattern))
    if not chosen:
        known = (*names, *(ensemble.name for ensemble in suite.ensembles))
        raise UserError(
            f"--only {pattern!r} matches nothing in suite {suite.name}{nearest(pattern, known)}"
        )
    return chosen


def select_ensembles(
    suite: Suite, pattern: str | None, names: Sequence[str]
) -> tuple[Ensemble, ...]:
    """Return the ensembles that ``pattern`` matches, or whose members are all among ``names``."""
    return tuple(
        ensemble
        for ensemble in suite.ensembles
        if (pattern is not None and _matches(ensemble.name, pattern))
        or _member_names(suite, ensemble) <= set(names)
    )


def make_cells(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    names: Sequence[str],
    setting: Setting,
    data_dir: Path | None = None,
) -> list[Cell]:
    """Return the suite's cells, seed by seed within each architecture of ``names``."""
    fingerprint = datasets.fingerprint_of(suite.dataset, data_dir)
    entries = [entry for name in names for entry in suite.entries_of(name)]
    cells = [c for e in entries for c in _entry_cells(suite, catalog, e, setting, fingerprint)]
    # An architecture that the file has in two precisions is one where --precision is given.
    return list({cell.key: cell for cell in cells}.values())


def _entry_cells(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    entry: Entry,
    setting: Setting,
    fingerprint: str,
) -> Iterator[Cell]:
    """Yield the cells of one entry, in the order of its seeds."""
    if entry.name not in catalog:
        raise UserError(
            f"suite {suite.path}: no architecture is called {entry.name!r}"
            f"{nearest(entry.name, catalog)}"
        )
    architecture = catalog[entry.name]
    recipe = architecture.recipe.override(suite.recipe, f"suite {suite.path}: [recipe]")
    packages = package_versions(setting.backend)
    for seed in suite.seeds_of(entry):
        identity = CellIdentity(
            protocol_version=PROTOCOL_VERSION,
            architecture=entry.name,
            source_hash=architecture.source_hash,
            recipe=recipe.canonical(),
            dataset=datasets.row_name_of(suite.dataset),
            dataset_fingerprint=fingerprint,
            seed=seed,
            backend=setting.backend,
            packages=packages,
            precision=setting.precision or entry.precision,
            threads=setting.threads,
            device=setting.device,
            deterministic=setting.deterministic,
        )
        yield Cell(identity=identity, suite=suite.name, variant=suite.variant)


def _member_names(suite: Suite, ensemble: Ensemble) -> set[str]:
    return {suite.entry(member).name for member in ensemble.members}


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatch(name, pattern) or pattern in name
