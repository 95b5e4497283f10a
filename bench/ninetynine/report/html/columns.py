"""The leaderboard's columns: what they are called, what they mean, what a row says and sorts by."""

from collections.abc import Callable
from dataclasses import dataclass

from ninetynine.board import Board, Row
from ninetynine.report import text
from ninetynine.report.html import words


@dataclass(frozen=True)
class Column:
    """A column; ``order`` is "down" where large is good, else "up".  ``value`` None sorts last."""

    heading: str
    meaning: str
    order: str
    value: Callable[[Row], float | None]
    write: Callable[[Row], str]


def columns(board: Board) -> list[Column]:
    """Return the columns right of the name and the bars."""
    return [*_accuracy(board), *_cost(), *_fit()]


def _accuracy(board: Board) -> list[Column]:
    decimals = text.percent_decimals(board.images)
    these = f"these {board.images:,} images" if board.images else "these images"
    return [
        Column(
            "Accuracy, %",
            "Test accuracy: mean ± standard deviation over the seeds.",
            "down",
            lambda row: row.accuracy.mean if row.accuracy else None,
            lambda row: text.percent_spread(row.accuracy, decimals),
        ),
        Column(
            f"On {these}, %",
            "95% interval of the mean on these very images. Chance: seeds.",
            "down",
            lambda row: row.ci_seeds.low if row.ci_seeds else None,
            lambda row: text.percent_interval(row.ci_seeds, decimals),
        ),
        Column(
            f"On {words.like_these(board)}, %",
            "95% interval of the mean on new images of this kind. Chance: seeds and images.",
            "down",
            lambda row: row.ci_population.low if row.ci_population else None,
            lambda row: text.percent_interval(row.ci_population, decimals),
        ),
        Column(
            "Rank",
            "The ranks that the model may have: 95%, all pairs of models, Holm's correction.",
            "up",
            lambda row: row.rank[0] + row.rank[1] / 1000 if row.rank else None,
            lambda row: text.ranks(row.rank),
        ),
        Column(
            "Seeds",
            "Finished runs, each with a seed of its own; every one counts.",
            "down",
            lambda row: len(row.seeds),
            lambda row: f"{len(row.seeds)} of {row.tried}" if row.failed else str(len(row.seeds)),
        ),
        Column(
            "Errors per 10,000",
            "Mean number of wrong answers among 10,000 images.",
            "up",
            lambda row: row.errors_per_10000,
            lambda row: text.number(row.errors_per_10000, 1),
        ),
    ]


def _cost() -> list[Column]:
    return [
        Column(
            "Train seconds",
            "Median over the runs that had their cores to themselves, without evaluation and "
            "compiling.",
            "up",
            lambda row: row.time.train_seconds_median if row.time else None,
            lambda row: text.three_digits(row.time.train_seconds_median if row.time else None),
        ),
        Column(
            "Parameters",
            "Numbers that the model consists of.",
            "up",
            lambda row: row.parameters,
            lambda row: "" if row.parameters is None else f"{row.parameters:,}",
        ),
        Column(
            "Multiply-adds",
            "Multiplications with addition for one image.",
            "up",
            lambda row: row.multiply_adds,
            lambda row: text.magnitude(row.multiply_adds),
        ),
    ]


def _fit() -> list[Column]:
    return [
        Column(
            "Train − test, points",
            "Accuracy on the training images less that on the test images, percentage points.",
            "up",
            lambda row: row.train_test_gap,
            lambda row: text.percent(row.train_test_gap, 2),
        ),
        Column(
            "Test loss",
            "Cross-entropy on the test images, nats: mean ± standard deviation.",
            "up",
            lambda row: row.loss.mean if row.loss else None,
            lambda row: text.number_spread(row.loss, 4),
        ),
    ]
