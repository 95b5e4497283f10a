"""Compare two models: difference, interval, verdict."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from ninetynine import datasets, suite
from ninetynine.board import Row, Rows, check_comparable, check_separate, compare_rows
from ninetynine.board.intervals import other_differences
from ninetynine.board.measured import check_measured, measured
from ninetynine.cli import judging, options
from ninetynine.errors import UserError
from ninetynine.measures import ACCURACY, Measure
from ninetynine.report import comparison


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--dataset", metavar="NAME", help="Whose records [default: the usual dataset's].")
@click.option("--seed", type=click.IntRange(min=0), help="Compare the two single runs of a seed.")
@judging.measure
@judging.margin
@judging.alpha
@judging.power
@judging.looks
@click.option("--images", type=click.IntRange(0, 200), default=10)
@click.option(
    "--picture",
    type=options.FILE,
    metavar="FILE.png",
    help="Draw the images on which they differ most; needs the dataset.",
)
@options.results
@options.data_dir
@options.architecture_files
@options.as_json
@options.verbose
def command(
    a: str,
    b: str,
    dataset: str | None,
    seed: int | None,
    measure: Measure | None,
    margin: str | None,
    alpha: float,
    power: float,
    looks: int,
    images: int,
    picture: Path | None,
    results: Path,
    data_dir: Path | None,
    architecture_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Compare rows A and B: the difference, its interval, and a verdict in one sentence.

    A and B are names from the table of `bench report`; NAME@controlled is the row of that name
    under the recipe of suite controlled.  Where data of one name have several contents,
    NAME@published-1a2b3c4d is the row on the data whose fingerprint begins so.
    """
    rows = Rows(options.open_store(results), suite.discover(architecture_files), dataset)
    sides = rows.find(a, seed), rows.find(b, seed)
    check_comparable(*sides)
    check_separate(*sides)
    by = measure or ACCURACY
    smallest = judging.margin_of(margin, by)
    check_measured(sides, by)
    result = compare_rows(*sides, by, smallest, confidence=1 - alpha, power=power, looks=looks)
    assert result is not None  # `find` saw to it that both have predictions
    doubtful = datasets.doubtful_test_images(rows.dataset, len(sides[0].labels))
    differing = comparison.differing_images(*sides, images, frozenset(doubtful))
    if picture is not None:
        _draw(sides, differing, rows.dataset, data_dir, picture)
    others = other_differences(*sides)
    lines = [*comparison.sentences(*sides, result, by), *comparison.other_sentences(others)]
    if differing:
        several = f"{len(differing)} images" if len(differing) > 1 else "image"
        lines.append(f"\nThe {several} on which they differ most:")
        lines.append(comparison.images_table(*sides, differing))
    if picture is not None:
        lines.append(f"picture: {picture}")
    options.answer(
        as_json, {**_facts(sides, result, differing, by), **dataclasses.asdict(others)}, lines
    )


def _draw(
    sides: tuple[Row, Row],
    differing: list[comparison.DifferingImage],
    dataset: str,
    data_dir: Path | None,
    path: Path,
) -> None:
    from ninetynine.datasets.picture import draw_grid

    if not differing:
        raise UserError(
            "--picture: there is nothing to draw; ask for --images 1 or more, of two rows that "
            "differ on an image"
        )
    kept = datasets.kept(dataset, sides[0].key.fingerprint)
    loaded = kept or datasets.load(dataset, data_dir)
    indices = [image.index for image in differing]
    captions = [comparison.image_caption(image) for image in differing]
    title = f"Mean probability of the label: A = {sides[0].full_name}, B = {sides[1].full_name}"
    marks = [image.doubtful for image in differing]
    draw_grid(loaded.test_images[indices], captions, path, columns=5, title=title, marks=marks)


def _facts(
    sides: tuple[Row, Row],
    result: Any,
    differing: list[comparison.DifferingImage],
    measure: Measure,
) -> dict[str, Any]:
    won = comparison.chance_of_one_run(*sides, measure)
    of_measure: dict[str, Any] = {}
    if not measure.is_accuracy:
        found = [measured(side, measure).spread for side in sides]
        of_measure = {"measure": measure.name, "measure_better": measure.better}
        of_measure |= {
            f"{measure.field}_{name}": one and one.mean
            for name, one in zip("ab", found, strict=True)
        }
    return {
        "a": sides[0].full_name,
        "b": sides[1].full_name,
        "seeds_a": list(sides[0].seeds),
        "seeds_b": list(sides[1].seeds),
        "accuracy_a": float(sides[0].correct.mean()),
        "accuracy_b": float(sides[1].correct.mean()),
        **of_measure,
        "sentences": comparison.sentences(*sides, result, measure),
        **dataclasses.asdict(result),
        "one_run_of_a_wins": None if won is None else dataclasses.asdict(won),
        "population_groups": sides[0].test_groups.count if sides[0].test_groups else None,
        "images": [dataclasses.asdict(image) for image in differing],
    }
