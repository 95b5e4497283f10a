"""A run writes every record as it comes, and keeps what it wrote whatever happens next."""

import errno
import traceback
from dataclasses import replace
from pathlib import Path

import ninetynine.running
import pytest
from ninetynine import datasets
from ninetynine.cells import Cell
from ninetynine.errors import UserError
from ninetynine.records import Failure
from ninetynine.records import store as store_module
from ninetynine.request import make_tasks
from ninetynine.running import execute
from ninetynine.workers import EpochEnded, Failed, Finished, Refused, Started, Task
from ninetynine.workers.worker import _keep_model
from record_builders import make_identity, make_predictions, make_record


@pytest.fixture(autouse=True)
def commit(monkeypatch):
    monkeypatch.setattr(ninetynine.running, "commit_of", lambda folder: ("c" * 40, True))


def make_task(architecture="net", seed=0):
    cell = Cell(identity=make_identity(architecture, seed), suite="mine", variant="published")
    return Task(cell=cell, dataset="mnist")


def finished(seed=0, architecture="net", wrong=(1,)):
    predictions = make_predictions(wrong)
    record = make_record(architecture, seed, accuracy=float(predictions.correct.mean()))
    return Finished(make_task(architecture, seed), record, predictions)


class FakeExecutor:
    """Yields ``events``, raises those that are exceptions, and remembers that it was closed."""

    def __init__(self, *events):
        self.script = events
        self.closed = False

    def run(self, tasks):
        try:
            for event in self.script:
                if isinstance(event, BaseException):
                    raise event
                yield event
        finally:
            self.closed = True


def run(store, *events):
    executor, seen = FakeExecutor(*events), []
    outcome = execute([make_task()], executor, store, seen.append)
    assert executor.closed
    assert seen == list(events)
    return outcome


def refusals(seen):
    """The reasons of what was refused, as they are told one after the other."""
    return [event.message for event in seen if isinstance(event, Refused)]


def test_finished_cells_are_recorded_with_their_predictions_and_commit(store):
    task = make_task()
    outcome = run(store, Started(task, "w"), EpochEnded(task, "w", 1, 1, 0.9), finished())
    records, problems = store.read_all()
    assert records == outcome.finished
    assert not problems
    assert (records[0].context.commit, records[0].context.dirty) == ("c" * 40, True)
    assert store.predictions(records[0]) is not None


def test_a_failed_cell_is_a_record_with_its_reason(store):
    failure = Failure(kind="killed", reason="out of memory?", detail="last words")
    outcome = run(store, Failed(make_task(), failure, attempts=2), finished(seed=1))
    records, _ = store.read_all()
    (failed,) = outcome.failed
    assert records == [failed, *outcome.finished]
    assert failed.key == make_task().cell.key
    assert (failed.status, failed.failure, failed.attempts) == ("failed", failure, 2)
    assert (failed.context.suite, failed.context.commit) == ("mine", "c" * 40)
    assert failed.scores is None


def test_a_users_mistake_is_told_once_and_not_recorded(store):
    refused = [Refused(make_task(seed=s), "net.py: line 3: no", "Traceback 7") for s in (0, 1)]
    seen = []
    executor = FakeExecutor(*refused, finished(architecture="other"))
    outcome = execute([make_task()], executor, store, seen.append)
    assert refusals(seen) == ["net.py: line 3: no", "for the same reason"]
    assert [record.cell.architecture for record in store.read_all()[0]] == ["other"]
    with pytest.raises(UserError) as error:
        outcome.raise_refused()
    assert str(error.value) == "net.py: line 3: no"
    assert "Traceback 7" in "".join(traceback.format_exception(error.value))


def test_several_users_mistakes_are_one_line(store):
    refused = [Refused(make_task(name), f"{name}.py: no") for name in ("one", "two")]
    same = [Refused(make_task(name), "no worker could be started") for name in ("three", "four")]
    with pytest.raises(UserError, match=r"^one\.py: no; two\.py: no; no worker could be started$"):
        run(store, *refused, *same).raise_refused()


def test_nothing_refused_raises_nothing(store):
    run(store, finished()).raise_refused()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), RuntimeError("a bug")])
def test_an_interruption_keeps_what_is_written(store, interruption):
    executor = FakeExecutor(finished(seed=1), interruption, finished(seed=2))
    with pytest.raises(type(interruption)):
        execute([make_task()], executor, store)
    assert [record.cell.seed for record in store.read_all()[0]] == [1]
    assert executor.closed


def test_an_interruption_outside_the_executor_ends_it(store):
    def interrupt(event):
        raise KeyboardInterrupt

    executor = FakeExecutor(finished(seed=1), finished(seed=2))
    with pytest.raises(KeyboardInterrupt):
        execute([make_task()], executor, store, interrupt)
    assert executor.closed
    assert [record.cell.seed for record in store.read_all()[0]] == [1]


def test_a_full_disk_ends_the_run_in_one_line_and_loses_nothing(store, monkeypatch):
    execute([], FakeExecutor(finished(seed=1)), store)

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module.tempfile, "mkstemp", full)
    executor = FakeExecutor(finished(seed=2))
    with pytest.raises(UserError, match=r"No space left on device; finished records are safe"):
        execute([make_task()], executor, store)
    assert executor.closed
    assert [record.cell.seed for record in store.read_all()[0]] == [1]


def test_a_finished_record_is_never_written_again(store):
    run(store, finished(wrong=[1]))
    before = {path: path.read_bytes() for path in store.folder.glob("*/*")}
    outcome = run(store, finished(wrong=[2, 3]))
    assert {path: path.read_bytes() for path in store.folder.glob("*/*")} == before
    assert outcome.finished == store.read_all()[0]


def test_a_failed_record_gives_way_to_a_finished_one(store):
    run(store, Failed(make_task(), Failure(kind="timeout", reason="too slow")))
    outcome = run(store, finished())
    assert store.read_all() == (outcome.finished, [])


def test_tasks_name_files_and_folders_by_their_whole_path(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    cells = [make_task(seed=seed).cell for seed in (0, 1)]
    tasks = make_tasks(cells, "mnist", Path("data"), [Path("net.py")], Path("models"))
    assert [task.cell for task in tasks] == cells
    for task in tasks:
        assert task.architecture_files == [tmp_path / "net.py"]
        assert task.data_dir == tmp_path / "data"
        assert task.keep_model.parent == tmp_path / "models" / "net"
        assert Task.model_validate_json(task.model_dump_json()) == task
    assert tasks[0].keep_model != tasks[1].keep_model
    assert make_tasks(cells, "mnist")[0].keep_model is None


def test_a_linked_architecture_file_keeps_its_own_name(tmp_path):
    """The name of the file as given is the architecture's; where a link leads is not."""
    (tmp_path / "real.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    tasks = make_tasks([make_task().cell], "mnist", architecture_files=[tmp_path / "link.py"])
    assert tasks[0].architecture_files == [tmp_path / "link.py"]


def test_a_model_that_cannot_be_kept_costs_a_line_and_not_the_record(store, tmp_path):
    class Model:
        def save(self, path):
            raise NotImplementedError("no get_config\nin Net")

    problem = _keep_model(Model(), tmp_path / "models" / "net.keras", datasets.load("digits"))
    assert problem == "NotImplementedError: no get_config in Net"
    event = replace(finished(), model_problem=problem)
    outcome = execute([event.task], FakeExecutor(event), store)
    assert (len(outcome.finished), outcome.failed) == (1, [])
    assert outcome.unkept_models == [f"net, seed 0: its model could not be kept: {problem}"]
