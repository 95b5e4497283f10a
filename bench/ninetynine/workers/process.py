"""The driver's end of one worker process."""

import math
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Self

from ninetynine.cells import CellIdentity
from ninetynine.programs import BACKEND as PROGRAM
from ninetynine.records import Failure
from ninetynine.training.setup import forks, inherited_environment, thread_environment
from ninetynine.workers.events import EpochEnded, Event, Failed, Refused, Started, Task, Warned
from ninetynine.workers.ipc import END, READY, decode, encode, event_of
from ninetynine.workers.tree import MARK, kill_descendants, kill_marked

# -P: the folder it starts in must not stand in for the installed package.
WORKER = ("-P", "-m", "ninetynine.workers.worker")
_LAST_WORDS_BYTES = 4000
_WATCH_SECONDS = 0.2


class WorkerProcess:
    """Starts a worker for cells like ``identity`` on ``cores`` and hands it one task at a time.

    As a context manager it ends with the context, and with it all that its cells have started.
    ``environment`` is :func:`environment_of` the identity, or what holds beside that.  ``command``
    is what Python is to run, WORKER where nothing else is given.
    """

    def __init__(
        self,
        name: str,
        cores: list[int],
        identity: CellIdentity,
        environment: dict[str, str] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.cores = cores
        self.environment = environment_of(identity) if environment is None else environment
        self._forks = forks(identity.backend, identity.device)
        self._architecture: str | None = None  # whose code has run in the worker itself
        self._timed_out = False
        self._mark = secrets.token_hex(16)  # by which all it starts can be found
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (as long as the worker lives)
        self._words_from = 0
        self._temporary = tempfile.TemporaryDirectory(  # of programs, also of one that is killed
            prefix="ninetynine-", ignore_cleanup_errors=True
        )
        programs = identity.backend == PROGRAM
        mode = [*(["fork"] if self._forks else []), *([PROGRAM] if programs else [])]
        self._process = subprocess.Popen(
            [sys.executable, *(command or WORKER), ",".join(map(str, cores)), *mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={
                **inherited_environment(os.environ),
                **self.environment,
                **({"TMPDIR": self._temporary.name} if programs else {}),
                MARK: self._mark,
            },
            start_new_session=True,  # Ctrl-C is the driver's
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._ready = self._ended = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it has started and imported its backend."""
        return self._ready

    def fits(self, identity: CellIdentity, environment: dict[str, str]) -> bool:
        """Return whether a cell of ``identity`` finds here what it would in a new worker."""
        return (
            self.alive
            and self.environment == environment
            and (self._forks or self._architecture in (None, identity.architecture))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:  # whatever it was doing, nobody waits for it
            self.kill()

    def train(self, task: Task, timeout_seconds: float | None) -> Iterator[Event]:
        """Yield the task's events; the last is Finished, Failed or Refused, of each of its cells.

        A task of many seeds has ``timeout_seconds`` for each that is trained.
        A worker that cannot even start refuses its task: the cell was not tried.
        """
        yield Started(task, self.name)
        if not self._ready:
            message = self._receive(None)
            if message is None:
                failure = self._death(None)
                reason = f"no worker could be started: {failure.reason}"
                for cell in task.cells:
                    yield Refused(task.alone(cell), reason, failure.detail)
                return
            if message != READY:
                raise ValueError(f"the worker began with {message}")
            self._ready = True
        self._architecture = task.cell.identity.architecture
        self._words_from = self._errors.seek(0, os.SEEK_END)
        with suppress(OSError):  # where it died before it took the task, _receive says how
            self._send(task.model_dump(mode="json"))
        limit = timeout_seconds and timeout_seconds * task.cell.identity.at_once
        yield from self._answers(task, limit)

    def _answers(self, task: Task, timeout_seconds: float | None) -> Iterator[Event]:
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        parts = [task.alone(cell) for cell in task.cells]
        ends: dict[str, Event] = {}
        inputs: dict[str, str] = {}
        while (message := self._receive(deadline)) is not None:
            if message["event"] == "ended":
                code = int(message["code"])
                failed = (Failed(part, self._failure(code), inputs=inputs) for part in parts)
                yield from (ends.get(end.task.cell.key) or end for end in failed)
                return
            if message["event"] == "inputs":
                inputs = message["inputs"]
                continue
            event = event_of(message, task, self.name)
            if isinstance(event, Failed):
                event = replace(event, inputs=inputs)
            if isinstance(event, EpochEnded | Warned):
                yield event
            else:
                ends.setdefault(event.task.cell.key, event)
        if all(part.cell.key in ends for part in parts):
            yield from ends.values()
            return
        death = self._death(timeout_seconds)
        failed = (Failed(part, death, inputs=inputs) for part in parts)
        yield from (ends.get(end.task.cell.key) or end for end in failed)

    def close(self) -> None:
        """Ask the worker to end, and wait for it."""
        try:
            self._send(END)
            self._process.wait(timeout=10)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self) -> None:
        """End the worker at once, if it lives, and whatever its cells have left behind."""
        if self._ended:
            return
        self._ended = True
        if self.alive:
            kill_descendants(self._process.pid)
            self._process.kill()
        self._process.wait()
        kill_marked(self._mark, self._process.pid)
        self._temporary.cleanup()
        for stream in (self._process.stdin, self._errors):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(encode(message))
        self._process.stdin.flush()

    def _read(self) -> None:
        """Put each whole line that the worker writes on the queue; a thread of its own."""
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                if line.endswith(b"\n"):
                    self._lines.put(line)

    def _receive(self, deadline: float | None) -> dict[str, Any] | None:
        """Return the next message; None where the worker is dead, or dead now for its lateness.

        The process is watched beside the pipe: what it started may hold that open after its death.
        """
        while True:
            if dead := not self.alive:
                self._reader.join(timeout=1)  # until it has read what was written before
            left = math.inf if deadline is None else deadline - time.monotonic()
            try:
                return decode(self._lines.get(timeout=max(0.01, min(_WATCH_SECONDS, left))))
            except queue.Empty:
                if dead:
                    return None
                if left <= 0:
                    self._timed_out = True
                    return None

    def _death(self, timeout_seconds: float | None) -> Failure:
        """Return how the worker died, and clear away what it left."""
        if self._timed_out:
            reason = f"not finished after {timeout_seconds:g} seconds"
            failure = Failure(kind="timeout", reason=reason)
        else:
            failure = self._failure(self._process.wait())
        self.kill()
        return failure

    def _failure(self, code: int) -> Failure:
        """Return what became of a cell whose process ended with ``code`` and no other word."""
        words = self._last_words()
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
        self._errors.seek(max(self._words_from, size - _LAST_WORDS_BYTES))
        return self._errors.read().decode(errors="replace")


def environment_of(identity: CellIdentity) -> dict[str, str]:
    """Return the environment that a worker must start with to train a cell of ``identity``."""
    return thread_environment(identity.backend, identity.threads, identity.device)


def fault(error: Exception) -> Failure:
    """Return the failure of a cell whose worker was spoken to in vain: a fault of ours."""
    lines = str(error).strip().splitlines() or [""]
    detail = "".join(traceback.format_exception(error))
    return Failure(kind="error", reason=f"{type(error).__name__}: {lines[0]}", detail=detail)
