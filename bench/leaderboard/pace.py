"""What training takes beside a reference model, on the very same machine.

A fingerprint holds the precision too, since seconds of different precision are different rows.
Here a row in one precision is put beside a reference in another, so that the place of a run is
everything that its fingerprint holds but the precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.leaderboard.measure import hardware
from bench.records import Machine, Record

Place = tuple[object, ...]


@dataclass(frozen=True)
class Pace:
    """Training time in one place: medians over runs that had their cores to themselves."""

    train_seconds: float
    runs: int
    threads: int
    hardware: str
    reference_seconds: float | None  # what the reference takes there; None where it never ran

    @property
    def core_seconds(self) -> float:
        """Return how long the run's cores were taken, all together."""
        return self.threads * self.train_seconds

    @property
    def ratio(self) -> float | None:
        """Return the training time as a share of the reference's."""
        return self.train_seconds / self.reference_seconds if self.reference_seconds else None


def pace(records: Sequence[Record], reference: Sequence[Record]) -> Pace | None:
    """Return the pace of a row's ``records`` beside ``reference``; None where none was timed.

    Of several places the one counts where the reference was timed too, then the one with most runs.
    """
    places, known = _by_place(records), _by_place(reference)
    if not places:
        return None
    chosen = max(places, key=lambda place: (place in known, len(places[place]), str(place)))
    found = places[chosen]
    beside = [seconds for seconds, _, _ in known.get(chosen, [])]
    return Pace(
        train_seconds=float(np.median([seconds for seconds, _, _ in found])),
        runs=len(found),
        threads=found[0][1],
        hardware=hardware(found[0][2]),
        reference_seconds=float(np.median(beside)) if beside else None,
    )


def _by_place(records: Sequence[Record]) -> dict[Place, list[tuple[float, int, Machine]]]:
    """Return training seconds, threads and machine of the exclusive runs in each place."""
    places: dict[Place, list[tuple[float, int, Machine]]] = {}
    for record in records:
        timing, machine, threads = record.timing, record.machine, record.cell.threads
        if timing is not None and timing.exclusive and machine is not None:
            found = places.setdefault(_place(record, machine), [])
            found.append((timing.train_seconds, threads, machine))
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
