"""A program's run: what it is given, what it must write, and what is said where it does not."""

import json
import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from ninetynine import datasets
from ninetynine.cells import Cell, untrained
from ninetynine.errors import UserError
from ninetynine.programs import BACKEND, parse_program
from ninetynine.training.program import run_program
from ninetynine.training.program_process import ProgramFailed
from run_helpers import write_dataset

COMMAND = ("python", "train.py", "{seed}", "{data}", "{out}")
# No NumPy in it, so that it starts at once.
HEAD = """import json, os, sys
from pathlib import Path
seed, data, out = sys.argv[1:4]
out = Path(out)
"""
LABELS = "(out / 'predictions.csv').write_text('\\n'.join(str(i % 10) for i in range(20)))\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def dataset(tmp_path):
    return datasets.load(str(write_dataset(tmp_path / "images.npz")))


def program_of(folder, code, command=COMMAND, **more):
    (folder / "train.py").write_text(code)
    return parse_program(command, more.get("files", ()), more.get("environment", ""), folder, "it")


def ran(folder, dataset, code, seed=3, on_epoch=lambda epoch, total: None, **more):
    """Return the record and predictions of a program that consists of ``code``."""
    program = program_of(folder, HEAD + code, **more)
    identity = untrained(
        architecture="mine",
        source_hash=program.source_hash(),
        dataset="images",
        dataset_fingerprint=dataset.fingerprint,
        seed=seed,
        backend=BACKEND,
        threads=1,
        device="cpu",
    )
    cell = Cell(identity=identity, suite="own", variant="published", program=program)
    return run_program(cell, program, dataset, [0], on_epoch=on_epoch)


def test_labels_make_a_record_of_their_accuracy(tmp_path, dataset):
    record, predictions = ran(tmp_path, dataset, LABELS)
    assert (record.scores.test.accuracy, record.scores.test.loss) == (1.0, None)
    assert record.model.parameters is None
    assert record.history == []
    assert predictions.probabilities.argmax(1).tolist() == [i % 10 for i in range(20)]


def test_what_a_program_tells_of_itself_is_in_its_record(tmp_path, dataset):
    epochs = [{"loss": 2.0, "accuracy": 0.5}, {"loss": 1.0, "accuracy": 0.75}]
    record, _ = ran(
        tmp_path,
        dataset,
        f"(out / 'history.json').write_text({json.dumps(epochs)!r})\n"
        """(out / 'facts.json').write_text('{"parameters": 12, "train_seconds": 0.001}')\n"""
        + LABELS,
    )
    assert record.model.parameters == 12
    assert record.timing.train_seconds == 0.001
    assert [(epoch.epoch, epoch.loss) for epoch in record.history] == [(1, 2.0), (2, 1.0)]


def test_a_program_is_given_its_seed_and_no_test_labels(tmp_path, dataset):
    code = (
        "import numpy as np\n"
        "given = np.load(data)\n"
        "names = ['num_classes', 'x_test', 'x_train', 'y_train']\n"
        "assert sorted(given) == names, sorted(given)\n"
        "assert given['x_train'].shape == (30, 28, 28, 1)\n"
        "assert seed == '7'\n"
    )
    ran(tmp_path, dataset, code + LABELS, seed=7)


def test_each_run_starts_in_a_folder_of_its_own_with_its_files_alone(tmp_path, dataset):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "layers.txt").write_text("three")
    (tmp_path / "notes.txt").write_text("not its file")
    code = "assert sorted(os.listdir()) == ['net', 'out', 'train.py'], os.listdir()\n"
    code += "Path('left.txt').write_text('x')\n"
    for _ in range(2):
        ran(tmp_path, dataset, code + LABELS, files=("train.py", "net"))


def test_lines_that_count_epochs_are_told_as_they_come(tmp_path, dataset):
    told = []
    code = "print('noise')\nprint('Epoch 2/9 - loss: 0.3 - accuracy: 0.91')\n" + LABELS
    ran(tmp_path, dataset, code, on_epoch=lambda epoch, total: told.append((epoch, total)))
    assert [(epoch.epoch, epoch.accuracy, total) for epoch, total in told] == [(2, 0.91, 9)]


def rows(count):
    return f"(out / 'predictions.csv').write_text('1\\n' * {count})\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('a')\nsys.exit('no such layer')", "exited with code 1: no such layer"),
        ("raise ValueError('boom')", "exited with code 1: ValueError: boom"),
        ("raise ValueError('boom\\nhelp')", "exited with code 1: ValueError: boom help"),
        ("os.kill(os.getpid(), 9)", "was ended by SIGKILL (out of memory?): no message"),
        ("", "found none"),
        ("(out / 'preds.npy').write_text('')", "found none, but preds.npy"),
        (LABELS.replace("out /", "Path() /"), "found none (predictions.csv is in its folder"),
        ("(out / 'predictions.npy').mkdir()", "found none"),
        (rows(17), "predictions.csv: 17 rows"),
        (
            LABELS + "(out / 'predictions.npy').write_text('')",
            "predictions.npy and predictions.csv",
        ),
        ("(out / 'predictions.npy').write_text('no array')", "predictions.npy"),
        ("(out / 'predictions.csv').write_text(('0.1,' * 9 + 'nan\\n') * 20)", "predictions.csv"),
        (
            "(out / 'history.json').write_text('[{\"loss\": NaN, \"accuracy\": 0.5}]')\n" + LABELS,
            "history.json: not valid JSON (NaN is no number; expected finite ones)",
        ),
        ("(out / 'history.json').write_text('{}')\n" + LABELS, "history.json: expected a list"),
        (
            '(out / \'history.json\').write_text(\'[{"epoch": 0, "loss": 1, "accuracy": 1}]\')\n'
            + LABELS,
            "history.json: epochs are to be 1, 2, 3, ..., or not to be told",
        ),
        ("(out / 'facts.json').write_text('[]')\n" + LABELS, "facts.json: expected tables of keys"),
        ("print('\\r 1%\\r 2%\\rno room')\nsys.exit(3)", "exited with code 3: no room"),
        (
            "(out / 'predictions.csv').write_text(('-1e-9,1' + ',0' * 8 + '\\n') * 20)",
            "found -1e-09 to 1; save numpy.clip(them, 0, 1)",
        ),
        (
            "(out / 'facts.json').write_text('{\"layers\": 3}')\n" + LABELS,
            "facts.json: unknown key 'layers'; expected parameters, train_seconds",
        ),
        (
            "(out / 'history.json').write_text('[{\"loss\": 1, \"accuracy\": 97.5}]')\n" + LABELS,
            "history.json: accuracy: Input should be less than or equal to 1, found 97.5",
        ),
        (
            "(out / 'facts.json').write_text('{\"train_seconds\": 999}')\n" + LABELS,
            "facts.json: train_seconds is 999, but the whole program ran for",
        ),
    ],
)
def test_a_program_that_fails_is_told_in_one_line(tmp_path, dataset, code, said):
    with pytest.raises(ProgramFailed) as caught:
        ran(tmp_path, dataset, code)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_command_that_is_not_installed_is_named(tmp_path, dataset):
    command = ("no-such-command", *COMMAND[1:])
    with pytest.raises(ProgramFailed, match="no-such-command: cannot be started"):
        ran(tmp_path, dataset, LABELS, command=command)


SCRIPT = """#!/bin/sh
pwd > "$3/pwd.txt"
for i in 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0; do echo $i; done > "$3/predictions.csv"
"""


@pytest.mark.parametrize(
    ("word", "content", "mode", "said"),
    [
        ("run.sh", SCRIPT, 0o755, "write ./run.sh"),
        ("sh run.sh", SCRIPT, 0o755, "write each of its words by itself"),
        ("./run.sh", SCRIPT, 0o644, "make it executable: chmod +x ./run.sh"),
        ("./run.sh", SCRIPT.replace("\n", "\r\n"), 0o755, "end as lines do on Unix"),
        ("./run.sh", SCRIPT[10:], 0o755, "its first line is to say what runs it"),
    ],
)
def test_a_script_that_is_not_started_is_told_why(tmp_path, dataset, word, content, mode, said):
    (tmp_path / "run.sh").write_text(content)
    (tmp_path / "run.sh").chmod(mode)
    with pytest.raises(ProgramFailed) as caught:
        ran(tmp_path, dataset, "", command=(word, *COMMAND[2:]), files=("run.sh",))
    assert f"{word}: cannot be started" in str(caught.value)
    assert said in str(caught.value)


def test_a_script_runs_as_the_copy_that_its_key_has(tmp_path, dataset):
    code = SCRIPT.replace("pwd >", 'case "$0" in ./run.sh) ;; *) exit 9;; esac\npwd >')
    (tmp_path / "run.sh").write_text(code)
    (tmp_path / "run.sh").chmod(0o755)
    ran(tmp_path, dataset, "", command=("./run.sh", *COMMAND[2:]))


@pytest.mark.parametrize("first", ["env/bin/python", "{tmp_path}/env/bin/python"])
def test_what_starts_a_program_is_no_file_of_it(tmp_path, first):
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    (tmp_path / "env" / "bin" / "python").write_text("")
    command = (first.replace("{tmp_path}", str(tmp_path)), *COMMAND[1:])
    assert program_of(tmp_path, "", command).files == ("train.py",)


def test_a_word_may_be_longer_than_a_file_name(tmp_path):
    assert program_of(tmp_path, "", (*COMMAND, "x" * 5000)).files == ("train.py",)


def test_what_a_program_leaves_running_ends_with_it(tmp_path, dataset):
    note = tmp_path / "pid"
    code = (
        "import subprocess\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"Path({str(note)!r}).write_text(str(left.pid))\n"
    )
    started = time.monotonic()
    ran(tmp_path, dataset, code + LABELS)
    assert time.monotonic() - started < 30
    pid = int(note.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_leaves_its_group_and_holds_its_output_costs_no_seconds(tmp_path, dataset):
    code = (
        "import subprocess\n"
        "wait = [sys.executable, '-c', 'import time; time.sleep(9)']\n"
        "subprocess.Popen(wait, start_new_session=True)\n"
    )
    record, _ = ran(tmp_path, dataset, code + LABELS)
    assert record.timing.train_seconds < 4


def test_the_memory_of_what_a_program_starts_counts(tmp_path, dataset):
    big = "import time; held = bytearray(200 * 2**20); time.sleep(0.3)"
    code = f"import subprocess\nsubprocess.run([sys.executable, '-c', {big!r}])\n"
    record, _ = ran(tmp_path, dataset, code + LABELS)
    assert record.peak_memory_bytes > 200 * 2**20


@pytest.mark.parametrize("change", ["command", "file", "lock file"])
def test_a_change_of_what_it_consists_of_makes_it_another_program(tmp_path, change):
    (tmp_path / "lock.txt").write_text("numpy==2")
    before = program_of(tmp_path, "1", environment="lock.txt").source_hash()
    assert program_of(tmp_path, "1", environment="lock.txt").source_hash() == before
    (tmp_path / "lock.txt").write_text("numpy==3" if change == "lock file" else "numpy==2")
    command = (*COMMAND, "--wide") if change == "command" else COMMAND
    code = "2" if change == "file" else "1"
    assert program_of(tmp_path, code, command, environment="lock.txt").source_hash() != before


@pytest.mark.parametrize("line", ["import helper", "open('settings.json')", "open('conf/a.ini')"])
def test_a_file_that_is_there_but_not_among_its_files_is_named(tmp_path, dataset, line):
    (tmp_path / "conf").mkdir()
    for name in ("helper.py", "settings.json", "conf/a.ini"):
        (tmp_path / name).write_text("")
    with pytest.raises(ProgramFailed, match="lies beside the suite, but is not in its files: add"):
        ran(tmp_path, dataset, line)
    with pytest.raises(ProgramFailed) as caught:
        ran(tmp_path, dataset, line.replace("e", "3"))
    assert "beside the suite" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pins", "found"),
    [
        ("# made by hand\nnumpy==0.1", "numpy==0.1, but"),
        ("\ufeffnumpy==0.1", "numpy==0.1, but"),
        ("--index-url x\nno_such.package==2.0 \\\n    --hash=sha256:0", "not installed"),
    ],
)
def test_other_versions_than_the_lock_file_says_are_refused(tmp_path, dataset, pins, found):
    (tmp_path / "lock.txt").write_text(pins)
    with pytest.raises(UserError) as caught:
        ran(tmp_path, dataset, LABELS, environment="lock.txt")
    assert found in str(caught.value)
    assert "install what the file says" in str(caught.value)
    installed = f"NumPy[x] == {np.__version__}.0  # so\nother>=3\ncolorama==0.4; os == 'nt'\n"
    (tmp_path / "lock.txt").write_text(installed)
    assert ran(tmp_path, dataset, LABELS, environment="lock.txt")


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        (COMMAND[:4], {}, "command has no {out}"),
        ((*COMMAND, "{sead}"), {}, "unknown placeholder {sead}; did you mean 'seed'?"),
        ((*COMMAND, "{seed:>3}"), {}, "unknown placeholder {seed:>3}"),
        ((*COMMAND, "{seed.real}"), {}, "unknown placeholder {seed.real}"),
        ((*COMMAND, "{"), {}, "for braces"),
        ((*COMMAND, "a\0b"), {}, "'a\\x00b' has a zero byte"),
        (("python", "-m", *COMMAND[2:]), {}, "files: name the files"),
        (COMMAND, {"files": ("gone.py",)}, "gone.py is not there"),
        (COMMAND, {"files": ("../train.py",)}, "expected a path below"),
        (COMMAND, {"files": ("/etc/hostname",)}, "expected a path below"),
        (COMMAND, {"files": (".",)}, "expected a path below"),
        (COMMAND, {"files": ("empty",)}, "no file lies in empty"),
        (COMMAND, {"environment": "lock.txt"}, "lock.txt is no file"),
    ],
)
def test_a_mistake_in_a_program_is_told_in_one_line(tmp_path, command, more, said):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as caught:
        program_of(tmp_path, "", command, **more)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_export_is_written_once_and_holds_the_images(tmp_path, dataset):
    from ninetynine.training.exports import exported

    path = exported(dataset)
    assert exported(dataset) == path
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["x_test"], dataset.test_images)
    assert Path(os.environ["XDG_CACHE_HOME"]) in path.parents


def test_a_cache_folder_that_is_relative_is_found_by_a_program(tmp_path, dataset, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "kept")
    ran(tmp_path, dataset, "assert Path(data).is_file()\n" + LABELS)


def test_an_export_that_was_changed_is_written_anew(tmp_path, dataset):
    """Else a program would be trained on other data than the key of its record says."""
    from ninetynine.training.exports import exported

    path = exported(dataset)
    whole = path.read_bytes()
    at = whole.index(dataset.train_images.tobytes()[:64]) + 5
    for broken in (whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :], whole[:at], b""):
        path.chmod(0o644)
        path.write_bytes(broken)
        assert exported(dataset) == path
        assert path.read_bytes() == whole
