import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine.catalog import discover, get, matching, named
from ninetynine.errors import UserError

EXAMPLES = Path(__file__).parent / "support" / "examples"
USER_NET = EXAMPLES / "user_net.py"
TUTORIALS = {
    "t1_small_cnn": 34_826,
    "t2_dense": 407_050,
    "t3_deep_cnn": 600_810,
    "t4_wide_cnn": 1_216_394,
}
NET = """
RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 1}
def build(input_shape, num_classes): ...
"""


@pytest.fixture
def net(tmp_path):
    """Return a function that writes net.py and returns its path."""

    def write(text, name="net"):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        return path

    return write


def test_finds_the_tutorials_and_baselines_with_their_parameters():
    found = {name: item.parameters for name, item in discover().items()}
    assert (
        found.items() >= (TUTORIALS | {"softmax_regression": 7_850, "majority_class": 20}).items()
    )


def test_reading_runs_no_architecture_and_imports_no_keras():
    script = (
        "import json, sys; from pathlib import Path; from ninetynine.catalog import discover;"
        f"names = list(discover([Path({str(USER_NET)!r})]));"
        "print(json.dumps([names, [m for m in sys.modules"
        " if m.split('.')[0] in ('keras', 'tensorflow', 'architectures', 'user_net')]]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    names, imported = json.loads(done.stdout)
    assert {*TUTORIALS, "user_net"} <= set(names)
    assert imported == []


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        (
            "t1_small_cnn",
            {
                "optimizer": {"name": "adam"},
                "batch_size": 128,
                "epochs": 3,
                "validation_split": 0.1,
            },
        ),
        ("t2_dense", {"optimizer": {"name": "rmsprop"}, "batch_size": 128, "epochs": 5}),
        (
            "t3_deep_cnn",
            {
                "optimizer": {"name": "adam"},
                "batch_size": 128,
                "epochs": 10,
                "validation_data": "test",
            },
        ),
        (
            "t4_wide_cnn",
            {
                "optimizer": {"name": "adam"},
                "batch_size": 256,
                "epochs": 5,
                "validation_split": 0.2,
            },
        ),
    ],
)
def test_tutorial_recipes_are_the_published_ones(name, canonical):
    assert discover()[name].recipe.canonical() == canonical


def test_published_claims_are_all_there():
    claims = {
        (claim.id, claim.metric, f"{claim.value:.{claim.digits}f}")
        for architecture in discover().values()
        for claim in architecture.claims
    }
    assert claims >= {
        ("T2", "test_accuracy", "0.9799"),
        ("T2", "train_accuracy", "0.9889"),
        ("T3", "test_accuracy", "0.9906"),
        ("T4", "test_accuracy", "0.988"),
        ("T4", "test_loss", "0.03675"),
        ("T5", "test_accuracy", "0.98230"),
        ("T5", "train_accuracy", "0.989"),
    }
    assert not [claim for claim in claims if claim[0] == "T1"]


def test_docstring_is_read_in_parts(net):
    docstring = (
        '"""What it is.\n\nMore.\nSource: a paper,\nsecond line.\nDeviations: none.\n\nEnd."""'
    )
    found = discover([net(docstring + NET)])["net"]
    assert found.summary == "What it is."
    assert found.source == "a paper, second line."
    assert found.deviations == "none."


def test_file_without_docstring_claims_or_parameters_is_enough(net):
    found = discover([net(NET)])["net"]
    assert (found.summary, found.source, found.claims, found.parameters) == ("", "", (), None)


def test_users_file_carries_what_it_needs_to_travel():
    found = discover([USER_NET])["user_net"]
    assert found.origin == f"--architecture {USER_NET}"
    assert found.source_files == {
        name: (EXAMPLES / name).read_text() for name in ("user_net.py", "user_blocks.py")
    }


def test_edit_of_a_helper_makes_another_source_hash(net):
    path = net("from helper import build\n" + NET.partition("def")[0])
    net("def build(a, b): return 1", name="helper")
    before = discover([path])["net"].source_hash
    net("def build(a, b): return 1  # one", name="helper")
    assert discover([path])["net"].source_hash == before
    net("def build(a, b): return 2", name="helper")
    assert discover([path])["net"].source_hash != before


def test_moving_a_file_leaves_its_source_hash(net, tmp_path):
    before = discover([net(NET)])["net"].source_hash
    (tmp_path / "elsewhere").mkdir()
    moved = net(NET).rename(tmp_path / "elsewhere" / "net.py")
    assert discover([moved])["net"].source_hash == before


def test_users_file_may_build_on_a_built_in_one(net):
    text = NET.partition("def")[0] + "from ninetynine.architectures.t2_dense import build\n"
    found = discover([net(text)])["net"]
    built_in = [f"ninetynine/architectures/{name}.py" for name in ("__init__", "t2_dense")]
    assert sorted(found.source_files) == ["net.py", *built_in]


def test_one_is_read_without_the_others(net):
    """A worker trains one: it need not read what the others are, nor fail where one is broken."""
    files = [net(NET), net("RECIPE = ", name="broken")]
    assert named("net", files) == discover(files[:1])["net"]
    assert named("t2_dense", files) == discover()["t2_dense"]
    assert "broken.py" in complaint(named, "broken", files)


@pytest.mark.parametrize("name", ["nett", "net[rate=1,2]"])
def test_one_that_is_not_there_is_told_as_among_all(net, name):
    files = [net(NET)]
    assert complaint(named, name, files) == complaint(get, discover(files), name)


@pytest.mark.parametrize("find", [discover, partial(named, "t2_dense")])
def test_name_clash_names_both_places(net, find):
    clash = net(NET, name="t2_dense")
    message = complaint(find, [clash])
    assert "two architectures are called 't2_dense'" in message
    assert str(clash) in message
    assert "(built in)" in message


def test_one_file_named_twice_is_one_architecture(net, monkeypatch):
    path = net(NET)
    monkeypatch.chdir(path.parent)
    assert "net" in discover([path, Path("net.py")])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def build(:\n", "net.py: line 1: invalid syntax"),
        ("RECIPE = {}\n", "no function build(input_shape, num_classes)"),
        ("def build(a, b): ...\n", "no RECIPE"),
        (NET.replace("32", "2 ** 5"), "line 2: RECIPE is computed; expected plain data"),
        (NET.replace("epochs", "epoch"), "unknown recipe key 'epoch'; did you mean 'epochs'?"),
        (NET + "PARAMETERS = 'many'", "PARAMETERS is 'many'; expected a whole number"),
        (NET + "CLAIMS = 3", "CLAIMS is 3; expected a list"),
        (NET + "CLAIMS = [{'id': 'X'}]", "claim key 'metric' is missing; expected"),
        (
            NET + "CLAIMS = [{'id': 'X', 'metric': 'test_acuracy', 'value': 1.0, 'digits': 1, "
            "'dataset': 'mnist'}]",
            "claim key 'metric' is 'test_acuracy'; expected",
        ),
        (
            NET + "CLAIMS = [{'id': 'X', 'metric': 'test_accuracy', 'value': 99.1, 'digits': 1, "
            "'dataset': 'mnist'}]",
            "expected a share, 0.9799 for 97.99%",
        ),
        ("import helper\n" + NET, "helper.py: line 1: "),
    ],
)
def test_broken_file_is_one_line_that_names_it(net, text, message):
    net("x = (", name="helper")
    found = complaint(discover, [net(text)])
    assert message in found
    assert str(net(text).parent) in found


@pytest.mark.parametrize("name", ["missing.py", "folder.py", "net.txt"])
def test_path_that_is_no_python_file_is_named(tmp_path, name):
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "net.txt").write_text(NET)
    assert complaint(discover, [tmp_path / name]).startswith(
        f"{tmp_path / name}: no such Python file"
    )


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(UserError, match=r"called 't2_dens'; did you mean 't2_dense'\?"):
        get(discover(), "t2_dens")


def test_patterns_choose_by_name():
    assert [item.name for item in matching(discover(), "t?_*")] == list(TUTORIALS)
    assert [item.name for item in matching(discover(), "t2_dense")] == ["t2_dense"]
    with pytest.raises(UserError, match=r"matches 'tt_dense'; did you mean 't2_dense'\?"):
        matching(discover(), "tt_dense")


def test_plugin_may_name_a_single_module(plug_in):
    plug_in(
        {"ninetynine": {"mine": "lone_net"}}, {"lone_net.py": "raise RuntimeError('run')" + NET}
    )
    found = discover()["lone_net"]
    assert (found.module, found.origin) == ("lone_net", "entry point of plug-in")


def test_plugin_may_name_a_module_of_a_package_without_running_the_package(plug_in):
    files = {
        "pkg/__init__.py": "raise RuntimeError('run')",
        "pkg/_blocks.py": "x = 1",
        "pkg/net.py": "from ._blocks import x" + NET,
        "pkg/other.py": "1",
    }
    plug_in({"ninetynine": {"mine": "pkg.net"}}, files)
    found = discover()["net"]
    assert found.module == "pkg.net"
    assert sorted(found.source_files) == ["pkg/__init__.py", "pkg/_blocks.py", "pkg/net.py"]
    assert "pkg" not in sys.modules


@pytest.mark.parametrize("text", ["x = (", "x = 1"])
def test_broken_plugin_names_its_distribution(plug_in, text):
    plug_in({"ninetynine": {"mine": "lone_net"}}, {"lone_net.py": text})
    assert complaint(discover).startswith("entry point of plug-in: ")
    assert complaint(discover).endswith("mend or uninstall the distribution")


def test_plugin_that_names_nothing_is_an_error(plug_in):
    plug_in({"ninetynine": {"mine": "gone.net"}}, {})
    assert "entry point of plug-in: mine = gone.net names no module" in complaint(discover)
