"""What of a board is drawn, and the command that draws it."""

import re

import pytest
from click.testing import CliRunner
from ninetynine.cli import bench
from ninetynine.errors import UserError
from ninetynine.registry import Plugin, Registry
from ninetynine.report import figures
from picture_builders import KINDS, boards, draw
from record_builders import (
    make_failed,
    write_run,
)


class TestChoices:
    @pytest.mark.parametrize("kind", KINDS)
    def test_failures_alone_are_nothing_to_draw(self, kind, store, tmp_path):
        store.write(make_failed("net"), None)
        with pytest.raises(UserError, match="there is nothing to draw"):
            draw(kind, boards(store)[0], tmp_path / "picture.svg")

    def test_cost_is_against_seconds_or_what_is_asked_for(self, board, tmp_path):
        path = tmp_path / "picture.svg"
        for chosen, axis in (({}, "Training seconds"), ({"against": "parameters"}, "Parameters")):
            draw("cost", board, path, **chosen)
            assert f">{axis} (logarithmic)<" in path.read_text(encoding="utf-8")

    def test_a_cost_that_no_model_has_is_told(self, board, tmp_path):
        with pytest.raises(UserError, match="--against 'latency': no model has both"):
            draw("cost", board, tmp_path / "picture.svg", against="latency")

    @pytest.mark.parametrize("kind", ["confusion", "reliability"])
    def test_a_model_is_the_first_or_the_one_that_is_named(self, kind, board, tmp_path):
        path = tmp_path / "picture.svg"
        for chosen, name in (({}, "$good$"), ({"model": "poor"}, "poor")):
            draw(kind, board, path, **chosen)
            titles = re.findall(r'class="title">([^<]*)<', path.read_text(encoding="utf-8"))
            assert [title.endswith(name) for title in titles] == [True]

    def test_an_unknown_model_is_told_the_nearest(self, board, tmp_path):
        with pytest.raises(UserError, match=r"'fare': no such row.*did you mean 'fair'"):
            draw("confusion", board, tmp_path / "picture.svg", model="fare")

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
        result = self.plot("cost", "--results", three_models.directory, "--output", path)
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
        asked = ("--results", three_models.directory, "--output", tmp_path / "a.svg")
        result = self.plot("seeds", *asked, *arguments)
        assert isinstance(result.exception, UserError)
        assert message in str(result.exception)

    def test_a_kind_that_there_is_not_is_told(self, three_models, tmp_path):
        result = self.plot(
            "sedes", "--results", three_models.directory, "--output", tmp_path / "a.svg"
        )
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
        asked = ("--results", three_models.directory, "--output", path)
        result = self.plot("seeds", *asked, "--suite", file)
        assert result.exception is None
        written = path.read_text(encoding="utf-8")
        assert "fair, seed 0" in written
        assert "poor" not in written

    def test_an_empty_folder_is_told(self, tmp_path):
        result = self.plot("seeds", "--results", tmp_path, "--output", tmp_path / "a.svg")
        assert "neither a folder records nor a pack in it" in str(result.exception)

    def test_of_many_rows_an_unknown_one_is_told_the_nearest(self, store):
        for n in range(25):
            write_run(store, f"model_{n}", 0, wrong=range(n + 1))
        board = boards(store)[0]
        with pytest.raises(UserError) as found:
            figures.select_rows(board, ["zzz"])
        assert "no such row; the nearest of 25 are: " in str(found.value)
        assert str(found.value).count("model_") == 5
