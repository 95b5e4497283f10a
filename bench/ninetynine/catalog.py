"""Finds architectures and reads what they state, without running a line of them.

Where their files lie is told in :mod:`ninetynine.places`.  A broken file is an error wherever it
comes from: a plug-in that silently vanished from a table would be worse than a line that names the
distribution to mend or uninstall.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ninetynine import grid
from ninetynine.architecture import Architecture, Claim
from ninetynine.errors import UserError, nearest
from ninetynine.places import Place, all_versions_of, own_module, places, sent_place, versions_of
from ninetynine.recipe import OF_A_PROGRAM, parse, parse_recipe
from ninetynine.sources import (
    Source,
    arguments_of,
    assigned,
    defines,
    imported_from_elsewhere,
    read_source,
    source_hash,
    with_helpers,
)


class Catalog(Mapping[str, Architecture]):
    """Architectures by name, and the rows of their grids by theirs: ``net[learning_rate=0.01]``.

    Its names are those that are stated; a grid's row is made when it is asked for.
    """

    def __init__(self, stated: Mapping[str, Architecture]) -> None:
        self._stated = stated

    def __iter__(self) -> Iterator[str]:
        return iter(self._stated)

    def __len__(self) -> int:
        return len(self._stated)

    def __getitem__(self, name: str) -> Architecture:
        if name in self._stated:
            return self._stated[name]
        try:
            asked = grid.asked(name)
            if asked is not None and all(len(values) == 1 for values in asked.values.values()):
                return self.rows(name)[0]
        except UserError as error:
            raise KeyError(name) from error
        raise KeyError(name)

    def rows(self, text: str) -> list[Architecture]:
        """Return the rows that ``text`` asks for; none where it is no name with values.

        Raises UserError where they cannot be read or made.
        """
        asked = grid.asked(text)
        if asked is None:
            return []
        base = get(self, asked.base)
        return [
            base.varied(
                row.name, base.recipe.override(row.recipe, row.name), row.arguments, row.name
            )
            for row in asked.rows()
        ]


def discover(files: Sequence[Path] = ()) -> Catalog:
    """Return the architecture of every file: built in, plug-ins, then the user's ``files``.

    Imports neither Keras nor any architecture.  Raises UserError for a file that is missing or
    is no architecture, and for two files of one name, naming both places.
    """
    found: dict[str, Architecture] = {}
    for place in places(files):
        add(found, _read(place))
    return Catalog(found)


def named(name: str, files: Sequence[Path] = ()) -> Architecture:
    """Return the architecture of the file called ``name``, as `discover` has it, reading no other.

    Raises UserError as `discover` does for files of this name, and where there is none.
    """
    found: dict[str, Architecture] = {}
    for place in places(files):
        if place.path.stem == name:
            add(found, _read(place))
    return found[name] if name in found else get(discover(files), name)


def add(found: dict[str, Architecture], architecture: Architecture) -> None:
    """Add ``architecture`` to ``found``; raise UserError where its name is another one's."""
    known = found.setdefault(architecture.name, architecture)
    if not known.is_same_as(architecture):
        raise UserError(
            f"two architectures are called {known.name!r}: {known.place} and {architecture.place}; "
            "rename one of them"
        )


def read_sent(path: Path, module: str | None, folders: Sequence[Path]) -> Architecture:
    """Return the architecture in ``path``, which was sent here with all that it imports locally."""
    return _read(sent_place(path, module, folders))


def get(catalog: Catalog, name: str) -> Architecture:
    """Return the architecture called ``name``; raise UserError with the nearest name if none is."""
    if name in catalog:
        return catalog[name]
    rows = catalog.rows(name)
    if rows:
        raise UserError(f"{name} are {len(rows)} rows; name one: {rows[0].name}")
    raise UserError(f"no architecture is called {name!r}{nearest(name, catalog)}")


def matching(catalog: Catalog, pattern: str) -> list[Architecture]:
    """Return the architectures whose name is or fits ``pattern``, such as ``t?_*``.

    ``net[learning_rate=0.1,0.01]`` are rows of net.  Raises UserError where there is none.
    """
    if pattern in catalog:
        return [catalog[pattern]]
    found = catalog.rows(pattern)
    found = found or [item for name, item in catalog.items() if fnmatchcase(name, pattern)]
    if not found:
        raise UserError(f"no architecture's name matches {pattern!r}{nearest(pattern, catalog)}")
    return found


def _read(place: Place) -> Architecture:
    try:
        return _architecture(place, read_source(place.path, place.module or own_module(place.path)))
    except UserError as error:
        if not place.origin.startswith("entry point"):
            raise
        raise UserError(f"{place.origin}: {error}; mend or uninstall the distribution") from error


def _architecture(place: Place, main: Source) -> Architecture:
    """Return what ``main`` states: a model, or what trains by a function of its own."""
    where, builds = str(place.path), defines(main.tree, "build")
    if not builds:
        _check_trains(main)
    recipe = _literal(main, "RECIPE") if builds else None
    claims = _claims(_literal(main, "CLAIMS", default=[]), where)
    sources = with_helpers(main, place.roots)
    elsewhere = imported_from_elsewhere(sources, place.roots)
    parameters = _literal(main, "PARAMETERS", default=None) if builds else None
    return Architecture(
        name=place.path.stem,
        path=place.path,
        module=place.module,
        origin=place.origin,
        docstring=ast.get_docstring(main.tree) or "",
        claims=claims,
        recipe=parse_recipe(recipe, where).beside(place.path.parent) if builds else OF_A_PROGRAM,
        parameters=_parameters(parameters, where),
        source_hash=source_hash(sources, versions_of(elsewhere) if builds else None),
        source_files={source.file: source.text for source in sources},
        source_paths=tuple(source.path for source in sources),
        accepts=arguments_of(main, sources, "build" if builds else "train"),
        trains_with=None if builds else all_versions_of(elsewhere),
    )


def _check_trains(main: Source) -> None:
    """Raise UserError where there is no function ``train``, or a recipe, which is for ``build``."""
    if not defines(main.tree, "train"):
        raise UserError(
            f"{main.path}: no function build(input_shape, num_classes) in it, and no "
            "train(dataset, seed)"
        )
    if assigned(main.tree, "RECIPE") is not None:
        raise UserError(
            f"{main.path}: RECIPE is for build(); train() trains as it likes: take RECIPE out"
        )


_REQUIRED = object()


def _literal(main: Source, name: str, default: Any = _REQUIRED) -> Any:
    node = assigned(main.tree, name)
    if node is None:
        if default is _REQUIRED:
            raise UserError(f"{main.path}: no {name} = {{...}} in it; say how the model is trained")
        return default
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{main.path}: line {node.lineno}: {name} is computed; expected plain data, "
            "written out, so that it can be read without running the file"
        ) from error


def _claims(data: object, where: str) -> tuple[Claim, ...]:
    if not isinstance(data, list | tuple):
        raise UserError(f"{where}: CLAIMS is {data!r}; expected a list of tables")
    return tuple(parse(Claim, item, where, "claim") for item in data)


def _parameters(data: object, where: str) -> int | None:
    if data is None or (isinstance(data, int) and not isinstance(data, bool) and data >= 0):
        return data
    raise UserError(f"{where}: PARAMETERS is {data!r}; expected a whole number")
