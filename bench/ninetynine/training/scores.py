"""Loss and accuracy from probabilities, on any backend alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.records.schema import Score

_EPSILON = 1e-7  # Keras clips probabilities here before it takes their logarithm


def score(probabilities: NDArray[np.float32], labels: NDArray[Any]) -> Score:
    """Return mean categorical cross-entropy (nats) and accuracy of (n, classes) against (n,).

    The same as Keras's ``evaluate`` with ``categorical_crossentropy``: rows are normalised and
    clipped to [1e-7, 1 - 1e-7] (keras/src/losses, keras/src/backend ``categorical_crossentropy``).
    """
    rows = probabilities.astype(np.float64)
    rows = rows / rows.sum(axis=1, keepdims=True)
    true = np.clip(rows[np.arange(len(labels)), labels], _EPSILON, 1.0 - _EPSILON)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
    return Score(loss=float(-np.log(true).mean()), accuracy=accuracy)
