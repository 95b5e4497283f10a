"""The picture that docs/extending.md shows, installed, drawn, and found on the page."""

import re
import sys

import pytest
from distributions import activate
from documentation import install
from record_builders import write_run

pytestmark = pytest.mark.slow

VERB = "ninetynine.cli.verbs.plot"


@pytest.fixture
def bench(bench, tmp_path, monkeypatch):
    """Return a function that runs the command where the example is installed."""
    install("picture", tmp_path / "site")
    activate(monkeypatch, tmp_path / "site")
    # A process imports the verb once, and with it the names of the pictures that there are.
    monkeypatch.setitem(sys.modules, VERB, None)
    monkeypatch.delitem(sys.modules, VERB)

    def run(*arguments):
        code, out, err = bench(*arguments)
        assert code == 0, err
        return out

    return run


@pytest.fixture
def results(store):
    for name, missed in (("good", [3]), ("poor", [3, 13, 23, 4])):
        for seed in range(2):
            write_run(store, name, seed, wrong=missed)
    return store.directory


def test_the_picture_is_offered_and_drawn(bench, results, tmp_path):
    text = " ".join(bench("plot", "--help").split())
    assert "errors_by_class How many images of each class a model gets wrong." in text
    assert re.search(r"--model NAME The row that is drawn; for [^.]*errors_by_class", text)
    for suffix, start in ((".svg", b"<?xml"), (".pdf", b"%PDF"), (".png", b"\x89PNG")):
        output = tmp_path / f"errors{suffix}"
        asked = ("plot", "errors_by_class", "--model", "poor", "--results", results)
        assert bench(*asked, "--output", output) == f"picture: {output}\n"
        assert output.read_bytes().startswith(start)
    drawn = (tmp_path / "errors.svg").read_text(encoding="utf-8")
    assert "<title>3: 3.0 wrong images a run</title>" in drawn
    assert "<title>4: 1.0 wrong images a run</title>" in drawn


def test_the_picture_stands_on_the_page(bench, results):
    page = bench("report", "--format", "html", "--results", results)
    assert '<a href="#tutorials-class-errors">Errors</a>' in page
    section = page.partition('id="tutorials-class-errors"')[2].partition("</section>")[0]
    assert "<h2>Errors of each class</h2>" in section
    assert re.findall(r'<option value="\d">(\w+)</option>', section) == ["good", "poor"]
    assert 'aria-label="3: 3.0 wrong images a run"' in section
