"""Speeds as people and as pytest-benchmark read them."""

import json
import subprocess
import sys

import pytest
from ninetynine.records import Samples, Speed
from ninetynine.report.timings import pytest_benchmark_json, table
from record_builders import make_machine


@pytest.fixture
def speed():
    samples = (
        Samples("train_step", 128, (0.010, 0.012, 0.011)),
        Samples("latency_1", 1, tuple(0.001 + 0.0001 * i for i in range(11))),
        Samples("throughput_128", 128, (0.064, 0.064, 0.064)),
        Samples("throughput_1000", 1000, (0.5, 0.5, 0.5)),
    )
    return Speed("net", 1000, 2_000_000, samples, 300 * 2**20, 139.6, 0.698, exclusive=True)


def test_the_table_has_medians_percentiles_and_rates(speed):
    row = next(line for line in table([speed], 200.0).splitlines() if line.split()[:1] == ["net"])
    cells = row.split()
    assert cells[1] == "11.0"  # ms a step
    assert cells[3] == "1.50"  # ms, median latency
    assert cells[6:8] == ["2,000", "2,000"]  # images per second
    assert cells[-1] == "70%"


def test_a_timing_that_was_not_alone_is_named(speed):
    disturbed = Speed(**{**vars(speed), "exclusive": False})
    assert "do not compare these: net" in table([disturbed], 200.0)
    assert "do not compare" not in table([speed], 200.0)


@pytest.mark.slow
def test_pytest_benchmark_compares_our_json(speed, tmp_path):
    paths = []
    for number in (1, 2):
        document = pytest_benchmark_json([speed], make_machine(), "c" * 40, False)
        path = tmp_path / f"000{number}_run.json"
        path.write_text(json.dumps(document))
        paths.append(str(path))
    process = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", *paths],
        capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    for samples in speed.samples:
        assert f"{samples.name}[net]" in process.stdout


def test_the_training_step_says_its_share_of_the_peak(speed):
    document = pytest_benchmark_json([speed], make_machine(), None, None)
    step, *answers = [benchmark["extra_info"] for benchmark in document["benchmarks"]]
    assert (step["training_gflops"], step["share_of_peak"]) == (139.6, 0.698)
    assert all("share_of_peak" not in answer for answer in answers)


def test_the_statistics_of_the_samples_are_theirs(speed):
    document = pytest_benchmark_json([speed], make_machine(), None, None)
    stats = document["benchmarks"][0]["stats"]
    assert stats["median"] == 0.011
    assert stats["min"] == 0.010
    assert stats["rounds"] == 3
    assert stats["ops"] == pytest.approx(1 / 0.011)
