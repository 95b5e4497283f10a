"""The architectures that come with the package, read once: no test changes them.

Nearly every command reads all of them, which takes longer than most of what tests ask of it.
"""

from ninetynine import catalog


class KnownArchitectures:
    """What was read of each built-in file, as long as neither it nor how it is read changes."""

    def __init__(self):
        self._found = {}  # (place, when the file was written, what tells versions) -> architecture

    def lend(self, patch):
        """Have the catalogue use them for as long as ``patch``."""
        read = catalog._read

        def remembered(place):
            if place.origin != "built in":
                return read(place)
            written = place.path.stat().st_mtime_ns
            key = place.path, written, catalog.versions_of, catalog.all_versions_of
            if key not in self._found:
                self._found[key] = read(place)
            return self._found[key]

        patch.setattr(catalog, "_read", remembered)
