"""Workers that live on from test to test, since their start costs more than most tests.

A cell is a fork of its worker, so none leaves anything to the next.  A worker is used again where
what it was started with is the same: the command, the environment, how many there are.
"""

import os

from ninetynine.executors.local import LocalExecutor
from ninetynine.workers import process

_OF_THE_TEST = ("PYTEST_CURRENT_TEST", "GITHUB_")  # which no worker looks at


class KeptWorkers:
    """The workers of a session of tests: of each command those that were used last."""

    def __init__(self):
        self._kept = {}  # command -> what they were started with, and the workers by slot

    def lend(self, patch):
        """Have executors that are context managers use these workers for as long as ``patch``."""

        def enter(executor):
            executor._kept = self._workers_for(executor.workers)
            return executor

        def leave(executor, kind, *_):
            if kind is not None:
                self._drop(process.WORKER)

        patch.setattr(LocalExecutor, "__enter__", enter)
        patch.setattr(LocalExecutor, "__exit__", leave)

    def _workers_for(self, count):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_OF_THE_TEST)}
        started_with, command = (count, environment), process.WORKER
        if self._kept.get(command, (None, None))[0] != started_with:
            self._drop(command)
            self._kept[command] = started_with, {}
        return self._kept[command][1]

    def _drop(self, command):
        for worker in self._kept.pop(command, (None, {}))[1].values():
            worker.close()

    def close(self):
        """End all."""
        for command in [*self._kept]:
            self._drop(command)

    @property
    def pids(self):
        """The process ids of the workers."""
        return {w._process.pid for _, workers in self._kept.values() for w in workers.values()}
