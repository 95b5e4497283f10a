"""A board as plain numbers under explicit names: what CSV, JSON and pandas get."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ninetynine.leaderboard.model import Board, Row
from ninetynine.leaderboard.notes import seed_list

if TYPE_CHECKING:
    import pandas as pd

Value = str | int | float | bool | None


def row_numbers(board: Board, row: Row) -> dict[str, Value]:
    """Return ``row`` as one flat mapping; units stand in the names, shares are of 1."""
    return {
        "dataset": board.dataset,
        "variant": board.variant,
        "protocol_version": board.protocol_version,
        "dataset_fingerprint": board.dataset_fingerprint,
        "name": row.name,
        "band": row.band,
        "rank_best": row.rank[0] if row.rank else None,
        "rank_worst": row.rank[1] if row.rank else None,
        **_accuracy(row),
        **_on_mnist(board, row),
        "parameters": row.parameters,
        "multiply_adds_per_image": row.multiply_adds,
        **_time(row),
        **_identity(row),
        "seeds": seed_list(row.seeds),
        "failed_seeds": seed_list(failed.seed for failed in row.failed),
        "failures": "; ".join(sorted({f"{f.kind}: {f.reason}" for f in row.failed})),
    }


def frame(boards: Iterable[Board]) -> "pd.DataFrame":
    """Return all rows of ``boards`` as one pandas DataFrame with the names of `row_numbers`."""
    import pandas as pd  # takes a second to import, which the command line does not want to pay

    return pd.DataFrame([row_numbers(board, row) for board in boards for row in board.rows])


def _accuracy(row: Row) -> dict[str, Value]:
    accuracy, loss = row.accuracy, row.loss
    these, like_these = row.these_images, row.digits_like_these
    return {
        "test_accuracy_mean": accuracy.mean if accuracy else None,
        "test_accuracy_sd": accuracy.sd if accuracy else None,
        "seeds_finished": len(row.seeds),
        "seeds_failed": len(row.failed),
        "these_images_low": these.low if these else None,
        "these_images_high": these.high if these else None,
        "digits_like_these_low": like_these.low if like_these else None,
        "digits_like_these_high": like_these.high if like_these else None,
        "errors_per_10000": row.errors_per_10000,
        "test_loss_mean_nats": loss.mean if loss else None,
        "test_loss_sd_nats": loss.sd if loss else None,
        "train_accuracy_mean": row.train_accuracy.mean if row.train_accuracy else None,
        "train_test_gap": row.train_test_gap,
        "watches_test_set": row.identity.watches_test_set,
    }


def _on_mnist(board: Board, row: Row) -> dict[str, Value]:
    way = next((found for found in board.way if found.row == row.name), None)
    return {
        "way_from_9906_to_9979": way.share if way else None,
        "clean_accuracy_mean": way.clean.mean if way and way.clean else None,
        "clean_accuracy_sd": way.clean.sd if way and way.clean else None,
    }


def _time(row: Row) -> dict[str, Value]:
    timed = row.timed
    return {
        "train_seconds_median": timed.train_seconds_median if timed else None,
        "train_seconds_runs": timed.runs if timed else 0,
        "machine_fingerprint": timed.fingerprint if timed else None,
        "hardware": timed.hardware if timed else None,
        "threads": ", ".join(map(str, row.threads)),
    }


def _identity(row: Row) -> dict[str, Value]:
    identity = row.identity
    return {
        "architecture": identity.architecture,
        "kind": identity.kind,
        "backend": identity.backend,
        "precision": identity.precision,
        "device": identity.device,
        "deterministic": identity.deterministic,
        "packages": " ".join(f"{name} {version}" for name, version in identity.packages),
        "recipe": identity.recipe_json,
        "source_hash": identity.source_hash,
    }
