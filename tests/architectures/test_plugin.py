"""A plug-in as its users get it: a distribution, built and installed by an installer."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest
from ninetynine.building import build_model
from ninetynine.catalog import discover

pytestmark = pytest.mark.slow

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tiny-nets"
version = "1.2"

[project.entry-points.ninetynine]
nets = "tiny_nets.models"

[tool.hatch.build.targets.wheel]
packages = ["tiny_nets"]
"""
NET = '''"""A plug-in's linear model.

Source: written for the tests.
Deviations: none.
"""
import keras
from ._blocks import classify

RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 1}
PARAMETERS = 7_850


def build(input_shape, num_classes):
    images = keras.Input(input_shape)
    return keras.Model(images, classify(images, num_classes))
'''
BLOCKS = """from keras import layers


def classify(images, num_classes):
    return layers.Dense(num_classes, activation="softmax")(layers.Flatten()(images))
"""


def installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--offline", "--python", sys.executable]
    pytest.skip("neither pip nor uv is installed here")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Build the plug-in's distribution, install it, and return the folder it is in."""
    project = tmp_path_factory.mktemp("project")
    models = project / "tiny_nets" / "models"
    models.mkdir(parents=True)
    (project / "pyproject.toml").write_text(PYPROJECT)
    (models.parent / "__init__.py").write_text("VERSION = '1.2'\n")
    (models / "__init__.py").touch()
    (models / "_blocks.py").write_text(BLOCKS)
    (models / "tiny_linear.py").write_text(NET)
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-build-isolation", "--target", str(target), str(project)]
    done = subprocess.run([*installer(), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def test_installed_plugin_is_found_without_running_any_of_it(installed):
    script = (
        "import json, sys; from ninetynine.catalog import discover; a = discover()['tiny_linear'];"
        "print(json.dumps([a.origin, a.module, a.summary, sorted(a.source_files),"
        " [m for m in sys.modules if m.startswith(('tiny_nets', 'keras'))]]))"
    )
    path = os.pathsep.join([str(installed), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=environment
    )
    assert json.loads(done.stdout) == [
        "entry point of tiny-nets",
        "tiny_nets.models.tiny_linear",
        "A plug-in's linear model.",
        [
            "tiny_nets/__init__.py",
            "tiny_nets/models/__init__.py",
            "tiny_nets/models/_blocks.py",
            "tiny_nets/models/tiny_linear.py",
        ],
        [],
    ]


def test_installed_plugin_builds(installed, monkeypatch):
    monkeypatch.syspath_prepend(installed)
    model = build_model(discover()["tiny_linear"], (28, 28, 1), 10)
    assert model.output_shape == (None, 10)
