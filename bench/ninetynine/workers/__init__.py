"""Worker processes: what they are given (tasks), what they tell (events), and how one is driven.

Whoever writes an executor finds here a process that trains one task at a time; it knows nothing
of how many there are, or where.
"""

from ninetynine.workers.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Refused,
    Retrying,
    SentCode,
    Started,
    Task,
    Waiting,
    Warned,
)
from ninetynine.workers.process import WorkerProcess, environment_of
