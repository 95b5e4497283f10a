"""The tables of a leaderboard: accuracy, what is undecided, cost."""

from collections.abc import Sequence
from itertools import pairwise

from ninetynine.leaderboard import Board, Row, Undecided
from ninetynine.report import text
from ninetynine.report.document import Column, Table
from ninetynine.report.text import BLANK

WATCHES = "†"
VOTES = "‡"


def accuracy_table(board: Board) -> Table:
    """Return the ranking: mean, both intervals, rank and band."""
    decimals = text.percent_decimals(board.images)
    these = f"these {board.images:,}" if board.images else "these"
    kind = "digits" if board.dataset in ("mnist", "digits") else "images"
    columns = (
        Column("Band", "center"),
        Column("Model", "left", is_name=True),
        Column("Test accuracy, %"),
        Column("Seeds"),
        Column(f"On {these} images, %", "center"),
        Column(f"On {kind} like these, %", "center"),
        Column("Rank", "center"),
        Column("Errors per 10,000"),
        Column("Test loss"),
        Column("Train − test, points"),
    )
    rows = board.rows
    return Table(
        title="Accuracy",
        columns=columns,
        rows=tuple(_accuracy_cells(row, decimals) for row in rows),
        footnotes=_accuracy_footnotes(board),
        bands=tuple(row.band for row in rows),
        rules=frozenset(
            i for i, (a, b) in enumerate(pairwise(rows)) if not set(a.band) & set(b.band)
        ),
    )


def _accuracy_cells(row: Row, decimals: int) -> tuple[str, ...]:
    finished = str(len(row.seeds)) if not row.failed else f"{len(row.seeds)} of {row.tried}"
    return (
        row.band,
        marked(row),
        text.percent_spread(row.accuracy, decimals),
        finished,
        text.percent_interval(row.these_images, decimals),
        text.percent_interval(row.digits_like_these, decimals),
        text.ranks(row.rank),
        text.number(row.errors_per_10000, 1),
        text.number_spread(row.loss, 4),
        text.percent(row.train_test_gap, 2),
    )


def marked(row: Row) -> str:
    """Return the row's name with the marks that footnotes explain."""
    watches = WATCHES if row.identity.watches_test_set else ""
    return row.name + watches + (VOTES if row.identity.kind == "ensemble" else "")


def votes(row: Row) -> str:
    """Return who votes in the row of an ensemble."""
    recipe = row.identity.recipe
    return f"a vote of {recipe['size']} seeds of {' and '.join(recipe['members'])}"


def _accuracy_footnotes(board: Board) -> tuple[str, ...]:
    notes = [
        "Test accuracy and loss are mean ± SD over seeds. The first 95% interval says where the "
        "mean lies for these very images (chance: seeds), the second for new ones of their kind "
        "(chance: seeds and images). Models that share a band letter cannot be told apart; the "
        "rank is an interval (95%, all pairs, Holm)."
    ]
    if any(row.identity.watches_test_set for row in board.rows):
        notes.append(
            f"{WATCHES} watches the test set while training, as published; nothing is selected on "
            "it."
        )
    ensembles = [row for row in board.rows if row.identity.kind == "ensemble"]
    if ensembles:
        of = "; ".join(f"{row.name} is {votes(row)}" for row in ensembles)
        notes.append(
            f"{VOTES} votes: the mean of the probabilities of several runs. Its seeds are "
            f"replicates on disjoint seeds, and its costs the sums of its members'. {of}."
        )
    return tuple(notes)


def cost_table(board: Board) -> Table:
    """Return what each model costs: parameters, multiply-adds, training time."""
    columns = (
        Column("Model", "left", is_name=True),
        Column("Parameters"),
        Column("Multiply-adds per image"),
        Column("Train seconds"),
        Column("Runs timed"),
        Column("Trained on", "left"),
    )
    return Table(
        title="Cost",
        columns=columns,
        rows=tuple(_cost_cells(row) for row in board.rows),
        footnotes=_cost_footnotes(board.rows),
    )


def _cost_cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        BLANK if row.parameters is None else f"{row.parameters:,}",
        text.magnitude(row.multiply_adds),
        text.three_digits(row.timed.train_seconds_median if row.timed else None),
        str(row.timed.runs) if row.timed else BLANK,
        _trained_on(row),
    )


def _trained_on(row: Row) -> str:
    if row.identity.kind == "external":
        return "elsewhere"
    threads = "/".join(map(str, row.threads))
    device = f"{row.identity.device}, {threads} thread{'' if threads == '1' else 's'}"
    parts = [device if threads else row.identity.device, row.identity.precision]
    return ", ".join([*parts, row.identity.backend])


def _cost_footnotes(rows: Sequence[Row]) -> tuple[str, ...]:
    hardware = sorted({row.timed.hardware for row in rows if row.timed})
    if not hardware:
        return ("No run had its cores to itself, so there is no training time to show.",)
    return (
        "Train seconds: median over the runs that had their cores to themselves, without "
        f"compiling and evaluation, on {'; '.join(hardware)}.",
    )


def undecided_table(board: Board) -> Table | None:
    """Return the neighbours that cannot be told apart, and what would decide them."""
    if not board.undecided:
        return None
    columns = (
        Column("Model", "left", is_name=True),
        Column("and the next", "left", is_name=True),
        Column("Difference, points"),
        Column("95% interval", "center"),
        Column("Could have shown"),
        Column("Would decide", "left"),
    )
    return Table(
        title="Neighbours that cannot be told apart",
        columns=columns,
        rows=tuple(_undecided_cells(pair) for pair in board.undecided),
        footnotes=(
            "Could have shown: the smallest true difference, in points, that these seeds and "
            "images had an 80% chance to show.",
        ),
    )


def _undecided_cells(pair: Undecided) -> tuple[str, ...]:
    found = pair.comparison
    return (
        pair.upper,
        pair.lower,
        text.percent(found.difference, 2),
        text.percent_interval(found.interval, 2),
        text.percent(found.minimum_detectable_difference, 2),
        _would_decide(pair),
    )


def _would_decide(pair: Undecided) -> str:
    found = pair.comparison
    if found.verdict in ("better", "worse"):
        return "told apart as a pair, not with all pairs in mind"
    if found.to_decide is None:
        return f"settled: {text.percent(found.margin, 1)} points would have shown"
    if found.to_decide.seeds is not None:
        return text.count(found.to_decide.seeds, "seed") + " each"
    if found.to_decide.images is not None:
        return f"not seeds: {text.count(found.to_decide.images, 'test image')}"
    return "more than one seed" if found.to_decide.limited_by == "single runs" else "more of both"


def plain_table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Return ``rows`` under ``headers`` as plain text, for what is no leaderboard."""
    from tabulate import tabulate

    return str(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))
