"""What each rung of a ladder adds."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from ninetynine import suite
from ninetynine.cli import bench
from ninetynine.report import figures
from picture_builders import boards, shapes_of, texts_of
from record_builders import (
    write_run,
)

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


def test_a_suites_own_file_names_its_ladder(store, tmp_path):
    (tmp_path / "rungs.toml").write_text(LADDER)
    for name, wrong in (("low", 200), ("middle", 100), ("high", 98), ("other", 210)):
        for seed in range(2):
            write_run(store, name, seed, wrong=range(wrong), context={"suite": "rungs"})
    path = tmp_path / "ladder.svg"
    words = ["plot", "ladder", "--results", str(tmp_path), "--output", str(path)]
    unnamed = CliRunner().invoke(bench, words, standalone_mode=False)
    assert "name your own with --suite FILE" in str(unnamed.exception)
    own = ["--suite", str(tmp_path / "rungs.toml")]
    found = CliRunner().invoke(bench, [*words, *own], standalone_mode=False)
    assert found.exception is None
    assert "what each rung adds" in path.read_text(encoding="utf-8")
