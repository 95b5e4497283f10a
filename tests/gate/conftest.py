"""What tests of the gate share."""

import pytest


@pytest.fixture
def bench(bench, monkeypatch, tmp_path):
    """Run the command in a new folder and outside of any CI."""
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return bench
