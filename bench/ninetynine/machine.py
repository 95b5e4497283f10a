"""The fingerprint of the hardware and software that bits and seconds depend on."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from importlib.metadata import PackageNotFoundError as PackageNotFoundError
from pathlib import Path

from ninetynine.cells import CellIdentity, canonical_hash
from ninetynine.errors import UserError
from ninetynine.records.schema import Machine

# The packages that compute, by backend; their versions are part of a cell's key.
_NUMERIC_PACKAGES = {
    "tensorflow": ("keras", "numpy", "tensorflow"),
    "jax": ("jax", "jaxlib", "keras", "numpy"),
    "torch": ("keras", "numpy", "torch"),
}

# NVIDIA's driver, AMD's, that of Windows's Linux, and any other graphics card's.
_GPU_FILES = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/dri")))


def package_versions(backend: str) -> dict[str, str]:
    """Return name -> version of ``backend``'s numeric packages, without importing any.

    Raises importlib.metadata.PackageNotFoundError for a package that is not installed.
    """
    return {name: metadata.version(name) for name in _NUMERIC_PACKAGES[backend]}


def available_cores() -> list[int]:
    """Return the numbers of the cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


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
    cpu_model, flags = _cpu()
    gpu, driver = _gpu() if identity.device == "gpu" else (None, None)
    comparable = [
        cpu_model,
        flags,
        cores_available,
        len(cores_used),
        identity.threads,
        gpu,
        driver,
        identity.backend,
        identity.packages,
        identity.precision,
        platform.system(),
        platform.machine(),
    ]
    return Machine(
        fingerprint=canonical_hash(comparable)[:16],
        cpu_model=cpu_model,
        cpu_flags_hash=flags,
        cores_available=cores_available,
        cores_used=cores_used,
        memory_bytes=memory_bytes(),
        gpu=gpu,
        gpu_driver=driver,
        operating_system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
    )


def commit_of(folder: Path) -> tuple[str | None, bool | None]:
    """Return the git commit of ``folder`` and whether its code has changes, or two Nones.

    Two Nones also where ``folder`` merely lies inside another repository, as site-packages may.
    """
    try:
        tracked = [
            "git",
            "-C",
            str(folder),
            "ls-files",
            "--error-unmatch",
            "bench/ninetynine/__init__.py",
        ]
        _output(tracked)
        commit = _output(["git", "-C", str(folder), "rev-parse", "HEAD"])
        # Results are what a run writes: only changed code makes a commit misleading.
        changes = _output(
            [
                "git",
                "--no-optional-locks",
                "-C",
                str(folder),
                "status",
                "--porcelain",
                "--",
                "bench",
                "architectures",
            ]
        )
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, bool(changes)


def _cpu() -> tuple[str, str]:
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


def _gpu() -> tuple[str | None, str | None]:
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        name, driver = _output(query).splitlines()[0].split(", ")
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return None, None
    return name, driver


def _output(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return result.stdout.strip()
