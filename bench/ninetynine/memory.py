"""How many workers fit into memory, so that none of them ever pushes the machine into swap.

All numbers are bytes.  A GPU's own memory is not looked at.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ninetynine.cells import Cell, CellIdentity, canonical_hash
from ninetynine.errors import UserError
from ninetynine.records import Record

# What a worker needs where no record says it: TensorFlow with MNIST and T3 peaks near 1.6 GiB.
_UNKNOWN_WORKER_BYTES = 2 * 2**30
# Runs of one model that did the same work peaked up to a fifth apart (1.24 to 1.48 GiB for T2).
_HEADROOM = 1.25
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def check_memory(jobs: int, needed_bytes: int, available_bytes: int) -> int:
    """Return how many of ``jobs`` workers fit into ``available_bytes``, at least one.

    Raises UserError where not even one fits.
    """
    if needed_bytes > available_bytes:
        raise UserError(
            f"a worker needs about {gib(needed_bytes)} of memory and {gib(available_bytes)} are "
            "free; close other programs and run it again"
        )
    return max(1, min(jobs, available_bytes // needed_bytes))


def worker_bytes(cells: Iterable[Cell], records: Iterable[Record]) -> int:
    """Return what a worker needs for the most demanding of ``cells``.

    That is the peak that ``records`` hold of such a cell, with headroom, or a constant where they
    hold none.  Of several peaks the smallest counts: a record's peak may hold what its worker
    kept of earlier cells (the first ones, of commit 8cd8183, show up to five times the need of
    their cell), and none shows less than its cell took.
    """
    needs: dict[tuple[str, ...], int] = {}
    for record in records:
        if record.peak_memory_bytes:
            kind, need = _kind(record.cell), round(_HEADROOM * record.peak_memory_bytes)
            needs[kind] = min(need, needs.get(kind, need))
    kinds = {_kind(cell.identity) for cell in cells}
    unknown = _UNKNOWN_WORKER_BYTES
    return max((needs.get(kind, unknown) for kind in kinds), default=unknown)


def _kind(identity: CellIdentity) -> tuple[str, ...]:
    """Return what a cell's memory depends on: how long it trains is not part of it."""
    return (
        identity.architecture,
        identity.dataset_fingerprint,
        identity.backend,
        identity.precision,
        identity.device,
        canonical_hash({**identity.recipe, "epochs": 0}),
    )


def available_bytes() -> int:
    """Return how much memory this process and its workers may still take without swapping.

    That is what the system has left, or less where a control group (a container, a batch job)
    sets a limit.
    """
    import psutil

    return min([int(psutil.virtual_memory().available), *left_in_cgroups()])


def left_in_cgroups(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> list[int]:
    """Return what is left under each memory limit of our control group and of those around it.

    These are version 2's files (Linux, Documentation/admin-guide/cgroup-v2.rst); where there are
    none, nothing is returned.  Cached file pages that were not used lately count as left, because
    the kernel drops them first; Kubernetes counts the same way.
    """
    return [left for folder in _cgroup_folders(root, own) if (left := _left_in(folder)) is not None]


def _cgroup_folders(root: Path, own: Path) -> Iterator[Path]:
    """Yield our control group's folder, then its parents up to ``root``.

    A container sees its own group as the root, and possibly a path that does not exist there.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    path = next((line[3:] for line in lines if line.startswith("0::")), "/")
    folder = root / path.strip("/")
    yield folder
    while folder != root and root in folder.parents:
        folder = folder.parent
        yield folder


def _left_in(folder: Path) -> int | None:
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        if limit == "max":
            return None
        return max(0, int(limit) - used + int(facts.get("inactive_file", 0)))
    except (OSError, ValueError):  # no such group here, or its limit is not ours to see
        return None


def gib(number: float) -> str:
    """Return ``number`` of bytes as people read it, such as "1.6 GiB"."""
    return f"{number / 2**30:.1f} GiB"
