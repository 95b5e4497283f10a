"""What an architecture's code reads beside its source while it is imported and built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ninetynine.inputs import forget_own_code, noting, now


def notes(file: Path, action, sources=(), settled=()):
    """Return the names of what ``action``, compiled as the code of ``file``, reads."""
    file.write_text(action)
    with noting(file, (file, *sources), settled) as inputs:
        exec(compile(action, str(file), "exec"), {"__file__": str(file)})
    return inputs


@pytest.fixture
def net(tmp_path):
    (tmp_path / "width.json").write_text("8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_text("1")
    return tmp_path / "net.py"


HERE = "import os, pathlib\nhere = pathlib.Path(__file__).parent\n"


@pytest.mark.parametrize(
    ("reading", "names"),
    [
        ("open(here / 'width.json').read()", ["file width.json"]),
        ("(here / 'width.json').read_bytes()", ["file width.json"]),
        ("import io; io.FileIO(str(here / 'width.json'))", ["file width.json"]),
        ("os.read(os.open(here / 'width.json', os.O_RDONLY), 9)", ["file width.json"]),
        ("import numpy; numpy.loadtxt(here / 'width.json')", ["file width.json"]),
        ("(here / 'gone.json').exists()", ["file gone.json"]),
        ("os.path.isfile(here / 'gone.json')", ["file gone.json"]),
        ("os.listdir(here / 'deep')", ["file deep"]),
        ("list((here / 'deep').iterdir())", ["file deep"]),
        ("import glob; glob.glob(str(here / 'deep' / '*.json'))", ["file deep"]),
        ("os.path.lexists(here / 'gone.json')", ["file gone.json"]),
        ("os.access(here / 'gone.json', os.R_OK)", ["file gone.json"]),
        ("import sqlite3; sqlite3.connect(here / 'net.db')", ["file net.db"]),
        ("os.environ.get('WIDTH')", ["environment WIDTH"]),
        ("os.environb.get(b'WIDTH')", ["environment WIDTH"]),
        ("os.getenv('WIDTH', '8')", ["environment WIDTH"]),
        ("'WIDTH' in os.environ", ["environment WIDTH"]),
        ("from os import environ; environ.setdefault('WIDTH', '8')", ["environment WIDTH"]),
    ],
)
def test_what_is_read_is_noted_however_it_is_read(net, monkeypatch, reading, names):
    monkeypatch.delenv("WIDTH", raising=False)
    assert sorted(notes(net, HERE + reading)) == names


def test_python_calls_one_hook_however_many_cells_a_process_trains(net, monkeypatch):
    notes(net, "pass")
    hooks = []
    monkeypatch.setattr(sys, "addaudithook", hooks.append)
    for _ in range(3):
        assert [*notes(net, f"{HERE}os.listdir(here / 'deep')")] == ["file deep"]
    assert hooks == []


@pytest.mark.slow
def test_what_tensorflow_reads_by_itself_is_noted(net):
    pytest.importorskip("tensorflow")
    file = "str(here / 'width.json')"
    for reading, name in (
        (f"tf.io.gfile.GFile({file}).read()", "width.json"),
        (f"tf.io.read_file({file})", "width.json"),
        ("tf.io.gfile.exists(str(here / 'gone.json'))", "gone.json"),
        ("tf.io.gfile.listdir(str(here / 'deep'))", "deep"),
    ):
        assert [*notes(net, f"{HERE}import tensorflow as tf; {reading}")] == [f"file {name}"]


@pytest.mark.parametrize(
    "innocent",
    [
        "import decimal",
        "import sqlite3; sqlite3.connect(':memory:')",
        "open(here / 'log.txt', 'w').write('built')",
        "os.environ['WIDTH'] = '8'",
        "dict(os.environ); os.environ.copy(); list(os.environ.items())",
        "os.path.expanduser('~')",
        "import tempfile; f = tempfile.TemporaryFile(); f.write(b'1'); f.seek(0); f.read()",
        "open('/proc/self/status').read()",
        "open(__file__).read()",
        "os.environ.get('XLA_FLAGS')",
    ],
)
def test_what_says_nothing_of_the_model_is_not_noted(net, monkeypatch, innocent):
    monkeypatch.setattr(os, "environ", os.environ)
    assert notes(net, HERE + innocent, settled=("XLA_",)) == {}
    os.environ.pop("WIDTH", None)


@pytest.mark.parametrize("way", ["site-packages", "link"])
def test_a_library_of_another_environment_is_no_input(tmp_path, way):
    """A virtual environment may see the packages of another one, or be found through a link."""
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "site-packages").symlink_to(installed)
    (installed / "lazy_library.py").write_text("import os; os.getenv('LAZY')")
    (tmp_path / "own_module.py").write_text("")
    folder = tmp_path / ("." if way == "site-packages" else "link/site-packages")
    seen = installed if way == "site-packages" else folder
    script = f"""
import sys
from pathlib import Path
from ninetynine.inputs import noting
file = Path({str(tmp_path / "net.py")!r})
sys.path.append({str(tmp_path)!r})
with noting(file, (file,), ()) as inputs:
    exec(compile("import lazy_library, own_module", str(file), "exec"))
print([*inputs])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(seen)])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "['file own_module.py']\n", done.stdout + done.stderr


def test_what_is_installed_into_a_folder_is_no_input_and_own_code_beside_it_is(tmp_path):
    """As by ``pip install --target``: the folder is called anything, and is on the path."""
    for name in ("jaxlib", "library", "library_of_mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            f"import os\ndef look(): open(__file__).close(); os.path.exists('/for_{name}')"
        )
    (tmp_path / "library-1.dist-info").mkdir()
    record = "../../bin/x,,\njaxlib/__init__.py,sha256=a,1\nlibrary/__init__.py,,\n"
    (tmp_path / "library-1.dist-info" / "RECORD").write_text(record)
    script = f"""
from pathlib import Path
from ninetynine.inputs import noting
file = Path({str(tmp_path / "net.py")!r})
import jaxlib, library, library_of_mine
with noting(file, (file,), ()) as inputs:
    exec(compile("for x in (jaxlib, library, library_of_mine): x.look()", str(file), "exec"))
print(*inputs)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    looked_for = "file /for_library file /for_library_of_mine"  # what computes looks for its own
    known = f"{looked_for} file library_of_mine/__init__.py\n"
    assert done.stdout == known, done.stdout + done.stderr


def test_a_module_of_a_computed_name_is_noted_though_it_is_compiled_already(net, monkeypatch):
    (net.parent / "helper_of_net.py").write_text("WIDTH = 8")
    monkeypatch.syspath_prepend(net.parent)
    code = "import importlib; importlib.import_module('helper_' + 'of_net')"
    for _ in range(2):
        assert "file helper_of_net.py" in notes(net, code)
        del sys.modules["helper_of_net"]


def test_own_code_that_is_forgotten_reads_its_inputs_again(net, monkeypatch):
    (net.parent / "reading_helper.py").write_text(HERE + "W = open(here / 'width.json').read()")
    monkeypatch.syspath_prepend(net.parent)
    for _ in range(2):
        assert "file width.json" in notes(net, "import reading_helper")
        with monkeypatch.context() as patched:  # the tests' own modules stay
            patched.setattr(sys, "modules", sys.modules.copy())
            forget_own_code()
            assert "reading_helper" not in sys.modules
            assert {"os", "numpy", "ninetynine.inputs"} <= sys.modules.keys()
        del sys.modules["reading_helper"]


def test_a_value_is_told_by_its_content_and_a_name_by_its_folder(net, tmp_path, monkeypatch):
    monkeypatch.setenv("WIDTH", "8")
    names = ["file width.json", "file deep", "file gone", "environment WIDTH"]
    before = now(names, net)
    assert before["file gone"] == ""
    moved = Path(shutil.copytree(net.parent, tmp_path / "moved"))
    assert now(names, moved / "net.py") == before
    (net.parent / "width.json").write_text("1")
    (net.parent / "deep" / "b.json").touch()
    (net.parent / "gone").touch()
    monkeypatch.setenv("WIDTH", "1")
    after = now(names, net)
    assert [name for name in names if after[name] == before[name]] == []


def test_nothing_is_noted_after_the_build(net):
    inputs = notes(net, HERE + "def later(): return open(here / 'width.json').read()")
    (net.parent / "width.json").read_text()
    assert inputs == {}
    assert type(os.environ).__name__ == "_Environ"
