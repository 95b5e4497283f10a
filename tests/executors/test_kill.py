"""A run that is killed, interrupted or left alone by its driver loses no finished record."""

import os
import re
import signal
import time

import psutil
import pytest
from kill_resume import torture
from run_helpers import (
    STUB_BENCH,
    assert_refused,
    assert_whole,
    run_bench,
    start_bench,
    wait_until_gone,
    write_architecture,
    write_dataset,
    write_suite,
)

pytestmark = pytest.mark.slow

CELLS = 8


@pytest.fixture
def run(tmp_path):
    """Return the arguments of a run of eight short cells, and its results folder."""
    files = [write_architecture(tmp_path, name, epochs=2) for name in ("one", "two")]
    names = [path.stem for path in files]
    suite = write_suite(tmp_path / "s.toml", names, write_dataset(tmp_path / "d.npz"), CELLS // 2)
    given = [part for path in files for part in ("--architecture", path)]
    return ["run", suite, "--jobs", "2", *given], tmp_path / "results"


def start(arguments, results, seconds=0.3):
    """Start a run and return it when its first record is written, with its workers."""
    driver = start_bench(*arguments, "--results", results, STUB_EPOCH_SECONDS=str(seconds))
    deadline = time.monotonic() + 300
    while not list(results.glob("records/*/*.json")):
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    workers = psutil.Process(driver.pid).children()
    assert workers
    return driver, workers


@pytest.fixture
def finish(bench, kept_workers, stub, monkeypatch):
    """Return a function that runs the same to its end in this process; what it printed."""
    monkeypatch.setattr("ninetynine.machine._UNKNOWN_WORKER_BYTES", 2**20)

    def finish(arguments, results):
        code, out, err = bench(*arguments, "--results", results)
        assert code == 0, err
        assert len(assert_whole(results)) == CELLS
        return out, err

    return finish


@pytest.mark.exhaustive
def test_kills_of_the_whole_group_lose_nothing(run, tmp_path, monkeypatch):
    """The short form of ``kill_resume.py``, which does it with TensorFlow and ``quick``."""
    monkeypatch.setenv("STUB_EPOCH_SECONDS", "0.2")
    (_, *suite), _ = run
    said = []
    torture(suite, tmp_path / "torture", kills=2, seed=1, command=STUB_BENCH, say=said.append)
    assert sum(line.startswith("killed") for line in said) == 2
    assert said[-1].startswith("2 kills in ")


def test_workers_end_when_only_their_driver_is_killed(run, finish):
    arguments, results = run
    driver, workers = start(arguments, results)
    driver.kill()
    driver.communicate()
    assert wait_until_gone(workers)
    recorded = len(assert_whole(results))
    assert 0 < recorded < CELLS
    _, told = finish(arguments, results)
    assert f"{CELLS - recorded} cells to train, {recorded} recorded already" in told


def test_ctrl_c_keeps_whole_records_and_says_how_to_go_on(run, finish):
    arguments, results = run
    driver, workers = start(arguments, results)
    os.killpg(driver.pid, signal.SIGINT)
    _, errors = driver.communicate(timeout=300)
    assert driver.returncode == 130
    assert "Traceback" not in errors
    recorded = len(assert_whole(results))
    assert errors.strip().splitlines()[-1] == (
        f"bench: interrupted: {recorded} of {CELLS} cells are recorded, none is lost; "
        "run the same command again to go on"
    )
    assert 0 < recorded < CELLS
    assert wait_until_gone(workers)
    finish(arguments, results)


@pytest.mark.exhaustive
def test_a_second_run_on_the_same_folder_is_refused(run):
    arguments, results = run
    driver, _ = start(arguments, results, seconds=1)
    second = run_bench(*arguments, "--results", results, command=STUB_BENCH)
    assert_refused(second, f"another bench run is writing to {results}; wait for it to end")
    assert driver.poll() is None
    os.killpg(driver.pid, signal.SIGINT)
    driver.communicate(timeout=300)


def test_a_complete_run_trains_nothing_and_prints_the_same_table(run, finish):
    arguments, results = run
    first, _ = finish(arguments, results)
    again, told = finish(arguments, results)
    assert again == first
    assert told == ""
    assert re.search(r"\bone\b", again)
    assert re.search(r"\btwo\b", again)


def test_a_damaged_record_is_named_and_trained_again(run, finish):
    arguments, results = run
    finish(arguments, results)
    path = next(results.glob("records/one/*.json"))
    path.write_text(path.read_text()[:100])
    _, told = finish(arguments, results)
    assert f"bench: {path}: not a whole JSON file (cut off?)" in told
    assert "1 cells to train, 7 recorded already" in told
    (kept,) = path.parent.glob("*.json.*.kept")
    assert len(kept.read_text()) == 100
