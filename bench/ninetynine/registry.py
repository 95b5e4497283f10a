"""What registers by being there: the modules of a folder, and entry points of other packages.

A file's name is the name it registers, and its docstring's first line says what it is, which is
read without importing it.  ``import_.py`` is called "import", since Python would not have it so.
"""

import importlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from types import ModuleType

from ninetynine.errors import UserError, nearest, outside_fault


@dataclass(frozen=True)
class Plugin:
    """Something that is registered under ``name``."""

    name: str
    module: str  # its dotted import name
    origin: str  # "built in" or "entry point of DISTRIBUTION"
    distribution: str | None = None  # that brings it; None for what is built in

    def summary(self) -> str:
        """Return the first line of the module's docstring; "" where there is none."""
        path = _file_of(self.module)
        if path is None:
            return ""
        with path.open(encoding="utf-8") as file:
            return file.readline().strip().lstrip("r").strip('"')

    def load(self) -> ModuleType:
        """Import the module.  Raises UserError where another package's cannot be imported."""
        try:
            return importlib.import_module(self.module)
        except Exception as error:
            if self.origin == "built in":
                raise
            raise UserError(
                f"{self.origin}: importing {self.module} raised {type(error).__name__}: {error}; "
                f"{outside_fault(error) or 'mend or uninstall the distribution'}"
            ) from error


@dataclass(frozen=True)
class Registry:
    """The modules of ``package``, then the entry points of ``group``; each is a ``noun``.

    A module with a leading underscore is a helper's.
    """

    noun: str
    package: str
    group: str

    def entries(self) -> dict[str, Plugin]:
        """Return what is registered, by name.  Raises UserError for two of one name."""
        found = {name: self._built_in(name) for name in self._built_in_names()}
        for entry in entry_points_of(self.group):
            other = found.setdefault(entry.name, entry)
            if other is not entry:
                raise UserError(
                    f"two {self.noun}s are called {entry.name!r}: {other.module} ({other.origin}) "
                    f"and {entry.module} ({entry.origin}); uninstall one of the distributions"
                )
        return found

    def find(self, name: str) -> Plugin:
        """Return the entry called ``name``; raise UserError, naming the nearest, if none is."""
        if name in self._built_in_names():  # without a look at what else is installed
            return self._built_in(name)
        entries = self.entries()
        if name not in entries:
            raise UserError(f"no {self.noun} is called {name!r}{nearest(name, entries)}")
        return entries[name]

    def _built_in_names(self) -> list[str]:
        package = importlib.import_module(self.package)
        paths = [path for folder in package.__path__ for path in Path(folder).iterdir()]
        names = [
            path.stem for path in paths if path.suffix == ".py" or (path / "__init__.py").is_file()
        ]
        return sorted(name.removesuffix("_") for name in names if not name.startswith("_"))

    def _built_in(self, name: str) -> Plugin:
        stem = f"{name}_" if iskeyword(name) else name
        return Plugin(name, f"{self.package}.{stem}", "built in")


def entry_points_of(group: str) -> list[Plugin]:
    """Return the entries that installed distributions register in ``group``.

    The import of importlib.metadata would be a quarter of what ``bench --help`` takes, so it is
    done only where some distribution's ``entry_points.txt`` has the group's name in it.
    """
    if not any(f"[{group}]" in text for text in _entry_point_files()):
        return []
    from importlib.metadata import entry_points

    points = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    return [
        Plugin(
            point.name,
            point.value,
            f"entry point of {point.dist.name if point.dist else 'an unnamed distribution'}",
            point.dist.name if point.dist else None,
        )
        for point in points
    ]


def _entry_point_files() -> list[str]:
    texts: list[str] = []
    for folder in dict.fromkeys(map(os.path.abspath, sys.path)):
        if Path(folder).is_dir():
            texts += _entry_point_files_in(folder, Path(folder).stat().st_mtime_ns)
    return texts


@cache
def _entry_point_files_in(folder: str, changed_ns: int) -> tuple[str, ...]:
    """Return what the distributions in ``folder`` register, read once until it has changed."""
    texts = []
    try:
        names = os.listdir(folder)  # noqa: PTH208  (pathlib takes thrice as long)
    except OSError:
        return ()
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            path = Path(folder, name, "entry_points.txt")
            if path.is_file():
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return tuple(texts)


def _file_of(module: str) -> Path | None:
    """Return the file of the dotted ``module``, importing neither it nor what it lies in."""
    top, *rest = module.split(".")
    spec = find_spec(top)
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin else None
    for location in spec.submodule_search_locations or ():
        base = Path(location, *rest)
        for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None
