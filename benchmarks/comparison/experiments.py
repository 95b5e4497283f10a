"""What a round of each comparison runs: groups of contenders that are compared with each other."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ninetynine
from ninetynine import architectures

from . import contenders
from .process import compile_bytecode
from .rounds import Measurement, Round, Setting, turns

Group = Mapping[str, Callable[[], Measurement]]

COMPARISONS = ("whole", "small", "cell", "precision", "cold", "share")
WITH_BENCHOPT = ("whole", "small")


@dataclass(frozen=True)
class Experiments:
    """The comparisons with their options; ``tutorials`` limits them for a trial."""

    tutorials: tuple[str, ...]
    benchopt_python: Path | None
    predictions: Path | None  # folder for the probabilities of plain scripts of "whole"
    work: Path  # a folder for what a comparison needs beforehand

    def prepare(self, what: str) -> None:
        """Do, off the clock, what ``what`` needs before its first round."""
        packages = [Path(module.__file__).parent for module in (architectures, ninetynine)]
        compile_bytecode(sys.executable, *packages, contenders.SCRIPTS)
        if self.benchopt_python is not None and what in WITH_BENCHOPT:
            compile_bytecode(self.benchopt_python)
        if what == "cold":
            contenders.run_verb("fill", "run", "quick", "--results", self.work / "quick")

    def tutorials_of(self, what: str) -> tuple[str, ...]:
        """Return which tutorials a round of ``what`` trains."""
        wanted = {"small": ("t1", "t2"), "cell": ("t1", "t2", "t3", "t4"), "share": ("t3",)}
        chosen = wanted.get(what, tuple(contenders.ARCHITECTURES))
        return chosen if what == "share" else tuple(t for t in chosen if t in self.tutorials)

    def measure(self, what: str, index: int, seeds: Sequence[int], setting: Setting) -> Round:
        """Run one round and return it."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        groups = self._groups(what, tuple(seeds))
        calls = {name: call for group in groups for name, call in group.items()}
        taken = [calls[name]() for name in turns([list(group) for group in groups], index)]
        return Round(
            what=what,
            index=index,
            tutorials=self.tutorials_of(what),
            seeds=tuple(seeds),
            started_at=started,
            setting=setting,
            measurements=tuple(taken),
        )

    def _groups(self, what: str, seeds: tuple[int, ...]) -> list[Group]:
        if what == "cell":
            return [self._cell(tutorial, seeds) for tutorial in self.tutorials_of(what)]
        if what == "precision":
            return [self._precision(seeds)]
        if what == "cold":
            return [self._cold()]
        if what == "share":
            return [{"share": lambda: contenders.run_time(contenders.ARCHITECTURES["t3"])}]
        return [self._all(what, seeds)]

    def _all(self, what: str, seeds: tuple[int, ...]) -> Group:
        tutorials, python = self.tutorials_of(what), self.benchopt_python
        predictions = self.predictions if what == "whole" else None
        group: dict[str, Callable[[], Measurement]] = {
            "bench": lambda: contenders.run_suite("bench", tutorials, seeds),
            "scripts": lambda: contenders.run_scripts("scripts", tutorials, seeds, predictions),
        }
        if python is not None:
            group["benchopt"] = lambda: contenders.run_benchopt(python, tutorials, seeds)
        return group

    def _cell(self, tutorial: str, seeds: tuple[int, ...]) -> Group:
        ours, theirs, one = f"{tutorial} bench", f"{tutorial} script", (tutorial,)
        return {
            ours: lambda: contenders.run_suite(ours, one, seeds, "--jobs", "1"),
            theirs: lambda: contenders.run_scripts(theirs, one, seeds, None),
        }

    def _precision(self, seeds: tuple[int, ...]) -> Group:
        # All of the suite, its two baselines included; a trial takes the trial's tutorials.
        every = set(self.tutorials) == set(contenders.ARCHITECTURES)
        tutorials = None if every else self.tutorials
        half = ("--precision", "mixed_bfloat16")
        return {
            half[1]: lambda: contenders.run_suite(half[1], tutorials, seeds, *half),
            "float32": lambda: contenders.run_suite("float32", tutorials, seeds),
        }

    def _cold(self) -> Group:
        committed, filled = contenders.REPOSITORY / "results", self.work / "quick"
        return {
            "help": lambda: contenders.run_verb("help", "--help"),
            "list": lambda: contenders.run_verb("list", "list"),
            "cached": lambda: contenders.run_verb("cached", "run", "quick", "--results", filled),
            "report": lambda: contenders.run_verb("report", "report", "--results", committed),
        }
