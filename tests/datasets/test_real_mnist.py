"""From the command to the table on the real MNIST: trains T2 as published, and checks its bits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ninetynine.records import RecordStore

RESULTS = Path(__file__).parents[2] / "results"

pytestmark = [pytest.mark.real_mnist, pytest.mark.slow]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """``bench run tutorials`` of one cell into an empty folder: the process and the folder."""
    folder = os.environ.get("BENCH_DATA_DIR", "")
    if not Path(folder, "mnist.npz").is_file() or not folder:
        pytest.skip("BENCH_DATA_DIR names no folder with mnist.npz")
    results = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "ninetynine", "run", "tutorials", "--only", "t2_dense"]
    process = subprocess.run(
        [*command, "--seeds", "0", "--results", str(results)], capture_output=True, text=True
    )
    return process, results


def test_the_run_ends_with_the_table(run):
    process, _ = run
    assert process.returncode == 0, process.stderr
    assert "t2_dense" in process.stdout
    assert "T2 test accuracy" in process.stdout


def test_the_accuracy_is_that_of_the_tutorial(run):
    records, problems = RecordStore(run[1]).read_all()
    assert problems == []
    accuracy = records[0].scores.test.accuracy
    assert 0.975 < accuracy < 0.985  # ten committed seeds lie well inside
    assert records[0].model.parameters == 407_050


def test_the_weights_are_bit_for_bit_the_committed_ones(run):
    again = RecordStore(run[1]).read_all()[0][0]
    committed = RecordStore(RESULTS).find(again.key)
    if committed is None:
        pytest.skip("the committed record was made with other versions of the numeric packages")
    if committed.machine.fingerprint != again.machine.fingerprint:
        pytest.skip("the committed record was made on a machine of another fingerprint")
    assert again.model.weights_hash == committed.model.weights_hash


def test_a_second_run_trains_nothing_and_imports_no_tensorflow(run):
    code = (
        "import sys; from ninetynine import cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    arguments = ["run", "tutorials", "--only", "t2_dense", "--seeds", "0", "--results", str(run[1])]
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--json"], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    assert "cells to train" not in process.stderr
    assert json.loads(process.stdout)
