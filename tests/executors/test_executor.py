"""Workers: one cell's crash, kill, timeout or noise costs that cell and nothing else."""

import os
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest
from ninetynine.executors import Enough, run_chosen
from ninetynine.executors.local import LocalExecutor
from ninetynine.machine import cores_of
from ninetynine.workers import EpochEnded, Failed, Finished, Refused, Started, ipc, process
from record_builders import make_predictions
from run_helpers import (
    STUB_WORKER,
    by_architecture,
    is_alive,
    tasks_for,
    wait_until_gone,
    write_architecture,
)

pytestmark = pytest.mark.slow

# What an architecture may do to its worker -------------------------------------------------------

BODIES = {
    "good": "pass",
    "exits": "print('last words', file=sys.stderr, flush=True); os._exit(3)",
    "leaves": "sys.exit(4)",
    "ends": "raise BaseException('of its own kind')",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "segfaults": "os.kill(os.getpid(), signal.SIGSEGV)",
    "raises": "raise ValueError('no such\\nlayer')",
    "prints": "print('{\"event\": \"finished\"}'); os.write(1, b'noise\\n')",
    "asks": "input('your name? ')",
    "last": "pass",
}


@pytest.fixture(scope="module")
def endings(folder, dataset):
    """Train every one of BODIES in the order given, on one worker after the other."""
    files = [write_architecture(folder, name, body) for name, body in BODIES.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "WORKER", STUB_WORKER)
        return by_architecture(LocalExecutor(jobs=1).run(tasks_for(files, dataset)))


@pytest.mark.parametrize("name", ["good", "prints", "last"])
def test_a_cell_ends_with_its_record_and_predictions(endings, name):
    started, epoch, end = endings[name]
    assert isinstance(started, Started)
    assert isinstance(epoch, EpochEnded)
    assert (epoch.epoch, epoch.epochs) == (1, 1)
    assert isinstance(end, Finished)
    assert end.record.key == end.task.cell.key
    assert end.predictions.probabilities.dtype == np.float16
    assert end.predictions.probabilities.shape == (20, 10)


def test_every_cell_has_exactly_one_end_and_it_is_its_last_event(endings):
    assert endings.keys() == BODIES.keys()
    for events in endings.values():
        ends = [isinstance(event, Finished | Failed | Refused) for event in events]
        assert ends == [False] * (len(events) - 1) + [True]


def test_a_worker_that_exits_is_a_crash_with_its_last_words(endings):
    failure = endings["exits"][-1].failure
    assert failure.kind == "crashed"
    assert failure.reason == "the worker exited with code 3: last words"
    assert "last words" in failure.detail


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("killed", "killed", "the worker was ended by SIGKILL (out of memory?)"),
        ("segfaults", "crashed", "the worker was ended by SIGSEGV"),
    ],
)
def test_a_worker_ended_by_a_signal_is_told_with_the_signal(endings, name, kind, reason):
    failure = endings[name][-1].failure
    assert (failure.kind, failure.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("raises", "build((28, 28, 1), 10) raised ValueError: no such layer; mend the file"),
        ("leaves", "raised SystemExit: 4"),
        ("ends", "raised BaseException: of its own kind"),
        ("asks", "raised EOFError"),
    ],
)
def test_a_users_mistake_is_refused_in_one_line_with_its_traceback(endings, name, part):
    refused = endings[name][-1]
    assert isinstance(refused, Refused)
    assert refused.message.startswith(f"{name}.py: line ")
    assert part in refused.message
    assert "\n" not in refused.message
    assert f"{name}.py" in refused.detail
    assert refused.detail.startswith("Traceback (most recent call last)")


def test_a_worker_lives_on_after_a_users_mistake(endings):
    """Only a death costs the next cell a new import of TensorFlow."""
    refused = endings["raises"]
    assert isinstance(refused[0], Started)
    assert isinstance(endings["last"][-1], Finished)


# Time, starting and ending -----------------------------------------------------------------------


def test_a_timeout_ends_the_cell_and_the_next_one_runs(stub, folder, dataset):
    files = [write_architecture(folder, "hangs", "time.sleep(600)"), folder / "good.py"]
    write_architecture(folder, "good")
    events = by_architecture(LocalExecutor(1, timeout_seconds=3).run(tasks_for(files, dataset)))
    failure = events["hangs"][-1].failure
    assert (failure.kind, failure.reason) == ("timeout", "not finished after 3 seconds")
    assert isinstance(events["good"][-1], Finished)


def test_a_diverged_cell_is_a_failure_of_that_kind(stub, folder, dataset):
    path = write_architecture(folder, "wild")
    path.write_text(path.read_text().replace('"adam"', '{"name": "sgd", "learning_rate": 1000}'))
    *_, end = LocalExecutor(1).run(tasks_for([path], dataset))
    assert (end.failure.kind, end.failure.reason) == (
        "diverged",
        "the loss is nan in epoch 1 of 1",
    )


@pytest.mark.parametrize(("learning_rate", "kind"), [(1000, "diverged"), (1, "timeout")])
def test_a_failure_after_the_build_has_what_the_code_read(
    stub, folder, dataset, monkeypatch, learning_rate, kind
):
    monkeypatch.setenv("STUB_EPOCH_SECONDS", "600")
    read = "open(os.path.join(os.path.dirname(__file__), 'width.json')).read()"
    (folder / "width.json").write_text("8")
    path = write_architecture(folder, f"reads_{kind}", read)
    sgd = f'{{"name": "sgd", "learning_rate": {learning_rate}}}'
    path.write_text(path.read_text().replace('"adam"', sgd))
    *_, end = LocalExecutor(1, timeout_seconds=5).run(tasks_for([path], dataset))
    assert (end.failure.kind, [*end.inputs]) == (kind, ["file width.json"])


def test_a_worker_that_cannot_start_refuses_since_no_cell_was_tried(monkeypatch, folder, dataset):
    monkeypatch.setattr(process, "WORKER", ("-c", "raise SystemExit('no TensorFlow here')"))
    tasks = tasks_for([write_architecture(folder, "good")], dataset, seeds=(0, 1))
    ends = [e for e in LocalExecutor(1).run(tasks) if not isinstance(e, Started)]
    assert [type(end) for end in ends] == [Refused, Refused]
    assert ends[0].message == (
        "no worker could be started: the worker exited with code 1: no TensorFlow here"
    )


def test_an_answer_that_is_no_message_costs_its_cell_and_the_worker(monkeypatch, folder, dataset):
    babble = "import time; print('{}', flush=True); print('who?', flush=True); time.sleep(600)"
    monkeypatch.setattr(process, "WORKER", ("-c", babble))
    before = set(psutil.Process().children())
    tasks = tasks_for([write_architecture(folder, "good")], dataset, seeds=(0, 1))
    ends = [e for e in LocalExecutor(1).run(tasks) if not isinstance(e, Started)]
    assert [end.failure.kind for end in ends] == ["error", "error"]
    assert "\n" not in ends[0].failure.reason
    assert not [c for c in set(psutil.Process().children()) - before if is_alive(c)]


def test_several_workers_share_the_cells_and_lose_none(stub, folder, dataset):
    files = [write_architecture(folder, name, BODIES[name]) for name in ("good", "exits", "last")]
    tasks = tasks_for(files, dataset, seeds=range(4))
    events = list(LocalExecutor(jobs=2).run(tasks))
    ends = [event for event in events if isinstance(event, Finished | Failed)]
    assert sorted(e.task.cell.key for e in ends) == sorted(task.cell.key for task in tasks)
    assert {e.worker for e in events if isinstance(e, Started)} == {"worker 1", "worker 2"}
    assert sum(isinstance(end, Failed) for end in ends) == 4


def test_an_executor_may_be_used_again_and_has_nothing_to_do_for_no_task(stub, folder, dataset):
    tasks = tasks_for([write_architecture(folder, "good")], dataset)
    executor = LocalExecutor(jobs=3)
    assert [isinstance(list(executor.run(tasks))[-1], Finished) for _ in range(2)] == [True, True]
    assert list(executor.run([])) == []


def test_closing_the_events_ends_the_workers(stub, folder, dataset):
    before = set(psutil.Process().children())
    path = write_architecture(folder, "hangs", "time.sleep(600)")
    events = LocalExecutor(jobs=2).run(tasks_for([path], dataset, seeds=range(3)))
    assert isinstance(next(events), Started)
    deadline = time.monotonic() + 120
    while len(workers := set(psutil.Process().children()) - before) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    events.close()
    assert wait_until_gone(workers)
    assert set(psutil.Process().children()) <= before


def test_a_task_is_chosen_when_all_that_was_told_has_been_taken_note_of(stub, folder, dataset):
    """So that what has ended may decide what is trained next, and whether a worker waits."""
    tasks = tasks_for([write_architecture(folder, "good")], dataset, seeds=range(3))
    ended, seen = [], []

    def choose():
        seen.append(len(ended))
        alone = len(seen) == 2  # the second worker is to wait for the first one's end
        return None if alone or not tasks else tasks.pop(0)

    with LocalExecutor(2) as executor:
        for event in executor.run(list(tasks), choose):
            if isinstance(event, Finished):
                ended.append(event.task.cell.identity.seed)
    assert sorted(ended) == [0, 1, 2]
    assert seen[:2] == [0, 0]
    assert tasks == []


def test_what_is_not_needed_any_more_is_given_up_and_idle_workers_stay(stub, folder, dataset):
    hangs = write_architecture(folder, "hangs", "time.sleep(600)")
    good = write_architecture(folder, "good")
    tasks, ended = tasks_for([hangs, good], dataset), []
    waiting = list(tasks)

    def choose():
        if ended:
            raise Enough
        return waiting.pop(0) if waiting else None

    with LocalExecutor(2) as executor:
        with suppress(Enough):
            for event in executor.run(tasks, choose):
                if isinstance(event, Finished):
                    ended.append(event)
        assert [worker.alive for worker in executor._kept.values()].count(True) == 1
        *_, again = executor.run(tasks[1:])
        assert isinstance(again, Finished)
    assert [event.task.cell.identity.architecture for event in ended] == ["good"]


def test_an_executor_that_does_not_choose_is_given_as_many_tasks_as_it_has_workers(folder, dataset):
    class Plain:
        workers = 2

        def __init__(self):
            self.given = []

        def run(self, tasks):
            self.given.append(len(tasks))
            return iter([Finished(task, None, None) for task in tasks])

    tasks = tasks_for([write_architecture(folder, "good")], dataset, seeds=range(5))
    executor, waiting = Plain(), iter(tasks)
    assert len(list(run_chosen(executor, tasks, lambda: next(waiting, None)))) == 5
    assert executor.given == [2, 2, 1]


def test_a_worker_ends_when_its_driver_is_gone():
    worker = subprocess.Popen(
        [sys.executable, *STUB_WORKER, ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout.readline() == ipc.encode({"event": "ready"})
    worker.stdin.close()
    worker.wait(timeout=120)
    worker.stdout.close()


def test_a_worker_ends_with_its_driver_in_the_middle_of_an_import(tmp_path):
    (tmp_path / "keras.py").write_text("print('began', flush=True)\nimport time\ntime.sleep(600)\n")
    with (tmp_path / "errors").open("wb") as errors:
        worker = subprocess.Popen(
            [sys.executable, *process.WORKER, "", "fork"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
    deadline = time.monotonic() + 120
    while b"began" not in (tmp_path / "errors").read_bytes():
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    worker.stdin.close()
    assert worker.wait(timeout=120) == 1
    worker.stdout.close()


def test_a_worker_that_is_told_nonsense_ends_rather_than_waits(tmp_path):
    with (tmp_path / "errors").open("wb") as errors:
        worker = subprocess.Popen(
            [sys.executable, *STUB_WORKER, ""],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    worker.stdin.write(b'{"cell": 1}\n')
    worker.stdin.flush()
    assert worker.wait(timeout=120) == 1
    worker.stdin.close()
    worker.stdout.close()
    assert "ValidationError" in (tmp_path / "errors").read_text()


# Cores and messages ------------------------------------------------------------------------------


def test_workers_have_cores_of_their_own_where_there_are_enough(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.available_cores", lambda: [2, 3, 5, 7])
    assert [cores_of(slot, 4, 1) for slot in range(4)] == [[2], [3], [5], [7]]
    assert [cores_of(slot, 2, 2) for slot in range(2)] == [[2, 3], [5, 7]]
    assert [cores_of(slot, 1, 1) for slot in range(1)] == [[2]]
    assert [cores_of(slot, 3, 2) for slot in range(3)] == [[2, 3, 5, 7]] * 3


def test_a_worker_is_pinned_to_its_cores(stub, folder, dataset):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system pins no process")
    (core,) = cores_of(0, 1, 1)
    body = f"assert os.sched_getaffinity(0) == {{{core}}}, os.sched_getaffinity(0)"
    *_, end = LocalExecutor(jobs=1).run(
        tasks_for([write_architecture(folder, "pinned", body)], dataset)
    )
    assert isinstance(end, Finished), end


def test_predictions_survive_being_packed():
    predictions = make_predictions([3], images=50)
    again = ipc.unpack(ipc.pack(predictions))
    assert np.array_equal(again.probabilities, predictions.probabilities)
    assert again.probabilities.dtype == np.float16
    assert np.array_equal(again.labels, predictions.labels)


def test_a_message_is_one_line_and_nothing_else_is_one():
    message = {"event": "refused", "message": "one\ntwo", "detail": ""}
    line = ipc.encode(message)
    assert line.count(b"\n") == 1
    assert ipc.decode(line) == message
    for nonsense in (b"noise\n", b"[1]\n", b"\n"):
        with pytest.raises(ValueError, match=r"."):
            ipc.decode(nonsense)


# With TensorFlow ---------------------------------------------------------------------------------

REAL = '''"""A linear model.

Source: written for the tests.
"""

import os
import signal

import keras

RECIPE = {"optimizer": "adam", "batch_size": 64, "epochs": 1}


def build(input_shape, num_classes):
    print("building")
    BODY
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )
'''


@pytest.mark.exhaustive
def test_a_crash_costs_its_cell_only_and_a_key_has_one_hash_in_any_worker_and_order(
    kept_workers, tmp_path
):
    def write(name, body="pass"):
        path = tmp_path / f"{name}.py"
        path.write_text(REAL.replace("BODY", body))
        return path

    linear, killed = write("linear"), write("killed", "os.kill(os.getpid(), signal.SIGKILL)")
    seeds = tasks_for([linear], "digits", seeds=(0, 1))
    first = list(LocalExecutor(jobs=1).run([*tasks_for([killed], "digits"), *seeds]))
    with LocalExecutor(jobs=1) as other:
        second = list(other.run(seeds[::-1]))

    (failed,) = [event for event in first if isinstance(event, Failed)]
    assert failed.failure.kind == "killed"
    hashes = [
        {e.record.key: e.record.model.weights_hash for e in run if isinstance(e, Finished)}
        for run in (first, second)
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[0].values())) == 2
