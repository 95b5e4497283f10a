"""A typed request: what it leaves open, what its names become, and which mistakes it tells."""

import dataclasses
import json
from pathlib import Path

import pytest
from ninetynine.errors import UserError
from ninetynine.records import RecordStore
from ninetynine.request import RunRequest
from ninetynine.suite import load
from record_builders import write_run
from run_helpers import write_architecture, write_dataset, write_suite


@pytest.fixture
def asked(tmp_path):
    """A request for a suite of ``net`` and ``net_two``, two seeds each, on data of its own."""
    files = tuple(write_architecture(tmp_path, name) for name in ("net", "net_two"))
    data = write_dataset(tmp_path / "d.npz")
    path = write_suite(tmp_path / "s.toml", ["net", "net_two"], data, 2)
    return RunRequest(str(path), architecture_files=files, results=tmp_path / "results")


def runs(request):
    return [(c.identity.architecture, c.identity.seed) for c in request.resolve().cells]


def test_the_cells_are_the_suites_in_its_order(asked):
    assert runs(asked) == [("net", 0), ("net", 1), ("net_two", 0), ("net_two", 1)]


@pytest.mark.parametrize("seeds", ["3-4", [3, 4], (4, 3)])
def test_seeds_are_written_as_in_a_suite(asked, seeds):
    replaced = dataclasses.replace(asked, seeds=seeds, only="net_two")
    assert sorted(runs(replaced)) == [("net_two", 3), ("net_two", 4)]
    assert len(runs(dataclasses.replace(asked, seeds=5, only="net_two"))) == 5


def test_a_pattern_matches_parts_of_names_and_exact_names_are_exact(asked):
    assert {name for name, _ in runs(dataclasses.replace(asked, only="ne"))} == {"net", "net_two"}
    assert {name for name, _ in runs(dataclasses.replace(asked, only="net"))} == {"net"}
    exact = dataclasses.replace(asked, architectures=("net", "t2_dense"))
    assert {name for name, _ in runs(exact)} == {"net", "t2_dense"}  # the suite has no t2_dense


def test_a_suite_may_be_given_whole(asked):
    changed = dataclasses.replace(load(asked.suite), recipe={"epochs": 7})
    (cell, *_) = dataclasses.replace(asked, suite=changed).resolve().cells
    assert cell.identity.recipe["epochs"] == 7
    assert cell.variant == "s"


def test_what_is_left_open_is_quick_on_this_machine(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.available_cores", lambda: list(range(6)))
    run = RunRequest().resolve()
    assert (run.suite.name, run.jobs, run.setting.threads) == ("quick", 6, 1)
    run = RunRequest(jobs=2).resolve()
    assert (run.jobs, run.setting.threads) == (2, 3)
    assert {cell.identity.threads for cell in run.cells} == {3}


@pytest.mark.slow
def test_the_command_line_and_a_program_ask_for_the_same_cells(asked, bench):
    options = ["--only", "two", "--seeds", "1,5", "--threads", 1, "--precision", "mixed_bfloat16"]
    files = [part for file in asked.architecture_files for part in ("--architecture", file)]
    _, out, _ = bench("explain", asked.suite, *options, *files, "--json")
    request = dataclasses.replace(
        asked, only="two", seeds="1,5", threads=1, precision="mixed_bfloat16"
    )
    assert [row["key"] for row in json.loads(out)] == [cell.key for cell in request.resolve().cells]


def test_a_plan_heeds_what_is_to_be_done_again(asked):
    store = RecordStore(asked.results)
    (cell, *others) = asked.resolve().cells
    write_run(store, **cell.identity.model_dump())
    assert asked.resolve().plan(store).missing == others
    keeping = dataclasses.replace(asked, keep_models=True)
    assert keeping.resolve().plan(store).missing == [cell, *others]
    (task, *_) = keeping.resolve().tasks([cell])
    assert task.keep_model.is_relative_to(asked.results / "models" / "net")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jobs": 0}, "--jobs '0': expected a positive whole number or auto"),
        ({"executor": "lokal"}, "no executor is called 'lokal'; did you mean 'local'?"),
        ({"address": "auto"}, "--address auto is of a Ray cluster; give --executor ray with it"),
        ({"executor": "ray", "jobs": 4}, "--jobs 4 is for --executor local"),
        ({"seeds": "x"}, "--seeds: 'x' is no seed"),
        ({"architectures": ("nett",)}, "no architecture is called 'nett'; did you mean 'net'?"),
        ({"dataset": "mnits"}, "unknown dataset 'mnits'; did you mean 'mnist'?"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line(asked, changes, says):
    with pytest.raises(UserError) as error:
        dataclasses.replace(asked, **changes).resolve()
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('[recipe]\nvalidation_data = "validation"\n', "net, net_two: d has no validation part"),
        ('measure = "recall_99"\n', "d has no recall of class 99: there is no class 99 among"),
    ],
)
def test_what_the_data_lack_is_told_once_before_training(asked, bench, words, says):
    path = Path(asked.suite)
    text = path.read_text()
    path.write_text(text + words if words.startswith("[") else words + text)
    given = [f"--architecture={file}" for file in asked.architecture_files]
    for how in ([], ["--dry-run"]):
        code, out, err = bench("run", str(path), *given, "--results", asked.results, *how)
        assert code == 2
        assert err.count(says) == 1
        assert "cells to train" not in out + err
