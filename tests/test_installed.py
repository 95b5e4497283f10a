"""The wheel, as an installer unpacks it: one top-level name; other projects keep theirs."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from run_helpers import STUB_BENCH, write_dataset, write_suite

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from a copy of what git tracks, and return its path."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("bench", "architectures", "studies", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The environment of a process in which the wheel is installed, before anything else."""
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as content:
        content.extractall(target)
    return {**os.environ, "PYTHONPATH": str(target)}


def run(arguments, folder, environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_the_wheel_has_one_top_level_name_and_all_code_below_it(wheel):
    with zipfile.ZipFile(wheel) as content:
        tops = {name.split("/")[0] for name in content.namelist()}
        for name in ("bench/ninetynine", "architectures"):
            for path in (ROOT / name).rglob("*.py"):
                inside = path.relative_to(ROOT / name).as_posix()
                place = "ninetynine" if name != "architectures" else "ninetynine/architectures"
                assert content.read(f"{place}/{inside}") == path.read_bytes()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ninetynine"}


def test_its_suites_and_architectures_are_found_by_name(installed, tmp_path):
    done = run(["-m", "ninetynine", "list", "suites"], tmp_path, installed)
    for name in ("quick", "tutorials", "controlled", "ladder", "speedrun"):
        assert name in done.stdout
    planned = ["-m", "ninetynine", "run", "tutorials", "--dry-run", "--seeds", "1"]
    done = run(planned, tmp_path, installed)
    assert done.returncode == 0, done.stderr
    assert "6 cells to train" in done.stdout
    where = (
        "from importlib.util import find_spec as f; print(f('ninetynine.architectures.t2_dense'))"
    )
    done = run(["-c", where], tmp_path, installed)
    assert installed["PYTHONPATH"] in done.stdout


PROJECTS = {
    "packages": {
        "bench/__init__.py": "X = 1\n",
        "bench/tools.py": "def f():\n    return 1\n",
        "architectures/__init__.py": "",
        "architectures/mine.py": "WIDTH = 8\n",
        "studies/__init__.py": "A = 1\n",
        "benchmarks/__init__.py": "B = 2\n",
        "tests/test_it.py": (
            "import benchmarks, studies\nfrom architectures.mine import WIDTH\n"
            "from bench.tools import f\n\ndef test_all():\n"
            "    assert (f(), WIDTH, studies.A, benchmarks.B) == (1, 8, 1, 2)\n"
        ),
        "conftest.py": "",
    },
    "a bench module": {
        "bench.py": "VALUE = 7\n",
        "test_it.py": "import bench\n\ndef test_value():\n    assert bench.VALUE == 7\n",
    },
}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_with_names_like_ours_notices_nothing(name, installed, tmp_path):
    for path, text in PROJECTS[name].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    done = run(["-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path, installed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    done = run(["-m", "ninetynine", "list"], tmp_path, installed)
    assert done.returncode == 0, done.stderr
    assert "t2_dense" in done.stdout


# For the stub worker, whose keras holds a Model and nothing else.
NET = '''"""A small net that needs the module beside it."""

import keras

{imports}

RECIPE = {{"optimizer": "adam", "batch_size": 64, "epochs": 1}}


def build(input_shape, num_classes):
    assert WIDTH == 8
    return keras.Model()
'''


PACKAGED = {
    "models/beside.py": "from .blocks import WIDTH",
    "architectures/whole.py": "from architectures.blocks import WIDTH",
    "models/deep/above.py": "from ..blocks import WIDTH",
    "plain/script.py": "from blocks import WIDTH",
}


@pytest.mark.exhaustive
def test_files_in_packages_import_their_neighbors(installed, tmp_path):
    for path, imports in PACKAGED.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(NET.format(imports=imports))
        top = tmp_path / Path(path).parts[0]
        (top / "blocks.py").write_text("WIDTH = 8\n")
        if top.name != "plain":
            for folder in {top, file.parent}:
                (folder / "__init__.py").touch()
    names = [Path(path).stem for path in PACKAGED]
    suite = tmp_path / "s.toml"
    write_suite(suite, names, write_dataset(tmp_path / "d.npz"))
    files = [word for path in PACKAGED for word in ("--architecture", path)]
    done = run([STUB_BENCH[1], "run", suite, "--json", *files], tmp_path, installed)
    assert done.returncode == 0, done.stderr
    assert {row["name"] for row in json.loads(done.stdout)["boards"][0]["rows"]} == {*names}


def test_the_plugin_is_installed_with_the_distribution(wheel):
    assert importlib.util.find_spec("ninetynine") is not None
    with zipfile.ZipFile(wheel) as content:
        (name,) = [n for n in content.namelist() if n.endswith("entry_points.txt")]
        points = content.read(name).decode()
    assert "bench = ninetynine.cli:main" in points
    assert "ninetynine = ninetynine.cli:main" in points
    assert "ninetynine = ninetynine.pytest_plugin" in points
