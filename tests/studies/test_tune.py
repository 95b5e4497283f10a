"""A mistake in a search file is one line; nothing is trained for it."""

import subprocess
import sys
from pathlib import Path

import pytest
from ninetynine.records import RecordStore
from record_builders import make_failed, write_run
from run_helpers import load_script

SCRIPT = Path(__file__).parents[2] / "studies" / "mnist" / "tune.py"
HEAD = 'description = "x"\n'
CANDIDATE = '[candidates.a]\narchitecture = "t2_dense"\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "cannot be read"),
        ("folds = [", "not valid TOML"),
        (HEAD + "fold = [0]\n" + CANDIDATE, "unknown search key 'fold'; did you mean 'folds'?"),
        (HEAD + 'folds = "0"\n' + CANDIDATE, "'folds' is '0'; expected folds from 0 to 11"),
        (HEAD + "folds = [0]\n[candidates.a]\narch = 'x'\n", "a: unknown candidate key 'arch'"),
        (
            HEAD + "folds = [0]\n" + CANDIDATE + '[votes]\nboth = ["a", "b"]\n',
            "vote both: there is no candidate 'b'; expected some of a",
        ),
        (
            HEAD + "folds = [0]\n" + CANDIDATE + "[votes]\nnobody = []\n",
            "vote nobody has no members; expected some of a",
        ),
    ],
)
def test_a_mistake_in_a_search_is_one_line(tmp_path, text, line):
    path = tmp_path / "search.toml"
    if text is not None:
        path.write_text(text)
    command = [sys.executable, SCRIPT, path, "--work-dir", tmp_path, "--out", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    assert said.startswith(f"tune: search {path}: ")
    assert line in said


def test_a_vote_errs_where_its_members_err_together(tmp_path):
    tune = load_script(SCRIPT)
    store = RecordStore(tmp_path)
    wrong = {"a": (0, 1), "b": (0, 2), "c": (0, 3)}
    runs = [
        [write_run(store, name, 0, wrong=images, images=1000, dataset="mnist-fold-0-of-12")]
        for name, images in wrong.items()
    ]
    runs[2].append(make_failed("c", 1, dataset="mnist-fold-1-of-12"))
    row = tune._vote("three", list(wrong), runs, store)
    assert (row["errors"], row["folds"]) == ([0.001], ["mnist-fold-0-of-12"])
    assert row["failed"] == 1
    assert row["train_seconds"] == [sum(r[0].timing.train_seconds for r in runs)]
    assert row["parameters"] == 3 * runs[0][0].model.parameters
