"""What pictures show, and the files that they are written to."""

import io
import math
import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from ninetynine import suite
from ninetynine.board import build_boards
from ninetynine.board.predictions import sum_predictions
from ninetynine.cli import bench
from ninetynine.errors import UserError
from ninetynine.records import Epoch, Predictions
from ninetynine.registry import Plugin, Registry
from ninetynine.report import figures
from ninetynine.report.drawing import elements as el
from ninetynine.report.drawing.file_kinds import to_pdf, to_png
from ninetynine.report.drawing.layout import Box, leader, place_labels, swarm, text_width
from ninetynine.report.drawing.scale import accuracy_scale, size_scale
from ninetynine.report.drawing.styles import CELLS, style_of
from ninetynine.report.drawing.svg import file_svg, page_svg
from ninetynine.report.figures.cost import COSTS, cost_points, pareto_front
from ninetynine.report.figures.curves import MOST_POINTS, curves, epoch_ticks
from ninetynine.report.figures.pairs import all_pairs
from ninetynine.report.figures.progress import so_far
from ninetynine.report.html.images import hardest
from record_builders import (
    draw_wrong,
    make_architecture,
    make_claim,
    make_failed,
    make_predictions,
    make_record,
    write_bare,
    write_run,
)


def boards(store, *names, claims=()):
    catalog = {name: make_architecture(name, claims=claims) for name in names}
    return build_boards(store, catalog, sums=True)


@pytest.fixture
def three_models(store):
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


class TestCost:
    def test_the_front_holds_what_nothing_else_beats(self, three_models):
        points = cost_points(boards(three_models)[0], COSTS[0])
        assert [p.row.name for p in pareto_front(points)] == ["fair", "$good$"]

    def test_seconds_of_two_machines_are_not_joined(self, store):
        from record_builders import make_machine

        for name, machine in (("a", "One"), ("b", "One"), ("c", "Two")):
            write_run(
                store, name, 0, wrong=[1], machine=make_machine(machine, machine.ljust(16, "0"))
            )
        points = cost_points(boards(store)[0], COSTS[0])
        assert {p.hardware for p in pareto_front(points)} == {"One"}

    def test_a_model_without_parameters_has_no_place(self, store):
        write_run(store, "net", 0, parameters=0)
        board = boards(store)[0]
        assert len(cost_points(board, COSTS[0])) == 1
        assert cost_points(board, COSTS[1]) == []


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


class TestPairs:
    def test_a_pair_is_different_exactly_where_it_shares_no_group(self, three_models):
        rows = boards(three_models)[0].rows
        pairs = all_pairs(rows)
        assert len(pairs) == 3
        for (i, j), pair in pairs.items():
            assert pair.different == (not set(rows[i].groups) & set(rows[j].groups))

    def test_chosen_rows_stay_corrected_for_all_pairs_of_the_board(self, store):
        for n, wrong in enumerate((20, 30, 35, 40)):
            for seed in range(3):
                write_run(store, f"net_{n}", seed, wrong=range(1000 - wrong, 1000))
        board = boards(store)[0]
        few = figures.select_rows(board, ["net_0,net_1"])
        (pair,) = all_pairs(few.rows, others=few.others).values()
        assert (pair.upper.name, pair.lower.name) == ("net_0", "net_1")
        assert pair.adjusted_p == all_pairs(board.rows)[0, 1].adjusted_p
        assert pair.adjusted_p > all_pairs(few.rows)[0, 1].adjusted_p

    def test_the_first_pairs_are_corrected_for_all_of_them(self, three_models):
        rows = boards(three_models)[0].rows
        every, first = all_pairs(rows), all_pairs(rows, most=2)
        assert list(first) == [(0, 1)]
        assert first[0, 1].adjusted_p == every[0, 1].adjusted_p


class TestBoards:
    def test_boards_of_other_labels_keep_their_own_predictions(self, store):
        write_run(store, "a", 0, wrong=[1])
        write_run(store, "b", 0, wrong=[1], shift=3)
        found = boards(store)
        assert [[row.name for row in board.rows] for board in found] == [["a"], ["b"]]
        assert all(row.prediction_sums is not None for board in found for row in board.rows)


KINDS = [kind for kind in figures.FIGURES.entries() if kind != "ladder"]  # it needs a suite


def draw(kind, board, path, **chosen):
    figures.draw(kind, board, path, chosen)


LADDER = """
dataset = "mnist"
seeds = "0-2"
architectures = [
    "low",
    {name = "middle", adds = "a second layer"},
    {name = "high", adds = "shifts", over = "middle"},
    {name = "other", adds = "fewer weights", over = "low"},
]
"""


class TestLadder:
    @pytest.fixture
    def board(self, store, tmp_path, monkeypatch):
        (tmp_path / "rungs.toml").write_text(LADDER)
        rungs = suite.load(str(tmp_path / "rungs.toml"))
        monkeypatch.setattr(suite, "load", lambda name: rungs)
        for name, wrong in (("low", 200), ("middle", 100), ("high", 98), ("other", 210)):
            for seed in range(3):
                context = {"suite": "rungs"}
                write_run(store, name, seed, wrong=range(wrong), context=context)
        return boards(store, "low", "middle", "high", "other")[0]

    def test_the_finding_is_the_largest_step_and_how_many_are_better(self, board):
        (view,) = figures.load("ladder").views(board)
        _, finding = view.panels[0].draw(760.0).label.split("\n")
        assert finding == (
            "1 of 3 steps are better than the rung below; the largest is middle: +10.00 points."
        )

    def test_no_line_goes_through_the_rungs_between(self, board, tmp_path):
        path = tmp_path / "ladder.svg"
        figures.draw("ladder", board, path, width=800.0)
        written = path.read_text(encoding="utf-8")
        steps = re.findall(r'<path d="M\S+ (\S+)L\S+ (\S+)L\S+ \S+" class="mean"', written)
        assert [round(float(end) - float(start)) for start, end in steps] == [22, 22]
        assert "on low: fewer weights" in written

    @pytest.mark.parametrize("width", [800.0, 336.0])
    def test_its_texts_lie_on_nothing(self, board, width, tmp_path):
        path = tmp_path / "ladder.svg"
        figures.draw("ladder", board, path, width=width)
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        texts, shapes = texts_of(root), shapes_of(root)
        assert not [(a, b) for a, b in combinations(texts, 2) if a[0].overlaps(b[0])]
        assert not [text for box, text in texts for s, _ in shapes if box.overlaps(s)]


class TestFiles:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        ("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")]
    )
    def test_every_kind_is_drawn_in_every_format(self, kind, suffix, start, three_models, tmp_path):
        claims = [make_claim(0.98), make_claim(0.991, id="T9")]
        path = tmp_path / f"{kind}{suffix}"
        draw(kind, boards(three_models, "$good$", claims=claims)[0], path)
        assert path.read_bytes().startswith(start)

    @pytest.mark.parametrize("kind", KINDS)
    def test_an_svg_is_whole_in_itself_and_says_what_it_is(self, kind, three_models, tmp_path):
        path = tmp_path / "picture.svg"
        draw(kind, boards(three_models)[0], path)
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        title, style = root[0], next(e for e in root if e.tag.endswith("}style"))
        assert title.text.strip()
        used = {name for e in root.iter() for name in e.get("class", "").split()}
        styled = {name for name in used if style_of(name) != style_of("")}
        assert all(f".{name}{{" in style.text for name in styled)
        assert "var(" not in path.read_text(encoding="utf-8")
        width, height = float(root.get("width")), float(root.get("height"))
        assert root.get("viewBox") == f"0 0 {width:.10g} {height:.10g}"

    @pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
    def test_the_same_records_give_the_same_bytes(self, suffix, three_models, tmp_path):
        board = boards(three_models)[0]
        for name in ("one", "two"):
            draw("cost", board, tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()

    def test_a_png_has_two_pixels_for_each_of_the_drawing(self):
        from PIL import Image

        drawing = el.Drawing([el.Rect(10.0, 0.0, 10.0, 20.0, "claim")], 30.0, 20.0, "a bar")
        image = Image.open(io.BytesIO(to_png(drawing))).convert("RGB")
        assert image.size == (60, 40)
        assert image.getpixel((5, 20)) == (255, 255, 255)
        assert image.getpixel((20, 20)) != (255, 255, 255)

    def test_a_pdf_keeps_texts_and_their_signs(self):
        import pypdfium2

        text = "0.12 − 0.5 ± 0.1–0.3 × 4 …"
        drawing = el.Drawing([el.Text(5.0, 20.0, text, "mark-name")], 300.0, 40.0, "signs")
        page = pypdfium2.PdfDocument(to_pdf(drawing))[0]
        assert text in page.get_textpage().get_text_range()

    def test_what_a_group_shifts_and_colors_is_so_in_every_format(self):
        from PIL import Image

        dot = el.Circle(0.0, 0.0, 8.0, "bar")
        group = el.Group([dot], "group-1", shift=(10.0, 30.0))
        drawing = el.Drawing([group], 40.0, 40.0, "a dot")
        image = Image.open(io.BytesIO(to_png(drawing))).convert("RGB")
        red, green, _ = image.getpixel((20, 60))
        assert green > red + 50  # a teal, where the group was moved to
        assert image.getpixel((60, 20)) == (255, 255, 255)
        assert '<g class="group-1" transform="translate(10 30)">' in file_svg(drawing)
        assert ".group-1{color:#0f766e}" in file_svg(drawing)

    def test_texts_and_classes_are_escaped(self):
        parts = [el.Text(1.0, 2.0, "<b>&", 'x" onclick="y'), el.mark(label='"<i>', class_="<")]
        drawing = el.Drawing(parts, 9.0, 9.0, "<title>")
        for written in (page_svg(drawing), file_svg(drawing)):
            assert "<b>" not in written
            assert "<i>" not in written
            assert 'class="x&#34; onclick=&#34;y"' in written
            assert "&lt;title&gt;" in written

    def test_numbers_have_a_tenth_of_a_pixel_and_no_negative_zero(self):
        drawing = el.Drawing([el.Line(-0.04, 1234.56, 0.5, 1.0, "c")], 9.0, 9.0, "a line")
        assert '<line x1="0" y1="1234.6" x2="0.5" y2="1" class="c"/>' in page_svg(drawing)

    def test_a_picture_of_another_format_is_refused(self, three_models, tmp_path):
        with pytest.raises(UserError, match=r"pictures are \.svg, \.png, \.pdf"):
            draw("seeds", boards(three_models)[0], tmp_path / "seeds.gif")

    def test_a_folder_that_is_not_there_is_told(self, three_models, tmp_path):
        with pytest.raises(UserError, match="cannot be written"):
            draw("seeds", boards(three_models)[0], tmp_path / "nowhere" / "seeds.svg")


def texts_of(root, x=0.0, y=0.0):
    """(box, text) of every text that is not turned, in the picture's units."""
    found = []
    for child in root:
        moved = re.match(r"translate\((\S+) (\S+)\)", child.get("transform", ""))
        dx, dy = map(float, moved.groups()) if moved else (0.0, 0.0)
        if child.tag.endswith("}text") and "rotate" not in child.get("transform", ""):
            names = child.get("class").split()
            size = style_of(" ".join(names), is_text=True).font_size
            wide = 0.9 * text_width(child.text or "", size)
            left = x + float(child.get("x"))
            left -= wide if "end" in names else wide / 2 if "middle" in names else 0
            bottom = y + float(child.get("y"))
            found.append((Box(left, bottom - 0.72 * size, left + wide, bottom), child.text))
        found += texts_of(child, x + dx, y + dy)
    return found


# Cells hold their text; areas and the frame lie behind texts.
BEHIND = {*CELLS, "range", "expected", "behind", "grid", "axis", "rule", "leader", "track", "hatch"}


def shapes_of(root, x=0.0, y=0.0):
    """(box, is a line) of what texts must not lie on, lines in small pieces."""
    found = []
    for child in root:
        moved = re.match(r"translate\((\S+) (\S+)\)", child.get("transform", ""))
        dx, dy = map(float, moved.groups()) if moved else (0.0, 0.0)
        names = set(child.get("class", "").split())
        at = {k: float(v) for k, v in child.attrib.items() if re.fullmatch(r"-?[\d.]+", v)}
        tag = child.tag.rpartition("}")[2]
        if names & BEHIND or not names:
            pass
        elif tag == "circle":
            cx, cy, r = x + at["cx"], y + at["cy"], 0.7 * at["r"]
            found.append((Box(cx - r, cy - r, cx + r, cy + r), False))
        elif tag == "rect" and at["width"]:
            left, top = x + at["x"], y + at["y"]
            found.append((Box(left, top, left + at["width"], top + at["height"]), False))
        elif tag == "line":
            ends = [(at["x1"], at["y1"]), (at["x2"], at["y2"])]
            found += [(box, True) for box in pieces(ends, x, y)]
        elif tag == "path":
            ends = [tuple(map(float, p.split())) for p in child.get("d").strip("MZ").split("L")]
            found += [(box, "dot" not in names) for box in pieces(ends, x, y)]
        found += shapes_of(child, x + dx, y + dy)
    return found


def pieces(points, x, y):
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = int(math.dist((x1, y1), (x2, y2)) / 3) + 1
        for n in range(steps + 1):
            px, py = x + x1 + (x2 - x1) * n / steps, y + y1 + (y2 - y1) * n / steps
            yield Box(px - 0.5, py - 0.5, px + 0.5, py + 0.5)


HOSTILE = ("<script>alert(1)</script>", "W" * 90, "\u6f22\u5b57" * 30, "a & b \"c\" 'd'")


def many_rows(store, rows):
    """Rows of two seeds on 200 images, four of them with names that nobody should give."""
    for n in range(rows):
        name = HOSTILE[n] if n < 4 else f"model_with_a_name_{n}"
        wrong = range(1 + n % 19)
        for seed in range(2):
            write_run(store, name, seed, wrong=wrong, images=200, train_seconds=1.5 ** (n % 23) + n)
    return boards(store)[0]


class TestLabels:
    @pytest.mark.parametrize(
        "rows",
        [4, pytest.param(40, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.slow)],
    )
    def test_no_text_lies_on_another_on_a_mark_on_a_line_or_out_of_the_picture(
        self, rows, store, tmp_path
    ):
        board = many_rows(store, rows)
        for kind in KINDS:
            for width in (800.0, 336.0) if rows <= 40 else (800.0,):
                path = tmp_path / f"{kind}.svg"
                figures.draw(kind, board, path, width=width)
                root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
                texts = texts_of(root)
                whole = Box(-1, 0, float(root.get("width")) + 1, float(root.get("height")))
                outside = [text for box, text in texts if not box.within(whole)]
                assert not outside, (kind, width)
                on = [(a[1], b[1]) for a, b in combinations(texts, 2) if a[0].overlaps(b[0])]
                assert not on, (kind, width)
                shapes = shapes_of(root)
                on = [
                    text
                    for box, text in texts
                    for shape, is_line in shapes
                    # A number of the cost plot has a rim, and may lie on a line.
                    if box.overlaps(shape) and not (kind == "cost" and is_line and text.isdigit())
                ]
                assert not on, (kind, width)

    def test_a_farther_place_is_taken_and_joined_by_a_leader(self):
        wall = [Box(180, 80, 220, 120), Box(140, 85, 180, 115), Box(220, 85, 300, 115)]
        (near,) = place_labels([(200, 100, 40)], Box(0, 0, 400, 300), wall, [], 14)
        (far,) = place_labels([(200, 100, 40)], Box(0, 0, 400, 300), wall, [], 14, rings=6)
        assert near is None
        assert far is not None
        assert leader(200, 100, far) is not None


class TestWhatPicturesFind:
    def alternative(self, kind, board, tmp_path, **chosen):
        path = tmp_path / "picture.svg"
        figures.draw(kind, board, path, **chosen)
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
        return next((e.text for e in root if e.tag.endswith("}desc")), "")

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("cost", "No other is both better and cheaper than: $good$, fair."),
            ("seeds", "The best mean of 3 is that of $good$"),
            ("pairs", "of 3 pairs are significantly different."),
            ("ranks", "of 3 models may be the best"),
            ("variance", "of 3 models the test images make more than half"),
            ("progress", "The widest interval is that of "),
        ],
    )
    def test_the_text_alternative_says_it(self, kind, said, three_models, tmp_path):
        assert said in self.alternative(kind, boards(three_models)[0], tmp_path)

    def test_two_models_disagree_where_one_alone_is_right(self, store, tmp_path):
        write_run(store, "a", 0, wrong=[1])
        write_run(store, "b", 0, wrong=[2, 3, 12])
        found = self.alternative("disagreement", boards(store)[0], tmp_path)
        assert "They disagree on 4 images of 1000: only a is right on 3, only b on 1." in found

    def test_classes_are_counted_against_the_first_model(self, store, tmp_path):
        write_run(store, "a", 0, wrong=[3, 13])
        write_run(store, "b", 0, wrong=[2, 3, 12])
        found = self.alternative("classes", boards(store)[0], tmp_path)
        assert found == "a errs most on 3: 2.0 images a run."

    def test_every_rank_of_two_clearly_different_models_is_certain(self, store, tmp_path):
        for seed in range(3):
            write_run(store, "a", seed, wrong=[1])
            write_run(store, "b", seed, wrong=range(500))
        found = self.alternative("ranks", boards(store)[0], tmp_path)
        assert found == "1 of 2 models may be the best; 2 ranks are certain."

    def test_runs_that_answer_alike_leave_the_images_alone(self, store, tmp_path):
        for seed in range(3):
            write_run(store, "a", seed, wrong=[1, 2, 3])
        found = self.alternative("variance", boards(store)[0], tmp_path)
        assert found.startswith("For 1 of 1 model the test images make more than half")

    def test_the_largest_gap_between_training_and_test_is_found(self, store, tmp_path):
        for name, wrong in (("a", 20), ("b", 100)):
            write_run(store, name, 0, wrong=range(wrong), train_accuracy=0.99)
        found = self.alternative("curves", boards(store)[0], tmp_path)
        assert found == "Training less test accuracy is largest for b: +9.00 points."

    def test_a_pair_disagrees_that_is_different_rather_than_the_next_in_rank(self, store, tmp_path):
        for seed in range(3):
            write_run(store, "a", seed, wrong=[1])
            write_run(store, "b", seed, wrong=[1, 2])
            write_run(store, "c", seed, wrong=range(300))
        path = tmp_path / "picture.svg"
        for chosen, other in (({}, "c"), ({"model": "b"}, "b")):
            draw("disagreement", boards(store)[0], path, **chosen)
            assert f"a against {other}<" in path.read_text(encoding="utf-8")

    def test_one_hopeless_model_leaves_the_others_their_shades(self, store, tmp_path):
        for n in range(1, 12):
            write_run(store, f"model_{n:02d}", 0, wrong=range(10 * n))
        write_run(store, "hopeless", 0, wrong=range(900))
        path = tmp_path / "picture.svg"
        draw("classes", boards(store)[0], path)
        written = path.read_text(encoding="utf-8")
        shades = set(re.findall(r'class="(shade-\d)"', written))
        assert shades == {f"shade-{n}" for n in range(1, 7)}

    def test_means_so_far_end_at_the_mean_of_all(self, three_models):
        row = boards(three_models)[0].rows[0]
        found = so_far(row)
        assert [one.seeds for one in found] == [2, 3]
        assert found[-1].mean == pytest.approx(row.accuracy.mean)
        assert found[-1].interval == row.ci_seeds


class TestStyles:
    def test_paper_has_no_background_and_the_width_of_a_column(self, three_models, tmp_path):
        board, path = boards(three_models)[0], tmp_path / "picture.svg"
        figures.draw("seeds", board, path, style="paper")
        paper = path.read_text(encoding="utf-8")
        assert 'width="336"' in paper
        assert 'fill="#fff' not in paper
        figures.draw("seeds", board, path, style="dark", width=800.0)
        dark = path.read_text(encoding="utf-8")
        assert 'width="800"' in dark
        assert 'fill="#1a1d21"' in dark

    def test_rows_are_chosen_by_name_glob_and_part_and_keep_their_color(self, three_models):
        board = boards(three_models)[0]
        for patterns, names in (
            (["fair,$good$"], ["$good$", "fair"]),
            (["*r"], ["fair", "poor"]),
            (["oo"], ["$good$", "poor"]),
            ([], ["$good$", "fair", "poor"]),
        ):
            assert [row.name for row in figures.select_rows(board, patterns).rows] == names
        with pytest.raises(UserError, match=r"--rows 'fare': no such row.*did you mean 'fair'"):
            figures.select_rows(board, ["fare"])


class TestChoices:
    @pytest.mark.parametrize("kind", KINDS)
    def test_failures_alone_are_nothing_to_draw(self, kind, store, tmp_path):
        store.write(make_failed("net"), None)
        with pytest.raises(UserError, match="there is nothing to draw"):
            draw(kind, boards(store)[0], tmp_path / "picture.svg")

    def test_cost_is_against_seconds_or_what_is_asked_for(self, three_models, tmp_path):
        path = tmp_path / "picture.svg"
        for chosen, axis in (({}, "Training seconds"), ({"against": "parameters"}, "Parameters")):
            draw("cost", boards(three_models)[0], path, **chosen)
            assert f">{axis} (logarithmic)<" in path.read_text(encoding="utf-8")

    def test_a_cost_that_no_model_has_is_told(self, three_models, tmp_path):
        with pytest.raises(UserError, match="--against 'latency': no model has both"):
            draw("cost", boards(three_models)[0], tmp_path / "picture.svg", against="latency")

    @pytest.mark.parametrize("kind", ["confusion", "reliability"])
    def test_a_model_is_the_first_or_the_one_that_is_named(self, kind, three_models, tmp_path):
        path = tmp_path / "picture.svg"
        for chosen, name in (({}, "$good$"), ({"model": "poor"}, "poor")):
            draw(kind, boards(three_models)[0], path, **chosen)
            titles = re.findall(r'class="title">([^<]*)<', path.read_text(encoding="utf-8"))
            assert [title.endswith(name) for title in titles] == [True]

    def test_an_unknown_model_is_told_the_nearest(self, three_models, tmp_path):
        with pytest.raises(UserError, match=r"'fare': no such row.*did you mean 'fair'"):
            draw("confusion", boards(three_models)[0], tmp_path / "picture.svg", model="fare")

    def test_predictions_without_probabilities_have_no_reliability(self, store, tmp_path):
        write_run(store, "net", 0, loss=None)
        with pytest.raises(UserError, match="without probabilities"):
            draw("reliability", boards(store)[0], tmp_path / "picture.svg")

    def test_a_module_without_a_figure_is_named(self, monkeypatch):
        entry = Plugin("odd", "json", "entry point of odd-pictures")
        monkeypatch.setattr(Registry, "find", lambda self, name: entry)
        with pytest.raises(UserError, match=r"json \(entry point of odd-pictures\) is no picture"):
            figures.load("odd")


class TestCommand:
    def plot(self, *arguments):
        return CliRunner().invoke(bench, ["plot", *map(str, arguments)], standalone_mode=False)

    def test_it_draws_mnist_as_published_by_default(self, three_models, tmp_path):
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
    def test_an_unknown_board_is_told(self, three_models, tmp_path, arguments, message):
        result = self.plot(
            "seeds", "--results", tmp_path, "--output", tmp_path / "a.svg", *arguments
        )
        assert isinstance(result.exception, UserError)
        assert message in str(result.exception)

    def test_a_kind_that_there_is_not_is_told(self, three_models, tmp_path):
        result = self.plot("sedes", "--results", tmp_path, "--output", tmp_path / "a.svg")
        assert "'seeds'" in str(result.exception)

    def test_the_help_says_what_each_kind_is_and_which_options_it_has(self):
        text = " ".join(self.plot("--help").output.split())
        for kind in KINDS:
            assert f"{kind} {figures.FIGURES.find(kind).summary()}"[:40] in text
        assert "--against [seconds|parameters|multiply-adds|latency]" in text
        assert "The row that is drawn; for confusion, disagreement, reliability" in text

    def test_only_what_a_suite_is_made_of(self, three_models, tmp_path):
        path, file = tmp_path / "seeds.svg", tmp_path / "mine.toml"
        file.write_text('architectures = ["fair"]\ndataset = "mnist"\nseeds = 1\n')
        result = self.plot("seeds", "--results", tmp_path, "--output", path, "--suite", file)
        assert result.exception is None
        written = path.read_text(encoding="utf-8")
        assert "fair, seed 0" in written
        assert "poor" not in written

    def test_an_empty_folder_is_told(self, tmp_path):
        result = self.plot("seeds", "--results", tmp_path, "--output", tmp_path / "a.svg")
        assert "there are no records to draw" in str(result.exception)
