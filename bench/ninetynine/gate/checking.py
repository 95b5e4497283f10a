"""The check itself: seed by seed, all undecided architectures together, until each is decided."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice, takewhile
from pathlib import Path
from typing import Protocol

import numpy as np

from ninetynine.board import Row, Run
from ninetynine.cells import Cell, by_task
from ninetynine.errors import UserError
from ninetynine.executors import Enough
from ninetynine.gate.baseline import Baseline
from ninetynine.gate.costs import References
from ninetynine.gate.decision import not_comparable, not_measured, values_of
from ninetynine.gate.divergence import decide
from ninetynine.gate.reference import Interleaving
from ninetynine.gate.verdict import CheckProspect, Outcome, Terms, Verdict
from ninetynine.measures import NotMeasured
from ninetynine.records import Record, RecordStore
from ninetynine.running import ChooseCells, TrainingOutcome
from ninetynine.statistics.sequential import FIRST_LOOK, Design, prospect

# Returns cells of one architecture as they are trained many at once, or as they are.
Together = Callable[[Sequence[Cell]], list[Cell]]


class Train(Protocol):
    """Trains cells into the check's store, all or as they are chosen; says what became of them."""

    def __call__(
        self, cells: Sequence[Cell], *, choose: ChooseCells | None = None
    ) -> TrainingOutcome: ...


@dataclass
class Contest:
    """One architecture against its baseline, with the runs it has so far."""

    template: Cell  # its seed is replaced by each seed in turn
    baseline: Row
    seeds: tuple[int, ...]
    runs: list[Run] = field(default_factory=list)
    other_seeds: tuple[int, ...] = ()  # of a second look, where one is to be had
    first: Verdict | None = None  # "regressed", which the second look has to confirm
    together: Together = list

    @property
    def name(self) -> str:
        return self.template.identity.architecture

    def looks_again(self, found: Verdict) -> bool:
        """Begin the second look if ``found``, of the first one, asks for it.

        A run that diverged, or failed, is no matter of chance that another seed could settle.
        """
        last = self.runs[len(found.new_seeds) - 1].record  # any further one decided nothing
        again = found.quality is Outcome.REGRESSED and last.status == "finished"
        if self.first is not None or not self.other_seeds or not again:
            return False
        self.first, self.seeds, self.runs = found, self.other_seeds, []
        return True

    def verdict(self, found: Verdict) -> Verdict:
        """Return ``found`` together with the first look, if it is that of a second one."""
        if self.first is None:
            return found
        if found.quality in (Outcome.REGRESSED, Outcome.CRASHED):
            return replace(found, costs=self.first.costs)
        reason = "the first look said regressed, and a second with other seeds does not confirm it"
        return replace(
            self.first,
            outcome=Outcome.INCONCLUSIVE,
            reason=reason,
            new_seeds=(*self.first.new_seeds, *found.new_seeds),
            look=None,
            classes=(),
        )

    def terms(self, asked: Terms) -> Terms:
        """Return the terms of the present look: costs are judged by the first one alone."""
        return asked if self.first is None else replace(asked, cost_margins={})

    def next_cells(self, number: int | None = None) -> list[Cell]:
        """Return the next ``number`` cells, fewer where the seeds end; without one, all."""
        return self.cells(self.seeds)[len(self.runs) :][:number]

    def cells(self, seeds: Sequence[int]) -> list[Cell]:
        """Return the cells of ``seeds``, each with those that are trained beside it."""
        return self.together([at_seed(self.template, seed) for seed in seeds])


def at_seed(cell: Cell, seed: int) -> Cell:
    """Return ``cell`` with another seed."""
    identity = cell.identity.model_copy(update={"seed": seed})
    return cell.model_copy(update={"identity": identity})


def check_seeds(row: Row, most: int) -> tuple[int, ...]:
    """Return the seeds of a check: the baseline's, then the smallest that it does not have.

    Seeds that failed in the baseline are left out: they say nothing about a change.
    """
    used = {*row.seeds, *(failed.seed for failed in row.failed)}
    fresh = (seed for seed in count() if seed not in used)
    return (*row.seeds, *islice(fresh, most))[:most]


def make_contests(
    templates: Iterable[Cell],
    baseline: Baseline,
    terms: Terms,
    test_part: Callable[[], str] | None = None,
    together: Together = list,
) -> tuple[list[Contest], list[Verdict]]:
    """Pair each architecture with its baseline; return the contests, and what needs no training.

    ``test_part`` returns the fingerprint of today's test part; asked only where data differ.
    """
    contests: list[Contest] = []
    verdicts: list[Verdict] = []
    for template in templates:
        name, row = template.identity.architecture, baseline.row(template.identity)
        if row is None:
            hint = f"--allow-new {shlex.quote(name)}, or bench baseline update"
            reason = f"the baseline has no record of it ({hint})"
            verdicts.append(_missing(name, terms, reason, terms.allow_new))
        elif (obstacle := not_comparable(row, template.identity, terms, test_part)) is not None:
            verdicts.append(obstacle)
        elif not row.runs:
            failed = ", ".join(str(failed.seed) for failed in row.failed)
            reason = f"all its baseline runs failed (seeds {failed})"
            verdicts.append(_missing(name, terms, reason))
        elif (lacking := not_measured(row.runs, terms)) is not None:
            verdicts.append(_missing(name, terms, f"in the baseline, {lacking}"))
        else:
            every = check_seeds(row, 2 * terms.max_seeds + len(row.seeds))
            first = every[: terms.max_seeds]
            fresh = tuple(s for s in every if s not in first and s not in row.seeds)
            other = fresh[: terms.max_seeds] if terms.rotate else ()
            contests.append(Contest(template, row, first, other_seeds=other, together=together))
    return contests, verdicts


def gone(name: str, terms: Terms, files: Sequence[Path] = (), left: str = "") -> Verdict:
    """Return the verdict on an architecture that only the baseline has.

    ``files`` are the user's own that it may have come from and that this check does not have;
    ``left`` is the suite that names it no more, where it is still known.
    """
    given = " ".join(f"--architecture {shlex.quote(str(file))}" for file in files)
    verb = "give" if all(file.is_file() for file in files) else "restore"
    hint, quoted = f"{verb} what it came from: {given}; or " if files else "", shlex.quote(name)
    excuse = f"{hint}--allow-gone {quoted}, or for good: bench baseline remove {quoted}"
    where = f"in suite {left}" if left else "among the architectures"
    reason = f"it is in the baseline and no longer {where} ({excuse})"
    return _missing(name, terms, reason, terms.allow_gone)


def _missing(
    name: str, terms: Terms, reason: str, allowed: bool | tuple[str, ...] = False
) -> Verdict:
    """Return the verdict on an architecture of which one side has nothing to compare."""
    excused = name in allowed if isinstance(allowed, tuple) else allowed
    outcome = Outcome.NOT_COMPARABLE
    return Verdict(name, outcome, terms.of(name).margin, reason=reason, excused=excused)


def prospect_of(contest: Contest, terms: Terms) -> CheckProspect:
    """Return what a check of ``contest`` could show, before anything is trained."""
    terms = terms.of(contest.name)
    try:
        baseline = values_of(contest.baseline.runs, terms.by)
    except NotMeasured as reason:
        raise UserError(f"the baseline of {contest.name}: {reason}") from reason
    if len(baseline) < 2:
        return CheckProspect(contest.name, len(baseline))
    sd = float(np.std(baseline, ddof=1))
    design = Design(len(baseline), terms.max_seeds, terms.alpha, terms.share)
    chances = prospect(sd, terms.margin, 2 * terms.margin, design)
    return CheckProspect(contest.name, len(baseline), sd, chances.passes_unchanged, chances.catches)


def check(
    contests: Sequence[Contest],
    store: RecordStore,
    train: Train,
    terms: Terms,
    jobs: int = 1,
    old_references: Sequence[Record] = (),
    interleaving: Interleaving | None = None,
    elsewhere: bool = False,
) -> list[Verdict]:
    """Train and look until every contest is decided; verdicts in the order of the contests.

    The first run of each is looked at before others are begun, to see whether anything changed at
    all, unless the baseline was made ``elsewhere``, on other processors, whose bits are others.
    Runs that ``store`` holds are not trained again, so an interrupted check goes on where it
    stopped.  ``store`` must hold no run of other code: see `ninetynine.gate.request`.  Where times
    are judged, ``interleaving`` trains reference runs beside the new ones, as ``old_references``
    were beside the baseline's.  Raises UserError where an architecture cannot be built.
    """
    every = [
        cell for c in contests for seeds in (c.seeds, c.other_seeds) for cell in c.cells(seeds)
    ]
    known = _recorded(every, store)

    def references() -> References:
        beside = interleaving.recorded() if interleaving is not None else []
        return References(old_references, beside)

    going_on = _GoingOn(contests, store, terms, references, known, elsewhere)
    going_on.look()
    if interleaving is not None:
        _train_rounds(going_on, train, jobs, interleaving)
    elif going_on.undecided:
        missing = [cell for cell in every if cell.key not in known]
        train(missing, choose=going_on.choose).raise_refused()
    if going_on.undecided:
        raise AssertionError(f"{going_on.undecided[0].name} is undecided after its last seed")
    return [going_on.verdicts[contest.name] for contest in contests]


class _GoingOn:
    """A check that is going on: a free worker is given the next seed of what is undecided.

    A verdict depends on the runs of the seeds up to the one that decides, in their order; what was
    begun beyond it, so that no worker has nothing to do, is not waited for.
    """

    def __init__(
        self,
        contests: Sequence[Contest],
        store: RecordStore,
        terms: Terms,
        references: Callable[[], References],
        known: dict[str, Record],
        elsewhere: bool,
    ) -> None:
        self.undecided = list(contests)
        self.verdicts: dict[str, Verdict] = {}
        self.known, self.elsewhere = known, elsewhere  # by the keys of the cells asked for
        self._store, self._terms, self._references = store, terms, references
        self._in_hand: dict[str, str] = {}  # the key of a cell that is being trained, and whose

    def choose(self, outcome: TrainingOutcome) -> list[Cell]:
        """Return what a free worker is to train, the cells of one computation; none at present.

        Raises Enough once all is decided.  After a mistake of the user's nothing new is begun.
        """
        if self.take(outcome):
            self.look()
        if not self.undecided:
            raise Enough
        chosen = [] if outcome.refused else self._next()
        self._in_hand |= {cell.key: cell.identity.architecture for cell in chosen}
        return chosen

    def take(self, outcome: TrainingOutcome) -> bool:
        """Take note of the runs that have ended; return whether there are any new ones."""
        before = len(self.known)
        self.known |= {_asked(r): r for r in (*outcome.finished, *outcome.failed)}
        for key in self._in_hand.keys() & self.known.keys():
            del self._in_hand[key]
        return len(self.known) > before

    def look(self) -> None:
        """Decide what can be decided by the runs that are known."""
        references = self._references()
        for contest in list(self.undecided):
            while self._grown(contest):
                terms = contest.terms(self._terms)
                verdict = decide(contest.baseline, contest.runs, terms, references)
                if verdict is not None and not contest.looks_again(verdict):
                    self.verdicts[contest.name] = contest.verdict(verdict)
                    self.undecided.remove(contest)
                    break

    def _grown(self, contest: Contest) -> bool:
        """Give ``contest`` those of its next runs that are known; return whether there are any."""
        cells = takewhile(lambda cell: cell.key in self.known, contest.next_cells())
        runs = [Run.of(self._store, self.known[cell.key]) for cell in cells]
        contest.runs += runs
        return bool(runs)

    def _next(self) -> list[Cell]:
        """Return the next cells of the contest that has the fewest in hand, then the fewest runs.

        What is in hand may decide, so that a contest with nothing in hand is the surest to need
        another run.
        """
        in_hand = Counter(self._in_hand.values())
        for contest in sorted(self.undecided, key=lambda c: (in_hand[c.name], len(c.runs))):
            begins = not contest.runs and contest.first is None
            if begins and in_hand[contest.name] and not self.elsewhere:
                continue
            taken = self._in_hand.keys() | self.known.keys()
            cells = [cell for cell in contest.next_cells() if cell.key not in taken]
            if cells:
                return by_task(cells)[0]
        return []


def _train_rounds(going_on: _GoingOn, train: Train, jobs: int, interleaving: Interleaving) -> None:
    """Train round by round: the runs of each step beside a reference run, which times them."""
    ahead = 1
    if going_on.elsewhere and going_on.undecided:
        ahead = max(FIRST_LOOK, seeds_ahead(len(going_on.undecided), jobs))
    while going_on.undecided:
        rounds = [contest.next_cells(ahead) for contest in going_on.undecided]
        steps = (
            [cells[i] for cells in rounds if i < len(cells) and cells[i].key not in going_on.known]
            for i in range(ahead)
        )
        outcome = train(list(interleaving(steps)))
        outcome.raise_refused()
        if not going_on.take(outcome):
            break
        going_on.look()
        if going_on.undecided:
            ahead = seeds_ahead(len(going_on.undecided), jobs)


def seeds_ahead(contests: int, jobs: int) -> int:
    """Return how many more seeds of each of ``contests`` give every worker two runs.

    Workers stay between rounds, so that a round may be short; at its end some wait for the last.
    Runs beyond the one that decides are wasted, but no verdict depends on them.
    """
    return -(-2 * jobs // contests)


def _recorded(cells: Sequence[Cell], store: RecordStore) -> dict[str, Record]:
    """Return the records that count as done: a crash may not happen again, a divergence will."""
    paths = store.paths()
    found = [store.find(cell.key, paths) for cell in store.at_present(cells, paths)]
    return {_asked(r): r for r in found if isinstance(r, Record) and not _is_crash(r)}


def _asked(record: Record) -> str:
    """Return the key of the cell that was asked for, before it was known what its code reads."""
    return record.cell.reading({}).key


def _is_crash(record: Record) -> bool:
    return record.failure is not None and record.failure.kind != "diverged"
