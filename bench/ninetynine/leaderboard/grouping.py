"""Which board a record belongs on, and when it belongs on two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ninetynine.catalog import Architecture
from ninetynine.leaderboard.claims import has_published_recipe
from ninetynine.leaderboard.rows import identity_of
from ninetynine.records import Record

PUBLISHED = "published"


@dataclass(frozen=True, order=True)
class BoardKey:
    """What the records of one board share, in the order in which boards are shown."""

    dataset: str
    not_published: bool  # so that the published recipes come first
    variant: str
    protocol_version: int
    fingerprint: str


def by_board(
    records: Iterable[Record], catalog: Mapping[str, Architecture], variant: str | None
) -> dict[BoardKey, list[Record]]:
    """Return the records of each board, sorted, so that their order on disk cannot matter."""
    boards: dict[BoardKey, list[Record]] = {}
    unique = {record.key: record for record in records}
    for record in sorted(unique.values(), key=lambda r: (r.cell.architecture, r.cell.seed, r.key)):
        name = variant or record.context.variant
        boards.setdefault(_board_key(record, name), []).append(record)
        if variant is None and name != PUBLISHED and _is_as_published(record, catalog):
            boards.setdefault(_board_key(record, PUBLISHED), []).append(record)
    if variant is None:
        _share_common_recipes(boards)
    return boards


def _board_key(record: Record, variant: str) -> BoardKey:
    cell = record.cell
    return BoardKey(
        cell.dataset,
        variant != PUBLISHED,
        variant,
        cell.protocol_version,
        cell.dataset_fingerprint,
    )


def _is_as_published(record: Record, catalog: Mapping[str, Architecture]) -> bool:
    architecture = catalog.get(record.cell.architecture)
    return architecture is not None and has_published_recipe(identity_of(record), architecture)


def _share_common_recipes(boards: dict[BoardKey, list[Record]]) -> None:
    """Add to a board of one common recipe what another suite recorded under that very recipe.

    A cell that two suites ask for is trained once and carries the first one's label; without
    this it would be missing from the second one's board.
    """
    for key, members in boards.items():
        trained = [record for record in members if record.kind != "ensemble"]
        recipes = {identity_of(record).recipe_json for record in trained}
        models = {record.cell.architecture for record in trained}
        if not key.not_published or len(recipes) != 1 or len(models) < 2:
            continue
        found = {record.key: record for record in members}
        for other, candidates in boards.items():
            if replace(other, variant=key.variant, not_published=True) == key:
                found |= {r.key: r for r in candidates if identity_of(r).recipe_json in recipes}
        boards[key] = list(found.values())
