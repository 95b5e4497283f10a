"""ninetynine: runs, records and compares Keras image classifiers.

Data flows one way: suite -> cells -> executor -> training -> record ->
statistics -> board -> report.  The records on disk are the only bridge
between the half that runs and the half that reports.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

# What the wheel holds inside this package lies beside ``bench/`` in a clone: with the clone on the
# package's path, ``ninetynine.architectures`` is the same module in both.
_CLONE = Path(__file__).resolve().parents[2]
if not (Path(__file__).parent / "architectures").is_dir() and (_CLONE / "architectures").is_dir():
    __path__.append(str(_CLONE))


def __getattr__(name: str) -> Any:
    """Return what is imported when it is used, by name, as a plug-in is: `ninetynine.rank`."""
    if name == "rank":
        return import_module("ninetynine.ranking").rank
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def part(name: str) -> Path:
    """Return the folder that is called ``name`` inside this package, or beside it in a clone."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else _CLONE / name
