"""The backend that docs/extending.md shows, installed and trained on."""

import pytest
from distributions import activate
from documentation import install, run_installed
from ninetynine.backends import get_backend, package_versions
from ninetynine.records import RecordStore
from run_helpers import run_bench, write_dataset, write_suite


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Install the example's package, and return where."""
    install("backend", tmp_path / "site")
    activate(monkeypatch, tmp_path / "site")
    return tmp_path / "site"


def test_it_differs_from_tensorflow_in_its_loop_and_its_version(folder):
    own, tensorflow = get_backend("tensorflow_fit"), get_backend("tensorflow")
    assert own.keras_backend == tensorflow.keras_backend
    assert own.environment(2, "cpu") == tensorflow.environment(2, "cpu")
    assert own.loop is not tensorflow.loop
    versions = {**package_versions("tensorflow"), "backend-example": "1.0"}
    assert package_versions("tensorflow_fit") == versions


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_worker_trains_on_it(folder, tmp_path):
    dataset = write_dataset(tmp_path / "few.npz")
    suite = write_suite(
        tmp_path / "few.toml", ["softmax_regression"], dataset, more="[recipe]\nepochs = 1\n"
    )
    arguments = ("run", suite, "--backend", "tensorflow_fit", "--results", tmp_path / "results")
    run_installed(folder, *arguments)
    ((record,), problems) = RecordStore(tmp_path / "results").read_all()
    assert problems == []
    assert (record.status, record.cell.backend) == ("finished", "tensorflow_fit")
    # Where the package is not installed, its record is read and reported all the same.
    done = run_bench("report", "--results", tmp_path / "results")
    assert "softmax_regression" in done.stdout
