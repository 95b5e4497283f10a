"""Images that lie in a dataset twice: exactly, by hashes, and nearly, by the correlation of pixels.

Two images are near each other where their pixels, each image's own mean taken off, correlate by
``NEAR`` or more: one is the other but for brightness, contrast and a hundredth of what varies, as
after being saved as JPEG or resized and back. One that was moved, turned or cut is not found.

Not each pair is looked at. The pixels, scaled so that the squared distance of two images is twice
what their correlation lacks to 1, are added up with random signs in ``_BUCKETS`` sums (Charikar,
Chen and Farach-Colton, "Finding frequent items in data streams", 2002): the squared distance of
sums is that of the images on average, with a relative deviation of at most sqrt(2 / _BUCKETS).
Pairs whose sums are no farther apart than twice what is near are compared pixel by pixel, so what
is said is right, and a near pair is missed with a chance of about 4 in a million. Images are sorted
along one direction of the pixels' space, so that those far apart there need not be looked at.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ninetynine.blocks import blocks, row_bytes, take
from ninetynine.datasets.dataset import Dataset, Images, Labels

NEAR = 0.99
# Near images are looked for among no more: the time grows with the square of their number.
MOST_IMAGES = 200_000
# Pixels of pairs that are compared at most, about 20 seconds' work: where that many images are
# alike in outline, near ones are not told by this measure.
MOST_PIXELS = 10_000_000_000

_BLOCK_BYTES = 16_000_000
_BUCKETS = 64
_ROWS = 2_048  # images whose sums are multiplied by those of as many others at a time
Hashes = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Matches:
    """The images of ``part`` that ``other`` has too, with one that each is like, int64 (n,).

    Within one part (``other`` is ``part``) an exact match is an earlier image again, and a near one
    any other image. ``differing`` says which of them have another label there, bool (n,).
    """

    part: str
    other: str
    images: Integers
    partners: Integers
    differing: npt.NDArray[np.bool_]

    def summary(self) -> dict[str, Any]:
        """Return counts and pairs of indices for JSON."""
        return {
            "part": self.part,
            "other": self.other,
            "images": len(self.images),
            "with_another_label": int(self.differing.sum()),
            "pairs": np.stack([self.images, self.partners], axis=1).tolist(),
        }


@dataclass(frozen=True)
class NearMatches:
    """What was found by `near_matches`; ``reason`` says why not all was looked at, "" if it was."""

    matches: tuple[Matches, ...]
    reason: str = ""


def pairs_of_parts(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Yield (part, other) in the order in which duplicates are said, each part with itself last."""
    yield "test", "training"
    if dataset.validation_images is not None:
        yield from (("validation", "training"), ("test", "validation"))
    yield from ((part, part) for part in dataset.parts)


def exact_matches(dataset: Dataset) -> tuple[Matches, ...]:
    """Return the images whose bytes are those of another, found by 64-bit hashes."""
    hashes = {part: hash_images(images) for part, (images, _) in dataset.parts.items()}
    found = (match_hashes(part, other, hashes, dataset) for part, other in pairs_of_parts(dataset))
    return tuple(found)


def match_hashes(part: str, other: str, hashes: dict[str, Hashes], dataset: Dataset) -> Matches:
    """Return the images of ``part`` that ``other`` has, each with the first there."""
    mine, theirs = hashes[part], hashes[other]
    found, first = np.unique(theirs, return_index=True)
    places = first[np.minimum(np.searchsorted(found, mine), len(found) - 1)]
    same = theirs[places] == mine
    if part == other:
        same &= places != np.arange(len(mine))
    images = np.flatnonzero(same)
    labels, others = dataset.parts[part][1], dataset.parts[other][1]
    return Matches(part, other, images, places[images], labels[images] != others[places[images]])


def hash_images(images: Images) -> Hashes:
    """Return 64 bits of the BLAKE2b hash of each image's bytes.

    Among a million images, two that differ have one hash with a chance of 3 in 100 million.
    """
    size = row_bytes(images)
    digests = bytearray()
    for _, rows in blocks(images):
        block = np.ascontiguousarray(rows).data.cast("B")
        for offset in range(0, len(block), size):
            digests += hashlib.blake2b(block[offset : offset + size], digest_size=8).digest()
    return np.frombuffer(bytes(digests), np.uint64)


def near_matches(dataset: Dataset) -> NearMatches:
    """Return the images that are near another, but not equal to it, within parts and between them.

    MNIST's 70,000 images take about 8 seconds of two cores. Memory is bounded: 300 bytes for an
    image beside blocks of a few megabytes.
    """
    parts = dataset.parts
    count = sum(len(images) for images, _ in parts.values())
    if count > MOST_IMAGES:
        return NearMatches((), f"not looked for among {count:,} images, over {MOST_IMAGES:,}")
    search = _Search(dataset)
    complete = search.run()
    pixels = "there may be more: so many images are alike in outline that not all were compared"
    return NearMatches(tuple(search.matches()), "" if complete else pixels)


class _Search:
    """Looks for near images among those of all parts, numbered through."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        parts = dataset.parts.values()
        self._names = list(dataset.parts)
        self._images = [images for images, _ in parts]
        self._labels: Labels = np.concatenate([labels for _, labels in parts])
        lengths = [len(images) for images in self._images]
        self._starts = np.cumsum([0, *lengths])
        self._part = np.repeat(np.arange(len(lengths)), lengths)
        self._hashes = np.concatenate([hash_images(images) for images in self._images])
        # For each image, part and whether labels differ: the first near image found, or -1.
        self._found = np.full((len(self._labels), len(lengths), 2), -1, np.int64)
        self._pixels = 0

    def run(self) -> bool:
        """Fill the table of what is near; return whether all that had to be was looked at."""
        left, right, places = _sums(self._images)
        order = np.argsort(places, kind="stable")
        left, right, places = left[order], right[order], places[order]
        # Along one direction no two near images are farther apart than they are in all.
        last = np.searchsorted(places, places + np.sqrt(2 * (1 - NEAR)) + 1e-4)
        for start in range(0, len(order), _ROWS):
            rows = slice(start, start + _ROWS)
            for other in range(start, last[rows][-1], _ROWS):
                columns = slice(other, other + _ROWS)
                hits = np.flatnonzero(left[rows] @ right[columns].T >= -2 * (1 - NEAR))
                width = len(places[columns])
                first, second = start + hits // width, other + hits % width
                ahead = first < second
                if not self._compare(order[first[ahead]], order[second[ahead]]):
                    return False
        return True

    def _compare(self, first: Integers, second: Integers) -> bool:
        """Compare pairs whose result is not known yet, pixel by pixel; False at the limit."""
        size = self._images[0][0].size
        step = max(1, _BLOCK_BYTES // (8 * size))
        while True:
            differ = (self._labels[first] != self._labels[second]).astype(np.int64)
            known = self._found[first, self._part[second], differ] >= 0
            known &= self._found[second, self._part[first], differ] >= 0
            news = ~known & (self._hashes[first] != self._hashes[second])
            first, second, differ = first[news], second[news], differ[news]
            if not len(first):
                return True
            if self._pixels > MOST_PIXELS:
                return False
            self._pixels += min(step, len(first)) * size
            one, two = self._take(first[:step]), self._take(second[:step])
            near = np.einsum("ij,ij->i", one, two) >= NEAR
            one, two = first[:step][near], second[:step][near]
            for here, there in ((two, one), (one, two)):
                table = self._found[here, self._part[there], differ[:step][near]]
                self._found[here, self._part[there], differ[:step][near]] = np.where(
                    table < 0, there, table
                )
            first, second = first[step:], second[step:]

    def _take(self, indices: Integers) -> Floats:
        """Return images as rows of mean 0 and length 1."""
        taken = np.empty((len(indices), self._images[0][0].size), np.float32)
        for number, images in enumerate(self._images):
            mine = np.flatnonzero(self._part[indices] == number)
            if len(mine):
                taken[mine] = _rows(take(images, indices[mine] - self._starts[number]))
        return taken

    def matches(self) -> Iterator[Matches]:
        """Yield what was found, for each pair of parts."""
        for part, other in pairs_of_parts(self._dataset):
            here, there = self._names.index(part), self._names.index(other)
            mine = slice(self._starts[here], self._starts[here + 1])
            found = self._found[mine, there]
            images = np.flatnonzero((found >= 0).any(axis=1))
            same, another = found[images].T
            partners = np.where(another >= 0, another, same) - self._starts[there]
            yield Matches(part, other, images, partners, another >= 0)


def _sums(parts: list[Images]) -> tuple[Floats, Floats, Floats]:
    """Return what is multiplied of each image, (n, _BUCKETS + 2) twice, and its place, (n,).

    The product of one image's left and another's right is half their squared distance, negative.
    """
    size = parts[0][0].size
    generator = np.random.default_rng(0)
    order = generator.permutation(size)
    signs = generator.choice(np.array([-1, 1], np.float32), size)
    buckets = min(_BUCKETS, size)
    starts = np.arange(buckets) * size // buckets
    direction = _direction(parts[0])
    sums: list[Floats] = []
    places: list[Floats] = []
    for images in parts:
        for _, block in blocks(images, max(1, _BLOCK_BYTES // (4 * size))):
            rows = _rows(block)
            places.append(rows @ direction)
            sums.append(np.add.reduceat((rows * signs)[:, order], starts, axis=1))
    whole = np.concatenate(sums)
    half = -np.einsum("ij,ij->i", whole, whole)[:, np.newaxis] / 2
    ones = np.ones_like(half)
    return np.hstack([whole, half, ones]), np.hstack([whole, ones, half]), np.concatenate(places)


def _direction(images: Images) -> Floats:
    """Return the direction, of length 1, in which a sample of images differs most."""
    size = images[0].size
    count = min(len(images), 256, max(2, _BLOCK_BYTES // (4 * size)))
    sample = _rows(take(images, np.arange(count) * len(images) // count))
    values, vectors = np.linalg.eigh(sample @ sample.T)
    direction = sample.T @ vectors[:, -1]
    return np.asarray(direction / max(float(np.sqrt(values[-1])), 1e-12), np.float32)


def _rows(images: Images) -> Floats:
    """Return images as rows of mean 0 and length 1; those of one value as zeros, near to none."""
    rows = images.reshape(len(images), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    # What rounding leaves of an image of one value is no picture.
    flat = length < 1e-5 * np.sqrt(rows.shape[1]) * max(1.0, float(np.abs(images).max()))
    rows /= np.where(flat, np.inf, length)[:, np.newaxis]
    return rows
