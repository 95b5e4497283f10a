"""Ending processes with everything that they started: nothing may outlive the cell it was for."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

MARK = "NINETYNINE_WORKER"
_PATIENCE_SECONDS = 5.0


def kill_descendants(pid: int) -> None:
    """Kill all that the living process ``pid`` started, and what those started, not itself."""
    import psutil

    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:  # one that is just being killed may start another
        with suppress(psutil.Error):
            found = psutil.Process(pid).children(recursive=True)
            living = [process for process in found if process.status() != psutil.STATUS_ZOMBIE]
            if living:
                _kill(living)
                continue
        return


def kill_marked(mark: str, session: int) -> None:
    """Kill what is left of a worker that is gone: of its ``session``, or with its ``mark``.

    The mark is the value of MARK in the environment that the worker gave to what it started.
    """
    import psutil

    members = []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and (
                _session_of(process.pid) == session or process.environ().get(MARK) == mark
            ):
                members.append(process)
    _kill(members)


def _session_of(pid: int) -> int | None:
    return os.getsid(pid) if hasattr(os, "getsid") else None


def reap() -> None:
    """Take leave of ended children of this process, those that it adopted included."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _kill(processes: Iterable["psutil.Process"]) -> None:
    import psutil

    for process in (found := list(processes)):
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(found, timeout=1)
