"""Where rounds are measured: machine, versions, code."""

import json
import subprocess
from pathlib import Path

import ninetynine
from ninetynine.backends import package_versions
from ninetynine.cells import PROTOCOL_VERSION, CellIdentity
from ninetynine.errors import UserError
from ninetynine.machine import available_cores, commit_of, describe

from .contenders import HERE
from .rounds import Setting, hash_of_files

_SUITE_FILES = (
    *("bench/**/*.py", "bench/**/suites/*.toml", "studies/mnist/suites/*.toml"),
    "architectures/*.py",
)
_OTHER_FILES = ("scripts/*.py", "benchopt_folder/**/*.py")


def current_setting(benchopt_python: Path | None) -> Setting:
    """Return the setting of this machine, this checkout and the two environments."""
    packages, cores = package_versions("tensorflow"), available_cores()
    identity = CellIdentity(
        protocol_version=PROTOCOL_VERSION,
        architecture="",
        source_hash="",
        recipe={},
        dataset="",
        dataset_fingerprint="",
        seed=0,
        backend="tensorflow",
        packages=packages,
        precision="float32",
        threads=len(cores),
        device="cpu",
        deterministic=False,
    )
    machine, root = describe(identity, cores), Path(ninetynine.__file__).parents[2]
    commit, dirty = commit_of(root)
    return Setting(
        machine=machine.fingerprint,
        description=f"{machine.cpu_model}, {len(cores)} of {machine.cores_available} cores, "
        f"{machine.memory_bytes / 2**30:.0f} GiB, {machine.operating_system}, "
        f"Python {machine.python}",
        packages=packages,
        benchopt_packages=None if benchopt_python is None else versions_of(benchopt_python),
        code=hash_of_files(root, _SUITE_FILES) + hash_of_files(HERE, _OTHER_FILES),
        commit=commit,
        dirty=dirty,
    )


def versions_of(python: Path) -> dict[str, str]:
    """Return the versions of benchopt and what computes under it in ``python``'s environment.

    Raises UserError where ``python`` cannot be run or lacks one of them.
    """
    code = (
        "import importlib.metadata as m, json\n"
        "names = ('benchopt', 'keras', 'numpy', 'tensorflow')\n"
        "print(json.dumps({name: m.version(name) for name in names}))"
    )
    try:
        process = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"--benchopt {python}: cannot be run ({error.strerror})") from error
    if process.returncode:
        reason = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"--benchopt {python}: {reason}")
    versions: dict[str, str] = json.loads(process.stdout)
    return versions


def differing_versions(setting: Setting) -> str:
    """Return in words which numeric packages differ between the two environments, or ""."""
    theirs = setting.benchopt_packages or {}
    differing = [
        f"{name} {version} here, {theirs[name]} beside benchopt"
        for name, version in setting.packages.items()
        if name in theirs and theirs[name] != version
    ]
    return "; ".join(differing)
