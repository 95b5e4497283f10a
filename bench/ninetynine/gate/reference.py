"""The reference cell of the time gate: one small network, trained between the others' runs.

A machine's speed moves from hour to hour.  What a run took, divided by what the same network took
just before and after it, moves with the code and hardly with the hour.
"""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ninetynine import catalog
from ninetynine.board import Run
from ninetynine.cells import Cell
from ninetynine.records import Record, RecordStore
from ninetynine.request import ResolvedRun

FILE = Path(__file__).parent / "reference_cell" / "time_gate_reference.py"
NAME = FILE.stem  # reserved
TIMED = ("training time", "inference latency")  # what is judged by ratios to it
_NEAR_SECONDS = 3600.0  # besides the run's own length: further away the machine was another one


@dataclass
class Interleaving:
    """Adds a new reference run to every round that trains anything, the first cell of each."""

    cell: Cell
    store: RecordStore
    next_seed: int  # above those of all that are recorded: none is trained twice or overwritten

    @classmethod
    def beside(
        cls, template: Cell, store: RecordStore, recorded: Iterable[Record]
    ) -> "Interleaving":
        """Return the interleaving for cells like ``template`` that are trained into ``store``."""
        architecture = catalog.named(NAME, [FILE])
        changed = {
            "architecture": NAME,
            "source_hash": architecture.source_hash,
            "recipe": architecture.recipe.canonical(),
            "arguments": {},
            "inputs": {},
            "precision": "float32",
        }
        identity = template.identity.model_copy(update=changed)
        cell = Cell(identity=identity, suite=template.suite, variant="published", file=FILE)
        known = [*references_in(recorded), *references_in(store.read_all()[0])]
        return cls(cell, store, 1 + max((record.cell.seed for record in known), default=-1))

    def __call__(self, rounds: Iterable[Sequence[Cell]]) -> Iterator[Cell]:
        for cells in rounds:
            if cells:
                identity = self.cell.identity.model_copy(update={"seed": self.next_seed})
                self.next_seed += 1
                yield self.cell.model_copy(update={"identity": identity})
                yield from cells

    def recorded(self) -> list[Record]:
        """Return the reference runs in the store."""
        return references_in(self.store.read_all()[0])


def references_in(records: Iterable[Record]) -> list[Record]:
    """Return the reference runs among ``records``."""
    return [record for record in records if record.cell.architecture == NAME]


def knowing_it(run: ResolvedRun) -> ResolvedRun:
    """Return ``run`` with the reference among its files, so that workers find it.

    One is trained at a time, unless so many were asked for: side by side each slows the others.
    """
    asked = run.request
    alone = asked.jobs is None and asked.executor == "local"
    changed = dataclasses.replace(
        asked,
        architecture_files=(*asked.architecture_files, FILE),
        jobs=1 if alone else asked.jobs,
    )
    return dataclasses.replace(run, request=changed)


def needed(references: Sequence[Record], runs: Sequence[Record]) -> list[Record]:
    """Return those of ``references`` that are a neighbor of one of ``runs``.

    Also those that shared their cores, which time nothing, and tell why nothing is timed.
    """
    keys = {
        near.key
        for run in runs
        for exclusive in (True, False)
        for near in neighbors(run, references, exclusive)
    }
    return [record for record in references if record.key in keys]


def superfluous(
    there: Sequence[Record], gone: Collection[str], runs: Sequence[Record]
) -> list[Record]:
    """Return the reference runs ``there`` that none needs of ``runs`` and of what stays.

    ``gone`` are the keys of what is there and does not stay.
    """
    stay = [record for record in there if record.key not in gone]
    others = [record for record in stay if record.cell.architecture != NAME]
    references = references_in(stay)
    useful = {record.key for record in needed(references, [*others, *runs])}
    return [record for record in references if record.key not in useful]


def neighbors(run: Record, references: Sequence[Record], exclusive: bool = True) -> list[Record]:
    """Return the reference runs that began last before ``run`` and first after it.

    Of its machine, with their cores to themselves if ``exclusive``, of the same dataset and
    packages; at most an hour away besides the run's own length.  None, one or two.
    """
    alike = sorted((r for r in references if _beside(run, r, exclusive)), key=_started)
    place = bisect_right([_started(r) for r in alike], _started(run))
    reach = _NEAR_SECONDS + (run.timing.train_seconds if run.timing else 0.0)
    around = alike[max(place - 1, 0) : place + 1]
    return [r for r in around if abs(_started(r) - _started(run)) <= reach]


def logarithm_beside(seconds: float, near: Sequence[float]) -> float:
    """Return the logarithm of ``seconds`` over the mean of ``near``."""
    return math.log(seconds) - math.log(sum(near) / len(near))


def cannot_compare(old: Sequence[Record], new: Sequence[Run]) -> str:
    """Return in words why times cannot be judged by the reference; "" where they can."""
    if not old:
        return (
            "the baseline has no reference runs, so time cannot be judged until: "
            "bench baseline update --time-reference"
        )
    now = new[0].record.cell
    known = [r.cell for r in old if r.cell.dataset_fingerprint == now.dataset_fingerprint]
    for field in ("packages", "threads", "device", "backend"):
        if all(getattr(cell, field) != getattr(now, field) for cell in known):
            return (
                f"the baseline's reference runs have other {field}, which changes their time too; "
                "bench baseline update --time-reference"
            )
    return ""


def _beside(run: Record, reference: Record, exclusive: bool) -> bool:
    if run.machine is None or reference.machine is None or reference.timing is None:
        return False
    machines = ("cpu_model", "cpu_flags_hash", "cores_available", "gpu", "gpu_driver")
    fields = ("dataset_fingerprint", "packages", "threads", "device", "backend")
    return (
        reference.status == "finished"
        and (reference.timing.exclusive or not exclusive)
        # Not by fingerprint, which holds the precision too: the reference has its own.
        and all(getattr(run.machine, f) == getattr(reference.machine, f) for f in machines)
        and len(run.machine.cores_used) == len(reference.machine.cores_used)
        and all(getattr(run.cell, field) == getattr(reference.cell, field) for field in fields)
    )


def _started(record: Record) -> float:
    return datetime.fromisoformat(record.context.started_at).timestamp()
