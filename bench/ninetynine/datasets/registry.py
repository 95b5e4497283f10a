"""Finds the known datasets: the files of ``built_in``, and the modules that other packages bring.

A module has ``INFO``, a DatasetInfo, and ``read()``, which returns the four arrays. Another package
names its module in an entry point of the group ``ninetynine.datasets``, whose name is the
dataset's. To list the names imports none of them: a module is imported when its facts or its arrays
are asked for. One that cannot be used is an error that names its distribution.
"""

import functools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from operator import attrgetter

import numpy as np

from ninetynine.datasets import built_in
from ninetynine.datasets.dataset import (
    ARRAY_NAMES,
    BUILT_IN,
    DatasetInfo,
    DoubtfulLabel,
    ImageGroups,
    RawArrays,
)
from ninetynine.datasets.folds import fold_info, parse_fold
from ninetynine.datasets.groups import groups_in
from ninetynine.errors import UserError, outside_fault
from ninetynine.registry import Plugin, Registry

DATASETS = Registry("dataset", built_in.__name__, "ninetynine.datasets")
# Lower case, so that a user's file of that name in any case is recognised; no dot or hyphen, which
# would make it look like a file or a fold.
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def entries() -> Mapping[str, Plugin]:
    """Return the known datasets by name; imports none of their modules.

    Raises UserError where two have one name or a plug-in's name is none for a dataset.
    """
    return _entries(tuple(built_in.__path__), tuple(sys.path))


def label(entry: Plugin) -> str:
    """Return what messages call a dataset."""
    return f"dataset {entry.name!r} ({entry.origin})"


def facts(entry: Plugin) -> DatasetInfo:
    """Return a dataset's facts; raise UserError where its module does not state them."""
    info = getattr(entry.load(), "INFO", None)
    if not isinstance(info, DatasetInfo):
        raise _error(entry, f"no INFO = DatasetInfo(...) in {entry.module}")
    if info.name != entry.name:
        found = f"INFO.name in {entry.module} is {info.name!r}; expected {entry.name!r}"
        raise _error(entry, found)
    return replace(info, origin=entry.origin)


def read_arrays(entry: Plugin) -> RawArrays:
    """Return the four arrays as the module reads them; raise UserError where it does not."""
    module = entry.load()
    if not callable(getattr(module, "read", None)):
        raise _error(entry, f"no function read() in {entry.module}")
    try:
        arrays = module.read()
    except UserError:
        raise
    except Exception as error:
        raised = " ".join(f"{type(error).__name__}: {error}".split())
        found = f"read() in {entry.module} raised {raised}"
        raise _error(entry, found, outside_fault(error)) from error
    given = arrays if isinstance(arrays, Mapping) else {}
    four = {n: given[n] for n in ARRAY_NAMES if isinstance(given.get(n), np.ndarray)}
    if len(four) < len(ARRAY_NAMES):
        what = f"does not return a dictionary of the numpy arrays {', '.join(ARRAY_NAMES)}"
        raise _error(entry, f"read() in {entry.module} {what}")
    return four


class Known(Mapping[str, DatasetInfo]):
    """The known datasets' facts by name: those built in, in their order, then the plug-ins'."""

    def __init__(self, found: Mapping[str, Plugin]) -> None:
        self._entries = found

    def __getitem__(self, name: str) -> DatasetInfo:
        return facts(self._entries[name])

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        built_in = [name for name, entry in self._entries.items() if entry.origin == BUILT_IN]
        yield from sorted(built_in, key=lambda name: (self[name].order, name))
        yield from sorted(self._entries.keys() - set(built_in))

    def __len__(self) -> int:
        return len(self._entries)


def known() -> Mapping[str, DatasetInfo]:
    """Return the known datasets' facts by name; decodes nothing.

    Asked for one name, it imports that module alone.
    """
    return Known(entries())


def info_of(name: str) -> DatasetInfo | None:
    """Return the facts of a known dataset or of a fold of one, None for any other."""
    infos = known()
    # The row of a user's file may be called like a fold that there cannot be.
    if name.partition("-fold-")[0] not in infos:
        return None
    fold = parse_fold(name)
    if fold is None:
        return infos.get(name)
    whole = infos.get(fold[0])
    return fold_info(whole, *fold[1:]) if whole is not None else None


def noun_of(name: str) -> str:
    """Return what a dataset's images are called in sentences: "digits", or "images"."""
    info = info_of(name)
    return info.noun if info is not None else "images"


def doubtful_test_images(name: str, images: int) -> dict[int, DoubtfulLabel]:
    """Return the doubtful labels of a dataset by the index of their test image, in its order.

    It is empty where nobody judged the labels, and where ``images``, the number of test images that
    somebody has predictions for, is not that of the known dataset's.
    """
    info = info_of(name)
    if info is None or info.test_length != images:
        return {}
    doubtful = sorted(info.doubtful_test_images, key=attrgetter("index"))
    return {label.index: label for label in doubtful}


def usual(embedded: bool = False) -> str:
    """Return the first known dataset's name; with ``embedded`` the first that needs no network."""
    infos = known()
    return next(name for name in infos if not embedded or infos[name].embedded)


def shipped_test_groups(name: str, fingerprint: str) -> ImageGroups | None:
    """Return the test images' groups that come with a known dataset; None where there are none.

    ``fingerprint`` is of the data that somebody has predictions for.
    """
    info = info_of(name)
    if info is None or info.test_groups is None or info.fingerprint != fingerprint:
        return None
    return _groups_in(info.test_groups, info.groups_noun)


_groups_in = functools.lru_cache(maxsize=4)(groups_in)


def preferred(names: Iterable[str]) -> str | None:
    """Return which of the datasets called ``names`` a command takes where none is named.

    This is the usual one if it is among them, else the only one; None where there is no such.
    """
    found = set(names)
    if usual() in found:
        return usual()
    return found.pop() if len(found) == 1 else None


@functools.lru_cache(maxsize=4)
def _entries(folders: tuple[str, ...], import_path: tuple[str, ...]) -> dict[str, Plugin]:
    """Return what is registered in ``folders`` and on ``import_path``.

    To look takes milliseconds, and reports ask for the facts of each record's dataset.
    """
    found = DATASETS.entries()
    for entry in found.values():
        if not _NAME.fullmatch(entry.name):
            raise _error(
                entry, "that is no name for a dataset; expected small letters, digits and '_'"
            )
    return found


def _error(entry: Plugin, found: str, advice: str = "") -> UserError:
    mend = "mend the file" if entry.origin == BUILT_IN else "mend or uninstall the distribution"
    return UserError(f"{label(entry)}: {found}; {advice or mend}")
