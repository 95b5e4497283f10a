"""Put predictions made elsewhere on the board."""

import re
from pathlib import Path

import click
import numpy as np

from ninetynine import datasets, suite
from ninetynine.arrays import check_file
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.external import Facts, digest_of, make_records, read_runs, seeds_of
from ninetynine.records import Predictions, Record, RecordStore
from ninetynine.report import formatting


@click.command("import")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=options.FILE)
@click.option("--dataset", default=datasets.usual(), metavar="NAME")
@options.reading
@click.option(
    "--note",
    default="",
    show_default=False,
    help="Where the predictions come from; kept in the record.",
)
@click.option(
    "--parameters",
    type=click.IntRange(1, 10**15),
    help="Parameters of the model; told, not checked.",
)
@click.option(
    "--train-seconds",
    type=options.Number(0, 10**9, min_open=True),
    metavar="SECONDS",
    help="Training time of one run; kept in the record, compared with no other.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Seed of the first run [default: as the names of files or arrays say, such as seed_3, "
    "else 0]. With it, runs join those that NAME has.",
)
@options.results
@options.data_dir
@options.as_json
@options.verbose
def command(
    name: str,
    files: tuple[Path, ...],
    dataset: str,
    reading: dict[str, str],
    note: str,
    parameters: int | None,
    train_seconds: float | None,
    seed: int | None,
    results: Path,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Put predictions made elsewhere on the board as NAME, an external row without seconds.

    FILES hold labels or probabilities for the test images: .npy, .npz (an array a run), or a table
    (.csv, .tsv, .txt). `bench data export` writes the images that they are for.
    """
    _check_name(name)
    for path in files:  # before the data are looked for, which can take a download
        check_file(path, "predictions as .npy, .npz or .csv")
    wanted = datasets.with_options(dataset, reading)
    loaded = datasets.load(wanted, data_dir)
    runs = read_runs(files, loaded)
    digest, seeds = digest_of(runs), seeds_of(runs, seed)
    revision = datasets.revision_of(wanted, data_dir)
    facts = Facts(note, parameters, train_seconds, revision)
    store = RecordStore(results)
    with store.lock():
        store.groups.keep(loaded.name, loaded.fingerprint, loaded.test_groups)
        earlier = _runs_of(store, name, loaded)
        joins = seed is not None and bool(earlier)
        source = earlier[0].cell.source_hash if joins else digest
        records = list(make_records(name, runs, loaded, facts, source, seeds))
        _refuse_other_predictions(store, name, earlier, records, joins)
        written = [store.write(record, predictions) for record, predictions in records]
    lines = []
    for run, record in zip(runs, written, strict=True):
        accuracy = formatting.percent(record.scores.test.accuracy if record.scores else 0.0, 2)
        seed_of = f"{name} run {record.cell.seed} on {loaded.name}"
        if run.is_all_right:
            options.warn(
                f"{run.where}: all {len(loaded.test_labels):,} are right; are these what a model "
                "predicts, and not the test labels themselves?"
            )
        lines.append(f"{seed_of}: test accuracy {accuracy}% ({run.where})")
    options.answer(as_json, [record.model_dump(mode="json") for record in written], lines)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"\w[\w .+-]*", name):
        raise UserError(
            f"{name!r} is no name for a row: use letters, digits, '_', '-', '.' and '+'"
        )
    found = suite.discover().get(name)
    if found is not None:
        raise UserError(f"{name} is an architecture ({found.place}); give the import another name")


def _runs_of(store: RecordStore, name: str, dataset: datasets.Dataset) -> list[Record]:
    """Return the runs that a row of this name has on the same data."""
    data = dataset.name, dataset.fingerprint
    cells = [r for r in store.read_all()[0] if r.cell.architecture == name]
    return [r for r in cells if (r.cell.dataset, r.cell.dataset_fingerprint) == data]


def _refuse_other_predictions(
    store: RecordStore,
    name: str,
    earlier: list[Record],
    records: list[tuple[Record, Predictions]],
    joins: bool,
) -> None:
    """Raise UserError where NAME's runs are others: of the same seeds, if the new ones join them.

    Raises it also where one that joins them is a copy of one with another seed.
    """
    keys = {record.key for record, _ in records}
    for old in earlier:
        place = store.path_of(old)
        if old.kind != "external" or not (joins or old.key in keys):
            raise UserError(
                f"{name} is on the board already with other predictions ({place.parent}); choose "
                "another name, remove those files, or give these runs seeds of their own by --seed"
            )
        found = store.predictions(old)
        if not joins or found is None:
            continue
        for record, predictions in records:
            is_same = np.array_equal(found.probabilities, predictions.probabilities)
            if old.key == record.key and not is_same:
                raise UserError(
                    f"{name} has other predictions for seed {old.cell.seed} already ({place}); "
                    "choose another --seed, or remove that file"
                )
            if old.key != record.key and is_same and not predictions.correct.all():
                raise UserError(
                    f"seed {record.cell.seed}: a copy of {name}'s run with seed {old.cell.seed} "
                    f"({place}); expected runs that were trained each by itself"
                )
