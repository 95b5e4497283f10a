"""Put records into one file that others can read."""

from pathlib import Path

import click

from ninetynine.cli import options
from ninetynine.records import RecordStore
from ninetynine.records.packing import Packed, write_pack
from ninetynine.report import formatting


@click.command("pack")
@click.argument("results", type=options.PATH)
@click.option("--into", required=True, metavar="FILE.parquet", type=options.FILE)
@click.option("--dataset", metavar="NAME", help="Pack the records on this dataset alone.")
@options.as_json
@options.verbose
def command(results: Path, into: Path, dataset: str | None, as_json: bool) -> int:
    """Write the records of RESULTS to one Parquet file, a row a record.

    Everything is kept as it is, but probabilities: these are rounded, and take a third of the
    room.  Predicted classes are exact.  RESULTS stays as it is.  A folder of results may have
    packs beside or instead of its records/, and --results may name a pack.
    Exit codes: 0 packed, 2 a mistake or a file that could not be used; the rest is packed.
    """
    options.check_results(results)
    packed = write_pack(RecordStore(results), into, dataset)
    for problem in packed.problems:
        options.warn(str(problem))
    options.answer(as_json, _facts(packed), [_sentence(packed)])
    return 2 if packed.problems else 0


def _sentence(packed: Packed) -> str:
    size = formatting.number(packed.path.stat().st_size / 1e6, 1)
    votes = f"; {packed.ensembles} of them are votes over others" if packed.ensembles else ""
    return f"{packed.path}: {formatting.count(len(packed.records), 'record')}, {size} MB{votes}"


def _facts(packed: Packed) -> dict[str, object]:
    return {
        "path": str(packed.path),
        "records": len(packed.records),
        "ensembles": packed.ensembles,
        "bytes": packed.path.stat().st_size,
        "problems": [{"path": str(p.path), "reason": p.reason} for p in packed.problems],
    }
