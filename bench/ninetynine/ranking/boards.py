"""Answers -> boards: each model a row, with the statistics and the formats of any other board."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from ninetynine import __version__
from ninetynine.board import Board, GradedRun, Row, Run, ScoreRange, rank
from ninetynine.board.run import BoardKey, identity_of
from ninetynine.cells import PROTOCOL_VERSION, untrained
from ninetynine.datasets import ImageGroups
from ninetynine.datasets.dataset import numbered
from ninetynine.errors import UserError
from ninetynine.ranking.answers import Answers
from ninetynine.records import Context, Record, Score, Scores

VARIANT = "published"  # so that a row's name is the model's


def board_of(answers: Answers) -> Board:
    """Return the board of one dataset's ``answers``.

    Scores outside 0 to 1 are ranked as shares of their range, which the board gives back in their
    own unit.
    """
    values = np.concatenate([v.ravel() for v in answers.scores.values()])
    low, high = float(values.min()), float(values.max())
    if not math.isfinite(high - low):
        raise UserError(
            f"dataset {answers.dataset!r}: scores from {low:g} to {high:g} are too far apart; "
            "expected another unit"
        )
    scores = ScoreRange(low, high if high > low else low + 1) if low < 0 or high > 1 else None
    key = BoardKey(answers.dataset, False, VARIANT, PROTOCOL_VERSION, answers.fingerprint)
    groups = None if answers.groups is None else ImageGroups(numbered(answers.groups))
    rows = [_row(model, key, answers, groups, scores) for model in answers.scores]
    notes = list(answers.notes)
    if scores is not None:
        notes.append(
            f"scores lie between {low:g} and {high:g}; pictures, differences in JSON, and columns "
            "beside the score and its intervals are shares of this range"
        )
    return Board(
        key=key,
        rows=tuple(rank(rows)),
        catalog={},
        own_notes=tuple(notes),
        thing="item",
        scores=scores,
    )


def _row(
    model: str,
    key: BoardKey,
    answers: Answers,
    groups: ImageGroups | None,
    scores: ScoreRange | None,
) -> Row:
    runs = []
    found = answers.scores[model]
    for seed, values in zip(_numbers(answers.seeds[model]), found, strict=True):
        shares = values if scores is None else (values - scores.low) / (scores.high - scores.low)
        shares = np.clip(shares, 0.0, 1.0)
        graded = shares == 1 if answers.is_binary else shares
        labels = np.zeros(len(shares), dtype=np.uint16)
        record = _record(model, key, seed, float(shares.mean()))
        run = Run(
            record,
            read=lambda: None,
            read_groups=lambda: groups,
            graded=GradedRun(graded, labels, key.fingerprint[:16]),
        )
        runs.append(run)
    return Row.of(model, identity_of(runs[0].record), key, runs)


def _record(model: str, key: BoardKey, seed: int, accuracy: float) -> Record:
    identity = untrained(
        architecture=model, dataset=key.dataset, dataset_fingerprint=key.fingerprint, seed=seed
    )
    return Record(
        kind="external",
        key=identity.key,
        status="finished",
        cell=identity,
        context=Context(
            suite="rank",
            variant=VARIANT,
            suite_version=__version__,
            started_at=datetime.fromtimestamp(0, UTC).isoformat(timespec="seconds"),
        ),
        scores=Scores(test=Score(loss=None, accuracy=accuracy)),
    )


def _numbers(seeds: Sequence[str]) -> list[int]:
    """Return the seeds as numbers: their own, where all are such, else 0, 1, 2, ..."""
    if all(seed.isascii() and seed.isdecimal() and len(seed) < 10 for seed in seeds):
        numbers = [int(seed) for seed in seeds]
        if len(set(numbers)) == len(numbers):
            return numbers
    return list(range(len(seeds)))
