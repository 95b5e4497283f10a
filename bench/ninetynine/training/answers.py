"""What a trained model answers: averaged over small shifts where its recipe says so; how fast."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.training.clocks import repeated_seconds
from ninetynine.training.loops.images import EVALUATION_BATCH


class Answers:
    """A model's predictions, or their mean over every shift of up to ``shifts`` steps.

    ``forward`` maps images (n, h, w, c) and a batch size to float32 (n, classes).  A step is one
    pixel up, down, left or right: 5 shifts for 1, 13 for 2, 2 n (n + 1) + 1 for n.
    """

    def __init__(
        self, forward: Callable[[NDArray[Any], int], NDArray[np.float32]], shifts: int
    ) -> None:
        self._forward = forward
        steps = range(-shifts, shifts + 1)
        self._moves = [(y, x) for y in steps for x in steps if abs(y) + abs(x) <= shifts]

    def predict(
        self, images: NDArray[Any], batch_size: int = EVALUATION_BATCH
    ) -> NDArray[np.float32]:
        """Return the answers for ``images`` (n, h, w, c), float32 (n, classes)."""
        if len(self._moves) == 1:
            return self._forward(images, batch_size)
        total = sum(self._forward(shifted(images, *move), batch_size) for move in self._moves)
        return np.asarray(total / len(self._moves), dtype=np.float32)


def shifted(images: NDArray[Any], down: int, right: int) -> NDArray[Any]:
    """Return ``images`` (n, h, w, c) moved by whole pixels; what moves in is background (zero)."""
    moved = np.zeros_like(images)
    height, width = images.shape[1:3]
    rows, columns = _span(down, height), _span(right, width)
    moved[:, rows[1], columns[1]] = images[:, rows[0], columns[0]]
    return moved


def _span(move: int, size: int) -> tuple[slice, slice]:
    """Return where along an axis the pixels that stay in the image are, before and after."""
    return slice(max(0, -move), size - max(0, move)), slice(max(0, move), size - max(0, -move))


def answering_speed(answers: Answers, images: NDArray[Any]) -> dict[str, float]:
    """Return the timing fields on answering: latency of one image, images per second in batches.

    A test set smaller than a batch leaves that batch's field out.
    """
    one = repeated_seconds(lambda: answers.predict(images[:1], 1), rounds=100, warm_up=5)
    p50, p95, p99 = np.percentile(one, [50, 95, 99]).tolist()
    fields = {"latency_seconds": p50, "latency_p95_seconds": p95, "latency_p99_seconds": p99}
    for batch, rounds in ((128, 10), (1000, 3)):
        if len(images) >= batch:
            seconds = _batch_seconds(answers, images[:batch], rounds)
            fields[f"throughput_{batch}"] = batch / float(np.median(seconds))
    return fields


def _batch_seconds(answers: Answers, images: NDArray[Any], rounds: int) -> NDArray[np.float64]:
    return repeated_seconds(lambda: answers.predict(images, len(images)), rounds, warm_up=1)
