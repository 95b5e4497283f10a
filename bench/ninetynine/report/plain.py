"""Boards for programs: JSON with everything at full precision, CSV with one line per row."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ninetynine.leaderboard import Board, Row, row_numbers
from ninetynine.records import Problem


def render_json(boards: Sequence[Board], problems: Sequence[Problem] = ()) -> str:
    """Return the boards with rows, claims and notes; shares are of 1, units stand in the names."""
    content = {
        "boards": [_board(board) for board in boards],
        "problems": [{"path": str(p.path), "reason": p.reason} for p in problems],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def render_csv(boards: Sequence[Board]) -> str:
    """Return every row of every board, with the names of `ninetynine.leaderboard.row_numbers`."""
    lines = [row_numbers(board, row) for board in boards for row in board.rows]
    if not lines:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _board(board: Board) -> dict[str, Any]:
    return {
        "dataset": board.dataset,
        "variant": board.variant,
        "protocol_version": board.protocol_version,
        "dataset_fingerprint": board.dataset_fingerprint,
        "labels_hash": board.labels_hash,
        "test_images": board.images,
        "test_images_without_doubtful_label": board.clean_images,
        "rows": [_row(board, row) for row in board.rows],
        "claims": [asdict(claim) for claim in board.claims],
        "way_to_9979": [asdict(way) for way in board.way],
        "not_told_apart": [asdict(pair) for pair in board.undecided],
        "notes": list(board.notes),
    }


def _row(board: Board, row: Row) -> dict[str, Any]:
    """Return the flat row, with structure where JSON has it and CSV does not."""
    return {
        **row_numbers(board, row),
        "packages": dict(row.identity.packages),
        "recipe": row.identity.recipe,
        "threads": list(row.threads),
        "seeds": list(row.seeds),
        "failed": [asdict(failed) for failed in row.failed],
    }
