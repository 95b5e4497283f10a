"""A cell has a process of its own: nothing it does reaches another, and nothing of it is left."""

import os
import sys
import time

import numpy as np
import psutil
import pytest
from ninetynine.executors.local import LocalExecutor
from ninetynine.training.setup import inherited_environment
from ninetynine.workers import Failed, Finished, Started, ipc, process
from record_builders import make_predictions, make_record
from run_helpers import (
    STUB_BENCH,
    STUB_WORKER,
    assert_whole,
    is_alive,
    run_bench,
    tasks_for,
    wait_until_gone,
    write_architecture,
    write_dataset,
    write_suite,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cells fork on Linux alone")


@pytest.fixture(autouse=True)
def stub(monkeypatch):
    monkeypatch.setattr(process, "WORKER", STUB_WORKER)


@pytest.fixture
def dataset(tmp_path):
    return write_dataset(tmp_path / "tiny.npz")


def ends(tasks, jobs=1, **options):
    with LocalExecutor(jobs, **options) as executor:
        events = list(executor.run(tasks))
    return [event for event in events if isinstance(event, Finished | Failed)]


def processes_named_in(path):
    return [
        psutil.Process(int(pid)) for pid in path.read_text().split() if psutil.pid_exists(int(pid))
    ]


# What a cell leaves behind in its process ---------------------------------------------------------

MEDDLING = {
    "attribute": "keras.meddled = True",
    "module": "sys.modules['meddled'] = os",
    "environment": "os.environ['MEDDLED'] = '1'",
    "folder": "os.chdir('/')",
    "limit": "__import__('resource').setrlimit(__import__('resource').RLIMIT_NOFILE, (64, 64))",
    "priority": "os.nice(5)",
    "cores": "os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])",
    "signal": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "recursion": "sys.setrecursionlimit(321)",
    "mask": "os.umask(0o777)",
}
INNOCENT = (
    "mask = os.umask(0); os.umask(mask); "
    "found = (hasattr(keras, 'meddled'), 'meddled' in sys.modules, 'MEDDLED' in os.environ, "
    "os.getcwd(), __import__('resource').getrlimit(7), os.nice(0), os.sched_getaffinity(0), "
    "signal.getsignal(signal.SIGTERM), sys.getrecursionlimit(), mask); "
    "sys.stderr.write(repr(found)); assert False, repr(found)"
)


def what_the_innocent_finds(events):
    return [e.message for e in events if getattr(e, "message", "")][-1].split("AssertionError")[1]


def test_a_cell_finds_what_it_finds_alone_whatever_ran_before_it(tmp_path, dataset):
    meddlers = [write_architecture(tmp_path, f"sets_{k}", MEDDLING[k]) for k in MEDDLING]
    innocent = write_architecture(tmp_path, "innocent", INNOCENT)
    with LocalExecutor(1) as executor:
        alone = list(executor.run(tasks_for([innocent], dataset)))
        after = list(executor.run(tasks_for([*meddlers, innocent], dataset)))
    assert isinstance(after[0], Started)
    assert sum(isinstance(event, Finished) for event in after) == len(meddlers)
    assert what_the_innocent_finds(after) == what_the_innocent_finds(alone)


def test_a_worker_serves_several_runs_inside_the_executors_context(tmp_path, dataset):
    path = write_architecture(
        tmp_path, "parents", f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{os.getppid()}} ')"
    )
    with LocalExecutor(1) as executor:
        for seed in (0, 1):
            list(executor.run(tasks_for([path], dataset, seeds=(seed,))))
    parents = (tmp_path / "pids").read_text().split()
    assert len(parents) == 2
    assert len(set(parents)) == 1
    assert not psutil.pid_exists(int(parents[0]))


# What a cell starts ------------------------------------------------------------------------------

HELPERS = (
    "__import__('subprocess').Popen(['sleep', '600'])",
    "__import__('subprocess').Popen(['sleep', '600'], start_new_session=True)",
    "os.fork() or time.sleep(600)",
    "os.fork() or (os.setsid(), os.fork(), time.sleep(600))",  # a daemon
)
ENDINGS = {
    "finishes": "pass",
    "raises": "raise ValueError('no')",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "os._exit(0)",
    "hangs": "time.sleep(600)",
    "kills its worker": "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
}


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(ending, marks=[] if ending in ("raises", "hangs") else pytest.mark.exhaustive)
        for ending in ENDINGS
    ],
)
def test_what_a_cell_started_is_gone_with_it(ending, tmp_path, dataset):
    pids = tmp_path / "pids"
    children = "__import__('psutil').Process().children(recursive=True)"
    there = f"len({children}) > {len(HELPERS)}"
    wait = f"any({there} or time.sleep(0.05) for _ in range(200))"
    note = f"open({str(pids)!r}, 'w').write(' '.join(str(p.pid) for p in {children}))"
    body = f"{'; '.join(HELPERS)}; {wait}; {note}; {ENDINGS[ending]}"
    path = write_architecture(tmp_path, "starts", body)
    started = time.monotonic()
    found = ends(tasks_for([path], dataset), timeout_seconds=4 if ending == "hangs" else 300)
    assert time.monotonic() - started < 300
    # The daemon's parent is one, too; what raises is built again, to say with what it works.
    assert len(pids.read_text().split()) >= len(HELPERS) + 1
    assert wait_until_gone(processes_named_in(pids), seconds=60)
    if ending == "finishes":
        assert [type(end) for end in found] == [Finished]
    elif ending != "raises":
        assert [type(end) for end in found] == [Failed]
    if ending == "hangs":
        assert found[0].failure.reason == "not finished after 4 seconds"


# Who answers for a cell --------------------------------------------------------------------------


def test_a_fork_of_a_cell_has_nothing_to_say(tmp_path, dataset):
    files = [
        write_architecture(tmp_path, "forks", "os.fork()"),
        write_architecture(tmp_path, "good"),
    ]
    given = [part for path in files for part in ("--architecture", path)]
    suite = write_suite(tmp_path / "s.toml", ["forks", "good"], dataset, 2)
    done = run_bench(
        "run", suite, *given, "--jobs", "1", "--results", tmp_path / "results", command=STUB_BENCH
    )
    assert done.returncode == 0, done.stderr
    assert len(assert_whole(tmp_path / "results")) == 4


def test_an_answer_about_another_cell_is_refused(tmp_path, dataset):
    first, second = tasks_for([write_architecture(tmp_path, "good")], dataset, seeds=(0, 1))
    other = make_record().model_copy(update={"key": second.cell.key, "cell": second.cell.identity})
    message = ipc.finished_message(other, make_predictions([0], images=20), "")
    assert isinstance(ipc.event_of(message, second, "w"), Finished)
    with pytest.raises(ValueError, match=f"asked for {first.cell.key}"):
        ipc.event_of(message, first, "w")


def test_a_cell_that_exits_in_silence_has_failed(tmp_path, dataset):
    noisy = write_architecture(tmp_path, "noisy", "print('what I said')")
    silent = write_architecture(tmp_path, "silent", "os._exit(0)")
    _, failed = ends(tasks_for([noisy, silent], dataset))
    assert failed.failure.kind == "crashed"
    assert failed.failure.reason == "the worker exited with code 0: no message"


def test_a_run_that_leaves_cells_without_a_record_does_not_exit_0(tmp_path, dataset):
    """A worker that answers for a cell that was not asked for."""
    liar = tmp_path / "liar.py"
    liar.write_text(
        "import json, sys\n"
        "print(json.dumps({'event': 'ready'}), flush=True)\n"
        "sys.stdin.readline()\n"
        "print(json.dumps({'event': 'finished'}), flush=True)\n"
    )
    stub = tmp_path / "stub.py"
    stub.write_text(
        "from ninetynine.cli import main\nfrom ninetynine.workers import process\n"
        f"process.WORKER = ({str(liar)!r},)\nmain()\n"
    )
    path = write_architecture(tmp_path, "good")
    suite = write_suite(tmp_path / "s.toml", ["good"], dataset)
    done = run_bench(
        "run", suite, "--architecture", path, "--results", tmp_path / "results",
        command=(sys.executable, str(stub)),
    )  # fmt: skip
    assert done.returncode == 1
    assert "good, seed 0 failed: KeyError" in done.stderr


def test_data_that_changed_since_the_cell_was_planned_are_refused(tmp_path, dataset):
    tasks = tasks_for([write_architecture(tmp_path, "good")], dataset)
    content = dataset.read_bytes()
    dataset.write_bytes(content)  # written again, and the same
    (end,) = ends(tasks)
    assert isinstance(end, Finished)
    other = write_dataset(tmp_path / "other.npz")
    with np.load(other) as arrays:
        np.savez(dataset, **{**arrays, "y_test": 9 - arrays["y_test"]})
    with LocalExecutor(1) as executor:
        *_, refused = executor.run(tasks)
    assert refused.message == (
        f"{dataset}: the data changed while the suite ran; run the command again"
    )


# What a worker inherits --------------------------------------------------------------------------


def test_switches_that_change_numbers_are_not_inherited(monkeypatch, tmp_path, dataset):
    switches = {
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "DNNL_MAX_CPU_ISA": "SSE41",
        "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
        "JAX_ENABLE_X64": "1",
        "MKL_CBWR": "COMPATIBLE",
        "KMP_AFFINITY": "none",
        "OMP_SCHEDULE": "dynamic",
        "TF_DISABLE_MKL": "1",
        "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
        "KERAS_MAX_EPOCHS": "1",
        "NVIDIA_TF32_OVERRIDE": "0",
        "PYTHONOPTIMIZE": "1",
    }
    for name, value in switches.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("WIDTH", "3")
    body = f"values = {{n: os.environ.get(n) for n in {sorted(switches)!r}}}; "
    body += (
        "wrong = [n for n, v in values.items() if v not in (None, '')]; assert not wrong, wrong; "
    )
    body += f"assert os.environ['KERAS_HOME'] == {str(tmp_path)!r} and os.environ['WIDTH'] == '3'"
    (end,) = ends(tasks_for([write_architecture(tmp_path, "looks", body)], dataset))
    assert isinstance(end, Finished)
    assert inherited_environment({"PATH": "/bin", "ONEDNN_X": "1"}) == {"PATH": "/bin"}


def test_sets_of_names_have_one_order_in_every_worker(monkeypatch, tmp_path, dataset):
    path = write_architecture(
        tmp_path, "hashes", f"open({str(tmp_path / 'h')!r}, 'a').write(f'{{hash(\"layer\")}} ')"
    )
    for given in ("random", "7"):
        monkeypatch.setenv("PYTHONHASHSEED", given)
        assert isinstance(ends(tasks_for([path], dataset))[0], Finished)
    assert len(set((tmp_path / "h").read_text().split())) == 1


def test_no_process_of_a_test_is_left(workers_of_the_session):
    own = [p for p in psutil.Process(os.getpid()).children() if is_alive(p)]
    shared = workers_of_the_session.pids
    assert [p for p in own if p.pid not in shared and p.name() != "chromedriver"] == []
