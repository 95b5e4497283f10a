"""How often the gate's margins of classes are wrong, and what they see, by simulation.

``python studies/statistics/class_gate.py --out studies/statistics/results`` prints a table and
writes ``class_gate.md``; the same seed gives the same bytes. A run errs on a class's hard images,
each with a chance of one half that the run's luck with the class moves; all other images it has
right. The checks are those of `ninetynine.gate`: all looks, accuracy and classes together.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ninetynine.statistics.sequential import FIRST_LOOK, Design, Look, look, look_at_all
from ninetynine.statistics.summary import FloatArray

HARD = 0.04  # of a class's images
MARGIN, CLASS_MARGIN = 0.001, 0.01
BASELINE_SEEDS, MAX_SEEDS, ALPHA = 20, 30, 0.05


@dataclass(frozen=True)
class Setting:
    """One cell of the study; ``fall`` is how far the first class falls, in class margins."""

    classes: int
    images: int  # of each class
    luck: float  # standard deviation over runs of the chance to err on a hard image
    fall: float = 0.0


@dataclass(frozen=True)
class Rates:
    """Shares of checks."""

    class_regressed: float  # any class
    accuracy_regressed: float
    regressed: float  # either
    no_worse: float
    mean_seeds: float


SETTINGS = tuple(
    Setting(classes, images, luck, fall)
    for fall in (0.0, 2.0, 4.0)
    for classes, images in ((10, 100), (10, 1000), (2, 500))
    for luck in (0.05, 0.15)
)


def recalls(setting: Setting, runs: int, fall: float, generator: np.random.Generator) -> FloatArray:
    """Return the share of right answers of each class, float64 (runs, classes)."""
    hard = max(round(HARD * setting.images), 2)
    shape = (runs, setting.classes)
    chance = np.clip(0.5 + setting.luck * generator.standard_normal(shape), 0, 1)
    wrong = generator.binomial(hard, chance).astype(np.float64)
    wrong[:, 0] += generator.binomial(setting.images - hard, fall, runs)
    return 1 - wrong / setting.images


def check(setting: Setting, generator: np.random.Generator) -> tuple[bool, bool, bool, int]:
    """Return whether a class regressed, accuracy did, all is no worse, and after how many runs."""
    fall = setting.fall * CLASS_MARGIN
    old = recalls(setting, BASELINE_SEEDS, 0.0, generator)
    new = recalls(setting, MAX_SEEDS, fall, generator)
    design = Design(BASELINE_SEEDS, MAX_SEEDS, ALPHA, 0.5)
    sizes, margins = [setting.images] * setting.classes, [CLASS_MARGIN] * setting.classes
    images = sum(sizes)
    of_all: Look | None = None
    told = np.zeros(setting.classes, dtype=np.bool_)
    for runs in range(FIRST_LOOK, MAX_SEEDS + 1):
        if of_all is None or of_all.answer == "open":
            of_all = look(old.mean(axis=1), new[:runs].mean(axis=1), images, MARGIN, design)
        found = look_at_all(old, new[:runs], sizes, margins, design)
        answers = np.array([one.answer for one in found])
        fell = bool((answers[~told] == "regressed").any())
        told |= answers == "no worse"
        if of_all.answer == "regressed" or fell:
            return fell, of_all.answer == "regressed", False, runs
        if of_all.answer == "no worse" and told.all():
            return False, False, True, runs
    return False, False, False, MAX_SEEDS


def rates(setting: Setting, replicates: int, seed: int) -> Rates:
    """Return the shares of ``replicates`` checks."""
    generator = np.random.default_rng([seed, setting.classes, setting.images, int(setting.fall)])
    found = np.array([check(setting, generator) for _ in range(replicates)], dtype=np.float64)
    fell, worse, passed, runs = found.mean(axis=0)
    either = float(np.mean(found[:, 0] + found[:, 1] > 0))
    return Rates(float(fell), float(worse), either, float(passed), float(runs))


def page(rows: Sequence[tuple[Setting, Rates]], replicates: int) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Margins of classes in the gate",
        "",
        f"{replicates} checks a row; {BASELINE_SEEDS} seeds in the baseline, at most {MAX_SEEDS} "
        f"new ones, alpha {ALPHA:.0%}, margin {100 * MARGIN:g} points of accuracy and "
        f"{100 * CLASS_MARGIN:g} point of each class. `python studies/statistics/class_gate.py` "
        "makes it.",
        "",
        "| fall of one class, points | classes | images of each | luck of runs | a class regressed "
        "| accuracy regressed | either | all no worse | mean seeds |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for s, r in rows:
        shares = (r.class_regressed, r.accuracy_regressed, r.regressed, r.no_worse)
        cells = [f"{100 * s.fall * CLASS_MARGIN:g}", s.classes, f"{s.images:,}", f"{s.luck:g}"]
        cells += [f"{share:.1%}" for share in shares]
        lines.append(f"| {' | '.join(map(str, cells))} | {r.mean_seeds:.1f} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; write it where ``--out`` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(arguments)
    rows = [(s, rates(s, asked.replicates, asked.seed)) for s in SETTINGS]
    text = page(rows, asked.replicates)
    print(text, end="")
    if asked.out is not None:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "class_gate.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
