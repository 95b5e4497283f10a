"""Columns of the measures: a row's number with its intervals, from recorded predictions."""

from collections.abc import Callable
from functools import partial

from ninetynine.board import Board
from ninetynine.board.measured import Measured, measured
from ninetynine.measures import Measure, measures
from ninetynine.report import formatting, units
from ninetynine.report.columns import Column, Value, ends
from ninetynine.statistics import Interval

_HAS_A_COLUMN = ("accuracy", "calibration_error")  # of its own
_PARTS = ("", "_sd", "_ci_seeds_low", "_ci_seeds_high", "_ci_population_low", "_ci_population_high")


def column_of(measure: Measure) -> Column:
    """Return the column of ``measure``: mean with the interval on new images."""
    direction = " Lower is better." if measure.lower_is_better else ""
    unit = measure.field.removeprefix(measure.name)
    return Column(
        key=measure.name,
        heading=f"{measure.title} (95% interval){units.suffix(measure)}",
        help=f"{measure.help}{direction} Mean, SD over seeds, and the 95% intervals on these "
        "images and on new ones of this kind.",
        fields=tuple(f"{measure.name}{part}{unit}" for part in _PARTS),
        values=lambda board, row: _values(measured(row, measure)),
        write=lambda board, row: _written(measured(row, measure)),
        order="up" if measure.lower_is_better else "down",
        on_request=True,
    )


def _values(found: Measured) -> tuple[Value, ...]:
    own = (found.spread.mean, found.spread.sd) if found.spread else (None, None)
    return (*own, *ends(found.ci_seeds), *ends(found.ci_population))


def _written(found: Measured) -> str:
    if found.spread is None:
        return f"none: {found.reason}" if found.reason else formatting.BLANK
    decimals = units.decimals(found.measure, [found.ci_population])
    mean = units.bare(found.measure, found.spread.mean, decimals)
    if found.ci_population is None:
        return mean
    return f"{mean} ({units.interval(found.measure, found.ci_population, decimals)})"


def table_of_measure(board: Board) -> tuple[Column, ...]:
    """Return the columns that stand where the accuracy and its intervals stand otherwise."""
    measure = board.measure
    intervals = [measured(row, measure).ci_population for row in board.rows]
    decimals = units.decimals(measure, intervals, formatting.percent_decimals(board.images))
    end, own = units.suffix(measure), column_of(measure)

    def column(key: str, heading: str, write: Callable[[Measured], str], weight: int) -> Column:
        return Column(
            key=key,
            heading=heading,
            help=own.help,
            fields=own.fields,
            values=own.values,
            write=lambda board, row: write(measured(row, measure)),
            align="right" if key == measure.name else "center",
            weight=weight,
        )

    def of(part: Callable[[Measured], Interval | None]) -> Callable[[Measured], str]:
        return lambda found: units.interval(measure, part(found), decimals)

    these = formatting.these_images(_images(board), board.thing)
    spread = partial(units.spread, measure, decimals=decimals)
    return (
        column(measure.name, f"{measure.title}{end}", lambda found: spread(found.spread), 2),
        column("ci_seeds", f"On {these}{end}", of(lambda found: found.ci_seeds), 0),
        column(
            "ci_population",
            f"On {board.noun} like these{end}",
            of(lambda found: found.ci_population),
            1,
        ),
    )


def _images(board: Board) -> int | None:
    """Return how many test images the measure is of."""
    summaries = (measured(row, board.measure).summary for row in board.rows)
    return next((one.n_images for one in summaries if one is not None), board.images)


COLUMNS = tuple(
    column_of(found)
    for name, found in measures().items()
    if isinstance(found, Measure) and name not in _HAS_A_COLUMN
)
