"""What a backend says of itself, and the step loop that it trains with.

A step loop is the arithmetic of Keras's ``fit``, without its cost per step.  It calls the model's
own ``train_step`` on batches taken in the order they are given, the smaller last batch included, so
that with one data order it computes what ``fit`` computes.  Where a recipe augments, each batch is
warped before its step by the changes drawn for its images.

Images that take up to `RESIDENT_BYTES` stay where the device has them.  Of more, a loop is given
the next few batches at a time, in the same order: the same steps with the same bits.
"""

import hashlib
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.arrays import cache_folder
from ninetynine.backends._pixels import (
    Images,
    Labels,
    Scale,
    Warping,
    before_warp,
    one_hot,
    to_float,
)
from ninetynine.blocks import release, row_bytes, take

# Images per forward pass in evaluation: large enough to fill the cores, small enough for caches.
EVALUATION_BATCH = 100
_GPU_EVALUATION_BATCH = 2000
_EVALUATION_BYTES = 2**24  # of their pixels at most: of large images fewer do
# What the pixels of the training images may take as float32 to be kept so; at most so much of more.
RESIDENT_BYTES = 2**30
_CHUNK_BYTES = 2**25
_FIT_BYTES = 2**28  # of what Keras predicts in one call


def evaluation_batch(images: Images, most: int = EVALUATION_BATCH, scale: int = 1) -> int:
    """Return how many of ``images`` are predicted at once: ``most``, or fewer where they are large.

    ``scale`` times as many bytes may be taken as on a CPU.
    """
    return min(most, _fitting(images, scale * _EVALUATION_BYTES))


def _fitting(images: Images, most_bytes: int) -> int:
    """Return how many of ``images`` take ``most_bytes`` as float32, at least one."""
    return max(1, most_bytes * images.dtype.itemsize // (4 * row_bytes(images)))


class StepLoop(ABC):
    """Trains a compiled Keras model on one image set."""

    # What the model is shown of the training images, and their one-hot labels: of all, or, where
    # `_resident` is False, of a chunk without anything in it, which says its shape.
    _pixels: Any
    _targets: Any
    _on_gpu = False  # whether it predicts in batches that a GPU likes
    known_by = ""  # stands for all that a cell's key holds but its seed; "" where nobody knows

    def __init__(
        self,
        model: Any,
        images: Images,
        labels: Labels,
        batch_size: int,
        scale: Scale,
        warp: Warping | None = None,
    ) -> None:
        """Take the training images; ``warp`` augments them, None leaves them alone.

        The model sees what :func:`to_float` returns for ``scale``, and ``labels`` one-hot; one
        output of two classes is to be the label itself.
        """
        self._model, self._warp = model, warp
        self._batch_size, self._scale, self._shown = batch_size, scale, before_warp(scale, warp)
        self._images, self._labels = images, labels
        units = model.output_shape[-1]
        self._one_hot = one_hot(np.arange(max(units, 2)), units)
        self._resident = len(images) <= _fitting(images, RESIDENT_BYTES)
        if self._resident:
            self._pixels, self._targets = to_float(images, self._shown), self._one_hot[labels]
        else:
            rows = batch_size * -(-_fitting(images, _CHUNK_BYTES) // batch_size)
            self._pixels = np.zeros((rows, *images.shape[1:]), np.float32)
            self._targets = np.zeros((rows, units), np.float32)

    @abstractmethod
    def compile(self, lengths: Sequence[int] = ()) -> None:
        """Trace and compile without taking a step: no weight and no seed moves.

        ``lengths`` are how many images the epochs have, where they are not always all of them.
        """

    @abstractmethod
    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        """Train on the images in ``order`` (n,) int32; return the epoch's running metrics.

        ``changes`` (n, k) float32 are what a loop with a ``warp`` does to each of them.  It returns
        when the device has done the work: clocks are read right after.
        """

    def _chunks(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None
    ) -> Iterator[tuple[Any, Any, NDArray[np.int32], NDArray[np.float32] | None]]:
        """Yield pixels, targets, the places in them to train on, and what is done to each of these.

        They are all images and the whole epoch; or the epoch's next few batches, always of the
        shape of ``_pixels``, while those after them are read.
        """
        if self._resident:
            yield self._pixels, self._targets, order, changes
            return
        rows = len(self._pixels)
        with ThreadPoolExecutor(1) as reader:
            upcoming = reader.submit(self._chosen, order[:rows], rows)
            for start, end in _spans(len(order), rows):
                pixels, targets = upcoming.result()
                upcoming = reader.submit(self._chosen, order[end : end + rows], rows)
                places = np.arange(len(order[start:end]), dtype=np.int32)
                yield pixels, targets, places, None if changes is None else changes[start:end]

    def _chosen(
        self, order: NDArray[np.int32], rows: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return pixels and targets of the images in ``order``, zeros after them up to ``rows``."""
        pixels = to_float(take(self._images, order), self._shown)
        targets = self._one_hot[self._labels[order]]
        missing = rows - len(order) if len(order) else 0
        if missing:
            pixels, targets = (
                np.concatenate([a, np.zeros((missing, *a.shape[1:]), np.float32)])
                for a in (pixels, targets)
            )
        return pixels, targets

    def predict(self, images: Images, batch_size: int | None = None) -> NDArray[np.float32]:
        """Return the outputs for ``images``, float32 (n, classes), ``batch_size`` at a time."""
        parts = []
        for start, end in _spans(len(images), batch_size or self._evaluation_batch(images)):
            parts.append(np.asarray(self._outputs(self._input(images[start:end]))))
            release(images)
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return whole.astype(np.float32, copy=False)

    def _evaluation_batch(self, images: Images) -> int:
        if self._on_gpu:  # which waits for the host between small batches
            return evaluation_batch(images, _GPU_EVALUATION_BATCH, scale=16)
        return evaluation_batch(images)

    def _input(self, images: Images) -> NDArray[Any]:
        """Return what `_outputs` is given of one batch."""
        return to_float(images, self._scale)

    def _outputs(self, pixels: NDArray[Any]) -> Any:
        """Return the outputs for one batch, where `predict` is not a loop's own."""
        raise NotImplementedError

    def _metrics(self) -> dict[str, float]:
        """Return the running metrics.  To read them waits for the device, as clocks need it."""
        return {name: float(value) for name, value in self._model.get_metrics_result().items()}


class FitLoop(StepLoop):
    """Keras's own ``fit``, an epoch at a time; the data order is still ours."""

    def compile(self, lengths: Sequence[int] = ()) -> None:
        """Do nothing: ``fit`` compiles with its first step, and that step is training."""

    def run_epoch(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None = None
    ) -> dict[str, float]:
        fed: dict[str, Any]
        if self._resident:
            images, targets = self._changed(order, changes)
            fed = {"x": images, "y": targets, "batch_size": self._batch_size}
        else:
            fed = {"x": self._batches(order, changes)}
        history = self._model.fit(**fed, epochs=1, shuffle=False, verbose=0)
        return {name: float(values[-1]) for name, values in history.history.items()}

    def _changed(
        self, order: NDArray[np.int32], changes: NDArray[np.float32] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the model is shown of the images in ``order``, and their targets."""
        if self._resident:
            images, targets = self._pixels[order], self._targets[order]
        else:
            images, targets = self._chosen(order, len(order))
        if self._warp is not None and changes is not None:
            images, targets = self._warped(self._warp, images, targets, changes)
        return images, targets

    def _batches(self, order: NDArray[np.int32], changes: NDArray[np.float32] | None) -> Any:
        """Return the epoch's batches as Keras asks for them, one at a time."""
        from keras.utils import PyDataset

        spans, changed = _spans(len(order), self._batch_size), self._changed

        class Batches(PyDataset):  # type: ignore[misc]
            def __len__(self) -> int:
                return len(spans)

            def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
                part = slice(*spans[index])
                return changed(order[part], None if changes is None else changes[part])

        return Batches()

    def _warped(self, warp: Warping, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Return images and targets changed as the third of ``arrays`` says, batch by batch."""
        from keras import ops

        parts = [
            warp.batch(*(ops.convert_to_tensor(array[a:b]) for array in arrays))
            for a, b in _spans(len(arrays[0]), self._batch_size)
        ]
        columns = zip(*parts, strict=True)
        return [np.concatenate([*map(ops.convert_to_numpy, column)]) for column in columns]

    def predict(self, images: Images, batch_size: int | None = None) -> NDArray[np.float32]:
        size = batch_size or self._evaluation_batch(images)
        rows = size * max(1, _fitting(images, _FIT_BYTES) // size)
        parts = []
        for start, end in _spans(len(images), rows):
            pixels = to_float(images[start:end], self._scale)
            release(images)
            parts.append(self._model.predict(pixels, batch_size=size, verbose=0))
        return np.concatenate(parts).astype(np.float32)


def _spans(images: int, size: int) -> list[tuple[int, int]]:
    return [(start, start + size) for start in range(0, images, size)]


class Backend:
    """Where it computes: all that holds for one backend and not for every one.

    A subclass gives the two names without a value, and replaces what is not so for it.
    """

    keras_backend: str  # the word for KERAS_BACKEND
    packages: tuple[str, ...]  # that compute; their versions are part of a cell's key
    loop: type[StepLoop] = FitLoop  # a faster one, where there is one
    seeds_loop: Any = None  # what trains many seeds at once, where it can (`_jax_seeds.SeedsLoop`)
    loop_revision: int = 1  # raised where its loops would turn the same cell into other numbers
    forks: bool = False  # a process that imported it, and computed nothing, can fork (on a CPU)

    def environment(self, threads: int, device: str) -> dict[str, str]:
        """Return the variables that a process must start with, to run on ``threads`` threads.

        ``device`` is "cpu" or "gpu".  KERAS_BACKEND, the number of OpenMP's threads and, on a CPU,
        CUDA's devices are set for every backend.  A switch that would change the bits under an
        unchanged key has to be set here, not inherited.
        """
        return {}

    def make_deterministic(self) -> None:
        """Have equal seeds give equal bits; called before each training, once keras is seeded."""

    def set_precision(self, precision: str, device: str) -> None:
        """Have products computed as ``precision`` says; called before each training.

        Keras's dtype policy is set already.  "float32" is float32, and "tensorfloat32" is float32
        whose products on a GPU are of TensorFloat-32, with ten bits of the fraction.
        """

    def peak_memory(self) -> Callable[[], int | None]:
        """Return what tells the most bytes of the GPU's memory that were in use since now.

        It tells None where that is not known: on a CPU, and where more was in use before.
        """
        return lambda: None

    def finds_gpu(self) -> bool:
        """Return whether this process can compute on a GPU."""
        return False

    def warning(self, precision: str, device: str) -> str | None:
        """Return a sentence on what will be very slow, for standard error; None for nothing."""
        return None


@lru_cache(maxsize=1)
def compiled_folder() -> Path:
    """Return where backends keep compiled code: for this kind of processor, it fits no other."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        lines = [platform.processor()]
    told = "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features")))
    return cache_folder() / f"compiled-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
