"""A program's process: started, heard, measured with all that it starts, and ended."""

import os
import re
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import dropwhile
from pathlib import Path
from typing import IO

from ninetynine.errors import TrainingFailed, one_line
from ninetynine.records import Epoch
from ninetynine.training.clocks import largest_resident_bytes

_LAST_LINES = 40
_LONGEST_LINE = 2000
# How often memory is looked at: to find descendants takes a look at every process of the machine,
# on the program's own cores, and no more than this share of them is taken.
_SAMPLE_SECONDS, _SAMPLING_SHARE = 0.05, 0.01
_LAST_WORDS_SECONDS, _SILENCE_SECONDS = 5.0, 0.3
# "epoch 3/10 ... accuracy 0.97", as most training scripts print it.
_EPOCH = re.compile(r"epoch\D{0,3}(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)
_ACCURACY = re.compile(r"acc(?:uracy)?\w*\W{1,3}([01]?\.\d+|[01]\b)", re.IGNORECASE)


class ProgramFailed(TrainingFailed):
    """A program ended without what it was run for."""


class ProgramProcess:
    """A program's process, all that it starts counted in."""

    def __init__(
        self,
        command: list[str],
        folder: Path,
        on_epoch: Callable[[Epoch, int], None],
    ) -> None:
        self._command, self._folder, self._on_epoch = command, folder, on_epoch
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._lines: list[str] = []
        self._heard = 0
        self.cpu_seconds = 0.0
        self.peak_memory_bytes = 0

    def run(self) -> None:
        """Run it to its end; raise ProgramFailed where that is not a good one."""
        before = _children_seconds()
        try:
            process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        except OSError as error:
            what = f"{self._command[0]}: cannot be started ({error.strerror})"
            advice = _how_to_start(self._command[0], self._folder, error)
            raise ProgramFailed(f"{what}; {advice}") from error
        listener = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
        listener.start()
        with self._sampling(process.pid):
            code = process.wait()
        with suppress(OSError):  # what it left running, which may hold its output open
            os.killpg(process.pid, signal.SIGKILL)
        self._await_last_words(listener)
        self.cpu_seconds = _children_seconds() - before
        largest = largest_resident_bytes(resource.RUSAGE_CHILDREN)
        self.peak_memory_bytes = max(self.peak_memory_bytes, largest)
        if code:
            raise self.failure(f"{_how_it_ended(code)}: {_last_words(self._lines)}")

    def failure(self, reason: str) -> ProgramFailed:
        """Return the failure for ``reason``, with the last lines that were written."""
        return ProgramFailed(one_line(reason)[:500], "\n".join(self._lines))

    def _await_last_words(self, listener: threading.Thread) -> None:
        """Wait until all is heard; what left the group may hold the output open, and be silent."""
        deadline, heard = time.monotonic() + _LAST_WORDS_SECONDS, -1
        while listener.is_alive() and time.monotonic() < deadline and self._heard != heard:
            heard = self._heard
            listener.join(timeout=_SILENCE_SECONDS)

    def _listen(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(_LONGEST_LINE):
                self._heard += 1
                # Of a line that was written over and over, what a terminal would show at last.
                self._hear(line.decode(errors="replace").rstrip().rpartition("\r")[2])

    def _hear(self, line: str) -> None:
        self._lines = [*self._lines, line][-_LAST_LINES:]
        print(line, flush=True)
        epoch, accuracy = _EPOCH.search(line), _ACCURACY.search(line)
        if epoch and accuracy and 0 < int(epoch[1]) <= int(epoch[2]) < 2**31:
            value = min(float(accuracy[1]), 1.0)
            self._on_epoch(Epoch(epoch=int(epoch[1]), loss=0.0, accuracy=value), int(epoch[2]))

    @contextmanager
    def _sampling(self, pid: int) -> Iterator[None]:
        """Note the largest sum of what the process and its descendants hold in memory."""
        import psutil

        done = threading.Event()

        def sample() -> None:
            seconds = _SAMPLE_SECONDS
            while not done.wait(seconds):
                total, started = 0, time.thread_time()
                with suppress(psutil.Error):
                    root = psutil.Process(pid)
                    for process in (root, *root.children(recursive=True)):
                        with suppress(psutil.Error):
                            total += process.memory_info().rss
                self.peak_memory_bytes = max(self.peak_memory_bytes, total)
                taken = time.thread_time() - started
                seconds = max(_SAMPLE_SECONDS, taken / _SAMPLING_SHARE)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _how_to_start(command: str, folder: Path, error: OSError) -> str:
    """Return what to do about a command that the system does not start."""
    if not (folder / command).is_file():
        if " " in command:
            return "write each of its words by itself: command = ['python', 'train.py', ...]"
        return "is it installed, and in PATH?"
    if "/" not in command:
        return f"one of its files is meant? write ./{command}"
    if isinstance(error, PermissionError):
        return f"make it executable: chmod +x {command}"
    return "its first line is to say what runs it, e.g. #!/bin/sh, and end as lines do on Unix"


def _last_words(lines: list[str]) -> str:
    """Return what Python's last traceback raised, of however many lines, else the last line."""
    for place, line in reversed([*enumerate(lines)]):
        if line.startswith("Traceback (most recent call last)"):
            raised = dropwhile(lambda line: line[:1] in ("", " "), lines[place + 1 :])
            return " ".join(raised) or line
    return next((line for line in reversed(lines) if line.strip()), "no message")


def _how_it_ended(code: int) -> str:
    if code > 0:
        return f"exited with code {code}"
    known = {number.value: number.name for number in signal.Signals}
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"was ended by {known.get(-code, f'signal {-code}')}{hint}"


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
