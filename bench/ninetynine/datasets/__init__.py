"""Datasets: load, verify, split; arrays in, arrays out.

A known dataset is a file in ``built_in`` or a module of another package (``registry``). Its name
names it, or one of its folds, such as ``mnist-fold-0-of-12``, to choose hyper-parameters on;
anything else is the path of a user's own .npz file with ``x_train``, ``y_train``, ``x_test`` and
``y_test``. What looks wrong with a dataset that could be loaded, ``findings`` says.
"""

import os
from pathlib import Path

from ninetynine.datasets.checks import build_dataset, build_known, fingerprint_of_test_part
from ninetynine.datasets.dataset import (
    Dataset,
    DatasetInfo,
    DoubtfulLabel,
    ImageGroups,
    Images,
    Labels,
)
from ninetynine.datasets.files import (
    DATA_DIR_VARIABLE,
    listed,
    looked_for,
    read_archive,
    read_folder,
)
from ninetynine.datasets.folds import parse_fold, split_validation, take_fold
from ninetynine.datasets.groups import groups_file, groups_in
from ninetynine.datasets.registry import (
    doubtful_test_images,
    entries,
    facts,
    info_of,
    known,
    label,
    noun_of,
    preferred,
    read_arrays,
    shipped_test_groups,
    usual,
)
from ninetynine.datasets.screening import Finding, findings
from ninetynine.errors import UserError, nearest


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """Return a checked dataset: a known name, or the path of a user's .npz file.

    A known dataset comes from ``data_dir``, else from the folder in BENCH_DATA_DIR, else as its
    module reads it: ``mnist`` and ``fashion_mnist`` from Keras's cache, else through Keras's
    loader, which downloads. One that is embedded, such as ``digits``, needs neither folder nor
    network. Raises UserError if the data cannot be found, are damaged, or are not the known
    dataset's.
    """
    row_name = row_name_of(name)
    fold = parse_fold(name)
    if fold is not None:
        base, number, count = fold
        return take_fold(load(base, data_dir), number, count)
    entry = entries().get(name)
    if entry is None:
        arrays, unread = read_archive(Path(name))
        notes = (f"not read: {listed(unread)}",) if unread else ()
        return build_dataset(row_name, arrays, name, num_classes=None, notes=notes)
    info = facts(entry)
    if not info.embedded:
        found = _from_folders(info, data_dir)
        if found is not None:
            return found
    return build_known(info, read_arrays(entry), label(entry))


def is_read_here(name: str) -> bool:
    """Return whether code of this package alone reads the dataset, and no other distribution's."""
    fold = parse_fold(name)
    entry = entries().get(fold[0] if fold else name)
    return entry is None or entry.distribution is None


def fingerprint_of(name: str, data_dir: Path | None = None) -> str:
    """Return a dataset's fingerprint, 64 hex digits.

    Where it is pinned (``mnist``, ``digits``) nothing is read; else the dataset is loaded.
    """
    info = known().get(name)
    if info is not None and info.fingerprint is not None:
        return info.fingerprint
    return load(name, data_dir).fingerprint


def num_classes_of(name: str, data_dir: Path | None = None) -> int:
    """Return a dataset's number of classes; only a user's file is read for it."""
    info = info_of(name)
    return info.num_classes if info is not None else load(name, data_dir).num_classes


def row_name_of(name: str) -> str:
    """Return what tables call a dataset: a known name itself, or a user's file without ``.npz``.

    Raises UserError if ``name`` is neither a known name nor a path, or if the file is named like a
    known dataset, whose rows it would be mistaken for.
    """
    names, fold = entries(), parse_fold(name)
    if name in names or (fold is not None and fold[0] in names):
        return name
    path = Path(name)
    if path.suffix != ".npz" and len(path.parts) < 2:
        raise UserError(
            f"unknown dataset {name!r}{nearest(name, names)} (data of your own: the path of an "
            ".npz file)"
        )
    if path.stem.lower() in names:
        raise UserError(
            f"{name}: a file of your own cannot be called {path.stem!r}, the name of a known "
            "dataset; rename it, or name its folder with --data-dir and the dataset "
            f"{path.stem.lower()!r}"
        )
    return path.stem


def _from_folders(info: DatasetInfo, data_dir: Path | None) -> Dataset | None:
    """Return a known dataset from ``data_dir``, which must hold it, or from BENCH_DATA_DIR.

    None where the variable is unset or its folder lacks this dataset.
    """
    if data_dir is not None:
        if not data_dir.is_dir():
            raise UserError(
                f"--data-dir {data_dir}: no such folder; expected one with {info.name}'s files"
            )
        dataset = _find(data_dir, info)
        if dataset is None:
            raise UserError(
                f"--data-dir {data_dir}: no files of {info.name}; looked for "
                f"{looked_for(info.name, info.idx_files)}"
            )
        return dataset
    value = os.environ.get(DATA_DIR_VARIABLE)
    if not value:
        return None
    if not Path(value).is_dir():
        raise UserError(f"{DATA_DIR_VARIABLE} is {value!r}: no such folder; correct or unset it")
    return _find(Path(value), info)


def _find(folder: Path, info: DatasetInfo) -> Dataset | None:
    """Return a known dataset from a folder, or None if the folder has no such files."""
    found = read_folder(folder, info.name, info.idx_files)
    return None if found is None else build_known(info, found[0], str(found[1]))
