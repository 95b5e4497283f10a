"""A candidate of a search is paired with the row of records that has its recipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from record_builders import draw_wrong, write_run

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[2] / "studies" / "mnist" / "folds_beside_test.py"


@pytest.fixture
def net_store(store):
    for seed in range(2):
        write_run(store, "net", seed, wrong=draw_wrong(0.02, seed, 1000), images=1000)
    return store


def lines(store, tmp_path, **changes):
    record = store.read_all()[0][0]
    candidate = {
        "candidate": "chosen",
        "recipe": record.cell.recipe,
        "precision": record.cell.precision,
        "parameters": record.model.parameters,
        "errors": [0.01, 0.03],
    }
    (tmp_path / "tuning").mkdir(exist_ok=True)
    searches = {"01_search": {"description": "x", "rows": [{**candidate, **changes}]}}
    (tmp_path / "tuning" / "searches.json").write_text(json.dumps(searches))
    command = [sys.executable, SCRIPT, "--results", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    text = (tmp_path / "tuning" / "folds_beside_test.md").read_text()
    return [line for line in text.splitlines() if line.startswith("| net")]


def test_a_row_stands_beside_the_candidate_with_its_recipe(net_store, tmp_path):
    (line,) = lines(net_store, tmp_path)
    accuracies = [record.scores.test.accuracy for record in net_store.read_all()[0]]
    test_error = 100 * (1 - sum(accuracies) / 2)
    assert "| chosen (01) | 2.000 ± 1.000 | 2 |" in line
    assert f"| {test_error:.3f} ±" in line
    assert line.endswith(f"| 2 | {test_error / 2:.2f} |")


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes", [{"parameters": 5}, {"precision": "mixed_float16"}, {"recipe": {"epochs": 99}}]
)
def test_another_recipe_size_or_precision_is_no_pair(net_store, tmp_path, changes):
    assert lines(net_store, tmp_path, **changes) == []


def test_test_time_shifts_alone_do_not_part_a_pair(net_store, tmp_path):
    recipe = net_store.read_all()[0][0].cell.recipe
    (line,) = lines(net_store, tmp_path, recipe={**recipe, "test_time_shifts": 1})
    assert "chosen" in line


def test_a_folder_without_searches_is_one_line(tmp_path):
    command = [sys.executable, SCRIPT, "--results", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    assert "has no searches.json" in said
