"""Test images for the page, where the dataset is at hand; nothing is ever downloaded."""

import base64
import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ninetynine import datasets
from ninetynine.board import Board
from ninetynine.datasets.download import keras_cache
from ninetynine.datasets.picture import to_pillow
from ninetynine.errors import UserError


def find_test_images(board: Board, data_dir: Path | None) -> tuple[datasets.Images | None, str]:
    """Return the test images that ``board`` was measured on, or None and why they are not here.

    Looked at are ``data_dir``, BENCH_DATA_DIR and Keras's cache; what is embedded is always there.
    """
    reason = f"{board.dataset} is not on this machine: name its folder with --data-dir"
    for name, folder in _places(board.dataset, data_dir):
        try:
            found = datasets.load(name, folder)
        except UserError as error:
            if folder is not None and folder == data_dir:
                reason = str(error)
            continue
        if found.fingerprint == board.dataset_fingerprint and len(found.test_images) == (
            board.images or 0
        ):
            return found.test_images, ""
        reason = f"the {board.dataset} at hand is not the one these models were tested on"
    return None, reason


def _places(dataset: str, data_dir: Path | None) -> Iterator[tuple[str, Path | None]]:
    """Yield what to ask ``datasets.load`` for; with a folder given it never downloads."""
    info = datasets.info_of(dataset)
    if info is not None and info.embedded:
        yield dataset, None
        return
    environment = os.environ.get(datasets.DATA_DIR_VARIABLE)
    folders = [data_dir, Path(environment) if environment else None, keras_cache()]
    for folder in folders:
        if folder is None or not folder.is_dir():
            continue
        if info is not None:
            yield dataset, folder
        elif (folder / f"{dataset}.npz").is_file():
            yield str(folder / f"{dataset}.npz"), None


def png_uri(image: NDArray[np.generic]) -> str:
    """Return one (height, width, channels) image as a PNG in a ``data:`` address."""
    out = io.BytesIO()
    to_pillow(image).save(out, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
