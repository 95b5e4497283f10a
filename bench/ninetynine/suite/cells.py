"""A suite and the choices of the command line -> its architectures, and the cells to run."""

import fnmatch
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ninetynine import catalog as catalog_of_files
from ninetynine import grid
from ninetynine.architecture import Architecture
from ninetynine.backends import get_backend, package_versions
from ninetynine.catalog import Catalog
from ninetynine.cells import (
    PROTOCOL_VERSION,
    Cell,
    CellIdentity,
    Device,
    Precision,
    trained_together,
)
from ninetynine.errors import UserError, nearest
from ninetynine.machine import default_backend
from ninetynine.programs import BACKEND as PROGRAM_BACKEND
from ninetynine.recipe import OF_A_PROGRAM, hash_of_file
from ninetynine.suite.at_once import AtOnce, seeds_at_once
from ninetynine.suite.entries import Ensemble, Entry, Suite
from ninetynine.suite.file import all_built_in


@dataclass(frozen=True)
class Setting:
    """The choices that hold for every cell of a run; None is what the suite says."""

    backend: str | None = None
    precision: Precision | None = None
    device: Device | None = None
    threads: int = 1
    deterministic: bool = True
    seeds_at_once: AtOnce = None

    def of(self, entry: Entry) -> dict[str, Any]:
        """Return the fields of an identity that say how the cells of ``entry`` are trained."""
        return {
            "backend": self.backend or entry.backend or default_backend(),
            "precision": self.precision or entry.precision,
            "device": self.device or entry.device or "cpu",
            "threads": self.threads,
            "deterministic": self.deterministic,
        }


def select(suite: Suite, pattern: str | None, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the suite's architectures, and ``extra``, whose name matches ``pattern``.

    A pattern is a name, or rows such as ``net[learning_rate=0.1,0.01]``, or a glob such as
    ``t?_*`` or a part of names; the first of these that it can be counts.  Several stand between
    commas.  Rows are the suite's where it has that grid.  An ensemble that is chosen brings its
    members.
    """
    names = tuple(dict.fromkeys((*suite.architectures, *extra)))
    if pattern is None:
        return names
    chosen = [name for part in parts_of(pattern) for name in _select(suite, part, names)]
    return tuple(dict.fromkeys((*(name for name in names if name in chosen), *chosen)))


def parts_of(pattern: str) -> list[str]:
    """Return the patterns that stand between the commas of ``pattern``."""
    return [part.strip() for part in grid.pieces(pattern, f"--only {pattern!r}")]


def _select(suite: Suite, pattern: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of ``names``, or new rows of a grid, that one pattern matches."""
    votes = tuple(ensemble.name for ensemble in suite.ensembles)
    asked = None if pattern in (*names, *votes) else grid.asked(pattern)
    if asked is not None:
        return _rows(suite, names, asked)
    matched = _matching(pattern, (*names, *votes))
    members = {
        name
        for ensemble in suite.ensembles
        if ensemble.name in matched
        for name in _member_names(suite, ensemble)
    }
    chosen = tuple(name for name in names if name in members | matched)
    if not chosen or not pattern:
        raise UserError(
            f"--only {pattern!r} matches nothing in suite {suite.name}"
            f"{nearest(pattern, (*names, *votes))}"
        )
    return chosen


def _rows(suite: Suite, names: Sequence[str], asked: grid.Asked) -> tuple[str, ...]:
    """Return the suite's rows that are asked for; new ones where it has no grid of this name."""
    chosen = asked.chosen_from(names)
    if chosen:
        return tuple(chosen)
    grids = [row for name in names if (row := grid.asked(name)) and row.base == asked.base]
    if grids and asked.base not in names:
        known = [name for name in names if name.startswith(f"{asked.base}[")]
        raise UserError(
            f"suite {suite.name} has a grid of {asked.base} without such rows{nearest('', known)}"
        )
    return tuple(row.name for row in asked.rows())


def select_ensembles(
    suite: Suite, pattern: str | None, names: Sequence[str]
) -> tuple[Ensemble, ...]:
    """Return the ensembles that ``pattern`` matches, or whose members are all among ``names``."""
    known = (*suite.architectures, *names, *(ensemble.name for ensemble in suite.ensembles))
    parts = parts_of(pattern) if pattern is not None else []
    matched = {name for part in parts for name in _matching(part, known)}
    return tuple(
        ensemble
        for ensemble in suite.ensembles
        if ensemble.name in matched or _member_names(suite, ensemble) <= set(names)
    )


def make_cells(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    names: Sequence[str],
    setting: Setting,
    data_dir: Path | None = None,
) -> list[Cell]:
    """Return the suite's cells, seed by seed within each architecture of ``names``."""
    from ninetynine import datasets  # NumPy, which lists of architectures do without

    fingerprint = datasets.fingerprint_of(suite.dataset, data_dir)
    dataset = datasets.row_name_of(suite.dataset)
    entries = [entry for name in names for entry in suite.entries_of(name)]
    cells = [
        c for e in entries for c in _entry_cells(suite, catalog, e, setting, dataset, fingerprint)
    ]
    revision = {"dataset_revision": datasets.revision_of(suite.dataset, data_dir)}
    # An architecture that the file has in two precisions is one where --precision is given.
    return list({cell.key: cell.model_copy(update=revision) for cell in cells}.values())


def _entry_cells(
    suite: Suite,
    catalog: Mapping[str, Architecture],
    entry: Entry,
    setting: Setting,
    dataset: str,
    fingerprint: str,
) -> Iterator[Cell]:
    architecture = architecture_of(entry, suite, catalog)
    by_itself, stated = architecture.trains_itself, architecture.recipe.initial_weights
    if by_itself and setting.seeds_at_once not in (None, 1, "auto"):
        raise UserError(f"--seeds-at-once: {entry.name} trains itself, one seed at a time")
    weights = Path(stated.name).absolute() if stated is not None else None
    how = _how_trained(architecture, entry, setting, weights)
    cells = [
        Cell(
            identity=CellIdentity(
                protocol_version=PROTOCOL_VERSION,
                architecture=entry.name,
                source_hash=architecture.source_hash,
                dataset=dataset,
                dataset_fingerprint=fingerprint,
                seed=seed,
                **how,
            ),
            suite=suite.name,
            variant="published" if by_itself else suite.variant_of(architecture.file_name),
            base=architecture.base,
            file=None if architecture.program else architecture.path,
            program=architecture.program,
            weights=weights,
        )
        for seed in suite.seeds_of(entry)
    ]
    asked, where = setting.seeds_at_once, "--seeds-at-once"
    if asked is None:
        asked, where = entry.seeds_at_once, f"suite {suite.path}: seeds_at_once"
    asked = None if by_itself else asked
    at_once = seeds_at_once(asked, architecture, cells[0].identity, len(cells), where)
    yield from trained_together(cells, at_once)


def _how_trained(
    architecture: Architecture, entry: Entry, setting: Setting, weights: Path | None
) -> dict[str, Any]:
    """Return the fields of an identity that say how ``entry`` is trained, and with what."""
    how = {**setting.of(entry), "arguments": dict(architecture.arguments)}
    if architecture.trains_itself:  # what it computes with is its own affair
        how |= {"recipe": {}, "backend": PROGRAM_BACKEND, "deterministic": False}
        how |= {"packages": dict(architecture.trains_with or {})}
        # As the suite's rung has it: a function's own precision nobody knows.
        return {**how, "precision": entry.precision}
    recipe = architecture.recipe.canonical()
    if weights is not None:
        recipe["initial_weights"] = {"name": weights.name, "sha256": hash_of_file(weights)}
    how |= {"recipe": recipe, "packages": package_versions(how["backend"])}
    return {**how, "loop_revision": get_backend(how["backend"]).loop_revision}


def _member_names(suite: Suite, ensemble: Ensemble) -> set[str]:
    return {suite.entry(member).name for member in ensemble.members}


def _matching(pattern: str, names: Collection[str]) -> set[str]:
    if pattern in names:
        return {pattern}
    return {name for name in names if fnmatch.fnmatch(name, pattern) or pattern in name}


# What a suite's entries are: architectures by name, and variants of them --------------------------


def discover(files: Sequence[Path] = (), suite: Suite | None = None) -> Catalog:
    """Return every architecture by name: of files, and the variants that suites state.

    The suites are those that come with the package, then ``suite``; a variant stands behind the
    architecture that it varies.  Imports neither Keras nor any architecture.  Raises UserError as
    `catalog.discover` does, for a variant that cannot be, and for two things of one name.
    """
    own = catalog_of_files.discover(files)
    found = dict(own)
    for stating in (*all_built_in(), *([suite] if suite else [])):
        for entry in stating.entries:
            if entry.program is not None:
                catalog_of_files.add(found, _program(entry, stating))
            elif entry.is_variant:
                catalog_of_files.add(found, _variant(entry, stating, Catalog(found)))
    if suite is not None and suite.timing_reference not in (None, *found):
        raise UserError(
            f"suite {suite.path}: timing_reference: no architecture is called "
            f"{suite.timing_reference!r}{nearest(str(suite.timing_reference), found)}"
        )
    by_file: dict[str, list[Architecture]] = {name: [] for name in own}
    for architecture in found.values():
        by_file.setdefault(architecture.file_name, []).append(architecture)
    return Catalog({a.name: a for together in by_file.values() for a in together})


def architecture_of(entry: Entry, suite: Suite, known: Mapping[str, Architecture]) -> Architecture:
    """Return the architecture of ``entry`` with the recipe that the suite trains it with.

    What is more specific wins: the architecture's own recipe, then the suite's ``[recipe]``, then
    the entry's.  Raises UserError where there is no such architecture or no such recipe.
    """
    base = _base(entry, suite, known)
    if base.program is not None:
        if entry.is_variant:
            raise UserError(
                f"{_where(entry, suite)}: {base.name} is a program; give each of its variants a "
                "table of its own, with its command"
            )
        return base
    if base.trains_with is not None:
        return _varied(base, entry, suite) if entry.is_variant else base
    overrides = suite.recipe_of(base.file_name)
    recipe = base.recipe.override(overrides, f"suite {suite.path}: [recipe]")
    if not entry.is_variant:
        return replace(base, recipe=recipe)
    where = _where(entry, suite)
    return base.varied(entry.name, recipe.override(entry.recipe, where), entry.arguments, where)


def own_rows(
    suite: Suite, known: Mapping[str, Architecture], files: Sequence[Path]
) -> tuple[str, ...]:
    """Return the architectures in ``files`` that the suite neither has nor varies."""
    paths = {path.resolve() for path in files}
    used = {*suite.architectures, *(entry.base for entry in suite.entries)}
    return tuple(
        found.name
        for found in known.values()
        if not found.base and found.path.resolve() in paths and found.name not in used
    )


def _variant(entry: Entry, suite: Suite, known: Mapping[str, Architecture]) -> Architecture:
    base = _base(entry, suite, known)
    return replace(_varied(base, entry, suite), stated_in=f"suite {suite.path}")


def _varied(base: Architecture, entry: Entry, suite: Suite) -> Architecture:
    where = _where(entry, suite)
    recipe = base.recipe.override(entry.recipe, where)
    return base.varied(entry.name, recipe, entry.arguments, where, entry.description)


def _program(entry: Entry, suite: Suite) -> Architecture:
    program = entry.program
    assert program is not None
    return Architecture(
        name=entry.name,
        path=program.path,
        module=None,
        origin=PROGRAM_BACKEND,
        docstring=entry.description or f"{entry.name}: {' '.join(program.command)}",
        recipe=OF_A_PROGRAM,
        claims=(),
        parameters=None,
        source_hash=program.source_hash(),
        source_files={},
        accepts={},
        program=program,
        stated_in=f"suite {suite.path}",
    )


def _base(entry: Entry, suite: Suite, known: Mapping[str, Architecture]) -> Architecture:
    if entry.base not in known:
        raise UserError(
            f"suite {suite.path}: no architecture is called {entry.base!r}"
            f"{nearest(entry.base, known)}"
        )
    return known[entry.base]


def _where(entry: Entry, suite: Suite) -> str:
    """Return who asks for the variant: the suite's file, or the name of a row on the command."""
    return f"suite {suite.path}: {entry.label}" if entry in suite.entries else entry.label
