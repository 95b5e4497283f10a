"""What is known of records beside what they say themselves: that they came from elsewhere, or
that somebody trained their cell again.

``trust.jsonl`` in a results folder has one statement a line, only ever added to.  It is beside the
records, since these are never edited.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ninetynine.errors import UserError
from ninetynine.records.schema import Part

FILE = "trust.jsonl"
_MOST_BYTES = 64 * 2**20


class Statement(Part):
    """One thing that happened to the record of ``key``."""

    key: str
    what: Literal["merged", "confirmed", "contradicted"]  # the last two by training it again
    at: str  # ISO 8601, UTC
    machine: str = ""  # the fingerprint of the one that trained again
    source: str = ""  # the name of the folder that it came from


def statements(directory: Path) -> dict[str, list[Statement]]:
    """Return the statements in ``directory`` by key, the oldest first; what is none is left out."""
    path = directory / FILE
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return {}
    by_key: dict[str, list[Statement]] = {}
    for line in path.read_bytes().splitlines():
        try:
            statement = Statement.model_validate_json(line)
        except (ValidationError, ValueError):  # cut off by a crash, or another version's
            continue
        by_key.setdefault(statement.key, []).append(statement)
    return by_key


def state(directory: Path, new: Iterable[Statement]) -> None:
    """Add ``new`` to the statements in ``directory``; UserError where it cannot be written."""
    lines = "".join(statement.model_dump_json() + "\n" for statement in new)
    if not lines:
        return
    try:
        with (directory / FILE).open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            cut_off = file.read() not in (b"", b"\n")  # by a crash: it stays on its own line
            file.write(("\n" * cut_off + lines).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"cannot write {directory / FILE}: {reason}; free it or make room"
        ) from error
