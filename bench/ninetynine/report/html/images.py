"""The hardest images: drawn, with label, votes, probabilities, and doubts about the label."""

import base64
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.board import Board
from ninetynine.datasets.download import keras_cache
from ninetynine.datasets.picture import to_pillow
from ninetynine.errors import UserError
from ninetynine.report import formatting
from ninetynine.report.drawing.lettering import class_names
from ninetynine.report.html.hardest import HardImage, hardest

_MOST_ROWS_IN_TIP = 12


@dataclass(frozen=True)
class ImageTile:
    """One image; ``uri`` is "" where its pixels are not at hand, ``doubt`` where there is none."""

    index: int
    label: str
    uri: str
    wrong: str
    votes: str
    bars: list[tuple[str, str, bool]]  # class, percent, whether it is the label
    doubt: str
    tip: str


@dataclass(frozen=True)
class ImageSection:
    """The tiles, the classes that occur among them, and what is to be known."""

    tiles: list[ImageTile]
    classes: list[str]
    introduction: str
    notes: list[str]


def image_section(board: Board, data_dir: Path | None) -> ImageSection | None:
    """Return the hardest images of a board; None where no run has predictions."""
    found = hardest(board)
    if found is None:
        return None
    pixels, reason = _test_images(board, data_dir) if found.images else (None, "")
    names = class_names(board, found.classes)
    tiles = [_tile(board, image, names, pixels) for image in found.images]
    images = formatting.count(found.missed, "test image")
    introduction = (
        f"{images} of {board.images or 0:,} {'was' if found.missed == 1 else 'were'} missed "
        f"by at least one of {formatting.count(found.runs, 'run')}"
    )
    if len(tiles) < found.missed:
        introduction += f"; here are the {len(tiles)} that most models get wrong"
    notes = [f"The pixels are not drawn: {reason}."] if reason else []
    if found.without:
        notes.append(f"Left aside, because they err far more often: {', '.join(found.without)}.")
    shown = {tile.label for tile in tiles}
    return ImageSection(tiles, [n for n in names if n in shown], f"{introduction}.", notes)


def _tile(
    board: Board, image: HardImage, names: tuple[str, ...], pixels: datasets.Images | None
) -> ImageTile:
    label = names[image.label]
    rows = [f"{name}: right {right} of {n}" for name, right, n in image.right_by_row]
    if len(rows) > _MOST_ROWS_IN_TIP:
        rows = [*rows[:_MOST_ROWS_IN_TIP], f"and {len(rows) - _MOST_ROWS_IN_TIP} more models"]
    return ImageTile(
        index=image.index,
        label=label,
        uri=_png_uri(pixels[image.index]) if pixels is not None else "",
        wrong=f"{formatting.percent(image.wrong_share, 0)}%",
        votes=", ".join(f"{names[c]} × {count}" for c, count in image.votes[:3]),
        bars=[
            (names[c], formatting.percent(share, 0), c == image.label)
            for c, share in image.probabilities
        ],
        doubt=_doubt(board, image.index),
        tip="\n".join([f"test image {image.index}, label {label}", *rows]),
    )


def _doubt(board: Board, index: int) -> str:
    """Return what people said of a doubtful label."""
    doubtful = datasets.doubtful_test_images(board.dataset, board.images or 0).get(index)
    if doubtful is None:
        return ""
    given, other, neither = doubtful.votes
    return (
        f"Doubtful label: of five people {given} saw {doubtful.given}, {other} saw "
        f"{doubtful.other}, {neither} neither"
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
        if found.fingerprint == board.dataset_fingerprint and len(images) == board.images:
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


def _png_uri(image: NDArray[np.generic]) -> str:
    """Return one (height, width, channels) image as a PNG in a ``data:`` address."""
    out = io.BytesIO()
    to_pillow(image).save(out, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
