"""A record is used again only where the code that is there now would give it."""

import json
from collections import Counter

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


def write_nets(folder, bodies):
    """Write an architecture of each body (name -> body); return a suite of all, with its files."""
    data = write_dataset(folder / "d.npz")
    suite = write_suite(folder / "s.toml", [*bodies], data, seeds=2)
    files = [write_architecture(folder, name, body) for name, body in bodies.items()]
    return [suite, *(word for file in files for word in ("--architecture", file))]


def test_a_run_trains_again_what_reads_something_else_now(bench, stub, project, tmp_path):
    bodies = {"file": FILE, "gone": GONE.replace("{folder}", str(tmp_path)), "variable": VARIABLE}
    bodies |= {"package": PACKAGE, "computed": COMPUTED, "distribution": DISTRIBUTION}
    given = ["run", *write_nets(tmp_path, bodies), "--results", "out"]

    def trained():
        before = set(tmp_path.glob("out/records/*/*.json"))
        code, _, err = bench(*given)
        assert code == 0, err
        return Counter(path.parent.name for path in tmp_path.glob("out/records/*/*.json")) - (
            Counter(path.parent.name for path in before)
        )

    both = dict.fromkeys(bodies, 2)
    assert trained() == both
    assert trained() == {}
    project("second")
    assert trained() == both
    assert trained() == {}
    project("first")  # but nothing takes late.txt away
    assert trained() == {}  # what was as it is


@pytest.mark.exhaustive
def test_a_gate_builds_the_model_before_it_says_that_nothing_changed(
    bench, stub, project, tmp_path
):
    bodies = {"file": FILE, "package": PACKAGE}  # a run's test has the other kinds
    nets = {**bodies, "process": SUBPROCESS}  # which nothing notes, but the model that is built
    made = [*write_nets(tmp_path, nets), "--baseline", "base", "--seeds", "2"]
    check = ["check", "--baseline", "base", "--margin", "99"]
    bench("baseline", "update", *made, "--reason", "first")
    for _ in range(2):
        assert bench(*check)[1].count("nothing changed") == len(nets)
    project("second")
    code, out, err = bench(*check, "--json")
    assert code == 0, err
    verdicts = {verdict["architecture"]: verdict for verdict in json.loads(out)["verdicts"]}
    assert verdicts.keys() == nets.keys()
    for name, verdict in verdicts.items():
        assert not verdict["identical"], name
        assert ("what it reads (file name.txt)" in verdict["changes"]) is (name == "file")
    _, out, err = bench("baseline", "update", *made, "--reason", "second")
    assert f"{2 * len(nets)} runs written, {2 * len(bodies)} replaced" in out, out + err
    assert bench(*check)[1].count("nothing changed") == len(nets)


@pytest.mark.parametrize(("name", "is_said"), [("alike for all seeds", True), ("drawn", False)])
def test_a_row_whose_seeds_begin_alike_says_so(bench, stub, tmp_path, monkeypatch, name, is_said):
    monkeypatch.chdir(tmp_path)
    net = write_architecture(tmp_path, "net", f"keras.Model.name = {name!r}")
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"), seeds=3)
    _, out, _ = bench("run", suite, "--architecture", net)
    assert ("begin with the same weights" in " ".join(out.split())) is is_said
