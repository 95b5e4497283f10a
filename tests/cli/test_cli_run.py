"""``bench run`` and a user's mistakes: one line, exit code 2, nothing lost, nothing half done."""

import json

import numpy as np
import pytest
from run_helpers import assert_whole, write_architecture, write_dataset, write_suite


@pytest.fixture
def refuse(refuse, tmp_path, monkeypatch):
    """Run a command that is a mistake in a bare folder; return its one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    # The same line on a small machine.
    monkeypatch.setattr("ninetynine.machine._UNKNOWN_WORKER_BYTES", 1)
    return refuse


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["rnu"], "no verb is called 'rnu'; did you mean 'run'?"),
        (["run", "quik"], "no suite is called 'quik'; did you mean 'quick'?"),
        (["run", "mine.toml"], "suite mine.toml: cannot be read (No such file or directory)"),
        (["run", "--only", "t2_dnse"], "matches nothing in suite quick; did you mean 't2_dense'?"),
        (["run", "--dataset", "mnits"], "unknown dataset 'mnits'; did you mean 'mnist'?"),
        (["run", "--dataset", "no.npz"], "no.npz"),
        (["run", "--jobs", "0"], "--jobs '0': expected a positive whole number or auto"),
        (["run", "--jobs", "many"], "--jobs 'many'"),
        (["run", "--jobs", "-1"], "--jobs '-1'"),
        (["run", "--jobs", "²"], "--jobs '²'"),
        (["run", "--threads", "0"], "--threads"),
        (["run", "--seeds", "x"], "--seeds: 'x' is no seed; expected e.g. 5 (a count), 0-9"),
        (["run", "--seeds", "20240101"], "a number alone is a count"),
        (["run", "--timeout", "0"], "--timeout"),
        (["run", "--precision", "float23"], "'float23' is not one of"),
        (["run", "--onyl", "t2"], "--only"),
        (["run", "quick", "controlled"], "unexpected extra argument (controlled)"),
        (["run", "tutorials", "--data-dir", "nowhere"], "--data-dir nowhere: no such folder"),
        (["run", "--architecture", "net.py"], "net.py: no such Python file"),
        (["run", "--architecture", "net.txt"], "net.txt: no such Python file"),
        (["report", "--results", "nowhere"], "--results nowhere: no such folder"),
        (["report", "--format", "word"], "'word' is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_on_the_command_line_is_one_line(refuse, arguments, part):
    assert part in refuse(*arguments)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('"epochs"', '"epoch"', "unknown recipe key 'epoch'; did you mean 'epochs'?"),
        ('"adam"', '"adm"', "unknown optimizer 'adm'; did you mean 'adam'?"),
        ("def build", "def bild", "no function build(input_shape, num_classes) in it"),
        ("import keras", "import", "line 11: "),
        ("RECIPE =", "RECIPES =", "no RECIPE = {...} in it"),
    ],
)
def test_a_mistake_in_an_architecture_file_names_the_file(refuse, tmp_path, old, new, part):
    path = write_architecture(tmp_path, "net")
    path.write_text(path.read_text().replace(old, new))
    line = refuse("run", "--architecture", path)
    assert str(path) in line
    assert part in line


def test_a_name_clash_names_both_places(refuse, tmp_path):
    line = refuse("run", "--architecture", write_architecture(tmp_path, "t2_dense"))
    assert "two architectures are called 't2_dense'" in line
    assert "built in" in line
    assert "--architecture" in line


@pytest.fixture
def suite(tmp_path):
    """A suite of one tiny architecture on tiny data, for the workers without TensorFlow."""
    write_dataset(tmp_path / "d.npz")
    write_architecture(tmp_path, "net")
    return write_suite(tmp_path / "s.toml", ["net"], tmp_path / "d.npz", 2)


def test_a_results_folder_that_cannot_be_one_is_told_before_training(refuse, suite, tmp_path):
    (tmp_path / "file").write_text("in the way")
    given = ["run", suite, "--architecture", tmp_path / "net.py", "--results"]
    assert "neither a folder nor a pack" in refuse(*given, tmp_path / "file")
    inside = tmp_path / "file" / "results"
    assert f"cannot write to {inside}: Not a directory; choose another" in refuse(*given, inside)


@pytest.mark.parametrize("damage", ["cut off", "pickled", "labels", "lengths"])
def test_a_damaged_dataset_is_one_line(refuse, suite, tmp_path, damage):
    path = tmp_path / "d.npz"
    arrays = dict(np.load(path))
    if damage == "cut off":
        path.write_bytes(path.read_bytes()[:-500])
    elif damage == "pickled":
        np.savez(path, **{**arrays, "y_test": np.array([{}] * 20, dtype=object)})
    elif damage == "labels":
        np.savez(path, **{**arrays, "y_test": arrays["y_test"] + 1})
    else:
        np.savez(path, **{**arrays, "y_test": arrays["y_test"][:-1]})
    assert str(path) in refuse("run", suite, "--architecture", tmp_path / "net.py")


# Mistakes that only a worker sees ----------------------------------------------------------------

BAD = {
    "raises": ("raise ValueError('no such layer')", "raised ValueError: no such layer"),
    "returns": ("return None", "returned None; does it end in return?; expected a keras.Model"),
    "shapes": (
        "model = keras.Model(); model.output_shape = (None, 7); return model",
        "returned a model with output shape (None, 7); expected (None, 10)",
    ),
}


@pytest.mark.slow
def test_what_a_worker_refuses_is_told_at_the_end_and_the_others_are_trained(
    stub, run_here, tmp_path
):
    files = [write_architecture(tmp_path, name, body) for name, (body, _) in BAD.items()]
    broken = write_architecture(tmp_path, "broken")
    broken.write_text(broken.read_text().replace("import keras", "import keras, no_such_package"))
    files += [broken, write_architecture(tmp_path, "good")]
    names = [path.stem for path in files]
    suite = write_suite(tmp_path / "s.toml", names, write_dataset(tmp_path / "d.npz"), 2)
    given = [part for path in files for part in ("--architecture", path)]
    arguments = ["run", suite, *given, "--jobs", 1, "--results", tmp_path / "results"]

    done = run_here(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("bench: ")]
    for _, message in BAD.values():
        assert line.count(message) == 1
    assert "broken.py: line 11: importing it raised ModuleNotFoundError" in line
    assert [r.cell.architecture for r in assert_whole(tmp_path / "results")] == ["good", "good"]
    assert "good" in done.stdout

    told = run_here(*arguments, "--only", "broken", "-v")
    assert told.returncode == 2
    assert "Traceback (most recent call last)" in told.stderr
    assert "import keras, no_such_package" in told.stderr
    assert told.stderr.splitlines()[-1].startswith("bench: ")


@pytest.mark.slow
def test_a_failed_cell_is_a_row_and_exit_code_1_until_it_is_tried_again(stub, run_here, tmp_path):
    """The second time the cell is not tried; with --retry-failed it is, and succeeds."""
    crash = f"os.path.exists({str(tmp_path / 'mended')!r}) or os._exit(3)"
    path = write_architecture(tmp_path, "net", crash)
    suite = write_suite(tmp_path / "s.toml", ["net"], write_dataset(tmp_path / "d.npz"))
    arguments = ["run", suite, "--architecture", path, "--results", tmp_path / "results"]

    first = run_here(*arguments)
    assert first.returncode == 1
    assert "bench: net, seed 0 failed: the worker exited with code 3" in first.stderr
    assert "0 finished of 1, 1 failed" in " ".join(first.stdout.split())

    second = run_here(*arguments)
    assert second.returncode == 1
    assert second.stdout == first.stdout
    assert second.stderr.strip().endswith("(recorded earlier; --retry-failed tries again)")

    (tmp_path / "mended").touch()
    third = run_here(*arguments, "--retry-failed", "--json")
    assert third.returncode == 0, third.stderr
    (board,) = json.loads(third.stdout)["boards"]
    assert board["rows"][0]["seeds"] == [0]
    assert board["rows"][0]["failed"] == []


def test_a_dry_run_says_what_would_be_trained_and_writes_nothing(bench, suite, tmp_path):
    given = ["--architecture", str(tmp_path / "net.py"), "--results", str(tmp_path / "results")]
    for as_json in ([], ["--json"]):
        code, out, err = bench("run", suite, "--dry-run", *given, *as_json)
        assert code == 0
        said, *about_the_data = err.splitlines()[0], *err.splitlines()[2:]
        assert said == "training net on d, seeds 0-1, float32"
        assert all(line.startswith("warning: ") for line in about_the_data)
        if as_json:
            content = json.loads(out)
            assert [cell["seed"] for cell in content["missing"]] == [0, 1]
            assert content["reused"] == []
            assert content["schedules"] == []
        else:
            assert "2 cells to train, 0 recorded already" in out.splitlines()
            assert "no schedule" in out.splitlines()[-1]
    assert not (tmp_path / "results").exists()


@pytest.fixture
def varied(tmp_path):
    """The options of a suite with a variant and a grid of an architecture that takes ``units``."""
    path = write_architecture(tmp_path, "net")
    path.write_text(path.read_text().replace("num_classes)", "num_classes, units=1)"))
    entries = (
        '{name = "wide", architecture = "net", arguments = {units = 3}}, '
        '{name = "net", recipe = {learning_rate = [0.1, 0.01]}}'
    )
    dataset = write_dataset(tmp_path / "d.npz")
    suite = tmp_path / "varied.toml"
    suite.write_text(f'dataset = "{dataset}"\narchitectures = [{entries}]\n')
    return [suite, "--architecture", path, "--results", tmp_path / "results"]


@pytest.mark.slow
def test_variants_and_grids_are_trained_and_found_again_by_their_names(
    varied, bench, stub, run_here, tmp_path
):
    done = run_here("run", *varied, "--json")
    assert done.returncode == 0, done.stderr
    (board,) = json.loads(done.stdout)["boards"]
    names = {"wide", "net[learning_rate=0.1]", "net[learning_rate=0.01]"}
    assert {row["name"] for row in board["rows"]} == names
    assert board["variant"] == "published"
    arguments = {r.cell.architecture: r.cell.arguments for r in assert_whole(tmp_path / "results")}
    assert arguments == {name: {"units": 3} if name == "wide" else {} for name in names}

    row = "net[learning_rate=0.01]"
    for only, cells in ((row, 1), ("net[learning_rate=0.1,0.01]", 2), ("net", 2), ("wide", 1)):
        code, out, _ = bench("run", *varied, "--only", only, "--dry-run")
        assert (code, out.splitlines()[-1]) == (0, f"0 cells to train, {cells} recorded already")
    code, out, _ = bench("explain", *varied, "--only", row)
    assert (code, out.startswith(f"{row} on d, seed 0: reused")) == (0, True)
    results = ("--results", tmp_path / "results")
    code, out, _ = bench("compare", row, "wide", "--dataset", "d", *results)
    assert (code, f"{row} " in out) == (0, True)
    code, out, _ = bench("report", *results)
    assert (code, "wide" in out) == (0, True)


@pytest.mark.slow
def test_rows_that_are_asked_for_are_trained_beside_the_suites(varied, stub, run_here, tmp_path):
    arguments = ["run", *varied, "--only", "wide[units=4,5]", "--json"]
    done = run_here(*arguments)
    assert done.returncode == 0, done.stderr
    records = assert_whole(tmp_path / "results")
    assert {r.cell.architecture: r.cell.arguments for r in records} == {
        "wide[units=4]": {"units": 4},
        "wide[units=5]": {"units": 5},
    }
    assert {record.cell.source_hash for record in records} == {records[0].cell.source_hash}


@pytest.mark.parametrize(
    ("only", "part"),
    [
        ("net[unit=3]", "suite varied has a grid of net without such rows"),
        ("wide[unit=3]", "'unit' is no argument of build in "),
        ("wide[units=]", "wide[units=]: expected key=value"),
    ],
)
def test_a_mistake_in_the_rows_that_are_asked_for_is_one_line(refuse, varied, only, part):
    assert part in refuse("run", *varied, "--only", only)
