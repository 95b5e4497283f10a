"""Finds architectures and reads what they state, without running a line of them.

An architecture is a Python file: in the ``architectures`` folder, named on the command line, or
named by an entry point of another package (group ``ninetynine``; its value is the dotted name of
one architecture module, or of a package whose modules are all architectures).  A broken file is an
error wherever it comes from: a plug-in that silently vanished from a table would be worse than a
line that names the distribution to mend or uninstall.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ninetynine import part
from ninetynine.errors import UserError, nearest
from ninetynine.recipe import Recipe, parse, parse_recipe
from ninetynine.sources import (
    Root,
    Source,
    assigned,
    defines,
    read_source,
    source_hash,
    with_helpers,
)

GROUP = "ninetynine"
BUILT_IN = "ninetynine.architectures"


class Claim(BaseModel):
    """A figure that the source publishes for this model and recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    id: str = Field(min_length=1, description="a short name of the source such as 'T2'")
    metric: Literal[
        "test_accuracy",
        "test_loss",
        "train_accuracy",
        "train_loss",
        "validation_accuracy",
        "validation_loss",
    ] = Field(description="a measure such as 'test_accuracy' or 'test_loss'")
    value: float = Field(ge=0, description="a number; accuracies are shares, 0.9799 for 97.99%")
    digits: int = Field(ge=0, description="the number of decimals of value that were published")
    dataset: str = Field(min_length=1, description="the name of a dataset such as 'mnist'")
    source: str = Field("", description="where the figure stands, in words")
    note: str = Field("", description="its conditions, in words")

    @model_validator(mode="after")
    def _accuracy_is_a_share(self) -> Self:
        if self.metric.endswith("accuracy") and self.value > 1:
            raise ValueError(f"{self.metric} is {self.value}; expected a share, 0.9799 for 97.99%")
        return self


@dataclass(frozen=True)
class Architecture:
    """What one architecture file states, and what identifies its code."""

    name: str  # the file's name without ".py"
    path: Path
    module: str | None  # the dotted import name; None for a file named on the command line
    origin: str  # "built in", "--architecture FILE" or "entry point of DISTRIBUTION"
    docstring: str
    recipe: Recipe
    claims: tuple[Claim, ...]
    parameters: int | None  # as stated for images of (28, 28, 1) and ten classes
    source_hash: str
    source_files: Mapping[str, str]  # path below an import folder -> text, helper modules included
    source_paths: tuple[Path, ...] = ()  # of the same files, where they lie

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.docstring.partition("\n")[0].strip()

    @property
    def source(self) -> str:
        """The docstring's ``Source:`` paragraph, or ""."""
        return _paragraph(self.docstring, "Source")

    @property
    def deviations(self) -> str:
        """The docstring's ``Deviations:`` paragraph, or ""."""
        return _paragraph(self.docstring, "Deviations")


@dataclass(frozen=True)
class _Place:
    """A file that should be an architecture, and where its local imports are looked for."""

    path: Path
    module: str | None
    origin: str
    roots: tuple[Root, ...]


def discover(files: Sequence[Path] = ()) -> dict[str, Architecture]:
    """Return every architecture by name: built in, plug-ins, then the user's ``files``.

    Imports neither Keras nor any architecture.  Raises UserError for a file that is missing or
    is no architecture, and for two files of one name, naming both places.
    """
    built_in = (built_in_root(),)
    catalog: dict[str, Architecture] = {}
    for place in (*_built_in(built_in), *_plugins(built_in), *_named(files, built_in)):
        architecture = _read(place)
        known = catalog.setdefault(architecture.name, architecture)
        if not known.path.samefile(architecture.path):
            raise UserError(
                f"two architectures are called {known.name!r}: {known.path} ({known.origin}) and "
                f"{architecture.path} ({architecture.origin}); rename one of the files"
            )
    return catalog


def read_sent(path: Path, module: str | None, folders: Sequence[Path]) -> Architecture:
    """Return the architecture in ``path`` that was sent here with all that it imports locally.

    These modules lie below ``folders``, but for built-in ones, which every installation has.
    """
    roots = (*(Root("", folder) for folder in folders), built_in_root())
    return _read(_Place(path, module, "sent", roots))


def built_in_root() -> Root:
    """Return where the architectures lie that come with the package."""
    return Root(BUILT_IN, part("architectures"))


def get(catalog: Mapping[str, Architecture], name: str) -> Architecture:
    """Return the architecture called ``name``; raise UserError with the nearest name if none is."""
    if name not in catalog:
        raise UserError(f"no architecture is called {name!r}{nearest(name, catalog)}")
    return catalog[name]


def matching(catalog: Mapping[str, Architecture], pattern: str) -> list[Architecture]:
    """Return the architectures whose name fits the shell ``pattern``, such as ``t?_*``.

    Raises UserError where none does.
    """
    found = [item for name, item in catalog.items() if fnmatchcase(name, pattern)]
    if not found:
        raise UserError(f"no architecture's name matches {pattern!r}{nearest(pattern, catalog)}")
    return found


def _built_in(roots: tuple[Root, ...]) -> Iterator[_Place]:
    for root in roots:
        for path in _module_files(root.location):
            yield _Place(path, f"{BUILT_IN}.{path.stem}", "built in", roots)


def _named(files: Sequence[Path], built_in: tuple[Root, ...]) -> Iterator[_Place]:
    for file in files:
        path = file.absolute()
        if path.suffix != ".py" or not path.is_file():
            raise UserError(f"{file}: no such Python file; --architecture expects a FILE.py")
        roots = tuple(Root("", folder) for folder in import_folders(path))
        yield _Place(path, None, f"--architecture {file}", (*roots, *built_in))


def own_module(path: Path) -> str:
    """Return the dotted name of a user's own file: with its packages, where it lies in some."""
    packages = [folder.name for folder in reversed(_packages_around(path))]
    return ".".join([*packages, path.stem.replace(".", "_")])


def import_folders(path: Path) -> tuple[Path, ...]:
    """Return the folders that a user's own file may import from.

    These are the one around its packages, as ``python -m`` has it, and its own, as a script has it.
    """
    outermost = _packages_around(path)
    top = outermost[-1].parent if outermost else path.parent
    return (top,) if top == path.parent else (top, path.parent)


def _packages_around(path: Path) -> list[Path]:
    """Return the packages that ``path`` lies in, the innermost first."""
    return list(takewhile(lambda folder: (folder / "__init__.py").is_file(), path.parents))


def _plugins(built_in: tuple[Root, ...]) -> Iterator[_Place]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.value, point.name)):
        distribution = point.dist.name if point.dist else "an unnamed distribution"
        origin = f"entry point of {distribution}"
        roots = (*_package_roots(point.module.partition(".")[0]), *built_in)
        for path, module in _plugin_files(point, roots, origin):
            yield _Place(path, module, origin, roots)


def _plugin_files(
    point: EntryPoint, roots: Sequence[Root], origin: str
) -> Iterator[tuple[Path, str]]:
    path = next((path for root in roots if (path := root.find(point.module))), None)
    if path is None:
        raise UserError(
            f"{origin}: {point.name} = {point.value} names no module that is installed; "
            "mend or uninstall the distribution"
        )
    if path.name != "__init__.py":
        yield path, point.module
        return
    for file in _module_files(path.parent):
        yield file, f"{point.module}.{file.stem}"


def _package_roots(package: str) -> tuple[Root, ...]:
    """Return where the top-level ``package`` lies.  To find it does not run it."""
    spec = find_spec(package)
    if spec is None:
        return ()
    locations = spec.submodule_search_locations or [spec.origin or ""]
    return tuple(Root(package, Path(location)) for location in locations)


def _module_files(folder: Path) -> list[Path]:
    """Return the modules in ``folder``; a name with a leading underscore is a helper's."""
    return sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))


def _read(place: _Place) -> Architecture:
    try:
        main = read_source(place.path, place.module or own_module(place.path))
        if not defines(main.tree, "build"):
            raise UserError(f"{place.path}: no function build(input_shape, num_classes) in it")
        recipe = _literal(main, "RECIPE")
        claims = _literal(main, "CLAIMS", default=[])
        sources = with_helpers(main, place.roots)
        return Architecture(
            name=place.path.stem,
            path=place.path,
            module=place.module,
            origin=place.origin,
            docstring=ast.get_docstring(main.tree) or "",
            recipe=parse_recipe(recipe, str(place.path)),
            claims=_claims(claims, str(place.path)),
            parameters=_parameters(_literal(main, "PARAMETERS", default=None), str(place.path)),
            source_hash=source_hash(sources),
            source_files={source.file: source.text for source in sources},
            source_paths=tuple(source.path for source in sources),
        )
    except UserError as error:
        if not place.origin.startswith("entry point"):
            raise
        raise UserError(f"{place.origin}: {error}; mend or uninstall the distribution") from error


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


def _paragraph(docstring: str, heading: str) -> str:
    """Return the text after ``Heading:`` up to an empty line or the next heading, on one line."""
    pattern = rf"^{heading}:(.*?)(?=\n\s*\n|\n[A-Z][a-z]+:|\Z)"
    found = re.search(pattern, docstring, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""
