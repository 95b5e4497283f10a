"""What a board says below its numbers: one line each, nothing left out silently."""

from collections.abc import Iterable, Iterator, Sequence

from ninetynine.leaderboard.model import Row
from ninetynine.leaderboard.rows import Failed, Outcome, SeedRuns

# Coverage as simulated (shared protocol, "Accuracy"): the nominal 95% holds from five seeds on.
_ENOUGH_SEEDS = 5
_FEWEST_SEEDS = 3


def seed_list(seeds: Iterable[int]) -> str:
    """Return ``seeds`` with runs as ranges: ``"0-4, 7"``."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def row_notes(runs: SeedRuns) -> tuple[str, ...]:
    """Return what is to be known about a row's records, such as its failures."""
    return (
        *_failures(runs),
        *_left_aside(runs),
        *_without_predictions(runs),
        *_contradictions(runs),
    )


def _failures(runs: SeedRuns) -> Iterator[str]:
    if not runs.failed:
        return
    by_reason: dict[tuple[str, str], list[Failed]] = {}
    for failed in runs.failed:
        by_reason.setdefault((failed.kind, failed.reason), []).append(failed)
    reasons = "; ".join(
        f"seed{'s' if len(found) > 1 else ''} {seed_list(f.seed for f in found)} ({kind}): {reason}"
        for (kind, reason), found in by_reason.items()
    )
    total = len(runs.finished) + len(runs.failed)
    yield f"{len(runs.finished)} finished of {total}, {len(runs.failed)} failed: {reasons}"


def _left_aside(runs: SeedRuns) -> Iterator[str]:
    if not runs.left_aside:
        return
    seeds = {outcome.record.cell.seed for outcome in runs.left_aside}
    keys = ", ".join(
        outcome.record.key[:8] + (" (failed)" if outcome.record.status == "failed" else "")
        for outcome in runs.left_aside
    )
    yield (
        f"seed{'s' if len(seeds) > 1 else ''} {seed_list(seeds)} ran more than once (other threads "
        f"or machines) and count{'' if len(seeds) > 1 else 's'} once; left aside: {keys}"
    )


def _without_predictions(runs: SeedRuns) -> Iterator[str]:
    without = [o.record.cell.seed for o in runs.finished if o.correct is None]
    if not without:
        return
    left = len(runs.finished) - len(without)
    rest = (
        f"intervals, rank and band rest on the other {left}"
        if left
        else "it has no intervals, rank or band"
    )
    yield (
        f"the predictions of seed{'s' if len(without) > 1 else ''} {seed_list(without)} are "
        f"missing or damaged: mean and SD count all {len(runs.finished)} seeds, {rest}"
    )


def _contradictions(runs: SeedRuns) -> Iterator[str]:
    for outcome in runs.finished:
        scores, correct = outcome.record.scores, outcome.correct
        if scores is None or correct is None:
            continue
        predicted = float(correct.mean())
        # A recorded accuracy may have been rounded to float32; half an image is a contradiction.
        if abs(predicted - scores.test.accuracy) > 0.5 / len(correct):
            yield (
                f"seed {outcome.record.cell.seed} records a test accuracy of "
                f"{scores.test.accuracy:.4f}, but its predictions give {predicted:.4f}"
            )


def labels_note(labels_hash: str, others: Sequence[Outcome]) -> str:
    """Return why ``others``, whose test labels differ, are on a board of their own."""
    names = ", ".join(outcome.name for outcome in others)
    return (
        f"test labels {labels_hash[:8]}; not compared with {names}: their test labels differ "
        "although the dataset's fingerprint is the same, so only rows of one board compare"
    )


def board_notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the notes of all ``rows``, then what sets them apart from each other."""
    for row in rows:
        yield from (f"{row.name}: {note}" for note in row.notes)
    yield from _few_seeds(rows)
    finished = [row for row in rows if row.seeds]
    yield from _apart(
        "Rows rest on different seeds",
        [(r.name, seed_list(r.seeds)) for r in finished if r.identity.kind != "ensemble"],
    )
    yield from _apart(
        "Rows were trained in different precision",
        [(r.name, r.identity.precision) for r in finished if r.identity.kind == "trained"],
    )
    yield from _apart(
        "Rows were trained with different packages",
        [(r.name, _packages(r)) for r in finished if r.identity.kind == "trained"],
    )
    yield from _apart(
        "Train seconds compare only on one machine, and these are of several",
        [(r.name, r.timed.hardware) for r in finished if r.timed is not None],
    )


def _few_seeds(rows: Sequence[Row]) -> Iterator[str]:
    finished = [row for row in rows if row.seeds]
    few = [row.name for row in finished if len(row.seeds) < _FEWEST_SEEDS]
    some = [row.name for row in finished if _FEWEST_SEEDS <= len(row.seeds) < _ENOUGH_SEEDS]
    for names, bound, meaning in (
        (few, _FEWEST_SEEDS, "read their intervals as a rough guide only"),
        (some, _ENOUGH_SEEDS, "their 95% intervals may cover as little as 90%"),
    ):
        if names:
            which = "all rows" if len(names) == len(finished) else ", ".join(names)
            yield f"Fewer than {bound} seeds: {which}; {meaning}"


def _apart(what: str, values: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield one line that groups names by value, where there is more than one value."""
    names: dict[str, list[str]] = {}
    for name, value in values:
        names.setdefault(value, []).append(name)
    if len(names) > 1:
        groups = "; ".join(f"{value}: {', '.join(found)}" for value, found in names.items())
        yield f"{what}: {groups}"


def _packages(row: Row) -> str:
    return " ".join(f"{name} {version}" for name, version in row.identity.packages)
