"""The validation split, exactly where Keras would cut."""

import math

from ninetynine.datasets.dataset import Images, Labels
from ninetynine.errors import UserError


def split_validation(
    images: Images, labels: Labels, fraction: float
) -> tuple[Images, Labels, Images, Labels]:
    """Return (train_images, train_labels, validation_images, validation_labels).

    The validation part is the last ``fraction`` before any shuffling, as in
    ``fit(validation_split=fraction)``: the cut is at floor(n * (1 - fraction)) (Keras,
    ``keras/src/trainers/data_adapters/array_slicing.py``, ``train_validation_split``). A
    ``fraction`` of 0 leaves the validation part empty. The arrays are views. Raises UserError if
    ``fraction`` is outside [0, 1) or leaves either part empty.
    """
    if not 0 <= fraction < 1:
        raise UserError(f"validation fraction {fraction} is outside [0, 1); 0.1 is the last 10%")
    count = len(images)
    split_at = math.floor(count * (1.0 - fraction))
    if fraction > 0 and split_at in (0, count):
        raise UserError(
            f"{count} training images cannot be split with validation fraction {fraction}: one "
            "part would be empty; use more images or another fraction"
        )
    return images[:split_at], labels[:split_at], images[split_at:], labels[split_at:]
