"""The verb that docs/extending.md shows, installed and used."""

import json

import pytest
from documentation import install
from ninetynine.records import RecordStore
from record_builders import write_run


@pytest.fixture(autouse=True)
def installed(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    install("verb", tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_the_help_lists_it_after_the_verbs_that_come_with_the_package(bench):
    code, out, _ = bench("--help")
    assert code == 0
    last = out.rstrip().splitlines()[-1]
    assert last.split(maxsplit=1) == [
        "missing",
        "Count the cells of a suite that have no record yet.",
    ]


def test_it_takes_the_options_of_a_run_and_counts_what_is_missing(bench, tmp_path):
    given = ("--only", "t2_dense", "--seeds", 3, "--results", tmp_path / "results")
    code, out, _ = bench("missing", "quick", *given)
    assert (code, out) == (0, "t2_dense: 3\n")
    (_, text, _) = bench("explain", "quick", *given, "--json")
    write_run(RecordStore(tmp_path / "results"), **json.loads(text)[1]["cell"])
    assert json.loads(bench("missing", "quick", *given, "--json")[1]) == {"t2_dense": 2}


def test_a_mistake_is_one_line_as_for_every_verb(bench):
    code, _, err = bench("missing", "quik")
    assert code == 2
    assert err == "bench: no suite is called 'quik'; did you mean 'quick'?\n"
