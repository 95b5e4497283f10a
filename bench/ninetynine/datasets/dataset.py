"""What a dataset is: four arrays, and the facts known about them without reading any."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
# What a file held, before anything about it is believed: keys are of one of the ``NAMINGS``, or of
# ``GROUP_NAMES``.
RawArrays = dict[str, npt.NDArray[np.generic]]

# The names of the four arrays in an .npz, in the order in which they are hashed, and of the two of
# a validation part, which may be there.
ARRAY_NAMES = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_NAMES = ("x_val", "y_val")
# What files call these six: as above, or as MedMNIST does (https://medmnist.com).
NAMINGS = (
    (*ARRAY_NAMES, *VALIDATION_NAMES),
    ("train_images", "train_labels", "test_images", "test_labels", "val_images", "val_labels"),
)
# Of arrays beside these: which images belong together, and what such groups are called.
TEST_GROUPS, TRAIN_GROUPS, GROUPS_NOUN = "groups_test", "groups_train", "groups_noun"
GROUP_NAMES = (TEST_GROUPS, TRAIN_GROUPS, GROUPS_NOUN)
# What the classes are called, in the order of their labels.
CLASS_NAMES = "class_names"
BUILT_IN = "built in"


@dataclass(frozen=True, eq=False)
class ImageGroups:
    """The group of each image, int64 (n,), numbered as they first appear, and their plural."""

    codes: npt.NDArray[np.int64]
    noun: str = "groups"

    @property
    def count(self) -> int:
        """The number of groups."""
        return int(self.codes.max()) + 1

    def __str__(self) -> str:
        return f"{self.count:,} {self.noun}"

    def taken(self, indices: npt.NDArray[np.intp]) -> "ImageGroups":
        """Return the groups of the images at ``indices``."""
        return ImageGroups(numbered(self.codes[indices]), self.noun)


def numbered(names: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    """Return 0, 1, 2, ... for what is named, in the order in which they first appear."""
    _, first, codes = np.unique(names, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return np.asarray(place[codes.reshape(-1)])


@dataclass(frozen=True)
class Dataset:
    """Checked images and labels.

    ``train_images`` and ``test_images`` are (n, height, width, channels), both uint8 in 0..255 or,
    from a user's float file, both float32 in [0, 1]; the labels are int64 (n,) in
    0..``num_classes`` - 1. ``fingerprint`` is ``checks.fingerprint`` of the arrays: 64 hex.

    ``validation_images`` and ``validation_labels`` are a validation part of the dataset's own, of
    the same shapes and dtypes, or both None. A recipe may watch it; none trains on it.
    ``test_groups`` and ``train_groups`` say which images belong together, or are None where nobody
    knows. ``class_names`` has a name for each class, or is None where nobody said any. ``where`` is
    the file that the arrays came from, for messages; ``notes`` say, a line each, how they were read
    where that is not plain.
    """

    name: str
    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    num_classes: int
    fingerprint: str
    validation_images: Images | None = None
    validation_labels: Labels | None = None
    class_names: tuple[str, ...] | None = None
    where: str = ""
    notes: tuple[str, ...] = ()
    test_groups: ImageGroups | None = None
    train_groups: ImageGroups | None = None
    shared_groups: int | None = None  # that both parts have images of; None where that is unknown

    @property
    def parts(self) -> dict[str, tuple[Images, Labels]]:
        """Images and labels of each part: "training", "test" and, where it is, "validation"."""
        parts = {
            "training": (self.train_images, self.train_labels),
            "test": (self.test_images, self.test_labels),
        }
        if self.validation_images is not None and self.validation_labels is not None:
            parts["validation"] = (self.validation_images, self.validation_labels)
        return parts

    @property
    def arrays(self) -> RawArrays:
        """The arrays as an .npz holds them: ``ARRAY_NAMES``, then ``VALIDATION_NAMES`` if any.

        With the training images' groups, by which they are split, where these are known.
        """
        arrays = [array for part in self.parts.values() for array in part]
        named: RawArrays = dict(zip(NAMINGS[0], arrays, strict=False))
        return named | ({TRAIN_GROUPS: self.train_groups.codes} if self.train_groups else {})


@dataclass(frozen=True)
class DoubtfulLabel:
    """A test image whose given label most people did not confirm.

    ``index`` counts from 0 in the test set; ``other`` is the class named most often instead of
    ``given``; ``votes`` are the people, of five, for (given, other, neither).
    """

    index: int
    given: int
    other: int
    votes: tuple[int, int, int]


@dataclass(frozen=True)
class CifarFiles:
    """The names of CIFAR's own files in ``folder``, and of what is in them (see ``batches``)."""

    folder: str
    train: tuple[str, ...]
    test: str
    labels: str
    names_file: str
    names: str


@dataclass(frozen=True)
class DatasetInfo:
    """A known dataset's facts; to read them decodes nothing.

    ``fingerprint`` is None where it could not be pinned (it is computed at load). ``array_sha256``
    maps names of ``ARRAY_NAMES`` to the SHA-256 of the decoded array's bytes; an array that is not
    in it is not pinned. ``image_shape`` is (height, width, channels); images are uint8.
    """

    name: str
    description: str
    license: str
    source: str
    num_classes: int
    image_shape: tuple[int, int, int]
    train_length: int
    test_length: int
    class_names: tuple[str, ...]
    fingerprint: str | None = None
    noun: str = "images"  # what its images are called in sentences, such as "digits"
    # Its arrays come with the package that brings it: reading them needs no folder and no network.
    embedded: bool = False
    idx_files: bool = False  # may lie in a folder as the four IDX files with MNIST's names
    cifar_files: CifarFiles | None = None  # may lie in a folder as these files of CIFAR's
    array_sha256: Mapping[str, str] = field(default_factory=dict)
    doubtful_test_images: tuple[DoubtfulLabel, ...] = ()
    # The .npz of the test images' groups that comes with it, as ``groups_test``, and their plural.
    test_groups: Path | None = None
    groups_noun: str = "groups"
    order: int = 100  # the place in lists, among those built in; the first is the usual dataset
    origin: str = BUILT_IN  # set by the registry: this, or "entry point of DISTRIBUTION"

    def __post_init__(self) -> None:
        if len(self.class_names) != self.num_classes:
            raise ValueError(f"{self.num_classes} classes, {len(self.class_names)} class_names")

    @property
    def is_everywhere(self) -> bool:
        """Whether every installation can read the arrays; one may lack another's plug-in."""
        return self.embedded and self.origin == BUILT_IN
