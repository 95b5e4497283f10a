"""Verdicts of the accuracy gate on synthetic runs; nothing is trained here."""

import dataclasses
import json
from xml.etree import ElementTree

import numpy as np
import pytest
from gate_builders import (
    FakeTrainer,
    make_row,
    make_run,
    make_runs,
    make_update,
    row_of,
    spread,
    write_runs,
)
from ninetynine.board import Run
from ninetynine.cells import Cell, Together, trained_together
from ninetynine.datasets import ImageGroups
from ninetynine.errors import UserError
from ninetynine.gate import (
    Outcome,
    Terms,
    Verdict,
    check,
    decide,
    load_baseline,
    make_contests,
    update_baseline,
    worst,
)
from ninetynine.gate.checking import at_seed, check_seeds, gone, seeds_ahead
from ninetynine.gate.comparable import changes, obstacles
from ninetynine.gate.costs import References, judge_cost
from ninetynine.gate.decision import _by_collapse
from ninetynine.gate.reference import NAME, Interleaving, knowing_it, neighbors
from ninetynine.gate.resolving import as_recorded
from ninetynine.gate.verdict import CheckResult
from ninetynine.gate.workspace import open_workspace
from ninetynine.records import RecordStore
from ninetynine.report.formats import markdown, table
from ninetynine.report.gate import section
from ninetynine.report.gate_machine import annotations, facts, junit_xml
from ninetynine.report.gate_sentences import sentence
from ninetynine.request import RunRequest
from record_builders import make_failed, make_identity, make_machine, make_record

TERMS = Terms(max_seeds=20)
BASELINE = spread(0.98, 0.0006, 10)


def seed_by_seed(row, runs, terms=TERMS):
    """Return the verdict and after how many runs it came."""
    for number in range(1, len(runs) + 1):
        verdict = decide(row, runs[:number], terms)
        if verdict is not None:
            return verdict, number
    return None, len(runs)


# --- one architecture -------------------------------------------------------------------------


def test_the_same_weights_and_answers_end_the_check_after_one_run():
    row = make_row(BASELINE)
    verdict, number = seed_by_seed(row, [row.runs[0]])
    assert number == 1
    assert verdict.identical
    assert verdict.outcome == 0
    assert "nothing changed" in sentence(verdict)


def test_the_same_weights_with_other_answers_are_not_taken_for_the_same_model():
    """Dropout left on when answering: training, and so the weights, are as they were."""
    row = make_row(BASELINE)
    before = row.runs[0].record.model.weights_hash
    noisy = make_run(0.95, 0, weights_hash=before)
    assert decide(row, [noisy], TERMS) is None


def test_a_drop_of_twice_the_margin_is_a_regression_with_its_size_in_the_sentence():
    verdict, number = seed_by_seed(make_row(BASELINE), make_runs(spread(0.978, 0.0006, 20, 1)))
    assert verdict.outcome == 1
    assert number < 10
    drop = f"{100 * verdict.look.drop:.3f}".removesuffix("0")
    assert f"regressed: accuracy fell by {drop} points" in sentence(verdict)
    assert "(10 seeds)" in sentence(verdict)


def test_no_drop_is_no_worse_well_before_the_last_seed():
    verdict, number = seed_by_seed(make_row(BASELINE), make_runs(spread(0.9801, 0.0006, 20, 1)))
    assert verdict.outcome == 0
    assert not verdict.identical
    assert number < 15
    assert verdict.new_seeds == tuple(range(number))


def test_the_verdict_does_not_depend_on_how_many_runs_came_at_a_time():
    """A run that was trained ahead and diverged comes too late."""
    row, runs = make_row(BASELINE), make_runs(spread(0.9801, 0.0006, 20, 1))
    one_by_one, number = seed_by_seed(row, runs)
    assert one_by_one.outcome == 0
    late = Run(make_failed(seed=number, kind="diverged"), lambda: None)
    assert decide(row, [*runs[:number], late], TERMS) == one_by_one


@pytest.mark.slow
def test_what_cannot_be_told_is_said_with_the_seeds_it_would_take():
    row = make_row(spread(0.98, 0.0015, 10))
    verdict, number = seed_by_seed(row, make_runs(spread(0.9795, 0.0015, 20, 1)))
    assert number == 20
    assert verdict.outcome == 3
    assert verdict.needed.each > 20
    assert f"about {verdict.needed.each} seeds" in sentence(verdict)


def test_a_run_that_diverged_is_a_regression_with_the_epoch():
    failed = make_failed(seed=0, kind="diverged", reason="the loss is nan in epoch 2 of 5")
    verdict = decide(make_row(BASELINE), [Run(failed, lambda: None)], TERMS)
    assert verdict.outcome == 1
    assert "seed 0 diverged: the loss is nan in epoch 2 of 5" in sentence(verdict)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_seed_that_collapsed_is_a_regression_of_its_own(place):
    accuracies = [0.9801, 0.9797, 0.9800]
    accuracies[place] = 0.1135
    verdict, number = seed_by_seed(make_row(BASELINE), make_runs(accuracies, first_seed=20))
    assert number == max(2, place + 1)
    assert verdict.outcome is Outcome.REGRESSED
    assert f"seed {20 + place} collapsed: 11.35%; one more run" in sentence(verdict)
    assert "baseline's 10 has at least 97." in sentence(verdict)
    assert verdict.flipped


def test_a_run_as_low_as_one_in_a_thousand_is_no_collapse_within_the_margin():
    runs = make_runs([0.9801, 0.9720], first_seed=20)
    assert decide(make_row(BASELINE), runs, TERMS).outcome is Outcome.REGRESSED
    wide = decide(make_row(BASELINE), runs, dataclasses.replace(TERMS, margin=0.02))
    assert wide.outcome is Outcome.NO_WORSE


def test_a_run_as_low_as_flips_of_single_images_may_make_it_is_no_collapse():
    # The baseline's runs agree more closely than runs that err on other images can but by luck.
    verdict = decide(make_row(BASELINE), make_runs([0.9801, 0.9770], first_seed=20), TERMS)
    assert verdict is None or "collapsed" not in verdict.reason


def test_two_runs_of_a_baseline_do_not_say_what_a_collapse_is():
    runs = make_runs([0.9801, 0.90], first_seed=20)
    assert decide(make_row(BASELINE[:2]), runs, TERMS) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("checks", "most"), [(15, 1), pytest.param(60, 3, marks=pytest.mark.exhaustive)]
)
def test_collapses_are_told_about_as_seldom_as_they_are_said_to_be_where_nothing_changed(
    checks, most
):
    random = np.random.default_rng(0)
    told = 0
    for _ in range(checks):
        known, new = 0.98 + 0.003 * random.standard_normal((2, 20))
        row, runs = make_row(known), make_runs(new, first_seed=20)
        verdict = _by_collapse(row, runs, TERMS)
        told += verdict is not None
    assert told <= most  # 20 runs below a 99.9% interval: 1% of the checks


@pytest.mark.parametrize("kind", ["error", "crashed", "killed", "timeout"])
def test_a_run_that_crashed_is_neither_a_pass_nor_a_regression(kind):
    verdict = decide(make_row(BASELINE), [Run(make_failed(kind=kind), lambda: None)], TERMS)
    assert verdict.outcome is Outcome.CRASHED
    assert "could not be completed" in sentence(verdict)


def test_a_baseline_of_one_run_can_only_be_identical():
    row = make_row([0.98])
    assert decide(row, [row.runs[0]], TERMS).outcome == 0
    other = decide(row, [make_run(0.981, 0)], TERMS)
    assert other.outcome is Outcome.NOT_COMPARABLE
    assert "spread over seeds" in sentence(other)


def test_other_test_labels_are_not_comparable():
    run = make_run(0.98, 0)
    labels = (run.predictions.labels + 1) % 10
    other = dataclasses.replace(run.predictions, labels=labels.astype(np.uint16))
    moved = Run(run.record, lambda: other)
    verdict = decide(make_row(BASELINE), [moved], TERMS)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "test labels differ" in sentence(verdict)


def test_the_images_that_flipped_are_those_that_most_runs_now_get_wrong():
    row = make_row(np.full(10, 1.0))
    new = make_runs([0.9, 0.9])
    always = np.logical_and.reduce([~run.predictions.correct for run in new])
    verdict = decide(row, new, TERMS)
    assert verdict.outcome == 1
    assert len(verdict.flipped) == 20
    seen = min(20, int(always.sum()))
    assert all(always[flip.index] for flip in verdict.flipped[:seen])
    first = verdict.flipped[0]
    assert (first.right_before, first.right_now) == (1.0, pytest.approx(0.0))
    assert first.answer_now == (first.label + 1) % 10


def test_what_changed_is_told_with_a_regression():
    row = make_row(BASELINE)
    packages = {"keras": "3.16.0", "numpy": "2.4.0", "tensorflow": "2.21.0"}
    new = make_runs(np.full(3, 0.97), packages=packages, source_hash="6" * 64)
    words = sentence(decide(row, new, TERMS))
    assert "keras 3.15.1 → 3.16.0" in words
    assert "the architecture's code" in words


# --- what can be compared ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dataset": "digits"}, "the baseline is on mnist"),
        ({"dataset_fingerprint": "e" * 64}, "fingerprint eeeeeeee"),
        ({"protocol_version": 2}, "protocol is version 2, 1 in the baseline"),
        ({"precision": "mixed_bfloat16"}, "--precision float32"),
        ({"backend": "jax"}, "--backend tensorflow"),
        (
            {"recipe": {"batch_size": 128, "epochs": 4, "optimizer": {"name": "adam"}}},
            "epochs 5.0 → 4.0",
        ),
    ],
)
def test_what_would_be_another_question_is_not_compared(change, words):
    found = obstacles(make_identity(), make_identity(**change))
    assert len(found) == 1
    assert words in found[0]


@pytest.mark.parametrize(
    "change", [{"source_hash": "6" * 64}, {"threads": 2}, {"device": "gpu"}, {"packages": {}}]
)
def test_what_a_check_is_there_for_is_compared(change):
    assert obstacles(make_identity(), make_identity(**change)) == []
    assert len(changes(make_identity(), make_identity(**change))) >= 1


def test_a_recipe_change_is_compared_when_allowed():
    recipe = {"batch_size": 128, "epochs": 4, "optimizer": {"name": "adam"}}
    one, other = make_identity(), make_identity(recipe=recipe)
    assert obstacles(one, other, allow_recipe_change=True) == []
    assert changes(one, other) == ("epochs 5.0 → 4.0",)


# --- costs ------------------------------------------------------------------------------------


def timed(seconds, **fields):
    return [make_run(0.98, i, train_seconds=s, **fields) for i, s in enumerate(seconds)]


def references(runs, seconds=1.0):
    """A reference run beside each of ``runs``, that takes ``seconds`` (a number, or one each)."""
    values = np.broadcast_to(seconds, len(runs))
    return [
        make_record(
            NAME,
            100 + i,
            train_seconds=float(value),
            context={"started_at": run.record.context.started_at},
            packages=run.record.cell.packages,
            machine=run.record.machine,
        )
        for i, (run, value) in enumerate(zip(runs, values, strict=True))
    ]


def judge_time(old, new, hour=1.0):
    """Judge with references beside all runs; the new ones' hour is ``hour`` times as slow."""
    beside = References(references(old), references(new, hour))
    return judge_cost("training time", old, new, 0.1, 0.05, beside)


def test_a_training_time_that_doubled_is_a_regression():
    old, new = timed([10, 10.2, 9.9, 10.1]), timed([20, 20.3])
    verdict = judge_time(old, new)
    assert verdict.outcome == 1
    assert verdict.growth == pytest.approx(1.0, abs=0.05)


def test_a_training_time_that_stayed_is_no_worse_after_one_run():
    assert judge_time(timed([10, 10.2, 9.9, 10.1]), timed([10.05])).outcome == 0


def test_a_slower_hour_is_no_regression_and_hides_none():
    old = timed([10, 10.2, 9.9, 10.1])
    assert judge_time(old, timed([13, 13.2]), hour=1.3).outcome == 0
    slower = judge_time(old, timed([1.2 * 13, 1.2 * 13.2]), hour=1.3)  # by twice the margin
    assert slower.outcome == 1
    assert slower.growth == pytest.approx(0.2, abs=0.03)
    assert judge_time(old, timed([12, 12.2]), hour=0.8).outcome == 1


def test_noisy_times_cannot_tell():
    assert judge_time(timed([10, 13, 9, 11]), timed([11])).outcome == 3


def test_time_without_reference_runs_is_never_a_pass():
    old, new = timed([10, 10.2, 9.9, 10.1]), timed([10.05])
    verdict = judge_cost("training time", old, new, 0.1, 0.05)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "until: bench baseline update --time-reference" in verdict.reason
    only_old = judge_cost("training time", old, new, 0.1, 0.05, References(references(old)))
    assert only_old.outcome is Outcome.NOT_COMPARABLE
    assert "beside a reference run" in only_old.reason


def test_a_reference_with_other_packages_cannot_tell_what_they_cost():
    old = timed([10, 10.2, 9.9, 10.1])
    new = timed([13], packages={"keras": "99"})
    verdict = judge_time(old, new)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "other packages" in verdict.reason


def test_a_run_stands_beside_the_reference_runs_just_before_and_after_it():
    def at(minute, **fields):
        clock = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00+00:00"
        return make_record(context={"started_at": clock}, **fields)

    beside = [at(m, architecture=NAME, seed=m) for m in (0, 50, 70, 100)]
    shared = at(59, architecture=NAME, seed=1, exclusive=False)
    elsewhere = at(59, architecture=NAME, seed=2, machine=make_machine("Other CPU"))

    def near(minute):
        found = neighbors(at(minute), [*beside[::-1], shared, elsewhere])
        return [record.cell.seed for record in found]

    assert [near(m) for m in (60, 71, 130)] == [[50, 70], [70, 100], [100]]
    assert near(300) == []  # the machine has moved on


def test_a_reference_run_is_trained_first_in_every_round_that_trains_anything(tmp_path):
    cells = [at_seed(template(), seed) for seed in range(3)]
    store = RecordStore(tmp_path)
    recorded = [make_record(NAME, 4), make_record("net", 9)]
    interleaving = Interleaving.beside(cells[0], store, recorded)
    order = [cell.identity for cell in interleaving([cells[:2], [], cells[2:]])]
    assert [i.architecture for i in order] == [NAME, "net", "net", NAME, "net"]
    assert [i.seed for i in order if i.architecture == NAME] == [5, 6]  # none is overwritten


def test_seeds_of_a_check_are_trained_beside_those_of_the_baseline(tmp_path):
    write_runs(RecordStore(tmp_path), make_runs([0.98] * 4, architecture="net"))
    baseline = load_baseline(tmp_path)
    (contest,), _ = make_contests(
        [template()], baseline, TERMS, together=lambda cells: trained_together(cells, 4)
    )
    first, later = contest.next_cells(1), contest.cells(contest.seeds)[4:6]
    assert first[0].identity.together.seeds == [0, 1, 2, 3]
    assert [cell.identity.together.seeds for cell in later] == [[4, 5, 6, 7]] * 2


def test_what_is_left_open_is_as_all_of_the_baseline_has_it():
    many = {"backend": "jax", "device": "gpu", "together": Together(seeds=[0, 1])}
    records = [make_record(seed=seed, precision="mixed_bfloat16", **many) for seed in (0, 1)]
    found = as_recorded(RunRequest(), records)
    how = (found.backend, found.device, found.precision, found.threads, found.seeds_at_once)
    assert how == ("jax", "gpu", "mixed_bfloat16", 1, 2)
    assert as_recorded(RunRequest(backend="torch", seeds_at_once=1), records).backend == "torch"
    mixed = as_recorded(RunRequest(), [*records, make_record()])
    assert (mixed.backend, mixed.precision) == (None, "float32")


def test_an_update_keeps_the_reference_runs_of_the_others_and_drops_what_none_needs(tmp_path):
    def with_reference(name, hour, seed):
        clock = {"started_at": f"2026-01-01T{hour:02}:00:00+00:00"}
        runs = [make_run(0.98, s, name, context=clock) for s in range(2)]
        return [*runs, make_run(0.9, seed, NAME, context=clock)]

    for number, (name, hour) in enumerate([("net", 0), ("other", 6), ("net", 12)]):
        update_baseline(tmp_path, with_reference(name, hour, number), make_update())
    found = load_baseline(tmp_path)
    assert sorted(found.records) == ["net", "other"]
    assert NAME not in found.manifest.first
    assert {r.cell.seed for r in found.references} == {1, 2}  # that of the first update is gone


def test_another_machine_is_not_comparable_and_never_a_pass():
    new = timed([10.0], machine=make_machine(fingerprint="0" * 16))
    verdict = judge_time(timed([10, 10.1]), new)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert "fingerprint" in verdict.reason


def test_a_run_that_shared_its_cores_has_no_time():
    verdict = judge_time(timed([10, 10.1]), timed([10.0], exclusive=False))
    assert verdict.outcome is Outcome.NOT_COMPARABLE


def test_memory_is_gated_by_itself():
    def with_memory(values):
        runs = timed([10.0] * len(values))
        return [
            Run(run.record.model_copy(update={"peak_memory_bytes": v}), run.read)
            for run, v in zip(runs, values, strict=True)
        ]

    old = with_memory([2**30, 2**30 + 10_000, 2**30])
    assert judge_cost("peak memory", old, with_memory([2**30]), 0.05, 0.05).outcome == 0
    assert judge_cost("peak memory", old, with_memory([2**31]), 0.05, 0.05).outcome == 1


def with_latency(values, **fields):
    """Runs whose training took ever longer, and that answer one image in ``values`` seconds."""
    runs = timed(10.0 * 2 ** np.arange(len(values)), **fields)
    return [
        Run(
            run.record.model_copy(
                update={"timing": run.record.timing.model_copy(update={"latency_seconds": value})}
            ),
            run.read,
        )
        for run, value in zip(runs, values, strict=True)
    ]


def judge_latency(old, new):
    sides = (references(runs) for runs in (old, new))
    known = [[r.model_copy(update={"timing": fast(r.timing)}) for r in side] for side in sides]
    return judge_cost("inference latency", old, new, 0.1, 0.05, References(*known))


def fast(timing):
    return timing.model_copy(update={"latency_seconds": 1e-4})


def test_latency_is_gated_by_itself():
    old = with_latency([1e-3, 1.02e-3, 0.99e-3, 1.01e-3])
    assert judge_latency(old, with_latency([1.005e-3])).outcome == 0
    slower = judge_latency(old, with_latency([2e-3, 2.03e-3]))
    assert slower.outcome == 1
    assert slower.growth == pytest.approx(1.0, abs=0.05)
    assert judge_latency(with_latency([1e-3, 1.5e-3, 0.8e-3]), with_latency([1e-3])).outcome == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (with_latency([None] * 4), with_latency([1e-3]), "the baseline has 0 runs with a latency"),
        (with_latency([1e-3] * 4), with_latency([None]), "this check has no runs with a latency"),
        (with_latency([1e-3] * 4), with_latency([1e-3], exclusive=False), "cores to themselves"),
        (with_latency([1e-3] * 4, exclusive=False), with_latency([1e-3]), "the baseline has 0"),
        (
            with_latency([1e-3] * 4),
            with_latency([1e-3], machine=make_machine(fingerprint="0" * 16)),
            "on a machine of this fingerprint (0000000000000000)",
        ),
    ],
    ids=["old records", "not measured", "not alone", "baseline not alone", "other machine"],
)
def test_a_latency_that_is_missing_or_from_elsewhere_is_never_a_pass(old, new, words):
    verdict = judge_latency(old, new)
    assert verdict.outcome is Outcome.NOT_COMPARABLE
    assert words in verdict.reason


def test_the_gravest_of_accuracy_and_costs_is_the_architectures_answer():
    row = make_row(BASELINE)
    terms = Terms(cost_margins={"training time": 0.1})
    slow = [
        Run(
            run.record.model_copy(
                update={"timing": run.record.timing.model_copy(update={"train_seconds": 50.0})}
            ),
            run.read,
        )
        for run in row.runs[:1]
    ]
    beside = References(references(row.runs), references(slow))
    verdict = decide(row, slow, terms, beside)
    assert verdict.identical
    assert verdict.overall is Outcome.REGRESSED
    assert "Training time regressed: 400.0%" in sentence(verdict)


def check_of_time(seconds_and_cores, old=(10, 10.3, 9.8, 10.1, 9.9), margin=0.1):
    """Return what `decide` says of new runs that have the baseline's bits, and took these times."""
    baseline = timed(old)
    new = [
        make_run(0.98, i, train_seconds=seconds, exclusive=alone)
        for i, (seconds, alone) in enumerate(seconds_and_cores)
    ]
    terms = Terms(cost_margins={"training time": margin})
    beside = References(references(baseline), references(new))
    return decide(row_of(baseline), new, terms, beside)


def test_time_is_judged_by_a_further_run_where_the_first_shared_its_cores():
    assert check_of_time([(30, False)]) is None
    found = check_of_time([(30, False), (10, True)])
    assert found.identical
    assert found.new_seeds == (0, 1)
    assert [cost.outcome for cost in found.costs] == [Outcome.NO_WORSE]
    assert check_of_time([(30, False), (15, True)]).overall is Outcome.REGRESSED


def test_time_is_judged_once_by_as_many_runs_as_the_spread_of_the_baseline_asks_for():
    wide = (10, 11, 9, 10.5, 9.5)
    spoken = [
        next(n for n in range(1, 9) if check_of_time([(seconds, True)] * n, wide, 0.15))
        for seconds in (10, 11.5, 13)
    ]
    assert spoken[0] > 1
    assert len(set(spoken)) == 1  # whatever the new runs took


def test_times_beside_busy_neighbors_are_not_compared_with_times_without():
    def beside(share, run):
        timing = run.record.timing.model_copy(update={"elsewhere_cpu_share": share})
        return Run(run.record.model_copy(update={"timing": timing}), run.read)

    old, new = timed([10, 10.2, 9.9, 10.1]), timed([13, 13.2])
    busy = judge_time(old, [beside(0.9, run) for run in new])
    assert busy.outcome is Outcome.REGRESSED  # of older records nobody knows
    quiet = [beside(0.03, run) for run in old]
    busy = judge_time(quiet, [beside(0.9, run) for run in new])
    assert busy.outcome is Outcome.NOT_COMPARABLE
    assert "3% busy beside the baseline's runs and 90% beside these" in busy.reason
    assert judge_time(quiet, [beside(0.1, run) for run in new]).outcome is Outcome.REGRESSED
    elsewhere = timed([10, 10.1], machine=make_machine("Other CPU", "e" * 16))
    busy_there = [*quiet, *(beside(1.0, run) for run in elsewhere)]
    assert judge_time(busy_there, [beside(0.03, run) for run in new]).outcome is Outcome.REGRESSED


def test_runs_that_are_timed_are_trained_one_at_a_time_unless_more_are_asked_for():
    for asked, jobs in ((None, 1), (2, 2)):
        run = RunRequest("quick", jobs=asked).resolve()
        assert knowing_it(run).request.jobs == jobs


def test_a_machine_that_never_has_its_cores_to_itself_is_given_up_on():
    found = check_of_time([(10, False)] * 2)
    assert found.overall is Outcome.NOT_COMPARABLE
    assert "timed runs beside a reference run" in found.costs[0].reason


def test_a_run_that_fails_while_time_is_judged_is_the_answer():
    baseline = timed([10, 10.3, 9.8])
    new = [make_run(0.98, 0, exclusive=False), Run(make_failed(seed=1), lambda: None)]
    terms = Terms(cost_margins={"training time": 0.1})
    beside = References(references(baseline), references(new[:1]))
    assert decide(row_of(baseline), new, terms, beside).outcome is Outcome.CRASHED


# --- the whole check --------------------------------------------------------------------------


def template(architecture="net", **changes):
    identity = make_identity(architecture, 0, **changes)
    return Cell(identity=identity, suite="test", variant="published")


@pytest.fixture
def baseline(tmp_path):
    """Ten runs each of ``net`` and ``other``."""
    store = RecordStore(tmp_path / "baseline")
    for name in ("net", "other"):
        write_runs(store, make_runs(BASELINE, architecture=name))
    return load_baseline(tmp_path / "baseline")


def run_check(
    baseline, tmp_path, accuracy, terms=TERMS, jobs=1, names=("net",), slow="", **options
):
    store = RecordStore(tmp_path / "work")
    trainer = FakeTrainer(store, accuracy, workers=jobs, slow=slow)
    contests, verdicts = make_contests([template(name) for name in names], baseline, terms)
    verdicts += check(contests, store, trainer, terms, jobs, **options)
    return verdicts, trainer.trained


def noisy(mean, sd=0.0006):
    draws = spread(mean, sd, 30, 5)
    return lambda name, seed: float(draws[seed])


def test_nothing_changed_takes_one_run_of_each(baseline, tmp_path):
    verdicts, trained = run_check(
        baseline, tmp_path, lambda name, seed: float(BASELINE[seed]), names=("net", "other")
    )
    assert [v.identical for v in verdicts] == [True, True]
    assert trained == [("net", 0), ("other", 0)]


def test_a_baseline_of_another_processor_fills_every_worker_at_once(baseline, tmp_path):
    """No run can be identical there, so that looking at one of each would only leave cores idle."""
    draw, names = noisy(0.9801), ("net", "other")
    there, _ = run_check(baseline, tmp_path / "a", draw, jobs=2, names=names)
    here, trained = run_check(baseline, tmp_path / "b", draw, jobs=2, names=names, elsewhere=True)
    assert [v.look for v in here] == [v.look for v in there]
    assert trained[:3] == [("net", 0), ("other", 0), ("net", 1)]
    _, trained = run_check(baseline, tmp_path / "c", draw, jobs=3, elsewhere=True)
    assert trained[:3] == [("net", 0), ("net", 1), ("net", 2)]


def test_a_decided_architecture_is_not_trained_further(baseline, tmp_path):
    draw = noisy(0.9801)
    verdicts, trained = run_check(
        baseline,
        tmp_path,
        lambda name, seed: 0.9 if name == "net" else draw(name, seed),
        names=("net", "other"),
    )
    assert [v.outcome for v in verdicts] == [1, 0]
    assert [seed for name, seed in trained if name == "net"] == [0, 1]
    assert len([seed for name, seed in trained if name == "other"]) > 2


def test_a_second_look_with_other_seeds_has_to_confirm_a_regression(baseline, tmp_path):
    terms = dataclasses.replace(TERMS, rotate=True)
    draw = noisy(0.9801)
    (real,), trained = run_check(baseline, tmp_path / "a", lambda name, seed: 0.97, terms)
    assert real.outcome is Outcome.REGRESSED
    assert [seed for _, seed in trained] == [0, 1, 20, 21]

    def unlucky(name, seed):
        return 0.97 if seed < 2 else draw(name, seed % 30)

    (luck,), trained = run_check(baseline, tmp_path / "b", unlucky, terms)
    assert luck.outcome is Outcome.INCONCLUSIVE
    assert "a second with other seeds does not confirm it" in sentence(luck)
    assert luck.new_seeds[:2] == (0, 1)
    assert min(luck.new_seeds[2:]) >= terms.max_seeds
    assert run_check(baseline, tmp_path / "c", unlucky)[0][0].outcome is Outcome.REGRESSED


def test_a_divergence_needs_no_second_look(baseline, tmp_path):
    terms = dataclasses.replace(TERMS, rotate=True)
    (verdict,), trained = run_check(baseline, tmp_path, lambda name, seed: None, terms)
    assert verdict.outcome is Outcome.REGRESSED
    assert len(trained) == 1


def test_several_workers_give_the_verdict_of_one(baseline, tmp_path):
    alone, _ = run_check(baseline, tmp_path / "a", noisy(0.979))
    together, trained = run_check(baseline, tmp_path / "b", noisy(0.979), jobs=4)
    assert together[0].look == alone[0].look
    assert trained[:5] == [("net", seed) for seed in range(5)]


def test_what_is_in_hand_when_all_is_decided_is_not_waited_for(baseline, tmp_path):
    _, alone = run_check(baseline, tmp_path / "a", noisy(0.9801))
    (verdict,), trained = run_check(baseline, tmp_path / "b", noisy(0.9801), jobs=4)
    assert trained[: len(alone)] == alone
    assert len(trained) <= len(alone) + 3
    written = RecordStore(tmp_path / "b" / "work").read_all()[0]
    assert sorted(r.cell.seed for r in written) == sorted(verdict.new_seeds)


def test_a_worker_goes_to_the_architecture_that_is_surest_to_need_another_run(baseline, tmp_path):
    """Of which nothing is in hand: the run in hand of another one may decide."""
    names = ("net", "other")
    verdicts, trained = run_check(
        baseline, tmp_path, noisy(0.9801), jobs=2, names=names, slow="other"
    )
    seeds = len(verdicts[0].new_seeds)
    assert trained[:2] == [("net", 0), ("other", 0)]
    assert trained[2 : seeds + 1] == [("net", seed) for seed in range(1, seeds)]
    assert trained[seeds + 1] == ("other", 1)


def test_a_check_that_judges_times_has_two_runs_of_a_round_for_every_worker():
    assert [seeds_ahead(contests, jobs=2) for contests in (1, 2, 3, 4)] == [4, 2, 2, 1]
    assert seeds_ahead(3, jobs=8) == 6


def test_an_interrupted_check_goes_on_where_it_stopped(baseline, tmp_path):
    draw = noisy(0.9801)

    def interrupted(name, seed):
        if seed == 3:
            raise KeyboardInterrupt
        return draw(name, seed)

    with pytest.raises(KeyboardInterrupt):
        run_check(baseline, tmp_path, interrupted)
    verdicts, trained = run_check(baseline, tmp_path, draw)
    assert trained[0] == ("net", 3)
    assert verdicts[0].new_seeds[0] == 0
    assert verdicts[0].outcome == 0


def test_a_crash_is_tried_again_and_a_divergence_is_not(baseline, tmp_path):
    first, _ = run_check(baseline, tmp_path / "crash", lambda name, seed: -1.0)
    assert first[0].outcome is Outcome.CRASHED
    again, trained = run_check(baseline, tmp_path / "crash", noisy(0.9801))
    assert again[0].outcome == 0
    assert trained[0] == ("net", 0)
    run_check(baseline, tmp_path / "diverged", lambda name, seed: None)
    verdicts, trained = run_check(baseline, tmp_path / "diverged", noisy(0.9801))
    assert verdicts[0].outcome == 1
    assert trained == []


def test_the_baselines_seeds_come_first_and_its_failed_ones_never():
    row = row_of([*make_runs([0.98, 0.98]), Run(make_failed(seed=3), lambda: None)])
    assert check_seeds(row, 6) == (0, 1, 2, 4, 5, 6)
    assert check_seeds(row, 1) == (0,)


def test_new_and_gone_architectures_are_named_and_count_unless_excused(baseline):
    contests, verdicts = make_contests([template("newcomer")], baseline, TERMS)
    verdicts.append(gone("veteran", TERMS))
    assert contests == []
    assert worst(verdicts) is Outcome.NOT_COMPARABLE
    assert "--allow-new newcomer" in sentence(verdicts[0])
    assert "--allow-gone veteran" in sentence(verdicts[1])
    lenient = Terms(allow_new=True, allow_gone=True)
    excused = make_contests([template("newcomer")], baseline, lenient)[1]
    assert worst([*excused, gone("veteran", lenient)]) is Outcome.NOT_COMPARABLE  # nothing was
    assert worst([*excused, Verdict("kept", Outcome.NO_WORSE, 0.1)]) is Outcome.NO_WORSE


def test_what_cannot_be_compared_is_not_trained(baseline, tmp_path):
    contests, verdicts = make_contests([template(precision="mixed_float16")], baseline, TERMS)
    assert contests == []
    assert verdicts[0].outcome is Outcome.NOT_COMPARABLE


def test_an_architecture_whose_baseline_runs_all_failed_is_not_comparable(tmp_path):
    store = RecordStore(tmp_path)
    store.write(make_failed(kind="diverged"), None)
    _, verdicts = make_contests([template()], load_baseline(tmp_path), Terms(allow_new=True))
    assert worst(verdicts) is Outcome.NOT_COMPARABLE


def test_the_gravest_answer_is_the_checks():
    def verdict(outcome):
        return Verdict("net", outcome, 0.001)

    everything = [verdict(outcome) for outcome in Outcome]
    assert worst(everything) is Outcome.REGRESSED
    assert worst([verdict(Outcome.INCONCLUSIVE), verdict(Outcome.NO_WORSE)]) == 3
    assert worst([verdict(Outcome.NOT_COMPARABLE), verdict(Outcome.INCONCLUSIVE)]) == 4
    assert worst([]) == 4  # a check that compared nothing has not found it no worse


# --- baselines on disk ------------------------------------------------------------------------


def test_a_missing_an_empty_and_a_damaged_baseline_are_users_mistakes(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        load_baseline(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no records"):
        load_baseline(tmp_path)
    folder = tmp_path / "records" / "net"
    folder.mkdir(parents=True)
    (folder / "mnist-seed-0-0123456789abcdef.json").write_text('{"schema_version": 99}')
    with pytest.raises(UserError, match="record schema 99"):
        load_baseline(tmp_path)


def test_the_records_folder_itself_is_understood(baseline, tmp_path):
    assert load_baseline(tmp_path / "baseline" / "records").records.keys() == {"net", "other"}


def test_an_update_replaces_its_architecture_and_leaves_the_others(tmp_path):
    update_baseline(tmp_path, make_runs(BASELINE[:3]), make_update())
    update_baseline(tmp_path, make_runs(BASELINE[:3], architecture="other"), make_update())
    newer = make_runs(BASELINE[:2], source_hash="6" * 64)
    removed = update_baseline(tmp_path, newer, make_update("faster layers"))
    assert len(removed) == 3
    found = load_baseline(tmp_path)
    assert [r.cell.source_hash[0] for r in found.records["net"]] == ["6", "6"]
    assert len(found.records["other"]) == 3
    assert [entry.reason for entry in found.manifest.updates] == ["first", "first", "faster layers"]
    assert len(list((tmp_path / "records" / "net").glob("*.npz"))) == 2


def test_an_update_with_the_same_runs_keeps_them(tmp_path):
    runs = make_runs(BASELINE[:2])
    update_baseline(tmp_path, runs, make_update())
    assert update_baseline(tmp_path, runs, make_update("again")) == []
    assert len(load_baseline(tmp_path).records["net"]) == 2


def test_a_manifest_of_a_newer_version_or_none_at_all_is_a_users_mistake(tmp_path):
    write_runs(RecordStore(tmp_path), make_runs(BASELINE[:2]))
    (tmp_path / "baseline.json").write_text(json.dumps({"manifest_version": 2, "words": []}))
    with pytest.raises(UserError, match="newer version"):
        load_baseline(tmp_path)
    (tmp_path / "baseline.json").write_text("[]")
    with pytest.raises(UserError, match="not a baseline's manifest"):
        load_baseline(tmp_path)


def test_two_versions_of_one_architecture_are_not_mixed(tmp_path):
    store = RecordStore(tmp_path)
    write_runs(store, make_runs(BASELINE[:2]))
    write_runs(store, make_runs(BASELINE[:2], source_hash="6" * 64))
    with pytest.raises(UserError, match="2 versions of net"):
        load_baseline(tmp_path).row(make_identity())


def test_of_two_recipes_the_one_that_is_checked_is_the_baseline(tmp_path):
    store = RecordStore(tmp_path)
    write_runs(store, make_runs(BASELINE[:2]))
    longer = {"batch_size": 128, "epochs": 9, "optimizer": {"name": "adam"}}
    write_runs(store, make_runs(BASELINE[:3], recipe=longer))
    found = load_baseline(tmp_path)
    assert len(found.row(make_identity()).runs) == 2
    assert len(found.row(make_identity(recipe=longer)).runs) == 3


def test_on_other_data_the_baseline_is_what_else_fits_and_of_one_data(tmp_path):
    store = RecordStore(tmp_path)
    longer = {"batch_size": 128, "epochs": 9, "optimizer": {"name": "adam"}}
    for recipe in (make_identity().recipe, longer):
        for fingerprint, first_seed in (("c", 0), ("d", 5)):
            fields = {"recipe": recipe, "dataset_fingerprint": fingerprint * 64}
            write_runs(store, make_runs(BASELINE[:2], first_seed, **fields))
    found = load_baseline(tmp_path)
    for recipe in (make_identity().recipe, longer):
        row = found.row(make_identity(recipe=recipe, dataset_fingerprint="e" * 64))
        assert row.cell.recipe == recipe
        assert [run.seed for run in row.runs] in ([0, 1], [5, 6])


def test_the_workspace_is_of_this_code_and_hidden_from_git(tmp_path):
    store = open_workspace(tmp_path / "work")
    assert store.directory.parent == tmp_path / "work"
    assert (tmp_path / "work" / ".gitignore").read_text() == "*\n"
    write_runs(store, make_runs(BASELINE[:1]))
    assert len(open_workspace(tmp_path / "work").paths()) == 1
    assert len(open_workspace(tmp_path / "work", fresh=True).paths()) == 0


# --- in words and for machines ----------------------------------------------------------------


@pytest.fixture
def result():
    """A check with one verdict of each kind."""
    row = make_row(BASELINE)
    noisy_row = make_row(spread(0.98, 0.0015, 10), architecture="wide")
    wide = make_runs(spread(0.9795, 0.0015, 20, 1), architecture="wide")
    verdicts = (
        decide(row, [row.runs[0]], TERMS),
        decide(row, make_runs([0.97, 0.97, 0.97]), TERMS),
        decide(noisy_row, wide, TERMS),
        gone("veteran", TERMS),
        gone("a | b: 100%", Terms(allow_gone=True)),
    )
    return CheckResult("quick", "digits", "baselines/quick", TERMS, verdicts, reason="first")


def test_junit_says_failure_only_of_a_regression_and_never_passes_what_is_open(result):
    root = ElementTree.fromstring(junit_xml(result))
    cases = root.findall("testsuite/testcase")
    kinds = [[child.tag for child in case] for case in cases]
    assert kinds == [["system-out"], ["failure"], ["error"], ["error"], ["skipped"]]
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "2")
    assert "regressed" in cases[1].find("failure").get("message")


def test_json_has_the_exit_code_and_every_sentence(result):
    plain = json.loads(json.dumps(facts(result)))
    assert plain["exit_code"] == 1
    assert plain["outcome"] == "regressed"
    assert [v["outcome"] for v in plain["verdicts"]][:3] == [
        "no worse",
        "regressed",
        "cannot tell",
    ]
    assert plain["verdicts"][1]["look"]["drop"] == pytest.approx(0.01, abs=0.001)


def test_annotations_are_one_escaped_line_each(result):
    lines = annotations(result)
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::error"]
    assert all("\n" not in line for line in lines)
    assert "title=bench check%3A net::" in lines[0]
    assert "%25" in lines[0]


def test_terminal_and_markdown_show_every_architecture_and_sentence(result):
    for text in (
        table.render_sections([section(result)]),
        markdown.render_sections([section(result)]),
    ):
        words = " ".join(text.split())
        for part in ("Something regressed", "veteran", "cannot tell", "images that flipped"):
            assert part in words
        assert "--familywise" in words.replace("\\", "")


# Groups of images ---------------------------------------------------------------------------------


def test_the_drop_on_images_like_these_draws_the_groups_that_are_known():
    runs, changed = make_runs(BASELINE), make_runs(BASELINE - 0.01, first_seed=10)
    groups = ImageGroups(np.arange(10_000) % 40, "patients")
    told = [dataclasses.replace(run, read_groups=lambda: groups) for run in runs]
    plain, grouped = decide(row_of(runs), changed, TERMS), decide(row_of(told), changed, TERMS)
    assert (plain.population_groups, grouped.population_groups) == (None, 40)
    assert grouped.population.difference == plain.population.difference
    assert grouped.population.standard_error > plain.population.standard_error
    assert grouped.look == plain.look  # on these images nothing but seeds is chance


def test_a_baseline_keeps_the_groups_of_its_images(tmp_path):
    groups = ImageGroups(np.arange(10_000) % 40, "patients")
    runs = [dataclasses.replace(run, read_groups=lambda: groups) for run in make_runs(BASELINE[:3])]
    update_baseline(tmp_path, runs, make_update())
    cell = runs[0].record.cell
    found = RecordStore(tmp_path).groups.of(cell.dataset, cell.dataset_fingerprint)
    assert str(found) == "40 patients"


def test_a_seed_of_the_baseline_that_collapsed_is_why_nothing_can_be_told():
    row = make_row([*BASELINE[:9], 0.1135])
    verdict, _ = seed_by_seed(row, make_runs(spread(0.97, 0.0006, 20, 1), first_seed=20))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "Seed 9 of the baseline collapsed (11.35%, its others have 98." in sentence(verdict)
    assert "would decide" not in sentence(verdict)


def test_two_seeds_of_the_baseline_that_collapsed_are_both_told():
    row = make_row([0.1135, *BASELINE[:8], 0.0980])
    verdict, _ = seed_by_seed(row, make_runs(spread(0.97, 0.0006, 20, 1), first_seed=20))
    assert "Seeds 0, 9 of the baseline collapsed (11.35%, 9.80%, its" in sentence(verdict)


def test_a_wide_baseline_of_which_no_seed_collapsed_asks_for_seeds():
    row = make_row(spread(0.98, 0.0015, 10))
    verdict, _ = seed_by_seed(row, make_runs(spread(0.9795, 0.0015, 20, 1)))
    assert not verdict.reason


def test_a_margin_is_said_however_small_it_is():
    terms = dataclasses.replace(TERMS, margin=2e-9)
    runs = make_runs(spread(0.98, 0.0006, 20, 1), first_seed=20)
    verdict, _ = seed_by_seed(make_row(BASELINE), runs, terms)
    assert "margin 2e-07" in sentence(verdict)
