"""Workers are started only as far as memory reaches."""

import pytest
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.machine import (
    affordable_jobs,
    available_bytes,
    check_memory,
    left_in_cgroups,
    worker_bytes,
)
from record_builders import make_failed, make_identity, make_record

GIB = 2**30


def make_cell(architecture="net", **changes):
    return Cell(identity=make_identity(architecture, **changes), suite="test", variant="published")


def peaked(gib, architecture="net", **changes):
    record = make_record(architecture, **changes)
    return record.model_copy(update={"peak_memory_bytes": round(gib * GIB)})


@pytest.mark.parametrize(("available", "jobs"), [(10, 4), (8, 4), (7, 3), (2, 1)])
def test_as_many_workers_as_fit_into_memory(available, jobs):
    assert check_memory(4, 2, available) == jobs


def test_no_memory_for_a_single_worker_is_told():
    with pytest.raises(UserError, match=r"needs about 2\.0 GiB of memory and 1\.0 GiB are free"):
        check_memory(1, 2 * GIB, GIB)


# What a worker needs ------------------------------------------------------------------------------


def test_a_recorded_peak_says_what_a_worker_needs_with_some_room():
    need = worker_bytes([make_cell(seed=7)], [peaked(4)])
    assert 4 * GIB < need < 6 * GIB
    assert worker_bytes([make_cell()], [peaked(0.5)]) < worker_bytes([make_cell()], [])


def test_the_most_demanding_architecture_counts():
    records = [peaked(1, "small"), peaked(5, "large")]
    cells = [make_cell("small"), make_cell("large")]
    assert worker_bytes(cells, records) == worker_bytes([make_cell("large")], records)
    assert worker_bytes([make_cell("small")], records) < 2 * GIB


def test_of_several_peaks_the_smallest_counts():
    """A worker that had kept an earlier cell's data says more than its cell needed."""
    records = [peaked(6, seed=0), peaked(1, seed=1), peaked(3, seed=2)]
    assert worker_bytes([make_cell()], records) == worker_bytes([make_cell()], [peaked(1)])


@pytest.mark.parametrize(
    "other",
    [
        {"architecture": "other"},
        {"precision": "mixed_bfloat16"},
        {"backend": "jax"},
        {"device": "gpu"},
        {"dataset_fingerprint": "e" * 64},
        {"recipe": {"batch_size": 8, "epochs": 5, "optimizer": {"name": "adam"}}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_peak_of_something_else_says_nothing(other):
    assert worker_bytes([make_cell()], [peaked(9, **other)]) == worker_bytes([make_cell()], [])


def test_a_longer_training_needs_no_more():
    recipe = {"batch_size": 128, "epochs": 50, "optimizer": {"name": "adam"}}
    assert worker_bytes([make_cell(recipe=recipe)], [peaked(9)]) > 9 * GIB


def test_what_is_not_recorded_counts_beside_what_is():
    cells = [make_cell("small"), make_cell("unknown")]
    assert worker_bytes(cells, [peaked(0.5, "small")]) == worker_bytes([make_cell("unknown")], [])
    records = [make_failed("unknown"), make_record("unknown")]  # neither has a peak
    assert worker_bytes([make_cell("unknown")], records) == worker_bytes([], [])


# What is left -------------------------------------------------------------------------------------


def make_group(folder, limit, used=0, inactive=0):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\nfile 900\ninactive_file {inactive}\n")


@pytest.fixture
def left(tmp_path):
    """What is left for a process in ``job/step`` below the groups in the folder ``groups``."""

    def left(path="/job/step"):
        (tmp_path / "own").write_text(f"1:name=systemd:/elsewhere\n0::{path}\n")
        return left_in_cgroups(tmp_path / "groups", tmp_path / "own")

    return left


def test_a_container_sees_its_limit_less_what_is_in_use(left, tmp_path):
    make_group(tmp_path / "groups", 1000, used=700, inactive=100)
    assert left("/") == [400]


def test_a_batch_jobs_limit_counts_for_its_steps(left, tmp_path):
    make_group(tmp_path / "groups" / "job", 1000, used=600)
    make_group(tmp_path / "groups" / "job" / "step", "max", used=500)
    assert left() == [400]
    make_group(tmp_path / "groups" / "job" / "step", 550, used=500)
    assert sorted(left()) == [50, 400]


def test_a_limit_that_is_passed_leaves_nothing(left, tmp_path):
    make_group(tmp_path / "groups", 1000, used=1200)
    assert left("/") == [0]


def test_without_control_groups_nothing_is_limited(left, tmp_path):
    assert left() == []
    assert left_in_cgroups(tmp_path, tmp_path / "no such file") == []
    make_group(tmp_path / "groups", "not a number")
    assert left("/") == []


def test_the_tightest_limit_is_what_is_left(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.left_in_cgroups", lambda: [5 * GIB, 3])
    assert available_bytes() == 3
    monkeypatch.setattr("ninetynine.machine.left_in_cgroups", lambda: [])
    assert available_bytes() > 2**20


# What a command says ------------------------------------------------------------------------------


def test_fewer_workers_than_asked_for_are_told_in_one_line(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.available_bytes", lambda: 7 * GIB)
    told = []
    assert affordable_jobs(8, [make_cell()], [peaked(1.6)], told.append) == 3
    assert told == [
        "3 of 8 workers, because each needs about 2.0 GiB of memory and 7.0 GiB are free"
    ]


def test_as_many_workers_as_asked_for_are_not_worth_a_line(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.available_bytes", lambda: 7 * GIB)
    told = []
    assert affordable_jobs(3, [make_cell()], [peaked(1.6)], told.append) == 3
    assert told == []
