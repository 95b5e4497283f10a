"""What is looked at before anything computes: can it here, how slowly, and is there room for it."""

import sys
from collections.abc import Iterable, Sequence

from ninetynine.cells import Cell, CellIdentity
from ninetynine.machine import check_device
from ninetynine.memory import available_bytes, check_memory, gib, worker_bytes
from ninetynine.records import Record


def affordable_jobs(jobs: int, cells: Sequence[Cell], records: Iterable[Record]) -> int:
    """Return how many of ``jobs`` workers to start for ``cells``; say so where it is fewer.

    ``records`` tell what such cells needed.  Raises UserError where not even one worker fits into
    memory, or where the cells ask for a GPU and this machine has none.
    """
    check_computing([cell.identity for cell in cells])
    needed, available = worker_bytes(cells, records), available_bytes()
    fitting = check_memory(jobs, needed, available)
    if fitting < jobs:
        print(
            f"bench: {fitting} of {jobs} workers, because each needs about {gib(needed)} of "
            f"memory and {gib(available)} are free",
            file=sys.stderr,
        )
    return fitting


def check_computing(identities: Sequence[CellIdentity]) -> None:
    """Say in one line what will be very slow; raise UserError for a GPU that is not there."""
    for device in {identity.device for identity in identities}:
        check_device(device)
    if any(map(_emulates_float16, identities)):
        print(
            "bench: mixed_float16 is meant for GPUs: TensorFlow emulates it on a CPU, which can "
            "take a hundred times as long as float32; mixed_bfloat16 is for CPUs",
            file=sys.stderr,
        )


def _emulates_float16(identity: CellIdentity) -> bool:
    """Measured: T2 on digits trained for 141 s on a CPU with AVX-512, and for 0.8 s in float32."""
    where = (identity.backend, identity.precision, identity.device)
    return where == ("tensorflow", "mixed_float16", "cpu")
