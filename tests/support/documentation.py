"""The examples in docs/extending.md, so that tests run what the page shows."""

import os
import re
import sys
import tomllib
from pathlib import Path

from distributions import write
from run_helpers import run_bench

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
_EXAMPLE = re.compile(r"<!-- example: (\S+) (\S+) -->\n+```\w*\n(.*?)```\n", re.DOTALL)


def example(name: str) -> dict[str, str]:
    """Return path -> text of the files that the page's example ``name`` consists of."""
    found = _EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    files = {path: text for example_name, path, text in found if example_name == name}
    assert files, f"docs/extending.md has no example {name!r}"
    return files


def install(name: str, folder: Path) -> None:
    """Write the example ``name`` to ``folder`` as an installer would, entry points included."""
    files = example(name)
    project = tomllib.loads(files.pop("pyproject.toml"))["project"]
    write(folder, project["entry-points"], files, f"{name}-example")


def run_installed(folder: Path, *arguments: object) -> str:
    """Run the command where what lies in ``folder`` is installed; return its output."""
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    done = run_bench(*arguments, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout
