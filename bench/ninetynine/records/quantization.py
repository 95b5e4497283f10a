"""Probabilities as they are kept: in float16 in files, a byte for each other class in packs.

In packs the predicted class is exact.  Of every other class the ratio r of its probability to the
predicted one's is kept, in steps of a quarter of a power of two: code 0 is r = 0, code k from 1 to
255 is r = 2 ** (-(k - 1) / 4).  The predicted class has p = 1 / (1 + the sum of all r), another
r * p.  So each r has a relative error of at most 2 ** (1 / 8) - 1, or 9.1%; below 2 ** -14 it is 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STEPS = 4  # codes from one power of two to the next
_LEAST = 14 * STEPS + 1  # stands for r = 2 ** -14, as little as records keep; less is 0
FORMULA = (
    "probability_codes has m * (classes - 1) bytes: for each of m test images, in the order of "
    "classes, one code for each class but the predicted one. Code 0 is r = 0, code k > 0 is "
    f"r = 2 ** (-(k - 1) / {STEPS}), r being a class's probability over the predicted class's. "
    "So p(predicted) = 1 / (1 + sum of r), p(other) = r * p(predicted). Predicted classes are "
    "exact; each r has a relative error of at most 2 ** (1 / 8) - 1, below 2 ** -14 it is 0. An "
    "ensemble that has no codes is the mean of its members, whose keys it names."
)
_RATIOS = np.array([0.0, *(2.0 ** (-k / STEPS) for k in range(255))], np.float32)
_SMALL = np.float16(1 / 16)  # probabilities below it are stored more coarsely
_Classes = NDArray[np.uint16]


def to_float16(probabilities: NDArray[np.float32]) -> NDArray[np.float16]:
    """Round (m, classes) probabilities to float16 without changing any row's argmax.

    Below 1/16 three bits of the mantissa stay, a relative error of at most 1/16: nearly all of a
    record's values are such, and digits that say nothing of the classification would more than
    double its size.  What is below 2**-14, float16's smallest normal number, becomes 0.
    """
    rounded = probabilities.astype(np.float16)
    small = rounded < _SMALL
    rounded[small] = _with_three_bits(rounded[small])
    rounded[rounded < np.finfo(np.float16).tiny] = 0.0
    return _lifted(rounded, probabilities.argmax(axis=1))


def _with_three_bits(values: NDArray[np.float16]) -> NDArray[np.float16]:
    """Round non-negative ``values`` to the nearest with seven of the mantissa's ten bits zero."""
    bits = values.view(np.uint16)
    # Half of the last bit that stays, added to the bits as one number: a mantissa that overflows
    # carries into the exponent, which is the next power of two, as it should be.
    return ((bits + np.uint16(0x40)) & np.uint16(0xFF80)).view(np.float16)


def quantize(probabilities: NDArray[np.float16]) -> tuple[_Classes, NDArray[np.uint8]]:
    """Return the predicted classes (m,) of probabilities (m, c), and the codes (m, c - 1)."""
    images, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    others = probabilities[_others(predicted, classes)].reshape(images, classes - 1)
    top = probabilities.max(axis=1, keepdims=True).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        codes = np.rint(np.log2(others.astype(np.float32) / top) * -STEPS) + 1
    codes[~(codes <= _LEAST)] = 0
    return predicted.astype(np.uint16), codes.astype(np.uint8)


def dequantize(predicted: _Classes, codes: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Return the probabilities (m, c) of codes (m, c - 1); each row's argmax is as predicted."""
    images, classes = len(codes), codes.shape[1] + 1
    whole = np.ones((images, classes), np.uint8)  # the predicted class has r = 1
    whole[_others(predicted, classes)] = codes.ravel()
    ratios = _RATIOS.take(whole)
    ratios /= np.einsum("ij->i", ratios, dtype=np.float64)[:, None]
    found = ratios.astype(np.float16)
    # Only what is as large can be rounded to more.
    rows = np.unique(np.flatnonzero(codes.ravel() == 1) // (classes - 1))
    found[rows] = predicting(ratios[rows], predicted[rows])
    return found


def predicting(probabilities: NDArray[np.floating], predicted: _Classes) -> NDArray[np.float16]:
    """Return ``probabilities`` (m, c) in float16, ``predicted`` (m,) the largest of each row."""
    return _lifted(probabilities.astype(np.float16), predicted)


def _lifted(rounded: NDArray[np.float16], predicted: NDArray[np.integer]) -> NDArray[np.float16]:
    """Lift what was predicted by one unit in the last place where it is rounded to another's."""
    rows = np.flatnonzero(rounded.argmax(axis=1) != predicted)
    rounded[rows, predicted[rows]] = np.nextafter(rounded[rows].max(axis=1), np.float16(np.inf))
    return rounded


def mean_probabilities(runs: Sequence[NDArray[np.float16]]) -> NDArray[np.float64]:
    """Return the mean of probabilities (m, classes) over runs, each row made to sum to 1.

    A soft vote: the sum rule of Kittler, Hatef, Duin and Matas, "On Combining Classifiers", 1998.
    """
    total = np.zeros(runs[0].shape)
    for probabilities in runs:
        rows = probabilities.astype(np.float64)
        total += rows / rows.sum(axis=1, keepdims=True)
    return total / len(runs)


def _others(predicted: NDArray[np.integer], classes: int) -> NDArray[np.bool_]:
    """Return which of (m, classes) were not predicted."""
    return np.asarray(np.arange(classes) != predicted[:, None])
