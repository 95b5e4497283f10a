"""The test images that most models get wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Board, PredictionSums

MOST_IMAGES = 100
_FAR = 10.0  # a model with this many times the best one's errors has no vote


@dataclass(frozen=True)
class HardImage:
    """A test image and what the models made of it; every model counts the same."""

    index: int
    label: int
    wrong_share: float  # mean over models of the share of runs that are wrong
    votes: tuple[tuple[int, int], ...]  # (class, runs that say so), most first
    probabilities: tuple[tuple[int, float], ...]  # (class, mean over models), the three largest
    right_by_row: tuple[tuple[str, int, int], ...]  # (row's name, runs that are right, runs)


@dataclass(frozen=True)
class Hardest:
    """The hardest images, the hardest first, and how many were missed at least once."""

    images: tuple[HardImage, ...]
    missed: int
    runs: int
    without: tuple[str, ...]  # models that err so often that they say little about the images
    classes: int


def hardest(board: Board, most: int = MOST_IMAGES) -> Hardest | None:
    """Return the ``most`` images with the largest share of wrong runs; None without predictions."""
    every = [(r.name, sums) for r in board.rows if (sums := r.prediction_sums) is not None]
    if not every:
        return None
    limit = _FAR * max(min(_error(a) for _, a in every), 0.5 / len(every[0][1].labels))
    rows = [(name, a) for name, a in every if _error(a) <= limit]
    wrong = np.mean([1 - a.right_per_image / a.runs for _, a in rows], axis=0)
    votes = np.sum([a.votes for _, a in rows], axis=0)
    mean = np.mean([a.mean_probabilities for _, a in rows], axis=0)
    order = np.argsort(-wrong, kind="stable")[:most]
    images = [_image(int(i), wrong, votes, mean, rows) for i in order if wrong[i] > 0]
    total = sum(a.runs for _, a in rows)
    without = tuple(name for name, a in every if _error(a) > limit)
    return Hardest(tuple(images), int(np.count_nonzero(wrong)), total, without, votes.shape[1])


def _error(sums: PredictionSums) -> float:
    return 1 - float(sums.right_per_run.mean()) / len(sums.labels)


def _image(
    index: int,
    wrong: NDArray[np.float64],
    votes: NDArray[np.int64],
    mean: NDArray[np.float64],
    rows: Sequence[tuple[str, PredictionSums]],
) -> HardImage:
    given = np.argsort(-votes[index], kind="stable")
    likely = np.argsort(-mean[index], kind="stable")[:3]
    return HardImage(
        index=index,
        label=int(rows[0][1].labels[index]),
        wrong_share=float(wrong[index]),
        votes=tuple((int(c), int(votes[index, c])) for c in given if votes[index, c]),
        probabilities=tuple((int(c), float(mean[index, c])) for c in likely),
        right_by_row=tuple((name, int(a.right_per_image[index]), a.runs) for name, a in rows),
    )
