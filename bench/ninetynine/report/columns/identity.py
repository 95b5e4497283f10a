"""Columns that say what a row is: its board, name, code, recipe, seeds."""

from functools import partial

from ninetynine.board import Board, Row
from ninetynine.board.notes import packages
from ninetynine.report import formatting
from ninetynine.report.columns import Column
from ninetynine.suite.seeds import seed_list

WATCHES = "†"
VOTES = "‡"


def marked(row: Row) -> str:
    """Return the row's name with the marks that footnotes explain."""
    watches = WATCHES if row.identity.watches_test_set else ""
    return row.name + watches + (VOTES if row.identity.kind == "ensemble" else "")


def votes(row: Row) -> str:
    """Return who votes in the row of an ensemble."""
    recipe = row.identity.recipe
    seeds = formatting.count(recipe["size"], "seed")
    return f"a vote of {seeds} of {' and '.join(recipe['members'])}"


def threads(row: Row) -> str:
    """Return ``2 threads``, or ``1/2 threads`` where runs differ; "" where none finished."""
    counts = "/".join(map(str, row.threads))
    return f"{counts} thread{'' if counts == '1' else 's'}" if counts else ""


def _trained_on(board: Board, row: Row) -> str:
    if row.identity.kind == "external":
        return "elsewhere"
    identity = row.identity
    beside = f"{identity.at_once} seeds at once" if identity.at_once > 1 else ""
    parts = (identity.device, threads(row), identity.precision, identity.backend, beside)
    told = f"; {_trust_in_words(row)}" if any(_trust(row)[2:]) else ""
    return ", ".join(part for part in parts if part not in ("", "unknown")) + told


def _trust(row: Row) -> tuple[int, int, int, int, int]:
    """Return how many runs were made here, packed, merged, confirmed bit for bit, contradicted.

    Nobody knows where a pack's runs were made: the file can have come from anywhere.
    """
    told = [{statement.what for statement in run.statements} for run in row.runs]
    merged, confirmed, contradicted = (
        sum(what in one for one in told) for what in ("merged", "confirmed", "contradicted")
    )
    packed = sum(
        run.packed and "merged" not in one for run, one in zip(row.runs, told, strict=True)
    )
    made_here = len(told) - merged - packed if row.identity.kind == "trained" else 0
    return made_here, packed, merged, confirmed, contradicted


def _trust_in_words(row: Row) -> str:
    made_here, packed, merged, confirmed, contradicted = _trust(row)
    other = {"external": "imported", "ensemble": "derived"}.get(row.identity.kind, "")
    counts = {"made here": made_here, "from a pack": packed, "merged": merged}
    counts |= {"confirmed": confirmed, "contradicted": contradicted}
    return ", ".join([*filter(None, [other]), *(f"{n} {what}" for what, n in counts.items() if n)])


def _failures(row: Row) -> str:
    return "; ".join(sorted({f"{failed.kind}: {failed.reason}" for failed in row.failed}))


_words = partial(Column, order="text", align="left")

COLUMNS = (
    _words(
        key="board",
        heading="Board",
        help="The dataset, the suite whose recipe holds (or published), protocol and fingerprint.",
        fields=("dataset", "variant", "protocol_version", "dataset_fingerprint"),
        values=lambda board, row: (
            board.dataset,
            board.variant,
            board.key.protocol_version,
            board.key.fingerprint,
        ),
        write=lambda board, row: f"{board.dataset}, {board.variant}",
    ),
    _words(
        key="name",
        heading="Model",
        help="The architecture, with what sets its rows apart where it has several.",
        fields=("name",),
        values=lambda board, row: (row.name,),
        write=lambda board, row: marked(row),
        is_name=True,
    ),
    _words(
        key="architecture",
        heading="Architecture",
        help="The architecture, and whether it was trained here, is a vote, or was imported.",
        fields=("architecture", "kind"),
        values=lambda board, row: (row.identity.architecture, row.identity.kind),
        write=lambda board, row: row.identity.architecture,
    ),
    _words(
        key="trained_on",
        weight=0,
        heading="Trained on",
        help="Device, threads, precision and backend, and how many seeds at once.",
        fields=("device", "threads", "precision", "backend", "deterministic"),
        values=lambda board, row: (
            row.identity.device,
            ", ".join(map(str, row.threads)),
            row.identity.precision,
            row.identity.backend,
            row.identity.deterministic,
        ),
        write=_trained_on,
    ),
    _words(
        key="trust",
        heading="Made",
        help="How many runs were made here, packed, merged or imported, and trained again.",
        fields=("made_here", "packed", "merged", "confirmed", "contradicted"),
        values=lambda board, row: _trust(row),
        write=lambda board, row: _trust_in_words(row),
    ),
    _words(
        key="packages",
        heading="Packages",
        help="Versions of the packages that computed.",
        fields=("packages",),
        values=lambda board, row: (packages(row),),
        write=lambda board, row: packages(row),
    ),
    _words(
        key="recipe",
        heading="Recipe",
        help="What differs from the vocabulary's defaults, as JSON.",
        fields=("recipe", "watches_test_set"),
        values=lambda board, row: (row.identity.recipe_json, row.identity.watches_test_set),
        write=lambda board, row: formatting.recipe(row.identity.recipe),
    ),
    _words(
        key="source",
        heading="Source",
        help="Hash of the architecture's code.",
        fields=("source_hash",),
        values=lambda board, row: (row.identity.source_hash,),
        write=lambda board, row: row.identity.source_hash[:12],
    ),
    _words(
        key="dataset_revision",
        heading="Data revision",
        help="Revision of a set of Hugging Face's, version of one of tensorflow-datasets.",
        fields=("dataset_revision",),
        values=lambda board, row: (", ".join(row.dataset_revisions) or None,),
        write=lambda board, row: ", ".join(row.dataset_revisions),
    ),
    Column(
        key="seed_list",
        heading="Seeds run",
        help="Which seeds finished.",
        fields=("seeds",),
        values=lambda board, row: (seed_list(row.seeds),),
        write=lambda board, row: seed_list(row.seeds),
        order="text",
    ),
    _words(
        key="failures",
        heading="Failures",
        help="Which seeds failed, and why.",
        fields=("failed_seeds", "failures"),
        values=lambda board, row: (seed_list(f.seed for f in row.failed), _failures(row)),
        write=lambda board, row: _failures(row),
    ),
)
