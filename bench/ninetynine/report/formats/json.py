"""JSON with everything at full precision, for programs."""

import json
from dataclasses import asdict
from typing import Any

from ninetynine.board import Board, Row
from ninetynine.board.intervals import class_accuracies
from ninetynine.report import Report
from ninetynine.report.columns import chosen_columns, columns, row_values


def render(report: Report) -> str:
    """Return the boards with rows, claims and notes; shares are of 1, units stand in the names."""
    content = {
        "boards": [_board(board, report.columns) for board in report.boards],
        "problems": [{"path": str(p.path), "reason": p.reason} for p in report.problems],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _board(board: Board, keys: tuple[str, ...]) -> dict[str, Any]:
    return {
        "dataset": board.dataset,
        "variant": board.variant,
        "protocol_version": board.key.protocol_version,
        "dataset_fingerprint": board.key.fingerprint,
        "labels_hash": board.labels_hash,
        "test_images": board.images,
        "test_image_groups": str(board.image_groups) if board.image_groups else None,
        "test_images_without_doubtful_label": board.clean_images,
        "reference": board.reference.model_dump() if board.reference else None,
        **_measure(board),
        "rows": [_row(board, row, keys) for row in board.rows],
        "claims": [asdict(claim) for claim in board.claims],
        "gaps": [asdict(gap) for gap in board.gaps],
        "not_significantly_different": [asdict(pair) for pair in board.undecided],
        "notes": list(board.notes),
    }


def _measure(board: Board) -> dict[str, Any]:
    """Return by what rows are ranked, and differences are of; accuracy goes without saying."""
    measure = board.measure
    if measure.is_accuracy:
        return {}
    unit = "share" if measure.unit == "%" else measure.unit
    return {"measure": measure.name, "measure_better": measure.better, "measure_unit": unit}


def _row(board: Board, row: Row, keys: tuple[str, ...]) -> dict[str, Any]:
    if keys:
        return dict(row_values(board, row, [columns()["name"], *chosen_columns(keys)]))
    return {
        **row_values(board, row),
        "packages": dict(row.identity.packages),
        "recipe": row.identity.recipe,
        "threads": list(row.threads),
        "seeds": list(row.seeds),
        "failed": [asdict(failed) for failed in row.failed],
        "classes": [asdict(found) for found in class_accuracies(row)],
    }
