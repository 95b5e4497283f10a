"""What an architecture's code reads beside its source while it is imported and built.

Files and folders that it opens or looks for, modules that it imports by a computed name, and
environment variables.  They are part of a cell's key by their content: a model whose width lies
in a JSON file is another model when that file has another number.
"""

import hashlib
import importlib.util
import os
import sys
import sysconfig
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from ninetynine.backends import compiled_folder, computing_packages

# Kind and name ("file width.json", "environment WIDTH") -> SHA-256 of the content, "" for nothing.
# A path is relative to the architecture's file where it lies below that one's folder.
Inputs = dict[str, str]
OnInputs = Callable[[Inputs], None]  # told what code that was built reads

INSTALLED = {"site-packages", "dist-packages"}  # what folders of packages are called
_PACKAGE = str(Path(__file__).parent)


def _libraries() -> tuple[str, ...]:
    """Return the folders of libraries, also those of another environment or of the user's own.

    Each as Python names it and as it is found on the disk.
    """
    found = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {folder for folder in sys.path if Path(folder).name in INSTALLED}
    others = {folder for folder in sys.path if folder and folder not in found}
    found.add(_PACKAGE)
    installed = {path for folder in others for path in _installed_in(folder)}
    return tuple({*found, *map(os.path.realpath, found), *installed})


def _installed_in(folder: str) -> Iterator[str]:
    """Yield what is installed in ``folder``, as by ``pip install --target``, beside own code."""
    for record in Path(folder).glob("*.dist-info/RECORD"):
        with suppress(OSError):
            lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
            names = {line.split(",")[0].split("/")[0].strip('"') for line in lines}
            for place in {folder, os.path.realpath(folder)}:
                for path in (Path(place, name) for name in names - {"", ".", ".."}):
                    yield f"{path}{os.sep}" if path.is_dir() else str(path)


_LIBRARIES = _libraries()
_SYSTEM = ("/proc", "/sys", "/dev", "/etc")
# What these read is not the architecture's doing; that it loads a file through them is.
_COMPUTING = computing_packages() | {"absl", "google", "h5py"}
# What asks for a file unheard by Python, and where: what the library opens by itself, and what only
# looks.  Of the latter only what an architecture's own code looks for says something.
_OPENING = {
    "tensorflow.python.lib.io._pywrap_file_io": (
        *("BufferedInputStream", "FileExists", "GetChildren", "IsDirectory", "Stat"),
        *("ReadFileToString", "CopyFile"),
    ),
    "tensorflow._api.v2.io": ("read_file",),
}
_LOOKING = ("stat", "lstat", "access", "readlink")
# They say where things lie; what is read there is noted.
_PLACES = {"HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TEMP", "TMP", "TMPDIR", "USER"}


@contextmanager
def noting(file: Path, sources: tuple[Path, ...], settled: tuple[str, ...]) -> Iterator[Inputs]:
    """Yield what is filled, at the end of the context, with what the code in ``file`` read in it.

    ``sources`` are the files that its source hash covers, ``settled`` the beginnings of names in
    the environment that the cell decides.
    """
    inputs: Inputs = {}
    notes = _Notes({str(path.resolve()) for path in sources}, settled)
    _hearing().append(notes)
    before = [(there, name, getattr(there, name)) for there, name, _ in notes.listeners()]
    for listener in [*notes.listeners()]:
        setattr(*listener)
    try:
        with notes.hearing_hdf5():
            yield inputs
    finally:
        notes.is_listening = False
        _hearing().remove(notes)
        for silent in before:
            setattr(*silent)
        inputs |= now(notes.names(file), file)


@cache
def _hearing() -> "list[_Notes]":
    """Return who is told what this process opens.

    Python never forgets a hook and calls each of them for every ``open``, ``import`` and ``id``: it
    has one, however many cells the process trains.
    """
    hearing: list[_Notes] = []

    def tell(event: str, arguments: tuple[Any, ...]) -> None:
        for notes in tuple(hearing):  # another thread may end to listen meanwhile
            notes.on_audit(event, arguments)

    sys.addaudithook(tell)
    return hearing


def now(names: Iterable[str], file: Path) -> Inputs:
    """Return what the inputs ``names`` of the architecture in ``file`` hold at present."""
    return {name: _digest(name, file.parent) for name in sorted(names)}


def _digest(name: str, folder: Path) -> str:
    kind, _, name = name.partition(" ")
    if kind == "environment":
        return _hashed(os.environ[name]) if name in os.environ else ""
    path = folder / name
    try:
        if path.is_dir():
            return _hashed("\n".join(sorted({*os.listdir(path)} - {"__pycache__"})))  # noqa: PTH208
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def forget_own_code() -> None:
    """Take what is no library's out of ``sys.modules``: imported again, it reads its inputs again.

    For a process that trains several cells.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is not None and not file.startswith(_LIBRARIES):
            del sys.modules[name]


class _Notes:
    """Hears what is opened, looked for and asked for, and keeps what counts."""

    def __init__(self, sources: set[str], settled: tuple[str, ...]) -> None:
        self.is_listening = True
        self._sources = sources
        self._settled = settled
        self._not_inputs = (*_LIBRARIES, *_SYSTEM, os.path.realpath(compiled_folder()))
        self._paths: set[str] = set()
        self._written: set[str] = set()
        self._variables: set[str] = set()

    def names(self, file: Path) -> Iterator[str]:
        folder, temporary = str(file.parent), os.path.realpath(tempfile.gettempdir())
        own = {path for path in self._written if path.startswith(temporary)}
        for path in self._paths - own - self._sources:
            below = path.startswith(folder + os.sep)
            yield f"file {os.path.relpath(path, folder) if below else path}"
        yield from (f"environment {name}" for name in self._variables)

    def on_audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_listening:
            return
        if event == "open":
            self._on_path(arguments[0], is_written=_writes(arguments[1], arguments[2]))
        elif event == "sqlite3.connect" and ":memory:" not in (name := str(arguments[0])):
            self._on_path(name.removeprefix("file:").partition("?")[0])
        elif event in ("os.listdir", "os.scandir") and _is_of_own_code(sys._getframe(2)):
            self._on_path(arguments[0] if arguments[0] is not None else ".")

    def listeners(self) -> Iterator[tuple[Any, str, Any]]:
        """Yield what stands in for what reads unheard: where, its name there, and what notes."""
        for name in _LOOKING:
            yield os, name, self.watched(getattr(os, name), own=True)
        for name in ("environ", "environb"):
            if hasattr(os, name):
                yield os, name, _NotedEnvironment(getattr(os, name), self.on_variable)
        for module, names in _OPENING.items():
            there = sys.modules.get(module)
            for name in names:
                if hasattr(there, name):
                    yield there, name, self.watched(getattr(there, name))

    @contextmanager
    def hearing_hdf5(self) -> Iterator[None]:
        """Note the files that h5py opens: its library opens them itself, unheard by Python."""
        h5py = sys.modules.get("h5py")
        if h5py is None:
            yield
            return
        opens = h5py.File.__init__

        def noted(file: Any, name: Any, mode: Any = "r", *rest: Any, **named: Any) -> None:
            if self.is_listening:
                self._on_path(name, is_written=mode != "r")
            opens(file, name, mode, *rest, **named)

        h5py.File.__init__ = noted
        try:
            yield
        finally:
            h5py.File.__init__ = opens

    def on_variable(self, name: str) -> None:
        counts = name not in _PLACES and not name.startswith(self._settled)
        if self.is_listening and counts and _is_of_own_code(sys._getframe(2)):
            self._variables.add(name)

    def watched(self, function: Callable[..., Any], own: bool = False) -> Callable[..., Any]:
        """Return ``function`` of a path so that the path is noted; ``own``: by own code alone."""

        def noted(path: Any, *rest: Any, **named: Any) -> Any:
            if self.is_listening and (not own or _is_of_own_code(sys._getframe(1))):
                self._on_path(path)
            return function(path, *rest, **named)

        return noted

    def _on_path(self, path: object, is_written: bool = False) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor: what it is of was opened before
        if "://" in (name := os.fsdecode(path)):
            return  # on no disk of this machine
        whole = os.path.realpath(name)
        if whole.endswith(".pyc"):
            whole = _source_of(whole)
        if whole.endswith("keras.json") or whole.startswith(self._not_inputs):
            return
        (self._written if is_written else self._paths).add(whole)


class _NotedEnvironment(os._Environ[Any]):
    """``os.environ`` or ``os.environb`` that says which variable is asked for.

    To copy all of it asks for none.
    """

    def __init__(self, real: Any, note: Callable[[str], None]) -> None:
        super().__init__(
            real._data, real.encodekey, real.decodekey, real.encodevalue, real.decodevalue
        )
        self._note = note
        self._listed: deque[Any] = deque()

    def __getitem__(self, key: Any) -> Any:
        if self._listed and self._listed[0] == key:  # a copy asks for all, in their order
            self._listed.popleft()
        elif isinstance(key, str | bytes):
            self._listed.clear()
            self._note(os.fsdecode(key))
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        self._listed = deque(super().__iter__())
        return iter([*self._listed])


def _writes(mode: str | None, flags: int) -> bool:
    if mode is not None:
        return "r" not in mode or "+" in mode
    return bool(flags & (os.O_WRONLY | os.O_RDWR))


def _source_of(compiled: str) -> str:
    try:
        return importlib.util.source_from_cache(compiled)
    except ValueError:  # a module that has no source
        return compiled


def _is_of_own_code(frame: FrameType | None) -> bool:
    """Return whether what happens in ``frame`` is a user's code's doing, directly or not."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_PACKAGE) or file.startswith("<frozen importlib"):
            return False
        if file.startswith(_LIBRARIES):
            if _package_of(file) in _COMPUTING:
                return False
        elif not file.startswith("<"):
            return True
        frame = frame.f_back
    return False


def _package_of(file: str) -> str:
    """Return the name of the installed package that ``file`` is of; "" for none."""
    for path in _LIBRARIES:
        if path.endswith(os.sep) and file.startswith(path):
            return Path(path).name
    return file.replace("-packages/", "-packages\0").partition("\0")[2].split("/")[0]
