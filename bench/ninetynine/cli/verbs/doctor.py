"""Look an architecture file, or a folder of records, over."""

from pathlib import Path

import click

from ninetynine import catalog, datasets
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.machine import default_backend
from ninetynine.training.setup import start_backend_here

_EMBEDDED = datasets.usual(embedded=True)


@click.command("doctor")
@click.argument("file", type=options.PATH)
@click.option("--fix", is_flag=True, help="Set doubtful records aside, as *.kept; delete nothing.")
@click.option("--dataset", default=_EMBEDDED, metavar="NAME", help="To train on.")
@options.reading
@options.data_dir
@options.as_json
@options.verbose
def command(
    file: Path,
    fix: bool,
    dataset: str,
    reading: dict[str, str],
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Look FILE over as a training would, for two seeds: each finding is one line.

    Where FILE is a folder of records, every file in it is read, and each doubtful one is named
    with what to do.  The exit code is 1 where an error or a doubtful file was found, else 0.
    """
    if file.is_dir() or file.suffix == ".parquet":
        return _look_records_over(file, fix, as_json)
    if fix:
        raise UserError(f"--fix {file}: expected a folder of records")
    if file.suffix != ".py":
        raise UserError(f"{file}: expected an architecture file, ending in .py")
    loaded = datasets.load(datasets.with_options(dataset, reading), data_dir)
    found = list(datasets.findings(loaded))
    architecture = catalog.named(file.stem, [file])
    if architecture.trains_with is None:
        start_backend_here(default_backend(), 1, "cpu")
        from ninetynine.training.preflight import findings_of
    else:
        from ninetynine.training.function import findings_of_function as findings_of

    found += findings_of(architecture, loaded)
    errors = [finding for finding in found if finding.level == "error"]
    lines = [f"{finding.level}: {finding.message}" for finding in found]
    facts = [{"level": f.level, "message": f.message} for f in found]
    nothing = f"{file}: nothing to say against it, on {dataset}"
    options.answer(as_json, facts, lines or [nothing])
    return 1 if errors else 0


def _look_records_over(folder: Path, fix: bool, as_json: bool) -> int:
    from ninetynine.merging import kept_apart
    from ninetynine.records import RecordStore
    from ninetynine.records import doctor as records_doctor

    if folder.name == "records" and not (folder / "records").is_dir():
        folder = folder.parent
    stores = [RecordStore(folder), *kept_apart(RecordStore(folder))]
    if not stores[0].folder.is_dir() and not stores[0].packs.opened:
        raise UserError(f"{folder}: no records in it; expected a folder that --results named")
    found = [(store, list(records_doctor.doubts(store))) for store in stores]
    lines, facts = [], []
    for store, doubts in found:
        fixed = []
        if fix and doubts:
            with store.lock(tidy=False):
                fixed = [doubt for doubt in doubts if records_doctor.fix(store, doubt)]
        for doubt in doubts:
            facts.append({"path": str(doubt.path), "reason": doubt.reason, "remedy": doubt.remedy})
            said = f"{doubt.path}: {doubt.reason}; set aside as *.kept"
            lines.append(said if doubt in fixed else str(doubt))
    options.answer(as_json, facts, lines or [f"{folder}: nothing doubtful"])
    return 1 if facts else 0
