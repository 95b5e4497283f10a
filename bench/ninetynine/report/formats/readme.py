"""The page that results/README.md holds: what a reader wants first, every board, its sources."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from ninetynine.board import Board, ClaimRow, GapRow
from ninetynine.board.training_time import hardware
from ninetynine.grouping import grouped
from ninetynine.records import Record
from ninetynine.report import Report, formatting
from ninetynine.report.document import Heading, Table, left
from ninetynine.report.formats.markdown import bullets, code, escape, render_section, render_table
from ninetynine.report.provenance import commit_of, cores, exclusive, packages_of, ran
from ninetynine.report.tables import published, section
from ninetynine.suite import Reference

# How the page is written again, for a results folder that is called results.
_REWRITE = "bench report --format readme --output results/README.md"
_VERDICTS = {
    "as expected": "as expected",
    "lucky": "lucky, higher than this recipe usually ends",
    "unlucky": "unlucky, lower than this recipe usually ends",
    "not reproduced": "not reproduced: not even one run in a thousand ends there",
    "too few runs": "too few runs to say",
}
_DATA = """\
## The data

The .parquet files beside this page have a row for each run: scores, history, seconds, machine,
recipe, and the class that was predicted for each test image (`predicted_classes`; `labels` stands
once, in the first row that has its `labels_sha256`). All of it is exact but probabilities:
`probability_codes` has, for each image, a byte for each class but the predicted one. Code 0 is
r = 0, code k is r = 2^(-(k - 1)/4), where r is the class's probability divided by the predicted
one's. An ensemble without codes is the mean of its `members`.
"""
_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def render(report: Report) -> str:
    """Return README.md of the results folder, the same bytes for the same records."""
    left_out = [report.store.describe(problem) for problem in report.problems]
    packs = [pack.path.name for pack in report.store.packs]
    parts = [
        f"{_card(packs, report.boards)}# Results\n\n"
        f"Written by `{_REWRITE}` from the records beside it; not edited by hand.\n",
        _headline(report.boards),
        *(render_section(section(board)) for board in report.boards),
        _provenance(report.records),
        *([_DATA] if packs else []),
    ]
    if left_out:
        parts.append("## Left out\n\n" + bullets(left_out))
    return "\n".join(parts)


def _card(packs: Sequence[str], boards: Sequence[Board]) -> str:
    """Return what makes the page a dataset's card where the folder has ``packs``."""
    if not packs:
        return ""
    facts = {
        "pretty_name": f"Runs of image classifiers on {', '.join({b.dataset: 0 for b in boards})}",
        "tags": ["benchmark", "image-classification", "keras", "uncertainty"],
        "configs": [
            {"config_name": Path(name).stem, "data_files": name, "default": name == packs[0]}
            for name in packs
        ],
    }
    lines = (f"{key}: {json.dumps(value)}" for key, value in facts.items())  # JSON is YAML, too
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def _headline(boards: Sequence[Board]) -> str:
    claims = [
        claim for board in boards for claim in board.claims if claim.metric == "test_accuracy"
    ]
    lines = ["## The published figures against our seeds\n"]
    if not claims:
        lines.append("No run of a recipe with a published figure is recorded yet.\n")
    lines += [_claim_line(claim) for claim in sorted(claims, key=lambda c: (c.published, c.id))]
    lines += _same_recipe_lines(claims)
    reference = next((board.reference for board in boards if board.gaps), None)
    if reference is not None:
        gaps = [gap for board in boards if board.reference == reference for gap in board.gaps]
        goal = formatting.shortest_percent(reference.goal.accuracy)
        best = min(gaps, key=lambda gap: gap.errors)
        lines += ["", f"## How far {goal}% is\n", _reference_line(best, reference)]
    return "\n".join(lines) + "\n"


def _claim_line(claim: ClaimRow) -> str:
    ends = min(claim.values), max(claim.values), claim.ours.mean
    low, high, mean = (formatting.percent(end, 2) for end in ends)
    seeds = _in_words(claim.ours.n)
    line = (
        f"- **{_short(published(claim))}%** ({claim.id}, {code(claim.row)}) is "
        f"**{_VERDICTS[claim.placement.verdict]}**. {seeds} of the same recipe "
        f"end{'s' if claim.ours.n == 1 else ''} between {low}% and {high}%, {mean}% on average"
    )
    prediction, quantile = claim.placement.prediction, claim.placement.quantile
    if prediction is None or quantile is None:
        return line + "."
    low, high = (formatting.percent(end, 2) for end in (prediction.low, prediction.high))
    return (
        f"{line}; one more run would end between {low}% and {high}% (95%), and with a chance of "
        f"{_chance(quantile)} at or below the published figure."
    )


def _short(figure: str) -> str:
    """Return a published percentage without a third decimal that is 0: 98.230 is 98.23."""
    whole, dot, decimals = figure.partition(".")
    return whole + dot + decimals[:2] + decimals[2:].rstrip("0")


def _chance(share: float) -> str:
    if share < 0.01:
        return "less than 1%"
    return "more than 99%" if share > 0.99 else f"{formatting.percent(share, 0)}%"


def _in_words(seeds: int) -> str:
    words = _WORDS[seeds] if seeds < len(_WORDS) else f"{seeds:,}"
    return f"{words} seed{'' if seeds == 1 else 's'}"


def _same_recipe_lines(claims: Sequence[ClaimRow]) -> list[str]:
    """Return what the seed alone does to figures published for one and the same recipe."""
    lines = []
    for same in grouped(((claim.row, claim.values), claim) for claim in claims).values():
        low, high = min(same, key=lambda c: c.published), max(same, key=lambda c: c.published)
        if high.published > low.published and low.ours.n > 1:
            lines.append(_gap_line(low, high))
    return ["", *lines] if lines else []


def _gap_line(low: ClaimRow, high: ClaimRow) -> str:
    gap = high.published - low.published
    gaps = [abs(a - b) for a, b in combinations(low.values, 2)]
    # Accuracies are counts of images: equal gaps differ in the last digits.
    as_large = sum(found >= gap - 1e-9 for found in gaps) / len(gaps)
    lesson = (
        "One seed each would often name a winner where there is none."
        if as_large >= 0.05
        else "The seed alone seldom makes such a gap."
    )
    return (
        f"{low.id} and {high.id} are one model with one recipe, published "
        f"{formatting.percent(gap, 2)} points apart. Of all pairs among our {low.ours.n} seeds, "
        f"{formatting.percent(as_large, 0)}% are at least as far apart, the farthest "
        f"{formatting.percent(max(gaps), 2)} points. {lesson}"
    )


def _reference_line(best: GapRow, reference: Reference) -> str:
    start, goal = (
        formatting.shortest_percent(end.accuracy) for end in (reference.start, reference.goal)
    )
    reached = best.errors <= reference.goal.errors
    gone = (
        f"has gone {formatting.percent(best.gap_closed, 0)}% of the way from {start}% to {goal}%"
        if best.gap_closed >= 0
        else f"is still below {start}%, where the way begins"
    )
    clean = (
        f" On the images whose labels nobody doubts its accuracy is "
        f"{formatting.percent_spread(best.clean, 2)}%."
        if best.clean
        else ""
    )
    return (
        f"{reference.goal.note or reference.goal.name} The best mean "
        f"here{' reaches it' if reached else ''}: {code(best.row)} leaves "
        f"{formatting.number(best.errors, 1)} errors and {gone}.{clean}"
    )


def _provenance(records: Sequence[Record]) -> str:
    suites = sorted({record.context.suite for record in records})
    failed = sum(record.status == "failed" for record in records)
    facts = [
        f"{formatting.count(len(records), 'record')}, {failed} of them failed; "
        f"{exclusive(ran(records))} with a timing that had its cores to itself",
        f"measurement protocol {_listed(str(r.cell.protocol_version) for r in records)}; "
        f"suite version {_listed(record.context.suite_version for record in records)}",
        f"packages: {_listed(packages_of(record) for record in records)}",
        f"commits: {_listed(commit_of(record) for record in records)}",
    ]
    lines = [
        "## Making these numbers again\n",
        "The first commands train what is missing (here nothing is), the last writes this file "
        "from the records alone:\n",
        "```sh",
        *(f"bench run {suite}" for suite in suites),
        _REWRITE,
        "```\n",
        "## Provenance\n",
        *(f"- {fact}" for fact in facts),
        "",
        render_table(_machines(records)),
    ]
    return "\n".join(lines)


def _listed(values: Iterable[str]) -> str:
    """Return distinct ``values`` with how many records each has, if there is more than one."""
    counts = Counter(map(escape, values))
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{value} ({n} records)" for value, n in sorted(counts.items()))


def _machines(records: Sequence[Record]) -> Table:
    counts: Counter[tuple[str, ...]] = Counter()
    timed: Counter[tuple[str, ...]] = Counter()
    for record in ran(records):
        if (machine := record.machine) is not None:
            key = (machine.fingerprint, hardware(machine), cores(machine), machine.python)
            counts[key] += 1
            timed[key] += exclusive([record])
    plain = map(Heading, ("Cores used", "Python", "Records", "Exclusive timings"))
    rows = tuple((*key, str(n), str(timed[key])) for key, n in sorted(counts.items()))
    return Table("Machines", (left("Fingerprint"), left("Hardware"), *plain), rows)
