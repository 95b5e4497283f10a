"""The page about speed, made from raw rounds alone: ratios with spread beside their targets."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from .ratios import Spread, spread_of, verdict
from .rounds import Measurement, Round, latest_experiment

_SCRIPTS, _BENCHOPT = "plain scripts", "benchopt"


@dataclass(frozen=True)
class Row:
    """A ratio of wall times: ``ours`` over ``theirs``, their parts ``left_out`` not counted."""

    what: str
    title: str
    ours: str
    theirs: str
    target: float | None
    left_out: tuple[str, ...] = ()


ROWS = (
    Row("whole", f"T1–T5 / {_SCRIPTS}", "bench", "scripts", 0.5),
    Row("whole", f"the same / {_SCRIPTS} T1–T4", "bench", "scripts", 0.5, ("t5",)),
    Row("whole", f"T1–T5 / {_BENCHOPT}", "bench", "benchopt", 0.6),
    Row("whole", f"the same / {_BENCHOPT} T1–T4", "bench", "benchopt", 0.6, ("t5",)),
    Row("small", f"T1 + T2, all seeds in one / {_BENCHOPT}", "bench", "benchopt", 0.5),
    Row("small", f"T1 + T2, all seeds in one / {_SCRIPTS}", "bench", "scripts", None),
    *(
        Row("cell", f"{t.upper()}, one cell, one job / its script", f"{t} bench", f"{t} script", 1)
        for t in ("t1", "t2", "t3", "t4")
    ),
    Row("precision", "suite in mixed_bfloat16 / float32", "mixed_bfloat16", "float32", 0.65),
)
COLD_TARGETS = {  # seconds
    "help": ("`bench --help`", 0.3),
    "list": ("`bench list`", 0.5),
    "cached": ("`bench run quick`, all recorded", 1.0),
    "report": ("`bench report` of the committed results", 2.0),
}
SHARE_TARGET = 0.75

_TITLES = {
    "whole": "T1–T5",
    "small": "T1 + T2",
    "cell": "one cell, one job",
    "precision": "two precisions",
    "cold": "cold paths",
    "share": "T3 and the peak",
}
_READING = """\
Wall time of whole processes, from start to exit, imports included. The contenders of a round take
turns and change places from round to round. Each trains the same recipes with the same seeds on all
cores, as it does by default: the scripts one after the other, benchopt in one process, `bench run`
as it chooses. A ratio is taken within its round; the 95% interval is Student's for the mean of the
log ratios. "Reached" and "missed" are said where the interval (with fewer than three rounds: every
round) lies on one side of the target. Rounds in which something else used the cores for more than
3% of the time are left out, unless there are no others. What a script takes to save predictions is
not counted.

T5 is T2's model and recipe, so `bench run` trains the two once, while the scripts and benchopt
train both; the rows that stop at T4 compare training for training.
"""


def page(rounds: Sequence[Round]) -> str:
    """Return the page as Markdown; of each comparison, the experiment measured last."""
    experiments = {what: latest_experiment(rounds, what) for what in _TITLES}
    measured = {what: found for what, found in experiments.items() if found}
    sections = ["# Speed against plain scripts and benchopt\n", _READING]
    sections += [_ratios(measured), _cold(measured.get("cold", []))]
    sections += [_share(measured.get("share", [])), _seconds(measured), _accuracies(measured)]
    sections += [_where(measured)]
    return "\n".join(section for section in sections if section)


def ratios(row: Row, rounds: Sequence[Round]) -> tuple[list[float], str]:
    """Return the ratios of ``row`` by round, and in words how many rounds these are."""
    pairs = [(r.of(row.ours), r.of(row.theirs)) for r in rounds]
    both = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    return _alone(
        [
            (
                ours.wall_seconds / theirs.seconds_without(row.left_out),
                ours.exclusive and theirs.exclusive,
            )
            for ours, theirs in both
        ]
    )


def _alone(values: Sequence[tuple[float, bool]]) -> tuple[list[float], str]:
    """Return the values that were measured alone, or all where none was, and say how many."""
    alone = [value for value, exclusive in values if exclusive]
    if not alone:
        return [value for value, _ in values], f"{len(values)}, none alone"
    left_out = f" of {len(values)}" if len(alone) < len(values) else ""
    return alone, f"{len(alone)}{left_out}"


def _ratios(measured: dict[str, list[Round]]) -> str:
    lines = []
    for row in ROWS:
        found, counted = ratios(row, measured.get(row.what, []))
        if found:
            lines.append([row.title, *_cells(found, counted, row.target, "{:.2f}")])
    headers = ["wall time, `bench run` / other", *_HEADERS]
    return _table(lines, headers)


_HEADERS = ["rounds", "median", "smallest–largest", "95% interval", "target", "verdict"]


def _cells(
    values: Sequence[float], counted: str, target: float | None, form: str, at_least: bool = False
) -> list[str]:
    spread = spread_of(values)
    return [
        counted,
        form.format(spread.median),
        f"{form.format(spread.smallest)}–{form.format(spread.largest)}",
        _interval(spread, form),
        "" if target is None else f"{'≥' if at_least else '≤'} {target:g}",
        "" if target is None else verdict(spread, target, at_least),
    ]


def _interval(spread: Spread, form: str) -> str:
    if spread.interval is None:
        return ""
    return "–".join(form.format(end) for end in spread.interval)


def _cold(rounds: Sequence[Round]) -> str:
    lines = []
    for name, (title, target) in COLD_TARGETS.items():
        taken = [m for r in rounds if (m := r.of(name)) is not None]
        if taken:
            found, counted = _alone([(m.wall_seconds, m.exclusive) for m in taken])
            lines.append([title, *_cells(found, counted, target, "{:.2f}")])
    return _table(lines, ["cold path, seconds", *_HEADERS])


def _share(rounds: Sequence[Round]) -> str:
    taken = [m for r in rounds if (m := r.of("share")) is not None]
    if not taken:
        return ""

    def line(
        title: str, value: Callable[[Measurement], float], form: str, target: float | None
    ) -> list[str]:
        found, counted = _alone([(value(m), m.exclusive) for m in taken])
        return [title, *_cells(found, counted, target, form, at_least=True)]

    def share(m: Measurement) -> float:
        return m.results["gflops"] / m.results["peak_gflops"]

    lines = [
        line("T3's training step, GFLOP/s", lambda m: m.results["gflops"], "{:.0f}", None),
        line("matrix-product peak, GFLOP/s", lambda m: m.results["peak_gflops"], "{:.0f}", None),
        line("share", share, "{:.2f}", SHARE_TARGET),
    ]
    return _table(lines, ["`bench time t3_deep_cnn`, all cores", *_HEADERS])


def _seconds(measured: dict[str, list[Round]]) -> str:
    lines = []
    for what in ("whole", "small", "cell", "precision"):
        for name in _contenders(measured.get(what, [])):
            taken = [m for r in measured[what] if (m := r.of(name)) is not None]
            taken = [m for m in taken if m.exclusive] or taken
            wall = statistics.median(m.wall_seconds for m in taken)
            cpu = statistics.median(m.cpu_seconds for m in taken)
            lines.append([_TITLES[what], name, len(taken), f"{wall:.1f}", f"{cpu:.1f}",
                          f"{cpu / wall:.2f}"])  # fmt: skip
    headers = ["a round of", "contender", "rounds", "wall seconds", "CPU seconds", "cores busy"]
    return _table(lines, headers)


def _contenders(rounds: Sequence[Round]) -> list[str]:
    return sorted({m.contender for r in rounds for m in r.measurements})


def _accuracies(measured: dict[str, list[Round]]) -> str:
    rounds = measured.get("whole", [])
    lines = []
    for name in _contenders(rounds):
        by_tutorial: dict[str, dict[str, float]] = {}
        for taken in (m for r in rounds if (m := r.of(name)) is not None):
            for label, accuracy in taken.results.items():
                by_tutorial.setdefault(label.split()[0], {})[label] = accuracy
        means = [by_tutorial.get(f"t{n}", {}).values() for n in range(1, 6)]
        lines.append([name, *(f"{100 * statistics.fmean(m):.2f}" if m else "" for m in means)])
    headers = ["mean test accuracy, %", *(f"T{number}" for number in range(1, 6))]
    return _table(lines, headers)


def _where(measured: dict[str, list[Round]]) -> str:
    lines = []
    for what, rounds in measured.items():
        last, seeds = rounds[-1], sorted({seed for r in rounds for seed in r.seeds})
        commit = (last.setting.commit or "unversioned")[:12]
        lines.append([_TITLES[what], ", ".join(map(str, seeds)), last.started_at,
                      commit + (" with changes" if last.setting.dirty else "")])  # fmt: skip
    table = _table(lines, ["comparison", "seeds", "last round", "commit"])
    settings = [rounds[-1].setting for rounds in measured.values()]
    machines = "\n".join(dict.fromkeys(f"Machine: {s.description}." for s in settings))
    ours = "\n".join(dict.fromkeys(f"Versions: {_versions(s.packages)}." for s in settings))
    beside = [_versions(s.benchopt_packages) for s in settings if s.benchopt_packages]
    theirs = "\n".join(dict.fromkeys(f"Beside benchopt: {versions}." for versions in beside))
    if not theirs and {"whole", "small"} & measured.keys():
        theirs = "benchopt was left out."
    return "\n".join(text for text in (table, machines, ours, theirs) if text) + "\n"


def _versions(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _table(lines: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    if not lines:
        return ""
    text: str = tabulate(lines, headers, tablefmt="github", disable_numparse=True)
    return f"{text}\n"
