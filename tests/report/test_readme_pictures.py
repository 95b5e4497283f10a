"""README's pictures are what the commands in docs/report.md draw, and its words what they find."""

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from ninetynine.board import build_boards
from ninetynine.cli import bench
from ninetynine.cli.verbs import plot

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"


def commands():
    """The words of each command in docs/report.md that draws into docs/pictures, by file name."""
    page = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"```sh\n(.*?)```", page, re.S) if "docs/pictures/" in b)
    values, found = {}, {}
    for line in block.splitlines():
        for name, value in values.items():
            line = line.replace(f"${name}", value)
        words = shlex.split(line)
        if words[0] == "bench":
            found[Path(words[-1]).name] = words[1:-1]
        else:
            name, _, value = words[0].partition("=")
            values[name] = value
    return found


def parts(name, tag):
    root = ElementTree.fromstring((FOLDER / name).read_text(encoding="utf-8"))
    return [root, *(e.text for e in root if e.tag.endswith(f"}}{tag}"))]


def test_every_picture_has_its_command():
    assert set(commands()) == {path.name for path in FOLDER.iterdir()}


@pytest.fixture(scope="module")
def boards_once():
    """The commands of this module read and rank the committed records once."""
    ranked = {}

    def build(store, catalog, sums):
        if sums not in ranked:
            ranked[sums] = build_boards(store, catalog, sums=sums)
        return ranked[sums]

    return build


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(commands()))
def test_the_committed_records_give_the_same_bytes(name, boards_once, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(plot, "build_boards", boards_once)
    words = [*commands()[name], str(tmp_path / name)]
    result = CliRunner().invoke(bench, words, standalone_mode=False)
    assert result.exception is None
    assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize("name", sorted(commands()))
def test_it_is_legible_in_a_readme(name):
    root, *_ = parts(name, "desc")
    assert float(root.get("width")) == 800
    assert float(root.get("height")) < 600


def test_the_words_for_a_picture_are_what_it_finds_in_both_themes():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(
        r'srcset="docs/pictures/([^"]*)">\s*<img alt="([^"]*)" src="docs/pictures/([^"]*)"', readme
    )
    assert {name for dark, _, light in shown for name in (dark, light)} == set(commands())
    for dark, words, light in shown:
        assert dark == light.replace(".svg", "-dark.svg")
        assert parts(light, "desc")[1:] == parts(dark, "desc")[1:] == [words]
