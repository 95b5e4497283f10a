"""Sums of predictions, and the images that most models get wrong."""

import numpy as np
import pytest
from ninetynine.board.predictions import sum_predictions
from ninetynine.records import Predictions
from ninetynine.report.html.images import hardest
from picture_builders import boards
from record_builders import (
    make_predictions,
    write_run,
)


class TestPredictions:
    def test_sums_over_runs(self):
        sums = sum_predictions([make_predictions([0, 1], 20), make_predictions([1], 20)])
        assert sums is not None
        assert sums.runs == 2
        assert list(sums.right_per_run) == [18, 19]
        assert list(sums.right_per_image[:3]) == [1, 0, 2]
        assert sums.confusion.sum() == 20
        assert sums.confusion[0, 0] == 1.5
        assert sums.confusion[1, 2] == 1.0

    def test_the_calibration_error_is_the_gap_between_confidence_and_truth(self):
        probabilities = np.tile([0.75, 0.25], (100, 1)).astype(np.float16)
        labels = np.repeat([0, 1], [60, 40]).astype(np.uint16)
        sums = sum_predictions([Predictions(probabilities, labels)])
        assert sums is not None
        assert sums.calibration_error == pytest.approx(0.15)  # 75% sure, 60% right
        assert sums.bins is not None
        assert sums.bins[0].sum() == sums.bins[0, 11] == 100

    def test_nothing_comes_of_nothing(self):
        assert sum_predictions([]) is None


class TestHardest:
    def test_models_count_alike_and_the_hopeless_do_not_count(self, store):
        write_run(store, "a", 0, wrong=[5, 6])
        for seed in range(3):
            write_run(store, "b", seed, wrong=[6, 7])
        write_run(store, "hopeless", 0, wrong=range(900))
        found = hardest(boards(store)[0])
        assert found is not None
        assert found.without == ("hopeless",)
        assert [(i.index, i.wrong_share) for i in found.images] == [(6, 1.0), (5, 0.5), (7, 0.5)]
        assert found.images[0].votes == ((7, 4),)
        assert found.missed == 3

    def test_the_most_are_drawn(self, store):
        write_run(store, "net", 0, wrong=range(150))
        found = hardest(boards(store)[0])
        assert found is not None
        assert (len(found.images), found.missed) == (100, 150)


class TestBoards:
    def test_boards_of_other_labels_keep_their_own_predictions(self, store):
        write_run(store, "a", 0, wrong=[1])
        write_run(store, "b", 0, wrong=[1], shift=3)
        found = boards(store)
        assert [[row.name for row in board.rows] for board in found] == [["a"], ["b"]]
        assert all(row.prediction_sums is not None for board in found for row in board.rows)
