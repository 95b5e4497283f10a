"""Runs that diverge where the baseline's do, too: more often than chance explains, or not."""

import math
from collections.abc import Sequence
from dataclasses import replace

from ninetynine.board import Row, Run
from ninetynine.gate.costs import NO_REFERENCES, References
from ninetynine.gate.decision import chance_of_a_run, decide_on, diverged_in, verdict_of
from ninetynine.gate.verdict import Outcome, Terms, Verdict
from ninetynine.statistics.sequential import FIRST_LOOK


def decide(
    baseline: Row, new: Sequence[Run], terms: Terms, references: References = NO_REFERENCES
) -> Verdict | None:
    """Return the verdict on ``new``, the runs so far in the order of the check's seeds.

    It is the first verdict that any number of them gives, so it does not depend on how many were
    trained at a time.  None asks for one more run.  A run that diverged is the answer, but where
    the baseline's diverge, too: there it is put aside, and "no worse" is not to be had any more.
    """
    if not diverged_in(baseline):
        return decide_on(baseline, new, terms, references)
    last = [i for i, run in enumerate(new) if _diverged(run)]
    for end in dict.fromkeys([*last, *(i + 1 for i in last), len(new)]):
        if (found := _decide_before(baseline, new[:end], terms, references)) is not None:
            return found
    return None


def _decide_before(
    baseline: Row, new: Sequence[Run], terms: Terms, references: References
) -> Verdict | None:
    """Return the verdict on ``new``, those that diverged put aside."""
    aside, left = [run for run in new if _diverged(run)], [r for r in new if not _diverged(r)]
    if aside and (words := _more_often(baseline, new, terms)):
        found = verdict_of(baseline, new, terms, Outcome.REGRESSED, words)
        return replace(found, new_seeds=tuple(run.seed for run in new))
    most = max(terms.max_seeds - len(aside), FIRST_LOOK)
    found_now = decide_on(baseline, left, replace(terms, max_seeds=most), references)
    if (found_now is None and len(new) < terms.max_seeds) or not aside:
        return found_now
    if found_now is None:
        found_now = verdict_of(baseline, new, terms, Outcome.INCONCLUSIVE)
    return _with_aside(baseline, new, found_now)


def _diverged(run: Run) -> bool:
    failure = run.record.failure
    return failure is not None and failure.kind == "diverged"


def _more_often(baseline: Row, new: Sequence[Run], terms: Terms) -> str:
    """Return in words that more of ``new`` diverged than the baseline lets expect; else "".

    Fisher's exact test, one-sided; each of a check's runs may have it asked once.
    """
    before, now = diverged_in(baseline), sum(map(_diverged, new))
    tried, runs, both = len(baseline.runs) + before, len(new), before + now
    ways = sum(
        math.comb(runs, k) * math.comb(tried, both - k) for k in range(now, min(runs, both) + 1)
    )
    if ways / math.comb(tried + runs, both) > chance_of_a_run(baseline, terms):
        return ""
    seeds = ", ".join(str(run.seed) for run in new if _diverged(run))
    return (
        f"{now} of {runs} runs diverged (seeds {seeds}), {before} of {tried} in the baseline: "
        f"{_cause(new)}"
    )


def _cause(new: Sequence[Run]) -> str:
    reasons = [f.reason for run in new if (f := run.record.failure) is not None]
    return reasons[-1]


def _with_aside(baseline: Row, new: Sequence[Run], found: Verdict) -> Verdict:
    """Return ``found``, of those of ``new`` that finished, with what diverged before it."""
    seeds = [run.seed for run in new]
    if found.new_seeds:  # the last one may be followed by others that decided nothing
        seeds = seeds[: seeds.index(found.new_seeds[-1]) + 1]
    found = replace(found, new_seeds=tuple(seeds))
    if found.quality not in (Outcome.NO_WORSE, Outcome.INCONCLUSIVE):
        return found
    before, aside = diverged_in(baseline), [run for run in new if _diverged(run)]
    listed = ", ".join(str(run.seed) for run in aside)
    good = found.quality is Outcome.NO_WORSE
    reason = (
        f"seed{'s' if len(aside) > 1 else ''} {listed} diverged, as {before} of the baseline's "
        f"{len(baseline.runs) + before} runs did, which does not show that it happens more often "
        f"now ({_cause(aside)}); the others {'are no worse' if good else 'cannot tell either'}"
    )
    return replace(
        found,
        outcome=Outcome.INCONCLUSIVE,
        reason=reason,
        identical=False,
        look=None,
        needed=None,
    )
