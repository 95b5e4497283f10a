"""Put records from several machines on one board."""

from pathlib import Path
from typing import Any

import click

from ninetynine.cli import options
from ninetynine.merging import Conflict, Merged, merge
from ninetynine.records import Record


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=options.PATH)
@options.into
@options.as_json
@options.verbose
def command(folders: tuple[Path, ...], into: Path, as_json: bool) -> int:
    """Copy the records of each DIR to --into; the folders themselves are left as they are.

    A record that is there already is not copied again.  One with the same key and other weights
    is kept apart in INTO/conflicts, where no table counts it, and named on a line of its own.
    Exit codes: 0 merged, 1 conflicts stand, 2 a mistake in what was asked or a file that could
    not be used (its line says which; everything else is merged).
    """
    merged = merge(folders, into)
    for problem in merged.problems:
        options.warn(str(problem))
    for conflict in merged.conflicts:
        options.warn(f"conflict: {conflict}")
    options.answer(as_json, _facts(merged), [_sentence(merged, into)])
    return 2 if merged.problems else 1 if merged.conflicts else 0


def _sentence(merged: Merged, into: Path) -> str:
    return (
        f"{into}: {len(merged.added)} records added, {len(merged.replaced)} replaced by better "
        f"ones of the same outcome, {merged.known} known already, {len(merged.apart)} kept apart; "
        f"conflicts: {len(merged.conflicts)}"
    )


def _facts(merged: Merged) -> dict[str, Any]:
    return {
        "added": list(map(str, merged.added)),
        "replaced": list(map(str, merged.replaced)),
        "known": merged.known,
        "kept_apart": list(map(str, merged.apart)),
        "conflicts": [_conflict(conflict) for conflict in merged.conflicts],
        "problems": [{"path": str(p.path), "reason": p.reason} for p in merged.problems],
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    cell = conflict.apart.cell
    return {
        "key": conflict.apart.key,
        "architecture": cell.architecture,
        "dataset": cell.dataset,
        "seed": cell.seed,
        "on_board": _side(conflict.on_board) if conflict.on_board else None,
        "kept_apart": {"path": str(conflict.path), **_side(conflict.apart)},
    }


def _side(record: Record) -> dict[str, Any]:
    return {
        "status": record.status,
        "weights_hash": record.model.weights_hash if record.model else None,
        "fingerprint": record.machine.fingerprint if record.machine else None,
    }
