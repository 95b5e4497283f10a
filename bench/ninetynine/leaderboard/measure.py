"""One row's numbers from the records of its seeds: spreads, gap, training time."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ninetynine.leaderboard.model import Spread, Timed
from ninetynine.records import Machine, Record, Timing


def spread(values: Iterable[float | None]) -> Spread | None:
    """Return mean, sample standard deviation and count of ``values``, leaving out None."""
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if known.size == 0:
        return None
    sd = float(known.std(ddof=1)) if known.size > 1 else None
    return Spread(float(known.mean()), sd, int(known.size))


def test_loss(records: Sequence[Record]) -> Spread | None:
    """Return the test loss in nats over ``records``."""
    return spread(r.scores.test.loss for r in records if r.scores)


def train_accuracy(records: Sequence[Record]) -> Spread | None:
    """Return the trained models' accuracy on their training images, a share of 1."""
    return spread(r.scores.train.accuracy for r in records if r.scores and r.scores.train)


def train_test_gap(records: Sequence[Record]) -> float | None:
    """Return mean train minus mean test accuracy, a share of 1, over records that have both."""
    gaps = spread(
        r.scores.train.accuracy - r.scores.test.accuracy
        for r in records
        if r.scores and r.scores.train
    )
    return None if gaps is None else gaps.mean


def timed(records: Sequence[Record]) -> tuple[Timed | None, list[str]]:
    """Return the median training time on the fingerprint with most exclusive runs, and notes.

    Seconds are never pooled over fingerprints; what another machine measured is named in a note.
    """
    runs: dict[str, list[tuple[Timing, Machine]]] = {}
    for record in records:
        if record.timing is not None and record.timing.exclusive and record.machine is not None:
            runs.setdefault(record.machine.fingerprint, []).append((record.timing, record.machine))
    if not runs:
        return None, []
    counts = Counter({fingerprint: len(found) for fingerprint, found in sorted(runs.items())})
    fingerprint, count = counts.most_common(1)[0]
    timings = [timing for timing, _ in runs[fingerprint]]
    median = float(np.median([timing.train_seconds for timing in timings]))
    latency = spread(timing.latency_seconds for timing in timings)
    chosen = Timed(
        median,
        count,
        fingerprint,
        hardware(runs[fingerprint][0][1]),
        None if latency is None else latency.mean,
    )
    rest = [f"{n} on {hardware(runs[f][0][1])} ({f})" for f, n in counts.most_common()[1:]]
    if not rest:
        return chosen, []
    note = f"its seconds are of {count} runs on {chosen.hardware} ({fingerprint}); not pooled with"
    return chosen, [f"{note} {', '.join(rest)}"]


def hardware(machine: Machine) -> str:
    """Return what computed, in words."""
    return machine.gpu or machine.cpu_model
