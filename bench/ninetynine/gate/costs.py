"""Training time, latency and memory against the baseline: only on the very same machine kind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Run
from ninetynine.gate.reference import TIMED, cannot_compare, logarithm_beside, neighbors
from ninetynine.gate.verdict import CostMeasure, CostVerdict, Outcome
from ninetynine.records import Record
from ninetynine.statistics.sequential import drop_error
from ninetynine.statistics.special import t_quantile

_POWER = 0.8  # of "no worse" where nothing changed, by the runs that are asked for
_MOST_OTHERWISE = 0.25  # of the other cores' time: half an idle neighbor of two cores
# Logarithms of costs are known to about a millionth; it keeps equal values from being "certain".
_RESOLUTION = 10**6
_USABLE: dict[CostMeasure, str] = {
    "training time": "timed runs beside a reference run, with their cores to themselves",
    "inference latency": "runs with a latency beside a reference run, cores to themselves",
    "peak memory": "runs with a peak memory",
}


@dataclass(frozen=True)
class References:
    """The reference runs that were trained between the baseline's runs, and between the new."""

    old: Sequence[Record] = ()
    new: Sequence[Record] = ()


NO_REFERENCES = References()


def judge_cost(
    measure: CostMeasure,
    baseline: Sequence[Run],
    new: Sequence[Run],
    margin: float,
    alpha: float,
    references: References = NO_REFERENCES,
) -> CostVerdict:
    """Compare mean logarithms by a t test, once, at the end of a check.

    Times are first divided by those of the reference runs beside them.  The rule is that of the
    accuracy: regressed where growth is certain and estimated at ``margin`` (0.1 is 10%) or more;
    no worse where it is certain to be below.
    """
    if not new or new[0].record.machine is None:
        return _unknown(measure, margin, "there is no finished run on a described machine")
    fingerprint = new[0].record.machine.fingerprint
    if measure in TIMED and (reason := cannot_compare(references.old, new)):
        return _unknown(measure, margin, reason)
    old = _values(measure, baseline, fingerprint, references.old)
    now = _values(measure, new, fingerprint, references.new)
    if len(old) < 2:
        return _unknown(
            measure,
            margin,
            f"the baseline has {len(old)} {_USABLE[measure]} on a machine of this fingerprint "
            f"({fingerprint}); at least 2 are needed",
        )
    if not len(now):
        return _unknown(measure, margin, f"this check has no {_USABLE[measure]}")
    if measure in TIMED and (reason := _other_company(baseline, new, fingerprint)):
        return _unknown(measure, margin, reason)
    growth = float(now.mean() - old.mean())
    error, freedom = drop_error(
        old.var(ddof=1), len(old), now.var(ddof=1) if len(now) > 1 else 0.0, len(now), _RESOLUTION
    )
    half_width = t_quantile(1 - alpha, float(freedom)) * float(error)
    return CostVerdict(
        measure=measure,
        outcome=_outcome(growth, half_width, math.log1p(margin)),
        margin=margin,
        growth=math.expm1(growth),
        lower=math.expm1(growth - half_width),
        upper=math.expm1(growth + half_width),
    )


def lacks_runs(
    measure: CostMeasure,
    baseline: Sequence[Run],
    new: Sequence[Run],
    margin: float,
    alpha: float,
    references: References = NO_REFERENCES,
) -> bool:
    """Whether another run is needed before the cost is judged, which happens once.

    As many usable ones are, as the baseline's spread asks for: with them unchanged code is "no
    worse" eight times in ten.  What the new runs took has no say in it, or it would be a second
    look.  Of runs that cannot be used, as they shared their cores, as many more are tried.
    """
    machine = new[0].record.machine if new else None
    if machine is None or (measure in TIMED and cannot_compare(references.old, new)):
        return False
    old = _values(measure, baseline, machine.fingerprint, references.old)
    if len(old) < 2:
        return False
    needed = _runs_needed(float(old.var(ddof=1)), len(old), math.log1p(margin), alpha)
    usable = len(_values(measure, new, machine.fingerprint, references.new))
    return usable < needed and len(new) < 2 * needed


def _runs_needed(variance: float, baseline_runs: int, margin: float, alpha: float) -> int:
    """Return how many new runs make a growth of 0 certainly less than ``margin``, a logarithm.

    At most as many as the baseline has: beyond them only more of its own would help.
    """
    for runs in range(1, baseline_runs):
        error, freedom = drop_error(variance, baseline_runs, variance, runs, _RESOLUTION)
        reach = t_quantile(1 - alpha, float(freedom)) + t_quantile(_POWER, float(freedom))
        if reach * float(error) <= margin:
            return runs
    return baseline_runs


def _outcome(growth: float, half_width: float, margin: float) -> Outcome:
    if growth + half_width < margin:
        return Outcome.NO_WORSE
    if growth - half_width > 0 and growth >= margin:
        return Outcome.REGRESSED
    return Outcome.INCONCLUSIVE


def _unknown(measure: CostMeasure, margin: float, reason: str) -> CostVerdict:
    return CostVerdict(measure, Outcome.NOT_COMPARABLE, margin, reason=reason)


def _values(
    measure: CostMeasure, runs: Sequence[Run], fingerprint: str, references: Sequence[Record]
) -> NDArray[np.float64]:
    """Return the logarithms of the costs that were measured on that kind of machine.

    Of times those of the ratios to the references beside them, where there are such.
    """
    found = []
    for record in (r.record for r in runs if r.record.machine and r.record.status == "finished"):
        cost = _cost(measure, record)
        if not cost or _fingerprint(record) != fingerprint:
            continue
        if measure not in TIMED:
            found.append(math.log(cost))
            continue
        near = [_cost(measure, other) for other in neighbors(record, references)]
        known = [value for value in near if value]
        if known:
            found.append(logarithm_beside(cost, known))
    return np.array(found, dtype=np.float64)


def _other_company(baseline: Sequence[Run], new: Sequence[Run], fingerprint: str) -> str:
    """Return in words that the machine's other cores were otherwise busy than before; or ""."""
    old, now = (
        [
            timing.elsewhere_cpu_share
            for record in (run.record for run in runs)
            if (timing := record.timing) and timing.exclusive
            if _fingerprint(record) == fingerprint
        ]
        for runs in (baseline, new)
    )
    before, after = (
        float(np.mean([share for share in shares if share is not None] or [math.nan]))
        for shares in (old, now)
    )
    if not abs(after - before) > _MOST_OTHERWISE:  # so of what is not known, too
        return ""
    return (
        f"the machine's other cores were {100 * before:.0f}% busy beside the baseline's runs and "
        f"{100 * after:.0f}% beside these, which slows what shares their memory; train both with "
        "--jobs 1, and nothing else meanwhile"
    )


def _fingerprint(record: Record) -> str | None:
    return record.machine.fingerprint if record.machine else None


def _cost(measure: CostMeasure, record: Record) -> float | None:
    """Return the cost in seconds or bytes; None where it was not measured, or beside others."""
    if measure == "peak memory":
        return record.peak_memory_bytes
    timing = record.timing
    if timing is None or not timing.exclusive:
        return None
    return timing.train_seconds if measure == "training time" else timing.latency_seconds
