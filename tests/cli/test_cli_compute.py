"""What a command cannot compute with here (backend, device, precision) is one line, and soon."""

import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from ninetynine.backends import get_backend
from ninetynine.errors import UserError
from ninetynine.machine import check_computing, check_device, jobs_and_threads
from ninetynine.planning import model_path
from ninetynine.records import RecordStore
from ninetynine.training import setup
from ninetynine.training.setup import prepare_backend, start_backend_here
from record_builders import make_identity, make_machine, write_run


@pytest.fixture
def refuse(refuse, tmp_path, monkeypatch):
    """Run a command that is a mistake; return its one line.  No worker may start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ninetynine.machine._UNKNOWN_WORKER_BYTES", 1)
    monkeypatch.setattr("ninetynine.workers.process.subprocess.Popen", started)
    monkeypatch.setattr("ninetynine.cli.verbs.time.start_backend_here", started)
    return refuse


def started(*arguments, **keywords):
    raise AssertionError("something that imports a backend was started")


@pytest.fixture
def without_torch(monkeypatch):
    version = metadata.version

    def look(name):
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", look)


TRAINING = {
    "run": ["run"],
    "verify": ["verify"],
    "check": ["check", "quick", "--baseline", "base"],
    "baseline": ["baseline", "update", "quick", "--baseline", "base", "--reason", "test"],
    "time": ["time"],
}
training_verb = pytest.mark.parametrize("arguments", TRAINING.values(), ids=list(TRAINING))


@pytest.fixture
def baseline(tmp_path):
    """A baseline of anything, in ``base``."""
    write_run(RecordStore(tmp_path / "base"), "t2_dense")


@training_verb
def test_a_backend_that_is_not_installed_is_named_with_its_extra(
    refuse, without_torch, baseline, arguments
):
    line = refuse(*arguments, "--backend", "torch")
    assert line == (
        "bench: backend torch needs the package torch, which is not installed; "
        "install it with: pip install 'ninetynine[torch]'"
    )


@training_verb
@pytest.mark.parametrize(
    ("option", "value"),
    [("--precision", "float17"), ("--device", "tpu")],
)
def test_a_word_that_is_none_is_told_with_the_words_there_are(refuse, arguments, option, value):
    line = refuse(*arguments, option, value)
    assert f"Invalid value for '{option}': '{value}' is not one of " in line


@training_verb
def test_a_backend_that_is_none_is_told_with_the_nearest_name(refuse, baseline, arguments):
    line = refuse(*arguments, "--backend", "tensorflw")
    assert line == "bench: no backend is called 'tensorflw'; did you mean 'tensorflow'?"


@pytest.mark.parametrize("verb", ["run", "baseline", "time"])
def test_a_machine_without_a_gpu_is_told_before_a_worker_starts(refuse, monkeypatch, verb):
    monkeypatch.setattr("ninetynine.machine.sys.platform", "linux")
    monkeypatch.setattr("ninetynine.machine._GPU_FILES", (Path("no such file"),))
    line = refuse(*TRAINING[verb], "--device", "gpu")
    assert line == (
        "bench: --device gpu: no driver of a GPU is found on this machine; use --device cpu"
    )


def test_a_driver_of_a_gpu_or_another_system_is_given_a_try(monkeypatch, tmp_path):
    monkeypatch.setattr("ninetynine.machine.sys.platform", "linux")
    monkeypatch.setattr("ninetynine.machine._GPU_FILES", (tmp_path / "none", tmp_path))
    check_device("gpu")
    monkeypatch.setattr("ninetynine.machine._GPU_FILES", ())
    check_device("cpu")
    monkeypatch.setattr("ninetynine.machine.sys.platform", "darwin")
    check_device("gpu")


@pytest.mark.slow
def test_a_backend_without_its_gpu_never_trains_on_the_cpu_in_its_place(monkeypatch):
    """JAX and PyTorch would do so without a word."""
    import keras

    backend = keras.backend.backend()
    monkeypatch.setattr(get_backend(backend), "finds_gpu", lambda: False)
    with pytest.raises(UserError, match=f"{backend} finds no GPU here; use --device cpu"):
        prepare_backend(make_identity(backend=backend, device="gpu"))
    prepare_backend(make_identity(backend=backend, device="cpu"))


def test_a_backend_that_cannot_be_imported_is_one_line(monkeypatch):
    def broken(*arguments):
        raise ImportError("libcudart.so.12: cannot open shared object file")

    keras = SimpleNamespace(ops=SimpleNamespace(zeros=broken))
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setattr(setup, "thread_environment", lambda *given: {})
    monkeypatch.setattr(setup, "package_versions", lambda name: {})
    with pytest.raises(UserError, match=r"backend jax is installed .*imported: libcudart\.so\.12"):
        start_backend_here("jax", 1, "cpu")


def test_showing_a_model_on_a_backend_that_is_not_installed_says_so(
    refuse, without_torch, monkeypatch
):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    said = refuse("show", "t2_dense")
    assert "backend torch needs the package torch, which is not installed" in said


def test_predicting_with_a_model_of_a_backend_that_is_not_installed(
    refuse, without_torch, tmp_path
):
    store = RecordStore(tmp_path / "results")
    record = write_run(store, "t2_dense", backend="torch", machine=make_machine())
    path = model_path(tmp_path / "results" / "models", record.key, record.cell)
    path.parent.mkdir(parents=True)
    path.touch()
    line = refuse("predict", "t2_dense", "--image", "a.png")
    assert "pip install 'ninetynine[torch]'" in line


def test_float16_on_a_cpu_is_told_to_be_slow_before_it_starts():
    slow, told = make_identity(precision="mixed_float16"), []
    check_computing([make_identity(), slow, slow], told.append)
    (line,) = told
    assert line.startswith("mixed_float16 is meant for GPUs")
    check_computing([make_identity(precision="mixed_bfloat16"), make_identity()], told.append)
    assert told == [line]


def test_by_default_a_core_has_a_worker_and_a_gpu_has_one(monkeypatch):
    monkeypatch.setattr("ninetynine.machine.available_cores", lambda: list(range(8)))
    assert jobs_and_threads(None, None, "cpu") == (8, 1)
    assert jobs_and_threads(None, 2, "cpu") == (4, 2)
    assert jobs_and_threads(None, None, "gpu") == (1, 1)
    assert jobs_and_threads(3, None, "gpu") == (3, 2)  # who asks for it gets it
