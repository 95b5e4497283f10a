"""Columns on how sure the other numbers are, and on seeds that fail."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ninetynine.board import Board, Row
from ninetynine.board import intervals as of
from ninetynine.board.claims import gap_closed
from ninetynine.report import formatting
from ninetynine.report.columns import Column, column_of_found, ends
from ninetynine.statistics import Interval
from ninetynine.statistics.spread import SeedSplit, ratio_interval, sd_interval, seed_split
from ninetynine.statistics.summary import seed_sd_at_least

_percent = partial(formatting.percent_interval, decimals=2)


def _interval(
    find: Callable[[Board, Row], Interval | None],
    write: Callable[[Interval], str],
    fields: str,
    unit: str = "",
    **about: Any,
) -> Column:
    """Return the column of an interval, its ends in ``fields`` with ``_low`` and ``_high``."""
    names = (f"{fields}_low{unit}", f"{fields}_high{unit}")
    return column_of_found(find, ends, write, names, align="center", **about)


def _number(decimals: int) -> Callable[[Interval], str]:
    def write(found: Interval) -> str:
        return formatting.span(
            formatting.number(found.low, decimals), formatting.number(found.high, decimals)
        )

    return write


def _with(number: str, interval: Interval | None) -> str:
    """Return a number in percent with its interval, where it has one."""
    return f"{number} ({_percent(interval)})" if interval else number


def _sd(board: Board, row: Row) -> Interval | None:
    found = [accuracy for _, accuracy in row.seed_accuracies]
    finest = seed_sd_at_least(0.0, len(found), row.summary.n_images) if row.summary else 0.0
    return sd_interval(found, at_least=finest)


def _split(board: Board, row: Row) -> SeedSplit | None:
    return seed_split(row.summary) if row.summary is not None else None


def _split_in_words(found: SeedSplit) -> str:
    """Return the two parts of the spread over seeds."""
    parts = [formatting.percent(part, 3) for part in (found.distribution, found.flips)]
    interval = formatting.percent_interval(found.distribution_interval, 3)
    return f"{parts[0]} ({interval}) and {parts[1]}"


def _gap_closed(board: Board, row: Row) -> Interval | None:
    if board.reference is None or row.ci_population is None:
        return None
    ends = (row.ci_population.low, row.ci_population.high)
    return Interval(*(gap_closed(end, board.reference) for end in ends))


def _seconds(board: Board, row: Row) -> Interval | None:
    return ratio_interval([t.train_seconds for t in row.time.timings]) if row.time else None


COLUMNS = (
    column_of_found(
        lambda board, row: row.failures,
        lambda found: (found.count, len(found.collapsed), *ends(found.rate_interval)),
        lambda found: (
            f"{found.count} of {found.tried} "
            f"({formatting.percent_interval(found.rate_interval, 0)})"
        ),
        key="failure_rate",
        heading="Failed or collapsed seeds (95% interval, %)",
        help="Seeds that failed (diverged, crashed, timed out) or collapsed (at chance, or below "
        "the 99.9% prediction interval of the others with twice their errors), with the exact "
        "interval of the rate.",
        fields=("seeds_lost", "seeds_collapsed", "failure_rate_low", "failure_rate_high"),
    ),
    column_of_found(
        lambda board, row: row.failures,
        lambda found: (found.median, *ends(found.median_interval)),
        lambda found: _with(formatting.percent(found.median, 2), found.median_interval),
        key="median",
        heading="Median (95% interval), %",
        help="Median over the finished seeds, on these images; no interval below six seeds.",
        fields=("test_accuracy_median", "test_accuracy_median_low", "test_accuracy_median_high"),
        order="down",
    ),
    _interval(
        lambda board, row: row.failures.mean_interval,
        _percent,
        "mean_with_failures",
        key="mean_with_failures",
        heading="Mean, failures counted, %",
        help="95% interval of the mean on these images with the failure rate's interval in it: "
        "what holds where seeds collapse. Of finished runs.",
        order="down",
    ),
    _interval(
        _sd,
        partial(formatting.percent_interval, decimals=3),
        "test_accuracy_sd",
        key="sd_interval",
        heading="SD over seeds, points",
        help="95% interval of the standard deviation over the seeds, on these images.",
    ),
    column_of_found(
        _split,
        lambda found: (found.distribution, *ends(found.distribution_interval), found.flips),
        _split_in_words,
        key="seed_split",
        heading="SD of distribution (95%) and flips, points",
        help="The spread over seeds in two parts (Jordan 2023): what runs would differ by on "
        "infinitely many images, and images that flip from run to run.",
        fields=("distribution_sd", "distribution_sd_low", "distribution_sd_high", "flip_sd"),
    ),
    _interval(
        lambda board, row: of.loss_interval(row, of.probabilities_of(row)),
        _number(4),
        "test_loss",
        "_nats",
        key="loss_interval",
        heading="Test loss, 95%",
        help="95% interval of the mean test loss on new images of this kind. Chance: seeds and "
        "images.",
        on_request=True,
    ),
    _interval(
        lambda board, row: of.train_test_gap_interval(row),
        _percent,
        "train_test_gap",
        key="train_test_gap_interval",
        heading="Train − test, 95%, points",
        help="95% interval of the train-test gap on new test images. Chance: seeds and images.",
    ),
    column_of_found(
        lambda board, row: of.probabilities_of(row).calibration,
        lambda found: (found.error, *ends(found.interval)),
        lambda found: _with(formatting.percent(found.error, 2), found.interval),
        key="calibration_error",
        heading="Calibration error (95% interval), points",
        help="Root mean square of confidence less share right over 15 bins, debiased (Kumar, "
        "Liang and Ma 2019), with its interval on new images.",
        fields=("calibration_error", "calibration_error_low", "calibration_error_high"),
        on_request=True,
    ),
    column_of_found(
        lambda board, row: of.worst_class(row),
        lambda found: (found.label, found.accuracy, *ends(found.interval)),
        lambda found: (
            f"{found.label}: {_with(formatting.percent(found.accuracy, 2), found.interval)}"
        ),
        key="worst_class",
        heading="Worst class (95% interval), %",
        help="The class with the lowest accuracy; interval on new images, with Bonferroni's "
        "correction over the classes. JSON has all classes.",
        fields=(
            "worst_class",
            "worst_class_accuracy",
            "worst_class_accuracy_low",
            "worst_class_accuracy_high",
        ),
        order="text",
    ),
    _interval(
        _gap_closed,
        partial(formatting.percent_interval, decimals=0),
        "gap_closed",
        key="gap_closed_interval",
        heading="Gap closed, 95%, %",
        help="95% interval of the share of the gap on new images: start and goal are published "
        "figures and count as given.",
        order="down",
    ),
    _interval(
        _seconds,
        _number(2),
        "train_seconds",
        key="train_seconds_interval",
        heading="Train seconds, 95%",
        help="95% interval of a typical run's training seconds on its machine (logarithms, "
        "Student's t).",
    ),
)
