"""A board's rows suite by suite, ranked among themselves, and all of them together."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ninetynine import datasets
from ninetynine.board.boards import Board, is_on, rank
from ninetynine.board.row import Row
from ninetynine.suite import Suite, built_in, load


@dataclass(frozen=True, eq=False)
class View:
    """The rows of a board that a suite is made of; ``name`` is None for all rows of the board.

    ``suite`` is None where no file of that name is at hand.
    """

    name: str | None
    board: Board
    suite: Suite | None = None
    suites_of: Mapping[str, tuple[str, ...]] | None = None  # row's name -> suites it is in


def known_suites(own: Suite) -> dict[str, Suite]:
    """Return the suites that come with the package and ``own``, by name."""
    return {name: load(name) for name in built_in()} | {own.name: own}


def views(board: Board, suites: Mapping[str, Suite]) -> list[View]:
    """Return a view for each suite that has asked for runs of ``board``, then that of all rows.

    The suite with a reference comes first, then the ones with most rungs.  Where one suite is all
    there is, its view is the only one.
    """
    members = _members(board, suites)
    suites_of = {
        row.name: tuple(name for name, rows in members.items() if row in rows) for row in board.rows
    }
    found = [
        View(name, _ranked(board, rows), suites.get(name), suites_of)
        for name, rows in members.items()
    ]
    if len(found) == 1 and len(found[0].board.rows) == len(board.rows):
        return found
    return [*found, View(None, board, None, suites_of)]


def of_suite(board: Board, name: str, suites: Mapping[str, Suite]) -> Board | None:
    """Return ``board`` with the rows of suite ``name`` alone, ranked anew; None without any."""
    rows = _members(board, suites).get(name)
    return None if rows is None else replace(_ranked(board, rows), suite=name)


def _members(board: Board, suites: Mapping[str, Suite]) -> dict[str, list[Row]]:
    """Return the rows of each suite, by its name and in the order of the views."""
    if board.key.not_published:  # its recipe is one suite's, whoever trained a row first
        return {board.variant: list(board.rows)}
    asked = {row.name: {r.context.suite for r in row.records} for row in board.rows}
    found = {}
    for name in sorted(set().union(*asked.values()), key=lambda name: _place(suites.get(name))):
        suite = suites.get(name)
        rungs = suite.rungs if suite is not None and _is_about(suite, board) else ()
        found[name] = [
            row
            for row in board.rows
            if name in asked[row.name] or any(is_on(rung, row.identity) for rung in rungs)
        ]
    return found


def _is_about(suite: Suite, board: Board) -> bool:
    here = (board.dataset, board.variant)
    return (datasets.called(suite.dataset), suite.variant) == here


def _place(suite: Suite | None) -> tuple[bool, bool, int, str]:
    if suite is None:
        return True, True, 0, ""
    return False, suite.reference is None, -len(suite.rungs), suite.name


def _ranked(board: Board, rows: Iterable[Row]) -> Board:
    chosen = list(rows)
    if len(chosen) == len(board.rows):
        return board
    return replace(board, rows=tuple(rank([copy.copy(row) for row in chosen], board.measure)))
