"""Hashes of decoded arrays: the same data give the same fingerprint whatever file it came in."""

import hashlib

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import ARRAY_NAMES, Images, Labels


def array_sha256(array: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256 (64 hex) of an array's bytes in C order, little-endian."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.data).hexdigest()


def fingerprint(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels
) -> str:
    """Return one SHA-256 (64 hex) over a decoded dataset.

    It is taken over four lines ``name dtype shape sha256``, such as
    ``x_train uint8 60000x28x28x1 741c...``, so that it can be worked out again from the four
    arrays' own hashes.
    """
    arrays = zip(ARRAY_NAMES, (train_images, train_labels, test_images, test_labels), strict=True)
    lines = [
        f"{name} {array.dtype.name} {'x'.join(map(str, array.shape))} {array_sha256(array)}\n"
        for name, array in arrays
    ]
    return hashlib.sha256("".join(lines).encode("ascii")).hexdigest()
