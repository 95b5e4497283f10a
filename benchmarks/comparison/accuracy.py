"""Accuracy beside speed: the plain scripts' predictions become records and are compared."""

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ninetynine.errors import UserError
from tabulate import tabulate

from .contenders import ARCHITECTURES, BENCH, REPOSITORY
from .process import run_process

_NOTE = "plain Keras script, model.fit (benchmarks/scripts)"


def compare_with_scripts(predictions: Path, plain: Path) -> str:
    """Return the page on accuracies: the committed records against the plain scripts' runs.

    ``predictions`` holds ``<tutorial>-seed-<seed>.npy``, float (10000, 10) each, as timing rounds
    with --keep-predictions leave them.  ``plain`` becomes their folder of records, apart from
    the suite's own.  Raises UserError where there are none.
    """
    found = {tutorial: runs_in(predictions, tutorial) for tutorial in ARCHITECTURES}
    found = {tutorial: paths for tutorial, paths in found.items() if paths}
    if not found:
        raise UserError(f"{predictions}: no predictions; measure whole with --keep-predictions")
    compared = {}
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary)
        for tutorial, paths in found.items():
            name = ARCHITECTURES[tutorial]
            _import(tutorial, paths, store)
            _copy(store / "records" / _row(tutorial), plain / "records" / _row(tutorial))
            shutil.copy(REPOSITORY / "results" / "mnist.parquet", store)
            command = [*BENCH, "compare", name, _row(tutorial), "--results", store]
            ended = run_process([*command, "--images", "0", "--json"])
            compared[tutorial] = json.loads(ended.output)
    return accuracy_page(compared)


def runs_in(folder: Path, tutorial: str) -> list[Path]:
    """Return the predictions of ``tutorial`` in the order of their seeds."""
    paths = folder.glob(f"{tutorial}-seed-*.npy")
    return sorted(paths, key=lambda path: int(re.findall(r"\d+", path.stem)[-1]))


def _import(tutorial: str, paths: Sequence[Path], store: Path) -> None:
    seeds = ", ".join(re.findall(r"\d+", path.stem)[-1] for path in paths)
    note = f"{_NOTE}, seeds {seeds}"
    run_process([*BENCH, "import", _row(tutorial), *paths, "--note", note, "--results", store])


def _row(tutorial: str) -> str:
    return f"{tutorial}_plain_script"


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("digits-*"))


def accuracy_page(compared: dict[str, dict[str, Any]]) -> str:
    """Return the page from what ``bench compare --json`` says of each tutorial."""
    lines = []
    for tutorial, facts in compared.items():
        low, high = 100 * facts["interval"]["low"], 100 * facts["interval"]["high"]
        lines.append(
            [
                tutorial.upper(),
                f"{100 * facts['accuracy_a']:.3f} ({len(facts['seeds_a'])})",
                f"{100 * facts['accuracy_b']:.3f} ({len(facts['seeds_b'])})",
                f"{100 * facts['difference']:+.3f}",
                f"{low:+.3f} to {high:+.3f}",
                f"{facts['p_value']:.2f}",
                "holds 0" if low <= 0 <= high else "does not hold 0",
            ]
        )
    headers = ["tutorial", "suite, % (seeds)", "plain scripts, % (seeds)", "difference, points",
               "95% interval", "p", "interval"]  # fmt: skip
    table = tabulate(lines, headers, tablefmt="github", disable_numparse=True)
    told = [f"## {t.upper()}\n\n" + "\n".join(facts["sentences"]) for t, facts in compared.items()]
    head = (
        "# Accuracy against plain scripts\n\n"
        "The suite's committed records beside the same recipes trained by plain Keras scripts,\n"
        "as `bench compare` says it. Their runs are records too, in `results/plain_scripts`.\n"
    )
    return "\n\n".join([head + "\n" + table, *told]) + "\n"
