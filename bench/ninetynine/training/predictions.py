"""What a trained model predicts: averaged over small shifts, scored, and for a picture."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.architecture import Architecture
from ninetynine.backends import Scale, Standard, package_versions, to_float
from ninetynine.building import build_model
from ninetynine.datasets.decoding import decode, light_grounds, quiet_pillow, reason
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe
from ninetynine.records import Record, Score
from ninetynine.training.setup import prepare_backend, start_backend_here

_EPSILON = 1e-7  # Keras clips probabilities here before it takes their logarithm


class ShiftAverage:
    """A model's predictions, or their mean over every shift of up to ``shifts`` steps.

    ``forward`` maps images (n, h, w, c), of which it takes slices, and a batch size, or None for
    the usual one, to float32 (n, classes), outputs that are made `probabilities`.  A step is one
    pixel up, down, left or right: 5 shifts for 1, 13 for 2, 2 n (n + 1) + 1 for n.
    """

    def __init__(
        self,
        forward: Callable[[Any, int | None], NDArray[np.float32]],
        shifts: int,
        sums_to_one: bool = True,
    ) -> None:
        self._outputs, self._sums_to_one = forward, sums_to_one
        steps = range(-shifts, shifts + 1)
        self._moves = [(y, x) for y in steps for x in steps if abs(y) + abs(x) <= shifts]

    def predict(self, images: NDArray[Any], batch_size: int | None = None) -> NDArray[np.float32]:
        """Return the predictions for ``images`` (n, h, w, c), float32 (n, classes).

        They are made ``batch_size`` at a time, or as many as is usual.
        """
        if len(self._moves) == 1:
            return self._forward(images, batch_size)
        moved: Iterable[Any] = (_Shifted(images, *move) for move in self._moves)
        total = sum(self._forward(shifted, batch_size) for shifted in moved)
        return np.asarray(total / len(self._moves), dtype=np.float32)

    def _forward(self, images: NDArray[Any], batch_size: int | None) -> NDArray[np.float32]:
        return probabilities(self._outputs(images, batch_size), self._sums_to_one)


def probabilities(outputs: NDArray[np.float32], sums_to_one: bool) -> NDArray[np.float32]:
    """Return a probability for each class, float32 (..., classes), of a model's ``outputs``.

    Those of a softmax are (``sums_to_one``).  One output of two classes is the second one's; of
    several that are probabilities by themselves, each is divided by their sum.
    """
    if sums_to_one:
        return outputs
    if outputs.shape[-1] == 1:
        return np.concatenate([1.0 - outputs, outputs], axis=-1)
    sums = outputs.sum(axis=-1, keepdims=True)
    even = np.float32(1.0 / outputs.shape[-1])
    return np.where(sums > 0, outputs / np.where(sums > 0, sums, 1.0), even).astype(np.float32)


class _Shifted:
    """Stands in for `shifted` images, of which a slice is made at a time."""

    def __init__(self, images: NDArray[Any], down: int, right: int) -> None:
        self._images, self._move = images, (down, right)
        self._mmap = getattr(images, "_mmap", None)
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        return shifted(np.asarray(self._images[rows]), *self._move)


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


def score(probabilities: NDArray[np.float32], labels: NDArray[Any]) -> Score:
    """Return mean categorical cross-entropy (nats) and accuracy of (n, classes) against (n,).

    The same as Keras's ``evaluate`` with ``categorical_crossentropy``: rows are normalised and
    clipped to [1e-7, 1 - 1e-7] (keras/src/losses, keras/src/backend ``categorical_crossentropy``).
    """
    rows = probabilities.astype(np.float64)
    rows = rows / rows.sum(axis=1, keepdims=True)
    true = np.clip(rows[np.arange(len(labels)), labels], _EPSILON, 1.0 - _EPSILON)
    accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
    loss = float(-np.log(true).mean())
    return Score(loss=loss if np.isfinite(loss) else None, accuracy=accuracy)


def classify(
    architecture: Architecture, record: Record, model_path: Path, image_path: Path
) -> tuple[list[float], str]:
    """Return the class probabilities of the picture in ``image_path``, and what was done to it.

    The model is built from the architecture's own code and only its weights are read from the
    ``.keras`` file: nothing in that file is executed.  Raises UserError where the backend that
    the model was trained on is not installed.
    """
    cell = record.cell.model_copy(update={"device": "cpu"})  # wherever it was trained
    package_versions(cell.backend)
    start_backend_here(cell.backend, cell.threads, cell.device)
    prepare_backend(cell, architecture)
    facts = json.loads(model_path.with_suffix(".json").read_text())
    shape, classes = _shape(facts), int(facts["num_classes"])
    pixels, done = read_picture(image_path, shape, facts.get("drawn_on_dark"))
    recipe = Recipe.from_canonical(record.cell.recipe)
    model = build_model(architecture, shape, classes, one_unit=not recipe.loss.sums_to_one)
    model.load_weights(model_path)
    scale = _recorded_scale(recipe, record)

    def forward(images: NDArray[Any], batch_size: int | None) -> NDArray[np.float32]:
        outputs = model.predict(to_float(images[:], scale), batch_size, verbose=0)
        return np.asarray(outputs, dtype=np.float32)

    # As for its test images.
    average = ShiftAverage(forward, recipe.test_time_shifts, recipe.loss.sums_to_one)
    return [float(p) for p in average.predict(pixels[np.newaxis])[0]], done


def _recorded_scale(recipe: Recipe, record: Record) -> Scale:
    model = record.model
    if recipe.scale != "standard" or model is None:
        return recipe.scale
    return Standard(tuple(model.pixel_mean or ()), tuple(model.pixel_deviation or ()))


def read_picture(
    path: Path, shape: tuple[int, int, int], drawn_on_dark: bool | None = None
) -> tuple[NDArray[np.uint8], str]:
    """Return the picture, uint8 (height, width, channels), and what was done to it, "" if nothing.

    A grey picture on a light ground (dark ink on paper) is inverted for a model whose training
    images are ``drawn_on_dark``, as MNIST's makers did, or for one of which nobody knows (None).
    Raises UserError where the file is no picture, or has too many pixels.
    """
    height, width, channels = shape
    try:
        with quiet_pillow():
            pixels, _ = decode(path, (height, width), channels)
    except Exception as error:  # Pillow raises many kinds for broken bytes
        raise UserError(
            f"--image {path}: not a picture that can be read ({reason(error)})"
        ) from error
    if channels != 1 or drawn_on_dark is False or not light_grounds(pixels[np.newaxis])[0]:
        return pixels, ""
    known = "are drawn light on dark" if drawn_on_dark else "may be drawn light on dark"
    return 255 - pixels, f"inverted: its ground is light, and the training images {known}"


def _shape(facts: dict[str, Any]) -> tuple[int, int, int]:
    """Return the input shape that ``save_model`` wrote beside the model."""
    height, width, channels = facts["input_shape"]
    return height, width, channels
