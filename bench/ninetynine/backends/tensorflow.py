"""TensorFlow: a whole epoch as one traced loop over tensors that stay where they are."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.backends import Backend, StepLoop

_NO_CHANGES = np.zeros((0, 0), np.float32)


class TensorFlowLoop(StepLoop):
    """The loop for a model on Keras's TensorFlow backend."""

    def __init__(self, model: Any, *data: Any, **more: Any) -> None:
        import tensorflow

        super().__init__(model, *data, **more)
        if self._resident:
            self._pixels, self._targets = map(tensorflow.constant, (self._pixels, self._targets))
        warp, batch_size = self._warp, self._batch_size

        # The data are arguments: a graph would hold on to what it captures, cell after cell.
        def train(pixels: Any, targets: Any, order: Any, changes: Any, steps: Any) -> None:
            for step in tensorflow.range(steps):
                start, end = step * batch_size, (step + 1) * batch_size
                batch = order[start:end]
                images, labels = tensorflow.gather(pixels, batch), tensorflow.gather(targets, batch)
                if warp is not None:
                    images, labels = warp.batch(images, labels, changes[start:end])
                model.train_step((images, labels))

        signature = [
            tensorflow.TensorSpec(self._pixels.shape, tensorflow.float32),
            tensorflow.TensorSpec(self._targets.shape, tensorflow.float32),
            tensorflow.TensorSpec([None], tensorflow.int32),
            tensorflow.TensorSpec([None, None], tensorflow.float32),
            tensorflow.TensorSpec([], tensorflow.int32),
        ]
        self._train = tensorflow.function(train, input_signature=signature)
        self._forward = tensorflow.function(
            lambda batch: model(batch, training=False), reduce_retracing=True
        )

    def compile(self, lengths: Sequence[int] = ()) -> None:
        """Trace and optimise the graph by running it for zero steps: no weight, no seed moves."""
        self._model.optimizer.build(self._model.trainable_variables)
        # A metric that came with its first batch into the graph would have that traced twice.
        one, units = self._targets[:1], self._model.output_shape[-1]
        self._model.compute_metrics(self._pixels[:1], one, np.zeros((1, units), np.float32))
        self._train(self._pixels, self._targets, np.zeros(0, np.int32), _NO_CHANGES, 0)
        self._model.reset_metrics()

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        self._model.reset_metrics()
        for pixels, targets, places, given in self._chunks(order, changes):
            steps = -(-len(places) // self._batch_size)
            self._train(pixels, targets, places, _NO_CHANGES if given is None else given, steps)
        return self._metrics()

    def _outputs(self, pixels: NDArray[np.float32]) -> Any:
        return self._forward(pixels).numpy()


def hide_where_unused(backend: Backend, sources: Iterable[str]) -> None:
    """Have Keras take TensorFlow for missing where it computes nothing.

    To seed it Keras would import it: seconds and half a gigabyte a cell.  An architecture whose
    code, ``sources``, names it has it, seeded.
    """
    needed = backend.keras_backend == "tensorflow" or "tensorflow" in sys.modules
    needed = needed or any("tensorflow" in text for text in sources)
    with suppress(ImportError, AttributeError):  # Keras's own, which another version may not have
        from keras.src.utils import module_utils

        module_utils.tensorflow._available = None if needed else False  # None: it looks


class TensorFlow(Backend):
    """Keras on TensorFlow."""

    keras_backend = "tensorflow"
    packages = ("keras", "numpy", "tensorflow")
    loop = TensorFlowLoop
    forks = True

    def environment(self, threads: int, device: str) -> dict[str, str]:
        return {
            "TF_NUM_INTRAOP_THREADS": str(threads),
            "TF_NUM_INTEROP_THREADS": str(threads),
            "TF_CPP_MIN_LOG_LEVEL": "3",  # its errors include "there is no GPU"
            # Switches that would change the bits under an unchanged key.
            "TF_ENABLE_ONEDNN_OPTS": "1",
            "TF_XLA_FLAGS": "",
        }

    def make_deterministic(self) -> None:
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()

    def set_precision(self, precision: str, device: str) -> None:
        import tensorflow

        if device == "gpu":
            switch = tensorflow.config.experimental.enable_tensor_float_32_execution
            switch(precision == "tensorfloat32")

    def finds_gpu(self) -> bool:
        import tensorflow

        return bool(tensorflow.config.list_physical_devices("GPU"))

    def warning(self, precision: str, device: str) -> str | None:
        # Measured: a dense network trained 141 s on a CPU with AVX-512, and 0.8 s in float32.
        if (precision, device) != ("mixed_float16", "cpu"):
            return None
        return (
            "mixed_float16 is meant for GPUs: TensorFlow emulates it on a CPU, which can take a "
            "hundred times as long as float32; mixed_bfloat16 is for CPUs"
        )


BACKEND = TensorFlow()
