"""What may stand side by side, what its numbers are, and that nothing vanishes silently."""

import random

import numpy as np
import pytest
from ninetynine.board import build_boards
from ninetynine.board.names import row_names
from ninetynine.board.notes import row_notes
from ninetynine.board.run import identity_of
from ninetynine.cells import Together
from ninetynine.report import Report, render
from ninetynine.report.formats.csv import frame
from ninetynine.statistics import RankInterval
from ninetynine.suite.seeds import seed_list
from record_builders import (
    PACKAGES,
    draw_wrong,
    make_architecture,
    make_claim,
    make_failed,
    make_identity,
    make_machine,
    make_record,
    write_bare,
    write_run,
)

RECIPE = make_identity().recipe


def only_row(store, catalog=None):
    (board,) = build_boards(store, catalog or {})
    (row,) = board.rows
    return row


# --- numbers of one row


def test_a_row_holds_mean_sd_and_errors_of_its_seeds(store):
    for seed, wrong in enumerate([range(10), range(20), range(30)]):
        write_run(store, seed=seed, wrong=wrong, images=1000, loss=0.1 * (seed + 1))
    row = only_row(store)
    assert row.accuracy.mean == pytest.approx(0.98)
    assert row.accuracy.sd == pytest.approx(0.01)
    assert row.accuracy.n == 3
    assert row.errors_per_10000 == pytest.approx(200)
    assert row.loss.mean == pytest.approx(0.2)
    assert row.loss.sd == pytest.approx(0.1)
    assert row.seeds == (0, 1, 2)
    # Student's t with two degrees of freedom, times 1 + 0.9 / 2: 1.45 * 4.3027 * 0.01 / sqrt(3)
    assert row.ci_seeds.low == pytest.approx(0.98 - 0.036020, abs=1e-5)
    assert row.ci_population.low < 0.98 < row.ci_population.high


def test_the_gap_is_train_less_test_accuracy(store):
    write_run(store, seed=0, wrong=range(20), train_accuracy=0.99)
    write_run(store, seed=1, wrong=range(40), train_accuracy=1.0)
    assert only_row(store).train_test_gap == pytest.approx((0.01 + 0.04) / 2)


def test_one_seed_has_no_sd_and_no_interval_over_seeds(store):
    write_run(store)
    row = only_row(store)
    assert row.accuracy.sd is None
    assert row.ci_seeds is None
    assert row.ci_population is not None


def test_numbers_that_nobody_measured_are_none(store):
    write_run(store, loss=None, train_accuracy=None)
    row = only_row(store)
    assert row.loss is None
    assert row.train_test_gap is None


# --- what is pooled and what is not


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"precision": "mixed_bfloat16"}, "net [mixed_bfloat16]"),
        ({"backend": "jax", "packages": {"jax": "0.9"}}, "net [jax]"),
        ({"device": "gpu"}, "net [gpu]"),
        ({"deterministic": False}, "net [not deterministic]"),
        ({"packages": {**PACKAGES, "keras": "3.16.0"}}, "net [keras 3.16.0]"),
        ({"recipe": {**RECIPE, "epochs": 6}}, "net [epochs 6]"),
        ({"recipe": {**RECIPE, "label_smoothing": 0.1}}, "net [label_smoothing 0.1]"),
        ({"source_hash": "7" * 64}, "net [source 7777777]"),
        ({"arguments": {"units": 3}}, 'net [arguments {"units": 3}]'),
        ({"inputs": {"file width.json": "7" * 64}}, "net [inputs 240bfdd]"),
    ],
)
def test_what_can_change_the_number_is_a_row_of_its_own(store, change, name):
    write_run(store, seed=0, wrong=range(10))
    write_run(store, seed=1, wrong=range(20), **change)
    (board,) = build_boards(store, {})
    assert {row.name: row.accuracy.n for row in board.rows if row.name == name} == {name: 1}
    assert len(board.rows) == 2


def test_a_name_is_extended_only_where_two_rows_share_it(store):
    write_run(store, "one", precision="mixed_bfloat16")
    write_run(store, "two", precision="float32")
    write_run(store, "two", precision="mixed_bfloat16")
    (board,) = build_boards(store, {})
    names = {row.name for row in board.rows}
    assert names == {"one", "two [float32]", "two [mixed_bfloat16]"}


def test_a_long_difference_between_recipes_is_named_by_a_hash():
    optimizers = [{"name": "adam", "learning_rate": rate, "epsilon": 1e-7} for rate in (0.01, 0.02)]
    identities = [
        identity_of(make_record(recipe={**RECIPE, "optimizer": optimizer}))
        for optimizer in optimizers
    ]
    names = set(row_names(identities).values())
    assert len(names) == 2
    assert all(name.startswith("net [recipe ") and len(name) < 30 for name in names)


def test_threads_and_machines_pool_and_each_seed_counts_once(store):
    first = write_run(store, seed=0, wrong=range(10), threads=1)
    second = write_run(store, seed=0, wrong=range(30), threads=2)
    write_run(store, seed=1, wrong=range(20), threads=2)
    row = only_row(store)
    counted = min(first, second, key=lambda record: record.key)
    other = max(first, second, key=lambda record: record.key)
    assert row.accuracy.n == 2
    assert row.accuracy.mean == pytest.approx((counted.scores.test.accuracy + 0.98) / 2)
    told = f"seed 0 ran more than once (other threads) and counts once; left aside: {other.key[:8]}"
    assert told in row_notes(row)


def test_seeds_that_ran_with_other_revisions_of_a_loop_are_said_to_have(store):
    for threads, revision in ((1, 1), (2, 1), (2, 2)):
        write_run(store, seed=0, threads=threads, loop_revision=revision)
    (note,) = (note for note in row_notes(only_row(store)) if "more than once" in note)
    assert "revisions of the backend's loop" in note


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "digits"},
        {"dataset_fingerprint": "e" * 64},
        {"protocol_version": 2},
        {"context": {"variant": "controlled"}},
    ],
)
def test_what_cannot_be_compared_is_on_another_board(store, change):
    write_run(store, "one")
    write_run(store, "two", **change)
    boards = build_boards(store, {})
    assert sorted(row.name for board in boards for row in board.rows) == ["one", "two"]
    assert len(boards) == 2


def test_other_test_labels_are_never_pooled_and_both_boards_say_so(store):
    write_run(store, seed=0)
    write_run(store, seed=1)
    odd = write_run(store, seed=2, shift=1)
    usual, other = build_boards(store, {})
    assert usual.rows[0].seeds == (0, 1)
    assert other.rows[0].seeds == (2,)
    assert usual.labels_hash != other.labels_hash
    assert any(f"net seed 2 ({odd.key[:8]})" in note for note in usual.notes)
    assert any("net seed 0" in note and "net seed 1" in note for note in other.notes)


def test_the_order_of_the_records_does_not_matter(store):
    for name in ("one", "two"):
        for seed in range(3):
            write_run(store, name, seed, wrong=draw_wrong(0.02, seed))
    records = store.read_all()[0]
    shuffled = random.Random(0).sample(records, len(records))
    in_order, mixed = (render(Report(store, {}, found), "json") for found in (records, shuffled))
    assert in_order == mixed


# --- labels of recipes


def test_a_cell_that_two_suites_ask_for_is_on_both_boards(store):
    common = {**RECIPE, "epochs": 10}
    for name in ("one", "two"):
        write_run(store, name, recipe=common, context={"variant": "controlled"})
    write_run(store, "three", recipe=common, context={"variant": "published"})
    write_run(store, "four", recipe=RECIPE, context={"variant": "published"})
    published, controlled = build_boards(store, {})
    assert {row.name for row in controlled.rows} == {"one", "two", "three"}
    assert {row.name for row in published.rows} == {"three", "four"}


def test_a_published_recipe_is_on_the_published_board_whatever_suite_ran_it(store):
    write_run(store, "net", context={"variant": "controlled"})
    boards = build_boards(store, {"net": make_architecture("net", RECIPE)})
    assert [board.variant for board in boards] == ["published", "controlled"]


def test_one_run_is_shown_on_one_board(store):
    records = [
        write_run(store, "one", context={"variant": "published"}),
        write_run(store, "two", context={"variant": "controlled"}),
    ]
    (board,) = build_boards(store, {}, records, variant="controlled")
    assert board.variant == "controlled"
    assert len(board.rows) == 2


# --- nothing vanishes


def test_failed_seeds_stay_in_their_row(store):
    write_run(store, seed=0, wrong=range(10))
    for seed in (1, 2):
        store.write(make_failed(seed=seed, reason="no result after 60 s"), None)
    row = only_row(store)
    assert row.accuracy.n == 1
    assert [failed.seed for failed in row.failed] == [1, 2]
    assert row_notes(row) == (
        "1 finished of 3, 2 failed: seeds 1-2 (timeout): no result after 60 s",
    )


def test_a_row_of_failures_is_shown_without_numbers_and_last(store):
    store.write(make_failed("a_bad", kind="diverged", reason="the loss is nan"), None)
    write_run(store, "good")
    (board,) = build_boards(store, {})
    good, bad = board.rows
    assert (good.name, bad.name) == ("good", "a_bad")
    assert (bad.accuracy, bad.rank, bad.group) == (None, None, "")
    assert good.rank == RankInterval(1, 1)
    assert any(n.startswith("a_bad: 0 finished of 1, 1 failed") for n in board.notes)


def test_a_board_of_failures_only_is_a_board(store):
    store.write(make_failed(), None)
    assert only_row(store).tried == 1


def test_a_seed_that_failed_elsewhere_counts_by_its_finished_run(store):
    write_run(store, seed=0, threads=1)
    store.write(make_failed(seed=0, threads=2), None)
    row = only_row(store)
    assert row.failed == ()
    assert row.accuracy.n == 1
    assert any("(failed)" in note for note in row_notes(row))


def test_missing_predictions_are_named_and_the_mean_keeps_all_seeds(store):
    for seed in range(3):
        write_run(store, seed=seed, wrong=range(200 + 10 * seed))
    lost = store.predictions_path(store.read_all()[0][2])
    lost.unlink()
    row = only_row(store)
    assert row.accuracy.mean == pytest.approx(0.79)
    assert row.ci_seeds.high + row.ci_seeds.low == pytest.approx(2 * 0.795)
    assert any("predictions of seed 2 are missing or damaged" in note for note in row_notes(row))


@pytest.mark.parametrize("again", [1000, 2000])
def test_a_row_of_several_models_says_so(store, again):
    for seed, parameters in enumerate((1000, 1000, again)):
        write_run(store, seed=seed, wrong=range(10), parameters=parameters)
    notes = [note for note in row_notes(only_row(store)) if "different models" in note]
    said = "its seeds trained different models (seeds 0-1: 1,000 parameters; seed 2: 2,000"
    assert [note[: len(said)] for note in notes] == ([said] if again == 2000 else [])


def test_a_row_without_any_predictions_has_its_mean_only(store):
    write_bare(store, make_record(accuracy=0.97))
    row = only_row(store)
    assert row.accuracy.mean == 0.97
    assert row.ci_population is None
    assert row.rank is None


def test_a_record_that_its_predictions_contradict_is_on_no_board(store):
    write_run(store, seed=0, wrong=range(20), accuracy=0.99)
    write_run(store, seed=1, wrong=range(20))
    assert only_row(store).seeds == (1,)


def test_rows_on_other_seeds_packages_and_precision_are_named(store):
    write_run(store, "one", 0)
    write_run(store, "two", 1, precision="mixed_bfloat16", packages={**PACKAGES, "keras": "4"})
    (board,) = build_boards(store, {})
    notes = "\n".join(board.notes)
    assert "different seeds: 0: one; 1: two" in notes
    assert "different precision: float32: one; mixed_bfloat16: two" in notes
    assert "different packages" in notes
    assert "Fewer than 3 seeds: all rows" in notes


def test_rows_whose_seconds_are_a_share_are_named(store):
    for name, count in (("one", 2), ("two", 1)):
        together = Together(seeds=[0, 1], convolutions="products") if count > 1 else None
        for seed in range(2):
            write_run(store, name, seed, together=together)
    (board,) = build_boards(store, {})
    (note,) = [note for note in board.notes if "share" in note]
    assert note.endswith("together with 2: one")


# --- time


def test_train_seconds_are_a_median_over_exclusive_runs(store):
    for seed, (seconds, exclusive) in enumerate([(1, True), (2, True), (9, True), (1000, False)]):
        write_run(store, seed=seed, train_seconds=seconds, exclusive=exclusive)
    timed = only_row(store).time
    assert timed.train_seconds_median == 2
    assert timed.runs == 3


def test_train_seconds_never_pool_machines(store):
    slow = make_machine("Slow CPU", "5" * 16)
    for seed in range(2):
        write_run(store, seed=seed, train_seconds=1)
    write_run(store, seed=2, train_seconds=100, machine=slow)
    row = only_row(store)
    assert (row.time.train_seconds_median, row.time.hardware) == (1, "Test CPU")
    assert any("not pooled with 1 on Slow CPU" in note for note in row_notes(row))


def test_rows_timed_on_different_machines_are_named(store):
    write_run(store, "one")
    write_run(store, "two", machine=make_machine("Slow CPU", "5" * 16))
    (board,) = build_boards(store, {})
    assert any("several: Test CPU: one; Slow CPU: two" in n for n in board.notes)


def test_without_an_exclusive_run_there_is_no_time(store):
    write_run(store, exclusive=False)
    assert only_row(store).time is None


# --- ranks and significance groups


def write_models(store, **rates):
    for name, rate in rates.items():
        for seed in range(5):
            wrong = draw_wrong(rate, 100 * len(name) + seed, 10_000)
            write_run(store, name, seed, wrong=wrong, images=10_000)


def test_models_far_apart_have_ranks_and_groups_of_their_own(store):
    write_models(store, good=0.01, poor=0.03, bad_one=0.2)
    (board,) = build_boards(store, {})
    assert [row.name for row in board.rows] == ["good", "poor", "bad_one"]
    assert [row.rank for row in board.rows] == [RankInterval(k, k) for k in (1, 2, 3)]
    assert [row.group for row in board.rows] == ["a", "b", "c"]
    assert board.undecided == ()


def test_models_that_are_not_different_share_a_group_and_say_what_would_decide(store):
    write_models(store, one=0.02, three=0.02)
    (board,) = build_boards(store, {})
    assert {row.rank for row in board.rows} == {RankInterval(1, 2)}
    assert {row.group for row in board.rows} == {"a"}
    (pair,) = board.undecided
    assert (pair.upper, pair.lower) == tuple(row.name for row in board.rows)
    assert pair.comparison.minimum_detectable_difference > 0


# --- published figures


def claims_of(store, *claims, recipe=RECIPE):
    catalog = {"net": make_architecture("net", recipe, claims)}
    return [claim for board in build_boards(store, catalog) for claim in board.claims]


def test_a_claim_is_placed_among_the_seeds(store):
    for seed in range(5):
        write_run(store, seed=seed, wrong=range(10 + 5 * seed))  # 0.99, 0.985 ... 0.97
    usual, far = claims_of(store, make_claim(0.981, 3), make_claim(0.9, 3, id="far"))
    assert usual.placement.verdict == "as expected"
    assert usual.placement.quantile > 0.5
    assert usual.values == pytest.approx((0.99, 0.985, 0.98, 0.975, 0.97))
    assert usual.ours.mean == pytest.approx(0.98)
    assert far.placement.verdict == "not reproduced"


@pytest.mark.parametrize(
    "identity",
    [
        {"recipe": {**RECIPE, "epochs": 6}},
        {"precision": "mixed_bfloat16"},
        {"dataset": "fashion_mnist"},
    ],
)
def test_a_claim_speaks_of_its_own_recipe_precision_and_dataset_only(store, identity):
    write_run(store, **identity)
    assert claims_of(store, make_claim(0.98)) == []


def test_a_high_loss_is_unlucky_and_a_low_one_lucky(store):
    for seed, loss in enumerate([0.38, 0.40, 0.42, 0.39, 0.41]):
        write_run(store, seed=seed, loss=loss)
    low, usual, high = claims_of(
        store,
        *(make_claim(v, 2, metric="test_loss", id=str(v)) for v in (0.33, 0.40, 0.47)),
    )
    assert [c.placement.verdict for c in (low, usual, high)] == ["lucky", "as expected", "unlucky"]
    assert low.placement.quantile < 0.05 < 0.95 < high.placement.quantile
    assert (low.placement.runs_below, high.placement.runs_below) == (0, 5)
    # mean +- (1 + 0.9/4) 2.7764 sd sqrt(1 + 1/5)
    assert usual.placement.prediction.low == pytest.approx(0.4 - 0.05891, abs=1e-4)
    assert usual.placement.prediction.high == pytest.approx(0.4 + 0.05891, abs=1e-4)


def test_a_loss_above_one_is_placed_like_any_other(store):
    for seed, loss in enumerate([2.28, 2.30, 2.32]):
        write_run(store, seed=seed, loss=loss)
    (claim,) = claims_of(store, make_claim(2.30, 2, metric="test_loss"))
    assert claim.placement.verdict == "as expected"
    assert claim.placement.prediction.low < 2.3 < claim.placement.prediction.high


def test_a_train_accuracy_is_what_the_last_epoch_printed(store):
    for seed in range(3):
        accuracy = 0.98 + seed / 1000
        write_run(store, seed=seed, train_accuracy=0.999, last_epoch_accuracy=accuracy)
    (claim,) = claims_of(store, make_claim(0.981, metric="train_accuracy"))
    assert claim.ours.mean == pytest.approx(0.981)


# --- the gap to the reference's goal


@pytest.mark.parametrize(("errors", "share"), [(94, 0.0), (21, 1.0), (167, -1.0)])
def test_the_gap_closed_runs_from_the_references_start_to_its_goal(store, errors, share):
    write_run(store, wrong=range(errors), images=10_000)
    (board,) = build_boards(store, {})
    (gap,) = board.gaps
    assert gap.errors == pytest.approx(errors)
    assert gap.gap_closed == pytest.approx(share, abs=1e-9)


def test_doubtful_labels_are_left_out_of_the_clean_accuracy(store):
    doubtful, clean = [947, 1621, 9729], [0, 1]
    write_run(store, wrong=[*doubtful, *clean], images=10_000)
    (board,) = build_boards(store, {})
    assert board.clean_images == 9985
    assert board.gaps[0].clean.mean == pytest.approx(1 - 2 / 9985)


def test_as_many_errors_as_the_best_are_no_difference(store):
    write_run(store, wrong=range(21), images=10_000)
    (board,) = build_boards(store, {})
    assert board.gaps[0].p_value == pytest.approx(1)
    assert board.gaps[0].difference.contains(0)


def test_a_dataset_without_a_reference_has_no_gap(store):
    write_run(store, dataset="fashion_mnist", images=10_000)
    (board,) = build_boards(store, {})
    assert board.gaps == ()
    assert board.clean_images is None


# --- small things


def test_seeds_are_listed_as_ranges():
    assert seed_list([3, 0, 1, 2, 7]) == "0-3, 7"
    assert seed_list([]) == ""


def test_the_frame_holds_numbers(store):
    write_run(store, "one", wrong=range(20))
    write_run(store, "two", wrong=range(30))
    table = frame(build_boards(store, {}))
    assert list(table["name"]) == ["one", "two"]
    assert table["test_accuracy_mean"].dtype == np.float64
    assert list(table["errors_per_10000"]) == pytest.approx([200, 300])
