"""The Ray executor on a real cluster: the records of the local one, whatever dies meanwhile."""

import os
import shutil
import signal
import socketserver
import sys
import tempfile
import threading
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest
from filelock import FileLock
from ninetynine.errors import UserError
from ninetynine.executors.local import LocalExecutor
from ninetynine.executors.ray import RayExecutor
from ninetynine.executors.ray import cluster as cluster_module
from ninetynine.executors.ray.cluster import Need, check_room
from ninetynine.executors.ray.facts import facts_here, mismatch, script
from ninetynine.executors.ray.node import own_cores
from ninetynine.machine import available_cores
from ninetynine.records import RecordStore
from ninetynine.running import execute
from ninetynine.workers import (
    EpochEnded,
    Failed,
    Finished,
    Refused,
    Retrying,
    Started,
    Waiting,
    process,
)
from ray_cluster import LoopbackCluster, free_port, ray_workers_of, wait_for, workers_of
from run_helpers import (
    STUB_BENCH,
    STUB_WORKER,
    assert_whole,
    by_architecture,
    contents,
    run_bench,
    start_bench,
    tasks_for,
    wait_until_gone,
    write_architecture,
    write_dataset,
    write_suite,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.exhaustive,  # a cluster takes as long to start as many tests
    pytest.mark.skipif(not find_spec("ray"), reason="needs Ray: pip install -e '.[ray]'"),
]

ENDS = Finished | Failed | Refused
USER_NET = Path(__file__).parents[1] / "support" / "examples" / "user_net.py"


@pytest.fixture(scope="module")
def sent():
    """The folder that stands for the nodes' disks."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture(scope="module")
def cluster(sent):
    import ray

    cluster = LoopbackCluster(sent)
    yield cluster
    ray.shutdown()  # a connection that is left
    cluster.shutdown()


@pytest.fixture
def connected(cluster):
    """This process is connected to the cluster, as it was for the test before.

    Ray would start other processes for another connection, which takes longer than most tests.
    """
    import ray

    if not ray.is_initialized():
        cluster_module.connect(cluster.address)
    return cluster


@pytest.fixture
def unconnected(cluster):
    """This process is not connected yet."""
    import ray

    ray.shutdown()
    return cluster


def run(cluster, tasks, on_event=lambda event: None, timeout_seconds=None):
    """Train ``tasks`` on the cluster, which is connected, and return all events."""
    executor, events = RayExecutor(cluster.address, 2**20, timeout_seconds), []
    executor.check(tasks)
    for event in executor.run(tasks):
        events.append(event)
        on_event(event)
    return events


# What becomes of cells ---------------------------------------------------------------------------

BODIES = {
    "good": "pass",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "raises": "raise ValueError('no such\\nlayer')",
    "hangs": "time.sleep(600)",
    "last": "pass",
}
LIMIT_SECONDS = 8


@pytest.fixture(scope="module")
def files(folder):
    files = [write_architecture(folder, name, body) for name, body in BODIES.items()]
    marker = str(folder / "killed once")
    body = f"os.path.exists({marker!r}) or ({kill_once(marker)})"
    return [*files, write_architecture(folder, "killed_once", body)]


def held_until(path):
    """Return the body of an architecture whose cells wait until ``path`` exists."""
    return f"while not os.path.exists({str(path)!r}): time.sleep(0.05)"


def kill_once(marker):
    return f"open({marker!r}, 'x').close(), os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture(scope="module")
def trained(cluster, folder, dataset, files):
    """Train all of BODIES into a store; return the events by architecture, and the store."""
    store, events = RecordStore(folder / "results"), []
    place = {"last": folder / "models" / "last.keras"}
    tasks = [
        task.model_copy(update={"keep_model": place.get(task.cell.identity.architecture)})
        for task in tasks_for(files, dataset)
    ]
    with pytest.MonkeyPatch.context() as patch, store.lock():
        patch.setattr(process, "WORKER", STUB_WORKER)
        cluster_module.connect(cluster.address)
        executor = RayExecutor(cluster.address, 2**20, LIMIT_SECONDS)
        executor.check(tasks)
        execute(tasks, executor, store, events.append)
    return by_architecture(events), store


def test_every_cell_has_exactly_one_end_and_it_is_its_last_event(trained, files):
    events, _ = trained
    assert events.keys() == {path.stem for path in files}
    for told in events.values():
        ends = [isinstance(event, ENDS) for event in told]
        assert ends == [False] * (len(told) - 1) + [True]


def test_progress_says_which_node_trains_what(trained, cluster):
    started, epoch, end = trained[0]["good"]
    names = [f"node {node.node_ip_address} ({node.node_id[:8]})" for node in cluster.nodes]
    assert isinstance(started, Started)
    assert started.node in names
    assert isinstance(epoch, EpochEnded)
    assert epoch.worker == started.worker
    assert started.worker.startswith(started.node)
    assert isinstance(end, Finished)


def test_a_cell_that_kills_its_worker_every_time_is_a_failed_row_after_three_attempts(trained):
    events, store = trained
    assert [type(e) for e in events["killed"]].count(Retrying) == 2
    (record,) = [r for r in store.read_all()[0] if r.cell.architecture == "killed"]
    assert (record.status, record.attempts, record.failure.kind) == ("failed", 3, "killed")
    assert record.failure.reason == "the worker was ended by SIGKILL (out of memory?)"


def test_a_worker_killed_once_costs_an_attempt_that_is_counted(trained):
    events, store = trained
    (retrying,) = [e for e in events["killed_once"] if isinstance(e, Retrying)]
    assert retrying.attempts == 1
    attempts = {r.cell.architecture: r.attempts for r in store.read_all()[0]}
    assert attempts == {"good": 1, "last": 1, "hangs": 1, "killed": 3, "killed_once": 2}


def test_a_timeout_is_told_as_the_local_executor_does_and_not_tried_again(trained):
    *_, end = trained[0]["hangs"]
    assert end.failure.kind == "timeout"
    assert end.failure.reason == f"not finished after {LIMIT_SECONDS} seconds"


def test_a_users_mistake_names_the_users_own_file(trained, stub, files, dataset):
    *_, end = trained[0]["raises"]
    raises = [path for path in files if path.stem == "raises"]
    *_, local = LocalExecutor(jobs=1).run(tasks_for(raises, dataset))
    assert end.message == local.message
    assert str(raises[0]) in end.detail


def test_records_and_predictions_are_those_of_the_local_executor(trained, stub, files, dataset):
    events, _ = trained
    good = [path for path in files if path.stem == "good"]
    *_, local = LocalExecutor(jobs=1).run(tasks_for(good, dataset))
    *_, end = events["good"]
    # Whether its cores were its own depends on how many this machine has.
    assert end.record.model_copy(update={"timing": local.record.timing}) == local.record
    assert end.predictions.probabilities.tobytes() == local.predictions.probabilities.tobytes()
    assert end.predictions.labels.tobytes() == local.predictions.labels.tobytes()


# What nodes have and lack ------------------------------------------------------------------------


def test_a_node_needs_neither_the_architecture_nor_its_helper_nor_the_data(
    connected, stub, tmp_path, sent
):
    """All are gone here when the first cell starts; the nodes go on from what they were sent."""
    data = write_dataset(tmp_path / "own.npz")
    (tmp_path / "helper.py").write_text(f"PLACE = {str(sent)!r}\n")
    body = f"assert __file__.startswith(helper.PLACE)\n    {held_until(tmp_path / 'go')}"
    path = write_architecture(tmp_path, "own", body)
    path.write_text(path.read_text().replace("import keras", "import keras\nimport helper"))
    tasks, at = tasks_for([path], data, seeds=range(2)), set()

    def remove(event):
        for file in (path, data, tmp_path / "helper.py"):
            file.unlink(missing_ok=True)
        if isinstance(event, Started):
            at.add(event.node)
        if len(at) == 2:
            (tmp_path / "go").touch()

    events = run(connected, tasks, remove, timeout_seconds=500)
    ends = [event for event in events if isinstance(event, ENDS)]
    assert [type(end) for end in ends] == [Finished] * 2, ends


def test_a_model_that_is_kept_comes_back(trained, folder):
    assert isinstance(trained[0]["last"][-1], Finished)
    assert (folder / "models" / "last.keras").read_text() == "a model"


def test_cores_are_held_by_one_worker_at_a_time(tmp_path):
    cores = available_cores()
    with own_cores(1, tmp_path, []) as first, own_cores(1, tmp_path, []) as second:
        assert first == ([cores[0]], True)
        if len(cores) > 1:
            assert second == ([cores[1]], True)
        with own_cores(len(cores), tmp_path, []) as too_many:
            assert too_many == (cores, False)
    with own_cores(1, tmp_path, cores[-1:]) as again:
        assert again == (cores[-1:], True)


def test_timing_of_a_worker_without_cores_of_its_own_says_so(connected, stub, files, dataset, sent):
    tasks = tasks_for(files[:1], dataset)
    *_, alone = run(connected, tasks)
    (folder,) = sent.glob("ninetynine-*/cores")
    with ExitStack() as held:
        for core in available_cores():
            held.enter_context(FileLock(folder / f"{core}.lock", timeout=10))
        *_, shared = run(connected, tasks)
    assert alone.record.timing.exclusive
    assert not shared.record.timing.exclusive
    assert alone.record.cell == shared.record.cell


# What dies ---------------------------------------------------------------------------------------


def test_a_killed_node_and_a_killed_ray_worker_lose_no_cell(connected, stub, dataset, tmp_path):
    """A node dies by SIGKILL in the middle; on the other, the process between Ray and us does."""
    path = write_architecture(tmp_path, "held", held_until(tmp_path / "go"))
    tasks = tasks_for([path], dataset, seeds=range(3))
    doomed, other = connected.fill()
    spared, trainers = [doomed, other], []

    def kill(event):
        if not isinstance(event, Started):
            return
        for node in [node for node in spared if node.node_id[:8] in event.node]:
            spared.remove(node)
            trainers.extend(workers_of(node))
            if node is doomed:
                connected.kill_node(node)
            else:
                for process in ray_workers_of(node):
                    process.kill()
        if not spared:
            (tmp_path / "go").touch()

    events = run(connected, tasks, kill, timeout_seconds=500)
    assert trainers
    assert wait_until_gone(trainers)
    ends = [event for event in events if isinstance(event, ENDS)]
    assert sorted(e.task.cell.key for e in ends) == sorted(task.cell.key for task in tasks)
    assert [end.failure.reason for end in ends if not isinstance(end, Finished)] == []
    lost = [event for event in events if isinstance(event, Retrying)]
    assert sum(end.attempts for end in ends) == len(ends) + len(lost)
    reasons = [event.reason for event in lost]
    assert any(doomed.node_id[:8] in reason and "was lost" in reason for reason in reasons)
    assert any(f"Ray's worker on node {other.node_ip_address}" in reason for reason in reasons)


def test_a_run_without_a_node_left_says_so_and_waits_for_one(
    connected, stub, files, dataset, monkeypatch
):
    answers = [cluster_module.nodes, cluster_module.nodes, lambda: [], lambda: []]

    def nodes():
        return (answers.pop() if len(answers) > 2 else answers[0])()

    monkeypatch.setattr(cluster_module, "nodes", nodes)
    events = list(
        RayExecutor(connected.address, 2**20).run(tasks_for(files[:1], dataset, seeds=range(3)))
    )
    waiting = [event for event in events if isinstance(event, Waiting)]
    assert [event.reason for event in waiting] == [
        "no node that is left has 1 CPU and 0.0 GiB of memory; waiting for one to join"
    ]
    assert [type(e) for e in events if isinstance(e, ENDS)] == [Finished] * 3


def test_a_driver_that_is_interrupted_or_killed_loses_nothing_and_leaves_nothing(
    unconnected, stub, bench, tmp_path
):
    """Ctrl-C says how to go on; after kill -9 the run goes on, to the records of a local one."""
    cluster = unconnected
    path = write_architecture(tmp_path, "net", f"{held_until(tmp_path / 'go')}\n    time.sleep(1)")
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"), 8)
    given = ["run", suite, "--architecture", path, "--threads", "1"]
    results = tmp_path / "results"
    on_ray = ["--executor", "ray", "--address", cluster.address, "--results", results]
    doomed, _ = cluster.fill()
    wait_for(lambda: not workers_on(cluster))  # of the tests before

    driver = start_bench(*given, *on_ray)
    errors = end_once(driver, lambda: wait_for(lambda: workers_on(cluster)), signal.SIGINT)
    assert driver.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.strip().splitlines()[-1].startswith("bench: interrupted: ")
    assert_whole(results)
    wait_for(lambda: not workers_on(cluster))

    (tmp_path / "go").touch()
    driver = start_bench(*given, *on_ray)

    def goes_on_without_a_node():
        wait_for(lambda: contents(results))
        cluster.kill_node(doomed)
        before = len(contents(results))
        wait_for(lambda: len(contents(results)) > before + 2)

    errors = end_once(driver, goes_on_without_a_node, signal.SIGKILL)
    assert "raylet" not in errors  # Ray's own words about the loss
    recorded = contents(results)
    assert 0 < len(assert_whole(results)) == len(recorded) < 8
    wait_for(lambda: not workers_on(cluster))

    done = run_bench(*given, *on_ray, command=STUB_BENCH)
    assert done.returncode == 0, done.stderr
    assert f"{len(recorded)} recorded already" in done.stderr
    assert {place: contents(results)[place] for place in recorded} == recorded
    assert bench(*given, "--results", tmp_path / "local")[0] == 0
    # The keys say what the file looks for outside of it, which is another place on a node.
    there, here = (
        {record.cell.seed: facts_of(record)[1:] for record in assert_whole(folder)}
        for folder in (results, tmp_path / "local")
    )
    assert there == here
    assert len(here) == 8


def workers_on(cluster):
    return [worker for node in cluster.nodes for worker in workers_of(node)]


def end_once(driver, happened, number):
    """Send the signal to the driver's group once ``happened`` returns; return what it said."""
    try:
        happened()
        os.killpg(driver.pid, number)
        return "".join(driver.communicate(timeout=300))
    finally:
        driver.kill()


# Other ways to a cluster -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """Return a run of a short cell as arguments, and what the local executor told of it."""
    folder = tmp_path_factory.mktemp("small")
    suite = write_suite(folder / "s.toml", ["good"], write_dataset(folder / "d.npz"), 1)
    given = ["run", suite, "--architecture", write_architecture(folder, "good")]
    done = run_bench(*given, "--results", folder / "results", command=STUB_BENCH)
    assert done.returncode == 0, done.stderr
    return given, done.stdout, without_progress(done)


def train_on_ray(small_run, results, address, **environment):
    """Assert that the small run on the cluster prints what the local one does, but for progress."""
    given, table, told = small_run
    arguments = [*given, "--results", results, "--executor", "ray", "--address", address]
    done = run_bench(*arguments, command=STUB_BENCH, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    assert done.stdout == table
    assert without_progress(done) == told


def without_progress(done):
    """Return what the command told of the run before it began."""
    return [line for line in done.stderr.splitlines() if not line.startswith("[")]


def test_a_client_outside_the_cluster_gets_the_same_table(cluster, small_run, tmp_path):
    train_on_ray(small_run, tmp_path, f"ray://127.0.0.1:{cluster.client_port}")


def test_a_cluster_of_this_machine_alone_gets_the_same_table(small_run, tmp_path, sent):
    train_on_ray(small_run, tmp_path, "local", TMPDIR=str(sent))


# A mistake is one line ---------------------------------------------------------------------------


@pytest.fixture
def refuse(refuse, folder, dataset, files):
    """Run the tiny suite with more arguments; return its one line."""
    suite = write_suite(folder / "s.toml", ["good"], dataset)
    given = ("run", suite, "--architecture", files[0], "--results", folder / "none")
    return lambda *arguments: refuse(*given, *arguments)


def test_without_ray_the_line_says_what_to_install(refuse, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert refuse("--executor", "ray") == (
        "bench: --executor ray needs the package ray, which is not installed; "
        "install it with: pip install 'ninetynine[ray]'"
    )


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_without_a_cluster_is_told_at_once(refuse, scheme):
    address = f"{scheme}127.0.0.1:{free_port()}"
    line = refuse("--executor", "ray", "--address", address)
    assert f"--address {address}: no Ray cluster answers (Connection refused)" in line
    assert "ray start --head" in line


class Other(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_something_else_answers_is_told_at_once(refuse, scheme):
    with socketserver.TCPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"{scheme}127.0.0.1:{server.server_address[1]}"
        line = refuse("--executor", "ray", "--address", address)
        server.shutdown()
    assert "no Ray cluster answers (something else listens there)" in line


def test_another_version_or_token_is_told_in_one_line():
    versions = """Version mismatch: The cluster was started with:
    Ray: 2.50.0
    Python: 3.12.1
This process on node 192.0.2.1 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""
    assert cluster_module._reason(versions) == (
        "the cluster runs Ray 2.50.0 on Python 3.12.1, this machine Ray 2.60.0 on Python 3.11.7; "
        "install the same of both"
    )
    told = cluster_module._reason("ConnectionError: Failed", "Unauthenticated: RPC error: Invalid")
    assert told.startswith("the cluster wants another token; set RAY_AUTH_MODE=token")


@pytest.mark.parametrize(("failures", "seconds", "tries"), [(1, 110, 2), (2, 30, 2), (1, 121, 1)])
def test_a_client_server_that_was_too_slow_is_asked_once_more(
    monkeypatch, failures, seconds, tries
):
    import ray

    asked, clock = [], iter((0, seconds, 0, 0))

    def init(address, **options):
        asked.append(address)
        if len(asked) <= failures:
            raise ConnectionAbortedError("Initialization failure from server:\nno channel")

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(cluster_module, "_check_reachable", lambda address: None)
    monkeypatch.setattr(cluster_module.time, "monotonic", lambda: next(clock))
    with ExitStack() as told:
        if failures == tries:
            told.enter_context(pytest.raises(UserError, match=r"cannot be used .*no channel"))
        cluster_module.connect("ray://192.0.2.1:10001")
    assert asked == ["ray://192.0.2.1:10001"] * tries


def test_options_of_the_other_executor_are_told(refuse):
    assert "give --executor ray with it" in refuse("--address", "auto")
    assert "--jobs 4 is for --executor local" in refuse("--executor", "ray", "--jobs", "4")
    line = refuse("--executor", "ray", "--address", "nowhere")
    assert "expected auto, local, HOST:PORT or ray://HOST:PORT" in line


@pytest.mark.parametrize(
    ("changes", "memory_bytes", "needed"),
    [
        ({}, 2**50, "1 CPU and 1048576.0 GiB of memory"),
        ({"threads": 64}, 2**20, "64 CPUs and 0.0 GiB of memory"),
        ({"device": "gpu"}, 2**20, "1 CPU, 1 GPU and 0.0 GiB of memory"),
    ],
    ids=["memory", "cpus", "gpu"],
)
def test_a_cell_that_no_node_has_room_for_is_told_before_anything_waits(
    connected, files, dataset, changes, memory_bytes, needed
):
    (task,) = tasks_for(files[:1], dataset)
    identity = task.cell.identity.model_copy(update=changes)
    task = task.model_copy(update={"cell": task.cell.model_copy(update={"identity": identity})})
    with pytest.raises(UserError) as told:
        RayExecutor(connected.address, memory_bytes).check([task])
    line = str(told.value)
    assert line.startswith(f"no node of the cluster has room for a cell: it needs {needed}, ")
    assert f"the largest of {len(connected.nodes) + 1} nodes has 1 CPU and" in line


def test_no_room_on_no_node_at_all():
    with pytest.raises(UserError, match="and no node is alive"):
        check_room([Need(1, 0, 0)], [])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            {"sitecustomize.py": "import sys; sys.modules['ninetynine'] = None"},
            "has no ninetynine; install",
        ),
        (
            {"ninetynine/__init__.py": "__version__ = '0.0.1'"},
            "has ninetynine 0.0.1, this machine has ",
        ),
    ],
    ids=["without the package", "another version"],
)
def test_a_node_that_would_get_other_numbers_is_named_before_anything_runs(
    unconnected, stub, dataset, tmp_path, content, told
):
    cluster = unconnected
    tasks = tasks_for([write_architecture(tmp_path, "good")], dataset)
    for name, text in content.items():
        path = cluster.packages / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    try:
        with RayExecutor(cluster.address, 2**20) as executor:
            with pytest.raises(UserError) as refused:
                executor.check(tasks)
            with pytest.raises(UserError) as stopped:  # as if it had joined after the check
                list(executor.run(tasks))
    finally:
        shutil.rmtree(cluster.packages)
        cluster.packages.mkdir()
    names = [f"node {node.node_ip_address} ({node.node_id[:8]})" for node in cluster.nodes]
    assert any(str(refused.value).startswith(f"{name} {told}") for name in names)
    assert "\n" not in str(refused.value)
    assert "\n" not in str(stopped.value)
    assert "ninetynine" in str(stopped.value)


def test_facts_name_the_first_difference_and_equal_facts_none():
    facts = facts_here(script(), ["numpy", "no-such-package"])
    assert facts["no-such-package"] == "missing"
    assert mismatch(facts, facts, "node 1") is None
    assert mismatch(facts, {**facts, "numpy": "1.0"}, "node 1").startswith(
        f"node 1 has numpy 1.0, this machine has {facts['numpy']}; install the same on both"
    )
    # Packages follow from the Python they are for, so Python is told first.
    assert "Python 3.9" in mismatch(facts, {**facts, "numpy": "1.0", "Python": "3.9"}, "node 1")


# With TensorFlow ---------------------------------------------------------------------------------


def test_a_node_gets_the_numbers_that_this_machine_gets(connected, kept_workers):
    tasks = tasks_for([USER_NET], "digits")
    with LocalExecutor(jobs=1) as executor:
        *_, local = executor.run(tasks)
    *_, end = run(connected, tasks)
    assert isinstance(end, Finished), end
    assert facts_of(end.record) == facts_of(local.record)


def facts_of(record):
    """Return what must be the same on every machine of one fingerprint."""
    machine = record.machine.fingerprint
    return record.key, machine, record.model, record.scores, record.history
