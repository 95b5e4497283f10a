"""The hardest images: drawn, with label, votes, probabilities, and doubts about the label."""

from dataclasses import dataclass
from pathlib import Path

from ninetynine import datasets
from ninetynine.board import Board
from ninetynine.report import text
from ninetynine.report.html.confusion import class_names
from ninetynine.report.html.pixels import find_test_images, png_uri
from ninetynine.report.plots.hardest import HardImage, hardest

_MOST_ROWS_IN_TIP = 12


@dataclass(frozen=True)
class Bar:
    """One class's mean probability, in percent of the bar's width."""

    name: str
    percent: str
    is_label: bool


@dataclass(frozen=True)
class ImageTile:
    """One image; ``uri`` is "" where its pixels are not at hand."""

    index: int
    label: str
    uri: str
    wrong: str
    votes: str
    bars: tuple[Bar, ...]
    doubt: str  # what people said of a doubtful label, or ""
    tip: str


@dataclass(frozen=True)
class ImageSection:
    """The tiles, the classes that occur among them, and what is to be known."""

    tiles: tuple[ImageTile, ...]
    classes: tuple[str, ...]
    introduction: str
    notes: tuple[str, ...]


def image_section(board: Board, data_dir: Path | None) -> ImageSection | None:
    """Return the hardest images of a board; None where no run has predictions."""
    found = hardest(runs)
    if found is None:
        return None
    pixels, reason = find_test_images(board, data_dir) if found.images else (None, "")
    classes = class_names(board, _class_count(runs))
    tiles = tuple(
        _tile(runs, image, classes, png_uri(pixels[image.index]) if pixels is not None else "")
        for image in found.images
    )
    images = text.count(found.missed, "test image")
    introduction = (
        f"{images} of {board.images or 0:,} {'was' if found.missed == 1 else 'were'} missed "
        f"by at least one of {text.count(found.runs, 'run')}"
    )
    if len(tiles) < found.missed:
        introduction += f"; here are the {len(tiles)} that most models get wrong"
    notes = (f"The pixels are not drawn: {reason}.",) if reason else ()
    if found.without:
        names = ", ".join(found.without)
        notes = (*notes, f"Left aside, because they err far more often: {names}.")
    shown = tuple(name for name in classes if any(tile.label == name for tile in tiles))
    return ImageSection(tiles, shown, introduction + ".", notes)


def _class_count(board: Board) -> int:
    counts = (len(f.prediction_sums.votes[0]) for f in board.rows if f.prediction_sums is not None)
    return next(counts)


def _tile(board: Board, image: HardImage, classes: tuple[str, ...], uri: str) -> ImageTile:
    votes = ", ".join(f"{classes[c]} × {count}" for c, count in image.votes[:3])
    bars = tuple(
        Bar(classes[c], text.percent(share, 0), c == image.label)
        for c, share in image.probabilities
    )
    return ImageTile(
        index=image.index,
        label=classes[image.label],
        uri=uri,
        wrong=f"{text.percent(image.wrong_share, 0)}%",
        votes=votes,
        bars=bars,
        doubt=_doubt(runs, image.index),
        tip="\n".join(_tip(image, classes)),
    )


def _tip(image: HardImage, classes: tuple[str, ...]) -> list[str]:
    rows = [f"{name}: right {right} of {n}" for name, right, n in image.right_by_row]
    if len(rows) > _MOST_ROWS_IN_TIP:
        rows = [*rows[:_MOST_ROWS_IN_TIP], f"and {len(rows) - _MOST_ROWS_IN_TIP} more models"]
    return [f"test image {image.index}, label {classes[image.label]}", *rows]


def _doubt(board: Board, index: int) -> str:
    doubtful = datasets.doubtful_test_images(board.dataset, board.images or 0).get(index)
    if doubtful is None:
        return ""
    given, other, neither = doubtful.votes
    return (
        f"Doubtful label: of five people {given} saw {doubtful.given}, {other} saw "
        f"{doubtful.other}, {neither} neither"
    )
