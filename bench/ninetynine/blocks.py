"""Arrays that may be larger than memory: files mapped into it, walked through and taken from.

A large array is not read but mapped: its pages come from the file as they are looked at, and the
system takes them back as it likes.  Until it does they count as the process's memory, so what was
looked at here is let go of at once.
"""

import mmap
from collections.abc import Iterator
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

MAPPED_BYTES = 2**26  # from so many on, the images of a file are mapped, not read
UNPACKED_BYTES = 2**28  # the same of packed ones, of which another file is written for it
_BLOCK_BYTES = 2**24
_ROWS_AT_ONCE = 32  # that are taken from a map: the system may map 2 MiB with each, a large page


class Selection:
    """Some rows of a mapped array, in any order, which are read when they are asked for.

    It stands in for the array that ``array[indices]`` would be: it has its length, shape and dtype,
    a slice of it is one as well, and anything else that is asked of it, all of it by
    ``numpy.asarray``, is an array.
    """

    def __init__(self, array: Any, indices: NDArray[np.intp]) -> None:
        self._array, self._indices = array, indices
        self._mmap = array._mmap
        self.shape = (len(indices), *array.shape[1:])
        self.dtype, self.ndim = array.dtype, array.ndim
        self.nbytes = len(indices) * row_bytes(array)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, key: Any) -> Any:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, slice) and not rest:
            return Selection(self._array, self._indices[first])
        rows = take(self._array, self._indices[first])
        return rows[:, *rest] if rows.ndim == self.ndim else rows[tuple(rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return take(self._array, self._indices).astype(dtype or self.dtype, copy=False)


def is_mapped(array: Any) -> bool:
    """Return whether an array lies in a file: to make another one of it would fill the memory."""
    return getattr(array, "_mmap", None) is not None


def selected(array: NDArray[Any], indices: NDArray[np.intp]) -> NDArray[Any]:
    """Return ``array[indices]``, of a mapped array as a `Selection`, which takes no memory."""
    if not is_mapped(array):
        return array[indices]
    return cast(NDArray[Any], Selection(array, indices))


def take(array: NDArray[Any], indices: Any) -> NDArray[Any]:
    """Return ``array[indices]`` in memory; of a map it is read in the order of the file."""
    if not is_mapped(array) or np.ndim(indices) == 0:
        return np.asarray(array[indices])
    if isinstance(array, Selection):
        return take(array._array, array._indices[indices])
    wanted = np.arange(len(array))[indices]
    order = np.argsort(wanted, kind="stable")
    rows = np.empty((len(wanted), *array.shape[1:]), array.dtype)
    for start in range(0, len(wanted), _ROWS_AT_ONCE):
        places = order[start : start + _ROWS_AT_ONCE]
        rows[places] = array[wanted[places]]
        release(array)
    return rows


def blocks(array: NDArray[Any], most_rows: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield an array a few megabytes at a time: the first row's index, and the rows."""
    size = row_bytes(array)
    rows = max(1, min(_BLOCK_BYTES // max(1, size), most_rows or _BLOCK_BYTES))
    for start in range(0, len(array), rows):
        yield start, np.asarray(array[start : start + rows])
        release(array)


def row_bytes(array: NDArray[Any]) -> int:
    """Return the bytes of one of an array's rows."""
    return prod(array.shape[1:]) * array.dtype.itemsize


def extremes(array: NDArray[Any]) -> tuple[Any, Any]:
    """Return an array's minimum and maximum, both NaN where any of it is."""
    found = [(block.min(), block.max()) for _, block in blocks(array)]
    lows, highs = zip(*found, strict=True)
    return np.min(lows), np.max(highs)


def release(array: Any) -> None:
    """Let go of the pages of a map that this process has looked at; they stay in the file."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
