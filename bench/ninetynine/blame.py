"""Who is at fault where an architecture's code raised: its file, or something around it."""

import sys
import traceback
from pathlib import Path
from types import ModuleType

from ninetynine.architecture import Architecture
from ninetynine.errors import outside_fault
from ninetynine.inputs import INSTALLED
from ninetynine.places import BUILT_IN, import_folders

_RENAMED = {"architectures": BUILT_IN, "bench": "ninetynine"}  # what imports once called them


def advice(error: BaseException) -> str:
    """Return what to do where something else than the architecture's code is at fault, else ""."""
    missing = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    top = missing.partition(".")[0]
    if top in _RENAMED:
        return f"the package is called {_RENAMED[top]} now"
    if missing:
        other = f"the installed {top} has no such module: install the version that has it"
        own = f"{top} is not installed here: install it, or put {top}.py beside the file"
        return other if top in sys.modules else f"{own} if it is yours"
    if found := outside_fault(error):
        return found
    if broken := _broken_package(error):
        return f"the installed package {broken} cannot be imported: install it anew"
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        has_not = f"the installed {error.obj.__name__} has no such name"
        return f"{has_not}: mend the file, or install the version that has it"
    return ""


def _broken_package(error: BaseException) -> str:
    """Return the installed package in which ``error`` was raised while it was imported, or ""."""
    files = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        files.append(Path(error.filename))
    last = max((n for n, file in enumerate(files) if "importlib" in str(file)), default=None)
    inside = [] if last is None else [file.parts for file in files[last + 1 :]]
    names = [
        part[part.index(folder) + 1]
        for part in inside
        for folder in INSTALLED
        if folder in part[:-1]
    ]
    return names[0].removesuffix(".py") if names else ""


def last_line(architecture: Architecture, error: BaseException) -> str:
    """Return "file: line n" of the innermost frame in the architecture's own files."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}: line {error.lineno}"
    own = set(map(str, architecture.source_paths))
    folders = import_folders(architecture.path) if architecture.module is None else ()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        beside = any(path.is_relative_to(folder) for folder in folders)
        if frame.filename in own or (beside and not INSTALLED.intersection(path.parts)):
            return f"{path.name}: line {frame.lineno}"
    return str(architecture.path)
