"""The mean of a model's weights over the ends of its last epochs.

Source: Izmailov, Podoprikhin, Garipov, Vetrov and Wilson, "Averaging Weights Leads to Wider Optima
and Better Generalization", UAI 2018; equal weights, and batch statistics averaged like the rest.
"""

from typing import Any

import numpy as np


class WeightAverage:
    """A running sum of the weights of ``model``, in float64."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._sums: list[Any] = []
        self._count = 0

    def add(self) -> None:
        """Take the weights as they are now into the mean."""
        weights = [np.asarray(weight, dtype=np.float64) for weight in self._model.get_weights()]
        if not self._sums:
            self._sums = weights
        else:
            self._sums = [a + b for a, b in zip(self._sums, weights, strict=True)]
        self._count += 1

    def use(self) -> None:
        """Give the model the mean; without one it stays as it is."""
        if self._count:
            self._model.set_weights([(s / self._count).astype(np.float32) for s in self._sums])
