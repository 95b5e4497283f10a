"""``bench run --dry-run``: seconds from records, and schedules here and on several nodes."""

import json

import pytest
from ninetynine.records import RecordStore
from record_builders import make_machine, make_predictions, make_record

IDENTITY = [
    "architecture",
    "source_hash",
    "recipe",
    "dataset",
    "dataset_fingerprint",
    "seed",
    "backend",
    "packages",
    "precision",
    "threads",
    "device",
    "deterministic",
    "protocol_version",
]


@pytest.fixture
def dry_run(bench, tmp_path):
    """Run ``bench run quick --dry-run --json`` on a folder of records; return what it says."""

    def dry_run(*arguments):
        code, out, _ = bench(
            "run", "quick", "--dry-run", "--json", "--results", tmp_path, "--threads", 1, *arguments
        )
        assert code == 0
        return json.loads(out)

    return dry_run


@pytest.fixture
def recorded(dry_run, tmp_path):
    """A store that has seed 0 of every model of ``quick``: T2 took 100 s, the others 10 s."""
    store = RecordStore(tmp_path)
    for cell in dry_run()["missing"]:
        if cell["seed"] == 0:
            seconds = 100.0 if cell["architecture"] == "t2_dense" else 10.0
            identity = {name: cell[name] for name in IDENTITY}
            record = make_record(train_seconds=seconds, machine=make_machine(), **identity)
            store.write(record, make_predictions([]))
    return store


def test_without_records_there_is_no_schedule_but_a_list(dry_run):
    said = dry_run()
    assert said["schedules"] == []
    assert {model["predicted_from"] for model in said["models"]} == {"unknown"}


def test_seconds_come_from_records_and_say_from_where(dry_run, recorded):
    said = dry_run()
    dense = next(model for model in said["models"] if model["architecture"] == "t2_dense")
    assert (dense["missing"], dense["reused"], dense["runs"]) == (2, 1, 1)
    assert dense["predicted_from"] == "elsewhere"  # the records' machine is not this one
    assert 100 < dense["predicted_seconds"] < 110
    assert {cell["seed"] for cell in said["missing"]} == {1, 2}


def test_nodes_share_the_work_until_the_longest_cell_bounds_it(dry_run, recorded):
    said = dry_run("--nodes", 32, "--cores-per-node", 1)
    by_place = {found["where"]: found for found in said["schedules"]}
    one, two, many = (by_place[f"{n} of 1 cores"] for n in ("1 node", "2 nodes", "32 nodes"))
    startup = said["worker"]["startup_seconds"]
    cells = sum(cell["predicted_seconds"] for cell in said["missing"])
    assert one["makespan_seconds"] == pytest.approx(startup + cells)
    assert one["makespan_seconds"] > two["makespan_seconds"] > many["makespan_seconds"] - 1e-9
    longest = max(cell["predicted_seconds"] for cell in said["missing"])
    assert many["makespan_seconds"] == pytest.approx(startup + longest)
    assert (one["bound_by"], many["bound_by"]) == ("work", "longest cell")
    assert many["core_seconds"] == pytest.approx(32 * many["makespan_seconds"])


def test_people_read_the_same(bench, recorded, tmp_path):
    code, out, _ = bench(
        "run", "quick", "--dry-run", "--results", tmp_path, "--threads", 1, "--nodes", 32
    )
    assert code == 0
    (row,) = [line for line in out.splitlines() if line.startswith("t2_dense")]
    assert row.endswith("1 run on another machine")
    assert "12 cells to train, 6 recorded already" in out
    assert "the longest cell, of t2_dense: more workers do not help" in out


def test_where_no_worker_fits_it_is_said_why(bench, recorded, tmp_path, monkeypatch):
    command = ["run", "quick", "--dry-run", "--results", tmp_path, "--threads", 1]
    monkeypatch.setattr("ninetynine.machine.available_bytes", lambda: 10)
    _, out, _ = bench(*command, "--nodes", 2)
    assert "Not here: a worker needs about" in out
    assert "2 nodes of" in out
    monkeypatch.setattr("ninetynine.machine.memory_bytes", lambda: 10)
    _, out, _ = bench(*command)
    assert "There is no schedule: a worker needs 1 cores and about" in out
    assert "No record" not in out


def test_nodes_like_this_machine_are_bound_by_their_memory(bench, recorded, tmp_path, monkeypatch):
    needed = json.loads(
        bench("run", "quick", "--dry-run", "--json", "--results", tmp_path, "--threads", 1)[1]
    )["worker"]["memory_bytes"]
    monkeypatch.setattr("ninetynine.machine.available_cores", lambda: [0, 1, 2, 3])
    monkeypatch.setattr("ninetynine.machine.memory_bytes", lambda: 2 * needed)
    command = ["run", "quick", "--dry-run", "--results", tmp_path, "--threads", 1, "--nodes", 1]
    _, out, _ = bench(*command)
    assert "memory: 2 of 4 workers fit" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--nodes", "4"], "bench: --nodes 4 plans on paper; give --dry-run with it"),
        (
            ["--dry-run", "--cores-per-node", "1", "--threads", "2"],
            "bench: --cores-per-node 1: a cell takes 2 cores (--threads 2)",
        ),
        (["--dry-run", "--nodes", "0"], "0 is not in the range"),
        (["--dry-run", "--nodes", "many"], "'many' is not a valid integer"),
    ],
)
def test_a_mistake_is_one_line(bench, tmp_path, arguments, line):
    code, out, err = bench("run", "quick", "--results", tmp_path, *arguments)
    assert (code, out) == (2, "")
    (said,) = err.splitlines()
    assert line in said
