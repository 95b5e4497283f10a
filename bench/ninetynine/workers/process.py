"""The driver's end of one worker process."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ninetynine.cells import CellIdentity
from ninetynine.records import Failure
from ninetynine.training.setup import thread_environment
from ninetynine.workers.events import EpochEnded, Event, Failed, Refused, Started, Task
from ninetynine.workers.ipc import END, decode, encode, event_of

# -P: the folder it starts in must not stand in for the installed package.
WORKER = ("-P", "-m", "ninetynine.workers.worker")
_LAST_WORDS_BYTES = 4000


class WorkerProcess:
    """Starts a worker on ``cores`` with ``environment`` and hands it one task at a time.

    As a context manager it ends with the context.  ``command`` is what Python is to run, WORKER
    where nothing else is given.
    """

    def __init__(
        self,
        name: str,
        cores: list[int],
        environment: dict[str, str],
        command: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.cores = cores
        self.environment = environment
        self._timed_out = False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the worker lives)
        self._process = subprocess.Popen(
            [sys.executable, *(command or WORKER), ",".join(map(str, cores))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **environment},
        )
        self._ready = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it has started and imported its backend."""
        return self._ready

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.alive and kind is None:
            self.close()
        elif self.alive:  # whatever it was doing, nobody waits for it
            self.kill()
            self._release()

    def train(self, task: Task, timeout_seconds: float | None) -> Iterator[Event]:
        """Yield the task's events; the last is Finished, Failed or Refused.

        A worker that cannot even start refuses its task: the cell was not tried.
        """
        yield Started(task, self.name)
        if not self._ready:
            if self._receive() is None:
                failure = self._death(None)
                reason = f"no worker could be started: {failure.reason}"
                yield Refused(task, reason, failure.detail)
                return
            self._ready = True
        with suppress(OSError):  # where it died before it took the task, _receive says how
            self._send(task.model_dump(mode="json"))
        timer = self._start_timer(timeout_seconds)
        try:
            while (message := self._receive()) is not None:
                event = event_of(message, task, self.name)
                yield event
                if not isinstance(event, EpochEnded):
                    return
        finally:
            if timer is not None:
                timer.cancel()
        yield Failed(task, self._death(timeout_seconds))

    def close(self) -> None:
        """Ask the worker to end, and wait for it."""
        try:
            self._send(END)
            self._process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.kill()
        self._release()

    def kill(self) -> None:
        """End the worker at once."""
        self._process.kill()
        self._process.wait()

    def _start_timer(self, seconds: float | None) -> threading.Timer | None:
        if seconds is None:
            return None

        def expire() -> None:
            self._timed_out = True
            self._process.kill()

        timer = threading.Timer(seconds, expire)
        timer.daemon = True
        timer.start()
        return timer

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(encode(message))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return decode(line) if line.endswith(b"\n") else None

    def _death(self, timeout_seconds: float | None) -> Failure:
        code = self._process.wait()
        words = self._last_words()
        self._release()
        if self._timed_out:
            return Failure(kind="timeout", reason=f"not finished after {timeout_seconds:g} seconds")
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (out of memory?)" if name == "SIGKILL" else ""
            kind = "killed" if name in ("SIGKILL", "SIGTERM") else "crashed"
            return Failure(
                kind=kind,  # type: ignore[arg-type]
                reason=f"the worker was ended by {name}{hint}",
                detail=words,
            )
        last = words.strip().splitlines()[-1:] or ["no message"]
        return Failure(
            kind="crashed", reason=f"the worker exited with code {code}: {last[0]}", detail=words
        )

    def _last_words(self) -> str:
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _LAST_WORDS_BYTES))
        return self._errors.read().decode(errors="replace")

    def _release(self) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def environment_of(identity: CellIdentity) -> dict[str, str]:
    """Return the environment that a worker must start with to train a cell of ``identity``."""
    return thread_environment(identity.backend, identity.threads, identity.device)


def fault(error: Exception) -> Failure:
    """Return the failure of a cell whose worker was spoken to in vain: a fault of ours."""
    lines = str(error).strip().splitlines() or [""]
    detail = "".join(traceback.format_exception(error))
    return Failure(kind="error", reason=f"{type(error).__name__}: {lines[0]}", detail=detail)
