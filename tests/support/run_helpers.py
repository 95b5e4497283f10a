"""What tests of runs share: tiny architectures, data and suites, and the command in a process."""

import importlib.util
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
from ninetynine.machine import available_cores
from ninetynine.records import RecordStore
from ninetynine.request import RunRequest
from ninetynine.suite import Suite

SUPPORT = Path(__file__).parent
STUB_WORKER = (str(SUPPORT / "stub_worker.py"),)
BENCH = (sys.executable, "-m", "ninetynine")
STUB_BENCH = (sys.executable, str(SUPPORT / "stub_bench.py"))


def cores_in_turn():
    """Return the cores of this machine; of tests in parallel, each begins with another one."""
    cores = available_cores()
    first = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % len(cores)
    return cores[first:] + cores[:first]


def load_script(path: Path) -> ModuleType:
    """Import a script that is in no package, such as those in ``scripts/``."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# For the stub worker, whose keras holds a Model and nothing else.
ARCHITECTURE = '''"""A model for the tests.

Source: written for the tests.
"""

import os
import signal
import sys
import time

import keras

RECIPE = {{"optimizer": "adam", "batch_size": 32, "epochs": {epochs}}}


def build(input_shape, num_classes):
    {body}
    return keras.Model()
'''


def write_architecture(folder, name, body="pass", epochs=1):
    path = Path(folder, f"{name}.py")
    path.write_text(ARCHITECTURE.format(body=body, epochs=epochs))
    return path


def write_dataset(path):
    """Write a dataset of 30 training and 20 test images, ten classes, and return its path."""
    random = np.random.default_rng(0)
    np.savez(
        path,
        x_train=random.integers(0, 256, (30, 28, 28), dtype=np.uint8),
        y_train=np.arange(30) % 10,
        x_test=random.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        y_test=np.arange(20) % 10,
    )
    return path


def write_suite(path, architectures, dataset, seeds=1, more=""):
    path.write_text(
        f"dataset = {str(dataset)!r}\narchitectures = {architectures!r}\nseeds = {seeds!r}\n{more}"
    )
    return path


def tasks_for(files, dataset, seeds=(0,), data_dir=None):
    """Return a task for each architecture file and seed."""
    names = tuple(path.stem for path in files)
    suite = Suite("test", Path("test.toml"), "", str(dataset), names, tuple(seeds))
    request = RunRequest(
        suite, architectures=names, architecture_files=tuple(files), data_dir=data_dir, threads=1
    )
    run = request.resolve()
    return run.tasks(run.cells)


def by_architecture(events):
    """Return architecture -> the events of its cells, in order."""
    found = defaultdict(list)
    for event in events:
        found[event.task.cell.identity.architecture].append(event)
    return found


def run_bench(*arguments, command=BENCH, **options):
    """Run the command to its end and return what it printed."""
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, **options
    )


def assert_refused(done, *parts):
    """Assert exit code 2 and exactly one line on standard error, with ``parts`` in it."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("bench: ")
    for part in parts:
        assert part in lines[0], lines[0]


def assert_whole(directory):
    """Assert that every file in the store of ``directory`` is a whole record or its predictions.

    (A write that was cut off may leave ``*.partial`` and predictions without a record, which
    nobody reads and the next run removes.)
    """
    store = RecordStore(directory)
    records, problems = store.read_all()
    assert problems == []
    for record in records:
        assert record.status == "failed" or store.predictions(record) is not None
    return records


def contents(directory):
    """Return the bytes of every record file by path: what must never change."""
    return {path: path.read_bytes() for path in Path(directory, "records").glob("*/*.json")}


def wait_until_gone(processes, seconds=120):
    """Return whether every one of ``processes`` ended within ``seconds``; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while any(is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def start_bench(*arguments, command=STUB_BENCH, **environment):
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, **environment},
    )
