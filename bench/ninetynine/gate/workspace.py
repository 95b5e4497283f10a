"""Where a check keeps its own runs, so that it can resume, and never beyond the code they ran."""

import hashlib
import shutil
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from ninetynine.records import RecordStore

DEFAULT = Path(".bench-check")


def open_workspace(directory: Path, fresh: bool = False) -> RecordStore:
    """Return the store for this code in ``directory``; empty it first if ``fresh``.

    A cell's key does not name the engine's code nor packages that do not compute, and a change
    of just these may be what the check is there to judge: runs of other code must not stand in.
    """
    store = RecordStore(directory / f"runs-{_code_hash()[:12]}")
    if fresh and store.directory.is_dir():
        shutil.rmtree(store.directory)
    directory.mkdir(parents=True, exist_ok=True)
    ignore = directory / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    return store


@lru_cache(maxsize=1)
def _code_hash() -> str:
    """Return a hash over this package's source files and the versions of all that is installed."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    installed = {f"{found.name}=={found.version}" for found in metadata.distributions()}
    digest.update("\n".join(sorted(installed)).encode())
    return digest.hexdigest()
