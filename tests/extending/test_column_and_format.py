"""The column and the report format that docs/extending.md shows, installed and used."""

import json
import os
import subprocess
import sys

import pytest
from documentation import install
from ninetynine.records import RecordStore
from record_builders import write_run


@pytest.fixture
def report(tmp_path):
    """Return a function that runs ``bench report`` with the example ``name`` installed."""
    store = RecordStore(tmp_path / "results")
    for seed in range(3):
        write_run(store, "net", seed, wrong=range(10 + seed), train_seconds=10.0)

    def run(name, *arguments):
        folder = tmp_path / name
        if not folder.is_dir():
            folder.mkdir()
            install(name, folder)
        path = os.pathsep.join([str(folder), *filter(None, sys.path)])
        command = [sys.executable, "-m", "ninetynine", *arguments]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return lambda name, *arguments: run(
        name, "report", "--results", str(store.directory), *arguments
    )


def test_the_column_is_in_json_and_in_a_table_that_asks_for_it(report):
    (board,) = json.loads(report("column", "--format", "json"))["boards"]
    assert board["rows"][0]["right_per_second"] == pytest.approx(1000 * 0.989)
    table = report("column", "--columns", "accuracy,right_per_second")
    assert "989" in table
    assert "Right per second" in " ".join(table.split())


def test_the_format_is_offered_and_writes_its_lines(report):
    assert report("format", "--format", "lines") == "mnist net: 98.9 ± 0.1%, rank 1\n"
    assert "lines" in report("format", "--help")
