"""Columns on how well a row does: accuracy with its intervals, rank, loss, fit."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ninetynine.board import Board, Row, Spread
from ninetynine.report import formatting
from ninetynine.report.columns import Column, Value, column_of_found, ends
from ninetynine.report.formatting import BLANK
from ninetynine.statistics import Interval, RankInterval


def _spread(found: Spread | None) -> tuple[Value, ...]:
    return (found.mean, found.sd) if found else (None, None)


def _in_unit(board: Board, found: Spread | None) -> Spread | None:
    """Return a row's mean and SD in the unit of the scores, where they are no shares."""
    if board.scores is None or found is None:
        return found
    sd = None if found.sd is None else board.scores.difference(found.sd)
    return Spread(board.scores.score(found.mean), sd, found.n)


def _in_scores(board: Board, found: Interval | None) -> Interval | None:
    if board.scores is None or found is None:
        return found
    return Interval(board.scores.score(found.low), board.scores.score(found.high))


def _write_spread(board: Board, found: Spread | None) -> str:
    if board.scores is None:
        return formatting.percent_spread(found, _decimals(board))
    return formatting.number_spread(_in_unit(board, found), decimals_of(board))


def _write_interval(board: Board, found: Interval | None) -> str:
    if board.scores is None:
        return formatting.percent_interval(found, _decimals(board))
    scored = _in_scores(board, found)
    if scored is None:
        return BLANK
    return formatting.span(
        *(formatting.number(end, decimals_of(board)) for end in (scored.low, scored.high))
    )


def decimals_of(board: Board) -> int:
    """Return the decimals of a score: two digits of the narrowest interval's width.

    So are the means told from each other, and what is just below 1 from 1.
    """
    if board.scores is None:
        return 0
    means = [row.accuracy.mean for row in board.finished if row.accuracy]
    found = [row.ci_population for row in board.finished if row.ci_population is not None]
    shares = [one.high - one.low for one in found] + [max(means, default=0) - min(means, default=0)]
    widths = [board.scores.difference(share) for share in shares]
    narrowest = min((width for width in widths if width > 0), default=board.scores.difference(1.0))
    return formatting.decimals_of(narrowest)


def _unit(board: Board) -> str:
    return ", %" if board.scores is None else ""


def _ranks(find: Callable[[Row], RankInterval | None], **about: Any) -> Column:
    """Return the column of the ranks that a row may have."""
    return column_of_found(
        lambda board, row: find(row),
        lambda found: (found.best, found.worst),
        formatting.ranks,
        align="center",
        **about,
    )


def _decimals(board: Board) -> int:
    return formatting.percent_decimals(board.images)


def _counts_errors(board: Board) -> bool:
    """Whether what is shown are shares of right answers; scores have no errors."""
    images = board.thing == "image"
    return board.scores is None and (
        images or all(r.summary.binary for r in board.rows if r.summary)
    )


_shown = partial(Column, table="accuracy")
_interval = partial(_shown, order="down", align="center")

COLUMNS = (
    Column(
        key="group",
        heading="Group",
        help="Significance groups: models that share a letter are not significantly different "
        "(95%, all pairs together).",
        fields=("group",),
        values=lambda board, row: (row.group,),
        write=lambda board, row: row.group,
        order="text",
        align="center",
    ),
    _shown(
        key="accuracy",
        weight=2,
        heading=lambda board: (
            f"{'Test accuracy' if board.thing == 'image' else 'Accuracy'}, %"
            if board.scores is None
            else "Score"
        ),
        help="Test accuracy: mean ± standard deviation over the seeds.",
        fields=("test_accuracy_mean", "test_accuracy_sd"),
        values=lambda board, row: _spread(_in_unit(board, row.accuracy)),
        write=lambda board, row: _write_spread(board, row.accuracy),
        order="down",
    ),
    _shown(
        key="seeds",
        weight=0,
        heading="Seeds",
        help="Finished runs, each with a seed of its own; every one counts.",
        fields=("seeds_finished", "seeds_failed"),
        values=lambda board, row: (len(row.seeds), len(row.failed)),
        write=lambda board, row: f"{len(row.seeds)}{f' of {row.tried}' if row.failed else ''}",
        order="down",
    ),
    _interval(
        key="ci_seeds",
        weight=0,
        heading=lambda board: (
            f"On {formatting.these_images(board.images, board.thing)}{_unit(board)}"
        ),
        help="95% interval of the mean on these very images. Chance: seeds.",
        fields=("ci_seeds_low", "ci_seeds_high"),
        values=lambda board, row: ends(_in_scores(board, row.ci_seeds)),
        write=lambda board, row: _write_interval(board, row.ci_seeds),
    ),
    _interval(
        key="ci_population",
        heading=lambda board: f"On {board.noun} like these{_unit(board)}",
        help="95% interval of the mean on new images of this kind. Chance: seeds and images.",
        fields=("ci_population_low", "ci_population_high"),
        values=lambda board, row: ends(_in_scores(board, row.ci_population)),
        write=lambda board, row: _write_interval(board, row.ci_population),
    ),
    Column(
        key="population_groups",
        heading=lambda board: f"Groups of {board.thing}s",
        help="How many groups the test images come in, such as their writers, where it is known: "
        "new images of this kind are then new groups. Empty where single images are drawn.",
        fields=("population_groups",),
        values=lambda board, row: (row.test_groups.count if row.test_groups else None,),
        write=lambda board, row: str(row.test_groups or formatting.BLANK),
    ),
    _ranks(
        lambda row: row.rank,
        table="accuracy",
        key="rank",
        heading="Rank",
        help="The ranks that the model may have on new images of this kind: 95% for all models "
        "together.",
        fields=("rank_best", "rank_worst"),
    ),
    _ranks(
        lambda row: row.standing.marginal_rank if row.standing else None,
        key="rank_marginal",
        heading="Rank by itself",
        help="The ranks that the model may have on new images of this kind: 95% for this model "
        "alone.",
        fields=("rank_marginal_best", "rank_marginal_worst"),
    ),
    _ranks(
        lambda row: row.standing.seed_rank if row.standing else None,
        key="rank_seeds",
        heading=lambda board: f"Rank on {formatting.these_images(board.images, board.thing)}",
        help="The ranks that the model may have on these very images: 95% for all models together. "
        "Chance: seeds; empty for a single run.",
        fields=("rank_seeds_best", "rank_seeds_worst"),
    ),
    Column(
        key="best_set",
        heading="May be best",
        help="Whether the model is in the set that contains the best one on new images of this "
        "kind, at 95%.",
        fields=("best_set",),
        values=lambda board, row: (row.standing.among_best if row.standing else None,),
        write=lambda board, row: "yes" if row.standing and row.standing.among_best else BLANK,
        order="down",
        align="center",
    ),
    _shown(
        key="errors",
        heading="Errors per 10,000",
        help="Mean number of wrong predictions among 10,000 images.",
        fields=("errors_per_10000",),
        values=lambda board, row: (row.errors_per_10000 if _counts_errors(board) else None,),
        write=lambda board, row: (
            formatting.number(row.errors_per_10000, 1) if _counts_errors(board) else BLANK
        ),
        shown=lambda board: _counts_errors(board),
    ),
    _shown(
        key="loss",
        weight=0,
        heading="Test loss",
        help="Cross-entropy on the test images, nats: mean ± standard deviation.",
        fields=("test_loss_mean_nats", "test_loss_sd_nats"),
        values=lambda board, row: _spread(row.loss),
        write=lambda board, row: formatting.number_spread(row.loss, 4),
    ),
    _shown(
        key="train_test_gap",
        weight=0,
        heading="Train − test, points",
        help="Accuracy on the training images less that on the test images, percentage points.",
        fields=("train_test_gap",),
        values=lambda board, row: (row.train_test_gap,),
        write=lambda board, row: formatting.percent(row.train_test_gap, 2),
    ),
    Column(
        key="train_accuracy",
        heading="Train accuracy, %",
        help="Mean accuracy of the trained models on their training images.",
        fields=("train_accuracy_mean",),
        values=lambda board, row: (row.train_accuracy.mean if row.train_accuracy else None,),
        write=lambda board, row: formatting.percent_spread(row.train_accuracy, _decimals(board)),
        order="down",
    ),
)
