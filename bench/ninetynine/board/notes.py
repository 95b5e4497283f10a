"""What a board says below its numbers: one line each, nothing left out silently."""

from collections.abc import Iterable, Iterator, Sequence

from ninetynine.board.row import FailedSeed, Row, Run

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


def row_notes(row: Row) -> tuple[str, ...]:
    """Return what is to be known about a row's records, such as its failures."""
    return (
        *_failures(row),
        *_warnings(row),
        *_left_aside(row),
        *_without_predictions(row),
        *_contradictions(row),
        *_other_machines(row),
    )


def _failures(row: Row) -> Iterator[str]:
    if not row.failed:
        return
    by_reason: dict[tuple[str, str], list[FailedSeed]] = {}
    for failed in row.failed:
        by_reason.setdefault((failed.kind, failed.reason), []).append(failed)
    reasons = "; ".join(
        f"seed{'s' if len(found) > 1 else ''} {seed_list(f.seed for f in found)} ({kind}): {reason}"
        for (kind, reason), found in by_reason.items()
    )
    yield f"{len(row.runs)} finished of {row.tried}, {len(row.failed)} failed: {reasons}"


def _warnings(row: Row) -> Iterator[str]:
    told = (line for run in row.runs for line in run.record.context.warnings)
    yield from (f"warned before training: {line}" for line in dict.fromkeys(told))


def _left_aside(row: Row) -> Iterator[str]:
    runs = row.counted.left_aside
    if not runs:
        return
    seeds = {run.seed for run in runs}
    keys = ", ".join(
        run.record.key[:8] + (" (failed)" if run.record.status == "failed" else "") for run in runs
    )
    yield (
        f"seed{'s' if len(seeds) > 1 else ''} {seed_list(seeds)} ran more than once (other threads "
        f"or machines) and count{'' if len(seeds) > 1 else 's'} once; left aside: {keys}"
    )


def _without_predictions(row: Row) -> Iterator[str]:
    without = [run.seed for run in row.runs if run.outcome is None]
    if not without:
        return
    left = len(row.runs) - len(without)
    rest = (
        f"intervals, rank and band rest on the other {left}"
        if left
        else "it has no intervals, rank or band"
    )
    yield (
        f"the predictions of seed{'s' if len(without) > 1 else ''} {seed_list(without)} are "
        f"missing or damaged: mean and SD count all {len(row.runs)} seeds, {rest}"
    )


def _contradictions(row: Row) -> Iterator[str]:
    for run in row.runs:
        scores, outcome = run.record.scores, run.outcome
        if scores is None or outcome is None:
            continue
        predicted = float(outcome.correct.mean())
        # A recorded accuracy may have been rounded to float32; half an image is a contradiction.
        if abs(predicted - scores.test.accuracy) > 0.5 / len(outcome.correct):
            yield (
                f"seed {run.seed} records a test accuracy of "
                f"{scores.test.accuracy:.4f}, but its predictions give {predicted:.4f}"
            )


def _other_machines(row: Row) -> Iterator[str]:
    """Yield what other machines measured: seconds are never pooled over fingerprints."""
    if row.time is None or not row.time.elsewhere:
        return
    rest = ", ".join(f"{n} on {name} ({mark})" for mark, name, n in row.time.elsewhere)
    yield (
        f"its seconds are of {row.time.runs} runs on {row.time.hardware} "
        f"({row.time.fingerprint}); not pooled with {rest}"
    )


def labels_note(labels_hash: str, others: Sequence[Run]) -> str:
    """Return why ``others``, whose test labels differ, are on a board of their own."""
    names = ", ".join(run.name for run in others)
    return (
        f"test labels {labels_hash[:8]}; not compared with {names}: their test labels differ "
        "although the dataset's fingerprint is the same, so only rows of one board compare"
    )


def board_notes(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the notes of all ``rows``, then what sets them apart from each other."""
    for row in rows:
        yield from (f"{row.name}: {note}" for note in row_notes(row))
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
        [(r.name, r.time.hardware) for r in finished if r.time is not None],
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
