"""An .npz file of arrays; read each time, as it is quick to read."""

import os
from pathlib import Path

from ninetynine.datasets.dataset import CLASS_NAMES
from ninetynine.datasets.files import listed, read_archive
from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.labels import read_names
from ninetynine.datasets.sources import ReadArrays, Source


class Npz(Kind):
    """Reads an .npz by the names of `dataset.NAMINGS`."""

    expected = "the path of an .npz file"
    options = frozenset({"channels", "test_split", "split_seed"})
    order = 900  # what is a path and of no other kind is expected to be one
    is_path = True

    def matches(self, name: str) -> bool:
        return name.endswith(".npz") or "/" in name or os.sep in name

    def row_name(self, name: str) -> str:
        return Path(name).stem

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        split = source.options.test_split is not None
        arrays, unread = read_archive(Path(source.name), needs_test=not split)
        notes = (f"not read: {listed(unread)}",) if unread else ()
        told = arrays.pop(CLASS_NAMES, None)
        names = None if told is None else read_names(told, f"{source.name}: {CLASS_NAMES}")
        return ReadArrays(arrays, source.name, names, notes)


KIND = Npz()
