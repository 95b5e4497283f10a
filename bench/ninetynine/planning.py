"""Which cells of a suite run and which are reused, and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine.cells import Cell, CellIdentity, differing_fields
from ninetynine.durations import Predictor
from ninetynine.programs import BACKEND as PROGRAM
from ninetynine.recipe import Recipe
from ninetynine.records import Record, RecordStore
from ninetynine.records.files import safe_name


@dataclass(frozen=True)
class RunPlan:
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


def plan(
    cells: Sequence[Cell],
    store: RecordStore,
    retry_failed: bool = False,
    models_dir: Path | None = None,
) -> RunPlan:
    """Split ``cells`` by what ``store`` holds; a failed record counts unless it is to be retried.

    Where models are to be kept in ``models_dir``, a finished cell without its model is missing.
    """
    paths = store.paths()
    cells = store.at_present(cells, paths)
    missing: list[Cell] = []
    reused: list[Record] = []
    for cell in cells:
        found = store.find(cell.key, paths)
        if isinstance(found, Record) and not _again(found, retry_failed, models_dir):
            reused.append(found)
            continue
        missing.append(cell)
    return RunPlan(missing, reused)


def _again(record: Record, retry_failed: bool, models_dir: Path | None) -> bool:
    if record.status == "failed":
        return retry_failed
    if models_dir is None or record.cell.backend == PROGRAM:  # which keeps its own
        return False
    return not kept(models_dir, record)


def kept(models_dir: Path, record: Record) -> bool:
    """Return whether the trained model behind ``record`` was kept."""
    return model_path(models_dir, record.key, record.cell).is_file()


def model_path(directory: Path, key: str, identity: CellIdentity) -> Path:
    """Return where the trained model of a cell is kept."""
    name = f"{identity.dataset}-seed-{identity.seed}-{key[:16]}.keras"
    return (directory / safe_name(identity.architecture) / name).resolve()


def explain(cell: Cell, store: RecordStore, records: Sequence[Record]) -> Explanation:
    """Say whether ``cell`` is reused, and else which record of its architecture is nearest."""
    (cell,) = store.at_present([cell])
    for record in records:
        if record.key == cell.key:
            return Explanation(cell, store.source_of(record))
    rivals = [r for r in records if r.cell.architecture == cell.identity.architecture]
    if not rivals:
        return Explanation(cell, None)
    closest = min(rivals, key=lambda r: len(differing_fields(cell.identity, r.cell)))
    differs = tuple(differing_fields(cell.identity, closest.cell))
    return Explanation(cell, None, store.source_of(closest), differs)


def longest_first(
    cells: Sequence[Cell], parameters: Mapping[str, int | None], records: Sequence[Record]
) -> list[Cell]:
    """Return ``cells`` by falling expected duration, so that no long one is left for the end.

    Where ``records`` have no runs of an architecture on these data and in this setting, it may be
    the longest of all: these go first, by what other runs let expect, else by parameters and
    epochs.  To begin with a short cell costs little; to end with a long one costs its length.
    """
    predictor = Predictor(records, parameters)

    def expected(cell: Cell) -> tuple[bool, float]:
        identity = cell.identity
        prediction = predictor.of(identity)
        if prediction.seconds is not None:
            return not prediction.measured, prediction.seconds * identity.at_once
        size = parameters.get(identity.architecture)
        epochs = Recipe.from_canonical(identity.recipe).epochs
        return True, math.inf if size is None else epochs * size

    return sorted(cells, key=expected, reverse=True)
