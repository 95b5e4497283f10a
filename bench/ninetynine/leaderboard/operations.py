"""How many floating-point operations a training took."""

import math
from collections.abc import Mapping

from ninetynine import datasets
from ninetynine.recipe import Recipe
from ninetynine.records import Record

# A multiply-add is two operations.  A training step is a forward pass and a backward one, which
# is counted as two of them (it computes the gradients of the layer's input and of its weights).
_PER_MULTIPLY_ADD = 2 * 3


def training_flops(record: Record, by_key: Mapping[str, Record]) -> float | None:
    """Return the floating-point operations of a record's training; None where not known.

    2 operations a multiply-add x 3 (backward counted as twice forward) x multiply-adds an image x
    images x epochs; of an ensemble the sum over its members.  Augmentation is not counted.
    """
    if record.kind == "ensemble":
        members = [by_key.get(key) for key in record.members]
        parts = [training_flops(member, by_key) for member in members if member is not None]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(members) else None
    info = datasets.known().get(record.cell.dataset)
    if info is None or record.kind != "trained" or record.model is None:
        return None
    if record.model.multiply_adds is None:
        return None
    recipe = Recipe.from_canonical(record.cell.recipe)
    images = math.floor(info.train_length * (1 - recipe.validation_split))
    return _PER_MULTIPLY_ADD * record.model.multiply_adds * images * recipe.epochs
