"""Which test images belong together, beside the records of runs on them: reports need no dataset.

They come with a known dataset, or lie in ``groups/<fingerprint16>.npz`` of the results folder.
"""

from contextlib import suppress
from pathlib import Path

from ninetynine.datasets import ImageGroups, groups_file, groups_in, shipped_test_groups
from ninetynine.errors import UserError
from ninetynine.records.files import write_atomically

_DIGITS = 16  # of a dataset's fingerprint, in the name of a file


class GroupsBeside:
    """The groups of test images that the results folder ``directory`` knows."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "groups"
        self._read: dict[Path, ImageGroups | None] = {}

    def of(self, name: str, fingerprint: str) -> ImageGroups | None:
        """Return the groups of a dataset's test images; None where nobody knows them."""
        shipped = shipped_test_groups(name, fingerprint)
        if shipped is not None:
            return shipped
        path = self._path(fingerprint)
        if path not in self._read:
            self._read[path] = None
            with suppress(UserError):
                self._read[path] = groups_in(path)
        return self._read[path]

    def keep(self, name: str, fingerprint: str, groups: ImageGroups | None) -> None:
        """Write the ``groups`` of a dataset's test images; those that there were give way.

        What comes with a known dataset is not written.  Raises UserError where the folder cannot
        be written.
        """
        path = self._path(fingerprint)
        if groups is None or shipped_test_groups(name, fingerprint) is not None:
            return
        content = groups_file(groups)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file() or path.read_bytes() != content:
                write_atomically(path, content)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror or error}") from error
        self._read.pop(path, None)

    def _path(self, fingerprint: str) -> Path:
        return self._folder / f"{fingerprint[:_DIGITS]}.npz"
