"""What a suite's entries are: architectures by name, and variants of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ninetynine import catalog
from ninetynine.catalog import Architecture, Catalog
from ninetynine.errors import UserError, nearest
from ninetynine.suite.entries import Entry, Suite
from ninetynine.suite.file import built_in, load


def discover(files: Sequence[Path] = (), suite: Suite | None = None) -> Catalog:
    """Return every architecture by name: of files, and the variants that suites state.

    The suites are those that come with the package, then ``suite``; a variant stands behind the
    architecture that it varies.  Imports neither Keras nor any architecture.  Raises UserError as
    `catalog.discover` does, for a variant that cannot be, and for two things of one name.
    """
    own = catalog.discover(files)
    found = dict(own)
    for stating in (*map(load, built_in()), *([suite] if suite else [])):
        for entry in stating.entries:
            if entry.is_variant:
                catalog.add(found, _variant(entry, stating, Catalog(found)))
    if suite is not None and suite.timing_reference not in (None, *found):
        raise UserError(
            f"suite {suite.path}: timing_reference: no architecture is called "
            f"{suite.timing_reference!r}{nearest(str(suite.timing_reference), found)}"
        )
    by_file: dict[str, list[Architecture]] = {name: [] for name in own}
    for architecture in found.values():
        by_file[architecture.file_name].append(architecture)
    return Catalog({a.name: a for together in by_file.values() for a in together})


def architecture_of(entry: Entry, suite: Suite, known: Mapping[str, Architecture]) -> Architecture:
    """Return the architecture of ``entry`` with the recipe that the suite trains it with.

    What is more specific wins: the architecture's own recipe, then the suite's ``[recipe]``, then
    the entry's.  Raises UserError where there is no such architecture or no such recipe.
    """
    base = _base(entry, suite, known)
    recipe = base.recipe.override(suite.recipe, f"suite {suite.path}: [recipe]")
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
    base, where = _base(entry, suite, known), _where(entry, suite)
    recipe = base.recipe.override(entry.recipe, where)
    made = base.varied(entry.name, recipe, entry.arguments, where, entry.description)
    return replace(made, stated_in=f"suite {suite.path}")


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
