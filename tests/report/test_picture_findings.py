"""What pictures say where they are not seen."""

import re
from xml.etree import ElementTree

import pytest
from ninetynine.report import figures
from ninetynine.report.figures.progress import so_far
from picture_builders import boards, draw
from record_builders import (
    write_run,
)


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
    def test_the_text_alternative_says_it(self, kind, said, board, tmp_path):
        assert said in self.alternative(kind, board, tmp_path)

    def test_two_models_disagree_where_one_alone_is_right(self, store, tmp_path):
        write_run(store, "a", 0, wrong=[1])
        write_run(store, "b", 0, wrong=[2, 3, 12])
        found = self.alternative("disagreement", boards(store)[0], tmp_path)
        assert "They disagree on 4 images of 1,000: only a is right on 3, only b on 1." in found

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

    def test_means_so_far_end_at_the_mean_of_all(self, board):
        row = board.rows[0]
        found = so_far(row)
        assert [one.seeds for one in found] == [2, 3]
        assert found[-1].mean == pytest.approx(row.accuracy.mean)
        assert found[-1].interval == row.ci_seeds

    def test_of_many_classes_those_where_two_models_differ_are_drawn(self, store, tmp_path):
        write_run(store, "a", 0, wrong=[1], classes=100)
        write_run(store, "b", 0, wrong=[2, 33, 133], classes=100)
        path = tmp_path / "picture.svg"
        draw("disagreement", boards(store)[0], path)
        written = path.read_text(encoding="utf-8")
        assert re.findall(r'class="row-name">([^<]*)<', written) == ["1", "2", "33"]
        assert "Classes on which the two do not differ are not drawn." in written
