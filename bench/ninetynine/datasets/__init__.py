"""Datasets: load, verify, split; arrays in, arrays out.

A known dataset is a file in ``built_in`` or a module of another package (``registry``). Its name
names it, or one of its folds, such as ``mnist-fold-0-of-12``, to choose hyper-parameters on;
anything else is of one of the ``kinds`` of data that users bring, such as the path of an .npz file,
with how it is to be read behind a question mark (``sources``). What looks wrong with a dataset that
could be loaded, ``findings`` says.
"""

import os
from dataclasses import replace
from pathlib import Path

from ninetynine.datasets import own
from ninetynine.datasets.checks import build_known, fingerprint_of_test_part
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
    looked_for,
    read_folder,
)
from ninetynine.datasets.folds import fold_suffix, parse_fold, split_validation, take_fold
from ninetynine.datasets.groups import groups_file, groups_in
from ninetynine.datasets.own import kept
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
from ninetynine.datasets.sources import ReadOptions, parse_source, with_options
from ninetynine.errors import UserError


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """Return a checked dataset: a known name, or data of the user's own of any kind.

    A known dataset comes from ``data_dir``, else from the folder in BENCH_DATA_DIR, else as its
    module reads it: ``mnist`` and ``fashion_mnist`` from Keras's cache, else through Keras's
    loader, which downloads. One that is embedded, such as ``digits``, needs neither folder nor
    network. Raises UserError if the data cannot be found, are damaged, or are not the known
    dataset's.
    """
    fold = parse_fold(name)
    if fold is not None:
        base, number, count = fold
        return take_fold(load(base, data_dir), number, count)
    entry = entries().get(name)
    if entry is None:
        return own.load(name, data_dir)
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
    if entry is not None:
        return entry.distribution is None
    return not own.find(name.removesuffix(fold_suffix(name)))[0].runs_other_code


def fingerprint_of(name: str, data_dir: Path | None = None) -> str:
    """Return a dataset's fingerprint, 64 hex digits.

    Where it is pinned (``mnist``, ``digits``) nothing is read, nor where data of the user's own
    were read before and are as they were; else the dataset is loaded.
    """
    info = known().get(name)
    if info is not None and info.fingerprint is not None:
        return info.fingerprint
    is_own = name not in entries() and parse_fold(name) is None
    found = own.kept_fingerprint(name, data_dir) if is_own else None
    return found or load(name, data_dir).fingerprint


def revision_of(name: str, data_dir: Path | None = None) -> str | None:
    """Return the revision or version of another library's set, as far as it counts them."""
    base = name.removesuffix(fold_suffix(name))
    return None if base in entries() else own.revision(base, data_dir)


def row_name_of(name: str) -> str:
    """Return what tables call a dataset: a known name itself, or as its kind has it.

    Raises UserError if ``name`` is neither a known name nor of any kind, or if it would be called
    like a known dataset, whose rows it would be mistaken for.
    """
    fold = fold_suffix(name)
    base = name.removesuffix(fold)
    return name if base in entries() else f"{own.row_name(base)}{fold}"


def called(name: str) -> str:
    """Return what records call a dataset that was there once; looks at no file."""
    fold = fold_suffix(name)
    base = parse_source(name.removesuffix(fold)).name
    return f"{base if base in entries() else own.called(base)}{fold}"


def below(root: Path, name: str) -> str:
    """Return the name of a dataset as it is from here, where a path in it counts from ``root``."""
    fold = fold_suffix(name)
    source = parse_source(name.removesuffix(fold))
    path = root / source.name
    if source.name in entries() or not own.is_path(source.name, path):
        return name
    return f"{replace(source, name=str(path))}{fold}"


def beside(folder: Path, name: str, where: str) -> str:
    """Return the name, as it is from here, of a dataset that a file in ``folder`` names.

    A path counts from there.  One that leads nowhere counts from the current folder, as paths in
    suites once did.  Raises UserError, beginning with ``where``, if it leads to data from both.
    """
    found = below(folder, name)
    path = parse_source(name.removesuffix(fold_suffix(name))).name
    there, here = folder / path, Path(path)
    if found == name or not here.exists():
        return found
    if there.exists() and not there.samefile(here):
        raise UserError(
            f"{where}: {path!r} is beside the suite, {there}, and in the current folder, too; "
            "rename one, or write the whole path"
        )
    return found if there.exists() else name


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
                f"--data-dir {data_dir}: no files of {info.name}; looked for {looked_for(info)}"
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
    found = read_folder(folder, info)
    return None if found is None else build_known(info, found[0], str(found[1]))
