"""What travels with a cell, so that a node needs neither its data nor its architecture.

An architecture travels as text: the files that its source hash was taken over.  A dataset travels
as arrays, once to each node.  On the node both become files in a folder of this user's, named by
their content, and the worker reads them as it would anybody's.
"""

import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ninetynine import datasets
from ninetynine.architecture import Architecture
from ninetynine.cells import Cell, canonical_hash
from ninetynine.datasets.dataset import RawArrays
from ninetynine.datasets.folds import parse_fold
from ninetynine.errors import UserError
from ninetynine.places import BUILT_IN
from ninetynine.programs import Program
from ninetynine.recipe import hash_of_file
from ninetynine.records.files import safe_name, write_atomically
from ninetynine.workers.events import SentCode, Task

_BUILT_IN_FOLDER = BUILT_IN.replace(".", "/") + "/"


@dataclass(frozen=True)
class Bundle:
    """One architecture's source: path below an import folder -> text; ``file`` is its own."""

    file: str
    module: str | None
    texts: dict[str, str]
    origin: Path  # where the driver has it, for messages


@dataclass(frozen=True)
class Payload:
    """What all cells on a dataset share; a node gets it once, through the object store.

    ``packages`` are the importable modules among the architectures' files.  ``arrays`` are those
    of an ``.npz``; None for data that every installation has.  ``files`` are of programs, and the
    initial weights of recipes: their content by its hash.
    """

    packages: dict[str, str]
    dataset: str
    fingerprint: str
    arrays: RawArrays | None
    files: Mapping[str, bytes] = field(default_factory=dict)


def bundle_of(architecture: Architecture) -> Bundle:
    """Return ``architecture`` as text.

    A built-in one travels as a file by itself: a folder called as this package is would hide the
    installed package from the worker.  Built-in helpers do not travel; a node that has other ones
    gets another source hash and refuses the cell.
    """
    (file, text), *helpers = architecture.source_files.items()
    texts = {name: text for name, text in helpers if not name.startswith(_BUILT_IN_FOLDER)}
    if file.startswith(_BUILT_IN_FOLDER):
        name = architecture.path.name
        return Bundle(name, None, {name: text, **texts}, architecture.path)
    return Bundle(file, architecture.module, {file: text, **texts}, architecture.path)


def bundle_of_program(program: Program) -> Bundle:
    """Return a bundle without code: a program travels as files."""
    return Bundle("", None, {}, program.path)


def check_program(name: str, program: Program) -> None:
    """Raise UserError for a command that starts what lies here and does not travel."""
    first = program.command[0]
    if "/" in first and first not in program.files and (program.folder / first).is_file():
        raise UserError(
            f"--executor ray: {name} starts {first}, which lies beside the suite and is none of "
            "its files; start what the nodes have, such as python, or leave --executor out"
        )


def files_of(cells: Sequence[Cell]) -> dict[str, bytes]:
    """Return the content, by its hash, of what ``cells`` have in files beside architectures.

    Raises UserError where one cannot be read.
    """
    found: dict[str, bytes] = {}
    weights = {cell.weights for cell in cells if cell.weights is not None}
    for path in sorted(weights):
        try:
            found[hash_of_file(path)] = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    for program in {cell.program for cell in cells if cell.program is not None}:
        for name in program.every_file:
            content = program.read(name)
            found[_named(program.source_hash(), name)] = content
    return found


def _named(source_hash: str, name: str) -> str:
    return f"{source_hash} {name}"


def payload_of(
    bundles: Sequence[Bundle],
    dataset: str,
    data_dir: Path | None,
    files: Mapping[str, bytes] | None = None,
) -> Payload:
    """Return what the cells of ``bundles`` on ``dataset`` share; loads the dataset.

    ``files`` are `files_of` the cells.
    """
    fold = parse_fold(dataset)
    name = fold[0] if fold else dataset  # a fold is taken where it is used
    packages = {
        file: text
        for bundle in bundles
        for file, text in bundle.texts.items()
        if bundle.module is not None
    }
    info = datasets.info_of(name)
    if info is not None and info.is_everywhere:
        return Payload(packages, name, datasets.fingerprint_of(name), None, files or {})
    loaded = datasets.load(name, data_dir)
    return Payload(packages, name, loaded.fingerprint, loaded.arrays, files or {})


def unpack(task: Task, bundle: Bundle, payload: Payload, folder: Path) -> Task:
    """Return ``task`` as it is on this node, where its code and data now lie below ``folder``."""
    cell = _unpack_files(task.cell, payload.files, folder)
    packages = _unpack_code(payload.packages, folder)
    own = _unpack_code(bundle.texts, folder)
    place = own if bundle.module is None else packages
    code = SentCode(path=place / bundle.file, module=bundle.module, folders=[own, packages])
    changes: dict[str, object] = {"architecture_files": [], "data_dir": None, "cell": cell}
    changes["code"] = code if cell.program is None else None
    if payload.arrays is not None:
        data = _unpack_arrays(payload, payload.arrays, folder)
        known = payload.dataset in datasets.known()
        # A node may lack the plug-in that brings the dataset: there it is a file like a user's.
        path = f"{data}{task.dataset.removeprefix(payload.dataset)}"  # with its fold
        changes |= {"data_dir": data.parent} if known else {"dataset": path}
    return task.model_copy(update=changes)


def _unpack_files(cell: Cell, files: Mapping[str, bytes], folder: Path) -> Cell:
    """Return ``cell`` with its program or its initial weights where they now lie on this node."""
    if cell.weights is not None:
        digest = cell.identity.recipe["initial_weights"]["sha256"]
        path = folder / "weights" / digest[:16] / cell.weights.name
        _write_once(path, files[digest])
        cell = cell.model_copy(update={"weights": path})
    if cell.program is not None:
        source_hash = cell.identity.source_hash
        place = folder / "programs" / source_hash[:16]
        for name in cell.program.every_file:
            _write_once(place / name, files[_named(source_hash, name)])
            (place / name).chmod(0o755)  # a command may start one of them
        program = cell.program.model_copy(update={"folder": place})
        cell = cell.model_copy(update={"program": program})
    return cell


def node_folder() -> Path:
    """Return this user's folder on this node; what lies in it serves later runs too.

    Raises UserError where somebody else made it.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"ninetynine-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
        raise UserError(f"{folder}: not a folder of user {user}; remove it, or set TMPDIR there")
    return folder


def _unpack_code(texts: Mapping[str, str], folder: Path) -> Path:
    """Write ``texts`` below ``folder`` and return the import folder that they then lie in."""
    place = folder / "code" / canonical_hash(dict(texts))[:16]
    for file, text in texts.items():
        _write_once(place / file, text.encode())
        # A package whose __init__ the architecture does not import still has to be a package:
        # Python prefers any installed one of that name to a folder without the file.
        for parent in Path(file).parents[:-1]:
            init = parent / "__init__.py"
            if init.as_posix() not in texts:
                _write_once(place / init, b"")
    return place


def _unpack_arrays(payload: Payload, arrays: RawArrays, folder: Path) -> Path:
    name = f"{safe_name(datasets.called(payload.dataset))}.npz"
    path = folder / "data" / payload.fingerprint[:16] / name
    if not path.exists():
        _write_once(path, _npz(arrays))
    return path


def _npz(arrays: RawArrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]  # numpy's stub knows no names
    return content.getvalue()


def _write_once(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)


def model_place(folder: Path, task: Task) -> Path:
    """Return where this node's worker saves the model that ``task`` is to keep."""
    name = hashlib.sha256(f"{task.cell.key} {os.getpid()}".encode()).hexdigest()[:16]
    return folder / "models" / f"{name}.keras"
