"""A backend is found by its file or an entry point, and asked without importing what computes."""

import subprocess
import sys
from importlib import metadata

import pytest
from ninetynine.backends import BACKENDS, Backend, get_backend, package_versions
from ninetynine.errors import UserError
from ninetynine.training.setup import thread_environment

BUILT_IN = ("jax", "tensorflow", "torch")
PLUG_IN = """
from ninetynine.backends.tensorflow import TensorFlow

BACKEND = TensorFlow()
"""


def tiny(text=PLUG_IN, name="tiny"):
    """What ``plug_in`` installs: a backend of another package."""
    points = {"ninetynine.backends": {name: "tiny_backend"}}
    return points, {"tiny_backend.py": text}, "tiny-backends"


def test_the_files_of_the_folder_are_the_backends():
    assert list(BACKENDS.entries()) == list(BUILT_IN)
    for name in BUILT_IN:
        assert isinstance(get_backend(name), Backend)


def test_a_misspelt_name_is_told_with_the_nearest():
    with pytest.raises(UserError, match=r"no backend is called 'tourch'; did you mean 'torch'\?"):
        get_backend("tourch")


def test_asking_a_backend_imports_nothing_that_computes():
    script = f"""
import sys
from ninetynine.backends import get_backend, package_versions
from ninetynine.training.setup import thread_environment
for name in {BUILT_IN}:
    thread_environment(name, 1, "gpu")
    get_backend(name).warning("float32", "cpu")
print(package_versions("tensorflow").keys() & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "{'numpy'}\n", done.stderr


def test_the_versions_of_what_computes_are_those_of_the_key():
    assert package_versions("tensorflow").keys() == {"keras", "numpy", "tensorflow"}


@pytest.mark.parametrize(
    ("name", "package"), [("jax", "jaxlib"), ("tensorflow", "keras"), ("torch", "torch")]
)
def test_a_missing_package_is_told_with_the_extra_that_has_it(monkeypatch, name, package):
    def look(asked):
        if asked == package:
            raise metadata.PackageNotFoundError(asked)
        return "1.0"

    monkeypatch.setattr(metadata, "version", look)
    with pytest.raises(UserError) as error:
        package_versions(name)
    assert str(error.value) == (
        f"backend {name} needs the package {package}, which is not installed; "
        f"install it with: pip install 'ninetynine[{name}]'"
    )


def test_a_worker_starts_on_the_backend_with_its_threads_and_without_a_gpu():
    for name in BUILT_IN:
        environment = thread_environment(name, 3, "cpu")
        assert environment["KERAS_BACKEND"] == name
        assert environment["OMP_NUM_THREADS"] == "3"
        assert environment["CUDA_VISIBLE_DEVICES"] == "-1"
        assert "CUDA_VISIBLE_DEVICES" not in thread_environment(name, 3, "gpu")
    assert thread_environment("jax", 1, "cpu")["JAX_PLATFORMS"] == "cpu"
    assert "JAX_PLATFORMS" not in thread_environment("jax", 1, "gpu")


def test_switches_that_would_move_tensorflows_bits_are_set_not_inherited():
    environment = thread_environment("tensorflow", 2, "cpu")
    assert environment["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert environment["TF_XLA_FLAGS"] == ""
    assert environment["TF_NUM_INTRAOP_THREADS"] == environment["TF_NUM_INTEROP_THREADS"] == "2"


def test_another_packages_backend_is_listed_and_its_version_is_in_the_key(plug_in):
    plug_in(*tiny())
    assert list(BACKENDS.entries()) == [*BUILT_IN, "tiny"]
    versions = package_versions("tiny")
    assert versions == {**package_versions("tensorflow"), "tiny-backends": "1.0"}
    assert thread_environment("tiny", 1, "cpu")["KERAS_BACKEND"] == "tensorflow"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"is no backend, it has no BACKEND"),
        ("BACKEND = 'tensorflow'", r"is no backend, it has no BACKEND"),
        (
            "import no_such_package",
            "raised ModuleNotFoundError: No module named 'no_such",
        ),
    ],
    ids=["empty", "another thing", "broken"],
)
def test_another_packages_module_that_is_none_is_told_with_its_distribution(
    plug_in, text, complaint
):
    plug_in(*tiny(text))
    with pytest.raises(UserError, match=complaint) as error:
        get_backend("tiny")
    assert str(error.value).startswith("entry point of tiny-backends: ")


def test_a_backend_of_a_built_in_ones_name_is_told_and_never_stands_in(plug_in):
    plug_in(*tiny(name="torch"))
    with pytest.raises(UserError, match="two backends are called 'torch'"):
        BACKENDS.entries()
    assert get_backend("torch").keras_backend == "torch"
