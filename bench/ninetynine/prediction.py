"""A kept model applied to a picture from a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.building import build_model
from ninetynine.catalog import Architecture
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe
from ninetynine.records import Record
from ninetynine.suite import packages_of
from ninetynine.training.answers import Answers
from ninetynine.training.loops.images import to_float
from ninetynine.training.setup import prepare_backend, start_backend_here


def classify(
    architecture: Architecture, record: Record, model_path: Path, image_path: Path
) -> list[float]:
    """Return the class probabilities of the picture in ``image_path``.

    The model is built from the architecture's own code and only its weights are read from the
    ``.keras`` file: nothing in that file is executed.  Raises UserError where the backend that
    the model was trained on is not installed.
    """
    cell = record.cell.model_copy(update={"device": "cpu"})  # wherever it was trained
    packages_of(cell.backend)
    start_backend_here(cell.backend, cell.threads, cell.device)
    prepare_backend(cell)
    shape, classes = _shape_and_classes(model_path)
    pixels = read_picture(image_path, shape)
    model = build_model(architecture, shape, classes)
    model.load_weights(model_path)
    recipe = Recipe.from_canonical(record.cell.recipe)

    def forward(images: NDArray[Any], batch_size: int) -> NDArray[np.float32]:
        outputs = model.predict(to_float(images, recipe.scale), batch_size, verbose=0)
        return np.asarray(outputs, dtype=np.float32)

    answers = Answers(forward, recipe.test_time_shifts)  # as its test images were answered
    return [float(p) for p in answers.predict(pixels[np.newaxis])[0]]


def read_picture(path: Path, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return the picture as uint8 (height, width, channels), bright strokes on a dark ground.

    A picture on a light ground (dark ink on paper) is inverted, as MNIST's makers did.
    Raises UserError where the file is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    height, width, channels = shape
    try:
        with Image.open(path) as image:
            mode = "L" if channels == 1 else "RGB"
            pixels = np.asarray(
                image.convert(mode).resize((width, height), Image.Resampling.LANCZOS)
            )
    except (OSError, UnidentifiedImageError) as error:
        raise UserError(f"--image {path}: not a picture that can be read ({error})") from error
    pixels = pixels.reshape(shape)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.asarray(255 - pixels if border.mean() > 127 else pixels, dtype=np.uint8)


def _shape_and_classes(model_path: Path) -> tuple[tuple[int, int, int], int]:
    """Read the input shape and the number of classes that ``save_model`` wrote beside the model."""
    facts = json.loads(model_path.with_suffix(".json").read_text())
    height, width, channels = facts["input_shape"]
    return (height, width, channels), int(facts["num_classes"])
