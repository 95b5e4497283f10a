"""Outcomes of one board -> its rows, measured and ranked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ninetynine.leaderboard import measure
from ninetynine.leaderboard.model import Row
from ninetynine.leaderboard.names import row_names
from ninetynine.leaderboard.notes import row_notes
from ninetynine.leaderboard.rows import Outcome, RowIdentity, SeedRuns, identity_of, runs_by_seed
from ninetynine.records import Record
from ninetynine.statistics import (
    RankInterval,
    Summary,
    accuracy_estimate,
    rank_intervals,
    summarize,
)


@dataclass(frozen=True)
class RowData:
    """A row in the making; ``summary`` is over its seeds with predictions, if there are any."""

    row: Row
    runs: SeedRuns
    summary: Summary | None

    @property
    def records(self) -> list[Record]:
        return [outcome.record for outcome in self.runs.finished]


def ranked_rows(outcomes: Sequence[Outcome]) -> list[RowData]:
    """Return the rows of ``outcomes``, the best mean first and those without numbers last."""
    return _ranked(measured_rows(outcomes))


def measured_rows(outcomes: Sequence[Outcome]) -> list[RowData]:
    """Return the rows of ``outcomes``, which answered one set of test labels, unranked."""
    by_row: dict[RowIdentity, list[Outcome]] = {}
    for outcome in outcomes:
        by_row.setdefault(identity_of(outcome.record), []).append(outcome)
    names = row_names(by_row)
    return [_one_row(names[identity], identity, found) for identity, found in by_row.items()]


def _one_row(name: str, identity: RowIdentity, outcomes: Sequence[Outcome]) -> RowData:
    runs = runs_by_seed(outcomes)
    records = [outcome.record for outcome in runs.finished]
    models = [r.model for r in records if r.model is not None]
    timing, timing_notes = measure.timed(records)
    summary = _summary(runs)
    estimate = accuracy_estimate(summary) if summary is not None else None
    row = Row(
        name=name,
        identity=identity,
        seeds=tuple(r.cell.seed for r in records),
        failed=runs.failed,
        threads=tuple(sorted({r.cell.threads for r in records})),
        parameters=models[0].parameters if models else None,
        multiply_adds=models[0].multiply_adds if models else None,
        accuracy=measure.spread(r.scores.test.accuracy for r in records if r.scores),
        these_images=estimate.seed_interval if estimate else None,
        digits_like_these=estimate.population_interval if estimate else None,
        rank=None,
        band="",
        loss=measure.test_loss(records),
        train_accuracy=measure.train_accuracy(records),
        train_test_gap=measure.train_test_gap(records),
        timed=timing,
        notes=(*row_notes(runs), *timing_notes),
    )
    return RowData(row, runs, summary)


def _summary(runs: SeedRuns) -> Summary | None:
    correct = [outcome.correct for outcome in runs.finished if outcome.correct is not None]
    return summarize(np.stack(correct)) if correct else None


def _ranked(rows: Sequence[RowData]) -> list[RowData]:
    """Return ``rows`` with rank and band, the best mean first and those without numbers last."""

    def order(data: RowData) -> tuple[float, str]:
        mean = -data.row.accuracy.mean if data.row.accuracy else 1.0
        return mean, data.row.name

    ordered = sorted(rows, key=order)
    summaries = [data.summary for data in ordered if data.summary is not None]
    if not summaries:
        return ordered
    ranking = rank_intervals(summaries)
    places = iter(zip(ranking.ranks, ranking.bands, strict=True))
    return [_placed(d, *next(places)) if d.summary is not None else d for d in ordered]


def _placed(data: RowData, rank: RankInterval, letters: tuple[str, ...]) -> RowData:
    row = replace(data.row, rank=(rank.best, rank.worst), band="".join(letters))
    return replace(data, row=row)
