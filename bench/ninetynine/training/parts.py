"""A dataset as a recipe uses it: its parts, the order of its images, what is done to them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.backends import Scale, Standard, Warping
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe
from ninetynine.training.augmentation import Warp, draw
from ninetynine.training.standard import StandardizedWarp


@dataclass(frozen=True)
class Parts:
    """A dataset as a recipe uses it: images (n, h, w, c) with labels (n,), part by part."""

    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    validation_images: NDArray[Any] | None
    validation_labels: NDArray[np.int64] | None
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]


def make_parts(dataset: datasets.Dataset, recipe: Recipe) -> Parts:
    """Return the parts of ``dataset``; the validation part is the last of the training images.

    Or it is the dataset's own, where the recipe asks for that; UserError where it has none.
    """
    images, labels = dataset.train_images, dataset.train_labels
    held_images = held_labels = None
    if recipe.validation_split:
        images, labels, held_images, held_labels = datasets.split_validation(
            images, labels, recipe.validation_split, dataset.train_groups
        )
    elif recipe.validation_data == "test":
        held_images, held_labels = dataset.test_images, dataset.test_labels
    elif recipe.validation_data == "validation":
        held_images, held_labels = dataset.validation_images, dataset.validation_labels
        if held_images is None:
            raise UserError(
                f"{dataset.name} has no validation part, which validation_data = 'validation' "
                "watches; give its file x_val and y_val, or write validation_split = 0.1"
            )
    return Parts(images, labels, held_images, held_labels, dataset.test_images, dataset.test_labels)


def data_orders(images: int, epochs: float, seed: int) -> list[NDArray[np.int32]]:
    """Return the order of the training images in each epoch: a fresh permutation of 0..images-1.

    The stream depends on ``seed`` and the epoch alone, so every backend sees the same order.  A
    last epoch of, say, 0.25 takes the first quarter of its permutation.
    """
    return [data_order(images, epochs, seed, epoch) for epoch in range(math.ceil(epochs))]


def data_order(images: int, epochs: float, seed: int, epoch: int) -> NDArray[np.int32]:
    """Return the order of one epoch, counted from 0, of `data_orders`."""
    order = np.random.default_rng([seed, epoch]).permutation(images).astype(np.int32)
    return order[: round(images * min(1.0, epochs - epoch))]


def make_warp(recipe: Recipe, shape: tuple[int, int, int], scale: Scale = "unit") -> Warping | None:
    """Return what augments images of ``shape`` (height, width, channels), None for nothing.

    Raises UserError where what is asked for needs other images.
    """
    words = recipe.augmentation
    if words is None:
        return None
    if words.colors and shape[2] != 3:
        raise UserError(
            "augmentation: saturation_fraction and hue_degrees need images of three channels, "
            f"these have {shape[2]}; set both to 0"
        )
    warp = Warp(words, *shape[:2], 255.0 if recipe.scale == "none" else 1.0)
    return StandardizedWarp(warp, scale) if isinstance(scale, Standard) else warp


def drawn(
    recipe: Recipe, orders: list[NDArray[np.int32]], side: int, seed: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]]:
    """Yield each epoch's order and what is done to its images; drawing is part of training."""
    for epoch, order in enumerate(orders):
        if recipe.augmentation is None:
            yield order, None
        else:
            yield order, draw(recipe.augmentation, len(order), side, seed, epoch)
