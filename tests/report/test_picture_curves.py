"""Learning curves: means and ranges by epoch."""

import pytest
from ninetynine.records import Epoch
from ninetynine.report.figures.curves import MOST_POINTS, curves, epoch_ticks
from picture_builders import boards
from record_builders import (
    make_record,
    write_bare,
)


class TestCurves:
    def test_each_epoch_has_mean_and_range_over_the_seeds(self, store):
        for seed, accuracy in ((0, 0.8), (1, 0.9)):
            record = make_record("net", seed)
            epochs = [Epoch(epoch=e, loss=0.1, accuracy=accuracy) for e in (1, 2)]
            write_bare(store, record.model_copy(update={"history": epochs}))
        found = curves(boards(store)[0].rows[0])
        assert found is not None
        point = found.train[1]
        assert (point.epoch, point.low, point.high, point.runs) == (2, 0.8, 0.9, 2)
        assert point.mean == pytest.approx(0.85)
        assert found.watched == ()

    def test_a_long_training_is_thinned_and_keeps_its_end(self, store):
        epochs = [Epoch(epoch=e, loss=0.1, accuracy=0.9) for e in range(1, 1001)]
        write_bare(store, make_record("net").model_copy(update={"history": epochs}))
        found = curves(boards(store)[0].rows[0])
        assert found is not None
        assert found.thinned
        assert len(found.train) <= MOST_POINTS
        assert found.train[-1].epoch == 1000

    @pytest.mark.parametrize("last", [1, 2, 3, 7, 10, 33, 100])
    def test_epochs_are_written_from_the_first_on(self, last):
        ticks = epoch_ticks(last)
        assert ticks[0] == 1
        assert ticks == sorted(set(ticks))
        assert ticks[-1] <= last
        assert len(ticks) <= 6
