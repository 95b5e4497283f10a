"""Scales, and where dots and names go."""

import math
from itertools import combinations

import numpy as np
import pytest
from ninetynine.report.drawing.layout import Box, place_labels, swarm
from ninetynine.report.drawing.scale import accuracy_scale, size_scale


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
        anchors = [(*rng.uniform((0, 0), (400, 300)), 7 * 6) for _ in range(25)]
        marks = [Box(x - 5, y - 5, x + 5, y + 5) for x, y, _ in anchors]
        found = [box for box in place_labels(anchors, frame, marks, [], 14) if box is not None]
        assert len(found) > 15
        assert all(box.within(frame) for box in found)
        assert not any(a.overlaps(b) for a, b in combinations(found, 2))
        assert not any(box.overlaps(mark) for box in found for mark in marks)

    def test_a_label_keeps_off_a_line_where_it_can(self):
        line = Box(0, 99, 400, 101)
        (box,) = place_labels([(200, 100, 28)], Box(0, 0, 400, 300), [], [line], 14)
        assert box is not None
        assert not box.overlaps(line)
