"""Loads data of the user's own, whatever kind they are of, and keeps what was slow to read."""

import glob
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from ninetynine.arrays import Npz, cache_folder, written_whole
from ninetynine.datasets.checks import build_dataset
from ninetynine.datasets.dataset import Dataset
from ninetynine.datasets.files import opened
from ninetynine.datasets.kinds import Kind, kind_of, kinds
from ninetynine.datasets.preparing import prepare
from ninetynine.datasets.registry import entries
from ninetynine.datasets.sources import ReadArrays, Source, lexical, parse_source
from ninetynine.errors import UserError, nearest, one_line

_READ_VERSION = 1  # goes up where the same files would be read as other arrays
_FILES = (".npz", ".csv", ".tsv")  # kinds of which a row is called without their ending
_CLASS_NAMES, _WHERE, _NOTES = "class_names", "where", "notes"


def find(name: str) -> tuple[Kind, Source]:
    """Return the kind of the dataset ``name``, which is no fold, and what the name says.

    Raises UserError where it is of no kind, or where its kind does not mind one of its options.
    """
    source, names = parse_source(name), entries()
    kind = None if source.name in names else kind_of(source.name)
    ways = ", ".join(kind.expected for kind in kinds())
    if kind is None:
        if source.name in names:
            told = ", ".join(source.given)
            raise UserError(f"dataset {source.name!r}: it is read as it is; leave out {told}")
        if source.given:  # no known dataset has options: it is data that are not there
            raise _not_there(source.name)
        if Path(source.name).is_file():
            raise UserError(
                f"{source.name}: a file of no kind that is read; expected {_paths()} (an archive "
                "of pictures is to be unpacked)"
            )
        meant = nearest(source.name, names)
        raise UserError(f"unknown dataset {source.name!r}{meant} (data of your own: {ways})")
    if kind.is_path and not os.path.lexists(source.name) and Path(source.name).suffix not in _FILES:
        raise _not_there(source.name)
    for option in source.given.keys() - kind.options:
        minded = ", ".join(sorted(kind.options)) or "none"
        raise UserError(
            f"{source.name}: {option} is not for {kind.expected}; its options are {minded}"
        )
    return kind, source


def _not_there(name: str) -> UserError:
    return UserError(f"{name}: no such file or folder; expected {_paths()}")


def _paths() -> str:
    return ", ".join(kind.expected for kind in kinds() if kind.is_path)


def row_name(name: str) -> str:
    """Return what tables call a dataset of the user's own, which is no fold; reads nothing.

    Raises UserError where that is the name of a known dataset, whose rows it would be mistaken for.
    """
    kind, source = find(name)
    row = kind.row_name(source.name)
    if row.lower() in entries():
        raise UserError(
            f"{source.name}: data of your own cannot be called {row!r}, the name of a known "
            "dataset; rename it, or name its folder with --data-dir and the dataset "
            f"{row.lower()!r}"
        )
    return row


def called(name: str) -> str:
    """Return the `row_name` of data that need not be there; ``name`` has no options."""
    kind = kind_of(name)
    if kind is not None and not kind.is_path:
        return kind.row_name(name)
    path = lexical(name)
    return path.stem if path.suffix.lower() in _FILES else path.name


def is_path(name: str, path: Path) -> bool:
    """Return whether ``name``, which has no options, is that of data at ``path``."""
    kind = kind_of(name)
    return path.exists() if kind is None else kind.is_path


def load(name: str, data_dir: Path | None) -> Dataset:
    """Return a checked dataset of the user's own, which is no fold.

    Raises UserError where the data cannot be found or something is wrong with them.
    """
    kind, source = find(name)
    row = row_name(name)
    place = _place(kind, source, data_dir)
    for path in _kept(place) if place is not None else ():
        with suppress(UserError, OSError):  # one that is damaged is read anew
            # It may have been read from another folder, by another relative path.
            kept = _built(row, replace(_read_kept(path), where=source.name))
            if path.stem.endswith(kept.fingerprint):
                return kept
    read = prepare(kind.read(source, data_dir), source)
    place = place or _place(kind, source, data_dir)  # what was downloaded now has a state
    dataset = _built(row, read)
    if place != _place(kind, source, data_dir):
        raise UserError(f"{source.name}: the data changed while they were read; run it again")
    if place is not None:
        _keep(place, read, dataset.fingerprint)
    return dataset


def kept_fingerprint(name: str, data_dir: Path | None) -> str | None:
    """Return the fingerprint of data that were read before and are as they were, else None."""
    kind, source = find(name)
    place = _place(kind, source, data_dir)
    path = next(_kept(place), None) if place is not None else None
    return path.stem.rpartition("-")[2] if path is not None else None


def revision(name: str, data_dir: Path | None) -> str | None:
    """Return which state of a set that changes elsewhere is on this machine, else None."""
    kind, source = find(name)
    found = kind.revision(source, data_dir)
    return one_line(found) if found else None


def kept(row: str, fingerprint: str) -> Dataset | None:
    """Return the dataset that tables call ``row`` where its arrays were kept, else None."""
    for path in (cache_folder() / "datasets").glob(f"*-{glob.escape(fingerprint)}.npz"):
        with suppress(UserError, OSError):
            found = _built(row, _read_kept(path))
            if found.fingerprint == fingerprint:
                return found
    return None


def _built(row: str, read: ReadArrays) -> Dataset:
    return build_dataset(row, read.arrays, read.where, None, read.class_names, read.notes)


def _place(kind: Kind, source: Source, data_dir: Path | None) -> tuple[Path, str, str] | None:
    """Return the folder of kept arrays and how names of ``source`` and of its state begin."""
    identity = kind.identity(source, data_dir)
    if identity is None:
        return None
    name = str(Path(source.name).absolute()) if kind.is_path else source.name
    who = f"{type(kind).__module__} {name} {sorted(source.given.items())}"
    state = f"{_READ_VERSION} {who} {identity}"
    return cache_folder() / "datasets", _digest(who), _digest(state)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:20]


def _kept(place: tuple[Path, str, str]) -> Iterator[Path]:
    """Yield what was kept of the data as they are now; the name ends in the fingerprint."""
    folder, who, state = place
    yield from sorted(folder.glob(f"{who}-{state}-{'?' * 64}.npz"))


def _read_kept(path: Path) -> ReadArrays:
    with Npz(path, "remove it") as archive:
        arrays = {name: opened(archive.find(name), path) for name in archive.names}
    said = {name: arrays.pop(name).tolist() for name in (_CLASS_NAMES, _WHERE, _NOTES)}
    return ReadArrays(arrays, said[_WHERE], tuple(said[_CLASS_NAMES]) or None, tuple(said[_NOTES]))


def _keep(place: tuple[Path, str, str], read: ReadArrays, fingerprint: str) -> None:
    """Keep the arrays, in place of those of an earlier state; nothing where there is no room."""
    folder, who, state = place
    texts = {_CLASS_NAMES: read.class_names or (), _WHERE: read.where, _NOTES: read.notes}
    said = {name: np.array(text, dtype=np.str_) for name, text in texts.items()}
    with suppress(OSError):
        earlier = [*folder.glob(f"{who}-*.npz")]
        with written_whole(folder / f"{who}-{state}-{fingerprint}.npz") as part:
            np.savez(part, **read.arrays, **said)  # type: ignore[arg-type]
        for path in earlier:
            path.unlink(missing_ok=True)
