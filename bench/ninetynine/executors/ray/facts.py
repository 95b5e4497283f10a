"""What must be the same on a node as here, so that a cell gets the same numbers there.

Asked of a process that is started as a worker is: what Ray's own processes import may be another
copy.  A node may lack this package, so this module is sent to it by value, and run as a script
there; it imports nothing but the standard library.
"""

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path

_MISSING = "missing"
_FIRST = ("Python", "ninetynine", "the source of ninetynine")  # the others follow from these


def facts_here(script: str, packages: Sequence[str]) -> dict[str, str]:
    """Return what a worker on this machine runs: name -> version, "missing" where it has none.

    ``script`` is the text of this module.  Raises CalledProcessError where Python cannot run it.
    """
    command = [sys.executable, "-P", "-c", script, *packages]
    found: dict[str, str] = json.loads(subprocess.check_output(command, text=True))
    return found


def script() -> str:
    """Return the text of this module."""
    return Path(__file__).read_text()


def mismatch(expected: dict[str, str], found: dict[str, str], node: str) -> str | None:
    """Return one line on the first of ``expected`` that ``found`` on ``node`` lacks, or None."""
    for name in sorted(expected, key=lambda name: (name not in _FIRST, name)):
        version, there = expected[name], found.get(name, _MISSING)
        if there == version:
            continue
        if there == _MISSING:
            return (
                f"{node} has no {name}; install it in the Python that runs Ray there: "
                f"pip install {name}=={version}"
            )
        return (
            f"{node} has {name} {there}, this machine has {version}; install the same on both, "
            "or leave that node out of the cluster"
        )
    return None


def _read(packages: Sequence[str]) -> dict[str, str]:
    found = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = _MISSING
    try:
        ninetynine = import_module("ninetynine")
    except ImportError:
        return found
    folder = Path(str(ninetynine.__file__)).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\n" + path.read_bytes())
    return {
        **found,
        "ninetynine": str(ninetynine.__version__),
        "the source of ninetynine": digest.hexdigest()[:12],
    }


if __name__ == "__main__":
    print(json.dumps(_read(sys.argv[1:])))
