"""A row's other numbers: what is said where a seed collapses, and what two rows differ by."""

import numpy as np
import pytest
from ninetynine.board import build_boards
from ninetynine.board.intervals import class_accuracies, other_differences, probabilities_of
from ninetynine.report.columns import columns, row_values
from record_builders import draw_wrong, make_failed, write_run


def filled(store, name, seeds=6, **fields):
    for seed in range(seeds):
        write_run(store, name, seed, wrong=draw_wrong(0.02, seed), **fields)


def test_a_collapsed_seed_is_named_beside_mean_and_median(store):
    filled(store, "net")
    write_run(store, "net", 6, wrong=range(890))
    store.write(make_failed("net", 7), None)
    (board,) = build_boards(store, {})
    note = next(note for note in board.notes if "collapsed" in note)
    assert "1 of 8 seeds collapsed (seed 6: 11.00%)" in note
    assert "2 of 8 seeds fail" in note
    values = row_values(board, board.rows[0])
    assert (values["seeds_lost"], values["seeds_collapsed"]) == (2, 1)
    assert values["test_accuracy_median"] > 0.97 > values["test_accuracy_mean"]
    row = board.rows[0]
    assert row.ci_seeds == row.failures.mean_interval
    assert row.ci_seeds.low < 0.7 < row.accuracy.mean < row.ci_seeds.high < 0.99
    assert row.ci_population.low <= row.ci_seeds.low
    assert row.ci_population.high >= row.ci_seeds.high


def test_rows_without_collapse_say_nothing_of_it(store):
    filled(store, "net")
    (board,) = build_boards(store, {})
    assert not any("collapsed" in note for note in board.notes)


def test_two_rows_differ_by_nothing_where_they_predicted_the_same(store):
    filled(store, "net", train_seconds=10.0)
    filled(store, "twin", train_seconds=20.0)
    (board,) = build_boards(store, {})
    found = other_differences(*sorted(board.rows, key=lambda row: row.name))
    assert found.loss.difference == 0
    assert found.calibration_error.low < 0 < found.calibration_error.high
    assert found.time_ratio.difference == pytest.approx(0.5)


def test_every_class_has_its_accuracy(store):
    filled(store, "net")
    (board,) = build_boards(store, {})
    found = class_accuracies(board.rows[0])
    assert [one.label for one in found] == list(range(10))
    assert np.mean([one.accuracy for one in found]) == pytest.approx(board.rows[0].summary.mean)
    assert all(one.interval.contains(one.accuracy) for one in found)


def test_predictions_of_bare_classes_have_neither_loss_nor_calibration(store):
    filled(store, "net", loss=None)
    (board,) = build_boards(store, {})
    assert probabilities_of(board.rows[0]).losses is None
    assert columns()["calibration_error"].write(board, board.rows[0]) == ""
