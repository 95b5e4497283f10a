"""What two sides must share to be compared, and what else differs between them."""

from collections.abc import Callable
from typing import Any

from ninetynine.board import Row
from ninetynine.cells import CellIdentity
from ninetynine.recipe import Recipe

# A change of these is what a check is there to judge; of the others it could not be told apart.
_UNDER_TEST = (
    "source_hash",
    "inputs",
    "arguments",
    "packages",
    "loop_revision",
    "threads",
    "device",
    "deterministic",
)


def obstacles(
    baseline: CellIdentity,
    new: CellIdentity,
    allow_recipe_change: bool = False,
    allow_data_change: bool = False,
    same_test: bool | None = None,
) -> list[str]:
    """Return why the two cannot be compared, one clause each; empty where they can be.

    ``same_test`` says whether the test part of other data is the same, None where nobody knows.
    """
    found = []
    if not same_data(baseline, new) and not (allow_data_change and same_test):
        found.append(_other_data(baseline, new) + _about_test(allow_data_change, same_test))
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


def same_data(baseline: CellIdentity, new: CellIdentity) -> bool:
    """Whether both are of one dataset, all its parts the same."""
    one, other = ((c.dataset, c.dataset_fingerprint) for c in (baseline, new))
    return one == other


def same_test_part(
    baseline: Row, new: CellIdentity, fingerprint: Callable[[], str] | None
) -> bool | None:
    """Whether the runs of ``baseline`` were tested on a test part of this ``fingerprint``.

    None where the data are the same as a whole, or where the records do not tell.
    """
    recorded = {run.record.test_fingerprint for run in baseline.runs}
    if fingerprint is None or same_data(baseline.cell, new) or None in recorded or not recorded:
        return None
    return recorded == {fingerprint()}


def _other_data(baseline: CellIdentity, new: CellIdentity) -> str:
    if baseline.dataset != new.dataset:
        return f"the baseline is on {baseline.dataset}, this check on {new.dataset}"
    return (
        f"the data of {new.dataset} differ (fingerprint {new.dataset_fingerprint[:8]}, "
        f"{baseline.dataset_fingerprint[:8]} in the baseline)"
    )


def _about_test(allowed: bool, same: bool | None) -> str:
    if same is None:
        return (
            ", and the baseline's records cannot show that the test images are the same: update it "
            "with bench baseline update"
            if allowed
            else ""
        )
    if same:
        return ", the test images are the same (--allow-data-change compares anyway)"
    return ", the test images too"


def changes(baseline: CellIdentity, new: CellIdentity) -> tuple[str, ...]:
    """Return what differs and is under test: code, arguments, versions, threads, data, recipe."""
    found = []
    for field in _UNDER_TEST:
        old, now = getattr(baseline, field), getattr(new, field)
        if old == now:
            continue
        if field == "source_hash":
            found.append("the architecture's code")
        elif field == "inputs":
            names = sorted(n for n in old.keys() | now.keys() if old.get(n) != now.get(n))
            found.append(f"what it reads ({', '.join(names)})")
        elif isinstance(old, dict):
            found += _changed(old, now)
        else:
            found.append(f"{field} {old} → {now}")
    if not same_data(baseline, new):
        old, now = ((c.dataset, c.dataset_fingerprint[:8]) for c in (baseline, new))
        found.append(f"the training data: {' '.join(old)} → {' '.join(now)}")
    if baseline.at_once != new.at_once:
        found.append(f"seeds at once {baseline.at_once} → {new.at_once}")
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
