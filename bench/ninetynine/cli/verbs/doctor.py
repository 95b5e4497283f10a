"""Look an architecture file and its data over; nothing is trained."""

from pathlib import Path

import click

from ninetynine import catalog, datasets
from ninetynine.cells import DEFAULT_BACKEND
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.training.setup import start_backend_here

_EMBEDDED = datasets.usual(embedded=True)


@click.command("doctor")
@click.argument("file", type=options.PATH)
@click.option("--dataset", default=_EMBEDDED, metavar="NAME", help="To train on.")
@options.data_dir
@options.as_json
@options.verbose
def command(file: Path, dataset: str, data_dir: Path | None, as_json: bool) -> int:
    """Look FILE over as a training would, for two seeds: each finding is one line.

    The exit code is 1 where an error was found, 0 where nothing or warnings only.
    """
    if file.suffix != ".py":
        raise UserError(f"{file}: expected an architecture file, ending in .py")
    loaded = datasets.load(dataset, data_dir)
    found = list(datasets.findings(loaded))
    architecture = catalog.get(catalog.discover([file]), file.stem)
    start_backend_here(DEFAULT_BACKEND, 1, "cpu")
    from ninetynine.training.preflight import findings_of

    found += findings_of(architecture, loaded)
    errors = [finding for finding in found if finding.level == "error"]
    lines = [f"{finding.level}: {finding.message}" for finding in found]
    facts = [{"level": f.level, "message": f.message} for f in found]
    nothing = f"{file}: nothing to say against it, on {dataset}"
    options.answer(as_json, facts, lines or [nothing])
    return 1 if errors else 0
