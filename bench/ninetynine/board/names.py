"""What a row is called: its architecture's name, with what differs where several rows share it."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from ninetynine.board.run import RowIdentity
from ninetynine.grouping import grouped

_LONGEST_DIFFERENCE = 48  # characters of recipe in a name before a hash takes its place


def row_names(identities: Iterable[RowIdentity]) -> dict[RowIdentity, str]:
    """Return each row's name: its architecture's, with what differs where several rows share it."""
    names: dict[RowIdentity, str] = {}
    for architecture, rows in grouped((one.architecture, one) for one in identities).items():
        for row in rows:
            difference = ", ".join(_differences(row, rows))
            names[row] = f"{architecture} [{difference}]" if len(rows) > 1 else architecture
    return names


def _differences(row: RowIdentity, rows: Sequence[RowIdentity]) -> list[str]:
    """Return, in words, what sets ``row`` apart from the others of its architecture."""

    def varies(field: str) -> bool:
        return len({getattr(other, field) for other in rows}) > 1

    versions: dict[str, set[str]] = {}
    for package, version in (pair for other in rows for pair in other.packages):
        versions.setdefault(package, set()).add(version)
    plain = [str(getattr(row, f)) for f in ("kind", "precision", "backend", "device") if varies(f)]
    flag = "deterministic" if row.deterministic else "not deterministic"
    return [
        *plain,
        *([f"{row.at_once} seeds at once"] if varies("at_once") and row.at_once > 1 else []),
        *([flag] if varies("deterministic") else []),
        *(f"{name} {version}" for name, version in row.packages if len(versions[name]) > 1),
        *(_recipe_differences(row, rows) if varies("recipe_json") else []),
        *([f"arguments {row.arguments_json}"] if varies("arguments_json") else []),
        *([f"source {row.source_hash[:7]}"] if varies("source_hash") else []),
        *([f"inputs {_short_hash(row.inputs_json)}"] if varies("inputs_json") else []),
    ]


def _recipe_differences(row: RowIdentity, rows: Sequence[RowIdentity]) -> list[str]:
    own, recipes = row.recipe, [other.recipe for other in rows]
    keys = sorted({key for recipe in recipes for key in recipe})
    varying = [k for k in keys if len({json.dumps(r.get(k), sort_keys=True) for r in recipes}) > 1]
    values = {k: v if isinstance(v, str) else json.dumps(v, sort_keys=True) for k, v in own.items()}
    text = ", ".join(f"{key} {values.get(key, 'default')}" for key in varying)
    if len(text) <= _LONGEST_DIFFERENCE:
        return [text]
    return [f"recipe {_short_hash(row.recipe_json)}"]


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:7]
