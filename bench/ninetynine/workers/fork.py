"""A cell in a process of its own: a fork of a worker that has imported its backend and run nothing.

What an architecture does to its process (Keras's settings, patches, limits, threads) ends with
the cell, and the import is paid for once.  Linux only: the fork must die with its parent, and the
parent must inherit what the fork leaves behind; both are calls of prctl(2).
"""

import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from ninetynine.workers.ipc import decode, encode
from ninetynine.workers.tree import kill_descendants, reap

Tell = Callable[[dict[str, Any]], None]

# linux/prctl.h
_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Have this process inherit the children of its children, so that it can end them."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def in_fork(work: Callable[[Tell], None], tell: Tell, driver: int, answers: int) -> int | None:
    """Run ``work`` in a fork and pass on what it tells; return its exit code, -N for signal N.

    ``driver`` and ``answers`` are file descriptors, from and to the driver, which the fork does
    not have.  Returns None where something, or the end, comes from the driver meanwhile.  Nothing
    that the fork started is left then.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.close(driver)
        os.close(answers)
        _be_cell(work, writing, parent)
    os.close(writing)
    os.set_blocking(reading, False)
    ended = os.pidfd_open(pid)
    try:
        left_alone = _relay(reading, ended, driver, tell)
        if left_alone:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        return None if left_alone else os.waitstatus_to_exitcode(status)
    finally:
        os.close(reading)
        os.close(ended)
        kill_descendants(parent)
        reap()


def _be_cell(work: Callable[[Tell], None], writing: int, parent: int) -> NoReturn:
    """Do ``work``, telling through ``writing``, and end; never returns into the parent's code."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before it could take us along
            os._exit(1)
        own = os.getpid()

        def tell(message: dict[str, Any]) -> None:
            if os.getpid() != own:  # a fork that the architecture made has nothing to say
                os._exit(1)
            line = memoryview(encode(message))
            while line:
                line = line[os.write(writing, line) :]

        work(tell)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _relay(reading: int, ended: int, driver: int, tell: Tell) -> bool:
    """Pass on whole messages until the fork ends (False) or the driver stirs (True).

    A line that is no message, perhaps cut off by a death, is dropped.
    """
    poll = select.poll()
    for descriptor in (reading, ended, driver):
        poll.register(descriptor, select.POLLIN)
    rest, is_open = b"", True
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if is_open and ready & {reading, ended}:
            data, is_open = _read_all(reading)
            if not is_open:  # it would be ready for ever
                poll.unregister(reading)
            *lines, rest = (rest + data).split(b"\n")
            for message in filter(None, map(_decoded, lines)):
                tell(message)
        if driver in ready:
            return True
        if ended in ready:
            return False


def _read_all(descriptor: int) -> tuple[bytes, bool]:
    """Return what lies in a pipe now, and whether more may come."""
    parts = []
    try:
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
    except BlockingIOError:
        return b"".join(parts), True
    return b"".join(parts), False


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        return decode(line)
    except ValueError:
        return None
