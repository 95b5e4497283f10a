"""The training images that are nearest to some test images, pixel by pixel."""

import numpy as np
from numpy.typing import NDArray

from ninetynine.blocks import blocks
from ninetynine.datasets import Images

_LONGEST = 32  # pixels of a side that are compared: of a larger image every second, third, ...
_MOST_TRAINING = 100_000
_BLOCK = 8_192


def nearest(training: Images, wanted: Images, count: int) -> NDArray[np.int64]:
    """Return the indices of the ``count`` training images nearest to each of ``wanted``.

    Both are (n, height, width, channels); the distance is Euclidean over the pixels, the nearest
    comes first: int64 (len(wanted), count).  Looked at are the first 100,000 training images, and
    of images larger than 32 pixels a grid of pixels.
    """
    training = training[:_MOST_TRAINING]
    count = min(count, len(training))
    step = max(1, -(-max(wanted.shape[1:3]) // _LONGEST))
    asked = _flat(wanted, step)
    best = np.full((len(asked), 0), np.inf, dtype=np.float32)
    places = np.zeros((len(asked), 0), dtype=np.int64)
    for start, images in blocks(training, _BLOCK):
        block = _flat(images, step)
        distances = (block**2).sum(axis=1) - 2 * asked @ block.T  # and a constant for each row
        found = np.argpartition(distances, min(count, distances.shape[1]) - 1, axis=1)[:, :count]
        best = np.hstack([best, np.take_along_axis(distances, found, axis=1)])
        places = np.hstack([places, found + start])
        order = np.argsort(best, axis=1, kind="stable")[:, :count]
        best = np.take_along_axis(best, order, axis=1)
        places = np.take_along_axis(places, order, axis=1)
    return places


def _flat(images: Images, step: int) -> NDArray[np.float32]:
    return images[:, ::step, ::step].reshape(len(images), -1).astype(np.float32)
