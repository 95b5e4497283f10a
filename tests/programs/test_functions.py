"""A function train(dataset, seed) in an architecture's file trains like a program, in process."""

import re
from pathlib import Path

import numpy as np
import pytest
from ninetynine import datasets
from ninetynine.catalog import discover
from ninetynine.cells import Cell, untrained
from ninetynine.errors import UserError
from ninetynine.programs import BACKEND
from ninetynine.records import RecordStore
from ninetynine.training.function import findings_of_function, train_by_function
from ninetynine.training.program_process import ProgramFailed
from run_helpers import assert_refused, write_dataset

PAGE = Path(__file__).parents[2] / "docs" / "programs.md"
DIGITS = '"""Says each image\'s number, as the dataset has it."""\n\nimport numpy as np\n\n\n'
RIGHT = (
    "def train(dataset, seed, base=10):\n    return np.arange(len(dataset.test_images)) % base\n"
)


@pytest.fixture(autouse=True)
def workers(kept_workers):
    """The session's workers: their start is not what is tested."""


@pytest.fixture
def dataset(tmp_path):
    return datasets.load(str(write_dataset(tmp_path / "images.npz")))


def written(folder, code, name="mine"):
    path = folder / f"{name}.py"
    path.write_text(DIGITS + code)
    return discover([path])[name]


def trained(folder, dataset, code, seed=0):
    architecture = written(folder, code)
    identity = untrained(
        architecture="mine",
        source_hash=architecture.source_hash,
        dataset="images",
        dataset_fingerprint=dataset.fingerprint,
        packages=dict(architecture.trains_with),
        seed=seed,
        backend=BACKEND,
        threads=1,
        device="cpu",
    )
    cell = Cell(identity=identity, suite="own", variant="published", file=architecture.path)
    return train_by_function(cell, architecture, dataset, [0])


def test_what_it_returns_makes_a_record_like_a_programs(tmp_path, dataset):
    record, predictions = trained(tmp_path, dataset, RIGHT)
    assert (record.scores.test.accuracy, record.scores.test.loss) == (1.0, None)
    assert record.cell.backend == BACKEND
    assert record.cell.packages.keys() == {"numpy"}
    assert predictions.probabilities.argmax(1).tolist() == [i % 10 for i in range(20)]


def test_it_is_given_its_seed_and_no_test_labels_and_cannot_write_to_the_images(tmp_path, dataset):
    code = (
        "def train(dataset, seed):\n"
        "    assert seed == 7 and not hasattr(dataset, 'test_labels')\n"
        "    assert dataset.num_classes == 10 and len(dataset.train_labels) == 30\n"
        "    dataset.train_images[:] = 0\n"
    )
    with pytest.raises(ProgramFailed, match="read-only"):
        trained(tmp_path, dataset, code, seed=7)


def test_equal_seeds_give_equal_bits_also_where_global_generators_are_drawn_from(tmp_path, dataset):
    code = (
        "def train(dataset, seed):\n"
        "    raw = np.random.random((len(dataset.test_images), 10))\n"
        "    return raw / raw.sum(axis=1, keepdims=True)\n"
    )
    one, again, other = (trained(tmp_path, dataset, code, seed)[0] for seed in (1, 1, 2))
    assert one.model.weights_hash == again.model.weights_hash != other.model.weights_hash


def test_a_file_that_it_reads_is_part_of_its_key(tmp_path, dataset):
    (tmp_path / "base.txt").write_text("10")
    code = (
        "from pathlib import Path\n\n"
        "def train(dataset, seed):\n"
        "    base = int(Path(__file__).with_name('base.txt').read_text())\n"
        "    return np.arange(len(dataset.test_images)) % base\n"
    )
    before = trained(tmp_path, dataset, code)[0]
    assert before.cell.inputs.keys() == {"file base.txt"}
    (tmp_path / "base.txt").write_text("5")
    assert trained(tmp_path, dataset, code)[0].key != before.key


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "train() returned None; expected labels (m,) or probabilities (m, classes)"),
        ("return np.arange(7)", "fits no predictions for 20 test images of 10 classes"),
        ("return np.full((20, 10), np.nan)", "values that are not finite"),
        ("return np.full((20, 10), 3.0)", "for logits apply a softmax first"),
        ("return [[1, 2], [3]]", "returned no array"),
        ("return {'a': 1}", "expected labels or probabilities"),
        (
            "return type('Tensor', (), {'__array__': lambda *a, **k: np.linalg.inv(0)})()",
            "returned no array: LinAlgError",
        ),
        ("raise ValueError('boom')", "mine.py: line 7: train() raised ValueError: boom"),
        ("raise SystemExit(3)", "train() raised SystemExit: 3"),
        ("return 1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_function_that_fails_is_told_in_one_line(tmp_path, dataset, body, said):
    with pytest.raises(ProgramFailed) as caught:
        trained(tmp_path, dataset, f"def train(dataset, seed):\n    {body}\n")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def fit(dataset, seed): pass\n", "and no train(dataset, seed)"),
        ("RECIPE = {}\n" + RIGHT, "take RECIPE out"),
    ],
)
def test_a_file_that_is_neither_kind_is_refused_in_one_line(tmp_path, code, said):
    with pytest.raises(UserError) as caught:
        written(tmp_path, code)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_look_over_finds_what_the_seed_does_not_decide(tmp_path, dataset):
    code = (
        "import os\n\n"
        "def train(dataset, seed):\n"
        "    return np.array([os.urandom(1)[0] % 10 for image in dataset.test_images])\n"
    )
    (finding,) = findings_of_function(written(tmp_path, code), dataset)
    assert "predict differently" in finding.message
    assert not [*findings_of_function(written(tmp_path, RIGHT, "right"), dataset)]


def write_suite(folder, more=""):
    write_dataset(folder / "images.npz")
    (folder / "mine.py").write_text(DIGITS + RIGHT)
    suite = folder / "own.toml"
    suite.write_text(
        f'dataset = "{folder}/images.npz"\nseeds = "0-1"\n[recipe]\nepochs = 2\n'
        f'[[architectures]]\nname = "mine"\n{more}'
    )
    return suite, ("--architecture", folder / "mine.py")


@pytest.mark.slow
def test_a_grid_of_its_arguments_is_run_and_recorded_once(tmp_path, run_here):
    suite, file = write_suite(tmp_path, "arguments = {base = [5, 10]}\n")
    done = run_here("run", suite, *file, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    records = RecordStore(tmp_path / "results").read_all()[0]
    found = {(r.cell.architecture, r.scores.test.accuracy) for r in records}
    assert found == {("mine[base=5]", 0.5), ("mine[base=10]", 1.0)}
    again = run_here("run", suite, *file, "--jobs", "1", "--dry-run")
    assert "0 cells to train, 4 recorded" in again.stdout
    cleaned = run_here("clean", "results", *file, "--suite", suite)
    assert "nothing to clean" in cleaned.stdout
    shown = run_here("show", "mine", *file)
    assert "Says each image's number" in shown.stdout
    assert "Recipe" not in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("recipe = {epochs = 2}\n", "has no recipe; give what it takes under arguments"),
        ("arguments = {bass = 2}\n", "'bass' is no argument of train in"),
    ],
)
def test_a_mistake_in_a_suite_with_a_function_is_one_line(tmp_path, more, said, run_here):
    suite, file = write_suite(tmp_path, more)
    assert_refused(run_here("run", suite, *file, "--dry-run"), said, "mine")


@pytest.mark.slow
def test_a_check_of_an_unchanged_function_is_identical_and_a_worse_one_fails(tmp_path, run_here):
    suite, file = write_suite(tmp_path)
    base = ("--baseline", "base", "--jobs", "1")
    made = run_here("baseline", "update", suite, *file, *base, "--seeds", "2", "--reason", "first")
    assert made.returncode == 0, made.stderr
    same = run_here("check", *base)
    assert same.returncode == 0, same.stderr
    assert "bit for bit" in same.stdout
    (tmp_path / "mine.py").write_text(DIGITS + RIGHT.replace("base=10", "base=5"))
    assert run_here("check", *base, "--margin", "1").returncode == 1


@pytest.mark.slow
def test_a_function_that_is_late_is_ended(tmp_path, run_here):
    suite, file = write_suite(tmp_path)
    (tmp_path / "mine.py").write_text(
        DIGITS + "import time\n\n\ndef train(dataset, seed):\n    time.sleep(99)\n"
    )
    done = run_here("run", suite, *file, "--seeds", "0", "--timeout", "1")
    assert done.returncode == 1
    assert "not finished after 1 seconds" in done.stderr


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_pages_example_trains_digits(tmp_path, run_here):
    pattern = r"<!-- example: (\S+) -->\n```python\n(.*?)```"
    blocks = dict(re.findall(pattern, PAGE.read_text(), re.DOTALL))
    (tmp_path / "svm.py").write_text(blocks["svm.py"])
    architecture = discover([tmp_path / "svm.py"])["svm"]
    assert "scikit-learn" in architecture.trains_with
    found = [*findings_of_function(architecture, datasets.load("digits"))]
    assert not found
    done = run_here(
        *("run", "--architecture", "svm.py", "--only", "svm[C=10]", "--dataset", "digits"),
        *("--seeds", "0", "--jobs", "1"),
    )
    assert done.returncode == 0, done.stderr
    (record,) = RecordStore(tmp_path / "results").read_all()[0]
    assert record.scores.test.accuracy > 0.95
    assert np.isfinite(record.timing.train_seconds)
