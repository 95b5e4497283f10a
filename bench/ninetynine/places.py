"""Where architectures lie: in the package, in other distributions, and where the user says.

An architecture is a Python file: in the ``architectures`` folder, named on the command line, or
named by an entry point of another package (group ``ninetynine``; its value is the dotted name of
one architecture module, or of a package whose modules are all architectures).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from ninetynine import part
from ninetynine.errors import UserError
from ninetynine.registry import entry_points_of
from ninetynine.sources import Root

GROUP = "ninetynine"
BUILT_IN = "ninetynine.architectures"


@dataclass(frozen=True)
class Place:
    """A file that should be an architecture, and where its local imports are looked for."""

    path: Path
    module: str | None  # the dotted import name; None for a file named on the command line
    origin: str  # "built in", "--architecture FILE" or "entry point of DISTRIBUTION"
    roots: tuple[Root, ...]


def places(files: Sequence[Path]) -> Iterator[Place]:
    """Yield the place of every architecture: built in, plug-ins, then the user's ``files``.

    Raises UserError for a file that is missing and for an entry point that names no module.
    """
    built_in = (built_in_root(),)
    for path in _module_files(built_in[0].location):
        yield Place(path, f"{BUILT_IN}.{path.stem}", "built in", built_in)
    yield from _plugins(built_in)
    for file in files:
        path = file.absolute()
        if path.suffix != ".py" or not path.is_file():
            raise UserError(f"{file}: no such Python file; --architecture expects a FILE.py")
        roots = tuple(Root("", folder) for folder in import_folders(path))
        yield Place(path, None, f"--architecture {file}", (*roots, *built_in))


def sent_place(path: Path, module: str | None, folders: Sequence[Path]) -> Place:
    """Return the place of an architecture that was sent here with all that it imports locally.

    These modules lie below ``folders``, but for built-in ones, which every installation has.
    """
    return Place(path, module, "sent", (*(Root("", f) for f in folders), built_in_root()))


def built_in_root() -> Root:
    """Return where the architectures lie that come with the package."""
    return Root(BUILT_IN, part("architectures"))


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


def _plugins(built_in: tuple[Root, ...]) -> Iterator[Place]:
    for point in sorted(entry_points_of(GROUP), key=lambda point: (point.module, point.name)):
        module, _, _ = point.module.partition(":")
        roots = (*_package_roots(module.partition(".")[0]), *built_in)
        path = next((path for root in roots if (path := root.find(module))), None)
        if path is None:
            raise UserError(
                f"{point.origin}: {point.name} = {point.module} names no module that is installed; "
                "mend or uninstall the distribution"
            )
        if path.name != "__init__.py":
            yield Place(path, module, point.origin, roots)
            continue
        for file in _module_files(path.parent):
            yield Place(file, f"{module}.{file.stem}", point.origin, roots)


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
