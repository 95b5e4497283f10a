"""Datasets: load, verify, split; arrays in, arrays out.

Known names are ``mnist``, ``fashion_mnist`` and ``digits``, and their folds, such as
``mnist-fold-0-of-12``, to choose hyper-parameters on; anything else is the path of a user's own
.npz file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
"""

import os
from pathlib import Path

from ninetynine.datasets.catalogue import known
from ninetynine.datasets.checks import build_dataset, verify_known
from ninetynine.datasets.dataset import (
    Dataset,
    DatasetInfo,
    DoubtfulLabel,
    Images,
    Labels,
    RawArrays,
)
from ninetynine.datasets.digits import read_digits
from ninetynine.datasets.download import download, keras_cache
from ninetynine.datasets.folder import looked_for, read_folder
from ninetynine.datasets.folds import parse_fold, take_fold
from ninetynine.datasets.npz import read_npz
from ninetynine.datasets.split import split_validation
from ninetynine.errors import UserError, nearest

__all__ = [
    "Dataset",
    "DatasetInfo",
    "DoubtfulLabel",
    "Images",
    "Labels",
    "fingerprint_of",
    "known",
    "load",
    "num_classes_of",
    "row_name_of",
    "split_validation",
]

DATA_DIR_VARIABLE = "BENCH_DATA_DIR"


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """Return a checked dataset: a known name, or the path of a user's .npz file.

    ``mnist`` and ``fashion_mnist`` come from ``data_dir``, else from the folder in BENCH_DATA_DIR,
    else from Keras's cache, else through Keras's loader, which downloads. ``digits`` needs neither
    folder nor network. Raises UserError if the data cannot be found, are damaged, or are not the
    known dataset's.
    """
    row_name = row_name_of(name)
    fold = parse_fold(name)
    if fold is not None:
        base, number, count = fold
        return take_fold(load(base, data_dir), number, count)
    info = known().get(name)
    if info is None:
        return build_dataset(row_name, read_npz(Path(name)), name, num_classes=None)
    if name == "digits":
        return _check_known(read_digits(), info, "scikit-learn's digits")
    if data_dir is not None:
        return _from_folder(data_dir, info, "--data-dir")
    return _from_environment(info) or _from_keras(info)


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
    fold = parse_fold(name)
    info = known().get(fold[0] if fold else name)
    return info.num_classes if info is not None else load(name, data_dir).num_classes


def row_name_of(name: str) -> str:
    """Return what tables call a dataset: a known name itself, or a user's file without ``.npz``.

    Raises UserError if ``name`` is neither a known name nor a path, or if the file is named like a
    known dataset, whose rows it would be mistaken for.
    """
    fold = parse_fold(name)
    if name in known() or (fold is not None and fold[0] in known()):
        return name
    path = Path(name)
    if path.suffix != ".npz" and len(path.parts) < 2:
        raise UserError(
            f"unknown dataset {name!r}{nearest(name, known())} (data of your own: the path of an "
            ".npz file)"
        )
    if path.stem.lower() in known():
        raise UserError(
            f"{name}: a file of your own cannot be called {path.stem!r}, the name of a known "
            "dataset; rename it, or name its folder with --data-dir and the dataset "
            f"{path.stem.lower()!r}"
        )
    return path.stem


def _check_known(arrays: RawArrays, info: DatasetInfo, where: str) -> Dataset:
    """Return a known dataset's arrays as a Dataset, its fingerprint verified."""
    dataset = build_dataset(info.name, arrays, where, info.num_classes)
    verify_known(dataset, info, where)
    return dataset


def _find(folder: Path, info: DatasetInfo) -> Dataset | None:
    """Return a known dataset from a folder, or None if the folder has no such files."""
    found = read_folder(folder, info.name)
    return None if found is None else _check_known(found[0], info, str(found[1]))


def _from_folder(folder: Path, info: DatasetInfo, option: str) -> Dataset:
    """Return a known dataset from the folder that the user named, which must hold it."""
    if not folder.is_dir():
        raise UserError(f"{option} {folder}: no such folder; expected one with {info.name}'s files")
    dataset = _find(folder, info)
    if dataset is None:
        raise UserError(
            f"{option} {folder}: no files of {info.name}; looked for {looked_for(info.name)}"
        )
    return dataset


def _from_environment(info: DatasetInfo) -> Dataset | None:
    """Return a known dataset from BENCH_DATA_DIR, or None if it is unset or lacks this one."""
    value = os.environ.get(DATA_DIR_VARIABLE)
    if not value:
        return None
    if not Path(value).is_dir():
        raise UserError(f"{DATA_DIR_VARIABLE} is {value!r}: no such folder; correct or unset it")
    return _find(Path(value), info)


def _from_keras(info: DatasetInfo) -> Dataset:
    """Return a known dataset from Keras's cache, filled first where it has no good copy."""
    cache = keras_cache()
    try:
        dataset = _find(cache, info)
    except UserError:
        # A damaged copy, such as a download of Keras's own that was cut off, is replaced.
        dataset = None
    if dataset is not None:
        return dataset
    try:
        download(info.name)
    except UserError as error:
        raise UserError(
            f"{info.name} is not on this machine and could not be downloaded ({error}): name a "
            f"folder with {info.name}.npz or the four IDX files by --data-dir or "
            f"{DATA_DIR_VARIABLE}, or connect this machine to the internet and run again"
        ) from error
    return _from_folder(cache, info, "Keras's cache")


def doubtful_test_images(name: str, images: int) -> list[int]:
    """Return the indices of the test images with a doubtful label, where they are known."""
    info = known().get(name)
    if info is None or info.test_length != images:
        return []
    return sorted(doubtful.index for doubtful in info.doubtful_test_images)


def noun_of(name: str) -> str:
    """Return what the images of a dataset show, in the plural, such as "digits"."""
    return "digits" if name in ("mnist", "digits") else "images"


def preferred(names: list[str]) -> str | None:
    """Return which of ``names`` is meant where none is named; None where there is no telling."""
    return next((name for name in known() if name in names), None)
