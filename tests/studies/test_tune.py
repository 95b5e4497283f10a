"""A search is read exactly, its mistakes are one line, and it is still the one on record."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine.records import RecordStore
from ninetynine.suite import architecture_of
from record_builders import make_failed, write_run
from run_helpers import load_script

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "studies" / "mnist" / "tune.py"
TUNING = ROOT / "studies" / "mnist" / "tuning"
RUNS = ROOT / "results" / "tuning" / "searches.json"
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
    arguments = [str(path), "--work-dir", str(tmp_path), "--out", str(tmp_path)]
    said = complaint(load_script(SCRIPT).main, arguments)
    assert said.startswith(f"search {path}: ")
    assert line in said


@pytest.mark.slow
def test_a_mistake_is_exit_code_2(tmp_path):
    command = [sys.executable, SCRIPT, tmp_path, "--work-dir", tmp_path, "--out", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    assert said.startswith(f"tune: search {tmp_path}: cannot be read")


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


SEARCHES = sorted(path for path in TUNING.glob("[0-9]*.toml"))


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: path.stem)
def test_a_search_still_asks_for_the_runs_on_record(path):
    """Code, recipe, arguments and name of each candidate are those that its results have."""
    tune = load_script(SCRIPT)
    search = tune.read_search(path)
    recorded = {
        row["candidate"]: row
        for row in json.loads(RUNS.read_text())[path.stem]["rows"]
        if "vote_of" not in row
    }
    suites, catalog, _ = tune.suites_of(path, search)
    assert suites.keys() == recorded.keys()
    for name, suite in suites.items():
        (entry,) = suite.entries_of(*suite.architectures)
        found, row = architecture_of(entry, suite, catalog), recorded[name]
        assert (found.name, search.precision) == (row["architecture"], row["precision"])
        assert [fold.split("-")[2] for fold in row["folds"]] == [str(k) for k in search.folds]
        assert found.source_hash == row["source_hash"], name
        assert found.recipe.canonical() == row["recipe"], name
        assert found.arguments == row.get("arguments", {}), name


def test_no_two_architecture_files_share_a_build():
    """What differs in its recipe alone is a variant, data in a suite or a search."""
    by_build = {}
    for path in (*(ROOT / "architectures").glob("[!_]*.py"), *TUNING.glob("*.py")):
        functions = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
        code = "\n".join(sorted(ast.dump(function) for function in functions))
        by_build.setdefault(code, []).append(path.name)
    assert [files for files in by_build.values() if len(files) > 1] == []
