"""A mistake in a search file is one line; nothing is trained for it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "tune.py"
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
