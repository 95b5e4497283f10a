"""An .npz file of arrays; read each time, as it is quick to read."""

from pathlib import Path

from ninetynine.datasets.files import listed, read_archive
from ninetynine.datasets.kinds import Kind
from ninetynine.datasets.sources import ReadArrays, Source


class Npz(Kind):
    """Reads an .npz by the names of `dataset.NAMINGS`."""

    expected = "the path of an .npz file"
    options = frozenset({"channels", "test_split", "split_seed"})
    order = 900  # what is a path and of no other kind is expected to be one
    is_path = True

    def matches(self, name: str) -> bool:
        path = Path(name)
        return path.suffix == ".npz" or len(path.parts) > 1

    def row_name(self, name: str) -> str:
        return Path(name).stem

    def read(self, source: Source, data_dir: Path | None) -> ReadArrays:
        arrays, unread = read_archive(Path(source.name))
        notes = (f"not read: {listed(unread)}",) if unread else ()
        return ReadArrays(arrays, source.name, notes=notes)


KIND = Npz()
