"""A record is used again only where the code that is there now would give it."""

import json

import pytest
from run_helpers import write_architecture, write_dataset, write_suite

pytestmark = pytest.mark.slow

# Each makes the model's name, and with it what the stub worker answers, depend on something that
# lies outside of the file; then that something changes.
FILE = "keras.Model.name = open(os.path.join(os.path.dirname(__file__), 'name.txt')).read()"
GONE = "keras.Model.name = 'a' if not os.path.exists('/tmp/../{folder}/late.txt') else 'b'"
VARIABLE = "keras.Model.name = os.environ.get('NAME_OF_NET', '')"
PACKAGE = "from parts import NAME; keras.Model.name = NAME"
COMPUTED = "import importlib; keras.Model.name = importlib.import_module('pa' + 'rts').NAME"
DISTRIBUTION = "import team; keras.Model.name = team.NAME"
SUBPROCESS = (
    "import subprocess; name = os.path.join(os.path.dirname(__file__), 'name.txt');"
    "keras.Model.name = subprocess.run(['cat', name], capture_output=True, text=True).stdout"
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with what the bodies above read; returns what changes all of it."""
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "team").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(elsewhere), prepend=":")
    monkeypatch.syspath_prepend(elsewhere)

    def write(text):
        (tmp_path / "name.txt").write_text(text)
        (tmp_path / "parts").mkdir(exist_ok=True)
        (tmp_path / "parts" / "__init__.py").write_text(f"NAME = {text!r}")
        (elsewhere / "team" / "__init__.py").write_text(f"NAME = {text!r}")
        monkeypatch.setenv("NAME_OF_NET", text)
        if text == "second":
            (tmp_path / "late.txt").touch()

    write("first")
    return write


@pytest.mark.parametrize("body", [FILE, GONE, VARIABLE, PACKAGE, COMPUTED, DISTRIBUTION])
def test_a_run_trains_again_what_reads_something_else_now(bench, stub, project, tmp_path, body):
    net = write_architecture(tmp_path, "net", body.replace("{folder}", str(tmp_path)))
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"), seeds=2)
    given = ["run", suite, "--architecture", net, "--results", "out"]

    def trained():
        before = {path.name for path in tmp_path.glob("out/records/*/*.json")}
        code, _, err = bench(*given)
        assert code == 0, err
        return len({path.name for path in tmp_path.glob("out/records/*/*.json")} - before)

    assert trained() == 2
    assert trained() == 0
    project("second")
    assert trained() == 2
    assert trained() == 0
    if body != GONE:  # nothing takes late.txt away
        project("first")
        assert trained() == 0  # what was as it is


@pytest.mark.parametrize("body", [FILE, VARIABLE, PACKAGE, DISTRIBUTION, SUBPROCESS])
def test_a_gate_builds_the_model_before_it_says_that_nothing_changed(
    bench, stub, project, tmp_path, body
):
    net = write_architecture(tmp_path, "net", body)
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"))
    made = [suite, "--architecture", net, "--baseline", "base", "--seeds", "3"]
    bench("baseline", "update", *made, "--reason", "first")
    for _ in range(2):
        assert "nothing changed" in bench("check", "--baseline", "base", "--margin", "99")[1]
    project("second")
    code, out, err = bench("check", "--baseline", "base", "--margin", "99", "--json")
    assert code == 0, err
    (verdict,) = json.loads(out)["verdicts"]
    assert not verdict["identical"]
    assert ("what it reads (file name.txt)" in verdict["changes"]) is (body == FILE)
    _, out, err = bench("baseline", "update", *made, "--reason", "second")
    assert "3 runs written, 3 replaced" in out or body == SUBPROCESS, err
    assert "nothing changed" in bench("check", "--baseline", "base", "--margin", "99")[1]


@pytest.mark.parametrize(("name", "is_said"), [("alike for all seeds", True), ("drawn", False)])
def test_a_row_whose_seeds_begin_alike_says_so(bench, stub, tmp_path, monkeypatch, name, is_said):
    monkeypatch.chdir(tmp_path)
    net = write_architecture(tmp_path, "net", f"keras.Model.name = {name!r}")
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"), seeds=3)
    _, out, _ = bench("run", suite, "--architecture", net)
    assert ("begin with the same weights" in " ".join(out.split())) is is_said
