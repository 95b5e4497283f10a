"""The column and the report format that docs/extending.md shows, installed and used."""

import json

import pytest
from documentation import install, run_installed
from record_builders import write_run


@pytest.fixture
def report(store, tmp_path):
    """Return a function that runs ``bench report`` with the example ``name`` installed."""
    for seed in range(3):
        write_run(store, "net", seed, wrong=range(10 + seed), train_seconds=10.0)

    def report(name, *arguments):
        if not (tmp_path / name).is_dir():
            install(name, tmp_path / name)
        return run_installed(tmp_path / name, "report", "--results", store.directory, *arguments)

    return report


@pytest.mark.slow
def test_the_column_is_in_json_and_in_a_table_that_asks_for_it(report):
    (board,) = json.loads(report("column", "--format", "json"))["boards"]
    assert board["rows"][0]["right_per_second"] == pytest.approx(1000 * 0.989)
    table = report("column", "--columns", "accuracy,right_per_second")
    assert "989" in table
    assert "Right per second" in " ".join(table.split())


@pytest.mark.slow
def test_the_format_is_offered_and_writes_its_lines(report):
    assert report("format", "--format", "lines") == "mnist net: 98.9 ± 0.1%, rank 1\n"
    assert "lines" in report("format", "--help")
