"""What training takes beside a reference model, on the very same machine.

A fingerprint holds the precision too, since seconds of different precision are different rows.
Here a row in one precision is put beside a reference in another, so that the place of a run is
everything that its fingerprint holds but the precision.  A machine's speed moves from hour to hour,
most of all that of one which shares its processor with others, so a run stands beside the
reference runs that began nearest to it in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ninetynine.leaderboard.measure import hardware
from ninetynine.records import Machine, Record

Place = tuple[object, ...]

_TOGETHER = timedelta(hours=1)  # reference runs so near in time are as good as one another


@dataclass(frozen=True)
class _Timed:
    """One run that had its cores to itself."""

    train_seconds: float
    started: datetime
    threads: int
    machine: Machine


@dataclass(frozen=True)
class Pace:
    """Training time in one place: medians over runs that had their cores to themselves."""

    train_seconds: float
    runs: int
    threads: int
    hardware: str
    ratio: float | None  # the median share of what the reference takes; None: it never ran there
    reference_seconds: tuple[float, ...]  # what it takes there, in as many times as runs were near

    @property
    def core_seconds(self) -> float:
        """Return how long the run's cores were taken, all together."""
        return self.threads * self.train_seconds


def pace(records: Sequence[Record], reference: Sequence[Record]) -> Pace | None:
    """Return the pace of a row's ``records`` beside ``reference``; None where none was timed.

    Of several places the one counts where the reference was timed too, then the one with most runs.
    """
    places, known = _by_place(records), _by_place(reference)
    if not places:
        return None
    chosen = max(places, key=lambda place: (place in known, len(places[place]), str(place)))
    found, references = places[chosen], known.get(chosen, [])
    pairs = [(run.train_seconds, _then(run, references)) for run in found if references]
    return Pace(
        train_seconds=float(np.median([run.train_seconds for run in found])),
        runs=len(found),
        threads=found[0].threads,
        hardware=hardware(found[0].machine),
        ratio=float(np.median([taken / beside for taken, beside in pairs])) if pairs else None,
        reference_seconds=tuple(sorted({beside for _, beside in pairs})),
    )


def _then(run: _Timed, references: Sequence[_Timed]) -> float:
    """Return the median over the nearest reference run and those up to an hour further away."""
    away = [abs(reference.started - run.started) for reference in references]
    reach = min(away) + _TOGETHER
    near = zip(references, away, strict=True)
    return float(np.median([reference.train_seconds for reference, time in near if time <= reach]))


def _by_place(records: Sequence[Record]) -> dict[Place, list[_Timed]]:
    """Return the exclusive runs in each place."""
    places: dict[Place, list[_Timed]] = {}
    for record in records:
        timing, machine = record.timing, record.machine
        if timing is not None and timing.exclusive and machine is not None:
            started = datetime.fromisoformat(record.context.started_at)
            run = _Timed(timing.train_seconds, started, record.cell.threads, machine)
            places.setdefault(_place(record, machine), []).append(run)
    return places


def _place(record: Record, machine: Machine) -> Place:
    system = machine.operating_system.split()
    return (
        machine.cpu_model,
        machine.cpu_flags_hash,
        machine.cores_available,
        len(machine.cores_used),
        machine.gpu,
        machine.gpu_driver,
        *system[:1],
        *system[-1:],  # its release is no part of a fingerprint
        record.cell.threads,
        record.cell.backend,
        tuple(sorted(record.cell.packages.items())),
    )
