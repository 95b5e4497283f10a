"""Real regressions, trained: which does the gate catch, with how many seeds, which are harmless?

``python studies/mnist/regressions.py`` changes t1_small_cnn on MNIST in seven ways that have
happened to people, trains ten seeds of each, and asks the gate. Writes
``results/gate/regressions.json`` and ``.md``. The baseline is the tutorial's ten seeds in
``results/``. Trained runs are kept in ``--work-dir``, so the script goes on where it was stopped.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine import catalog, datasets
from ninetynine.board import Row, Run
from ninetynine.cli.progress import TERMINAL
from ninetynine.gate import Contest, Terms, decide, load_baseline
from ninetynine.gate.checking import at_seed, check
from ninetynine.gate.decision import accuracies
from ninetynine.gate.verdict import Outcome, Verdict
from ninetynine.planning import plan
from ninetynine.records import RecordStore
from ninetynine.report.gate_sentences import NAMES
from ninetynine.report.tables import plain_table
from ninetynine.request import ResolvedRun, RunRequest
from ninetynine.running import open_trainer
from ninetynine.statistics.sequential import Design, look
from ninetynine.suite import Suite, load

BASE = "t1_small_cnn"
SEEDS = tuple(range(10))


@dataclass(frozen=True)
class Regression:
    """One change: to the architecture's code, to the recipe, or to the data."""

    name: str
    what: str
    code: Callable[[str], str] = lambda text: text
    recipe: dict[str, Any] = dataclasses.field(default_factory=dict)
    data: Callable[[dict[str, np.ndarray]], None] | None = None


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) < 1:
        raise SystemExit(f"{BASE} no longer contains {old!r}; this script must follow it")
    return text.replace(old, new, 1)


def _dropout_left_on(text: str) -> str:
    always = (
        "\n\nclass _LeftOn(layers.Dropout):\n"
        "    def call(self, inputs, training=False):\n"
        "        return super().call(inputs, training=True)\n\n\n"
        "def build("
    )
    return _replaced(_replaced(text, "layers.Dropout(", "_LeftOn("), "\n\ndef build(", always)


def _halved_filters(text: str) -> str:
    return _replaced(text, "layers.Conv2D(32,", "layers.Conv2D(16,")


def _flipping(text: str) -> str:
    return _replaced(text, "keras.Input(input_shape),", "keras.Input(input_shape),\n"
                     '            layers.RandomFlip("horizontal"),')  # fmt: skip


def _flipped_labels(arrays: dict[str, np.ndarray]) -> None:
    """Give 2% of the training images another label, any of the nine alike."""
    rng = np.random.default_rng(0)
    labels = arrays["y_train"]
    chosen = rng.permutation(len(labels))[: len(labels) // 50]
    labels[chosen] = (labels[chosen] + rng.integers(1, 10, len(chosen))) % 10


REGRESSIONS = (
    Regression("unchanged", "Nothing but the architecture's name"),
    Regression("dropout_left_on", "Dropout left on at inference", code=_dropout_left_on),
    Regression("flipped_labels", "2% of the training labels flipped", data=_flipped_labels),
    Regression("pixels_not_scaled", "Pixels not scaled", recipe={"scale": "none"}),
    Regression(
        "learning_rate_x10",
        "Learning rate x10",
        recipe={"optimizer": {"name": "adam", "learning_rate": 0.01}},
    ),
    Regression("one_epoch_fewer", "One epoch fewer (2 of 3)", recipe={"epochs": 2}),
    Regression("halved_filters", "First convolution's filters halved", code=_halved_filters),
    Regression("flipping", "An augmentation that flips digits", code=_flipping),
)


def main(arguments: list[str] | None = None) -> int:
    """Train what is missing, then print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--work-dir", type=Path, default=Path(".bench-check/regressions"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="names, separated by commas; nothing is written then")
    options = parser.parse_args(arguments)
    options.work_dir.mkdir(parents=True, exist_ok=True)
    names = options.only.split(",") if options.only else [r.name for r in REGRESSIONS]
    rows = [_judged(r, options) for r in REGRESSIONS if r.name in names]
    print(_text(rows))
    if not options.only:
        folder = options.results / "gate"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "regressions.json").write_text(json.dumps(rows, indent=1) + "\n")
        (folder / "regressions.md").write_text(_markdown(rows))
    return 0


def _judged(regression: Regression, options: argparse.Namespace) -> dict[str, Any]:
    """Return the gate's verdict with as many seeds as it wanted, and the drop over all ten."""
    run = _run(regression, options)
    (template,) = run.cells
    baseline = load_baseline(options.results)
    (original,) = _one_cell(load("tutorials"), BASE, (), options).cells
    side = baseline.row(original.identity)
    assert side is not None, "bench run tutorials makes the baseline"
    store = RecordStore(options.work_dir / "runs")
    with store.lock(), open_trainer(run, run.cells, store, [], TERMINAL) as train:
        cells = [at_seed(template, seed) for seed in SEEDS]
        missing = plan(cells, store).missing
        if missing:
            train(missing).raise_refused()
        terms = Terms()
        runs = [Run.of(store, record) for record in plan(cells, store).reused]
        verdict = decide(side, runs, terms)
        if verdict is None:  # ten seeds did not decide: it may go on
            contest = Contest(template, side, (*SEEDS, *range(10, terms.max_seeds)))
            (verdict,) = check([contest], store, train, terms, train.workers)
    return _row(regression, side, runs, verdict)


def _row(regression: Regression, side: Row, runs: list[Any], verdict: Verdict) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": regression.name,
        "what": regression.what,
        "verdict": NAMES[verdict.outcome],
        "exit_code": int(verdict.outcome),
        "seeds": len(verdict.new_seeds),
        "reason": verdict.reason,
    }
    finished = [run for run in runs if run.record.status == "finished"]
    row["finished"], row["diverged"] = len(finished), len(runs) - len(finished)
    if len(finished) >= 2:
        before, now = accuracies(side.runs), accuracies(finished)
        fixed = look(before, now, 10_000, 0.001, Design(len(before), len(now)))
        row |= {
            "accuracy": fixed.new_accuracy,
            "baseline_accuracy": fixed.baseline_accuracy,
            "drop": fixed.drop,
            "standard_error": fixed.standard_error,
        }
    return row


def _run(regression: Regression, options: argparse.Namespace) -> ResolvedRun:
    """Write the changed architecture and data, and return the run of seed 0."""
    work_dir = options.work_dir
    built_in = catalog.discover()[BASE]
    file = work_dir / f"t1_{regression.name}.py"
    text = "\n".join(
        line for line in built_in.path.read_text().splitlines() if not line.startswith("PARAMETERS")
    )
    file.write_text(regression.code(text) + "\n")
    suite = load("tutorials")
    suite = dataclasses.replace(suite, recipe=regression.recipe)
    if regression.data is not None:
        suite = dataclasses.replace(suite, dataset=str(_changed_data(regression, work_dir)))
    return _one_cell(suite, file.stem, (file,), options)


def _one_cell(
    suite: Suite, name: str, files: tuple[Path, ...], options: argparse.Namespace
) -> ResolvedRun:
    return RunRequest(
        suite,
        architectures=(name,),
        architecture_files=files,
        seeds=(0,),
        threads=1,
        jobs=options.jobs,
    ).resolve()


def _changed_data(regression: Regression, work_dir: Path) -> Path:
    path = work_dir / f"mnist_{regression.name}.npz"
    if not path.exists():
        found = datasets.load("mnist")
        arrays: dict[str, Any] = {
            "x_train": found.train_images[..., 0],
            "y_train": found.train_labels.copy(),
            "x_test": found.test_images[..., 0],
            "y_test": found.test_labels,
        }
        assert regression.data is not None
        regression.data(arrays)
        np.savez_compressed(path, **arrays)
    return path


_HEADINGS = ["Change", "Verdict", "Seeds", "Accuracy, %", "Drop, points", "SE, points", "Truly"]


def _cells(row: dict[str, Any]) -> list[str]:
    if "drop" not in row:
        return [row["what"], row["verdict"], str(row["seeds"]), "", "", "", row["reason"]]
    return [
        row["what"],
        row["verdict"],
        str(row["seeds"]),
        f"{100 * row['accuracy']:.3f}",
        f"{100 * row['drop']:.3f}",
        f"{100 * row['standard_error']:.3f}",
        _truly(row),
    ]


def _truly(row: dict[str, Any]) -> str:
    """Say on which side of the margin ten seeds put the drop, by two standard errors."""
    low, high = (row["drop"] + side * 2 * row["standard_error"] for side in (-1, 1))
    if row["diverged"]:
        return f"{row['diverged']} of {len(SEEDS)} runs diverged"
    if high < 0.001:
        return "within the margin"
    return "beyond the margin" if low > 0.001 else "near the margin"


def _text(rows: list[dict[str, Any]]) -> str:
    return plain_table([_cells(row) for row in rows], _HEADINGS)


def _markdown(rows: list[dict[str, Any]]) -> str:
    lines = [_HEADINGS, ["---", "---", *["--:"] * 4, "---"], *(_cells(row) for row in rows)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    caught = sum(row["exit_code"] == Outcome.REGRESSED for row in rows)
    return (
        "# Real regressions, and what the gate says of them\n\n"
        f"{BASE} on MNIST, changed in {len(rows) - 1} ways, against the ten seeds of the tutorial "
        'as published; margin 0.1 percentage points, alpha 0.05, at most 30 seeds. "Seeds" is how '
        "many the gate wanted; accuracy, drop and standard error are over all ten, and the last "
        "column says on which side of the margin two standard errors put the drop. "
        f"{caught} are called regressed. Made by `python studies/mnist/regressions.py`; the "
        "flipped labels would be refused before any training, as another dataset.\n\n"
        f"{table}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
