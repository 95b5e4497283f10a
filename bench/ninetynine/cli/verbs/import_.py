"""Put predictions made elsewhere on the board."""

import re
from pathlib import Path

import click

from ninetynine import datasets, suite
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.external import make_records, read_runs
from ninetynine.records import Predictions, Record, RecordStore
from ninetynine.report import formatting


@click.command("import")
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=options.FILE)
@click.option("--dataset", default=datasets.usual(), metavar="NAME")
@click.option(
    "--note",
    default="",
    show_default=False,
    help="Where the predictions come from; kept in the record.",
)
@options.results
@options.data_dir
@options.as_json
@options.verbose
def command(
    name: str,
    files: tuple[Path, ...],
    dataset: str,
    note: str,
    results: Path,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Put predictions made elsewhere on the board as NAME, an external row without seconds.

    FILES (.npy, .npz, .csv) hold labels or probabilities for the test images, one run or several.
    """
    _check_name(name)
    for path in files:  # before the data are looked for, which can take a download
        if not path.is_file():
            raise UserError(f"{path}: no such file; expected predictions as .npy, .npz or .csv")
    loaded = datasets.load(dataset, data_dir)
    runs = [run for path in files for run in read_runs(path, loaded)]
    store = RecordStore(results)
    with store.lock():
        written = _write(store, name, make_records(name, runs, loaded, note))
    lines = []
    for record in written:
        accuracy = formatting.percent(record.scores.test.accuracy if record.scores else 0.0, 2)
        lines.append(f"{name} run {record.cell.seed} on {loaded.name}: test accuracy {accuracy}%")
    options.answer(as_json, [record.model_dump(mode="json") for record in written], lines)


def _write(
    store: RecordStore, name: str, records: list[tuple[Record, Predictions]]
) -> list[Record]:
    earlier = [r for r in store.read_all()[0] if r.cell.architecture == name]
    keys = {record.key for record, _ in records}
    on_same_data = [r for r in earlier if r.cell.dataset == records[0][0].cell.dataset]
    if any(r.key not in keys for r in on_same_data):
        raise UserError(
            f"{name} is on the board already with other predictions "
            f"({store.path_of(on_same_data[0]).parent}); choose another name or remove those files"
        )
    return [store.write(record, predictions) for record, predictions in records]


def _check_name(name: str) -> None:
    if not re.fullmatch(r"\w[\w .+-]*", name):
        raise UserError(
            f"{name!r} is no name for a row: use letters, digits, '_', '-', '.' and '+'"
        )
    found = suite.discover().get(name)
    if found is not None:
        raise UserError(f"{name} is an architecture ({found.place}); give the import another name")
