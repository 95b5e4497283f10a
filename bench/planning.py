"""Which cells of a suite run and which are reused, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cells import Cell, differing_fields
from bench.errors import UserError
from bench.recipe import Recipe
from bench.records import Record, RecordStore


@dataclass(frozen=True)
class Plan:
    """The cells of a run, split by whether the store has their record already."""

    missing: list[Cell]
    reused: list[Record]

    @property
    def failed(self) -> list[Record]:
        """Return the reused records that say a cell failed."""
        return [record for record in self.reused if record.status == "failed"]


@dataclass(frozen=True)
class Explanation:
    """Why ``cell`` would run: the nearest record, and what of the key differs from it."""

    cell: Cell
    record: Path | None  # the record that is reused
    nearest: Path | None = None
    differs_in: tuple[str, ...] = ()


def plan(cells: Sequence[Cell], store: RecordStore, retry_failed: bool = False) -> Plan:
    """Split ``cells`` by what ``store`` holds; a failed record counts unless it is to be retried."""
    paths = store.paths()
    missing: list[Cell] = []
    reused: list[Record] = []
    for cell in cells:
        record = store.find(cell.key, paths)
        if record is None or (retry_failed and record.status == "failed"):
            missing.append(cell)
        else:
            reused.append(record)
    return Plan(missing, reused)


def explain(cell: Cell, store: RecordStore, records: Sequence[Record]) -> Explanation:
    """Say whether ``cell`` is reused, and else which record of its architecture is nearest."""
    for record in records:
        if record.key == cell.key:
            return Explanation(cell, store.path_of(record))
    rivals = [r for r in records if r.cell.architecture == cell.identity.architecture]
    if not rivals:
        return Explanation(cell, None)
    closest = min(rivals, key=lambda r: len(differing_fields(cell.identity, r.cell)))
    differs = tuple(differing_fields(cell.identity, closest.cell))
    return Explanation(cell, None, store.path_of(closest), differs)


def longest_first(
    cells: Sequence[Cell],
    images: int,
    parameters: Mapping[str, int | None],
    records: Sequence[Record],
) -> list[Cell]:
    """Return ``cells`` by falling expected duration, so that no long one is left for the end.

    What earlier records of the same architecture took an image is the guide; where there are
    none, the parameter count stands in for the work an image costs.
    """
    seconds_per_image = _measured(records)

    def expected(cell: Cell) -> float:
        identity = cell.identity
        recipe = Recipe.from_canonical(identity.recipe)
        seen = images * (1.0 - recipe.validation_split) * recipe.epochs
        rate = seconds_per_image.get(identity.architecture)
        # A microsecond for 20,000 parameters: only the order matters, and it is kept stable.
        return seen * (rate or (parameters.get(identity.architecture) or 1_000_000) * 5e-11)

    return sorted(cells, key=expected, reverse=True)


def _measured(records: Sequence[Record]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for record in records:
        if record.timing is None:
            continue
        recipe = Recipe.from_canonical(record.cell.recipe)
        rates[record.cell.architecture] = record.timing.train_seconds / max(1e-9, recipe.epochs)
    # Per epoch of the recorded dataset; an epoch has about as many images in every record of one
    # dataset, and across datasets only the order of the architectures matters.
    return {name: rate / 60_000 for name, rate in rates.items()}


def check_memory(jobs: int, needed_bytes: int, available_bytes: int) -> int:
    """Return how many of ``jobs`` workers fit into ``available_bytes``, at least one.

    Raises UserError where not even one fits.
    """
    if needed_bytes > available_bytes:
        raise UserError(
            f"a worker needs about {needed_bytes / 2**30:.1f} GiB of memory and "
            f"{available_bytes / 2**30:.1f} GiB are free; close other programs and run it again"
        )
    return max(1, min(jobs, available_bytes // needed_bytes))
