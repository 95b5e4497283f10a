"""How often the time gate blames the code for the hour, on the committed runs of MNIST.

``python studies/statistics/time_gate.py`` takes every two rows that were timed on one machine in
the same two hours.  The runs of one hour are the baseline, those of
the other are "new", and the code has not changed: any "regressed" is false.  The other row's runs
stand in for the reference cell, which did not exist then: they are near in time, not interleaved.
Each comparison is also made with the new runs slowed by twice the margin, which should be caught.
"""

import argparse
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninetynine.board import Run
from ninetynine.gate.costs import References, judge_cost
from ninetynine.gate.reference import NAME
from ninetynine.gate.verdict import CostVerdict, Outcome
from ninetynine.records import Record, RecordStore

RESULTS = Path(__file__).parents[2] / "results"
MARGIN, ALPHA = 0.1, 0.05
FEWEST = 2  # runs of a baseline that the gate judges by


@dataclass(frozen=True)
class Comparison:
    """The same code in two hours; ``beside`` are the other row's runs in either."""

    name: str
    other: str
    hours: tuple[str, str]
    old: tuple[Record, ...]
    new: tuple[Record, ...]
    beside: tuple[tuple[Record, ...], tuple[Record, ...]]

    def by_seconds(self, slowdown: float = 1.0) -> CostVerdict:
        """Judge by seconds alone: every run's reference takes one second."""
        sides = (self.old, self.new)
        return self._judged([[_taking(_as_reference(r), 1.0) for r in s] for s in sides], slowdown)

    def by_ratios(self, slowdown: float = 1.0) -> CostVerdict:
        """Judge by the ratios to the other row's runs."""
        return self._judged([[_as_reference(r) for r in side] for side in self.beside], slowdown)

    def _judged(self, beside: Sequence[Sequence[Record]], slowdown: float) -> CostVerdict:
        new = [
            _taking(record, record.timing.train_seconds * slowdown)
            for record in self.new
            if record.timing is not None
        ]
        old, now = ([Run(record, lambda: None) for record in side] for side in (self.old, new))
        references = References(*beside)
        return judge_cost("training time", old, now, MARGIN, ALPHA, references)


def comparisons(results: Path) -> Iterator[Comparison]:
    """Yield every pair of hours and rows, in both directions of time."""
    hours: dict[tuple[str, str], dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in RecordStore(results).read_all()[0]:
        if record.timing and record.timing.exclusive and record.machine and not record.members:
            place = record.machine.fingerprint, record.cell.architecture
            hours[place][record.context.started_at[:13]].append(record)
    for (machine, name), found in sorted(hours.items()):
        others = [place for place in sorted(hours) if place[0] == machine and place[1] != name]
        for one, two in itertools.permutations(sorted(found), 2):
            beside = next((o for o in others if {one, two} <= hours[o].keys()), None)
            if beside is None or len(found[one]) < FEWEST:
                continue
            sides = (hours[beside][one], hours[beside][two])
            yield Comparison(
                name,
                beside[1],
                (one, two),
                tuple(found[one]),
                tuple(found[two]),
                (tuple(sides[0]), tuple(sides[1])),
            )


def _as_reference(record: Record) -> Record:
    cell = record.cell.model_copy(update={"architecture": NAME})
    return record.model_copy(update={"cell": cell})


def _taking(record: Record, seconds: float) -> Record:
    assert record.timing is not None
    timing = record.timing.model_copy(update={"train_seconds": seconds})
    return record.model_copy(update={"timing": timing})


def table(found: Sequence[Comparison]) -> str:
    """Return every comparison and what was wrong how often, as Markdown."""
    lines = [
        "| row | beside | hour | against | by seconds | by ratios | ratios, slower by 20% |",
        "|---|---|---|---|--:|--:|--:|",
    ]
    slower = 1 + 2 * MARGIN
    judged = [(c, (c.by_seconds(), c.by_ratios(), c.by_ratios(slower))) for c in found]
    for c, verdicts in judged:
        cells = " | ".join(map(_words, verdicts))
        lines.append(f"| {c.name} | {c.other} | {c.hours[1]} | {c.hours[0]} | {cells} |")
    regressed = [sum(v[i].outcome is Outcome.REGRESSED for _, v in judged) for i in range(3)]
    lines += [
        "",
        f"Called regressed though the code is the same: {regressed[0]} of {len(judged)} by seconds,"
        f" {regressed[1]} of {len(judged)} by ratios. Slower by twice the margin and called "
        f"regressed by ratios: {regressed[2]} of {len(judged)}.",
    ]
    return "\n".join(lines)


def _words(verdict: CostVerdict) -> str:
    growth = "" if verdict.growth is None else f"{100 * verdict.growth:+.1f}% "
    return growth + verdict.outcome.name.lower().replace("_", " ")


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python studies/statistics/time_gate.py")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with the records")
    options = parser.parse_args(argv)
    sys.stdout.write(table(list(comparisons(options.results))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
