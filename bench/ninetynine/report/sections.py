"""A board -> its section of a document."""

from collections.abc import Callable, Sequence

from ninetynine.board import Board
from ninetynine.report import formatting
from ninetynine.report.claims import claims_table
from ninetynine.report.document import Section, Table
from ninetynine.report.tables import (
    accuracy_table,
    chosen_table,
    cost_table,
    gap_table,
    undecided_table,
)

_TABLES: tuple[Callable[[Board], Table | None], ...] = (
    accuracy_table,
    undecided_table,
    claims_table,
    gap_table,
    cost_table,
)


def section(board: Board, columns: Sequence[str] = ()) -> Section:
    """Return all tables of ``board`` that have something to say, or one of the ``columns``."""
    makers = [lambda board: chosen_table(board, columns)] if columns else _TABLES
    tables = [table for make in makers if (table := make(board)) is not None]
    return Section(title(board), introduction(board), tuple(tables), board.notes)


def title(board: Board) -> str:
    """Return the board's heading: its dataset and whose recipes its rows follow."""
    recipes = "recipes as published" if board.variant == "published" else f"suite {board.variant}"
    labels = f", test labels {board.labels_hash[:8]}" if board.labels_hash else ""
    return f"{board.dataset}: {recipes}{labels}"


def introduction(board: Board) -> str:
    """Return what was measured on what, in one line."""
    tried = sum(row.tried for row in board.rows)
    parts = [formatting.count(tried, "run")]
    if board.images is not None:
        parts.append(formatting.count(board.images, "test image"))
    recipe = _common_recipe(board)
    if recipe:
        parts.append(f"one recipe for all ({recipe})")
    parts += [f"dataset {board.dataset_fingerprint[:8]}", f"protocol {board.protocol_version}"]
    return "; ".join(parts) + "."


def _common_recipe(board: Board) -> str:
    trained = [row for row in board.rows if row.identity.kind != "ensemble"]
    recipes = {row.identity.recipe_json for row in trained}
    if len(trained) < 2 or len(recipes) != 1:
        return ""
    recipe = trained[0].identity.recipe
    return ", ".join(f"{key} {_recipe_value(recipe[key])}" for key in sorted(recipe))


def _recipe_value(value: object) -> str:
    if isinstance(value, dict):
        name = str(value.get("name", ""))
        rest = " ".join(f"{k}={_recipe_value(v)}" for k, v in value.items() if k != "name")
        return f"{name} {rest}".strip()
    return str(value)
