"""A dataset is one file: found by being there, in the library or in another package."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import ninetynine
import numpy as np
import pytest
from complaints import complaint
from ninetynine import datasets
from ninetynine.datasets import built_in
from ninetynine.errors import UserError

GROUP = "ninetynine.datasets"

BUILT_IN = ["mnist", "fashion_mnist", "digits", "cifar10", "cifar100"]
STRIPES = """
import numpy as np
from ninetynine.datasets import DatasetInfo

INFO = DatasetInfo(
    name="stripes",
    description="Two stripes",
    license="CC0",
    source="written for the tests",
    num_classes=2,
    image_shape=(4, 5, 1),
    train_length=6,
    test_length=2,
    class_names=("lying", "standing"),
    noun="stripes",
)


def read():
    images = np.zeros((8, 4, 5), np.uint8)
    images[::2, 1] = images[1::2, :, 2] = 255
    labels = np.arange(8) % 2
    return {
        "x_train": images[:6], "y_train": labels[:6], "x_test": images[6:], "y_test": labels[6:]
    }
"""


@pytest.fixture(autouse=True)
def without_data_folder(monkeypatch):
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)


def stripes(text=STRIPES, name="stripes"):
    """What ``plug_in`` installs: a distribution with the dataset module ``text``."""
    files = {"stripes_data/__init__.py": "", "stripes_data/stripes.py": text}
    return {GROUP: {name: "stripes_data.stripes"}}, files


# One file -----------------------------------------------------------------------------------------


def test_a_file_in_the_folder_is_a_dataset_and_nothing_else_is_needed(tmp_path, monkeypatch, bench):
    (tmp_path / "stripes.py").write_text(STRIPES)
    monkeypatch.setattr(built_in, "__path__", [*built_in.__path__, str(tmp_path)])
    assert list(datasets.known()) == [*BUILT_IN, "stripes"]
    assert datasets.load("stripes").num_classes == 2
    assert len(datasets.load("stripes-fold-0-of-3").train_images) == 4
    code, out, _ = bench("list", "datasets", "--json")
    assert code == 0
    assert json.loads(out)[-1]["name"] == "stripes"
    sys.modules.pop("ninetynine.datasets.built_in.stripes")


@pytest.mark.slow
def test_no_other_file_of_the_library_names_a_dataset():
    root = Path(ninetynine.__file__).parent
    places = []
    for path in root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        keys = {id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
        places += [
            f"{path.relative_to(root)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and node.value in datasets.known()
            and id(node) not in keys  # a claim's "digits" are its decimals
        ]
    assert not [place for place in places if not place.startswith("datasets/built_in/")]


def test_facts_of_one_dataset_import_no_other():
    script = (
        "import sys; from ninetynine import datasets; datasets.fingerprint_of('mnist');"
        "datasets.noun_of('somebodys'); "
        "print([n for n in sys.modules if n.startswith('ninetynine.datasets.built_in.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "['ninetynine.datasets.built_in.mnist']", done.stderr


# Facts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "noun"),
    [
        ("mnist", "digits"),
        ("digits", "digits"),
        ("mnist-fold-1-of-12", "digits"),
        ("fashion_mnist", "images"),
        ("letters", "images"),
        ("letters-fold-7-of-3", "images"),  # a user's file may be called like a fold
        ("some/letters.npz", "images"),
    ],
)
def test_a_dataset_says_what_its_images_are_called(name, noun):
    assert datasets.noun_of(name) == noun


def test_only_what_comes_with_a_package_is_embedded(plug_in):
    plug_in(*stripes(STRIPES.replace('noun="stripes"', "embedded=True")))
    infos = datasets.known()
    assert [name for name in infos if infos[name].embedded] == ["digits", "stripes"]
    # A plug-in is not in every installation.
    assert [name for name in infos if infos[name].is_everywhere] == ["digits"]


def test_a_fold_has_facts_of_its_own():
    fold, info = datasets.load("digits-fold-3-of-7"), datasets.info_of("digits-fold-3-of-7")
    assert info.name == fold.name
    assert info.train_length == len(fold.train_images)
    assert info.test_length == len(fold.test_images)
    assert info.fingerprint is None
    assert datasets.info_of("digits-fold-3-of-7-fold-0-of-2") is None
    assert datasets.info_of("some/letters.npz") is None


def test_doubtful_labels_are_those_of_the_very_test_images():
    doubtful = datasets.doubtful_test_images("mnist", 10_000)
    assert list(doubtful) == sorted(doubtful)
    assert len(doubtful) == 15
    assert doubtful[947].given == 8
    assert datasets.doubtful_test_images("mnist", 9_999) == {}
    assert datasets.doubtful_test_images("mnist-fold-0-of-6", 10_000) == {}
    assert datasets.doubtful_test_images("digits", 360) == {}
    assert datasets.doubtful_test_images("letters", 10_000) == {}


def test_where_none_is_named_the_first_known_dataset_is_taken_or_the_only_one():
    assert datasets.usual() == "mnist"
    assert datasets.usual(embedded=True) == "digits"
    assert datasets.preferred(["digits", "mnist", "letters"]) == "mnist"
    assert datasets.preferred(["letters", "letters"]) == "letters"
    assert datasets.preferred(["digits", "letters"]) is None
    assert datasets.preferred([]) is None


# Plug-ins -----------------------------------------------------------------------------------------


def test_a_plug_in_is_a_dataset_like_any_other(plug_in, bench, tmp_path):
    plug_in(*stripes())
    assert list(datasets.known()) == [*BUILT_IN, "stripes"]
    assert "stripes_data.stripes" not in sys.modules  # names are listed without running it
    assert datasets.known()["stripes"].origin == "entry point of plug-in"
    loaded = datasets.load("stripes")
    assert loaded.train_images.shape == (6, 4, 5, 1)
    assert loaded.fingerprint == datasets.fingerprint_of("stripes")
    assert datasets.noun_of("stripes") == "stripes"
    assert len(datasets.load("stripes-fold-0-of-3").test_images) == 2
    code, out, _ = bench("data", "stripes", "--json", "--picture", tmp_path / "stripes.png")
    assert code == 0
    assert json.loads(out)["class_names"] == ["lying", "standing"]
    with pytest.raises(UserError, match="the name of a known dataset"):
        datasets.load("Stripes.npz")


def test_a_plug_ins_files_in_a_named_folder_go_before_what_it_reads(plug_in, tmp_path):
    plug_in(*stripes())
    with pytest.raises(UserError, match=r"no files of stripes; looked for stripes\.npz, there"):
        datasets.load("stripes", tmp_path)
    # Another dataset's IDX files do not pass for its own.
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(UserError, match="no files of stripes"):
        datasets.load("stripes", tmp_path)
    whole = datasets.load("stripes")
    np.savez(
        tmp_path / "stripes.npz",
        x_train=whole.train_images,
        y_train=whole.train_labels,
        x_test=whole.test_images[::-1],
        y_test=whole.test_labels[::-1],
    )
    there = datasets.load("stripes", tmp_path)
    np.testing.assert_array_equal(there.test_images, whole.test_images[::-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (", "importing stripes_data.stripes raised SyntaxError"),
        ("import no_such_module", "raised ModuleNotFoundError: No module named"),
        ("INFO = 3", "no INFO = DatasetInfo(...) in stripes_data.stripes"),
        (STRIPES.replace('name="stripes"', 'name="strips"'), "INFO.name in stripes_data.stripes"),
        (STRIPES.replace("num_classes=2", "num_classes=3"), "3 classes, 2 class_names"),
        (STRIPES.replace("def read", "def raed"), "no function read() in stripes_data.stripes"),
        (STRIPES.replace("np.zeros(", "np.zeros(1, 2, 3, 4, "), "raised TypeError"),
        (STRIPES.replace('"y_test"', '"y_tset"'), "does not return a dictionary of the numpy"),
    ],
)
def test_a_broken_plug_in_is_one_line_that_names_its_distribution(plug_in, bench, text, said):
    plug_in(*stripes(text))
    message = complaint(datasets.load, "stripes")
    assert "entry point of plug-in" in message
    assert message.endswith("; mend or uninstall the distribution")
    assert said in message
    code, out, err = bench("data", "stripes")
    assert (code, out) == (2, "")
    assert err.endswith(f"{message}\n")
    assert err.count("\n") == 1
    assert datasets.load("digits").num_classes == 10  # others are not held up


def test_what_a_plug_in_says_of_its_data_itself_is_passed_on(plug_in):
    line = "    raise UserError('stripes: draw them first')\n"
    text = "from ninetynine.errors import UserError\n" + STRIPES
    plug_in(*stripes(text.replace("def read():\n", f"def read():\n{line}")))
    assert complaint(datasets.load, "stripes") == "stripes: draw them first"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("test_length=2", "test_length=3"), "x_test is uint8 (2, 4, 5, 1), expected uint8 (3, 4"),
        (("noun=", 'fingerprint="ab" * 32, noun='), "wrong fingerprint"),
        (("noun=", 'array_sha256={"y_test": "ab" * 32}, noun='), "(y_test differ)"),
    ],
)
def test_arrays_that_are_not_as_stated_are_refused(plug_in, change, said):
    plug_in(*stripes(STRIPES.replace(*change)))
    message = complaint(datasets.load, "stripes")
    assert "dataset 'stripes' (entry point of plug-in): not the original stripes: " in message
    assert said in message


@pytest.mark.parametrize("name", ["Stripes", "my.stripes", "stripes-fold-0-of-2"])
def test_a_plug_ins_name_has_to_be_one(plug_in, name):
    plug_in(*stripes(name=name))
    message = complaint(datasets.known)
    assert message.startswith(f"dataset {name!r} (entry point of plug-in): ")


def test_two_datasets_of_one_name_are_both_named(plug_in, bench, tmp_path):
    plug_in(*stripes(name="digits"))
    message = complaint(datasets.known)
    assert "two datasets are called 'digits'" in message
    assert "ninetynine.datasets.built_in.digits (built in)" in message
    assert "stripes_data.stripes (entry point of plug-in)" in message
    predictions = tmp_path / "y.npy"
    predictions.touch()
    for arguments in (
        ("list", "datasets"),
        ("data",),
        ("data", "digits"),
        ("import", "x", predictions),
    ):
        code, out, err = bench(*arguments)
        assert (code, out) == (2, "")
        assert "two datasets are called 'digits'" in err
