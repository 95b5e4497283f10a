"""The architectures and suites that come with the package, read once: no test changes them.

Nearly every command reads all of them, which takes longer than most of what tests ask of it.
"""

from ninetynine import catalog, part
from ninetynine.suite import file as suites

_SUITES = part("suites"), part("studies")


class KnownFiles:
    """What was read of each built-in file, as long as neither it nor how it is read changes."""

    def __init__(self):
        self._found = {}  # (path, when the file was written, what tells versions) -> what it says

    def lend(self, patch):
        """Have the catalogue and the suites use them for as long as ``patch``."""
        read_architecture, read_suite = catalog._read, suites._read

        def architecture(place):
            if place.origin != "built in":
                return read_architecture(place)
            told = catalog.versions_of, catalog.all_versions_of
            return self._remembered(place.path, told, lambda: read_architecture(place))

        def suite(path):
            if not any(path.is_relative_to(folder) for folder in _SUITES):
                return read_suite(path)
            return self._remembered(path, (), lambda: read_suite(path))

        patch.setattr(catalog, "_read", architecture)
        patch.setattr(suites, "_read", suite)

    def _remembered(self, path, told, read):
        key = path, path.stat().st_mtime_ns, told
        if key not in self._found:
            self._found[key] = read()
        return self._found[key]
