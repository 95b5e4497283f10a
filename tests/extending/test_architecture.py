"""The page's architecture and its suite do what the page says."""

import json

import pytest
from distributions import activate
from documentation import example, install
from ninetynine.building import build_model
from ninetynine.suite import discover, load

ROWS = {
    "two_hidden",
    "two_hidden_tanh",
    "two_hidden[optimizer=sgd,units=64]",
    "two_hidden[optimizer=sgd,units=1024]",
    "two_hidden[optimizer=adam,units=64]",
    "two_hidden[optimizer=adam,units=1024]",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write the example's files and go where they are."""
    for name, text in example("architecture").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(bench, *arguments):
    """Return architecture -> how many cells a command would train."""
    given = ("--architecture", "two_hidden.py", "--dry-run", "--json")
    code, out, _ = bench("run", *arguments, *given)
    assert code == 0
    counts = {}
    for cell in json.loads(out)["missing"]:
        counts[cell["architecture"]] = counts.get(cell["architecture"], 0) + 1
    return counts


def test_it_stands_beside_the_suite_and_is_listed(folder, bench):
    assert planned(bench)["two_hidden"] == 3
    code, out, _ = bench("list", "architectures", "--json", "--architecture", "two_hidden.py")
    assert code == 0
    (found,) = [row for row in json.loads(out) if row["name"] == "two_hidden"]
    assert (found["summary"], found["variant_of"]) == ("Two hidden layers.", None)


def test_as_a_package_it_is_found_by_itself(tmp_path, monkeypatch, bench):
    install("architecture_package", tmp_path)
    (tmp_path / "two_hidden.py").write_text(example("architecture")["two_hidden.py"])
    activate(monkeypatch, tmp_path)
    (found,) = [
        row
        for row in json.loads(bench("list", "architectures", "--json")[1])
        if row["name"] == "two_hidden"
    ]
    assert found["origin"] == "entry point of architecture_package-example"


def test_its_variants_and_the_rows_of_its_grid_are_rows_of_the_suite(folder, bench):
    assert planned(bench, "widths.toml") == dict.fromkeys(ROWS, 5)
    assert {rung.over for rung in load("widths.toml").rungs if "[" in rung.label} == {"two_hidden"}


def test_rows_are_chosen_and_made_by_name(folder, bench):
    chosen = planned(bench, "widths.toml", "--only", "two_hidden[units=64]")
    assert chosen.keys() == {name for name in ROWS if name.endswith("units=64]")}
    made = planned(bench, "widths.toml", "--only", "two_hidden_tanh[learning_rate=0.01,0.1]")
    assert made == {f"two_hidden_tanh[learning_rate={rate}]": 5 for rate in ("0.01", "0.1")}


@pytest.mark.slow
def test_build_gets_their_arguments(folder):
    known = discover([folder / "two_hidden.py"], load("widths.toml"))
    name = "two_hidden[optimizer=adam,units=64]"
    assert known["two_hidden_tanh"].arguments == {"activation": "tanh"}
    for found, units in ((known["two_hidden"], 256), (known[name], 64)):
        model = build_model(found, (28, 28, 1), 10)
        assert model.count_params() == 785 * units + (units + 1) * units + (units + 1) * 10
