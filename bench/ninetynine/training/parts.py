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
        check_validation(recipe, held_images is not None, dataset.name)
    return Parts(images, labels, held_images, held_labels, dataset.test_images, dataset.test_labels)


def check_validation(recipe: Recipe, has_validation: bool, dataset: str) -> None:
    """Raise UserError where the recipe watches a validation part that ``dataset`` has not."""
    if recipe.validation_data == "validation" and not has_validation:
        raise UserError(
            f"{dataset} has no validation part, which validation_data = 'validation' watches; give "
            "its file x_val and y_val, or write validation_split = 0.1"
        )


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


def check_epochs(recipe: Recipe, images: int) -> None:
    """Raise UserError where the last epoch of the recipe is none of ``images`` training images."""
    share = recipe.epochs - math.ceil(recipe.epochs) + 1
    if not round(images * share):
        raise UserError(
            f"epochs is {recipe.epochs:.12g}, and the last epoch's share of {images:,} training "
            f"images is less than one; write {max(1, math.floor(recipe.epochs))}"
        )


def make_warp(recipe: Recipe, shape: tuple[int, int, int], scale: Scale = "unit") -> Warping | None:
    """Return what augments images of ``shape`` (height, width, channels), None for nothing.

    Raises UserError where what is asked for needs other images.
    """
    words = recipe.augmentation
    if words is None:
        return None
    check_augmentation(recipe, shape)
    warp = Warp(words, *shape[:2], 255.0 if recipe.scale == "none" else 1.0)
    return StandardizedWarp(warp, scale) if isinstance(scale, Standard) else warp


def check_augmentation(recipe: Recipe, shape: tuple[int, int, int]) -> None:
    """Raise UserError where images of ``shape`` are not such as the recipe's augmentation needs."""
    words = recipe.augmentation
    if words is None:
        return
    height, width, channels = shape
    if words.colors and channels != 3:
        raise UserError(
            "augmentation: saturation_fraction and hue_degrees need images of three channels, "
            f"these have {channels}; set both to 0"
        )
    for key, most in (("shift_pixels", min(height, width) - 1), ("cutout_pixels", max(shape[:2]))):
        if (value := getattr(words, key)) > most:
            raise UserError(
                f"augmentation: {key} is {value}, and of images of {height}x{width} nothing might "
                f"be left; write {most} or less"
            )


def drawn(
    recipe: Recipe, orders: list[NDArray[np.int32]], side: int, seed: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float32] | None]]:
    """Yield each epoch's order and what is done to its images; drawing is part of training."""
    for epoch, order in enumerate(orders):
        if recipe.augmentation is None:
            yield order, None
        else:
            yield order, draw(recipe.augmentation, len(order), side, seed, epoch)
