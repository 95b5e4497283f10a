"""PyTorch: the model's own steps, one after another, over data that stay on the device."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.backends import Backend, StepLoop


class TorchLoop(StepLoop):
    """The loop for a model on Keras's PyTorch backend.

    It is what ``fit`` does without its data loader, its callbacks and its results after each step.
    Dropout draws from PyTorch's own generator, and so does that loader: without it dropout draws
    other numbers than in ``fit``.
    """

    def __init__(self, model: Any, *data: Any, **more: Any) -> None:
        import torch
        from keras import ops

        super().__init__(model, *data, **more)
        self._torch, self._to_device = torch, ops.convert_to_tensor
        self._on_gpu = torch.cuda.is_available()
        # Builds the metrics' variables from shapes alone, as fit does.
        model._symbolic_build(data_batch=(self._pixels[:1], self._targets[:1]))
        model.optimizer.build(model.trainable_variables)
        model.reset_metrics()
        if self._resident:
            self._pixels, self._targets = map(self._to_device, (self._pixels, self._targets))

    def compile(self, lengths: Sequence[int] = ()) -> None:
        """Do nothing: PyTorch runs operation by operation."""

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        model = self._model
        model.reset_metrics()
        model.train()  # layers of PyTorch's own ask the module whether it is trained
        for *data, places, given in self._chunks(order, changes):
            pixels, targets = map(self._to_device, data)
            for images, labels in self._batches(pixels, targets, places, given):
                model.train_step((images, labels))
        model.eval()
        return self._metrics()

    def _batches(
        self, pixels: Any, targets: Any, places: NDArray[np.int32], given: Any
    ) -> Iterator[tuple[Any, Any]]:
        """Yield the images and targets of each step, changed where they are augmented."""
        batches = self._to_device(places).split(self._batch_size)
        if self._warp is None or given is None:
            for batch in batches:
                yield pixels.index_select(0, batch), targets.index_select(0, batch)
            return
        parts = self._to_device(given).split(self._batch_size)
        for batch, part in zip(batches, parts, strict=True):
            chosen = pixels.index_select(0, batch), targets.index_select(0, batch)
            yield self._warp.batch(*chosen, part)

    def _outputs(self, pixels: NDArray[np.float32]) -> Any:
        with self._torch.no_grad():
            outputs = self._model(self._to_device(pixels), training=False)
        return outputs.float().cpu().numpy()


class Torch(Backend):
    """Keras on PyTorch."""

    keras_backend = "torch"
    packages = ("keras", "numpy", "torch")
    loop = TorchLoop
    forks = True

    def environment(self, threads: int, device: str) -> dict[str, str]:
        # What cuBLAS needs to add up in one order (its documentation, "Results reproducibility").
        return {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if device == "gpu" else {}

    def set_precision(self, precision: str, device: str) -> None:
        import torch

        if device == "gpu":
            torch.backends.cuda.matmul.allow_tf32 = precision == "tensorfloat32"
            torch.backends.cudnn.allow_tf32 = precision == "tensorfloat32"
            torch.use_deterministic_algorithms(True)

    def finds_gpu(self) -> bool:
        import torch

        return bool(torch.cuda.is_available())


BACKEND = Torch()
