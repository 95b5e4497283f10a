"""A set of MedMNIST's, from its .npz in the package's folder, or downloaded by the package."""

import contextlib
import io
import os
from pathlib import Path
from types import ModuleType
from typing import Any

from ninetynine.datasets.files import DATA_DIR_VARIABLE, read_npz
from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.libraries import import_library
from ninetynine.datasets.sources import ReadArrays, Source
from ninetynine.errors import UserError, nearest, one_line

_PREFIX = "medmnist:"
_SIZES = ("64", "128", "224")  # of files called so; the others are 28 pixels wide and high


class MedMnist(Kind):
    """``medmnist:NAME``, or ``medmnist:NAME_64`` for its larger images, as the files are called.

    The file is looked for in ``--data-dir``, BENCH_DATA_DIR and ``~/.medmnist``, the package's own
    folder, into which it is downloaded where it is in none. Classes are called as the package says.
    """

    expected = "medmnist:NAME of the package medmnist"
    options = frozenset({"test_split", "split_seed"})
    runs_other_code = True

    def matches(self, name: str) -> bool:
        return name.startswith(_PREFIX)

    def row_name(self, name: str) -> str:
        return name

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        # It imports torch, and where that is missing prints advice and goes on without.
        with contextlib.redirect_stdout(io.StringIO()):
            library = import_library("medmnist", "medmnist", source.name)
        file = source.name.removeprefix(_PREFIX)
        flag, _, size = file.partition("_")
        if flag not in library.INFO or (size and size not in _SIZES):
            sizes = ", ".join(f"_{one}" for one in _SIZES)
            raise UserError(
                f"{source.name}: MedMNIST has no such set{nearest(flag, library.INFO)} (larger "
                f"images: {sizes} behind the name)"
            )
        facts = library.INFO[flag]
        _refuse(source.name, flag, facts)
        path = _find(file, data_dir) or _download(library, source.name, file, facts)
        label = facts["label"]
        names = tuple(str(label[str(number)]) for number in range(len(label)))
        notes = f"MedMNIST {library.__version__}, {facts['license']}"
        return ReadArrays(read_npz(path), str(path), names, (one_line(notes),))


def _refuse(name: str, flag: str, facts: Any) -> None:
    if flag.endswith("3d"):
        raise UserError(f"{name}: it is of volumes; expected a set of images")
    if facts["task"].startswith("multi-label"):
        raise UserError(
            f"{name}: its task is {facts['task']}, several labels an image; expected one label an "
            "image"
        )


def _find(file: str, data_dir: Path | None) -> Path | None:
    """Return the file where it lies already."""
    variable = os.environ.get(DATA_DIR_VARIABLE)
    own = Path.home() / ".medmnist"
    folders = [data_dir, *([Path(variable)] if variable else []), own]
    paths = (folder / f"{file}.npz" for folder in folders if folder is not None)
    return next((path for path in paths if path.exists()), None)


def _download(library: ModuleType, name: str, file: str, facts: Any) -> Path:
    """Have the package download the file into its own folder."""
    size = file.partition("_")[2]
    folder = Path.home() / ".medmnist"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            folder.mkdir(exist_ok=True)
            make = getattr(library, facts["python_class"])
            make(split="train", download=True, root=str(folder), size=int(size or 28))
    except Exception as error:
        reason = one_line(str(error)) or type(error).__name__
        raise UserError(
            f"{name}: {file}.npz is not on this machine and could not be downloaded ({reason}); "
            f"put it into {folder} or name its folder by --data-dir, or connect this machine to "
            "the internet"
        ) from error
    return folder / f"{file}.npz"


KIND = MedMnist()
