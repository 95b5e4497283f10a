"""This machine: the fingerprint that bits and seconds depend on, and how many workers it bears.

All sizes are bytes.  A GPU's own memory is not looked at.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ninetynine import gpu
from ninetynine.backends import BACKENDS, get_backend, package_versions
from ninetynine.cells import DEFAULT_BACKEND, Cell, CellIdentity, canonical_hash
from ninetynine.errors import UserError, nearest
from ninetynine.records import Machine, Record

# NVIDIA's driver, AMD's, that of Windows's Linux, and any other graphics card's.
_GPU_FILES = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/dri")))

# What a worker needs where no record says it: TensorFlow with 70,000 images of 28 x 28 and a
# convolutional network of half a million parameters peaks near 1.6 GiB.
_UNKNOWN_WORKER_BYTES = 2 * 2**30
# Runs of one model that did the same work peaked up to a fifth apart (1.24 to 1.48 GiB).
_HEADROOM = 1.25
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def available_cores() -> list[int]:
    """Return the numbers of the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def default_backend() -> str:
    """Return the backend where none is named.

    It is the one that KERAS_BACKEND says; else TensorFlow, unless that is not installed and
    another one is.  Raises UserError where KERAS_BACKEND says what is no backend here.
    """
    return _default_backend(os.environ.get("KERAS_BACKEND", ""))


@lru_cache(maxsize=2)
def _default_backend(asked: str) -> str:
    names = sorted(BACKENDS.entries(), key=lambda name: name != DEFAULT_BACKEND)
    if asked in names:
        return asked
    if asked:  # Keras would not start with it, and another backend has other numbers
        raise UserError(
            f"KERAS_BACKEND: no backend is called {asked!r}{nearest(asked, names)}; correct or "
            "unset it, or use --backend"
        )
    for name in names:
        with suppress(UserError):
            package_versions(name)
            return name
    return DEFAULT_BACKEND


def check_device(device: str) -> None:
    """Raise UserError where ``device`` is "gpu" and this machine cannot have one.

    Linux shows every driver that computes as a file, so this needs no backend.  Whether a backend
    can use the GPU that there may be is found out by whoever imports it.
    """
    if device != "gpu" or sys.platform != "linux":
        return
    if not any(path.exists() for path in _GPU_FILES):
        raise UserError(
            "--device gpu: no driver of a GPU is found on this machine; use --device cpu"
        )


def memory_bytes() -> int:
    """Return the machine's physical memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def describe(identity: CellIdentity, cores_used: list[int]) -> Machine:
    """Return this machine as ``identity`` uses it; equal fingerprints make timings comparable."""
    cores_available = os.cpu_count() or 1  # of the machine, whatever this process is pinned to
    cpu_model, flags = cpu()
    card = gpu.card() if identity.device == "gpu" else None
    name, driver = (card.name, card.driver) if card else (None, None)
    facts = card.facts() if card else None
    hardware = [cpu_model, flags, cores_available, len(cores_used), identity.threads, name, driver]
    software = [identity.backend, identity.packages, identity.precision]
    comparable = [*hardware, *software, platform.system(), platform.machine()]
    quota = cpu_quota()
    if quota is not None and quota < cores_available:  # as many cores, but not all of their time
        comparable.append(quota)
    if facts:
        comparable.append(facts)
    return Machine(
        fingerprint=canonical_hash(comparable)[:16],
        cpu_model=cpu_model,
        cpu_flags_hash=flags,
        cores_available=cores_available,
        cores_used=cores_used,
        memory_bytes=memory_bytes(),
        gpu=name,
        gpu_driver=driver,
        operating_system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        cpu_quota=quota,
        thread_limit=thread_limit(),
        gpu_facts=facts,
    )


def commit_of(folder: Path) -> tuple[str | None, bool | None]:
    """Return the git commit of ``folder`` and whether its code has changes, or two Nones.

    Two Nones also where ``folder`` merely lies inside another repository, as site-packages may.
    """
    git = ["git", "--no-optional-locks", "-C", str(folder)]
    try:
        _output([*git, "ls-files", "--error-unmatch", "bench/ninetynine/__init__.py"])
        commit = _output([*git, "rev-parse", "HEAD"])
        # Results are what a run writes: only changed code makes a commit misleading.
        changes = _output([*git, "status", "--porcelain", "--", "bench", "architectures"])
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, bool(changes)


def cpu() -> tuple[str, str]:
    """Return the CPU's name with family, model and stepping, and a hash of its instruction sets."""
    fields: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            fields[name.strip()] = value.strip()
    except OSError:
        return platform.processor() or platform.machine(), ""
    name = fields.get("model name", platform.machine())
    numbers = "/".join(fields.get(key, "?") for key in ("cpu family", "model", "stepping"))
    flags = sorted(fields.get("flags", fields.get("Features", "")).split())
    return f"{name} ({numbers})", canonical_hash(flags)[:16]


def _output(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return result.stdout.strip()


# How many workers -------------------------------------------------------------------------------


def jobs_and_threads(jobs: int | None, threads: int | None, device: str) -> tuple[int, int]:
    """Return worker processes and threads per worker; None leaves a number to this machine.

    By default one thread per worker and a worker per core: nothing is lost to threads that wait
    for each other, and it does not depend on how many cells are left, so a resumed run finds its
    own records.  A GPU is not shared: its memory is neither divided nor counted among workers.
    """
    cores = len(available_cores())
    if jobs is None:
        workers = 1 if device == "gpu" else max(1, cores // (threads or 1))
        return workers, threads or 1
    return jobs, threads or max(1, cores // jobs)


def cores_of(slot: int, jobs: int, threads: int) -> list[int]:
    """Return the cores of worker ``slot``: its own where there are enough, else all of them."""
    cores = available_cores()
    if jobs * threads > len(cores):
        return cores
    return cores[slot * threads : (slot + 1) * threads]


def affordable_jobs(
    jobs: int, cells: Sequence[Cell], records: Iterable[Record], say: Callable[[str], None]
) -> int:
    """Return how many of ``jobs`` workers to start for ``cells``; ``say`` it where it is fewer.

    ``records`` tell what such cells needed.  Raises UserError where not even one worker fits into
    memory, or where the cells ask for a GPU and this machine has none.
    """
    check_computing([cell.identity for cell in cells], say)
    needed, available = worker_bytes(cells, records), available_bytes()
    fitting = check_memory(jobs, needed, available)
    if fitting < jobs:
        say(
            f"{fitting} of {jobs} workers, because each needs about {gib(needed)} of memory and "
            f"{gib(available)} are free"
        )
    return fitting


def check_computing(identities: Sequence[CellIdentity], say: Callable[[str], None]) -> None:
    """Say in one line what will be very slow; raise UserError for a GPU that is not there."""
    for device in {identity.device for identity in identities}:
        check_device(device)
    if any((i.precision, i.device) == ("tensorfloat32", "cpu") for i in identities):
        raise UserError("--precision tensorfloat32: a CPU has none; take float32, or --device gpu")
    warnings = (get_backend(i.backend).warning(i.precision, i.device) for i in identities)
    for warning in dict.fromkeys(filter(None, warnings)):
        say(warning)


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
        str(identity.at_once),
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
    folders = _cgroup_folders("", root, own)
    return [left for folder in folders if (left := _left_in(folder)) is not None]


def cpu_quota(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> float | None:
    """Return how many cores' time our control groups grant; None where they set no limit.

    Version 2 has quota and period of microseconds in ``cpu.max``, version 1 in two files
    (Linux, Documentation/scheduler/sched-bwc.rst).  The least of all groups around us counts.
    """
    lines = [_content(f / "cpu.max") for f in _cgroup_folders("", root, own)]
    for folder in _cgroup_folders("cpu", root, own):
        pair = (_content(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        lines.append(" ".join(pair))
    pairs = [line.split() for line in lines]
    limits = [p for p in pairs if len(p) == 2 and p[0].isdecimal() and p[1].isdecimal()]
    return min((int(q) / int(period) for q, period in limits if int(q) * int(period)), default=None)


def thread_limit(root: Path = _CGROUPS, own: Path = _OWN_CGROUP) -> int | None:
    """Return how many processes and threads our control groups allow; None for no limit."""
    folders = (*_cgroup_folders("", root, own), *_cgroup_folders("pids", root, own))
    found = (_content(folder / "pids.max") for folder in folders)
    return min((int(limit) for limit in found if limit.isdecimal()), default=None)


def _cgroup_folders(controller: str, root: Path, own: Path) -> list[Path]:
    """Return the folder of our control group of ``controller``, "" for version 2's, and parents.

    A container sees its own group as the root, and possibly a path that does not exist there.
    """
    for line in _content(own).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controller in controllers.split(","):
            top = root / controllers if controller else root
            folder = top / path.strip("/")
            return [folder, *(p for p in folder.parents if p.is_relative_to(top))]
    return [] if controller else [root]


def _content(path: Path) -> str:
    """Return the text of one of the kernel's files; "" where there is none for us."""
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""


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
