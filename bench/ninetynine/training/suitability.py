"""Whether data have what recipes ask of them, told before anything is trained."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninetynine.cells import Cell
from ninetynine.datasets import Dataset, DatasetInfo
from ninetynine.datasets.folds import split_at
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe
from ninetynine.training.model import class_numbers
from ninetynine.training.parts import check_augmentation, check_epochs, check_validation


@dataclass(frozen=True)
class DataFacts:
    """What is known of a dataset without its pixels.

    ``image_shape`` is (height, width, channels); ``test_labels`` are int64 (m,), or of a known
    dataset that was not read one of each class.
    """

    name: str
    image_shape: tuple[int, int, int]
    num_classes: int
    class_names: tuple[str, ...] | None
    train_images: int
    has_validation: bool
    test_labels: NDArray[np.int64]


def facts_of(data: Dataset | DatasetInfo) -> DataFacts:
    """Return the facts of a dataset, read or only known."""
    if isinstance(data, DatasetInfo):
        labels = np.arange(data.num_classes)
        shape, train, validation = data.image_shape, data.train_length, False
    else:
        labels, validation = data.test_labels, data.validation_images is not None
        height, width, channels = data.train_images.shape[1:]
        shape, train = (height, width, channels), len(data.train_images)
    names = data.class_names
    return DataFacts(data.name, shape, data.num_classes, names, train, validation, labels)


def check_cells(cells: Iterable[Cell], facts: DataFacts) -> None:
    """Raise one UserError for all that the recipes of ``cells`` ask for and the data lack.

    What only a built model tells, such as its input's size, is left to the workers.
    """
    recipes: dict[str, tuple[Recipe, list[str]]] = {}
    for cell in cells:
        identity = cell.identity
        _, names = recipes.setdefault(
            str(identity.recipe), (Recipe.from_canonical(identity.recipe), [])
        )
        if identity.architecture not in names:
            names.append(identity.architecture)
    found = [
        f"{', '.join(names)}: {mistake}"
        for recipe, names in recipes.values()
        for mistake in _mistakes(recipe, facts)
    ]
    if found:
        raise UserError("; ".join(found))


def _mistakes(recipe: Recipe, facts: DataFacts) -> Iterator[str]:
    checks = (
        lambda: class_numbers(recipe, facts.num_classes, facts.class_names, facts.name),
        lambda: check_validation(recipe, facts.has_validation, facts.name),
        lambda: check_augmentation(recipe, facts.image_shape),
        lambda: recipe.loss.check_classes(facts.num_classes),
        lambda: check_epochs(recipe, split_at(facts.train_images, recipe.validation_split)),
    )
    for check in checks:
        try:
            check()
        except UserError as error:
            yield str(error)
