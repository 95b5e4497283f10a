"""The measure that docs/extending.md shows, installed and used."""

import json

import pytest
from documentation import install, run_installed
from record_builders import write_run


@pytest.mark.slow
def test_the_measure_ranks_a_board_and_is_listed(store, tmp_path):
    for seed in range(3):
        write_run(store, "net", seed, wrong=range(10 + seed))
        write_run(store, "other", seed, wrong=range(20 + seed))
    install("measure", tmp_path / "installed")
    results = ("--results", store.directory, "--format", "json")
    found = run_installed(tmp_path / "installed", "report", "--measure", "near_miss", *results)
    (board,) = json.loads(found)["boards"]
    assert board["measure"] == "near_miss"
    assert min(row["near_miss"] for row in board["rows"]) > 0.97
    assert "near_miss" in run_installed(tmp_path / "installed", "list", "measures")
