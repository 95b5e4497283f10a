"""The check itself: seed by seed, all undecided architectures together, until each is decided."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from ninetynine.board import Row, Run
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.gate.baseline import Baseline
from ninetynine.gate.costs import References
from ninetynine.gate.decision import decide, not_comparable, values_of
from ninetynine.gate.reference import Interleaving
from ninetynine.gate.verdict import CheckProspect, Outcome, Terms, Verdict
from ninetynine.measures import NotMeasured
from ninetynine.records import Record, RecordStore
from ninetynine.running import TrainingOutcome
from ninetynine.statistics.sequential import FIRST_LOOK, Design, prospect

# Trains cells, writes their records to the check's store, and says what became of them.
Train = Callable[[Sequence[Cell]], TrainingOutcome]
# Returns cells of one architecture as they are trained many at once, or as they are.
Together = Callable[[Sequence[Cell]], list[Cell]]


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
        again = found.quality is Outcome.REGRESSED and self.runs[-1].record.status == "finished"
        if self.first is not None or not self.other_seeds or not again:
            return False
        self.first, self.seeds, self.runs = found, self.other_seeds, []
        return True

    def verdict(self, found: Verdict) -> Verdict:
        """Return ``found`` together with the first look, if it is that of a second one."""
        if self.first is None or found.quality in (Outcome.REGRESSED, Outcome.CRASHED):
            return found
        reason = "the first look said regressed, and a second with other seeds does not confirm it"
        return replace(
            self.first,
            outcome=Outcome.INCONCLUSIVE,
            reason=reason,
            new_seeds=(*self.first.new_seeds, *found.new_seeds),
            look=None,
            classes=(),
        )

    def next_cells(self, number: int) -> list[Cell]:
        """Return the next ``number`` cells, fewer where the seeds end."""
        start = len(self.runs)
        return self.cells(self.seeds)[start : start + number]

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
        else:
            every = check_seeds(row, 2 * terms.max_seeds + len(row.seeds))
            first = every[: terms.max_seeds]
            fresh = tuple(s for s in every if s not in first and s not in row.seeds)
            other = fresh[: terms.max_seeds] if terms.rotate else ()
            contests.append(Contest(template, row, first, other_seeds=other, together=together))
    return contests, verdicts


def gone(name: str, terms: Terms, files: Sequence[Path] = ()) -> Verdict:
    """Return the verdict on an architecture that only the baseline has.

    ``files`` are the user's own that it may have come from and that this check does not have.
    """
    given = " ".join(f"--architecture {shlex.quote(str(file))}" for file in files)
    verb = "give" if all(file.is_file() for file in files) else "restore"
    hint = f"{verb} what it came from: {given}; or " if files else ""
    excuse = f"{hint}--allow-gone {shlex.quote(name)}"
    reason = f"it is in the baseline and no longer among the architectures ({excuse})"
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

    The first round is one run of each, to see whether anything changed at all; more where the
    baseline was made ``elsewhere``, on other processors, whose bits are others.  Runs that
    ``store`` holds are not trained again, so an interrupted check goes on where it stopped.
    ``store`` must hold no run of other code: see `ninetynine.gate.request`.  Where times are
    judged, ``interleaving`` trains reference runs beside the new ones, as ``old_references`` were
    beside the baseline's.  Raises UserError where an architecture cannot be built.
    """
    verdicts: dict[str, Verdict] = {}
    undecided = list(contests)
    ahead = max(FIRST_LOOK, seeds_ahead(len(contests), jobs)) if elsewhere and contests else 1
    while undecided:
        _advance(undecided, store, train, ahead, interleaving)
        beside = interleaving.recorded() if interleaving is not None else []
        references = References(old_references, beside)
        for contest in undecided:
            verdict = decide(contest.baseline, contest.runs, terms, references)
            if verdict is not None and not contest.looks_again(verdict):
                verdicts[contest.name] = contest.verdict(verdict)
        undecided = [contest for contest in undecided if contest.name not in verdicts]
        ahead = seeds_ahead(len(undecided), jobs) if undecided else 0
    return [verdicts[contest.name] for contest in contests]


def seeds_ahead(contests: int, jobs: int) -> int:
    """Return how many more seeds of each of ``contests`` give every worker two runs.

    Workers stay between rounds, so that a round may be short; at its end some wait for the last.
    Runs beyond the one that decides are wasted, but no verdict depends on them.
    """
    return -(-2 * jobs // contests)


def _advance(
    contests: Sequence[Contest],
    store: RecordStore,
    train: Train,
    ahead: int,
    interleaving: Interleaving | None,
) -> None:
    """Give each contest its next ``ahead`` runs, from the store or by training."""
    rounds = [(contest, contest.next_cells(ahead)) for contest in contests]
    wanted = [cell for _, cells in rounds for cell in cells]
    known = _recorded(wanted, store)
    missing = [cell for cell in wanted if cell.key not in known]
    if missing and interleaving is not None:
        steps = [[cells[i] for _, cells in rounds if i < len(cells)] for i in range(ahead)]
        missing = list(interleaving([c for c in step if c.key not in known] for step in steps))
    if missing:
        outcome = train(missing)
        outcome.raise_refused()
        known |= {_asked(record): record for record in [*outcome.finished, *outcome.failed]}
    for contest, cells in rounds:
        if not cells:
            raise AssertionError(f"{contest.name} is undecided after its last seed")
        contest.runs += [Run.of(store, known[cell.key]) for cell in cells]


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
