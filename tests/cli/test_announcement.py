"""What a run trains, and by whose recipe, is said before it starts."""

import json

import pytest
from dataset_builders import ordinary, save
from ninetynine.records import RecordStore
from ninetynine.request import RunRequest
from record_builders import write_run
from run_helpers import write_architecture, write_dataset, write_suite

OWN = "net is trained by its own recipe: batch_size 32, epochs 5, optimizer adam"


@pytest.fixture
def said(bench, tmp_path):
    """The lines on standard error of a dry run with an architecture of one's own, ``net``."""
    path = write_architecture(tmp_path, "net", epochs=5)

    def run(*arguments):
        given = ("--architecture", path, "--results", tmp_path / "results", "--dry-run")
        code, _, err = bench("run", *arguments, *given)
        assert code == 0
        return err.splitlines()

    return run


def cells(tmp_path, **asked):
    files = (tmp_path / "net.py",)
    return RunRequest(architecture_files=files, **asked).resolve().cells


def test_a_file_of_ones_own_is_trained_by_its_own_recipe_where_no_suite_is_named(said, tmp_path):
    assert said("--only", "net") == ["training net on digits, seeds 0-2, float32", OWN]
    found = {cell.identity.architecture: cell for cell in cells(tmp_path)}
    assert (found["net"].identity.recipe["epochs"], found["net"].variant) == (5, "published")
    assert (found["t2_dense"].identity.recipe["epochs"], found["t2_dense"].variant) == (8, "quick")


def test_a_suite_that_is_named_overrides_it_and_says_so(said, tmp_path):
    lines = said("quick", "--only", "net", "--seeds", "4-6,9", "--precision", "mixed_float16")
    assert lines == [
        "training net on digits, seeds 4-6,9, mixed_float16",
        "quick sets epochs = 8 (the file says 5)",
    ]
    assert {cell.variant for cell in cells(tmp_path, suite="quick", only="net")} == {"quick"}


def test_rows_of_it_have_its_recipe_and_what_they_say(said, tmp_path):
    only = "net[optimizer=sgd,adam]"
    assert said("--only", only)[1:] == ["each is trained by its own recipe"]
    recipes = [cell.identity.recipe for cell in cells(tmp_path, only=only)]
    assert {recipe["epochs"] for recipe in recipes} == {5}
    assert {recipe["optimizer"]["name"] for recipe in recipes} == {"sgd", "adam"}
    assert said("quick", "--only", only)[1:] == ["quick sets epochs = 8 (the files say 5)"]


def test_a_file_that_the_suite_has_anyway_is_trained_as_the_suite_says(bench, tmp_path):
    from ninetynine.catalog import discover

    built_in = discover()["t2_dense"].path
    given = ("--architecture", built_in, "--only", "t2_dense", "--results", tmp_path)
    _, _, err = bench("run", "--dry-run", *given)
    assert any(line.startswith("quick sets epochs = 8") for line in err.splitlines())


def test_many_rows_are_said_in_few_lines(said, tmp_path):
    entries = [f"net[batch_size={size}]" for size in range(1, 41)]
    rates = "{name = 'net', recipe = {batch_size = [" + ", ".join(map(str, range(1, 41))) + "]}}"
    path = tmp_path / "many.toml"
    path.write_text(f"dataset = 'digits'\narchitectures = [{rates}]\n[recipe]\nepochs = 2\n")
    lines = said(path)
    assert lines[0] == f"training {len(entries)} models on digits, seed 0, float32"
    assert lines[1:] == ["many sets epochs = 2 (the files say 5)"]


def test_one_of_several_that_differs_is_named(said, tmp_path):
    write_architecture(tmp_path, "other", epochs=2)
    suite = write_suite(tmp_path / "s.toml", ["net", "other"], "digits", more="recipe.epochs = 2")
    lines = said(suite, "--architecture", tmp_path / "other.py")
    assert lines[1:] == ["s sets epochs = 2 (the file of net says 5)"]


def test_nothing_is_said_where_all_is_recorded(said, tmp_path):
    store = RecordStore(tmp_path / "results")
    for cell in cells(tmp_path, only="net"):
        write_run(store, **cell.identity.model_dump())
    assert said("--only", "net") == []


def test_a_validation_part_that_no_recipe_uses_and_what_else_is_odd_is_said(said, tmp_path):
    arrays = ordinary(test=180)
    parts = {name: arrays[name][:120] for name in ("x_test", "y_test")}
    parts |= {"x_val": arrays["x_test"][120:], "y_val": arrays["y_test"][120:]}
    path = save(tmp_path, arrays | parts)
    (line,) = said("--only", "net", "--dataset", path)[2:]
    assert line.startswith(f"warning: {path}: the 60 validation images are not used")
    parts["x_test"] = arrays["x_train"][:120]
    save(tmp_path, arrays | parts)
    lines = said("--only", "net", "--dataset", path)[2:]
    assert any("120 of 120 test images are training images too" in line for line in lines)


@pytest.mark.slow
def test_a_run_says_it_and_shows_both_recipes_on_boards_of_their_own(stub, run_here, tmp_path):
    path = write_architecture(tmp_path, "net", epochs=5)
    data = write_dataset(tmp_path / "d.npz")
    for cell in cells(tmp_path, only="majority_class", dataset=str(data), seeds=1, threads=1):
        write_run(RecordStore(tmp_path / "results"), images=20, **cell.identity.model_dump())
    given = ("--architecture", path, "--dataset", data, "--seeds", 1, "--threads", 1)
    given += ("--only", "[nm]*", "--results", tmp_path / "results", "--json")
    done = run_here("run", *given)
    assert done.returncode == 0, done.stderr
    assert done.stderr.index(OWN) < done.stderr.index("cells to train")
    boards = {board["variant"]: board["rows"] for board in json.loads(done.stdout)["boards"]}
    assert [row["name"] for row in boards["published"]] == ["net"]
    assert [row["name"] for row in boards["quick"]] == ["majority_class"]
    again = run_here("run", *given)
    assert again.stdout == done.stdout
    assert "train" not in again.stderr
