"""Keras's own cache of datasets, and its own loaders to fill it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ninetynine.datasets.checks import build_known
from ninetynine.datasets.dataset import DatasetInfo, RawArrays
from ninetynine.datasets.files import DATA_DIR_VARIABLE, looked_for, read_folder
from ninetynine.errors import UserError

# Keras sets no time limit of its own, so a silent network would hang it for ever.
_LOADER = (
    "import socket, sys; socket.setdefaulttimeout(30); "
    "from keras import datasets; getattr(datasets, sys.argv[1]).load_data()"
)


def keras_home() -> Path:
    """Return Keras's folder: KERAS_HOME, else .keras in the user's home."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser()


def keras_cache() -> Path:
    """Return the folder in which Keras caches its datasets."""
    return keras_home() / "datasets"


def read_through_keras(info: DatasetInfo) -> RawArrays:
    """Return the arrays of a dataset in Keras's cache, filled first where it has no good copy.

    Raises UserError where they cannot be downloaded.
    """
    cache = keras_cache()
    try:
        found = read_folder(cache, info)
        if found is not None:
            build_known(info, found[0], str(found[1]))
    except UserError:
        # A damaged copy, such as a download of Keras's own that was cut off, is replaced.
        found = None
    if found is None:
        try:
            download(info.name)
        except UserError as error:
            raise UserError(
                f"{info.name} is not on this machine and could not be downloaded ({error}): name a "
                f"folder with {_files_of(info)} by --data-dir or "
                f"{DATA_DIR_VARIABLE}, or connect this machine to the internet and run again"
            ) from error
        found = read_folder(cache, info)
    if found is None:
        raise UserError(
            f"Keras's cache {cache}: no files of {info.name}; looked for {looked_for(info)}"
        )
    return found[0]


def _files_of(info: DatasetInfo) -> str:
    own = f"{info.cifar_files.folder}/" if info.cifar_files else "the four IDX files"
    return f"{info.name}.npz or {own}"


def download(name: str) -> None:
    """Fill Keras's cache with an image set, such as ``mnist``, through ``keras.datasets``.

    Keras's loader writes under the final name while it downloads. Here it runs in a process of its
    own with a temporary KERAS_HOME, and only whole files are moved into the cache: an interrupted
    download leaves none that looks whole, two processes may download at once, and the caller never
    imports TensorFlow. Raises UserError saying why it failed.
    """
    cache = keras_cache()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as folder:
            run_keras_loader(name, Path(folder))
            _move_files(Path(folder) / "datasets", cache)
    except OSError as error:
        raise UserError(f"Keras's cache {cache} cannot be written ({error.strerror})") from error


def run_keras_loader(name: str, home: Path) -> None:
    """Run Keras's loader of one dataset with ``home`` as its KERAS_HOME.

    Raises UserError with the loader's last line if it fails.
    """
    # Without the user's keras.json, Keras would import TensorFlow where another backend is set.
    settings = keras_home() / "keras.json"
    if settings.is_file():
        shutil.copy(settings, home)
    result = subprocess.run(
        [sys.executable, "-c", _LOADER, name],
        # A module of the user's working folder must not stand in for Python's.
        cwd=home,
        env={**os.environ, "KERAS_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        lines = result.stderr.split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise UserError(f"Keras's loader failed: {last}")


def _move_files(source: Path, cache: Path) -> None:
    """Move each downloaded file to its place in the cache, one atomic rename each."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            target = cache / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
