"""What looks wrong with a dataset that can be read: pixels, labels, images that lie in two parts.

A finding is one line. What makes every result on the data meaningless is an error, which ``load``
raises; the rest are warnings, for whoever looks at the data or is about to train on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import extremes
from ninetynine.datasets.dataset import Dataset, Images
from ninetynine.datasets.duplicates import Matches, exact_matches
from ninetynine.errors import UserError

# Of fewer test images, each is more than one percentage point of accuracy.
FEW_TEST_IMAGES = 100
# A class that has this share of the test images, or this many times the training images of another,
# makes accuracy a poor measure.
MAJORITY = 0.9
IMBALANCE = 100
# Pixels that reach no more than this share of their range are hardly ever meant.
DARK = 0.25
# A part with fewer images may be dark, or sorted, by chance.
ENOUGH_IMAGES = 20
# Features of networks and series are often as many as they are wide, but of fewer than these.
_VOLUME = 16
# What labels are called that are missing.
_NO_LABEL = frozenset({"nan", "null", "n/a", "<na>", "-1"})
# Of training images that are an earlier one again, fewer are not said.
REPEATED = 0.01


@dataclass(frozen=True)
class Finding:
    """Something about a dataset that looks wrong.

    ``message`` is one line: the file, what was found, what was expected and what to do.
    """

    level: Literal["error", "warning"]
    message: str


def findings(dataset: Dataset) -> tuple[Finding, ...]:
    """Return what looks wrong with a dataset, errors first; nothing for data as they should be.

    Each image is read twice, a few megabytes at a time; duplicates are found by 64-bit hashes.
    """
    where = dataset.where or dataset.name
    warnings = (
        *_pixels(dataset),
        *_layout(dataset),
        *_classes(dataset),
        *_names(dataset),
        *_groups_in_both(dataset),
        *_balance(dataset),
        *_order(dataset),
        *_duplicates(dataset),
        *_validation(dataset),
    )
    return (*_errors(dataset), *(Finding("warning", f"{where}: {text}") for text in warnings))


def refuse_errors(dataset: Dataset) -> None:
    """Raise UserError where a dataset has a finding that is an error; takes microseconds."""
    for finding in _errors(dataset):
        raise UserError(finding.message)


def _errors(dataset: Dataset) -> Iterator[Finding]:
    uniform = _uniform(dataset.train_images, "training")
    if uniform:
        yield Finding("error", f"{dataset.where or dataset.name}: {uniform}")


def _uniform(images: Images, part: str) -> str:
    """Say that all pixels of a part have one value; "" where they differ, which one image shows."""
    value = images[0].flat[0]
    if not all((image == value).all() for image in images):
        return ""
    cast = (
        " (images in 0 to 1 become 0 as uint8: save them as float32, or times 255 as uint8; of "
        "pictures of 16 bits the upper 8 are taken: save them with 8)"
    )
    return (
        f"every pixel of the {len(images):,} {part} images is {float(value):g}; expected images "
        f"that differ{'' if value else cast}"
    )


def _pixels(dataset: Dataset) -> Iterator[str]:
    for part, (images, _) in dataset.parts.items():
        uniform = _uniform(images, part)
        if uniform and part != "training":
            yield uniform
        if not uniform and len(images) >= ENOUGH_IMAGES:
            yield from _darkness(images, part)


def _darkness(images: Images, part: str) -> Iterator[str]:
    highest = float(extremes(images)[1])
    full = 255 if images.dtype == np.uint8 else 1
    if highest > DARK * full:
        return
    found = f"the {part} images' pixels reach {highest:g} of {full}"
    if full == 255 and highest == 1:
        yield (
            f"{found}: all are 0 or 1; expected uint8 in 0..255 (if they were divided by 255, save "
            "the pixels as they were; if there are two colors only, save images * 255)"
        )
    elif full == 255:
        yield (
            f"{found}; expected uint8 that fill 0..255 (save images / M, M being the highest "
            "value that a pixel can have)"
        )
    elif highest <= 1.001 / 255:
        yield f"{found}; expected floats that fill 0 to 1 (divided by 255 twice? save images * 255)"
    else:
        yield f"{found}; expected floats that fill 0 to 1 (divide by what a pixel can reach)"


def _layout(dataset: Dataset) -> Iterator[str]:
    """Warn of layouts such as (n, 13, 64, 64); those with up to four channels are refused."""
    height, width, channels = dataset.train_images.shape[1:]
    if height == width == channels >= _VOLUME:
        yield (
            f"images are {height} high and {width} wide with {channels} channels, which may be "
            "volumes; expected images: what is trained takes the depth for colors"
        )
    if height < width == channels and channels > 4:
        yield (
            f"images are {height} high and {width} wide with {channels} channels, which may be "
            f"channels-first; expected (n, height, width, channels): if they have {height} "
            "channels, save numpy.moveaxis(images, 1, -1)"
        )


def _classes(dataset: Dataset) -> Iterator[str]:
    train, test = _counts(dataset, "training"), _counts(dataset, "test")
    images = int(test.sum())
    unseen = np.flatnonzero((train == 0) & (test > 0))
    if unseen.size:
        yield (
            f"{_list(dataset, unseen)} {_have(unseen)} {test[unseen].sum():,} test images and no "
            "training image, so they cannot be learned; expected training images of each class"
        )
    if images < FEW_TEST_IMAGES:
        yield (
            f"there {'is one test image' if images == 1 else f'are {images} test images'}: an "
            f"answer more is {100 / images:.3g} percentage points of accuracy; expected hundreds, "
            "to tell models apart that are nearly as good"
        )
    if images > 1 and np.count_nonzero(test) == 1:
        yield (
            f"all {images:,} test images are of {_name(dataset, int(test.argmax()))}; expected "
            "test images of each class"
        )
    elif images > 1 and (untested := np.flatnonzero((test == 0) & (train > 0))).size:
        yield (
            f"{_list(dataset, untested)} {_have(untested)} no test image; expected some of each "
            "class, as nothing is measured there"
        )


def _names(dataset: Dataset) -> Iterator[str]:
    """Warn of classes whose name is a missing label's, or another class's in other letters."""
    alike: dict[str, list[int]] = {}
    for label, name in enumerate(dataset.class_names or ()):
        alike.setdefault(normalize("NFKC", name).casefold(), []).append(label)
        if name.lower() in _NO_LABEL:
            images = sum(np.count_nonzero(labels == label) for _, labels in dataset.parts.values())
            yield (
                f"{_name(dataset, label)}, of {images:,} of the images, is called as labels are "
                "that nobody knows; expected none: leave these images out"
            )
    for same in alike.values():
        if len(same) > 1:
            yield (
                f"{_list(dataset, np.array(same))} are called alike but for large and small "
                "letters, or how accents are stored; expected one name for one class"
            )


def _groups_in_both(dataset: Dataset) -> Iterator[str]:
    test, shared = dataset.test_groups, dataset.shared_groups
    if test is not None and shared:
        yield (
            f"{shared:,} of the test images' {test} have training images, too; expected other "
            f"{test.noun} in either part: accuracy on new {test.noun} may be lower"
        )


def _balance(dataset: Dataset) -> Iterator[str]:
    test = _counts(dataset, "test")
    share = test.max() / test.sum()
    if MAJORITY <= share < 1:
        yield (
            f"{_name(dataset, int(test.argmax()))} has {100 * share:.1f}% of the test images; "
            f"expected less than {100 * MAJORITY:.0f}%: answering nothing else is right as often, "
            "so compare accuracies with that one"
        )
    train = _counts(dataset, "training")
    most = int(train.argmax())
    least = int(np.where(train > 0, train, train.max()).argmin())
    if train[most] >= IMBALANCE * train[least]:
        yield (
            f"{_name(dataset, most)} has {train[most]:,} training images and "
            f"{_name(dataset, least)} {train[least]:,}; expected less than {IMBALANCE} times as "
            "many: accuracy says little of the rare class, so look at the confusion matrix"
        )


def _order(dataset: Dataset) -> Iterator[str]:
    labels = dataset.train_labels
    if len(labels) >= ENOUGH_IMAGES and (labels[1:] >= labels[:-1]).all():
        yield (
            "the training images are sorted by class, so the last of them, which recipes with "
            "validation_split hold back, and folds are of few classes; expected a mixed order: "
            "shuffle before saving"
        )


def _duplicates(dataset: Dataset) -> Iterator[str]:
    for found in exact_matches(dataset):
        count = len(dataset.parts[found.part][1])
        if found.part != found.other:
            yield from _shared(found, count, len(dataset.parts[found.other][1]))
        # Training images are often repeated on purpose, or a few of many by chance.
        elif found.part != "training" or len(found.images) >= REPEATED * count:
            yield from _repeated(found, count)


def _shared(found: Matches, count: int, others: int) -> Iterator[str]:
    """Say how many of ``count`` images of one part lie among those of the other, too."""
    part, other, images, places = found.part, found.other, found.images, found.partners
    if count == len(images) == others and np.array_equal(places, images):
        yield (
            f"the {part} images are the {other} images, all {count:,} in the same order"
            f"{_contradictions(found)}; expected none: give other images"
        )
    elif images.size:
        yield (
            f"{len(images):,} of {count:,} {part} images are {other} images too (the first: "
            f"{part} image {images[0]} is {other} image {places[0]}){_contradictions(found)}; "
            "expected none: leave them out of either part"
        )


def _repeated(found: Matches, count: int) -> Iterator[str]:
    """Say how many of ``count`` images of a part are an earlier one again."""
    part, repeats, earlier = found.part, found.images, found.partners
    if repeats.size:
        yield (
            f"{len(repeats):,} of {count:,} {part} images are an earlier one again (the "
            f"first: {part} image {repeats[0]} is {part} image {earlier[0]})"
            f"{_contradictions(found)}; expected each once, "
            f"as {'intervals' if part == 'test' else 'parts held back'} take them as independent"
        )


def _contradictions(found: Matches) -> str:
    count = np.count_nonzero(found.differing)
    return f", {count:,} of them with another label" if count else ""


def _validation(dataset: Dataset) -> Iterator[str]:
    if dataset.validation_images is not None:
        yield (
            f"the {len(dataset.validation_images):,} validation images are not used, but by "
            "recipes with validation_data = 'validation' in place of validation_split, which watch "
            "them; to train on them, append them to the training images"
        )


def _counts(dataset: Dataset, part: str) -> npt.NDArray[np.int64]:
    return np.bincount(dataset.parts[part][1], minlength=dataset.num_classes)


def _name(dataset: Dataset, label: int) -> str:
    name = dataset.class_names[label] if dataset.class_names else str(label)
    return f"class {label}" if name == str(label) else f"class {label} ({name})"


def _list(dataset: Dataset, labels: npt.NDArray[np.int64]) -> str:
    """Return up to five classes by name, and how many more there are."""
    shown = ", ".join(_name(dataset, label) for label in labels[:5].tolist())
    return shown + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")


def _have(labels: npt.NDArray[np.int64]) -> str:
    return "has" if len(labels) == 1 else "have"
