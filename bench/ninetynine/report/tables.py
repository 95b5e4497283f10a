"""The tables of a board: accuracy, what is undecided, cost, or the columns that were asked for."""

from collections.abc import Sequence
from itertools import pairwise

from ninetynine.board import Board, Row, Undecided
from ninetynine.report import formatting
from ninetynine.report.columns import Column, chosen_columns, columns, table_columns
from ninetynine.report.columns.identity import VOTES, WATCHES, votes
from ninetynine.report.document import Heading, Table


def accuracy_table(board: Board) -> Table:
    """Return the ranking: mean, both intervals, rank and significance group."""
    lead = [columns()["group"], columns()["name"]]
    return Table(
        title="Accuracy",
        columns=_headings(board, found := [*lead, *table_columns("accuracy", board)]),
        rows=_cells(board, found),
        footnotes=_accuracy_footnotes(board),
        groups=tuple(row.groups for row in board.rows),
        rules=frozenset(
            i for i, (a, b) in enumerate(pairwise(board.rows)) if not set(a.groups) & set(b.groups)
        ),
    )


def cost_table(board: Board) -> Table:
    """Return what each model costs: parameters, multiply-adds, training time."""
    found = [columns()["name"], *table_columns("cost", board), columns()["trained_on"]]
    return Table(
        title="Cost",
        columns=_headings(board, found),
        rows=_cells(board, found),
        footnotes=_cost_footnotes(board.rows),
    )


def chosen_table(board: Board, keys: Sequence[str]) -> Table:
    """Return the columns called ``keys``, after the name, with what each means below.

    Raises UserError where there is no such column.
    """
    asked = [column for column in chosen_columns(keys) if column.key != "name"]
    found = [columns()["name"], *asked]
    meanings = tuple(f"{column.heading_of(board)}: {column.help}" for column in asked)
    return Table("Columns", _headings(board, found), _cells(board, found), meanings)


def gap_table(board: Board) -> Table | None:
    """Return how far each model has come from the reference's start to its goal."""
    if board.reference is None or not board.gaps:
        return None
    found = [columns()["name"], *table_columns("gap", board)]
    rows = [row for row in board.rows if board.gap_of(row) is not None]
    goal = formatting.shortest_percent(board.reference.goal.accuracy)
    return Table(
        title=f"The way to {goal}%",
        columns=_headings(board, found),
        rows=_cells(board, found, rows, marks=False),
        footnotes=(_gap_footnote(board),),
    )


def _gap_footnote(board: Board) -> str:
    assert board.reference is not None
    note = board.reference.goal.note or f"The goal is {board.reference.goal.name}."
    return (
        f"{note} The comparison treats two error counts as unpaired samples (95% interval after "
        "Newcombe, Fisher's exact p), which is cautious."
    )


def _headings(board: Board, found: Sequence[Column]) -> tuple[Heading, ...]:
    return tuple(Heading(c.heading_of(board), c.align, c.is_name) for c in found)


def _cells(
    board: Board,
    found: Sequence[Column],
    rows: Sequence[Row] | None = None,
    marks: bool = True,
) -> tuple[tuple[str, ...], ...]:
    def write(column: Column, row: Row) -> str:
        return row.name if column.is_name and not marks else column.write(board, row)

    return tuple(
        tuple(write(column, row) for column in found)
        for row in (board.rows if rows is None else rows)
    )


def _accuracy_footnotes(board: Board) -> tuple[str, ...]:
    notes = [
        "Test accuracy and loss are mean ± SD over seeds. The first 95% interval says where the "
        "mean lies for these very images (chance: seeds), the second for new ones of their kind "
        "(chance: seeds and images). Models that share a letter of their groups are not "
        "significantly different; the rank is an interval (95%, all pairs, Holm)."
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


def _cost_footnotes(rows: Sequence[Row]) -> tuple[str, ...]:
    hardware = sorted({row.time.hardware for row in rows if row.time})
    if not hardware:
        return ("No run had its cores to itself, so there is no training time to show.",)
    return (
        "Train seconds: median over the runs that had their cores to themselves, without "
        f"compiling and evaluation, on {'; '.join(hardware)}.",
    )


def undecided_table(board: Board) -> Table | None:
    """Return the neighbors that are not significantly different, and what would decide them."""
    if not board.undecided:
        return None
    headings = (
        Heading("Model", "left", is_name=True),
        Heading("and the next", "left", is_name=True),
        Heading("Difference, points"),
        Heading("95% interval", "center"),
        Heading("Could have shown"),
        Heading("Would decide", "left"),
    )
    return Table(
        title="Neighbors that are not significantly different",
        columns=headings,
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
        formatting.percent(found.difference, 2),
        formatting.percent_interval(found.interval, 2),
        formatting.percent(found.minimum_detectable_difference, 2),
        _would_decide(pair),
    )


def _would_decide(pair: Undecided) -> str:
    found = pair.comparison
    if found.verdict in ("better", "worse"):
        return "different as a pair, not with all pairs in mind"
    if found.to_decide is None:
        return f"settled: {formatting.percent(found.margin, 1)} points would have shown"
    if found.to_decide.seeds is not None:
        return formatting.count(found.to_decide.seeds, "seed") + " each"
    if found.to_decide.images is not None:
        return f"not seeds: {formatting.count(found.to_decide.images, 'test image')}"
    return "more than one seed" if found.to_decide.limited_by == "single runs" else "more of both"


def plain_table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Return ``rows`` under ``headers`` as plain text, for what is no board."""
    from tabulate import tabulate

    return str(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))
