"""scikit-learn's embedded handwritten digits, put into 28x28 the way MNIST was made.

The 1,797 images are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and
Kaynak, 1998): 8x8, each pixel the number of inked points (0..16) in a 4x4 block of a 32x32 bitmap.
MNIST's digits were scaled to fit a 20x20 box with their aspect ratio kept, antialiased, and placed
in 28x28 by their centre of mass (LeCun, Bottou, Bengio and Haffner, 1998). All arithmetic here is
in integers, so every machine gets the same bytes.
"""

import functools
import gzip
import importlib.util
import warnings
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ninetynine.datasets.dataset import DatasetInfo, RawArrays
from ninetynine.errors import UserError

TEST_IMAGES_PER_CLASS = 36
_BOX = 20
_SIDE = 28
# In real MNIST the centre of mass of every test image rounds to pixel 14 of 0..27, both ways.
_CENTRE = 14
_WEIGHT_ONE = 4096
_FULL_INK = 16

Integers = npt.NDArray[np.int64]
Number = TypeVar("Number", int, Integers)

INFO = DatasetInfo(
    name="digits",
    description="1,797 handwritten digits embedded in scikit-learn, 8x8 put into 28x28",
    license="CC BY 4.0; distributed with scikit-learn (BSD 3-Clause)",
    source=(
        "Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository; https://doi.org/10.24432/C50P49"
    ),
    num_classes=10,
    fingerprint="c34ea1a948c0a73534483addb81e09e8cec9dbc71aa21c3a26a173092d14b77c",
    image_shape=(28, 28, 1),
    train_length=1_437,
    test_length=360,
    class_names=tuple("0123456789"),
    noun="digits",
    embedded=True,
    order=3,
)


def read() -> RawArrays:
    """Return the four arrays: images uint8 (1437, 28, 28) and (360, 28, 28), labels int64.

    The split is fixed and stratified: of each class, 36 images evenly spread over the file are the
    test images. Order within each part is the file's. Raises UserError without scikit-learn.
    """
    table = _read_table()
    labels = table[:, 64]
    images = place_digits(table[:, :64].reshape(-1, 8, 8))
    is_test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        members = np.flatnonzero(labels == digit)
        is_test[
            members[np.arange(TEST_IMAGES_PER_CLASS) * len(members) // TEST_IMAGES_PER_CLASS]
        ] = 1
    return {
        "x_train": images[~is_test],
        "y_train": labels[~is_test],
        "x_test": images[is_test],
        "y_test": labels[is_test],
    }


def place_digits(small: Integers) -> npt.NDArray[np.uint8]:
    """Return digits (N, height, width) of ink 0..16 as MNIST would hold them: uint8 (N, 28, 28).

    The bounding box of a digit's ink is scaled so that the longer side is 20 pixels, and the result
    is moved by whole pixels so that its centre of mass falls on pixel (14, 14), or as near as fits.
    """
    canvas = np.zeros((len(small), _SIDE, _SIDE), dtype=np.uint8)
    boxes, kind = np.unique(_boxes(small), axis=0, return_inverse=True)
    for number, (top, bottom, left, right) in enumerate(boxes.tolist()):
        members = np.flatnonzero(kind.ravel() == number)
        scaled = _scale_to_box(small[members, top:bottom, left:right])
        height, width = scaled.shape[1:]
        tops, lefts = _offsets(scaled.sum(axis=2)), _offsets(scaled.sum(axis=1))
        for member, digit, y, x in zip(members, scaled, tops.tolist(), lefts.tolist(), strict=True):
            canvas[member, y : y + height, x : x + width] = digit
    return canvas


def _boxes(small: Integers) -> Integers:
    """Return the boxes (N, 4) around the ink: its first row, that after its last, and columns."""
    sides = []
    for axis in (2, 1):
        inked = np.asarray(small.any(axis=axis))
        sides += [inked.argmax(axis=1), inked.shape[1] - inked[:, ::-1].argmax(axis=1)]
    return np.stack(sides, axis=1)


def _scale_to_box(digits: Integers) -> Integers:
    """Scale ink 0..16 to grey 0..255 with the longer side 20 pixels and the aspect ratio kept."""
    sides = digits.shape[1:]
    height, width = (max(1, _divide(_BOX * side, max(sides))) for side in sides)
    rows, columns = _cubic_weights(sides[0], height), _cubic_weights(sides[1], width)
    unit = _FULL_INK * _WEIGHT_ONE * _WEIGHT_ONE
    grey: Integers = (2 * 255 * (rows @ digits @ columns.T) + unit) // (2 * unit)
    return np.clip(grey, 0, 255)


@functools.cache
def _cubic_weights(source: int, target: int) -> Integers:
    """Return the (target, source) weights of Catmull-Rom interpolation, 4096 standing for 1.

    Keys (1981), "Cubic convolution interpolation for digital image processing", a = -1/2; beyond
    the edge lies empty paper. With distances p/q each weight is a fraction over 2 q^3, so integers
    do.
    """
    q = 2 * target
    centres = (2 * np.arange(target) + 1) * source - target
    p = np.abs(centres[:, np.newaxis] - q * np.arange(source))
    near = 3 * p * p * p - 5 * p * p * q + 2 * q**3
    far = -p * p * p + 5 * p * p * q - 8 * p * q * q + 4 * q**3
    numerator = np.where(p < q, near, np.where(p < 2 * q, far, 0))
    denominator = 2 * q**3
    weights: Integers = (2 * _WEIGHT_ONE * numerator + denominator) // (2 * denominator)
    return weights


def _offsets(profiles: Integers) -> Integers:
    """Return where digits with these ink profiles, (N, side), start along an axis of the canvas."""
    side = profiles.shape[1]
    centres = _divide(profiles @ np.arange(side), profiles.sum(axis=1))
    starts: Integers = np.clip(_CENTRE - centres, 0, _SIDE - side)
    return starts


def _divide(numerator: Number, denominator: Number) -> Number:
    """Divide non-negative integers, halves rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _read_table() -> Integers:
    """Return the embedded table, int64 (1797, 65): 64 pixels and the label."""
    # To import sklearn.datasets takes seconds; to find its file takes milliseconds.
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise UserError("dataset 'digits' is scikit-learn's; install it: pip install scikit-learn")
    path = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        with gzip.open(path, "rt", encoding="ascii") as handle, warnings.catch_warnings():
            warnings.simplefilter("error")
            return np.loadtxt(handle, delimiter=",", dtype=np.int64)
    except (OSError, EOFError, ValueError, UserWarning):
        # The file's place and form are scikit-learn's own business; this function is its promise.
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        return np.column_stack([pixels, labels]).astype(np.int64)
