"""What travels to a node: text and arrays there become the architecture and data they were here."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ninetynine
import numpy as np
import pytest
from distributions import activate, write
from ninetynine import datasets
from ninetynine.catalog import discover, read_sent
from ninetynine.cli.progress import LineProgress
from ninetynine.datasets.built_in import fashion_mnist
from ninetynine.datasets.dataset import ARRAY_NAMES, VALIDATION_NAMES
from ninetynine.errors import UserError
from ninetynine.executors.ray import _bundles
from ninetynine.executors.ray.cluster import Need
from ninetynine.executors.ray.payload import bundle_of, node_folder, payload_of, unpack
from ninetynine.workers import Retrying, Started, Waiting
from ninetynine.workers.loading import architecture_of
from pictures import write_folder
from run_helpers import tasks_for, write_architecture, write_dataset

NET = '''"""A plug-in's model."""
from ._blocks import classify

RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 1}


def build(input_shape, num_classes):
    return classify(input_shape, num_classes)
'''


@pytest.fixture
def plugged(plug_in):
    """Install a distribution whose package holds the architecture ``plugged``."""
    files = {
        "plug/__init__.py": "from . import _blocks\n",
        "plug/_blocks.py": "def classify(input_shape, num_classes): ...\n",
        "plug/plugged.py": NET,
    }
    plug_in({"ninetynine": {"plugged": "plug.plugged"}}, files)


def send(architectures, tasks, folder):
    """Unpack each task's architecture and data below ``folder``; return tasks by name."""
    bundles = {name: bundle_of(item) for name, item in architectures.items()}
    payload = payload_of(list(bundles.values()), tasks[0].dataset, tasks[0].data_dir)
    names = [task.cell.identity.architecture for task in tasks]
    return {
        name: unpack(task, bundles[name], payload, folder)
        for name, task in zip(names, tasks, strict=True)
    }


def test_every_architecture_has_its_hash_where_it_was_sent(plugged, tmp_path):
    (tmp_path / "helper.py").write_text("WIDTH = 7\n")
    own = write_architecture(tmp_path, "own")
    own.write_text("from helper import WIDTH\n" + own.read_text())
    found = discover([own])
    assert {"own", "plugged", "t2_dense"} <= found.keys()
    task = tasks_for([own], write_dataset(tmp_path / "d.npz"))[0]
    identity = task.cell.identity
    tasks = [
        task.model_copy(
            update={
                "cell": task.cell.model_copy(
                    update={"identity": identity.model_copy(update={"architecture": name})}
                )
            }
        )
        for name in found
    ]
    sent = send(found, tasks, tmp_path / "node")
    for name, architecture in found.items():
        code = sent[name].code
        assert code.path.is_relative_to(tmp_path / "node")
        again = read_sent(code.path, code.module, code.folders)
        assert again.source_hash == architecture.source_hash
        assert again.recipe == architecture.recipe
        built_in = architecture.origin == "built in"  # a file by itself, as a user's own
        assert again.module == (None if built_in else architecture.module)


def test_a_plug_in_is_imported_from_where_it_was_sent_and_this_package_is_not_hidden(
    plugged, tmp_path
):
    found = {name: discover()[name] for name in ("plugged", "t2_dense")}
    bundles = [bundle_of(item) for item in found.values()]
    payload = payload_of(bundles, "digits", None)
    task = tasks_for([write_architecture(tmp_path, "net")], "digits")[0]
    code = unpack(task, bundles[0], payload, tmp_path / "node").code
    script = (
        "from importlib.util import find_spec; "
        "print(find_spec('plug.plugged').origin, find_spec('ninetynine').origin)"
    )
    installed = str(Path(ninetynine.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": f"{code.folders[1]}{os.pathsep}{installed}"}
    command = [sys.executable, "-P", "-c", script]
    origins = subprocess.check_output(command, env=environment, text=True).split()
    assert origins[0].startswith(str(tmp_path / "node"))
    assert origins[1] == ninetynine.__file__


def test_variants_of_a_file_travel_as_that_file_and_are_built_as_such_there(tmp_path):
    own = write_architecture(tmp_path, "net")
    own.write_text(own.read_text().replace("num_classes)", "num_classes, units=1)"))
    (task,) = tasks_for([own], write_dataset(tmp_path / "d.npz"))
    tasks = []
    for units in (2, 3):
        changes = {"architecture": f"net[units={units}]", "arguments": {"units": units}}
        cell = task.cell.model_copy(
            update={"identity": task.cell.identity.model_copy(update=changes), "base": "net"}
        )
        tasks.append(task.model_copy(update={"cell": cell}))
    bundles = _bundles(tasks)
    assert bundles.keys() == {"net"}
    payload = payload_of(list(bundles.values()), task.dataset, None)
    own.unlink()
    for units, sent in zip((2, 3), tasks, strict=True):
        found = architecture_of(unpack(sent, bundles["net"], payload, tmp_path / "node"))
        assert (found.name, found.arguments) == (f"net[units={units}]", {"units": units})


@pytest.mark.parametrize("more", [(), VALIDATION_NAMES], ids=["four arrays", "validation part"])
@pytest.mark.parametrize("fold", ["", "-fold-1-of-2"])
def test_the_data_of_a_users_file_arrive_with_their_fingerprint(tmp_path, more, fold):
    path = write_dataset(tmp_path / "mine.npz")
    with np.load(path) as file:
        arrays = dict(file)
    arrays |= {name: arrays[name.replace("val", "test")][:15] for name in more}
    np.savez(path, **arrays)
    own = write_architecture(tmp_path, "net")
    found = {"net": discover([own])["net"]}
    task = send(found, tasks_for([own], f"{path}{fold}"), tmp_path / "node")["net"]
    path.unlink()
    loaded = datasets.load(task.dataset, task.data_dir)
    assert loaded.fingerprint == task.cell.identity.dataset_fingerprint
    assert loaded.name == f"mine{fold}"
    assert ("validation" in loaded.parts) == (bool(more) and not fold)


@pytest.mark.parametrize("fold", ["", "-fold-1-of-2"])
def test_pictures_of_a_folder_arrive_as_they_were_read(tmp_path, monkeypatch, fold):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = write_folder(tmp_path / "pets")
    own = write_architecture(tmp_path, "net")
    found = {"net": discover([own])["net"]}
    tasks = tasks_for([own], f"{folder}?image_size=8&color=grey{fold}")
    task = send(found, tasks, tmp_path / "node")["net"]
    shutil.rmtree(folder)
    loaded = datasets.load(task.dataset, task.data_dir)
    assert loaded.fingerprint == task.cell.identity.dataset_fingerprint
    assert (loaded.name, loaded.train_images.shape[1:]) == (f"pets{fold}", (8, 8, 1))


@pytest.mark.slow
def test_a_known_dataset_arrives_under_its_name_and_a_fold_is_taken_there(tmp_path, monkeypatch):
    info = replace(fashion_mnist.INFO, array_sha256={}, fingerprint=None)
    monkeypatch.setattr(fashion_mnist, "INFO", info)
    random = np.random.default_rng(0)
    arrays = {
        "x_train": random.integers(0, 256, (60_000, 28, 28), dtype=np.uint8),
        "y_train": np.arange(60_000) % 10,
        "x_test": random.integers(0, 256, (10_000, 28, 28), dtype=np.uint8),
        "y_test": np.arange(10_000) % 10,
    }
    (tmp_path / "here").mkdir()
    np.savez(tmp_path / "here" / "fashion_mnist.npz", **arrays)
    own = write_architecture(tmp_path, "net")
    (task,) = tasks_for([own], write_dataset(tmp_path / "d.npz"))
    name = "fashion_mnist-fold-11-of-12"
    task = task.model_copy(update={"dataset": name, "data_dir": tmp_path / "here"})
    bundle = bundle_of(discover([own])["net"])
    payload = payload_of([bundle], name, task.data_dir)
    assert payload.arrays.keys() == set(ARRAY_NAMES)
    there = unpack(task, bundle, payload, tmp_path / "node")
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    loaded = datasets.load(there.dataset, there.data_dir)
    assert len(loaded.test_images) == 5_000
    assert loaded.fingerprint == datasets.load(name, task.data_dir).fingerprint


def test_a_plug_ins_dataset_arrives_where_the_plug_in_is_not_installed(tmp_path, monkeypatch):
    loaded = datasets.load("digits")
    own = write_architecture(tmp_path, "net")
    (task,) = tasks_for([own], write_dataset(tmp_path / "d.npz"))
    bundle = bundle_of(discover([own])["net"])
    text = (
        "from dataclasses import replace\n"
        "from ninetynine.datasets.built_in import digits\n"
        "INFO, read = replace(digits.INFO, name='others'), digits.read\n"
    )
    with monkeypatch.context() as installed:
        points = {"ninetynine.datasets": {"others": "others_data"}}
        write(tmp_path / "site", points, {"others_data.py": text})
        activate(installed, tmp_path / "site")
        payload = payload_of([bundle], "others-fold-1-of-3", None)
        expected = datasets.load("others-fold-1-of-3")
    assert "others" not in datasets.known()
    np.testing.assert_array_equal(payload.arrays["x_train"], loaded.train_images)
    task = task.model_copy(update={"dataset": "others-fold-1-of-3"})
    there = unpack(task, bundle, payload, tmp_path / "node")
    arrived = datasets.load(there.dataset, there.data_dir)
    assert (arrived.name, arrived.fingerprint) == (expected.name, expected.fingerprint)


def test_digits_need_not_travel(tmp_path):
    assert payload_of([], "digits", None).arrays is None


def test_unpacking_again_writes_nothing(tmp_path):
    own = write_architecture(tmp_path, "net")
    tasks = tasks_for([own], write_dataset(tmp_path / "d.npz"))
    found = {"net": discover([own])["net"]}
    send(found, tasks, tmp_path / "node")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "node").rglob("*.*")}
    assert files
    send(found, tasks, tmp_path / "node")
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "node").rglob("*.*")} == files


def test_a_folder_of_somebody_elses_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = node_folder()
    assert folder.stat().st_mode & 0o077 == 0
    assert node_folder() == folder
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(UserError, match="not a folder of user"):
        node_folder()


def test_a_room_holds_as_many_cells_as_its_scarcest_resource():
    room = Need(cpus=8, gpus=2, memory_bytes=100)
    assert Need(1, 0, 10).fits_into(room) == 8
    assert Need(1, 0, 30).fits_into(room) == 3
    assert Need(1, 1, 0).fits_into(room) == 2
    assert Need(16, 0, 0).fits_into(room) == 0


def test_lines_of_progress_name_the_node_and_count_only_what_ended(tmp_path, capsys):
    (task,) = tasks_for([write_architecture(tmp_path, "net")], write_dataset(tmp_path / "d.npz"))
    node = "node 192.0.2.1 (0123abcd)"
    progress = LineProgress(cells=5)
    progress.on_event(Started(task, f"{node}, core 3", node))
    progress.on_event(Retrying(task, f"{node}, core 3", f"{node} was lost", 1))
    progress.on_event(Waiting(task, "no node that is left has 1 CPU; waiting for one to join"))
    progress.on_event(Started(task, "worker 1"))  # of the local executor: no line
    started, lost, waiting = capsys.readouterr().err.splitlines()
    assert started.startswith("[0/5 ")
    assert started.endswith(f"net on d, seed 0: started on {node}")
    assert lost.endswith(f"attempt 1 on {node}, core 3 was lost: {node} was lost")
    assert waiting.endswith("waiting for one to join")


def test_a_program_and_initial_weights_travel_as_files(tmp_path):
    from ninetynine.cells import Cell, untrained
    from ninetynine.executors.ray.payload import bundle_of_program, files_of
    from ninetynine.programs import BACKEND, parse_program
    from ninetynine.recipe import hash_of_file
    from ninetynine.workers.events import Task

    (tmp_path / "train.py").write_text("print()")
    (tmp_path / "start.keras").write_bytes(b"weights")
    command = ("python", "train.py", "{seed}", "{data}", "{out}")
    program = parse_program(command, (), "", tmp_path, "it")
    weights = tmp_path / "start.keras"
    identity = untrained(
        architecture="mine",
        source_hash=program.source_hash(),
        backend=BACKEND,
        recipe={"initial_weights": {"name": weights.name, "sha256": hash_of_file(weights)}},
    )
    cell = Cell(
        identity=identity, suite="own", variant="published", program=program, weights=weights
    )
    bundle, task = bundle_of_program(program), Task(cell=cell, dataset="digits")
    payload = payload_of([bundle], "digits", None, files_of([cell]))
    there = unpack(task, bundle, payload, tmp_path / "node")
    assert there.code is None
    assert there.cell.key == cell.key
    assert there.cell.program.folder.is_relative_to(tmp_path / "node")
    assert there.cell.program.source_hash() == program.source_hash()
    assert there.cell.weights.read_bytes() == b"weights"


def test_a_program_that_starts_what_does_not_travel_is_refused_in_one_line(tmp_path):
    from ninetynine.executors.ray.payload import check_program
    from ninetynine.programs import parse_program

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "train.py").touch()
    command = ("bin/python", "train.py", "{seed}", "{data}", "{out}")
    program = parse_program(command, ("train.py",), "", tmp_path, "it")
    with pytest.raises(UserError, match="lies beside the suite and is none of its files"):
        check_program("mine", program)
