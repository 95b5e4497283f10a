"""``baseline.json``: why a baseline is as it is, written by ``bench baseline update`` alone."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from ninetynine.board import Row, Run
from ninetynine.board.boards import board_key
from ninetynine.board.history import Change, Level
from ninetynine.board.run import identity_of
from ninetynine.errors import UserError, one_line
from ninetynine.gate.reference import NAME
from ninetynine.records.files import write_atomically
from ninetynine.records.reading import (
    LARGEST_RECORD,
    Unreadable,
    first_mistake,
    read_bytes,
    read_json,
)
from ninetynine.records.schema import Fraction, Part
from ninetynine.statistics import Interval
from ninetynine.suite import AtOnce

MANIFEST = "baseline.json"
MANIFEST_VERSION = 1


class KeptLevel(Part):
    """What an architecture came to, shares of 1, when its runs are gone."""

    accuracy: float  # mean over the finished runs
    low: float | None = None  # the ends of its 95% interval on these test images
    high: float | None = None
    seeds: int


class Update(Part):
    """One deliberate change of a baseline."""

    LATER = ("levels",)

    at: str  # ISO 8601, UTC
    reason: str
    suite: str  # as named on the command line, as is the dataset
    dataset: str
    architectures: list[str]
    seeds: list[int]
    only: str | None = None  # as given: what of the suite was asked for; None for the whole suite
    architecture_files: list[str] = Field(default_factory=list)  # the user's own
    seeds_at_once: AtOnce = None  # as given: None for one after the other
    suite_version: str
    commit: str | None = None
    dirty: bool | None = None
    levels: dict[str, KeptLevel] = Field(default_factory=dict)  # by architecture


class First(Part):
    """What an architecture's first baseline was, which no update changes."""

    at: str  # ISO 8601, UTC
    dataset: str
    dataset_fingerprint: str
    accuracy: Fraction  # mean over the finished runs
    seeds: int  # that finished


class Manifest(Part):
    """What ``baseline.json`` holds: every update, the latest last."""

    LATER = ("margins", "first", "ignored", "measure", "class_margins")

    manifest_version: int = MANIFEST_VERSION
    updates: list[Update] = Field(default_factory=list)
    margins: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(
        default_factory=dict
    )  # percentage points, or the measure's unit, by architecture; "" is any other
    first: dict[str, First] = Field(default_factory=dict)  # by architecture
    measure: str | None = None  # that a check judges; None is accuracy
    # In percentage points, by the class's number; "" is any other.
    class_margins: dict[str, Annotated[float, Field(gt=0, le=100)]] = Field(default_factory=dict)
    # Keys of records that an update is adding, or has replaced: they do not count.  Empty, and
    # then not written, but where an update was killed.
    ignored: list[str] = Field(default_factory=list)


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest in ``directory``, empty where there is none; UserError if unreadable."""
    path = directory / MANIFEST
    if not os.path.lexists(path):
        return Manifest()
    try:
        content = read_json(read_bytes(path, LARGEST_RECORD), "{}")
        version = content.get("manifest_version", 0) if isinstance(content, dict) else None
        if not isinstance(version, int):
            raise Unreadable("no table, or no manifest_version")
        if version > MANIFEST_VERSION:
            raise UserError(f"{path}: written by a newer version of ninetynine; upgrade")
        return Manifest.model_validate(content)
    except ValidationError as error:
        reason = first_mistake(error)
    except Unreadable as error:
        reason = str(error)
    what = one_line(f"{path}: not a baseline's manifest ({reason})")
    raise UserError(f"{what}; correct it, or restore it from version control")


def write_manifest(
    directory: Path, known: Manifest, updates: Sequence[Update], ignored: set[str]
) -> None:
    """Write ``known`` with other updates and other records that do not count."""
    changed = {"updates": list(updates), "ignored": sorted(ignored)}
    manifest = known.model_copy(update=changed)
    content = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
    write_atomically(directory / MANIFEST, content.encode() + b"\n")


def levels_of(runs: Sequence[Run]) -> dict[str, KeptLevel]:
    """Return what the architectures of ``runs`` come to, by name."""
    by_name: dict[str, list[Run]] = {}
    for run in runs:
        if run.record.scores is not None and run.record.cell.architecture != NAME:
            by_name.setdefault(run.record.cell.architecture, []).append(run)
    found = {}
    for name, own in sorted(by_name.items()):
        record = own[0].record
        key = board_key(record, record.context.variant)
        row = Row.of(name, identity_of(record), key, own)
        mean, interval = row.accuracy, row.ci_seeds
        if mean is not None:
            ends = (interval.low, interval.high) if interval else (None, None)
            found[name] = KeptLevel(accuracy=mean.mean, low=ends[0], high=ends[1], seeds=mean.n)
    return found


def changes_of(manifest: Manifest) -> list[Change]:
    """Return how a baseline was changed, the last change last."""
    found = []
    for entry in manifest.updates:
        levels: dict[str, Level | None] = {}
        prints = set()
        for name in entry.architectures:
            kept, first = entry.levels.get(name), manifest.first.get(name)
            levels[name] = None
            if kept is not None:
                ends = (kept.low, kept.high)
                interval = None if None in ends else Interval(*ends)  # type: ignore[arg-type]
                levels[name] = Level(kept.accuracy, interval, kept.seeds)
            elif first is not None and first.at == entry.at:
                levels[name] = Level(first.accuracy, None, first.seeds)
            if first is not None:
                prints.add(first.dataset_fingerprint)
        data = prints.pop() if len(prints) == 1 else None
        found.append(Change(entry.at, entry.reason, entry.commit, data, levels))
    return found
