"""What tests share: a store, the command in this process, other people's packages, small data.

What is slow is left out by ``pytest -m "not slow"``: it trains, starts processes that import a
backend, a cluster or a browser, builds or installs the package, or simulates for seconds.  What is
exhaustive goes through very many combinations of what other tests show once, or simulates for
longer: CI runs it after the README's command.  In parallel the tests of a file stay together
(``--dist loadfile``), since they share what is dear.
"""

import gc
import os
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from distributions import activate, write
from kept_workers import KeptWorkers
from known_files import KnownFiles
from ninetynine import cli
from ninetynine.records import RecordStore
from ninetynine.training import clocks
from ninetynine.workers import process
from run_helpers import STUB_WORKER, cores_in_turn

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Every process that a test starts would compile the sources of Keras and TensorFlow anew, which
# takes longer than all else that it does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False  # nor would pytest keep the tests as it rewrites them


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow what starts workers or is exhaustive; files with the most slow tests begin.

    (In parallel with ``--no-loadscope-reorder``: else a long file at the end has one core alone.)
    """
    for item in items:
        if "stub" in item.fixturenames or item.get_closest_marker("exhaustive"):
            item.add_marker(pytest.mark.slow)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish(session):
    """What was collected stays to the end: no search for garbage need go through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk():
    """No test survives a power failure, so that none waits until the disk has what it wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def another_first_core():
    """What runs in parallel keeps its workers on other cores, rather than all on the first one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ninetynine.machine.available_cores", cores_in_turn)
        yield


@pytest.fixture(scope="session", autouse=True)
def few_rounds_of_prediction():
    """Predicting is timed, but not as often as a time that is to be kept asks for."""
    timed = clocks.repeated_seconds
    with pytest.MonkeyPatch.context() as patch:

        def few(call, rounds, warm_up):
            return timed(call, min(rounds, 3), 1)

        patch.setattr(clocks, "repeated_seconds", few)
        yield


@pytest.fixture(scope="session", autouse=True)
def known_files():
    """A file of the package is read again when it has changed, and not for every command."""
    with pytest.MonkeyPatch.context() as patch:
        KnownFiles().lend(patch)
        yield


@pytest.fixture(scope="session")
def frozen():
    """What is there now is passed over by every later collection of garbage."""
    gc.freeze()


@pytest.fixture(autouse=True)
def keras_is_no_garbage(request):
    """A collection, as before every model, takes a third of a second where Keras is imported."""
    if "keras" in sys.modules:
        request.getfixturevalue("frozen")


@pytest.fixture
def store(tmp_path):
    """An empty store of records."""
    return RecordStore(tmp_path)


@pytest.fixture
def bench(capsys):
    """Run the command in this process; return exit code, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def run_here(bench, tmp_path, monkeypatch):
    """Run the command in this process and in the test's folder; return what a process would."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code, out, err = bench(*arguments)
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    return run


@pytest.fixture
def refuse(bench):
    """Run a command that is a mistake; return the one line that it says."""

    def refuse(*arguments):
        code, out, err = bench(*arguments)
        assert (code, out) == (2, ""), err
        (line,) = err.splitlines()
        assert line.startswith("bench: ")
        return line

    return refuse


@pytest.fixture(scope="session")
def workers_of_the_session():
    """Workers that are used again in other tests (see ``kept_workers.py``)."""
    kept = KeptWorkers()
    yield kept
    kept.close()


@pytest.fixture
def kept_workers(workers_of_the_session, monkeypatch):
    """Have this process use the session's workers, where their start is not what is tested."""
    workers_of_the_session.lend(monkeypatch)


@pytest.fixture
def stub(kept_workers, monkeypatch):
    """Workers that need no TensorFlow (see ``stub_worker.py``)."""
    monkeypatch.setattr(process, "WORKER", STUB_WORKER)
    monkeypatch.setattr("ninetynine.machine._UNKNOWN_WORKER_BYTES", 2**20)


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """Return a function that installs another package, for this test alone.

    It takes the entry points (group -> name -> value) and the files (path -> text).
    """

    def install(entry_points, files, name="plug-in"):
        write(tmp_path / "site", entry_points, files, name)
        activate(monkeypatch, tmp_path / "site")

    return install


@pytest.fixture(scope="session")
def digits():
    """The dataset that comes with scikit-learn."""
    from ninetynine import datasets

    return datasets.load("digits")
