"""How many seeds of an architecture are trained at once: as asked for, or where it helps."""

import math
import re
from typing import Literal

from ninetynine import gpu
from ninetynine.architecture import Architecture
from ninetynine.backends import get_backend
from ninetynine.cells import CellIdentity
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe

AtOnce = int | Literal["auto"] | None  # None is one after the other

# What a computation of many seeds takes over from a recipe: what is not here is trained alone.
_TAKEN = {
    *("augmentation", "average_epochs", "batch_size", "epochs", "label_smoothing", "optimizer"),
    *("scale", "schedule", "test_time_shifts", "validation_data", "validation_split"),
}
_OWN_STEPS = re.compile(r"\bdef (?:train_step|fit|compute_loss|make_train_function)\b")

# On a CPU: with more parameters than these, or convolutions, a step is arithmetic that no company
# makes faster (benchmarks/seeds_at_once.py; docs/gpu.md has the table).
_MOST_PARAMETERS_ON_CPU = 50_000
_MOST_ON_CPU = 8
_MOST_ON_GPU = 32  # beyond it a seed hardly gets cheaper (docs/gpu.md has 32 and 100 seeds)
_SHARE_OF_MEMORY = 0.8
_BYTES_PER_PARAMETER = 4 * 4  # weight, gradient, and two values of an optimizer
# Of each pixel of a batch, the values that a step keeps of all layers: a wide network of
# convolutions has some 600 on 28 x 28 images.
_VALUES_PER_PIXEL = 1000
_PIXELS = 28 * 28


def read_at_once(text: object, where: str) -> AtOnce:
    """Return what ``text`` asks for; UserError, beginning with ``where``, where that is nothing."""
    number = int(text) if isinstance(text, str) and text.isdecimal() else text
    if number is None or number == "auto":
        return "auto" if number else None
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 4096:
        return number
    raise UserError(f"{where} {text!r}: expected a number of seeds from 1 to 4096, or auto")


def seeds_at_once(
    asked: AtOnce,
    architecture: Architecture,
    identity: CellIdentity,
    seeds: int,
    where: str = "--seeds-at-once",
) -> int:
    """Return how many of ``seeds`` of a cell like ``identity`` are trained at once.

    Raises UserError, beginning with ``where``, where a number is asked for that cannot be; ``auto``
    is 1 then.
    """
    if asked is None or asked == 1 or seeds < 2:
        return 1
    obstacle = _obstacle(architecture, identity)
    if obstacle:
        if asked == "auto":
            return 1
        raise UserError(
            f"{where} {asked}: {architecture.name}: {obstacle}; leave it away, or say auto"
        )
    if asked != "auto":
        return min(asked, seeds)
    most = _most_on_gpu if identity.device == "gpu" else _most_on_cpu
    # In groups as even as they can be: what a last group lacks is trained a second time.
    return math.ceil(seeds / math.ceil(seeds / max(1, most(architecture, identity))))


def _obstacle(architecture: Architecture, identity: CellIdentity) -> str:
    """Return why seeds of this are trained one after the other; "" where they need not be."""
    if get_backend(identity.backend).seeds_loop is None:
        return f"backend {identity.backend} trains one seed at a time (jax can do more)"
    if strange := sorted(identity.recipe.keys() - _TAKEN):
        return f"its recipe has {', '.join(strange)}, which is done for one seed at a time"
    own = next(filter(None, map(_OWN_STEPS.search, architecture.source_files.values())), None)
    return f"its code has a {own[0].split()[1]} of its own" if own else ""


def _most_on_cpu(architecture: Architecture, identity: CellIdentity) -> int:
    parameters = architecture.parameters
    small = parameters is not None and parameters <= _MOST_PARAMETERS_ON_CPU
    convolves = any("Conv" in text for text in architecture.source_files.values())
    return _MOST_ON_CPU if small and not convolves else 1


def _most_on_gpu(architecture: Architecture, identity: CellIdentity) -> int:
    card = gpu.card()
    memory = card.memory_bytes() if card is not None else None
    if memory is None:
        return _MOST_ON_GPU
    batch = Recipe.from_canonical(identity.recipe).batch_size
    one = _BYTES_PER_PARAMETER * (architecture.parameters or 10**6)
    one += 4 * batch * _PIXELS * _VALUES_PER_PIXEL
    return min(_MOST_ON_GPU, int(_SHARE_OF_MEMORY * memory / one))
