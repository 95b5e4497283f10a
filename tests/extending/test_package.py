"""The packages that docs/extending.md shows can be built as they stand there."""

import subprocess
import sys
import zipfile

import pytest
from documentation import example

pytestmark = pytest.mark.slow


KINDS = ["architecture", "dataset", "column", "picture", "verb", "format", "backend", "executor"]


def files_of(name):
    if name == "architecture":
        return {**example("architecture_package"), **example(name)}
    return example(name)


@pytest.mark.parametrize("name", KINDS)
def test_an_example_is_a_package_that_can_be_built(name, tmp_path):
    files = {path: text for path, text in files_of(name).items() if path != "widths.toml"}
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("dist/*.whl"))) as wheel:
        assert files.keys() - {"pyproject.toml"} <= set(wheel.namelist())
        assert any(path.endswith("entry_points.txt") for path in wheel.namelist())
