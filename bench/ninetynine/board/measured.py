"""A row by a measure: its runs' numbers, mean and intervals, from their recorded predictions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.board.row import Row, Spread, spread
from ninetynine.board.run import Run
from ninetynine.errors import UserError
from ninetynine.measures import ACCURACY, Measure, NotMeasured, RunPredictions, Values
from ninetynine.statistics import Groups, Interval, Summary, accuracy_estimate, summarize
from ninetynine.statistics.calibration import second_order_variance
from ninetynine.statistics.crossed import summarize_values, value_intervals


@dataclass(frozen=True, eq=False)
class Measured:
    """A measure of a row, in its own unit; what is None is not known, and ``reason`` says why.

    ``summary`` is what the statistics need, of values of which more is better: those of a measure
    of which less is better have a minus sign.
    """

    measure: Measure
    summary: Summary | None = None
    spread: Spread | None = None  # over runs
    ci_seeds: Interval | None = None
    ci_population: Interval | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def goodness(self) -> float | None:
        """The mean, more being better; rows are ranked by it."""
        if self.spread is None:
            return None
        return -self.spread.mean if self.measure.lower_is_better else self.spread.mean


def measured(row: Row, measure: Measure = ACCURACY) -> Measured:
    """Return ``row`` by ``measure``; computed once, from one look at each prediction file."""
    if measure.is_accuracy:
        return Measured(measure, row.summary, row.accuracy, row.ci_seeds, row.ci_population)
    if measure.name not in row.measured:
        row.measured[measure.name] = _measured(row, measure)
    found: Measured = row.measured[measure.name]
    return found


def check_measured(rows: Iterable[Row], measure: Measure) -> None:
    """Raise UserError for a row whose predictions do not give ``measure``."""
    for row in rows:
        if (reason := measured(row, measure).reason) != "":
            raise UserError(f"{row.full_name} has no {measure.words}: {reason}")


def _measured(row: Row, measure: Measure) -> Measured:
    try:
        seeds, found = _values(row, measure)
    except NotMeasured as reason:
        return Measured(measure, reason=str(reason))
    if not found:
        return Measured(measure, reason="no run has predictions")
    values: NDArray[Any] = np.stack([np.asarray(one.of_images) for one in found])
    groups = _groups(row, measure)
    if values.dtype == np.bool_:
        summary = summarize(values, groups)
    else:
        sign = -1.0 if measure.lower_is_better else 1.0
        errors = [one.errors for one in found if one.errors is not None]
        summary = replace(
            summarize_values(sign * values, groups),
            binary=False,
            largest=measure.largest,
            step=max(one.step for one in found),
            second_order=second_order_variance(errors, groups) if errors else 0.0,
        )
    over_runs = spread(measure.shown(float(of_run.mean())) for of_run in values)
    assert over_runs is not None
    mean = measure.shown(-summary.mean if measure.lower_is_better else summary.mean)
    return Measured(
        measure,
        summary,
        replace(over_runs, mean=mean),
        *_intervals(summary, measure),
        notes=tuple(_notes(row, measure, seeds, found)),
    )


def _intervals(summary: Summary, measure: Measure) -> tuple[Interval | None, Interval]:
    if measure.is_share:
        estimate = accuracy_estimate(summary)
        return estimate.seed_interval, estimate.population_interval
    losses = replace(summary, mean=-summary.mean) if measure.lower_is_better else summary
    ends = value_intervals(losses, positive=not measure.is_square)
    seeds, population = (one and _shown(one, measure) for one in ends)
    assert population is not None
    return seeds, population


def _shown(found: Interval, measure: Measure) -> Interval:
    ends = (min(max(end, 0.0), measure.largest) for end in (found.low, found.high))
    return Interval(*map(measure.shown, ends))


def _values(row: Row, measure: Measure) -> tuple[list[int], list[Values]]:
    """Return the seeds with predictions and their values; raise NotMeasured where one has none."""
    seeds, found = [], []
    for run in row.runs:
        try:
            if (predictions := predictions_of(run, measure)) is None:
                continue
            found.append(measure.values(predictions))
        except NotMeasured as reason:
            raise NotMeasured(f"seed {run.seed}: {reason}") from reason
        seeds.append(run.seed)
    return seeds, found


def predictions_of(run: Run, measure: Measure) -> RunPredictions | None:
    """Return what ``run`` predicted; None where it has no predictions that can be read.

    Raises NotMeasured where it has classes alone and ``measure`` needs probabilities, or scores.
    """
    if run.graded is not None and run.record.predictions_sha256 is None:
        raise NotMeasured("answers are right or wrong, or scores, without classes")
    predictions = run.read_and_note()
    if predictions is None:
        return None
    scores = run.record.scores
    loss = scores.test.loss if scores is not None else None
    if measure.needs_probabilities and loss is None and is_classes_only(predictions.probabilities):
        raise NotMeasured("classes alone, no probabilities")
    known = run.test_groups
    groups = None if known is None else Groups.of(known.codes)
    labels = predictions.labels.astype(np.int64)
    return RunPredictions(predictions.probabilities, labels, loss, groups)


def is_classes_only(probabilities: NDArray[np.floating]) -> bool:
    """Return whether each image has one class alone."""
    return bool(((probabilities == 0) | (probabilities == 1)).all())


def run_value(run: Run, measure: Measure) -> float:
    """Return the measure of one run, in its own unit.

    Raises NotMeasured where its predictions do not give it.
    """
    if measure.is_accuracy:
        return run.accuracy
    if measure.name not in run.found:
        predictions = predictions_of(run, measure)
        if predictions is None:
            raise NotMeasured("no predictions")
        run.found[measure.name] = measure.value(predictions)
    return float(run.found[measure.name])


def matrix_of(row: Row, measure: Measure) -> NDArray[Any]:
    """Return the values behind a row's summary, (runs, images), more being better."""
    if measure.is_accuracy:
        return row.correct.astype(np.float64)
    values = np.stack([one.of_images for one in _values(row, measure)[1]]).astype(np.float64)
    return np.asarray(-values if measure.lower_is_better else values)


def _groups(row: Row, measure: Measure) -> Groups | None:
    """Return the groups of the images that the measure is about; None of a single one."""
    known = row.summary.groups if row.summary is not None else None
    if known is None or measure.on_images is None:
        return known
    return known.among(measure.on_images(row.labels.astype(np.int64)))


def _notes(row: Row, measure: Measure, seeds: list[int], found: list[Values]) -> Iterator[str]:
    if measure.needs_probabilities and any(run.packed for run in row.runs):
        yield (
            f"{measure.words} is from packed probabilities, each rounded by up to 9.1% of its "
            "ratio to the largest (docs/packs.md)"
        )
    told = [f"seed {seed}: {one.note}" for seed, one in zip(seeds, found, strict=True) if one.note]
    if told:
        more = f" (and {len(told) - 1} more seeds)" if len(told) > 1 else ""
        yield f"{measure.words}: {told[0]}{more}"
