"""The step loops: the arithmetic of Keras's ``fit``, without its cost per step.

All call the model's own ``train_step`` on batches taken in the order they are given, the smaller
last batch included, so that with one data order they compute what ``fit`` computes.  Where a
recipe augments, each batch is warped before its step by the changes drawn for its images.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ninetynine.training.augmentation import Warp
from ninetynine.training.loops.images import EVALUATION_BATCH, Images, Labels


class StepLoop(Protocol):
    """Trains a compiled model on one in-memory image set."""

    def compile(self) -> None:
        """Trace and compile without taking a step."""

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        """Train on the images in ``order`` (n,) int32; return the epoch's running metrics.

        ``changes`` (n, k) float32 are what a loop with a ``warp`` does to each of them.
        """
        ...

    def predict(self, images: Images, batch_size: int = EVALUATION_BATCH) -> NDArray[np.float32]:
        """Return the outputs for ``images``, float32 (n, classes), ``batch_size`` at a time."""
        ...


def make_loop(
    backend: str,
    model: Any,
    images: Images,
    labels: Labels,
    batch_size: int,
    scale: str,
    warp: Warp | None = None,
) -> StepLoop:
    """Return the fastest loop that ``backend`` has; ``warp`` augments, None leaves images alone."""
    if backend == "tensorflow":
        from ninetynine.training.loops.tensorflow import TensorFlowLoop

        return TensorFlowLoop(model, images, labels, batch_size, scale, warp)
    if backend == "jax":
        from ninetynine.training.loops.jax import JaxLoop

        return JaxLoop(model, images, labels, batch_size, scale, warp)
    from ninetynine.training.loops.fit import FitLoop

    return FitLoop(model, images, labels, batch_size, scale, warp)
