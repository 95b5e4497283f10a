"""Where architectures lie: in the package, in other distributions, and where the user says.

An architecture is a Python file: in the ``architectures`` folder, named on the command line, or
named by an entry point of another package (group ``ninetynine``; its value is the dotted name of
one architecture module, or of a package whose modules are all architectures).
"""

import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path

from ninetynine import part
from ninetynine.backends import computing_packages
from ninetynine.errors import UserError
from ninetynine.registry import entry_points_of
from ninetynine.sources import Finder, Root

GROUP = "ninetynine"
BUILT_IN = "ninetynine.architectures"


@dataclass(frozen=True)
class Place:
    """A file that should be an architecture, and where its local imports are looked for."""

    path: Path
    module: str | None  # the dotted import name; None for a file named on the command line
    origin: str  # "built in", "--architecture FILE" or "entry point of DISTRIBUTION"
    roots: tuple[Finder, ...]


class LocalDistributions:
    """Finds modules of distributions that are edited here, and of plain folders on PYTHONPATH.

    A distribution is one of these where it is installed as editable, or from a folder, an archive
    or a repository and not from an index (PEP 610): its version does not tell what is in it.
    """

    def find(self, module: str) -> Path | None:
        """Return the file of the dotted ``module``, or None where it is not local."""
        roots = _local_roots(module.partition(".")[0])
        return next((path for root in roots if (path := root.find(module))), None)


LOCAL = LocalDistributions()


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
        yield Place(path, None, f"--architecture {file}", _roots(import_folders(path)))


def sent_place(path: Path, module: str | None, folders: Sequence[Path]) -> Place:
    """Return the place of an architecture that was sent here with all that it imports locally.

    These modules lie below ``folders``, but for built-in ones, which every installation has.
    """
    return Place(path, module, "sent", _roots(folders))


def _roots(folders: Sequence[Path]) -> tuple[Finder, ...]:
    return (*(Root("", folder) for folder in folders), built_in_root(), LOCAL)


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
        own = _package_roots(module.partition(".")[0])
        roots: tuple[Finder, ...] = (*own, *built_in, LOCAL)
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


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Return distribution -> version of the top-level modules ``names``, as they are installed.

    The backends' own are left out, since a cell names them; what is not installed, too.
    """
    foreign = [name for name in names if not _is_told(name)]
    known = [dist for name in foreign for dist in _distributions().get(name, [])]
    return {name: metadata.version(name) for name in known}


def all_versions_of(names: Iterable[str]) -> dict[str, str]:
    """Return `versions_of` these modules, those that backends compute with and NumPy among them."""
    told = [name for name in {*names, "numpy"} if name in computing_packages()]
    known = [dist for name in told for dist in _distributions().get(name, [])]
    return {name: metadata.version(name) for name in sorted(known)} | versions_of(names)


def _local_roots(package: str) -> tuple[Root, ...]:
    """Return where the top-level ``package`` lies, if its version does not tell what is in it."""
    if _is_told(package):
        return ()
    spec = _spec_in_workers(package)
    if spec is None:
        return ()
    locations = [Path(p) for p in spec.submodule_search_locations or [spec.origin or ""]]
    installed = {Path(folder) for folder in _site_folders()}
    if installed.intersection(location.parent for location in locations):
        dists = map(metadata.distribution, _distributions().get(package, []))
        if not any(dist.read_text("direct_url.json") for dist in dists):
            return ()
    return tuple(Root(package, location) for location in locations)


def _is_told(package: str) -> bool:
    """Return whether a cell, its protocol's version or Python's version covers ``package``."""
    ours = package in ("", "ninetynine") or package in computing_packages()
    return ours or package in sys.stdlib_module_names


def _spec_in_workers(package: str) -> ModuleSpec | None:
    """Return where a worker finds ``package``: it has neither this process's script nor folder."""
    known = {*_site_folders(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    for file in (file for folder in _site_folders() for file in Path(folder).glob("*.pth")):
        with suppress(OSError, UnicodeDecodeError):
            known |= {str(file.parent / line) for line in file.read_text().splitlines()}
    found = PathFinder.find_spec(package, [folder for folder in sys.path if folder in known])
    ordinary = (BuiltinImporter, FrozenImporter, PathFinder)
    for finder in (f for f in sys.meta_path if f not in ordinary):  # of editable distributions
        found = found or finder.find_spec(package, None)
    return found


def _site_folders() -> list[str]:
    return [*site.getsitepackages(), site.getusersitepackages()]


@lru_cache(maxsize=1)
def _distributions() -> Mapping[str, list[str]]:
    return metadata.packages_distributions()


def _module_files(folder: Path) -> list[Path]:
    """Return the modules in ``folder``; a name with a leading underscore is a helper's."""
    return sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
