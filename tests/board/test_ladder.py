"""The ladder: a suite's rungs in its order, what each added and cost, and the targets."""

import re
import shutil

import numpy as np
import pytest
from ninetynine import suite as suites
from ninetynine.board import build_boards
from ninetynine.board.boards import board_key, make_rows
from ninetynine.board.ladder import PersistentErrors, load_ladders, persistent_errors
from ninetynine.board.run import Run
from ninetynine.board.targets import Candidate, judge_targets
from ninetynine.board.training_time import relative_time, training_flops
from ninetynine.cells import Cell
from ninetynine.ensembles import Vote, derive
from ninetynine.errors import UserError
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from ninetynine.statistics import summarize
from record_builders import (
    PACKAGES,
    draw_wrong,
    make_architecture,
    make_failed,
    make_machine,
    make_record,
    write_run,
)

LADDER = """
description = "Three rungs and a vote."
dataset = "mnist"
seeds = "0-5"
timing_reference = "t3_deep_cnn"
targets = "ladder"
architectures = [
    "low",
    {name = "middle", adds = "a second layer"},
    {name = "high", adds = "less rounding", over = "low", precision = "mixed_bfloat16"},
    {name = "later", adds = "something to come"},
]

[[ensembles]]
name = "vote"
members = ["middle"]
size = 3
replicates = 2
adds = "a vote of three"
over = "middle"
"""
IMAGES = 10_000
REFERENCE = "t3_deep_cnn"
TARGETS = suites.load("ladder").targets
NAMES = ("low", "middle", "high", "later", REFERENCE)
CATALOG = {name: make_architecture(name) for name in NAMES}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    path = tmp_path_factory.mktemp("suite") / "ladder.toml"
    path.write_text(LADDER)
    return suites.load(str(path))


def write_row(store, name, rate, seeds=6, train_seconds=10.0, start=0, **fields):
    return [
        write_run(
            store,
            name,
            seed,
            wrong=draw_wrong(rate, 100 * len(name) + seed, IMAGES),
            images=IMAGES,
            train_seconds=train_seconds + seed,
            context={"suite": "ladder"},
            **fields,
        )
        for seed in range(start, start + seeds)
    ]


def bfloat16_machine():
    """The same machine: its fingerprint differs because the precision is part of it."""
    return make_machine(fingerprint="b" * 16)


@pytest.fixture(scope="module")
def ladder_read(tmp_path_factory):
    """The records of the ladder, which tests only read."""
    store = RecordStore(tmp_path_factory.mktemp("ladder"))
    write_row(store, "low", 0.02)
    members = write_row(store, "middle", 0.01, train_seconds=20.0)
    precise = {"precision": "mixed_bfloat16", "machine": bfloat16_machine()}
    write_row(store, "high", 0.0105, train_seconds=5.0, **precise)
    write_row(store, REFERENCE, 0.009, train_seconds=200.0)
    ensemble = suites.Ensemble("vote", ("middle",), 3, 2, "float32")
    cells = [Cell(identity=r.cell, suite="ladder", variant="published") for r in members]
    votes = [Vote(ensemble, replicate, tuple(cells[3 * replicate :][:3])) for replicate in (0, 1)]
    derive(votes, store)
    return store


@pytest.fixture
def ladder_store(ladder_read, tmp_path):
    """A copy of these records, to write to."""
    return RecordStore(shutil.copytree(ladder_read.directory, tmp_path / "ladder"))


@pytest.fixture(scope="module")
def steps(ladder_read, suite):
    (ladder,) = load_ladders(ladder_read, CATALOG, suite)
    return {step.rung.label: step for step in ladder.steps}


# Rungs -------------------------------------------------------------------------------------------


def test_rungs_stand_in_the_order_of_the_suite(steps):
    assert list(steps) == ["low", "middle", "high", "later", "vote"]
    assert steps["later"].row is None
    assert steps["vote"].rung.adds == "a vote of three"


def test_a_rung_is_compared_with_the_one_it_stands_over(steps):
    low, middle, high = (steps[name].row.accuracy.mean for name in ("low", "middle", "high"))
    assert steps["low"].added is None
    assert steps["middle"].added.difference == pytest.approx(middle - low)
    assert steps["high"].added.difference == pytest.approx(high - low)
    assert steps["middle"].added.verdict == "better"
    assert steps["vote"].added.difference == pytest.approx(steps["vote"].row.accuracy.mean - middle)


def test_the_gap_closed_is_linear_from_the_references_start_to_its_goal(steps):
    for step in steps.values():
        if step.row is not None:
            share = (step.row.accuracy.mean - 0.9906) / (0.9979 - 0.9906)
            assert step.gap_closed == pytest.approx(share)


def test_a_rung_in_one_precision_is_not_a_row_in_another(ladder_store, suite):
    write_row(ladder_store, "high", 0.3, precision="float32")
    (ladder,) = load_ladders(ladder_store, CATALOG, suite)
    (high,) = [step for step in ladder.steps if step.rung.label == "high"]
    assert high.row.identity.precision == "mixed_bfloat16"
    assert high.row.name == "high [mixed_bfloat16]"


def test_of_several_rows_the_one_of_the_code_at_hand_is_the_rung(ladder_store, suite):
    write_row(ladder_store, "low", 0.3, seeds=9, source_hash="7" * 64)
    (ladder,) = load_ladders(ladder_store, CATALOG, suite)
    assert ladder.steps[0].row.identity.source_hash == "5" * 64
    assert any("low [source 5555555]; left aside: low [source 7777777]" in n for n in ladder.notes)
    (without,) = load_ladders(ladder_store, {}, suite)
    assert without.steps[0].row.identity.source_hash == "7" * 64  # then the one with most seeds
    assert "low: its code or recipe is not the one in this installation" in without.notes


def test_each_device_has_a_ladder_of_its_own(ladder_store, suite):
    write_row(ladder_store, "low", 0.02, device="gpu", backend="jax", packages={"jax": "0.9"})
    cpu, gpu = load_ladders(ladder_store, CATALOG, suite)
    assert (cpu.device, cpu.backend, gpu.device, gpu.backend) == ("cpu", "tensorflow", "gpu", "jax")
    assert [step.row is None for step in gpu.steps] == [False, True, True, True, True]
    assert gpu.steps[0].time.ratio is None  # the reference was not timed there
    assert cpu.targets
    assert not gpu.targets


def test_before_anything_is_recorded_the_line_says_what_to_run(tmp_path, suite):
    with pytest.raises(UserError, match=r"nothing of suite ladder is recorded in .*bench run"):
        load_ladders(RecordStore(tmp_path / "empty"), CATALOG, suite)


# Costs -------------------------------------------------------------------------------------------


def test_the_relative_time_is_the_median_of_exclusive_runs_beside_the_reference(steps):
    assert steps["low"].time.train_seconds == 12.5
    assert steps["low"].time.runs == 6
    assert steps["low"].time.ratio == pytest.approx(12.5 / 202.5)
    # A vote of three takes as long as its members together.
    assert steps["vote"].time.train_seconds == pytest.approx(np.median([63.0, 72.0]))


def test_another_precision_is_timed_beside_the_reference_in_float32(steps):
    assert steps["high"].time.ratio == pytest.approx(7.5 / 202.5)


@pytest.mark.parametrize(
    "change",
    [
        {"machine": make_machine("Other CPU")},
        {"threads": 2},
        {"packages": {**PACKAGES, "keras": "3.16.0"}},
        {"exclusive": False},
    ],
)
def test_what_ran_under_other_conditions_is_no_reference(change):
    reference = [make_record(REFERENCE, seed, train_seconds=100.0) for seed in range(3)]
    found = relative_time([make_record(train_seconds=10.0, **change)], reference)
    assert found is None if change == {"exclusive": False} else found.ratio is None


def test_of_several_machines_the_one_with_the_reference_counts():
    elsewhere = {"machine": make_machine("Other CPU")}
    records = [make_record(seed=seed, train_seconds=1.0, **elsewhere) for seed in range(3)]
    records.append(make_record(seed=3, train_seconds=10.0))
    found = relative_time(records, [make_record(REFERENCE, train_seconds=100.0)])
    assert (found.train_seconds, found.runs, found.ratio) == (10.0, 1, 0.1)


def at(hour):
    return {"context": {"started_at": f"2026-01-01T{hour:02}:00:00+00:00"}}


def test_a_run_stands_beside_the_reference_runs_nearest_in_time():
    reference = [
        make_record(REFERENCE, seed, train_seconds=seconds, **at(hour))
        for seed, (hour, seconds) in enumerate([(3, 300.0), (8, 200.0), (9, 202.0), (20, 100.0)])
    ]
    for hour, expected in [(0, 300.0), (7, 201.0), (8, 201.0), (16, 100.0)]:
        found = relative_time([make_record(train_seconds=10.0, **at(hour))], reference)
        assert found.reference_seconds == (expected,), hour
        assert found.ratio == pytest.approx(10 / expected)
    runs = [
        make_record(seed=hour, train_seconds=seconds, **at(hour))
        for hour, seconds in [(1, 30.0), (2, 33.0), (21, 5.0)]
    ]
    found = relative_time(runs, reference)
    assert found.reference_seconds == (100.0, 300.0)
    assert found.ratio == pytest.approx(0.1)  # of 0.1, 0.11 and 0.05
    assert found.train_seconds == 30.0


def test_core_seconds_count_every_thread():
    assert relative_time([make_record(train_seconds=600.0, threads=2)], []).core_seconds == 1200.0


def test_training_operations_are_counted_from_multiply_adds_images_and_epochs():
    record = make_record(parameters=500)  # 1,000 multiply-adds an image, 5 epochs
    assert training_flops(record, {}) == 2 * 3 * 1000 * 60_000 * 5
    recipe = {**record.cell.recipe, "epochs": 1.25, "validation_split": 0.1}
    assert (
        training_flops(make_record(parameters=500, recipe=recipe), {}) == 6 * 1000 * 54_000 * 1.25
    )
    assert training_flops(make_record(dataset="mine"), {}) is None


def test_a_vote_takes_the_operations_of_its_members(ladder_read, steps):
    one = steps["middle"].training_flops
    assert steps["vote"].training_flops == 3 * one
    (vote, *_) = [r for r in ladder_read.read_all()[0] if r.kind == "ensemble"]
    assert training_flops(vote, {}) is None  # who voted is not known


# What is left --------------------------------------------------------------------------------


def test_errors_by_chance_are_told_from_errors_of_most_runs():
    wrong_runs = [0, 1, 2, 3, 4, 4]  # of four, by image
    correct = np.array([[run >= wrong for wrong in wrong_runs] for run in range(4)])
    found = persistent_errors(summarize(correct), "digits")
    assert found == PersistentErrors(
        4, pytest.approx(3.5), ever=5, mostly=4, always=2, doubtful=None
    )


@pytest.mark.parametrize("n_seeds", [3, 7, 10, 49])
def test_a_third_of_the_runs_is_counted_and_not_compared_as_a_fraction(n_seeds):
    correct = np.ones((n_seeds, n_seeds + 1), dtype=bool)
    for image in range(n_seeds + 1):
        correct[:image, image] = False  # image k is wrong in k runs
    found = persistent_errors(summarize(correct), "digits")
    assert (found.always, found.mostly, found.ever) == (1, n_seeds // 2 + 1, n_seeds)


def test_doubtful_labels_are_counted_where_people_judged_them():
    correct = np.ones((2, IMAGES), dtype=bool)
    correct[:, [947, 948]] = False  # 947 is doubtful (Northcutt et al., 2021), 948 is not
    assert persistent_errors(summarize(correct), "mnist").doubtful == 1
    assert persistent_errors(summarize(correct[:, :9_999]), "mnist").doubtful is None


def test_a_vote_of_many_runs_errs_on_what_at_least_half_of_them_get_wrong():
    rng = np.random.default_rng(0)
    rate = np.concatenate([np.zeros(900), rng.uniform(0, 0.3, 60), rng.uniform(0.7, 1, 40)])
    correct = rng.random((41, len(rate))) >= rate
    by_head = (correct.sum(axis=0) < 21).sum()
    assert persistent_errors(summarize(correct), "digits").mostly == by_head == 40


# Targets -----------------------------------------------------------------------------------------


def candidate(mean, seconds=100.0, seeds=20, kind="trained", threads=1, precision="float32"):
    """A row of ``seeds`` runs on 10,000 images, which differ by a few errors."""
    errors = np.round((1 - mean) * IMAGES + np.resize([-2, 2], seeds)).astype(int)
    correct = np.ones((seeds, IMAGES), bool)
    for seed, count in enumerate(errors):
        correct[seed, :count] = False
    records = [
        make_record(kind, seed, train_seconds=seconds, threads=threads, precision=precision)
        for seed in range(seeds)
    ]
    reference = [make_record(REFERENCE, train_seconds=240.0, threads=threads)]
    return Candidate(_row(kind, precision), summarize(correct), relative_time(records, reference))


def _row(kind, precision):
    record = make_record(kind, precision=precision).model_copy(update={"kind": kind})
    return make_rows(board_key(record, "published"), [Run(record, lambda: None)])[0]


def answer(number, *candidates):
    return judge_targets(TARGETS, candidates)[number]


FLOAT32, BFLOAT16, CERTIFIED_995, SINGLE, ANYTHING, TEN_MINUTES, AN_HOUR = range(7)


def test_the_targets_are_those_of_the_project():
    assert [round(100 * target.accuracy, 2) for target in TARGETS] == [
        99.06, 99.06, 99.5, 99.7, 99.75, 99.79, 99.82
    ]  # fmt: skip
    assert [target.most_ratio for target in TARGETS] == [1 / 80, 1 / 120, 1 / 12, 1, 1, None, None]
    assert [target.most_core_seconds for target in TARGETS[-2:]] == [1200, 7200]
    assert [target.least_runs for target in TARGETS] == [20, 20, 20, 1, 1, 5, 3]


def test_the_fastest_certified_row_is_the_answer_even_where_it_is_too_slow():
    fast, slow = candidate(0.992, 4.0), candidate(0.999, 8.0)
    found = answer(FLOAT32, slow, fast)
    assert found.best is fast
    assert not found.reached
    assert answer(FLOAT32, candidate(0.992, 3.0)).reached  # 240 / 80


def test_a_mean_at_the_target_is_not_certified():
    assert answer(FLOAT32, candidate(0.9906, 1.0)).best is None


def test_nineteen_seeds_certify_nothing():
    assert answer(FLOAT32, candidate(0.995, 1.0, seeds=19)).best is None


def test_a_bfloat16_row_never_stands_in_for_a_float32_one():
    row = candidate(0.995, 1.0, precision="mixed_bfloat16")
    assert answer(FLOAT32, row).best is None
    assert answer(BFLOAT16, row).reached


def test_the_best_mean_within_the_cost_is_the_answer():
    best, dear = candidate(0.9972, 200.0), candidate(0.9990, 300.0)
    found = answer(SINGLE, candidate(0.9971, 10.0), best, dear)
    assert found.best is best
    assert found.reached
    missed = answer(ANYTHING, best, dear)
    assert (missed.best, missed.reached) == (best, False)


def test_a_vote_is_no_single_model():
    vote = candidate(0.9976, 200.0, seeds=5, kind="ensemble")
    assert answer(SINGLE, vote).best is None
    assert answer(ANYTHING, vote).reached


def test_ten_minutes_of_two_cores_are_1200_core_seconds_and_five_replicates():
    assert answer(TEN_MINUTES, candidate(0.9979, 1200.0, seeds=6)).reached
    assert answer(TEN_MINUTES, candidate(0.9979, 601.0, seeds=6, threads=2)).best is None
    assert answer(TEN_MINUTES, candidate(0.9979, 600.0, seeds=6, threads=2)).reached
    assert answer(TEN_MINUTES, candidate(0.9985, 100.0, seeds=4)).best is None
    assert answer(AN_HOUR, candidate(0.9985, 7200.0, seeds=4)).reached


def test_the_bound_for_images_like_these_is_below_that_for_these_images():
    row = candidate(0.995)
    assert row.lower_bound_population() < row.lower_bound() < row.summary.mean


@pytest.mark.slow
def test_a_row_with_a_failed_seed_reaches_nothing(ladder_store, suite):
    write_row(ladder_store, "fast", 0.0005, seeds=20, train_seconds=0.1)
    best = load_ladders(ladder_store, CATALOG, suite)[0].targets[FLOAT32].best
    assert best.row.name == "fast"  # of another suite, but on the board
    ladder_store.write(make_failed("fast", 20), None)
    assert load_ladders(ladder_store, CATALOG, suite)[0].targets[FLOAT32].best is None


# The page ----------------------------------------------------------------------------------------


def page_of(store, suite):
    return render(Report(store, CATALOG, suite_name=str(suite.path)), "ladder")


def cells_of(page, title, first):
    table = page.partition(f"### {title}")[2].partition("###")[0]
    (line,) = [line for line in table.splitlines() if line.startswith(f"| {first} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_says_what_a_rung_added_and_cost(ladder_read, suite, steps):
    page = page_of(ladder_read, suite)
    assert page == page_of(ladder_read, suite)
    middle = cells_of(page, "What each rung adds", "`middle`")
    assert middle[1] == "a second layer"
    assert middle[3] == "6"
    assert middle[6:8] == ["`low`", f"+{100 * steps['middle'].added.difference:.2f}"]
    assert middle[9] == "better"
    assert cells_of(page, "What each rung adds", "`later`")[2] == "not recorded"
    high = cells_of(page, "What each rung costs", "`high`")
    assert high[1] == "mixed_bfloat16"
    assert high[4:7] == ["7.50", "6", "1/27.0"]
    found = steps["high"].time.ratio_interval
    assert high[7] == f"1/{1 / found.low:.1f}–1/{1 / found.high:.1f}"
    assert high[9] == "3.60 G"
    assert "backward counted as twice forward" in page
    errors = IMAGES * (1 - steps["middle"].row.accuracy.mean)
    assert cells_of(page, "What is left", "`middle`")[1:3] == ["6", f"{errors:.1f}"]
    assert cells_of(page, "What is left", "`later`")[1:] == [""] * 6
    assert page.count("(Northcutt, Athalye and Mueller, 2021).\n") == 1
    assert page.count("no row qualifies") >= 3


def test_a_replicate_that_is_missing_is_told(ladder_store, suite):
    vote = max(
        (r for r in ladder_store.read_all()[0] if r.kind == "ensemble"), key=lambda r: r.cell.seed
    )
    ladder_store.path_of(vote).unlink()
    page = page_of(ladder_store, suite)
    assert cells_of(page, "What each rung adds", "`vote`")[3] == "1 of 2"


def test_a_record_that_cannot_be_read_is_named(ladder_store, suite):
    (damaged, *_) = [r for r in ladder_store.read_all()[0] if r.cell.architecture == "middle"]
    ladder_store.path_of(damaged).write_text("{")
    page = page_of(ladder_store, suite)
    assert f"- {ladder_store.path_of(damaged).relative_to(ladder_store.directory)}: " in page
    assert cells_of(page, "What each rung adds", "`middle`")[3] == "5 of 6"


def test_a_difference_that_cannot_be_told_says_so(tmp_path, suite):
    store = RecordStore(tmp_path / "few")
    for name, wrong in (("low", 300), ("middle", 290)):
        for seed in range(2):
            missed = np.random.default_rng([wrong, seed]).choice(IMAGES, wrong, replace=False)
            write_run(store, name, seed, wrong=missed, images=IMAGES)
    assert cells_of(page_of(store, suite), "What each rung adds", "`middle`")[9] == "undecided"


def test_the_command_writes_the_page(bench, ladder_read, suite, tmp_path):
    asked = ("report", "--format", "ladder", "--results", ladder_read.directory)
    output = tmp_path / "LADDER.md"
    code, out, err = bench(*asked, "--suite", suite.path, "--output", output)
    assert (code, out, err) == (0, "", "")
    assert output.read_text().startswith("# Suite ladder, rung by rung\n\nThree rungs and a vote.")
    code, _, err = bench(*asked, "--suite", "laddr")
    assert code == 2
    assert "no suite is called 'laddr'" in err


@pytest.mark.slow
def test_the_html_page_has_the_same_ladder(ladder_read, suite):
    page = render(Report(ladder_read, CATALOG, suite_name=str(suite.path)), "html")
    section = page.partition("<h2>Rung by rung</h2>")[2].partition("</section>")[0]
    rungs = re.findall(r'<th[^>]* scope="row">(\w+)', section)
    assert rungs == ["low", "middle", "high", "later", "vote"]
    assert "<small>a second layer</small>" in section
    assert "better, over low" in section  # not the line above
    assert "not recorded" in section
    assert "1/27.0" in section


@pytest.mark.slow
def test_the_html_page_has_no_ladder_before_the_suite_ran(tmp_path, suite):
    store = RecordStore(tmp_path / "tutorials")
    write_run(store, "low", 0, images=IMAGES)
    assert "Rung by rung" not in render(Report(store, CATALOG, suite_name=str(suite.path)), "html")


# The picture -------------------------------------------------------------------------------------


def test_a_picture_of_a_suite_has_its_rungs_alone(ladder_read, suite):
    (board,) = build_boards(ladder_read, CATALOG)
    assert REFERENCE in {row.name for row in board.rows}
    chosen = board.of_suite(suite)
    assert {row.name for row in chosen.rows} == {"low", "middle", "high", "vote"}


def test_the_command_draws_a_suite(bench, ladder_read, suite, tmp_path):
    output = tmp_path / "cost.svg"
    asked = ("plot", "cost", "--output", output, "--results", ladder_read.directory)
    code, _, err = bench(*asked, "--suite", suite.path)
    assert (code, err) == (0, "")
    drawn = output.read_text()
    assert "vote" in drawn
    assert REFERENCE not in drawn
