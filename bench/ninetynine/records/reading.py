"""Reading records and predictions as what a stranger wrote: bounded, checked, never trusted.

Sizes are judged before memory is taken.  Whatever is wrong with a file becomes one line.
"""

import io
import json
import math
import re
import stat
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ninetynine.errors import UserError, one_line
from ninetynine.programs import BACKEND
from ninetynine.recipe import parse_recipe
from ninetynine.records.schema import (
    FIRST_WITH_CHECKSUM,
    SCHEMA_VERSION,
    Record,
    checksum_of,
    key_of,
)

LARGEST_RECORD = 4 * 2**20  # bytes
LARGEST_PREDICTIONS = 256 * 2**20  # bytes, packed or not: 50,000 images of 1,000 classes are 95 MiB
_DEEPEST = 16  # tables and lists in one another, of what a record does not spell out
_ARRAYS = {"labels.npy": np.dtype("<u2"), "probabilities.npy": np.dtype("<f2")}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # a pair of them is a character, one is none
_ONE = 0x3C00  # the bits of 1.0 in float16; what is negative, larger or not finite has larger ones


class Unreadable(Exception):
    """Why a file cannot be used, in one line."""


@dataclass(frozen=True)
class Problem:
    """A file in the store that could not be used, and why; it is kept as it is."""

    path: Path
    reason: str
    of_record: bool = False  # not of its predictions alone, without which it stays

    def __str__(self) -> str:
        return one_line(f"{self.path}: {self.reason}; kept as it is and left out")


@dataclass(frozen=True)
class Predictions:
    """A record's test output: ``probabilities`` float16 (m, classes), ``labels`` uint16 (m,)."""

    probabilities: NDArray[np.float16]
    labels: NDArray[np.uint16]

    @property
    def nbytes(self) -> int:
        """Return how much memory they take."""
        return self.probabilities.nbytes + self.labels.nbytes

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Return which of the m test images were classified correctly, bool (m,)."""
        return np.asarray(self.probabilities.argmax(axis=1) == self.labels)


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of the regular file ``path``; raise Unreadable for any other thing."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("not a regular file")
        if status.st_size > most:
            raise Unreadable(f"{status.st_size:,} bytes, more than the {most:,} that are read")
        with path.open("rb") as file:
            content = file.read(status.st_size + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror or error})") from error
    if len(content) > status.st_size:
        raise Unreadable("grew while it was read")
    return content


def read_record(path: Path) -> Record | Problem:
    """Return the record in ``path``, or the Problem that says in one line why it is not one."""
    try:
        return record_of(read_json(read_bytes(path, LARGEST_RECORD)))
    except Unreadable as reason:
        return Problem(path, one_line(str(reason))[:500])


def read_json(content: bytes, words: str = "not a record ({})") -> Any:
    """Return the JSON of ``content``, in which each key is given once and every number is one.

    ``words`` are what is said around the reason where that is not so.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            raise Unreadable(words.format("a key is given twice"))
        return table

    def no_number(word: str) -> None:
        raise Unreadable(words.format(f"{word} is no number"))

    try:
        found = json.loads(content.decode(), object_pairs_hook=once, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not a whole JSON file (cut off?)") from error
    if _SURROGATE.search(content):
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError) as error:
            raise Unreadable(words.format("half of a character")) from error
    return found


def first_mistake(error: ValidationError) -> str:
    """Return where the first mistake is that ``error`` tells, and what it is, on one line."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def record_of(content: Any) -> Record:
    """Return the record whose JSON is ``content``; raise Unreadable where it is none."""
    record = validated(content)
    signed = record.schema_version >= FIRST_WITH_CHECKSUM or record.record_sha256 is not None
    if signed and checksum_of(content) != record.record_sha256:
        raise Unreadable("its record_sha256 is not that of its content (damaged, edited by hand?)")
    return record


def validated(content: Any) -> Record:
    """Return what `record_of` does, without a look at the checksum."""
    version = content.get("schema_version") if isinstance(content, dict) else None
    if type(version) is not int:
        raise Unreadable("not a record (no schema_version)")
    if version > SCHEMA_VERSION:
        raise Unreadable(
            f"record schema {str(version)[:20]}, this version reads up to {SCHEMA_VERSION}; upgrade"
        )
    try:
        record = Record.model_validate(content, strict=True)
    except ValidationError as error:
        raise Unreadable(f"not a valid record ({first_mistake(error)})") from error
    _check_plain(record.cell.recipe, _DEEPEST)
    _check_plain(record.cell.arguments, _DEEPEST)
    if key_of(record.cell, record.members) != record.key:
        raise Unreadable("its key is not the hash of its cell (edited by hand?)")
    _check_recipe(record)
    lacking = record.predictions_sha256 is None and record.kind != "external"
    if version >= FIRST_WITH_CHECKSUM and record.status == "finished" and lacking:
        raise Unreadable("not a valid record (finished without predictions)")
    return record


def _check_plain(value: Any, deepest: int) -> None:
    """Raise Unreadable for what no key can be made of, or no number in a report."""
    if isinstance(value, dict | list):
        if not deepest:
            raise Unreadable(f"not a valid record (nested more than {_DEEPEST} deep)")
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            _check_plain(item, deepest - 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("not a valid record (a number that is not finite)")
    elif isinstance(value, int) and abs(value) >= 2**63:
        raise Unreadable("not a valid record (a number of more than 63 bits)")


def _check_recipe(record: Record) -> None:
    recipe = record.cell.recipe
    if record.kind == "ensemble":
        names, size = recipe.get("members"), recipe.get("size")
        known = recipe.keys() <= {"members", "size", "validation_data"}
        named = isinstance(names, list) and names and all(isinstance(n, str) for n in names)
        if not (known and named and type(size) is int and size > 0):
            raise Unreadable("not a valid record (its recipe is none of an ensemble)")
        if len(record.members) % size:
            raise Unreadable("not a valid record (its members are not those of its recipe)")
    elif recipe or (record.kind == "trained" and record.cell.backend != BACKEND):
        try:
            parse_recipe(recipe, "recipe", stored=True)
        except UserError as error:
            raise Unreadable(f"{error} (written by another version?)") from error


def decode(content: bytes, record: Record) -> Predictions:
    """Return the predictions in ``content``, an ``.npz`` that ``record`` vouches for.

    Raises Unreadable where they are none, or are not what the record says of them.
    """
    try:
        arrays = _arrays(content)
    except Unreadable:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds for broken bytes
        raise Unreadable(f"no .npz of predictions: {type(error).__name__}") from error
    probabilities, labels = arrays["probabilities.npy"], arrays["labels.npy"]
    shapes = f"probabilities {probabilities.shape} and labels {labels.shape}"
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not labels.size:
        raise Unreadable(f"{shapes}: expected (m, classes) and (m,)")
    if not probabilities.size or labels.max() >= probabilities.shape[1]:
        raise Unreadable(f"{shapes}: a label is no class")
    if probabilities.view(np.uint16).max() > _ONE:
        raise Unreadable("a probability is not from 0 to 1")
    found = Predictions(probabilities, labels)
    check_predictions(found, record)
    return found


def check_predictions(found: Predictions, record: Record) -> None:
    """Raise Unreadable where ``record`` says something else of its predictions than these do."""
    if record.scores is not None:
        # The recorded one may have been rounded to float32.
        right, recorded = float(found.correct.mean()), record.scores.test.accuracy
        if abs(right - recorded) > 1e-6:
            raise Unreadable(f"their accuracy is {right:.6g}, the recorded one {recorded:.6g}")


def contradiction(path: Path, reason: object) -> Problem:
    """Return the problem of a record in ``path`` that its whole predictions contradict."""
    return Problem(path, f"not what its predictions say: {reason}", of_record=True)


def encode(predictions: Predictions) -> bytes:
    """Return ``predictions`` as the bytes of an ``.npz``."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        probabilities=predictions.probabilities.astype(np.float16),
        labels=predictions.labels.astype(np.uint16),
    )
    return buffer.getvalue()


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if sorted(part.filename for part in parts) != sorted(_ARRAYS):
            raise Unreadable("no .npz of predictions: expected probabilities and labels alone")
        if sum(part.file_size for part in parts) > LARGEST_PREDICTIONS:
            raise Unreadable(f"predictions of more than {LARGEST_PREDICTIONS:,} bytes")
        return {part.filename: _array(archive, part) for part in parts}


def _array(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> NDArray[Any]:
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("no .npz of predictions: packed in another way than NumPy's")
    with archive.open(part) as file:
        np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        size = math.prod(shape) * dtype.itemsize
        if dtype != _ARRAYS[part.filename] or size != part.file_size - file.tell():
            raise Unreadable(f"{part.filename} is {dtype} of another kind or size than expected")
        content = file.read(size)  # a file that unpacks to more is not unpacked any further
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")
