"""The test images that most models get wrong: pixels, groups, neighbors, doubts about labels."""

import base64
import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
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
from ninetynine.report.html.neighbors import nearest

MOST_IMAGES = 100
SHOWN_AT_FIRST = 40  # images; these have neighbors
_NEIGHBORS = 3
_THUMBNAIL = 84  # the longest side of an image on the page, pixels
_NEIGHBOR = 40  # and of a neighbor
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

    @property
    def wrong(self) -> str:
        """``wrong_share`` in percent, 0 and 100 only where it is."""
        percent = round(100 * self.wrong_share)
        return str(min(max(percent, 1), 99) if 0 < self.wrong_share < 1 else percent)


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
    data: datasets.Dataset | None = None
    reason: str = ""  # why there are no pixels
    neighbors: dict[int, tuple[int, ...]] = field(default_factory=dict)  # of training images

    @property
    def models(self) -> list[tuple[str, int]]:
        """The models that are asked, with how many runs each has, in the board's order."""
        return [(name, runs) for name, _, runs in self.images[0].right_by_row]

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
        if self.data is not None and (longest := max(self.data.test_images.shape[1:3])):
            if longest > _THUMBNAIL:
                notes.append(f"Images of {longest} pixels are drawn {_THUMBNAIL} pixels wide.")
            if self.neighbors:
                notes.append(
                    f"Below an image are the {_NEIGHBORS} training images that are nearest to it, "
                    "pixel by pixel, with their labels."
                )
        if self.without:
            names = ", ".join(self.without)
            notes.append(f"Left aside, because they err far more often: {names}.")
        return notes

    @property
    def side(self) -> int:
        """How wide an image is drawn, in pixels."""
        return _THUMBNAIL

    def uri(self, image: HardImage) -> str:
        """Return the image in a ``data:`` address."""
        assert self.data is not None
        return _uri(self.data.test_images[image.index], _THUMBNAIL)

    def near(self, image: HardImage) -> list[tuple[str, str, int]]:
        """Return the nearest training images: address, label, index."""
        if self.data is None:
            return []
        labels = self.data.train_labels
        return [
            (_uri(self.data.train_images[i], _NEIGHBOR), self.names[int(labels[i])], i)
            for i in self.neighbors.get(image.index, ())
        ]

    @cached_property
    def _of_group(self) -> Counter[int]:
        groups = self.board.image_groups
        return Counter(int(groups.codes[i.index]) for i in self.images) if groups else Counter()

    def group(self, image: HardImage) -> str:
        """Return which group an image is of, such as its writer's; "" where nobody knows."""
        groups = self.board.image_groups
        if groups is None:
            return ""
        code = int(groups.codes[image.index])
        own, these = self._of_group[code], len(self.images)
        alike = f", who has {own} of these {these}" if own > 1 else ""
        return f"no. {code + 1} of {groups}{alike}"

    def votes(self, image: HardImage) -> str:
        """Return which classes an image was taken for most often, and in how many runs."""
        said = [
            f"{self.names[c]} in {n:,} {'run' if n == 1 else 'runs'}" for c, n in image.votes[:3]
        ]
        return f"#{image.index}: {', '.join(said)}"

    def tip(self, image: HardImage) -> str:
        """Return what the image is, and how many models get it wrong in most runs."""
        wrong = sum(2 * right < runs for _, right, runs in image.right_by_row)
        return (
            f"test image {image.index}, label {self.names[image.label]}\n"
            f"{wrong} of {formatting.count(len(image.right_by_row), 'model')} wrong in most runs"
        )

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


def _uri(pixels: NDArray[np.generic], longest: int) -> str:
    """Return an image, at most ``longest`` pixels wide and high, in a ``data:`` address."""
    picture = to_pillow(pixels)
    is_large = max(picture.size) > longest
    picture.thumbnail((longest, longest))
    out = io.BytesIO()
    kind = "JPEG" if is_large and picture.mode == "RGB" else "PNG"
    picture.save(out, format=kind, optimize=True, **({"quality": 80} if kind == "JPEG" else {}))
    return f"data:image/{kind.lower()};base64," + base64.b64encode(out.getvalue()).decode()


def images(board: Board, data_dir: Path | None) -> Hardest | None:
    """Return the hardest images with their pixels; None where no run has predictions."""
    found = hardest(board)
    if found is None or not found.images:
        return found
    data, reason = _dataset(board, data_dir)
    if data is None:
        return replace(found, reason=reason)
    first = [image.index for image in found.images[:SHOWN_AT_FIRST]]
    places = nearest(data.train_images, data.test_images[first], _NEIGHBORS)
    near = {index: tuple(map(int, row)) for index, row in zip(first, places, strict=True)}
    return replace(found, data=data, neighbors=near)


def hardest(board: Board) -> Hardest | None:
    """Return the images with the largest share of wrong runs; None without predictions."""
    every = [(r.name, sums) for r in board.rows if (sums := r.prediction_sums) is not None]
    if not every:
        return None
    limit = _FAR * max(min(_error(a) for _, a in every), 0.5 / len(every[0][1].labels))
    rows = [(name, a) for name, a in every if _error(a) <= limit]
    wrong = np.mean([1 - a.right_per_image / a.runs for _, a in rows], axis=0)
    votes = np.sum([a.votes for _, a in rows], axis=0)
    mean = np.mean([a.mean_probabilities for _, a in rows], axis=0)
    order = np.argsort(-wrong, kind="stable")[:MOST_IMAGES]
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


def _dataset(board: Board, data_dir: Path | None) -> tuple[datasets.Dataset | None, str]:
    """Return the dataset that ``board`` was measured on, or None and why it is not here.

    Looked at are ``data_dir``, BENCH_DATA_DIR and Keras's cache; nothing is ever downloaded.  What
    is embedded is always there.
    """
    kept = datasets.kept(board.dataset, board.key.fingerprint)
    if kept is not None:
        return kept, ""
    reason = f"{board.dataset} is not on this machine: name its folder with --data-dir"
    for name, folder in _places(board.dataset, data_dir):
        try:
            found = datasets.load(name, folder)
        except UserError as error:
            reason = str(error) if folder is not None and folder == data_dir else reason
            continue
        if found.fingerprint == board.key.fingerprint and len(found.test_images) == board.images:
            return found, ""
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
