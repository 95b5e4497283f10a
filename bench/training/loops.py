"""The step loop: the arithmetic of Keras's ``fit``, without its cost per step.

Both loops call the model's own ``train_step`` on batches taken in the order they are given, the
smaller last batch included, so that with one data order they compute what ``fit`` computes.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]  # (n, height, width, channels), uint8 in [0, 255] or float32 in [0, 1]
Labels = NDArray[np.int64]  # (n,)

# Images per forward pass in evaluation: large enough to fill the cores, small enough for caches.
EVALUATION_BATCH = 100


class StepLoop(Protocol):
    """Trains a compiled model on one in-memory image set."""

    def compile(self) -> None:
        """Trace and compile without taking a step."""

    def run_epoch(self, order: NDArray[np.int32]) -> dict[str, float]:
        """Train on the images in ``order`` (n,) int32; return the epoch's running metrics."""
        ...

    def predict(self, images: Images) -> NDArray[np.float32]:
        """Return the model's outputs for ``images``, float32 (n, classes), in inference mode."""
        ...


def make_loop(
    backend: str, model: Any, images: Images, labels: Labels, batch_size: int, scale: str
) -> StepLoop:
    """Return the fastest loop that ``backend`` has."""
    if backend == "tensorflow":
        return TensorFlowLoop(model, images, labels, batch_size, scale)
    return FitLoop(model, images, labels, batch_size, scale)


class TensorFlowLoop:
    """A whole epoch as one traced loop over tensors that stay where they are."""

    def __init__(
        self, model: Any, images: Images, labels: Labels, batch_size: int, scale: str
    ) -> None:
        import tensorflow

        self._model = model
        self._scale = scale
        self._batch_size = batch_size
        pixels = tensorflow.constant(to_float(images, scale))
        targets = tensorflow.one_hot(labels, model.output_shape[-1])

        def train(order: Any, steps: Any) -> None:
            for step in tensorflow.range(steps):
                batch = order[step * batch_size : (step + 1) * batch_size]
                model.train_step(
                    (tensorflow.gather(pixels, batch), tensorflow.gather(targets, batch))
                )

        int32 = tensorflow.int32
        signature = [tensorflow.TensorSpec([None], int32), tensorflow.TensorSpec([], int32)]
        self._train = tensorflow.function(train, input_signature=signature)
        self._forward = tensorflow.function(
            lambda batch: model(batch, training=False), reduce_retracing=True
        )

    def compile(self) -> None:
        """Trace and optimise the graph by running it for zero steps: no weight, no seed moves."""
        self._model.optimizer.build(self._model.trainable_variables)
        self._train(np.zeros(0, np.int32), 0)
        self._model.reset_metrics()

    def run_epoch(self, order: NDArray[np.int32]) -> dict[str, float]:
        self._model.reset_metrics()
        steps = -(-len(order) // self._batch_size)
        self._train(order, steps)
        # Reading the metrics waits for the device: a clock read after this is synchronised.
        return {name: float(value) for name, value in self._model.get_metrics_result().items()}

    def predict(self, images: Images) -> NDArray[np.float32]:
        parts = [
            self._forward(to_float(images[start : start + EVALUATION_BATCH], self._scale)).numpy()
            for start in range(0, len(images), EVALUATION_BATCH)
        ]
        return np.concatenate(parts).astype(np.float32)


class FitLoop:
    """Keras's own ``fit``, an epoch at a time, on any backend; the data order is still ours."""

    def __init__(
        self, model: Any, images: Images, labels: Labels, batch_size: int, scale: str
    ) -> None:
        self._model = model
        self._scale = scale
        self._images = to_float(images, scale)
        self._targets = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
        self._batch_size = batch_size

    def compile(self) -> None:
        """Do nothing: ``fit`` compiles with its first step, and that step is training."""

    def run_epoch(self, order: NDArray[np.int32]) -> dict[str, float]:
        history = self._model.fit(
            self._images[order],
            self._targets[order],
            batch_size=self._batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
        )
        return {name: float(values[-1]) for name, values in history.history.items()}

    def predict(self, images: Images) -> NDArray[np.float32]:
        outputs = self._model.predict(
            to_float(images, self._scale), batch_size=EVALUATION_BATCH, verbose=0
        )
        return np.asarray(outputs, dtype=np.float32)


def to_float(images: Images, scale: str) -> NDArray[np.float32]:
    """Return ``images`` as float32: in [0, 1] where ``scale`` is "unit", else as in the file.

    NumPy divides here on purpose: a graph would multiply by a rounded 1/255, another last bit.
    """
    pixels = images.astype(np.float32)
    if images.dtype == np.uint8 and scale == "unit":
        pixels /= np.float32(255.0)
    elif images.dtype != np.uint8 and scale == "none":
        pixels *= np.float32(255.0)
    return pixels
