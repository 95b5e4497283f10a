"""What training takes: on one machine, and beside a reference row on the very same machine.

Seconds are never pooled over machine fingerprints.  A fingerprint holds the precision too, since
seconds of different precision are different rows; beside a reference a row may have another
precision, so that there the place of a run is everything that its fingerprint holds but the
precision.  A machine's speed moves from hour to hour, most of all that of one which shares its
processor with others, so a run stands beside the reference runs that began nearest to it in time.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ninetynine import datasets
from ninetynine.grouping import grouped
from ninetynine.recipe import Recipe
from ninetynine.records import Machine, Record, Timing
from ninetynine.statistics import Interval
from ninetynine.statistics.spread import ratio_interval

TimedPlace = tuple[object, ...]

_TOGETHER = timedelta(hours=1)  # reference runs so near in time are as good as one another
# A multiply-add is two operations.  A training step is a forward pass and a backward one, which
# is counted as two of them (it computes the gradients of the layer's input and of its weights).
_PER_MULTIPLY_ADD = 2 * 3


@dataclass(frozen=True)
class TrainingTime:
    """Times on one machine fingerprint, from runs that had their cores to themselves."""

    timings: tuple[Timing, ...]
    fingerprint: str
    hardware: str
    elsewhere: tuple[tuple[str, str, int], ...]  # fingerprint, hardware, runs: not pooled

    @property
    def runs(self) -> int:
        return len(self.timings)

    @property
    def train_seconds_median(self) -> float:
        return float(np.median([timing.train_seconds for timing in self.timings]))

    @property
    def latency_seconds(self) -> float | None:
        """To answer one image: the mean of the runs' medians."""
        known = [t.latency_seconds for t in self.timings if t.latency_seconds is not None]
        return float(np.mean(known)) if known else None

    def median(self, of: Callable[[Timing], float | None]) -> float | None:
        """Return the median of a field over the runs that have it."""
        return median(map(of, self.timings))


def median(values: Iterable[float | None]) -> float | None:
    """Return the median of the ``values`` that are known; None where none is."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


@dataclass(frozen=True)
class _TimedRun:
    """One run that had its cores to itself."""

    record: Record
    timing: Timing
    machine: Machine

    @property
    def started(self) -> datetime:
        return datetime.fromisoformat(self.record.context.started_at)


@dataclass(frozen=True)
class RelativeTime:
    """Training time in one place: medians over runs that had their cores to themselves."""

    train_seconds: float
    runs: int
    threads: int
    hardware: str
    ratio: float | None  # the median share of what the reference takes; None: it never ran there
    reference_seconds: tuple[float, ...]  # what it takes there, in as many times as runs were near
    ratio_interval: Interval | None = None  # 95%, of the typical ratio; None with single runs

    @property
    def core_seconds(self) -> float:
        """How long the run's cores were taken, all together."""
        return self.threads * self.train_seconds


def _timed(records: Iterable[Record]) -> Iterator[_TimedRun]:
    for record in records:
        if record.timing is not None and record.timing.exclusive and record.machine is not None:
            yield _TimedRun(record, record.timing, record.machine)


def training_time(records: Sequence[Record]) -> TrainingTime | None:
    """Return the times on the fingerprint with most exclusive runs; None where there is none."""
    found = grouped((run.machine.fingerprint, run) for run in _timed(records))
    if not found:
        return None
    counts = Counter({fingerprint: len(runs) for fingerprint, runs in sorted(found.items())})
    (chosen, _), *others = counts.most_common()
    return TrainingTime(
        timings=tuple(run.timing for run in found[chosen]),
        fingerprint=chosen,
        hardware=hardware(found[chosen][0].machine),
        elsewhere=tuple((name, hardware(found[name][0].machine), n) for name, n in others),
    )


def hardware(machine: Machine) -> str:
    """Return what computed, in words."""
    return machine.gpu or machine.cpu_model


def relative_time(records: Sequence[Record], reference: Sequence[Record]) -> RelativeTime | None:
    """Return the time of a row's ``records`` beside ``reference``; None where none was timed.

    Of several places the one counts where the reference was timed too, then the one with most runs.
    """
    places, known = _by_place(records), _by_place(reference)
    if not places:
        return None
    chosen = max(places, key=lambda place: (place in known, len(places[place]), str(place)))
    found, references = places[chosen], known.get(chosen, [])
    pairs = [(run.timing.train_seconds, _nearest(run, references)) for run in found if references]
    return RelativeTime(
        train_seconds=float(np.median([run.timing.train_seconds for run in found])),
        runs=len(found),
        threads=found[0].record.cell.threads,
        hardware=hardware(found[0].machine),
        ratio=float(np.median([taken / beside for taken, beside in pairs])) if pairs else None,
        reference_seconds=tuple(sorted({beside for _, beside in pairs})),
        ratio_interval=_ratio_interval(found, references) if pairs else None,
    )


def _ratio_interval(runs: Sequence[_TimedRun], references: Sequence[_TimedRun]) -> Interval | None:
    """Return the interval of the ratio: runs and references each vary about what is near in time.

    What both have in common, a slow hour of the machine, is divided out of each on its own.
    """
    others = [[other for other in references if other is not one] for one in references]
    if not all(others):
        return None
    ratios = [run.timing.train_seconds / _nearest(run, references) for run in runs]
    noise = [
        reference.timing.train_seconds / _nearest(reference, rest)
        for reference, rest in zip(references, others, strict=True)
    ]
    # Only the spread of the noise counts: its middle is 1 but for chance.
    middle = math.exp(float(np.mean(np.log(noise))))
    return ratio_interval(ratios, [value / middle for value in noise])


def _nearest(run: _TimedRun, references: Sequence[_TimedRun]) -> float:
    """Return the median over the nearest reference run and those up to an hour further away."""
    away = [abs(reference.started - run.started) for reference in references]
    reach = min(away) + _TOGETHER
    near = [
        r.timing.train_seconds for r, time in zip(references, away, strict=True) if time <= reach
    ]
    return float(np.median(near))


def _by_place(records: Sequence[Record]) -> dict[TimedPlace, list[_TimedRun]]:
    """Return the exclusive runs in each place."""
    return grouped((_place(run.record, run.machine), run) for run in _timed(records))


def _place(record: Record, machine: Machine) -> TimedPlace:
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


def training_flops(record: Record, by_key: Mapping[str, Record]) -> float | None:
    """Return the floating-point operations of a record's training; None where not known.

    2 operations a multiply-add x 3 (backward counted as twice forward) x multiply-adds an image x
    images x epochs; of an ensemble the sum over its members.  Augmentation is not counted.
    """
    if record.kind == "ensemble":
        members = [by_key.get(key) for key in record.members]
        parts = [training_flops(member, by_key) for member in members if member is not None]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(members) else None
    info, model = datasets.known().get(record.cell.dataset), record.model
    if info is None or record.kind != "trained" or model is None or model.multiply_adds is None:
        return None
    recipe = Recipe.from_canonical(record.cell.recipe)
    images = math.floor(info.train_length * (1 - recipe.validation_split))
    return _PER_MULTIPLY_ADD * model.multiply_adds * images * record.epochs_trained(recipe.epochs)
