"""A folder and a tiny dataset for all tests of a module."""

import pytest
from run_helpers import write_dataset


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def dataset(folder):
    return write_dataset(folder / "tiny.npz")
