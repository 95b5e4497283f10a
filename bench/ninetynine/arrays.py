"""Arrays in .npy and .npz files of anybody's: judged by their headers before memory is taken.

Nothing is ever unpickled.  What a few bytes unpack to may be anything, so a file's content is
limited (`check_size`), and an array's header must agree with the bytes that are there.  What lies
in a file as it is used need not be read: it can be mapped.
"""

import io
import math
import os
import stat
import struct
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError

# What one file may unpack to: CONTENT_TIMES its own size, from SMALL_BYTES, which are never too
# much, to MOST_BYTES.  Zip's deflate reaches 1,032 times; pictures hardly ever reach 20.
CONTENT_TIMES = 100
SMALL_BYTES = 256 * 2**20
MOST_BYTES = 16 * 2**30

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4}  # .npy version -> bytes of the number that says the header's
_LONGEST_HEADER = 10_000  # as numpy's own limit
_READ_BYTES = 2**20
_LOCAL_HEADER = struct.Struct("<26x2H")  # of a zip's member: how long its name and its extras are
_WRITTEN_BY_NUMPY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OTHER_METHODS = {9: "deflate64", zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma", 93: "zstd"}


def check_file(path: Path, expected: str) -> int:
    """Return a file's bytes; raise UserError where it is none, or a pipe or device to wait for."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path}: no such file; expected {expected}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read ({reason}); expected {expected}") from error
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
        raise UserError(f"{path}: is {what}; expected {expected}")
    return found.st_size


def cache_folder() -> Path:
    """Return where this user keeps what can be made again; it need not be there."""
    cache = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(cache) if cache else Path.home() / ".cache").expanduser() / "ninetynine"
    return folder.absolute()  # it is named to programs that run elsewhere


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield where to write what is at ``path`` at the end of the context, unless it raises.

    Raises OSError where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        part = Path(folder) / path.name
        yield part
        part.replace(path)


def check_size(path: Path, content_bytes: int) -> None:
    """Raise UserError where a file says that it holds more than one of its size may."""
    size = path.stat().st_size
    most = min(MOST_BYTES, max(SMALL_BYTES, CONTENT_TIMES * size))
    if content_bytes > most:
        raise UserError(
            f"{path}: a file of {_in_words(size)} that unpacks to {_in_words(content_bytes)}; "
            f"the limit is {_in_words(most)} ({CONTENT_TIMES} times the file's size, at least "
            f"{_in_words(SMALL_BYTES)}, at most {_in_words(MOST_BYTES)}): save it uncompressed if "
            "all of it is meant, or keep less in it"
        )


def _in_words(size: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} bytes"


@dataclass(frozen=True)
class StoredArray:
    """An array that is not read yet, but whose header agrees with its bytes."""

    name: str  # "" in an .npy
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_rows: bool  # as in memory; else by columns, as Fortran has it
    start: int | None  # the byte of the file from which on its bytes lie; None if packed
    _open: Callable[[], IO[bytes]]
    _complaints: "_Complaints"

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def read(self) -> NDArray[Any]:
        """Return the array.  Raises UserError where the file is damaged or the memory too small."""
        with self._complaints.about(self.name), self._open() as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
            if array.dtype.kind == "U":
                _check_text(array)
            return array

    def map(self) -> NDArray[Any]:
        """Return the array as it lies in the file, ``by_rows`` from ``start`` on; reads nothing."""
        with self._complaints.about(self.name):
            path, start = self._complaints.path, self.start or 0
            return np.memmap(path, self.dtype, mode="r", offset=start, shape=self.shape)

    def content(self) -> Iterator[bytes]:
        """Yield the array's .npy, a piece at a time.  Raises UserError where it is damaged."""
        with self._complaints.about(self.name), self._open() as file:
            while piece := file.read(_READ_BYTES):
                yield piece


def _check_text(array: NDArray[np.str_]) -> None:
    """Raise ValueError where characters are none: Python fails on them with a SystemError."""
    codes = np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
    if array.size and array.reshape(-1).view(codes).max() > sys.maxunicode:
        raise ValueError("text of characters that there are not")


@dataclass(frozen=True)
class _Complaints:
    """Turns what goes wrong in zipfile, zlib and numpy, each in its own way, into one line."""

    path: Path
    remedy: str

    @contextmanager
    def about(self, name: str) -> Iterator[None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of headers as Python 2 wrote them
                yield
        except UserError:
            raise
        except MemoryError as error:
            raise UserError(f"{self.path}: {name or 'it'} is too big for the memory") from error
        except OSError as error:
            reason = error.strerror or error
            raise UserError(f"{self.path}: cannot be read ({reason})") from error
        except Exception as error:
            detail = " ".join(str(error).split()) or type(error).__name__
            raise self.damaged(detail) from error

    def damaged(self, detail: str) -> UserError:
        return UserError(
            f"{self.path}: damaged {self.path.suffix or '.npz'} file ({detail}); {self.remedy}"
        )

    def judge(
        self, name: str, length: int, reopen: Callable[[], IO[bytes]], place: int | None
    ) -> StoredArray:
        """Return the array in ``length`` bytes of .npy, of which only the header is read.

        ``place`` is where in the file these lie as they are, None where they are packed.
        """
        with self.about(name), reopen() as file:
            header = _read_header(file)
            if header is None:
                what = f"{name} is not a numpy array" if name else "not an .npy file"
                raise UserError(f"{self.path}: {what}; {self.remedy}")
            shape, by_columns, dtype, start = header
            if dtype.hasobject:
                raise UserError(
                    f"{self.path}: {name or 'it'} holds pickled objects, which are never loaded; "
                    "expected numbers, or text labels as numpy.array(labels).astype(str)"
                )
            # What takes no bytes, such as empty text, could be of any length.
            expected = math.prod(shape) * max(dtype.itemsize, 1)
            if length - start != expected or any(side < 0 for side in shape):
                found = f"the header says {dtype} {shape}, {expected:,} bytes; {length - start:,}"
                raise self.damaged(f"{found} follow{' in ' * bool(name)}{name}")
        lies = None if place is None else place + start
        return StoredArray(name, shape, dtype, not by_columns, lies, reopen, self)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int] | None:
    """Return the shape, whether columns come first (Fortran), the dtype and the header's length.

    None for what is no .npy.
    """
    start = file.read(len(_MAGIC) + 2)
    if start[:-2] != _MAGIC:
        return None
    version = (start[-2], start[-1])
    if version not in _LENGTH_BYTES:
        raise ValueError(f"version {version[0]}.{version[1]}")
    counted = file.read(_LENGTH_BYTES[version])
    length = int.from_bytes(counted, "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"a header of {length:,} bytes")
    content = io.BytesIO(counted + file.read(length))
    formats = np.lib.format
    read = formats.read_array_header_1_0 if version == (1, 0) else formats.read_array_header_2_0
    return *read(content), len(start) + len(counted) + length


def open_npy(path: Path, remedy: str) -> StoredArray:
    """Return the array of an .npy file.  Raises UserError where it is none."""
    length = check_file(path, "an .npy file")
    return _Complaints(path, remedy).judge("", length, lambda: path.open("rb"), 0)


class NpyFolder:
    """A folder of .npy files, as an `Npz` is of arrays: a file's name is its array's."""

    def __init__(self, path: Path, remedy: str) -> None:
        self._paths = {file.stem: file for file in sorted(path.glob("*.npy"))}
        self._remedy, self.names = remedy, list(self._paths)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: no file is held open."""

    def find(self, name: str) -> StoredArray:
        """Return one of the ``names``.  Raises UserError where it is no array."""
        return replace(open_npy(self._paths[name], self._remedy), name=name)


class Npz:
    """An .npz file, open: the ``names`` of its arrays, and each of them unread."""

    def __init__(self, path: Path, remedy: str) -> None:
        """Raises UserError where ``path`` is no whole .npz; ``remedy`` says how to write one."""
        self.path, self._complaints = path, _Complaints(path, remedy)
        check_file(path, "an .npz file")
        with self._complaints.about(""):
            with path.open("rb") as file:
                starts_as_zip = file.read(2) == b"PK"
                whole = starts_as_zip and zipfile.is_zipfile(file)
            if not starts_as_zip:
                raise UserError(f"{path}: not an .npz file (a zip of numpy arrays); {remedy}")
            if not whole:
                raise UserError(f"{path}: truncated .npz file; copy or download it again")
            self._zip = zipfile.ZipFile(path)
        members = [member for member in self._zip.infolist() if not member.filename.endswith("/")]
        self._members = {member.filename.removesuffix(".npy"): member for member in members}
        if len(self._members) < len(members):
            raise self._complaints.damaged("two arrays have one name")
        self.names = list(self._members)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def find(self, name: str) -> StoredArray:
        """Return one of the ``names``.  Raises UserError where it is no array."""
        member = self._members[name]
        if member.compress_type not in _WRITTEN_BY_NUMPY:
            # zipfile unpacks these without a bound, whatever is asked for.
            how = _OTHER_METHODS.get(member.compress_type, f"method {member.compress_type}")
            raise UserError(
                f"{self.path}: {name} is compressed by {how}, expected zip's deflate or none; "
                f"{self._complaints.remedy}"
            )
        place = self._place(member)
        return self._complaints.judge(name, member.file_size, lambda: self._zip.open(member), place)

    def _place(self, member: zipfile.ZipInfo) -> int | None:
        """Return where a member's bytes lie in the file; None where they are packed."""
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            return None
        with self._complaints.about(member.filename), self.path.open("rb") as file:
            file.seek(member.header_offset)
            name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        return int(member.header_offset + _LOCAL_HEADER.size + name + extra)
