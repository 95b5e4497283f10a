"""Tables of votes for docs/gpu.md: of each row of seeds together, and of the suite `views`."""

from collections.abc import Sequence

import numpy as np
from gpu_records import BF16, VIEWS, Found, Runs, in_order, markdown
from ninetynine.report.formatting import three_digits


def votes(found: Found) -> str:
    """Return the vote that a minute of the card gives, and votes of five, of each row."""
    rows = []
    for runs in in_order(found):
        if runs.together == 1:
            continue
        members, accuracy = found.vote(runs, 60)
        spent = members * runs.typical
        fives = 100 * found.votes_of([runs], 5)
        row = [f"`{runs.architecture}`", runs.precision, str(members), three_digits(spent)]
        row += [f"{100 * accuracy:.2f}", f"{100 * float(runs.accuracies.mean()):.2f}"]
        rows.append([*row, f"{_spread(fives)} ({len(fives)})"])
    headings = [
        *("Votes of", "Precision", "Members", "Seconds", "Accuracy, %", "One alone, %"),
        "Votes of five, % (replicates)",
    ]
    said = (
        "The vote that a minute of the card gives: the first seeds of each row of seeds together, "
        "as many as were trained in 60 s or as there are, by the mean of their probabilities. "
        "Which is the best is not chosen here: that would be a choice by the test images. That "
        "vote is one, and says nothing of chance; the last column has votes of five, each with "
        "seeds of its own, mean ± SD."
    )
    return f"{said}\n\n{markdown(headings, rows)}"


def _spread(values: np.ndarray) -> str:
    """Return mean ± SD of percentages; of one value the value."""
    mean = f"{values.mean():.2f}"
    return f"{mean} ± {values.std(ddof=1):.2f}" if len(values) > 1 else mean


def _ballots(found: Found, runs: Sequence[Runs], size: int) -> list[list[str]]:
    """Return rows of each view alone, and of votes that cost the same, of one view and of all."""
    rows = [
        [f"`{one.architecture}` alone", "1", _spread(100 * one.accuracies), f"{len(one.records)}"]
        for one in runs
    ]
    for members, kinds, title in (
        (len(runs), runs[:1], f"`{VIEWS[0]}`"),
        (1, runs, "one of each view"),
        (len(runs) * size, runs[:1], f"`{VIEWS[0]}`"),
        (size, runs, f"{size} of each view"),
    ):
        votes = 100 * found.votes_of(kinds, members)
        if len(votes):
            rows.append([title, f"{members * len(kinds)}", _spread(votes), f"{len(votes)}"])
    return rows


_BALLOT_HEADINGS = ["", "Members", "Accuracy, %", "Replicates"]


def views(found: Found) -> str:
    """Return votes of one network shown digits in several views; nothing where one is missing."""
    runs = [one for name in VIEWS if (one := found.of(name, BF16, 20)) is not None]
    if len(runs) < len(VIEWS):
        return ""
    said = (
        "Digits as they are, upright, upright and narrow, and upright and wide (the suite "
        "`views`), and votes of them, mean ± SD over votes with seeds of their own. The widths and "
        "the sizes of the votes were set before anything was trained:"
    )
    return f"{said}\n\n{markdown(_BALLOT_HEADINGS, _ballots(found, runs, 5))}"


def on_folds(found: Found) -> str:
    """Return the same votes on each fold of the training images that was trained on."""
    parts = []
    for fold, by_name in sorted(found.on_folds.items()):
        runs = [one for name in VIEWS if (one := by_name.get((name, BF16, 5))) is not None]
        if len(runs) == len(VIEWS):
            rows = markdown(_BALLOT_HEADINGS, _ballots(found, runs, 1))
            parts.append(f"The same on `{fold}`, which has training images alone:\n\n{rows}")
    return "\n\n".join(parts)
