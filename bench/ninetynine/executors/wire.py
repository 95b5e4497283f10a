"""The worker's messages: one JSON object a line, predictions as base64 of an ``.npz``."""

import base64
import io
import json
from typing import Any

import numpy as np

from ninetynine.records import Predictions


def encode(message: dict[str, Any]) -> bytes:
    """Return ``message`` as one line of JSON."""
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the message in ``line``; raises ValueError where it is not one."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message


def pack(predictions: Predictions) -> str:
    """Return ``predictions`` as text."""
    buffer = io.BytesIO()
    np.savez(buffer, probabilities=predictions.probabilities, labels=predictions.labels)
    return base64.b64encode(buffer.getvalue()).decode()


def unpack(text: str) -> Predictions:
    """Return the predictions that :func:`pack` made ``text`` of."""
    with np.load(io.BytesIO(base64.b64decode(text)), allow_pickle=False) as arrays:
        return Predictions(arrays["probabilities"], arrays["labels"])
