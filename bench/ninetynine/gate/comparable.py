"""What two sides must share to be compared, and what else differs between them."""

from typing import Any

from ninetynine.cells import CellIdentity
from ninetynine.recipe import Recipe

# A change of these is what a check is there to judge; of the others it could not be told apart.
_UNDER_TEST = ("source_hash", "arguments", "packages", "threads", "device", "deterministic")


def obstacles(
    baseline: CellIdentity, new: CellIdentity, allow_recipe_change: bool = False
) -> list[str]:
    """Return why the two cannot be compared, one clause each; empty where they can be."""
    found = []
    if baseline.dataset != new.dataset:
        found.append(f"the baseline is on {baseline.dataset}, this check on {new.dataset}")
    elif baseline.dataset_fingerprint != new.dataset_fingerprint:
        found.append(
            f"the data of {new.dataset} differ (fingerprint {new.dataset_fingerprint[:8]}, "
            f"{baseline.dataset_fingerprint[:8]} in the baseline)"
        )
    if baseline.protocol_version != new.protocol_version:
        found.append(
            f"the measurement protocol is version {new.protocol_version}, "
            f"{baseline.protocol_version} in the baseline"
        )
    for field in ("precision", "backend"):
        old, now = getattr(baseline, field), getattr(new, field)
        if old != now:
            found.append(f"{field} is {now}, {old} in the baseline (--{field} {old})")
    if baseline.recipe != new.recipe and not allow_recipe_change:
        changed = ", ".join(recipe_changes(baseline.recipe, new.recipe))
        found.append(f"the recipe changed: {changed} (--allow-recipe-change compares anyway)")
    return found


def changes(baseline: CellIdentity, new: CellIdentity) -> tuple[str, ...]:
    """Return what differs and is under test: code, arguments, package versions, recipe, threads."""
    found = []
    for field in _UNDER_TEST:
        old, now = getattr(baseline, field), getattr(new, field)
        if old == now:
            continue
        if field == "source_hash":
            found.append("the architecture's code")
        elif isinstance(old, dict):
            found += _changed(old, now)
        else:
            found.append(f"{field} {old} → {now}")
    return (*found, *recipe_changes(baseline.recipe, new.recipe))


def recipe_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the keys in which two canonical recipes differ, defaults spelled out."""
    before = Recipe.from_canonical(old).model_dump(mode="json")
    now = Recipe.from_canonical(new).model_dump(mode="json")
    return _changed(before, now)


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    keys = sorted(old.keys() | new.keys())
    return [
        f"{key} {_text(old.get(key))} → {_text(new.get(key))}"
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} {_text(item)}" for key, item in value.items()) + "}"
    return "none" if value is None else str(value)
