"""Seeds that one computation trains are one task with an end for each that is wanted."""

import pytest
from ninetynine.cells import trained_together
from ninetynine.executors.local import LocalExecutor
from ninetynine.planning import model_path
from ninetynine.records import RecordStore
from ninetynine.request import make_tasks
from ninetynine.running import execute
from ninetynine.workers import Failed, Finished, process
from run_helpers import STUB_WORKER, tasks_for, write_architecture, write_dataset


@pytest.fixture
def cells_of(tmp_path, monkeypatch):
    """Return a function that gives cells of seeds, trained so many at once, and their tasks."""
    monkeypatch.setattr(process, "WORKER", STUB_WORKER)
    dataset = write_dataset(tmp_path / "data.npz")

    def cells_of(seeds, at_once, body="pass", epochs=1):
        file = write_architecture(tmp_path, "net", body, epochs)
        alone = [task.cell for task in tasks_for([file], dataset, seeds)]
        return trained_together(alone, at_once), (str(dataset), None, [file])

    return cells_of


def run(cells, data, keep=None, **options):
    return [*LocalExecutor(1, **options).run(make_tasks(cells, *data, keep))]


def ends(events):
    return [event for event in events if isinstance(event, Finished | Failed)]


@pytest.mark.slow
def test_each_seed_has_a_record_under_its_own_key(cells_of, tmp_path):
    cells, data = cells_of((4, 5, 6, 7), 2)
    assert len(make_tasks(cells, *data)) == 2
    events = run(cells, data, tmp_path / "models")
    assert [end.record.key for end in ends(events)] == [cell.key for cell in cells]
    assert all(end.record.cell.together.seeds == [4, 5] for end in ends(events)[:2])
    kept = [model_path(tmp_path / "models", cell.key, cell.identity) for cell in cells]
    assert all(path.is_file() for path in kept)


@pytest.mark.slow
def test_only_what_is_wanted_of_a_group_is_told(cells_of, tmp_path):
    cells, data = cells_of((0, 1, 2, 3), 4)
    (one, other) = ends(run([cells[1], cells[3]], data))
    assert (one.record.cell.seed, other.record.cell.seed) == (1, 3)
    assert one.record.cell.together.seeds == [0, 1, 2, 3]


@pytest.mark.slow
def test_a_seed_that_diverges_costs_no_other_its_record(cells_of, tmp_path):
    cells, data = cells_of((12, 13, 14), 3)
    store = RecordStore(tmp_path / "results")
    outcome = execute(make_tasks(cells, *data), LocalExecutor(1), store)
    assert [record.cell.seed for record in outcome.finished] == [12, 14]
    assert [(r.cell.seed, r.failure.kind) for r in outcome.failed] == [(13, "diverged")]


@pytest.mark.slow
def test_a_seed_that_diverges_stands_in_the_row_of_the_others(cells_of, tmp_path):
    """What the code reads beside its source is part of the key, of a failed run, too."""
    (tmp_path / "width.json").write_text("8")
    cells, data = cells_of(
        (12, 13), 2, "open(os.path.join(os.path.dirname(__file__), 'width.json'))"
    )
    store = RecordStore(tmp_path / "results")
    outcome = execute(make_tasks(cells, *data), LocalExecutor(1), store)
    (one,), (other,) = outcome.finished, outcome.failed
    assert [*other.cell.inputs] == ["file width.json"]
    assert one.cell.inputs == other.cell.inputs
    assert [cell.key for cell in store.at_present(cells)] == [one.key, other.key]


@pytest.mark.slow
def test_a_death_is_the_failure_of_every_seed(cells_of):
    cells, data = cells_of((0, 1), 2, "os.kill(os.getpid(), signal.SIGKILL)")
    found = ends(run(cells, data))
    assert [event.task.cell.identity.seed for event in found] == [0, 1]
    assert {event.failure.kind for event in found} == {"killed"}


@pytest.mark.slow
def test_a_timeout_is_for_each_seed(cells_of, monkeypatch):
    monkeypatch.setenv("STUB_EPOCH_SECONDS", "0.5")
    cells, data = cells_of((0, 1, 2, 3), 4)
    assert all(isinstance(end, Finished) for end in ends(run(cells, data, timeout_seconds=1.9)))
    late = ends(run(cells, data, timeout_seconds=0.1))
    assert [end.failure.kind for end in late] == ["timeout"] * 4
