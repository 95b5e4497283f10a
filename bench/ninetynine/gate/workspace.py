"""Where a check keeps its new runs, and which of them may still stand in for a training."""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from ninetynine.cells import Cell
from ninetynine.errors import Interrupted, UserError
from ninetynine.planning import plan
from ninetynine.records import Record, RecordStore
from ninetynine.running import Trainer

_OPTION = "--work-dir"


def open_workspace(directory: Path, fresh: bool = False) -> RecordStore:
    """Return the store for this code in ``directory``; empty it first if ``fresh``.

    A cell's key does not name the engine's code nor packages that do not compute, and a change
    of just these may be what the check is there to judge: runs of other code must not stand in.
    Raises UserError where it cannot be written, or is to be emptied while another check uses it.
    """
    store = RecordStore(directory / f"runs-{_code_hash()[:12]}")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise UserError(
            f"cannot write to {directory}: {error.strerror}; choose another folder with {_OPTION}"
        ) from error
    if fresh and store.folder.is_dir():
        with store.lock(option=_OPTION):  # whose file stays, so that it locks out others
            shutil.rmtree(store.folder)
    return store


def forget_other_models(cells: Sequence[Cell], store: RecordStore, train: Trainer) -> None:
    """Remove the runs of ``cells`` from ``store`` whose model the code does not make any more.

    What a key cannot hold, such as what a build reads from a network, tells in the model itself:
    one of each architecture that has runs is built, nothing is trained.
    """
    known: dict[str, Record] = {}
    for record in plan(cells, store).reused:
        if record.model is not None:
            known.setdefault(record.cell.architecture, record)
    one_each = [c for c in store.at_present(cells) if c.key in {r.key for r in known.values()}]
    built = train.build(one_each) if known else {}
    for record in known.values():
        if record.model is None or record.model.built_hash != (built.get(record.key) or None):
            for path in store.path_of(record).parent.iterdir():
                path.unlink()


@contextmanager
def at_work(store: RecordStore) -> Iterator[None]:
    """Hold the store's lock; turn Ctrl-C into Interrupted, which says what is kept."""
    with store.lock(option=_OPTION):
        try:
            yield
        except KeyboardInterrupt:
            kept = len(store.paths())
            raise Interrupted(f"{kept} runs are kept in {store.directory}") from None


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
