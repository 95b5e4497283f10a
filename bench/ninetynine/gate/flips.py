"""Test images that are answered rightly less often than before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ninetynine.board import Run
from ninetynine.gate.verdict import FlippedImage

_SHOWN_FLIPS = 20


def correct_of(runs: Sequence[Run]) -> NDArray[np.bool_] | None:
    """Return which answers are right, bool (n, m), or None where a run has no predictions."""
    rows = [run.predictions.correct for run in runs if run.predictions is not None]
    return np.stack(rows) if rows and len(rows) == len(runs) else None


def flipped_images(before: Sequence[Run], now: Sequence[Run]) -> tuple[FlippedImage, ...]:
    """Return the images whose share of right answers fell most, the largest fall first."""
    old, new = correct_of(before), correct_of(now)
    if old is None or new is None:
        return ()
    right_before, right_now = old.mean(axis=0), new.mean(axis=0)
    fall = right_before - right_now
    order = np.argsort(-fall, kind="stable")[:_SHOWN_FLIPS]
    return tuple(
        FlippedImage(
            index=int(i),
            label=_label(now[0], int(i)),
            right_before=float(right_before[i]),
            right_now=float(right_now[i]),
            answer_now=_wrong_answer(now, int(i)),
        )
        for i in order
        if fall[i] > 0
    )


def _label(run: Run, index: int) -> int:
    assert run.predictions is not None
    return int(run.predictions.labels[index])


def _wrong_answer(runs: Sequence[Run], index: int) -> int:
    label = _label(runs[0], index)
    given = [
        int(run.predictions.probabilities[index].argmax())
        for run in runs
        if run.predictions is not None
    ]
    return int(np.bincount([answer for answer in given if answer != label]).argmax())
