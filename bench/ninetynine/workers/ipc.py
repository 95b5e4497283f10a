"""What the driver and its worker write to each other: one JSON object a line.

The driver sends tasks; the worker answers with events, predictions as base64 of an ``.npz``.
"""

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ninetynine.records import Epoch, Failure, Predictions, Record
from ninetynine.workers.events import (
    Built,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Refused,
    Task,
    Warned,
)

END = {"event": "end"}  # asks a worker to end
READY = {"event": "ready"}  # a worker has imported its backend


def encode(message: Mapping[str, Any]) -> bytes:
    """Return ``message`` as one line of JSON."""
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message in ``line``; raises ValueError where it is not one."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def epoch_message(epoch: Epoch, epochs: int) -> dict[str, Any]:
    """Return the message that an epoch (counted from 1) of ``epochs`` ended."""
    return {
        "event": "epoch",
        "epoch": epoch.epoch,
        "epochs": epochs,
        "accuracy": epoch.accuracy,
    }


def warning_message(line: str) -> dict[str, Any]:
    """Return the message that something about a task looks wrong."""
    return {"event": "warning", "message": line}


def finished_message(record: Record, predictions: Predictions, problem: str) -> dict[str, Any]:
    """Return the message of a task's numbers; ``problem`` kept its model from being kept."""
    return {
        "event": "finished",
        "record": record.model_dump(mode="json"),
        "predictions": pack(predictions),
        "model_problem": problem,
    }


def built_message(built_hash: str) -> dict[str, Any]:
    """Return the message that a task's model was built and nothing trained."""
    return {"event": "built", "built_hash": built_hash}


def inputs_message(inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the message that the task's code was built, and what it reads beside its source."""
    return {"event": "inputs", "inputs": dict(inputs)}


def failed_message(kind: str, reason: str, detail: str = "") -> dict[str, Any]:
    """Return the message that a task was tried and has no numbers."""
    return {"event": "failed", "failure": {"kind": kind, "reason": reason, "detail": detail}}


def refused_message(message: str, detail: str = "") -> dict[str, Any]:
    """Return the message that a user's mistake kept a task from being tried."""
    return {"event": "refused", "message": message, "detail": detail}


def ended_message(code: int) -> dict[str, Any]:
    """Return the message that a task's process ended with exit code ``code``, -N for signal N."""
    return {"event": "ended", "code": code}


def event_of(message: dict[str, Any], task: Task, worker: str) -> Event:
    """Return the event that ``message`` of ``worker`` about ``task`` tells.

    Raises KeyError or ValueError where it is no such message, or another cell's.
    """
    kind = message["event"]
    if kind == "epoch":
        epoch, epochs = int(message["epoch"]), int(message["epochs"])
        return EpochEnded(task, worker, epoch, epochs, float(message["accuracy"]))
    if kind == "warning":
        return Warned(task, str(message["message"]))
    if "seed" in message:  # of many that one task trains
        seeds = {cell.identity.seed: cell for cell in task.cells}
        task = task.alone(seeds[message["seed"]])
    if kind == "finished":
        record = Record.model_validate(message["record"])
        asked = task.cell.identity.reading(record.cell.inputs)
        if (record.key, record.cell) != (asked.key, asked):
            raise ValueError(f"asked for {task.cell.key}, the worker answered for {record.key}")
        predictions, problem = unpack(message["predictions"]), str(message["model_problem"])
        return Finished(task, record, predictions, model_problem=problem)
    if kind == "built":
        return Built(task, str(message["built_hash"]))
    if kind == "refused":
        return Refused(task, message["message"], message["detail"])
    return Failed(task, Failure.model_validate(message["failure"]))


def pack(predictions: Predictions) -> str:
    """Return ``predictions`` as text."""
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=predictions.probabilities, labels=predictions.labels)
    return base64.b64encode(buffer.getvalue()).decode()


def unpack(text: str) -> Predictions:
    """Return the predictions that :func:`pack` made ``text`` of."""
    with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as arrays:
        return Predictions(arrays["probabilities"], arrays["labels"])
