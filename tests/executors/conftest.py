"""Workers of a test's own; a folder and a tiny dataset for all tests of a module."""

import pytest
from ninetynine.workers import process
from run_helpers import STUB_WORKER, write_dataset


@pytest.fixture
def stub(monkeypatch):
    """Workers that need no TensorFlow, new ones: how they start and end is the subject here."""
    monkeypatch.setattr(process, "WORKER", STUB_WORKER)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def dataset(folder):
    return write_dataset(folder / "tiny.npz")
