"""Move records out whose code or data no longer exist."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from ninetynine import datasets, suite
from ninetynine.architecture import Architecture
from ninetynine.cli import options
from ninetynine.errors import UserError
from ninetynine.records import Record, RecordStore
from ninetynine.training.exports import exports

_UNUSED_DAYS = 1 / 24  # a program that runs may read its data late
_ASIDE = "cleaned"  # a folder of records below the one that is cleaned, which no report looks into


@click.command("clean")
@click.argument("results", type=options.FOLDER)
@click.option("--yes", is_flag=True, help="Move them; else they are only listed.")
@click.option("--dataset", metavar="PATH", help="Data of your own, to judge their rows by.")
@options.reading
@options.variants_of
@options.data_dir
@options.architecture_files
@options.as_json
@options.verbose
def command(
    results: Path,
    yes: bool,
    dataset: str | None,
    reading: dict[str, str],
    of_suite: suite.Suite | None,
    data_dir: Path | None,
    architecture_files: tuple[Path, ...],
    as_json: bool,
) -> None:
    """List the rows of RESULTS whose code or data no longer exist, and with --yes move them out.

    Code is known by the architectures of this installation, those that --architecture and --suite
    name; data by the known datasets, the suite's and --dataset.  Rows of other data stay; imported
    predictions are judged by their data alone.  Moved records lie in RESULTS/cleaned, a folder of
    records like any other.  Data that programs were given, in the user's cache, are removed.
    """
    options.check_results(results)
    if reading and dataset is None:
        raise UserError(f"--{'-'.join(next(iter(reading)).split('_'))}: name its data: --dataset")
    dataset = dataset and datasets.with_options(dataset, reading)
    store = options.open_store(results)
    known = _fingerprints(dataset, of_suite, data_dir)
    catalog = suite.discover(architecture_files, of_suite)
    with store.lock() if yes else nullcontext():
        records, _ = store.read_all(whole=True)
        gone = _gone(records, catalog, known)
        if yes:
            _move(store, [record for row in gone.values() for record in row])
    lines = [f"{', '.join(row)}: {len(found)} records" for row, found in gone.items()]
    there = "moved to" if yes else "nothing is moved yet; with --yes they go to"
    lines.append(f"{there} {results / _ASIDE}" if gone else f"{results}: nothing to clean")
    facts = [
        {"architecture": name, "dataset": data, "reason": why, "keys": [r.key for r in found]}
        for (name, data, why), found in gone.items()
    ]
    options.answer(as_json, facts, [*lines, *_exports(yes)])


def _exports(yes: bool) -> Iterator[str]:
    """Yield a line on the data that programs were given and do not read now; remove it if asked."""
    found = exports(unused_days=_UNUSED_DAYS)
    if not found:
        return
    size = sum(path.stat().st_size for path in found) / 2**20
    if yes:
        for path in found:
            path.unlink(missing_ok=True)
    done = "removed" if yes else "--yes removes them"
    yield f"{found[0].parent}: {len(found)} export(s) for programs, {size:,.0f} MiB: {done}"


def _fingerprints(
    dataset: str | None, of_suite: suite.Suite | None, data_dir: Path | None
) -> dict[str, str]:
    """Return the fingerprints of data that are known, by the name that records have for them."""
    known = {name: info.fingerprint for name, info in datasets.known().items()}
    for name in {dataset, of_suite.dataset if of_suite else None} - {None, *known}:
        if name is not None:
            known[datasets.row_name_of(name)] = datasets.fingerprint_of(name, data_dir)
    return {name: fingerprint for name, fingerprint in known.items() if fingerprint is not None}


def _gone(
    records: Sequence[Record], catalog: Mapping[str, Architecture], known: Mapping[str, str]
) -> dict[tuple[str, str, str], list[Record]]:
    """Return the records to move by architecture, dataset and reason."""
    gone: dict[tuple[str, str, str], list[Record]] = {}
    keys: set[str] = set()
    for record in sorted(records, key=lambda record: record.kind == "ensemble"):
        cell, why = record.cell, None
        code = catalog.get(cell.architecture)
        if record.kind == "ensemble" and keys & {*record.members}:
            why = "votes of runs that are gone"
        elif record.kind == "trained" and code is None:
            why = "no architecture is called so"
        elif record.kind == "trained" and code and code.source_hash != cell.source_hash:
            why = "its code is another now"
        elif known.get(cell.dataset, cell.dataset_fingerprint) != cell.dataset_fingerprint:
            why = "its data are others now"
        if why:
            keys.add(record.key)
            gone.setdefault((cell.architecture, cell.dataset, why), []).append(record)
    return gone


def _move(store: RecordStore, records: Sequence[Record]) -> None:
    aside = RecordStore(store.directory / _ASIDE)
    if not records:
        return
    store.check_not_packed(records)
    with aside.lock():
        for record in records:
            content = store.predictions_content(record)
            if not isinstance(content, bytes | None):
                raise UserError(f"{content}; restore it, or set it aside: bench doctor --fix")
            aside.put(record, content, "what is not moved yet is", "folder")
            store.remove(record)
