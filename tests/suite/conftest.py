"""A suite's file."""

import pytest


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a suite's file and returns its path as text."""

    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write
