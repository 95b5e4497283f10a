"""Records of scripts/gpu_rows.py and what its stages said, by recipe and way of training."""

import csv
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from ninetynine import datasets
from ninetynine.board.training_time import training_flops
from ninetynine.recipe import Recipe
from ninetynine.records import Record, RecordStore, Timing

T1, T2, T3, T4 = "t1_small_cnn", "t2_dense", "t3_deep_cnn", "t4_wide_cnn"
CNN, CONVS, LENET = "speedrun_cnn", "speedrun_convs", "speedrun_lenet"
F32, TF32, BF16 = "float32", "tensorfloat32", "mixed_bfloat16"
VIEWS = [f"four_convs_{view}" for view in ("longest", "deslanted", "narrow", "wide")]


@dataclass(frozen=True)
class Runs:
    """The records of one recipe that were trained in the same way; ``together`` is 1 for alone."""

    architecture: str
    precision: str
    together: int
    records: Sequence[Record]

    @cached_property
    def timings(self) -> list[Timing]:
        """Of the runs that had the machine to themselves; of all where none had.

        The first of those trained alone is left out: its process chooses kernels for all.
        """
        known = [r.timing for r in self.records if r.timing is not None]
        warm = (known[1:] if self.together == 1 else known) or known
        return [timing for timing in warm if timing.exclusive] or warm

    @property
    def disturbed(self) -> int:
        """How many runs had not."""
        return sum(r.timing is not None and not r.timing.exclusive for r in self.records)

    @cached_property
    def seconds(self) -> list[float]:
        """Of training, a run."""
        return [timing.train_seconds for timing in self.timings]

    @cached_property
    def typical(self) -> float:
        """Median training seconds a seed: without compiling and answering."""
        return float(np.median(self.seconds))

    @property
    def warm(self) -> Timing:
        """Of the last run, which no longer pays for what all of a process need."""
        timing = self.records[-1].timing
        assert timing is not None
        return timing

    @property
    def accuracies(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Of each seed, on the test images."""
        return np.array([r.scores.test.accuracy for r in self.records if r.scores is not None])

    @property
    def joules(self) -> float | None:
        """Median a seed, of the card."""
        known = [t.train_joules for t in self.timings if t.train_joules is not None]
        return float(np.median(known)) if known else None

    @property
    def watts(self) -> float | None:
        """Of the card, on average over training."""
        found = [t.train_joules / t.train_seconds for t in self.timings if t.train_joules]
        return float(np.median(found)) if found else None

    @property
    def teraflops(self) -> float | None:
        """Of all seeds together, on average over training."""
        flops = training_flops(self.records[0], {})
        return None if flops is None else flops / self.typical / 1e12

    @property
    def peak_bytes(self) -> int | None:
        """Of the card's memory, in use by all that were trained together."""
        return max((r.gpu_peak_memory_bytes or 0 for r in self.records), default=0) or None

    @property
    def step_seconds(self) -> float:
        """Of one training step: of all seeds where they are trained together."""
        recipe = Recipe.from_canonical(self.records[0].cell.recipe)
        info = datasets.known()[self.records[0].cell.dataset]
        images = math.floor(info.train_length * (1 - recipe.validation_split))
        return (
            self.typical * self.together / (recipe.epochs * math.ceil(images / recipe.batch_size))
        )

    @property
    def way(self) -> str:
        """How they were trained, in words."""
        return "alone" if self.together == 1 else f"{self.together} together"


class Found:
    """What the records and the stages of a folder say."""

    def __init__(self, folder: Path) -> None:
        records, problems = RecordStore(folder).read_all()
        assert not problems, problems
        groups: dict[str, dict[tuple[str, str, int], list[Record]]] = {}
        for record in sorted(records, key=lambda r: (r.cell.architecture, r.cell.seed)):
            together = record.timing.together if record.timing else None
            name = record.cell.architecture, record.cell.precision, together or 1
            groups.setdefault(record.cell.dataset, {}).setdefault(name, []).append(record)
        by_dataset = {
            dataset: {name: Runs(*name, found) for name, found in of.items()}
            for dataset, of in groups.items()
        }
        self.runs = by_dataset.pop("mnist", {})
        self.on_folds = by_dataset  # by the name of the fold
        self._store = RecordStore(folder)
        with (folder / "earlier.csv").open(encoding="utf-8") as lines:
            self.earlier = list(csv.DictReader(lines))
        lines = (folder / "stages.jsonl").read_text(encoding="utf-8").splitlines()
        said = [json.loads(line) for line in lines]
        self.stages = {what["stage"]: what for what in said if what["event"] == "end"}
        self.ended = [what for what in said if what["event"] in ("ended", "failed")]
        began = {what["stage"]: what["at"] for what in said if what["event"] == "begin"}
        self.ended_after = {w["stage"]: w["at"] - began[w["stage"]] for w in self.ended}

    def of(self, architecture: str, precision: str, together: int) -> Runs | None:
        """Return the runs of a recipe that were trained so; None where there are none."""
        return self.runs.get((architecture, precision, together))

    def vote(self, runs: Runs, seconds: float) -> tuple[int, float]:
        """Return how many of ``runs`` were trained in so many seconds, and their vote's accuracy.

        The first seeds vote, by the mean of their probabilities (`ninetynine.voting`'s soft vote).
        """
        members = min(len(runs.records), int(seconds / runs.typical))
        return members, self._vote_of(runs.records[:members])

    def votes_of(self, kinds: Sequence[Runs], size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the accuracy of each vote of ``size`` of each of ``kinds``.

        There are as many as have seeds of their own.
        """
        least = min(len(runs.records) for runs in kinds)
        members = (
            [record for runs in kinds for record in runs.records[start : start + size]]
            for start in range(0, least - size + 1, size)
        )
        return np.array([*map(self._vote_of, members)])

    def _vote_of(self, records: Sequence[Record]) -> float:
        found = [self._store.predictions(record) for record in records]
        mean = np.mean([p.probabilities.astype(np.float64) for p in found], axis=0)
        return float((mean.argmax(1) == found[0].labels).mean())

    def together(self, architecture: str, precision: str) -> list[Runs]:
        """Return the runs of a recipe that were trained at once, fewest first."""
        keys = [key for key in self.runs if key[:2] == (architecture, precision) and key[2] > 1]
        return [self.runs[key] for key in sorted(keys)]


def in_order(found: Found) -> list[Runs]:
    """Return all runs as the page's tables have them: by model, alone first."""
    names = [T1, T2, T3, T4, CNN, CONVS, LENET]
    others = sorted({key[0] for key in found.runs} - set(names))
    place = {name: number for number, name in enumerate([*names, *others])}
    keys = sorted(found.runs, key=lambda key: (place[key[0]], key[2] > 1, key[1], key[2]))
    return [found.runs[key] for key in keys]


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [list(headings), ["---"] * len(headings), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
