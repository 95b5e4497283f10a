"""What every loop shares: the images as the model sees them, and how many are scored at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]  # (n, height, width, channels), uint8 in [0, 255] or float32 in [0, 1]
Labels = NDArray[np.int64]  # (n,)

# Images per forward pass in evaluation: large enough to fill the cores, small enough for caches.
EVALUATION_BATCH = 100


def to_float(images: Images, scale: str) -> NDArray[np.float32]:
    """Return ``images`` as float32: in [0, 1] where ``scale`` is "unit", else as in the file.

    NumPy divides here on purpose: a graph would multiply by a rounded 1/255, another last bit.
    """
    pixels = images.astype(np.float32)
    if images.dtype == np.uint8 and scale == "unit":
        pixels /= np.float32(255.0)
    elif images.dtype != np.uint8 and scale == "none":
        pixels *= np.float32(255.0)
    return pixels
