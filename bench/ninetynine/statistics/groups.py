"""Images that belong together: a writer's digits, a patient's scans, the frames of a video.

Images of one group are alike, so m of them tell less of new ones than m images of m groups.  New
images of the same kind are then a draw of groups with their images, and every variance over images
is multiplied by how much the groups enlarge it, its design effect (Kish 1965).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_MOST_IMAGES = 20_000
_ORDERS, _MOST_ABOVE = 199, 2  # p = (above + 1) / 200 is at most 1%


@dataclass(frozen=True, eq=False)
class Groups:
    """Which of G groups each of m images is of: ``codes`` (m,) in 0..G-1, each of them used."""

    codes: NDArray[np.intp]

    @classmethod
    def of(cls, names: NDArray[np.generic]) -> "Groups":
        """Return the groups that ``names`` (m,), numbers or text, tell.

        Raises:
            ValueError: there is one group only, which says nothing about others.
        """
        found, codes = np.unique(names, return_inverse=True)
        if len(found) < 2:
            raise ValueError(f"{len(found)} group of images; expected at least two")
        return cls(codes.reshape(-1))

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """How many images are of each group, int64 (G,)."""
        return np.bincount(self.codes).astype(np.int64)

    @property
    def count(self) -> int:
        """The number of groups, G."""
        return len(self.sizes)

    @cached_property
    def effective(self) -> float:
        """Groups of equal size that would tell as much: m^2 / sum of squared sizes (Kish 1965)."""
        return float(len(self.codes) ** 2 / (self.sizes @ self.sizes))

    def clumping(self, effects: NDArray[np.float64]) -> float:
        """Return how many images err as one: sum of squared group sums over sum of squares.

        ``effects`` (m,) have mean 0; or (n, m), each row of which has.  It is 1 where the images of
        a group have nothing in common, k where a group is k copies of one image.
        """
        squares = float(np.sum(effects * effects))
        if squares <= 0:
            return 1.0
        sums = [self.sums(row) for row in np.atleast_2d(effects)]
        return float(np.sum(np.square(sums))) / squares

    def sums(self, effects: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of ``effects`` (m,) over each group's images, (G,)."""
        found = np.bincount(self.codes, weights=effects, minlength=self.count)
        return found.astype(np.float64, copy=False)

    def among(self, chosen: NDArray[np.bool_]) -> "Groups | None":
        """Return the groups of some images, ``chosen`` (m,); None where these are of one group."""
        found = self.codes[chosen]
        return None if len(np.unique(found)) < 2 else Groups.of(found)

    def correction(self) -> float:
        """Return what the estimated group means cost beside those of images.

        G / (G - 1) for groups of equal size, with the effective number of groups for others, over
        m / (m - 1), which the mean squares hold already.
        """
        m = len(self.codes)
        return self.effective / (self.effective - 1) * (m - 1) / m


def same_groups(one: Groups | None, other: Groups | None) -> bool:
    """Return whether both put the same images together."""
    if one is None or other is None:
        return one is other
    return one is other or np.array_equal(one.codes, other.codes)


@dataclass(frozen=True)
class Neighbors:
    """How many images of a ``block`` of neighbors err as one; 1 if they are like any others."""

    block: int
    clumping: float


def neighbors_alike(wrong: NDArray[np.float64], labels: NDArray[np.integer]) -> Neighbors | None:
    """Return how much neighbors err together, or None where chance explains it (99 in 100).

    ``wrong`` (m,) is each image's share of wrong answers, ``labels`` (m,) its class.  Blocks of
    neighbors, as a block bootstrap would draw them (Kuensch 1989), are held against the same images
    in another order; images change places with others of their class only, so that a test set
    sorted by class is not taken for one of groups.  Where the order says nothing, a note is wrong
    once in a hundred times by the construction of the test.  Of more images the first are taken.
    """
    effects = wrong[:_MOST_IMAGES].astype(np.float64)
    block = max(round(len(effects) ** 0.5 / 4), 2)
    columns = []
    for label in np.unique(labels[:_MOST_IMAGES]):
        places = np.flatnonzero(labels[:_MOST_IMAGES] == label)
        effects[places] -= effects[places].mean()
        columns.append(places)
    total, blocks = float(effects @ effects), len(effects) // block
    if total <= 0 or blocks < 2:
        return None
    generator = np.random.default_rng(0)
    orders = np.tile(effects, (_ORDERS + 1, 1))
    for places in columns:
        orders[1:, places] = generator.permuted(orders[1:, places], axis=1)
    sums = orders[:, : blocks * block].reshape(len(orders), blocks, block).sum(axis=2)
    found, *others = np.square(sums).sum(axis=1) / total
    if np.sum(np.array(others) >= found) >= _MOST_ABOVE:
        return None
    return Neighbors(block, float(found))
