"""Clocks for the phases of a cell, its peak memory, and whether it had its cores to itself."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_JIFFIES_PER_SECOND = 100.0  # USER_HZ, what /proc/stat counts in on every Linux
# /proc/stat counts in steps of 10 ms, and the kernel's own housekeeping takes a little.
_TOLERATED_SHARE = 0.03
_TOLERATED_SECONDS = 0.1


class Clock:
    """Adds up wall and CPU seconds over the intervals it runs; other processes' CPU time too."""

    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self.wall_seconds = 0.0
        self.cpu_seconds = 0.0
        self._busy_seconds: float | None = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time spent inside the ``with`` block."""
        busy, cpu, wall = busy_seconds(self._cores), time.process_time(), time.perf_counter()
        yield
        self.wall_seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu
        after = busy_seconds(self._cores)
        if busy is None or after is None or self._busy_seconds is None:
            self._busy_seconds = None
        else:
            self._busy_seconds += after - busy

    @property
    def other_cpu_share(self) -> float | None:
        """Return the share of our cores' time that others used, or None where it is unknown."""
        if self._busy_seconds is None or not self.wall_seconds:
            return None
        others = max(0.0, self._busy_seconds - self.cpu_seconds)
        return others / (self.wall_seconds * max(1, len(self._cores)))

    @property
    def exclusive(self) -> bool:
        """Return whether the cores were ours alone, as far as the system can tell."""
        share = self.other_cpu_share
        if share is None:
            return False
        seconds = share * self.wall_seconds * max(1, len(self._cores))
        return share <= _TOLERATED_SHARE or seconds <= _TOLERATED_SECONDS


def repeated_seconds(call: Callable[[], object], rounds: int, warm_up: int) -> NDArray[np.float64]:
    """Return the wall seconds of each of ``rounds`` calls, float64 (rounds,), after a warm-up."""
    for _ in range(warm_up):
        call()
    seconds = np.empty(rounds)
    for index in range(rounds):
        started = time.perf_counter()
        call()
        seconds[index] = time.perf_counter() - started
    return seconds


def busy_seconds(cores: list[int]) -> float | None:
    """Return the seconds that ``cores`` have been busy (or stolen) since boot; None off Linux."""
    names = {f"cpu{core}" for core in cores}
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    total = 0.0
    for line in lines:
        name, *counts = line.split()
        if name in names:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, counts[:8])
            total += user + nice + system + irq + softirq + steal
    return total / _JIFFIES_PER_SECOND


def reset_peak_memory() -> None:
    """Start counting the process's peak memory anew (Linux; elsewhere it stays cumulative)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_bytes() -> int:
    """Return the largest resident set since the last reset, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
