"""Describe a dataset, draw a grid of its images, or export them."""

import shlex
from pathlib import Path

import click

from ninetynine import datasets
from ninetynine.cli import options
from ninetynine.datasets.dataset import NAMINGS
from ninetynine.datasets.files import write_npz
from ninetynine.errors import UserError
from ninetynine.records.files import safe_name

_EXPORT = "export"
_MANY_IMAGES = 20_000  # of which it takes seconds to look for duplicates


@click.command("data")
@click.argument("words", nargs=-1, metavar="[export] [DATASET]")
@click.option(
    "--picture",
    type=options.FILE,
    metavar="FILE.svg",
    help="Draw training images of each class; .svg, .png or .pdf.",
)
@click.option("--per-class", type=click.IntRange(1, 100), default=6)
@click.option("--seed", default=0, help="Which images the picture takes.")
@click.option("--into", type=options.FOLDER, metavar="FOLDER", help="export: where the .npz goes.")
@click.option("--labels", is_flag=True, help="export: the test labels, too.")
@click.option("--train", is_flag=True, help="export: the training images and labels, too.")
@options.reading
@options.data_dir
@options.as_json
@options.verbose
def command(
    words: tuple[str, ...],
    picture: Path | None,
    per_class: int,
    seed: int,
    into: Path | None,
    labels: bool,
    train: bool,
    reading: dict[str, str],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Describe DATASET: sizes, classes, ranges, groups, duplicates, and what looks wrong with it.

    DATASET is a known name; a path: a folder of pictures, a .csv that lists some, an .npz; or a
    set of another library: hf:OWNER/NAME, tfds:NAME, medmnist:NAME. Without it they are listed.
    `bench data export DATASET --into FOLDER` writes its test images as an .npz for those who train
    elsewhere; `bench import` takes their predictions.
    """
    if not (words or picture or into or labels or train):
        _list(as_json)
        return
    exports = words[:1] == (_EXPORT,)
    names = words[1:] if exports else words
    if len(names) > 1:
        raise UserError(f"{names[1]!r}: expected one dataset, got {len(names)}")
    named = names[0] if names else datasets.usual(embedded=True)
    dataset = datasets.with_options(named, reading)
    if exports:
        if into is None or picture is not None:
            raise UserError("bench data export DATASET: give --into FOLDER, and no --picture")
        _export(dataset, into, labels, train, data_dir, as_json)
        return
    if into is not None or labels or train:
        raise UserError(
            "--into, --labels and --train belong to: bench data export DATASET --into FOLDER"
        )
    _describe(dataset, data_dir, picture, per_class, seed, as_json)


def _list(as_json: bool) -> None:
    from ninetynine.datasets.kinds import kinds
    from ninetynine.report import data

    infos = list(datasets.known().values())
    ways = [kind.expected for kind in kinds()]
    facts = {
        "datasets": [
            {
                "name": info.name,
                "description": info.description,
                "image_shape": list(info.image_shape),
                "classes": info.num_classes,
                "train": info.train_length,
                "test": info.test_length,
                "embedded": info.embedded,
            }
            for info in infos
        ],
        "kinds": ways,
    }
    options.answer(as_json, facts, data.listing_lines(infos, ways))


def _describe(
    name: str, data_dir: Path | None, picture: Path | None, per_class: int, seed: int, as_json: bool
) -> None:
    from ninetynine.datasets.description import describe_dataset
    from ninetynine.report import data
    from ninetynine.report.drawing import file_kinds

    if picture is not None:  # before seconds are spent
        file_kinds.check_suffix(picture, "--picture")
    loaded = datasets.load(name, data_dir)
    if picture is not None:
        sheet = data.sample_sheet(loaded, per_class, seed)
        file_kinds.write(sheet, picture, option="--picture")
    images = sum(len(part) for part, _ in loaded.parts.values())
    if images > _MANY_IMAGES:
        options.warn(f"looking for duplicates among {images:,} images")
    summary = describe_dataset(loaded, datasets.known().get(name))
    drawn = [f"picture: {picture}"] if picture is not None else []
    options.answer(as_json, summary, [*drawn, *data.description_lines(summary)])


def _export(
    name: str, into: Path, labels: bool, train: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Write the arrays that are asked for, by the names that `datasets.load` reads."""
    loaded = datasets.load(name, data_dir)
    x_train, y_train, x_test, y_test, *_ = NAMINGS[0]
    wanted = [*([x_train, y_train] * train), x_test, *([y_test] * labels)]
    arrays = {array: loaded.arrays[array] for array in wanted}
    # Not the dataset's own name: a file may not be called like a known dataset.
    path = into / f"{safe_name(loaded.name)}-export.npz"
    write_npz(path, arrays)
    then = f"bench import NAME predictions.csv --dataset {shlex.quote(name)}"
    shapes = {array: list(content.shape) for array, content in arrays.items()}
    said = ", ".join(f"{array} {content.shape}" for array, content in arrays.items())
    order = f"predictions for x_test, in its order: {then}"
    facts = {"file": str(path), "fingerprint": loaded.fingerprint, "arrays": shapes, "import": then}
    options.answer(as_json, facts, [f"{path}: {said}", order])
