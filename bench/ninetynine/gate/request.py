"""What a caller asks of the gate, typed, and doing it: a check, or a new baseline."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ninetynine
from ninetynine.board import Run
from ninetynine.cells import Cell
from ninetynine.datasets import fingerprint_of_test_part
from ninetynine.errors import UserError, nearest
from ninetynine.gate.asked import check_classes, measure_of, terms_of
from ninetynine.gate.baseline import Baseline, load_baseline, update_baseline
from ninetynine.gate.checking import Contest, at_seed, check, gone, make_contests
from ninetynine.gate.manifest import Update, read_manifest
from ninetynine.gate.reference import TIMED, Interleaving, knowing_it, needed, references_in
from ninetynine.gate.resolving import GateRequest, is_whole, resolve
from ninetynine.gate.verdict import CheckResult, Terms, Verdict
from ninetynine.gate.workspace import at_work, forget_other_models, open_workspace
from ninetynine.machine import commit_of, cpu
from ninetynine.measures import check_gives
from ninetynine.planning import plan
from ninetynine.records import RecordStore
from ninetynine.request import ResolvedRun
from ninetynine.running import NOBODY, Watcher, keep_groups, open_trainer
from ninetynine.suite import parse_seeds

UPDATE_SEEDS = "20"  # of a baseline, where nothing else is asked for


@dataclass(frozen=True)
class CheckRequest(GateRequest):
    """A check, on ``terms``; ``familywise`` shares their alpha among the architectures.

    ``measure`` is what is judged; None is as the baseline or the suite says.  ``margins`` are in
    its unit, percentage points where that is percent, by architecture and "" for all; those of
    classes in percentage points.  They go before those of ``terms``.
    """

    terms: Terms = Terms()  # noqa: RUF009
    familywise: bool = False
    measure: str | None = None
    margins: Mapping[str, float] = dataclasses.field(default_factory=dict)
    class_margins: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class UpdateRequest(GateRequest):
    """A baseline's new records, on the seeds of ``run``, and why there are new ones."""

    reason: str = ""
    time_reference: bool = False  # train reference runs too, as where the baseline has some
    measure: str | None = None  # that checks judge from now on; None is as before, or the suite's


@dataclass(frozen=True)
class Check:
    """A check whose names are looked up: what is to be trained, and what is decided already."""

    request: CheckRequest
    run: ResolvedRun  # one cell per architecture, of seed 0
    baseline: Baseline
    terms: Terms
    contests: list[Contest]
    decided: list[Verdict]
    notes: tuple[str, ...]

    def result(self, verdicts: Sequence[Verdict]) -> CheckResult:
        """Return the answer, in the suite's order, given the verdicts on the contests."""
        last = self.baseline.last_update
        order = {name: place for place, name in enumerate(self.run.suite.architectures)}
        every = [*self.decided, *verdicts]
        return CheckResult(
            suite=self.run.suite.name,
            dataset=self.run.suite.dataset,
            baseline=str(self.request.baseline),
            terms=self.terms,
            verdicts=tuple(sorted(every, key=lambda v: order.get(v.architecture, len(order)))),
            reason=last.reason if last is not None else "",
            notes=self.notes,
            familywise=self.request.familywise,
        )


@dataclass(frozen=True)
class Updated:
    """What an update did: its entry in the manifest, and how many records came and went."""

    entry: Update
    written: int
    removed: int


def prepare_check(request: CheckRequest) -> Check:
    """Return the check that ``request`` asks for; nothing is trained.

    Raises UserError for a baseline that cannot be read whole, and for what is no name.
    """
    baseline = load_baseline(request.baseline)
    run, missing = resolve(request, baseline.manifest.updates, baseline)
    share = max(1, len(run.cells)) if request.familywise else 1
    manifest = baseline.manifest
    measure = measure_of(request.measure, run.suite, request.baseline, manifest)
    terms = terms_of(request.terms, measure, manifest, request.margins, request.class_margins)
    terms = dataclasses.replace(terms, alpha=terms.alpha / share)
    named = [name for name in {**request.terms.margins, **request.margins} if name]
    _check_excused(terms, named, baseline, run)
    contests, decided = make_contests(
        run.cells,
        baseline,
        terms,
        lambda: fingerprint_of_test_part(run.load_dataset()),
        lambda cells: run.together(cells, run.request.seeds_at_once),
    )
    check_classes(terms, contests, request.class_margins, request.baseline)
    many = [c.name for c in contests if c.cells(c.seeds)[0].identity.together is not None]
    if many and set(terms.cost_margins) & set(TIMED):
        raise UserError(
            f"--time-margin, --latency-margin: seeds of {many[0]} are trained at once and share "
            "one time; say --seeds-at-once 1, with a baseline that was trained so"
        )
    for name in missing:
        left = run.suite.name if name in run.catalog else ""
        decided.append(gone(name, terms, _files_not_given(name, run, baseline), left))
    notes = _notes(run, missing, baseline) if is_whole(request.run) else ()
    notes += tuple(filter(None, (_ratchet(contest, baseline) for contest in contests)))
    return Check(request, run, baseline, terms, contests, decided, notes)


def run_check(prepared: Check, watcher: Watcher = NOBODY) -> CheckResult:
    """Train until every contest is decided; return the answer.

    Raises Interrupted for Ctrl-C: the runs stay, and the same check goes on from them.
    """
    if not prepared.contests:
        return prepared.result([])
    run, request = prepared.run, prepared.request
    dataset, store = run.load_dataset(), open_workspace(request.work_dir, request.fresh)
    old, interleaving = prepared.baseline.references, None
    if old and set(prepared.terms.cost_margins) & set(TIMED):
        run, interleaving = knowing_it(run), Interleaving.beside(run.cells[0], store, old)
    recorded = [record for records in prepared.baseline.records.values() for record in records]
    records = [*store.read_all()[0], *recorded]
    cells = [*run.cells, *([interleaving.cell] if interleaving else [])]
    with at_work(store), open_trainer(run, cells, store, records, watcher) as train:
        keep_groups(dataset, store)
        asked = [
            cell
            for c in prepared.contests
            for seeds in (c.seeds, c.other_seeds)
            for cell in c.cells(seeds)
        ]
        forget_other_models(asked, store, train)
        verdicts = check(
            prepared.contests,
            store,
            train,
            prepared.terms,
            train.workers,
            old,
            interleaving,
            elsewhere=_was_made_elsewhere(prepared),
        )
    return prepared.result(verdicts)


def _was_made_elsewhere(prepared: Check) -> bool:
    """Return whether no run of the baseline was made on a processor like this machine's.

    Of a cluster's machines it is not known.
    """
    if prepared.request.run.executor != "local":
        return False
    machines = [run.record.machine for c in prepared.contests for run in c.baseline.runs]
    return all(m is not None and (m.cpu_model, m.cpu_flags_hash) != cpu() for m in machines)


def update(request: UpdateRequest, watcher: Watcher = NOBODY) -> Updated:
    """Train what ``request`` asks for and put the records into its baseline.

    Raises UserError without a reason, or where a run crashed: the baseline is unchanged then.
    """
    if not request.reason.strip():
        raise UserError("--reason is empty; say in a few words why the baseline changes")
    RecordStore(request.baseline).check_can_be_written("--baseline")  # not after the training
    manifest = read_manifest(request.baseline)
    updates = manifest.updates
    run, _ = resolve(request, updates, None)
    measure = measure_of(request.measure, run.suite, request.baseline, manifest)
    facts = run.data_facts
    check_gives(measure, facts.num_classes, facts.test_labels, facts.name)
    at_once = run.request.seeds_at_once
    if run.only_took:
        watcher.say(run.only_took)
    seeds = parse_seeds(request.run.seeds or UPDATE_SEEDS, "--seeds")
    cells = [
        cell
        for template in run.cells
        for cell in run.together([at_seed(template, seed) for seed in seeds], at_once)
    ]
    runs = _trained(run, cells, request, watcher)
    commit, dirty = commit_of(Path.cwd())
    entry = Update(
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        reason=request.reason.strip(),
        suite=request.run.suite_name if request.run.suite is not None else updates[-1].suite,
        dataset=run.suite.dataset,
        architectures=[cell.identity.architecture for cell in run.cells],
        seeds=list(seeds),
        only=request.run.only,
        architecture_files=[path.as_posix() for path in run.request.architecture_files],
        seeds_at_once=at_once,
        suite_version=ninetynine.__version__,
        commit=commit,
        dirty=dirty,
    )
    removed = update_baseline(
        request.baseline,
        runs,
        entry,
        None if measure.is_accuracy and not request.measure else measure.name,
    )
    return Updated(entry, len(runs), len(removed))


def _trained(
    run: ResolvedRun, cells: Sequence[Cell], request: UpdateRequest, watcher: Watcher
) -> list[Run]:
    """Return a run of each cell.  A run that diverged is part of a baseline, a crash is not."""
    dataset, store = run.load_dataset(), open_workspace(request.work_dir, request.fresh)
    recorded = RecordStore(request.baseline).read_all()[0]
    records, interleaving = [*store.read_all()[0], *recorded], None
    if request.time_reference or references_in(recorded):
        run, interleaving = knowing_it(run), Interleaving.beside(cells[0], store, recorded)
    every = [*cells, *([interleaving.cell] if interleaving else [])]
    with at_work(store), open_trainer(run, every, store, records, watcher) as train:
        keep_groups(dataset, store)
        forget_other_models(cells, store, train)
        missing = plan(cells, store, retry_failed=True).missing
        if interleaving is not None:
            seeds = sorted({cell.identity.seed for cell in missing})
            rounds = ([c for c in missing if c.identity.seed == seed] for seed in seeds)
            missing = list(interleaving(rounds))
        if missing:
            train(missing).raise_refused()
        found = plan(cells, store).reused
        for record in found:
            if record.failure is not None and record.failure.kind != "diverged":
                raise UserError(
                    f"{record.cell.architecture}, seed {record.cell.seed} failed: "
                    f"{record.failure.reason}; the baseline is unchanged: run the command again"
                )
        beside = needed(interleaving.recorded(), found) if interleaving is not None else []
        return [Run.of(store, record) for record in [*found, *beside]]


def _check_excused(
    terms: Terms, asked_margins: Iterable[str], baseline: Baseline, run: ResolvedRun
) -> None:
    """Raise UserError for a name that could excuse nothing, such as one that is misspelled."""
    checked = {cell.identity.architecture for cell in run.cells}
    kept = tuple(name for name in baseline.manifest.margins if name)
    ever = {*checked, *run.suite.architectures, *baseline.records}
    kept_in = f"{baseline.store.directory / 'baseline.json'}: margins:"
    for option, allowed, known, where in (
        ("--allow-gone", terms.allow_gone, baseline.records.keys(), "the baseline has"),
        ("--allow-new", terms.allow_new, checked, "this check has"),
        ("--margin", tuple(asked_margins), checked | baseline.records.keys(), "this check has"),
        (kept_in, kept, ever, "suite and baseline have"),
    ):
        for name in allowed if isinstance(allowed, tuple) else ():
            if name not in known:
                raise UserError(
                    f"{option} {name!r}: {where} no such architecture{nearest(name, known)}"
                )


def _files_not_given(name: str, run: ResolvedRun, baseline: Baseline) -> list[Path]:
    """Return the user's files that ``name`` may have come from, and that this check lacks."""
    update = baseline.update_of(name)
    recorded = update.architecture_files if update is not None else []
    files = {file: Path(file).stem for file in recorded}
    own = [file for file, stem in files.items() if stem == name.partition("[")[0]]
    given = {path.resolve() for path in run.request.architecture_files}
    return [Path(file) for file in own or files if Path(file).resolve() not in given]


def _notes(run: ResolvedRun, missing: Sequence[str], baseline: Baseline) -> tuple[str, ...]:
    asked = {cell.identity.architecture for cell in run.cells} | set(missing)
    others = sorted(baseline.records.keys() - asked)
    if not others:
        return ()
    return (f"In the baseline and not in suite {run.suite.name}: {', '.join(others)}.",)


def _ratchet(contest: Contest, baseline: Baseline) -> str:
    """Say how far the baseline itself has come down since its first version; else nothing."""
    found = baseline.below_first(contest.baseline)
    if found is None or found[1] <= 0:
        return ""
    first, drop, updates = found
    return (
        f"{contest.name}: its baseline is {100 * drop:.3f} points below the first baseline of "
        f"{first.at[:10]} ({100 * first.accuracy:.3f}%) over {updates} "
        f"update{'s' if updates > 1 else ''}, each of them accepted by itself."
    )
