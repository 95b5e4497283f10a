"""What a board says below its numbers: one line each, nothing left out silently."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ninetynine.board.intervals import collapse_in_words
from ninetynine.board.measured import measured
from ninetynine.board.row import Row
from ninetynine.board.run import Run
from ninetynine.cells import differing_fields
from ninetynine.grouping import grouped
from ninetynine.measures import Measure
from ninetynine.statistics import neighbors_alike
from ninetynine.suite.seeds import seed_list, seeds_in_words

# Coverage as simulated (shared protocol, "Accuracy"): the nominal 95% holds from five seeds on.
_ENOUGH_SEEDS = 5
_FEWEST_SEEDS = 3
# What a seed's runs of one row may differ in, in words.
_AGAIN = {
    "loop_revision": "revisions of the backend's loop",
    "together": "seeds at once",
}


def row_notes(row: Row) -> tuple[str, ...]:
    """Return what is to be known about a row's records, such as its failures."""
    return (*_about_runs(row), *_other_machines(row))


def _about_runs(row: Row) -> Iterator[str]:
    by_reason = grouped(((one.kind, one.reason), one.seed) for one in row.failed)
    if by_reason:
        reasons = "; ".join(
            f"{seeds_in_words(seeds)} ({kind}): {reason}"
            for (kind, reason), seeds in by_reason.items()
        )
        yield f"{len(row.runs)} finished of {row.tried}, {len(row.failed)} failed: {reasons}"
    if collapsed := collapse_in_words(row):
        yield collapsed
    again = {r.seed for r in row.runs if any(s.what == "contradicted" for s in r.statements)}
    if again:
        yield (
            f"{seeds_in_words(again)} gave other weights when trained again on a machine of the "
            "same fingerprint (bench verify)"
        )
    if models := _of_several_models(row):
        yield (
            f"its seeds trained different models ({models}): build() gives another network for "
            "another seed or at another time, and the row's mean is that of no one model"
        )
    if begun := _of_one_beginning(row):
        yield (
            f"{seeds_in_words(begun)} begin with the same weights: what is drawn at the start does "
            "not depend on the seed, and the spread over seeds leaves it out"
        )
    told = (line for run in row.runs for line in run.record.context.warnings)
    yield from (f"warned before training: {line}" for line in dict.fromkeys(told))
    if runs := row.left_aside:
        seeds = {run.seed for run in runs}
        records = (run.record for run in runs)
        keys = ", ".join(r.key[:8] + (" (failed)" if r.status == "failed" else "") for r in records)
        yield (
            f"{seeds_in_words(seeds)} ran more than once (other {_of_other_what(row)}) and "
            f"count{'' if len(seeds) > 1 else 's'} once; left aside: {keys}"
        )
    if without := [run.seed for run in row.runs if run.outcome is None]:
        left = len(row.runs) - len(without)
        rest = "it has no intervals, rank or group"
        if left:
            rest = f"intervals, rank and group rest on the other {left}"
        yield (
            f"the predictions of {seeds_in_words(without)} are missing or damaged: mean and SD "
            f"count all {len(row.runs)} seeds, {rest}"
        )


def _of_other_what(row: Row) -> str:
    """Say in what the runs that are left aside differ from those of their seeds that count."""
    counted = {run.seed: run.record.cell for run in row.runs}
    fields = {
        field.partition(".")[0]
        for run in row.left_aside
        for field in differing_fields(counted[run.seed], run.record.cell)
    }
    return " and ".join(sorted(_AGAIN.get(field, field) for field in fields)) or "machines"


def _of_several_models(row: Row) -> str:
    """Say which seeds have how many parameters, or multiply-adds, where these differ."""
    for what in ("parameters", "multiply_adds"):
        trained = (run for run in row.runs if run.record.kind == "trained")
        by_number = grouped((getattr(run.record.model, what, None), run.seed) for run in trained)
        by_number.pop(None, None)
        if len(by_number) > 1:
            noun = what.replace("_", "-")
            found = by_number.items()
            return "; ".join(f"{seeds_in_words(seeds)}: {n:,} {noun}" for n, seeds in found)
    return ""


def _of_one_beginning(row: Row) -> list[int]:
    """Return the seeds whose models are alike before training, where there are several."""
    built = ((run.record.model.built_hash, run.seed) for run in row.runs if run.record.model)
    by_hash = grouped(pair for pair in built if pair[0] is not None)
    return next((seeds for seeds in by_hash.values() if len(seeds) > 1), [])


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
    single = [row for row in finished if row.identity.kind != "ensemble"]
    trained = [row for row in finished if row.identity.kind == "trained"]
    timed = {row.name: row.time.hardware for row in finished if row.time is not None}
    yield from _apart("Rows rest on different seeds", {r.name: seed_list(r.seeds) for r in single})
    yield from _apart(
        "Rows were trained in different precision", {r.name: r.identity.precision for r in trained}
    )
    yield from _apart(
        "Rows were trained with different packages", {r.name: packages(r) for r in trained}
    )
    yield from _apart("Train seconds compare only on one machine, and these are of several", timed)
    yield from _shares(trained)


def neighbors_note(rows: Sequence[Row], thing: str = "image") -> Iterator[str]:
    """Yield a note where nobody knows the images' groups and neighbors are wrong together."""
    known = [row for row in rows if row.summary is not None]
    if not known or known[0].test_groups is not None:
        return
    wrong = np.mean([1 - row.summary.image_accuracy for row in known if row.summary], axis=0)
    alike = neighbors_alike(wrong, known[0].labels)
    if alike is not None:
        where = "groups_test (docs/data.md)" if thing == "image" else "a column group"
        yield (
            f"Neighboring {thing}s are alike (a mean over blocks of {alike.block} varies "
            f"{math.sqrt(alike.clumping):.1f} times as much as over single {thing}s): the "
            f"intervals for {thing}s like these may be too short. If the {thing}s come in groups, "
            f"say which in {where}"
        )


def measure_notes(rows: Sequence[Row], measure: Measure) -> Iterator[str]:
    """Yield which rows a board's measure cannot be told of and why, and what to know of others."""
    by_note: dict[str, list[str]] = {}
    for row in rows:
        found = measured(row, measure)
        if found.reason and row.runs:
            by_note.setdefault(f"no {measure.words}: {found.reason}", []).append(row.name)
        for note in found.notes:
            by_note.setdefault(note, []).append(row.name)
    for note, names in by_note.items():
        which = "all rows" if len(names) == len(rows) > 2 else ", ".join(names)
        yield f"{which}: {note}"


def _few_seeds(rows: Sequence[Row]) -> Iterator[str]:
    finished = [row for row in rows if row.seeds]
    for least, bound, meaning in (
        (1, _FEWEST_SEEDS, "read their intervals as a rough guide only"),
        (_FEWEST_SEEDS, _ENOUGH_SEEDS, "their 95% intervals may cover as little as 90%"),
    ):
        if names := [row.name for row in finished if least <= len(row.seeds) < bound]:
            which = "all rows" if len(names) == len(finished) else ", ".join(names)
            yield f"Fewer than {bound} seeds: {which}; {meaning}"


def _shares(rows: Sequence[Row]) -> Iterator[str]:
    """Yield which seconds are shares of a computation that trained many seeds."""
    names = grouped((r.identity.at_once, r.name) for r in rows if r.identity.at_once > 1)
    if names:
        said = "; ".join(f"together with {n}: {', '.join(names[n])}" for n in sorted(names))
        yield f"Seconds and joules are one seed's share where many were trained at once: {said}"


def _apart(what: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield one line that groups names by value, where there is more than one value."""
    names = grouped((value, name) for name, value in values.items())
    if len(names) > 1:
        groups = "; ".join(f"{value}: {', '.join(found)}" for value, found in names.items())
        yield f"{what}: {groups}"


def packages(row: Row) -> str:
    """Return the versions of the packages that computed, on one line."""
    return " ".join(f"{name} {version}" for name, version in row.identity.packages)
