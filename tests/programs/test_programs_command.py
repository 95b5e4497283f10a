"""Programs by the command: run, compared, checked against a baseline; docs/programs.md does it."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from ninetynine import datasets
from ninetynine.records import RecordStore
from PIL import Image
from run_helpers import assert_refused, start_bench, wait_until_gone, write_dataset

PAGE = Path(__file__).parents[2] / "docs" / "programs.md"
EXAMPLES = Path(__file__).parents[1] / "support" / "examples" / "programs"
WORDS = '["python", "train.py", "{seed}", "{data}", "{out}"]'
ANSWERS = """import sys
from pathlib import Path
rows = "\\n".join(str(i % 10) for i in range(20))
Path(sys.argv[3], "predictions.csv").write_text(rows)
"""


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache for the module; workers are used again where the environment is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def workers(kept_workers):
    """The session's workers: their start is not what is tested."""


def write_program(folder, code=ANSWERS, more=""):
    """Write a suite of one program, its code and its data; return the suite's path."""
    write_dataset(folder / "images.npz")
    (folder / "train.py").write_text(code)
    suite = folder / "own.toml"
    suite.write_text(
        f'dataset = "{folder}/images.npz"\nseeds = "0-1"\n[[architectures]]\nname = "mine"\n'
        f'command = {WORDS}\nfiles = ["train.py"]\n{more}'
    )
    return suite


@pytest.mark.slow
def test_a_program_is_run_once_for_each_seed_and_anew_where_its_file_changed(tmp_path, run_here):
    suite = write_program(tmp_path)
    first = run_here("run", suite, "--jobs", "1")
    assert first.returncode == 0, first.stderr
    assert "mine on" in first.stderr + first.stdout
    assert len(RecordStore(tmp_path / "results").read_all()[0]) == 2
    assert (
        "0 cells to train, 2 recorded" in run_here("run", suite, "--jobs", "1", "--dry-run").stdout
    )
    (tmp_path / "train.py").write_text(ANSWERS + "# other\n")
    again = run_here("explain", suite)
    assert again.stdout.count("would run") == 2


@pytest.mark.slow
def test_a_check_of_an_unchanged_program_is_identical_and_a_worse_one_fails(tmp_path, run_here):
    suite = write_program(tmp_path)
    base = ("--baseline", "base", "--jobs", "1")
    made = run_here("baseline", "update", suite, *base, "--seeds", "2", "--reason", "first")
    assert made.returncode == 0, made.stderr
    same = run_here("check", *base)
    assert same.returncode == 0, same.stderr
    assert "bit for bit" in same.stdout
    (tmp_path / "train.py").write_text(ANSWERS.replace("i % 10", "i % 5"))
    worse = run_here("check", *base, "--margin", "1")
    assert worse.returncode == 1, worse.stdout


@pytest.mark.slow
def test_a_program_that_is_late_is_ended_with_all_that_it_started(tmp_path, run_here):
    note = tmp_path / "pids"
    hang = (
        "import os, subprocess, sys, time\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(99)']\n"
        "other = subprocess.Popen(wait, start_new_session=True)\n"
        f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n"
        "time.sleep(99)\n"
    )
    suite = write_program(tmp_path, hang)
    done = run_here("run", suite, "--seeds", "0", "--jobs", "1", "--timeout", "2")
    assert done.returncode == 1
    assert "not finished after 2 seconds" in done.stderr
    left = [pid for pid in map(int, note.read_text().split()) if psutil.pid_exists(pid)]
    assert wait_until_gone([psutil.Process(pid) for pid in left])


@pytest.mark.slow
def test_programs_vote_and_of_labels_alone_a_vote_has_no_loss(tmp_path, run_here):
    votes = '[[ensembles]]\nname = "vote"\nmembers = ["mine"]\nsize = 2\n'
    done = run_here("run", write_program(tmp_path, more=votes), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    records = RecordStore(tmp_path / "results").read_all()[0]
    (vote,) = (record for record in records if record.kind == "ensemble")
    assert (vote.scores.test.accuracy, vote.scores.test.loss) == (1.0, None)
    assert len(vote.members) == 2


@pytest.mark.slow
def test_what_a_program_prints_fails_in_no_encoding(tmp_path, run_here, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    words = "import sys\nsys.stdout.buffer.write(b'caf\\xc3\\xa9\\n' * 50_000)\n"
    suite = write_program(tmp_path, words + ANSWERS)
    done = run_here("run", suite, "--seeds", "0", "--jobs", "1", "--timeout", "20")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_program_whose_file_changes_while_the_suite_runs_is_not_run(tmp_path, run_here):
    changing = ANSWERS + f"open({str(tmp_path / 'train.py')!r}, 'a').write('# more')\n"
    suite = write_program(tmp_path, changing)
    done = run_here("run", suite, "--jobs", "1")
    assert "is not as it was when the suite began" in done.stderr + done.stdout
    assert len(RecordStore(tmp_path / "results").read_all()[0]) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("recipe = {epochs = 2}\n", "a program trains as it likes"),
        ('precision = "float32"\n', "a program trains as it likes"),
        ('environment = "lock.txt"\n', "lock.txt is no file"),
    ],
)
def test_a_mistake_in_a_suite_with_a_program_is_one_line(tmp_path, more, said, run_here):
    suite = write_program(tmp_path, more=more)
    assert_refused(run_here("run", suite, "--dry-run"), said, "mine")


def blocks(page):
    """Return name -> the text of each block of a page's text that is marked as an example."""
    found = re.findall(r"<!-- example: (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL)
    return dict(found)


def write_digits(root, images_of_part=200):
    """Write some of the small digits as pictures, in ``root``/train and ``root``/test."""
    digits = datasets.load("digits")
    for part, (images, labels) in zip(("train", "test"), digits.parts.values(), strict=True):
        pairs = list(zip(images, labels, strict=True))[:images_of_part]
        for number, (pixels, label) in enumerate(pairs):
            path = root / part / str(label) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[..., 0]).save(path)


# For scikit-learn, whose import takes longer than all else that a run of the page's script does.
STAND_IN = """import numpy as np

class RandomForestClassifier:
    def __init__(self, n_estimators, random_state):
        self.pixels, self.random_state = n_estimators, random_state

    def fit(self, images, labels):
        random = np.random.default_rng(self.random_state)
        self.seen = random.choice(images.shape[1], self.pixels, replace=False)
        self.means = [images[labels == k][:, self.seen].mean(axis=0) for k in range(10)]

    def predict_proba(self, images):
        away = [((images[:, self.seen] - mean) ** 2).sum(axis=1) for mean in self.means]
        return np.eye(10)[np.argmin(away, axis=0)]
"""


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_pages_way_from_a_script_to_a_gated_job(tmp_path, run_here, monkeypatch):
    way = PAGE.read_text().partition("## From train.py")[2].partition("\n## ")[0]
    assert '"0-4"' in way
    assert "--seeds 5" in way
    files = blocks(way.replace('"0-4"', '"0-1"').replace("--seeds 5", "--seeds 2"))  # are enough
    commands = files.pop("commands").splitlines()
    assert len(files) - 1 <= 2  # the script is there already
    assert len(commands) <= 4
    write_digits(tmp_path / "pictures")
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    job = re.findall(r"run: (bench .*)", files[".github/workflows/accuracy.yml"])
    assert_trains(tmp_path / "train.py", tmp_path)  # with scikit-learn itself
    (tmp_path / "stand_in" / "sklearn").mkdir(parents=True)
    (tmp_path / "stand_in" / "sklearn" / "__init__.py").touch()
    (tmp_path / "stand_in" / "sklearn" / "ensemble.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stand_in"), prepend=os.pathsep)
    assert job[0] in commands  # so that it has to run once alone
    for line in commands:
        program, *words = shlex.split(line)
        if program == "bench":
            done = run_here(*words, "--jobs", "1")
            assert done.returncode == 0, done.stderr
    assert "bit for bit" in done.stdout
    code = (tmp_path / "train.py").read_text()
    worse = code.replace("n_estimators=50", "n_estimators=1")
    (tmp_path / "train.py").write_text(worse)
    assert worse != code
    assert run_here(*shlex.split(job[0])[1:], "--jobs", "1").returncode == 1


def assert_trains(script, folder):
    """Assert that the page's script, started as its suite says, classifies digits."""
    digits = datasets.load("digits")
    arrays = {"x_train": digits.train_images, "y_train": digits.train_labels}
    np.savez(folder / "digits.npz", x_test=digits.test_images, **arrays)
    options = ["--seed", "0", "--data", folder / "digits.npz", "--out", folder]
    subprocess.run([sys.executable, script, *options], check=True)
    predicted = np.load(folder / "predictions.npy").argmax(axis=1)
    assert (predicted == digits.test_labels).mean() > 0.9


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("svm", "sklearn"),
        ("forest", "sklearn"),
        ("pytorch", "torch"),
        ("flax", "flax"),
    ],
)
def test_a_worked_example_trains_digits(tmp_path, name, needs, run_here):
    if importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    suite = EXAMPLES / "digits.toml"
    done = run_here("run", suite, "--only", name, "--seeds", "1", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    (record,) = RecordStore(tmp_path / "results").read_all()[0]
    assert record.scores.test.accuracy > 0.9


@pytest.mark.slow
def test_interrupting_a_run_ends_its_programs(tmp_path):
    note = tmp_path / "pid"
    hang = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(99)\n"
    suite = write_program(tmp_path, hang)
    command = (sys.executable, "-m", "ninetynine")
    driver = start_bench("run", suite, "--results", tmp_path / "results", command=command)
    while not (note.exists() and note.read_text()):
        assert driver.poll() is None
        time.sleep(0.05)
    program = psutil.Process(int(note.read_text()))
    os.killpg(driver.pid, 2)
    _, errors = driver.communicate(timeout=300)
    assert driver.returncode == 130, errors
    assert wait_until_gone([program])


@pytest.mark.slow
def test_exports_that_nobody_reads_are_listed_and_removed_by_clean(tmp_path, run_here, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    suite = write_program(tmp_path)
    run_here("run", suite, "--seeds", "0", "--jobs", "1")
    (export,) = (tmp_path / "cache" / "ninetynine").glob("*-for-programs.npz")
    clean = ("clean", "results", "--suite", suite)
    assert "exports" not in run_here(*clean).stdout  # it was read just now
    os.utime(export, (0, 0))
    assert "1 export(s) for programs" in run_here(*clean).stdout
    assert export.exists()
    assert "removed" in run_here(*clean, "--yes").stdout
    assert not export.exists()
    shown = run_here("show", "mine", "--suite", suite)
    assert "Command: python train.py {seed} {data} {out}" in shown.stdout, shown.stderr
