"""What a dataset is: four arrays, or the facts known about them without reading any."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
# What a file held, before anything about it is believed: keys are ``ARRAY_NAMES``.
RawArrays = dict[str, npt.NDArray[np.generic]]

# The names of the four arrays in an .npz, in the order in which they are hashed.
ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Dataset:
    """Checked images and labels.

    ``train_images`` and ``test_images`` are (n, height, width, channels), both uint8 in 0..255 or,
    from a user's float file, both float32 in [0, 1]; the labels are int64 (n,) in
    0..``num_classes`` - 1. ``fingerprint`` is ``fingerprint.fingerprint`` of the four: 64 hex.
    """

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    num_classes: int
    fingerprint: str


@dataclass(frozen=True)
class DoubtfulLabel:
    """A test image whose given label most people did not confirm.

    ``index`` counts from 0 in the test set; ``other`` is the digit named most often instead of
    ``given``; ``votes`` are the people, of five, for (given, other, neither).
    """

    index: int
    given: int
    other: int
    votes: tuple[int, int, int]


@dataclass(frozen=True)
class DatasetInfo:
    """A known dataset's facts; to read them decodes nothing.

    ``fingerprint`` is None where it could not be pinned (it is computed at load). ``array_sha256``
    maps names of ``ARRAY_NAMES`` to the SHA-256 of the decoded array's bytes; an array that is not
    in it is not pinned. ``image_shape`` is (height, width, channels).
    """

    name: str
    description: str
    license: str
    source: str
    num_classes: int
    fingerprint: str | None
    image_shape: tuple[int, int, int]
    train_length: int
    test_length: int
    class_names: tuple[str, ...]
    array_sha256: Mapping[str, str] = field(default_factory=dict)
    doubtful_test_images: tuple[DoubtfulLabel, ...] = ()
