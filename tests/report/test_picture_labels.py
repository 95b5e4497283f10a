"""No text of any picture lies on another, on a mark or on a line."""

from xml.etree import ElementTree

import pytest
from ninetynine.report import figures
from ninetynine.report.drawing.layout import Box, leader, place_labels
from picture_builders import KINDS, many_rows, overlapping, shapes_of, texts_of

OF_MANY_ROWS = ("classes", "cost", "ranks", "variance")  # the others draw at most 60


class TestLabels:
    @pytest.mark.parametrize(
        "rows",
        [
            4,
            pytest.param(20, marks=pytest.mark.slow),
            pytest.param(60, marks=[pytest.mark.slow, pytest.mark.exhaustive]),
            pytest.param(100, marks=[pytest.mark.slow, pytest.mark.exhaustive]),
        ],
    )
    def test_no_text_lies_on_another_on_a_mark_on_a_line_or_out_of_the_picture(
        self, rows, store, tmp_path
    ):
        board = many_rows(store, rows)
        for kind in KINDS if rows <= 60 else OF_MANY_ROWS:
            for width in (800.0, 336.0) if rows <= 60 else (800.0,):
                path = tmp_path / f"{kind}.svg"
                figures.draw(kind, board, path, width=width)
                root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
                texts = texts_of(root)
                whole = Box(-1, 0, float(root.get("width")) + 1, float(root.get("height")))
                outside = [text for box, text in texts if not box.within(whole)]
                assert not outside, (kind, width)
                boxes = [box for box, _ in texts]
                on = [(texts[i][1], texts[j][1]) for i, j in overlapping(boxes, boxes) if i < j]
                assert not on, (kind, width)
                shapes = shapes_of(root)
                on = [
                    texts[i][1]
                    for i, j in overlapping(boxes, [shape for shape, _ in shapes])
                    # A number of the cost plot has a rim, and may lie on a line.
                    if not (kind == "cost" and shapes[j][1] and texts[i][1].isdigit())
                ]
                assert not on, (kind, width)

    def test_a_farther_place_is_taken_and_joined_by_a_leader(self):
        wall = [Box(180, 80, 220, 120), Box(140, 85, 180, 115), Box(220, 85, 300, 115)]
        (near,) = place_labels([(200, 100, 40)], Box(0, 0, 400, 300), wall, [], 14)
        (far,) = place_labels([(200, 100, 40)], Box(0, 0, 400, 300), wall, [], 14, rings=6)
        assert near is None
        assert far is not None
        assert leader(200, 100, far) is not None
