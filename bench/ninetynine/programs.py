"""Programs: entries of a suite that train in a process of their own, in any language or framework.

A program is given the training part and the test images, a seed and a folder, and writes what it
predicts.  It never sees the test labels.  Of how it trains nothing is known but the files that it
says it consists of: these, its command and its lock file are what its key holds of it.
"""

import hashlib
import json
import string
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ninetynine.errors import UserError, nearest

BACKEND = "program"
PLACEHOLDERS = ("seed", "data", "out", "threads")
_LARGEST_FILE = 64 * 2**20  # bytes: code and its settings, no data


class Program(BaseModel):
    """A command with the files that it consists of, which lie below ``folder``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...]
    files: tuple[str, ...]  # relative to ``folder``, sorted; those of folders one by one
    environment: str = ""  # the lock file of what it runs in, relative to ``folder``
    folder: Path

    @property
    def path(self) -> Path:
        """Return the file that messages call it by."""
        return self.folder / self.files[0]

    @property
    def every_file(self) -> tuple[str, ...]:
        """Return the names of its files, the lock file among them."""
        return (*self.files, *([self.environment] if self.environment else []))

    def source_hash(self) -> str:
        """Return the SHA-256 over the command, the files and the lock file.

        Raises UserError where one cannot be read.
        """
        digests = {n: hashlib.sha256(self.read(n)).hexdigest() for n in self.every_file}
        content = json.dumps([self.command, digests, self.environment], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def read(self, name: str) -> bytes:
        """Return the content of one of its files; UserError where it cannot be read."""
        path = self.folder / name
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise UserError(f"{path}: more than {_LARGEST_FILE:,} bytes; expected code")
            return path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error

    def arguments(self, values: dict[str, str]) -> list[str]:
        """Return the command with its placeholders replaced by ``values``."""
        return [part.format(**values) for part in self.command]


def parse_program(
    command: Sequence[str], files: Sequence[str], environment: str, folder: Path, where: str
) -> Program:
    """Return the program that a suite in ``folder`` states; ``where`` names it in each UserError.

    Without ``files`` it consists of the parts of the command that are files.
    """
    _check_command(command, where)
    named = files or _files_in(command, folder)
    if not named:
        raise UserError(
            f"{where}: files: name the files that the program consists of, e.g. "
            "files = ['train.py']: a change of them makes it another one"
        )
    found = sorted({name for given in named for name in _expanded(given, folder, where)})
    if not found:
        raise UserError(f"{where}: files: no file lies in {', '.join(named)}")
    first = next((name for name in named if name in found), found[0])
    found = [first, *(name for name in found if name != first)]
    if environment:
        _check_below(environment, folder, f"{where}: environment")
        if not (folder / environment).is_file():
            raise UserError(f"{where}: environment: {folder / environment} is no file")
    return Program(
        command=tuple(command), files=tuple(found), environment=environment, folder=folder
    )


def _files_in(command: Sequence[str], folder: Path) -> list[str]:
    """Return the words of a command that are files, without one that starts what runs them."""
    found = []
    for place, word in enumerate(command):
        path = Path(word)
        with suppress(OSError):  # code or settings, longer than a name may be
            in_environment = (folder / path.parent.parent / "pyvenv.cfg").is_file()
            starts = place == 0 and (path.is_absolute() or (in_environment and len(path.parts) > 2))
            if not starts and (folder / path).is_file():
                found.append(word)
    return found


def _check_command(command: Sequence[str], where: str) -> None:
    found: set[str] = set()
    for part in command:
        if "\0" in part:
            raise UserError(
                f"{where}: command: {part!r} has a zero byte, which no program is given"
            )
        try:
            names = [
                f"{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}"
                for _, name, spec, conversion in string.Formatter().parse(part)
                if name is not None
            ]
        except ValueError as error:
            raise UserError(
                f"{where}: command: {part!r}: {error}; write {{{{ and }}}} for braces"
            ) from error
        for name in names:
            if name not in PLACEHOLDERS:
                raise UserError(
                    f"{where}: command: unknown placeholder {{{name}}}{nearest(name, PLACEHOLDERS)}"
                )
        found.update(names)
    for name in ("seed", "data", "out"):
        if name not in found:
            raise UserError(
                f"{where}: command has no {{{name}}}; expected e.g. command = ['python', "
                "'train.py', '--seed', '{seed}', '--data', '{data}', '--out', '{out}']"
            )


def _expanded(name: str, folder: Path, where: str) -> Iterator[str]:
    """Yield the file ``name``, or the files below the folder that it is, relative to ``folder``."""
    _check_below(name, folder, f"{where}: files")
    path = folder / name
    if path.is_file():
        yield path.relative_to(folder).as_posix()
    elif path.is_dir():
        inside = [file for file in path.rglob("*") if file.is_file()]
        for file in inside:
            relative = file.relative_to(folder)
            if not any(part.startswith(".") or part == "__pycache__" for part in relative.parts):
                yield relative.as_posix()
    else:
        raise UserError(f"{where}: files: {path} is not there")


def _check_below(name: str, folder: Path, where: str) -> None:
    if Path(name).is_absolute() or ".." in Path(name).parts or not Path(name).parts:
        raise UserError(f"{where}: {name!r}: expected a path below {folder}, where the suite is")
