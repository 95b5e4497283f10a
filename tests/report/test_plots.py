"""What pictures show, and the static ones."""

import math
from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner
from ninetynine.cli import bench
from ninetynine.errors import UserError
from ninetynine.records import Epoch, Predictions, RecordStore
from ninetynine.report.plots.answers import sum_answers
from ninetynine.report.plots.cost import COSTS, cost_points, pareto_front
from ninetynine.report.plots.curves import MOST_POINTS, curves, epoch_ticks
from ninetynine.report.plots.hardest import hardest
from ninetynine.report.plots.layout import Box, place_labels, swarm
from ninetynine.report.plots.pairs import all_pairs
from ninetynine.report.plots.runs import load_runs
from ninetynine.report.plots.scale import accuracy_scale, size_scale
from ninetynine.report.plots.static import KINDS, draw
from record_builders import (
    draw_wrong,
    make_architecture,
    make_claim,
    make_failed,
    make_predictions,
    make_record,
    write_run,
)


def boards(store, *names, claims=()):
    catalog = {name: make_architecture(name, claims=claims) for name in names}
    return load_runs(store, catalog, store.read_all()[0])


@pytest.fixture
def store(tmp_path):
    store = RecordStore(tmp_path)
    for name, rate, seconds in (("$good$", 0.01, 30.0), ("fair", 0.03, 10.0), ("poor", 0.2, 20.0)):
        for seed in range(3):
            wrong = draw_wrong(rate, seed)
            write_run(store, name, seed, wrong=wrong, train_seconds=seconds + seed)
    return store


class TestScale:
    def test_equal_shares_of_the_errors_left_are_equal_steps(self):
        scale = accuracy_scale([0.96, 0.98, 0.99], [], 10_000)
        steps = np.diff([scale.share(a) for a in (0.96, 0.98, 0.99)])
        assert steps[0] == pytest.approx(steps[1])

    @pytest.mark.parametrize(
        "means",
        [[0.99], [0.5, 0.99], [0.9, 0.91], [1.0, 1.0], [0.1], [0.9906, 0.9907, 0.9979], [0.0]],
    )
    def test_ticks_lie_inside_and_there_are_some_but_not_many(self, means):
        scale = accuracy_scale(means, [], 10_000)
        assert 2 <= len(scale.ticks) <= 8
        assert all(scale.holds(tick) for tick in scale.ticks)
        assert scale.low < scale.high
        assert list(scale.ticks) == sorted(set(scale.ticks))

    def test_a_model_far_below_is_left_beyond_the_end(self):
        scale = accuracy_scale([0.991, 0.99, 0.985, 0.11], [], 10_000)
        assert scale.holds(0.985)
        assert not scale.holds(0.11)
        assert scale.share(0.11) == 0

    def test_models_that_are_all_poor_are_all_shown(self):
        scale = accuracy_scale([0.1, 0.2, 0.5], [], 360)
        assert all(scale.holds(a) for a in (0.1, 0.2, 0.5))

    def test_no_error_at_all_is_half_an_image_from_none(self):
        scale = accuracy_scale([1.0, 0.99], [1.0], 1000)
        assert scale.decades(1.0) == pytest.approx(-math.log10(0.0005))
        assert scale.holds(1.0)

    @pytest.mark.parametrize("values", [[1.0], [0.003, 2.0], [600_810, 34_826, 7_850], [5, 5, 6]])
    def test_sizes_have_round_ticks_inside(self, values):
        scale = size_scale(values)
        assert 2 <= len(scale.ticks) <= 8
        assert all(scale.holds(v) for v in (*values, *scale.ticks))
        mantissas = [t / 10 ** math.floor(math.log10(t) + 1e-9) for t in scale.ticks]
        assert all(abs(2 * m - round(2 * m)) < 1e-9 for m in mantissas)


class TestLayout:
    def test_dots_of_a_swarm_do_not_overlap(self):
        places = list(np.random.default_rng(0).normal(100, 12, 40))
        offsets = swarm(places, 4.0, most=1000)
        dots = list(zip(places, offsets, strict=True))
        assert all(math.dist(a, b) >= 3.9 for a, b in combinations(dots, 2))

    def test_a_lone_dot_stays_in_the_middle_and_a_stack_ends_at_its_limit(self):
        assert swarm([1.0, 50.0], 4.0, most=8) == [0, 0]
        assert max(map(abs, swarm([1.0] * 50, 4.0, most=8))) <= 8

    def test_labels_lie_in_the_frame_and_on_nothing(self):
        frame, rng = Box(0, 0, 400, 300), np.random.default_rng(1)
        anchors = [(*rng.uniform((0, 0), (400, 300)), f"name_{k}") for k in range(25)]
        marks = [Box(x - 5, y - 5, x + 5, y + 5) for x, y, _ in anchors]
        found = [label.box for label in place_labels(anchors, frame, marks, [], 7, 14) if label.box]
        assert len(found) > 15
        assert all(box.within(frame) for box in found)
        assert not any(a.overlaps(b) for a, b in combinations(found, 2))
        assert not any(box.overlaps(mark) for box in found for mark in marks)

    def test_a_label_keeps_off_a_line_where_it_can(self):
        line = Box(0, 99, 400, 101)
        label = place_labels([(200, 100, "name")], Box(0, 0, 400, 300), [], [line], 7, 14)[0]
        assert label.box is not None
        assert not label.box.overlaps(line)


class TestCost:
    def test_the_front_holds_what_nothing_else_beats(self, store):
        points = cost_points(boards(store)[0].board, COSTS[0])
        assert [p.row.name for p in pareto_front(points)] == ["fair", "$good$"]

    def test_seconds_of_two_machines_are_not_joined(self, tmp_path):
        from record_builders import make_machine

        store = RecordStore(tmp_path)
        for name, machine in (("a", "One"), ("b", "One"), ("c", "Two")):
            write_run(
                store, name, 0, wrong=[1], machine=make_machine(machine, machine.ljust(16, "0"))
            )
        points = cost_points(boards(store)[0].board, COSTS[0])
        assert {p.hardware for p in pareto_front(points)} == {"One"}

    def test_a_model_without_parameters_has_no_place(self, tmp_path):
        store = RecordStore(tmp_path)
        write_run(store, "net", 0, parameters=0)
        board = boards(store)[0].board
        assert len(cost_points(board, COSTS[0])) == 1
        assert cost_points(board, COSTS[1]) == []


class TestAnswers:
    def test_sums_over_runs(self):
        answers = sum_answers([make_predictions([0, 1], 20), make_predictions([1], 20)])
        assert answers is not None
        assert answers.runs == 2
        assert list(answers.right_per_run) == [18, 19]
        assert list(answers.right_per_image[:3]) == [1, 0, 2]
        assert answers.confusion.sum() == 20
        assert answers.confusion[0, 0] == 1.5
        assert answers.confusion[1, 2] == 1.0

    def test_the_calibration_error_is_the_gap_between_confidence_and_truth(self):
        probabilities = np.tile([0.75, 0.25], (100, 1)).astype(np.float16)
        labels = np.repeat([0, 1], [60, 40]).astype(np.uint16)
        answers = sum_answers([Predictions(probabilities, labels)])
        assert answers is not None
        assert answers.calibration_error == pytest.approx(0.15)  # 75% sure, 60% right
        assert answers.bin_count is not None
        assert answers.bin_count.sum() == answers.bin_count[11] == 100

    def test_nothing_comes_of_nothing(self):
        assert sum_answers([]) is None


class TestHardest:
    def test_models_count_alike_and_the_hopeless_do_not_count(self, tmp_path):
        store = RecordStore(tmp_path)
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

    def test_the_most_are_drawn(self, tmp_path):
        store = RecordStore(tmp_path)
        write_run(store, "net", 0, wrong=range(150))
        found = hardest(boards(store)[0])
        assert found is not None
        assert (len(found.images), found.missed) == (100, 150)


class TestCurves:
    def test_each_epoch_has_mean_and_range_over_the_seeds(self, tmp_path):
        store = RecordStore(tmp_path)
        for seed, accuracy in ((0, 0.8), (1, 0.9)):
            record = make_record("net", seed)
            epochs = [Epoch(epoch=e, loss=0.1, accuracy=accuracy) for e in (1, 2)]
            store.write(record.model_copy(update={"history": epochs}), None)
        found = curves(boards(store)[0].rows[0])
        assert found is not None
        point = found.train[1]
        assert (point.epoch, point.low, point.high, point.runs) == (2, 0.8, 0.9, 2)
        assert point.mean == pytest.approx(0.85)
        assert found.watched == ()

    def test_a_long_training_is_thinned_and_keeps_its_end(self, tmp_path):
        store = RecordStore(tmp_path)
        epochs = [Epoch(epoch=e, loss=0.1, accuracy=0.9) for e in range(1, 1001)]
        store.write(make_record("net").model_copy(update={"history": epochs}), None)
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


class TestRuns:
    def test_the_runs_are_those_the_board_counts(self, tmp_path):
        store = RecordStore(tmp_path)
        for seed in range(3):
            write_run(store, "net", seed, wrong=range(seed))
        write_run(store, "net", 0, wrong=range(50), threads=2)  # a second run of seed 0
        store.write(make_failed("net", 7), None)
        row = boards(store)[0].rows[0]
        mean = np.mean([accuracy for _, accuracy in row.seed_accuracies])
        assert row.row.accuracy is not None
        assert mean == pytest.approx(row.row.accuracy.mean)
        assert row.summary is not None
        assert row.summary.mean == pytest.approx(row.row.accuracy.mean)

    def test_boards_of_other_labels_keep_their_own_runs(self, tmp_path):
        store = RecordStore(tmp_path)
        write_run(store, "a", 0, wrong=[1])
        write_run(store, "b", 0, wrong=[1], shift=3)
        found = boards(store)
        assert [[row.row.name for row in runs.rows] for runs in found] == [["a"], ["b"]]
        assert all(row.answers is not None for runs in found for row in runs.rows)

    def test_pairs_agree_with_the_bands(self, store):
        runs = boards(store)[0]
        found = all_pairs(runs)
        for (i, j), pair in found.pairs.items():
            bands = [set(found.rows[k].row.band) for k in (i, j)]
            assert pair.told_apart == (not bands[0] & bands[1])


class TestStatic:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind_is_drawn(self, kind, store, tmp_path):
        claims = [make_claim(0.98), make_claim(0.991, id="T9")]
        path = tmp_path / f"{kind}.svg"
        draw(kind, boards(store, "$good$", claims=claims)[0], path)
        assert path.read_bytes().startswith(b"<?xml")

    @pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
    def test_other_formats(self, suffix, start, store, tmp_path):
        path = tmp_path / f"seeds{suffix}"
        draw("seeds", boards(store)[0], path)
        assert path.read_bytes().startswith(start)

    @pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
    def test_the_same_records_give_the_same_bytes(self, suffix, store, tmp_path):
        runs = boards(store)[0]
        for name in ("one", "two"):
            draw("cost", runs, tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()

    def test_a_picture_of_another_format_is_refused(self, store, tmp_path):
        with pytest.raises(UserError, match=r"pictures are \.svg, \.png, \.pdf"):
            draw("seeds", boards(store)[0], tmp_path / "seeds.gif")

    @pytest.mark.parametrize("kind", KINDS)
    def test_failures_alone_are_nothing_to_draw(self, kind, tmp_path):
        store = RecordStore(tmp_path)
        store.write(make_failed("net"), None)
        with pytest.raises(UserError, match="there is nothing to draw"):
            draw(kind, boards(store)[0], tmp_path / "picture.svg")

    def test_an_unknown_model_is_told_the_nearest(self, store, tmp_path):
        with pytest.raises(UserError, match="fair"):
            draw("confusion", boards(store)[0], tmp_path / "picture.svg", model="fare")

    def test_answers_without_probabilities_have_no_reliability(self, tmp_path):
        store = RecordStore(tmp_path)
        write_run(store, "net", 0, loss=None)
        with pytest.raises(UserError, match="without probabilities"):
            draw("reliability", boards(store)[0], tmp_path / "picture.svg")

    def test_a_folder_that_is_not_there_is_told(self, store, tmp_path):
        with pytest.raises(UserError, match="cannot be written"):
            draw("seeds", boards(store)[0], tmp_path / "nowhere" / "seeds.svg")


class TestCommand:
    def plot(self, *arguments):
        return CliRunner().invoke(bench, ["plot", *map(str, arguments)], standalone_mode=False)

    def test_it_draws_mnist_as_published_by_default(self, store, tmp_path):
        path = tmp_path / "cost.svg"
        result = self.plot("cost", "--results", tmp_path, "--output", path)
        assert result.exception is None
        assert result.output == f"picture: {path}\n"
        assert path.is_file()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--dataset", "mnits"), "did you mean 'mnist'"),
            (("--variant", "controlled"), "there is: published"),
        ],
    )
    def test_an_unknown_board_is_told(self, store, tmp_path, arguments, message):
        result = self.plot(
            "seeds", "--results", tmp_path, "--output", tmp_path / "a.svg", *arguments
        )
        assert isinstance(result.exception, UserError)
        assert message in str(result.exception)

    def test_an_empty_folder_is_told(self, tmp_path):
        result = self.plot("seeds", "--results", tmp_path, "--output", tmp_path / "a.svg")
        assert "there are no records to draw" in str(result.exception)
