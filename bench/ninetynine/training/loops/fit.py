"""Keras's own ``fit``, an epoch at a time: for backends that have no loop of their own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.training.augmentation import Warp
from ninetynine.training.loops.images import EVALUATION_BATCH, Images, Labels, to_float


class FitLoop:
    """The loop for a model on any backend; the data order is still ours."""

    def __init__(
        self,
        model: Any,
        images: Images,
        labels: Labels,
        batch_size: int,
        scale: str,
        warp: Warp | None = None,
    ) -> None:
        self._model = model
        self._scale = scale
        self._images = to_float(images, scale)
        self._targets = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
        self._batch_size = batch_size
        self._warp = warp

    def compile(self) -> None:
        """Do nothing: ``fit`` compiles with its first step, and that step is training."""

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        images = self._images[order]
        if self._warp is not None and changes is not None:
            images = self._warped(self._warp, images, changes)
        history = self._model.fit(
            images,
            self._targets[order],
            batch_size=self._batch_size,
            epochs=1,
            shuffle=False,
            verbose=0,
        )
        return {name: float(values[-1]) for name, values in history.history.items()}

    def _warped(
        self, warp: Warp, images: NDArray[np.float32], changes: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        from keras import ops

        parts = [
            ops.convert_to_numpy(warp(*map(ops.convert_to_tensor, (images[a:b], changes[a:b]))))
            for a, b in _spans(len(images), self._batch_size)
        ]
        return np.concatenate(parts)

    def predict(self, images: Images, batch_size: int = EVALUATION_BATCH) -> NDArray[np.float32]:
        outputs = self._model.predict(
            to_float(images, self._scale), batch_size=batch_size, verbose=0
        )
        return np.asarray(outputs, dtype=np.float32)


def _spans(images: int, size: int) -> list[tuple[int, int]]:
    return [(start, start + size) for start in range(0, images, size)]
