"""Executors: how the cells of a suite get trained; each hands back events, none writes records."""

from ninetynine.executors.events import (
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
)

__all__ = [
    "EpochEnded",
    "Event",
    "Failed",
    "Finished",
    "Refused",
    "Retrying",
    "SentCode",
    "Started",
    "Task",
    "Waiting",
]
