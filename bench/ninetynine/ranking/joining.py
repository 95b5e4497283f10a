"""Several files of answers as one table: the files of a model are its runs, or parts of one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError, shown
from ninetynine.ranking import swe_bench
from ninetynine.ranking.answers import NEEDED, OPTIONAL, Columns, numbers_of
from ninetynine.ranking.logs import Row
from ninetynine.ranking.values import texts


def joined(parts: Mapping[str, "Columns | list[Row]"]) -> Columns:
    """Return one table of several, by their files: runs that are in files of their own get seeds.

    A run goes on in another file where that has the same seed, or none, and none of its items.
    """
    where = ", ".join(Path(file).name for file in list(parts)[:3])
    rows: list[Row] = []
    runs: dict[tuple[Any, Any], list[_SeenRun]] = {}  # of a model and dataset, so far
    for file, part in parts.items():
        found = _in_texts(file, part if isinstance(part, list) else _rows_of(part))
        of_run: dict[tuple[Any, Any, Any], list[Row]] = {}
        for row in found:
            key = row["model"], row.get("dataset"), row.get("seed")
            of_run.setdefault(key, []).append(row)
        before = {key: list(known) for key, known in runs.items()}
        for (model, dataset, label), own in of_run.items():
            items, known = {row["item"] for row in own}, runs.setdefault((model, dataset), [])
            run = next(
                (r for r in before.get((model, dataset), ()) if r.goes_on(dataset, label, items)),
                None,
            )
            if run is None:
                run = _SeenRun(len(known), label, set())
                known.append(run)
            run.items.update(items)
            rows += [{**row, "seed": run.seed} for row in own]
    taken = {
        (model, run.seed): run.items
        for (model, dataset), known in runs.items()
        for run in known
        if dataset == swe_bench.DATASET
    }
    notes = _fill_swe_bench(rows, taken)
    several = [f"{model} ({len(known)})" for (model, _), known in runs.items() if len(known) > 1]
    counts = Counter(map(len, runs.values()))
    if several and len(counts) > 1:
        notes.append(f"several runs of a model count as its seeds: {', '.join(several)}")
    _check_datasets(where, rows)
    _fill_groups(where, rows)
    names = dict.fromkeys(key for row in rows for key in row)
    table = {name: [row[name] for row in rows] for name in names}
    found_columns = Columns.of(table, where)
    found_columns.notes += notes
    return found_columns


@dataclass
class _SeenRun:
    """A run of a model that files have told of so far: its seed, as named there, and its items."""

    seed: int
    label: Any
    items: set[str]

    def goes_on(self, dataset: Any, label: Any, items: set[str]) -> bool:
        whole = dataset == swe_bench.DATASET and label is None  # a report is of all instances
        return not whole and self.label == label and self.items.isdisjoint(items)


def _in_texts(file: str, rows: list[Row]) -> list[Row]:
    """Return a file's ``rows`` with texts for names; raise UserError where one is none."""
    for name in (name for name in (*NEEDED, *OPTIONAL) if name in rows[0]):
        codes, names = texts([row.get(name) for row in rows], name, file)
        for row, code in zip(rows, codes.tolist(), strict=True):
            row[name] = names[code]
    return rows


def _rows_of(columns: Columns) -> list[Row]:
    names = ("model", "item", "seed", "group", "dataset")
    known = {name: getattr(columns, name) for name in names if getattr(columns, name) is not None}
    known["score"] = numbers_of(columns).tolist()
    return [dict(zip(known, values, strict=True)) for values in zip(*known.values(), strict=True)]


def _check_datasets(where: str, rows: Sequence[Row]) -> None:
    """Raise UserError where some files name a dataset: which one the others are of is unknown."""
    named = {"dataset" in row for row in rows}
    if len(named) > 1:
        raise UserError(
            f"{where}: some of these answers name a dataset, others none; expected it of all, or "
            "rank them apart"
        )


def _fill_groups(where: str, rows: Sequence[Row]) -> None:
    """Give items the groups that other files name; raise UserError where none does.

    Without groups that are known the intervals would be too short, and nobody told.
    """
    known = {(row.get("dataset"), row["item"]): row["group"] for row in rows if "group" in row}
    for row in rows if known else ():
        group = known.get((row.get("dataset"), row["item"]))
        if group is None:
            raise UserError(
                f"{where}: item {shown(row['item'])} (model {shown(row['model'])}) has no group, "
                "others have; expected a group of each, or rank them apart"
            )
        row.setdefault("group", group)


def _fill_swe_bench(rows: list[Row], runs: Mapping[Any, set[Any]]) -> list[str]:
    """Add what a result leaves out: an instance that is in no list of a run is not resolved."""
    every = {item: None for taken in runs.values() for item in sorted(taken)}
    added = 0
    for (model, seed), taken in runs.items():
        for item in every:
            if item not in taken:
                added += 1
                rows.append({**swe_bench.row_of(model, item, False), "seed": seed})
    if not added:
        return []
    return [
        f"{added:,} answers that a result does not list count as not resolved; the items are the "
        f"{len(every):,} instances that some result lists"
    ]
