"""The test images that most models get wrong, with their pixels and doubts about the label."""

import base64
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.board import Board, PredictionSums
from ninetynine.datasets.download import keras_cache
from ninetynine.datasets.picture import to_pillow
from ninetynine.errors import UserError
from ninetynine.report import formatting
from ninetynine.report.drawing.lettering import class_names

_MOST_ROWS_IN_TIP = 12
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
    """The hardest images, the hardest first, and how many were missed at least once.

    ``names`` are those of the classes; ``pixels`` is None where they are not at hand.
    """

    board: Board
    images: tuple[HardImage, ...]
    missed: int
    runs: int
    without: tuple[str, ...]  # models that err so often that they say little about the images
    names: tuple[str, ...]
    pixels: datasets.Images | None = None
    reason: str = ""  # why there are no pixels

    @property
    def labels(self) -> list[str]:
        """The names of the classes that occur among the images."""
        shown = {image.label for image in self.images}
        return [name for label, name in enumerate(self.names) if label in shown]

    @property
    def introduction(self) -> str:
        """How many images were missed, and which of them are here."""
        words = (
            f"{formatting.count(self.missed, 'test image')} of {self.board.images or 0:,} "
            f"{'was' if self.missed == 1 else 'were'} missed by at least one of "
            f"{formatting.count(self.runs, 'run')}"
        )
        if len(self.images) < self.missed:
            words += f"; here are the {len(self.images)} that most models get wrong"
        return f"{words}."

    @property
    def notes(self) -> list[str]:
        notes = [f"The pixels are not drawn: {self.reason}."] if self.reason else []
        if self.without:
            names = ", ".join(self.without)
            notes.append(f"Left aside, because they err far more often: {names}.")
        return notes

    def uri(self, image: HardImage) -> str:
        """Return the image as a PNG in a ``data:`` address."""
        assert self.pixels is not None
        out = io.BytesIO()
        to_pillow(self.pixels[image.index]).save(out, format="PNG", optimize=True)
        return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()

    def tip(self, image: HardImage) -> str:
        """Return which models get the image right."""
        rows = [f"{name}: right {right} of {runs}" for name, right, runs in image.right_by_row]
        if len(rows) > _MOST_ROWS_IN_TIP:
            rows[_MOST_ROWS_IN_TIP:] = [f"and {len(rows) - _MOST_ROWS_IN_TIP} more models"]
        return "\n".join([f"test image {image.index}, label {self.names[image.label]}", *rows])

    def doubt(self, image: HardImage) -> str:
        """Return what people said of a doubtful label; "" of another."""
        doubtful = datasets.doubtful_test_images(self.board.dataset, self.board.images or 0)
        if image.index not in doubtful:
            return ""
        found = doubtful[image.index]
        given, other, neither = found.votes
        return (
            f"Doubtful label: of five people {given} saw {found.given}, {other} saw "
            f"{found.other}, {neither} neither"
        )


def images(board: Board, data_dir: Path | None) -> Hardest | None:
    """Return the hardest images with their pixels; None where no run has predictions."""
    found = hardest(board)
    if found is None or not found.images:
        return found
    pixels, reason = _test_images(board, data_dir)
    return replace(found, pixels=pixels, reason=reason)


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
    return Hardest(
        board,
        images=tuple(_image(int(i), wrong, votes, mean, rows) for i in order if wrong[i] > 0),
        missed=int(np.count_nonzero(wrong)),
        runs=sum(a.runs for _, a in rows),
        without=tuple(name for name, a in every if _error(a) > limit),
        names=class_names(board, votes.shape[1]),
    )


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


def _test_images(board: Board, data_dir: Path | None) -> tuple[datasets.Images | None, str]:
    """Return the test images that ``board`` was measured on, or None and why they are not here.

    Looked at are ``data_dir``, BENCH_DATA_DIR and Keras's cache; nothing is ever downloaded.  What
    is embedded is always there.
    """
    reason = f"{board.dataset} is not on this machine: name its folder with --data-dir"
    for name, folder in _places(board.dataset, data_dir):
        try:
            found = datasets.load(name, folder)
        except UserError as error:
            reason = str(error) if folder is not None and folder == data_dir else reason
            continue
        images = found.test_images
        if found.fingerprint == board.key.fingerprint and len(images) == board.images:
            return images, ""
        reason = f"the {board.dataset} at hand is not the one these models were tested on"
    return None, reason


def _places(dataset: str, data_dir: Path | None) -> Iterator[tuple[str, Path | None]]:
    """Yield what to ask ``datasets.load`` for; with a folder given it never downloads."""
    info = datasets.info_of(dataset)
    if info is not None and info.embedded:
        yield dataset, None
        return
    environment = os.environ.get(datasets.DATA_DIR_VARIABLE)
    for folder in (data_dir, Path(environment) if environment else None, keras_cache()):
        if folder is None or not folder.is_dir():
            continue
        if info is not None:
            yield dataset, folder
        elif (folder / f"{dataset}.npz").is_file():
            yield str(folder / f"{dataset}.npz"), None
