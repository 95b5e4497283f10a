"""The energy that a training takes: of its GPU, or of the processors, by their own counters.

Linux shows a processor's counters (Running Average Power Limit, of Intel's processors and AMD's) as
files that mostly only root may read; each counts microjoules up to a highest value and begins
anew (Linux, "Power Capping Framework").  They count all that a processor does, for everybody.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ninetynine import gpu

Counting = Callable[[], float | None]  # joules since it was made, None where they are not known

_FOLDER = Path("/sys/class/powercap")
_MOST_WATTS = 1000.0  # that a processor takes which does not say its limits


class Meter(Protocol):
    """What counts joules."""

    def counting(self) -> Counting:
        """Begin to count."""
        ...


class Processor:
    """One processor: its counter, the files of which are in ``folder``.

    Raises OSError or ValueError where they cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text())
        limits = [_MOST_WATTS]
        with suppress(OSError, ValueError):
            found = [int(p.read_text()) / 1e6 for p in folder.glob("constraint_*_power_limit_uw")]
            limits = [watts for watts in found if watts > 0] or limits
        # In which it may have begun anew more than once.
        self._seconds = self._range / 1e6 / max(limits)
        self._read()

    def _read(self) -> int:
        return int(self._path.read_text())

    def counting(self) -> Counting:
        """Begin to count; the answer is None after so long that rounds may have been missed."""
        first, started = self._read(), time.monotonic()

        def joules() -> float | None:
            if time.monotonic() - started >= self._seconds:
                return None
            return (self._read() - first) % (self._range + 1) / 1e6

        return joules


class Processors:
    """All processors of the machine."""

    def __init__(self, processors: Sequence[Processor]) -> None:
        self._processors = processors

    def counting(self) -> Counting:
        """Begin to count all of them; None is the answer where one of them cannot tell."""
        try:
            counters = [processor.counting() for processor in self._processors]
        except (OSError, ValueError):
            return lambda: None

        def joules() -> float | None:
            with suppress(OSError, ValueError):
                found = [counter() for counter in counters]
                return None if None in found else sum(filter(None, found))
            return None

        return joules


def processors(folder: Path = _FOLDER) -> Processors | None:
    """Return the machine's processors; None where one of their counters cannot be read.

    ``folder`` also has parts of processors and whole machines, which are not counted again.
    """
    with suppress(OSError, ValueError):
        zones = [zone for zone in sorted(folder.glob("intel-rapl:*")) if _is_processor(zone)]
        return Processors([Processor(zone) for zone in zones]) if zones else None
    return None


def _is_processor(zone: Path) -> bool:
    return (zone / "name").read_text().startswith("package-")


def meter(device: str) -> Meter | None:
    """Return what counts the energy of a training on ``device``; None where nothing does."""
    return gpu.card() if device == "gpu" else processors()
