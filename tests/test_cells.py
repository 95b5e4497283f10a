"""The key of a cell: everything that can change its numbers, and nothing else."""

import json

import pytest
from ninetynine.cells import (
    Cell,
    CellIdentity,
    Together,
    by_task,
    canonical_hash,
    differing_fields,
    trained_together,
)
from pydantic import ValidationError
from record_builders import PACKAGES, make_identity

OTHER = {
    "protocol_version": 2,
    "loop_revision": 2,
    "architecture": "other",
    "source_hash": "6" * 64,
    "recipe": {"batch_size": 64, "epochs": 5, "optimizer": {"name": "adam"}},
    "arguments": {"units": 64},
    "inputs": {"file width.json": "7" * 64},
    "dataset": "fashion_mnist",
    "dataset_fingerprint": "e" * 64,
    "seed": 1,
    "backend": "jax",
    "packages": {**PACKAGES, "keras": "3.16.0"},
    "precision": "mixed_bfloat16",
    "threads": 2,
    "device": "gpu",
    "deterministic": False,
    "together": Together(seeds=[0, 1]),
}


def test_every_field_is_tried_here():
    assert OTHER.keys() == CellIdentity.model_fields.keys()


@pytest.mark.parametrize("field", OTHER)
def test_every_field_changes_the_key(field):
    changed = make_identity(**{field: OTHER[field]})
    assert changed.key != make_identity().key
    differing = differing_fields(make_identity(), changed)
    assert {name.partition(".")[0] for name in differing} == {field}


def test_the_context_is_no_part_of_the_key():
    one = Cell(identity=make_identity(), suite="quick", variant="published")
    other = Cell(identity=make_identity(), suite="mine", variant="controlled")
    assert one.key == other.key == make_identity().key


def test_the_key_does_not_depend_on_the_order_of_a_tables_keys():
    recipe = make_identity().recipe
    turned = dict(reversed(recipe.items()))
    assert list(turned) != list(recipe)
    assert make_identity(recipe=turned).key == make_identity().key


def test_the_key_survives_the_record():
    identity = make_identity(recipe={"epochs": 1.25, "optimizer": {"learning_rate": 1e-07}})
    text = json.dumps(identity.model_dump(mode="json"))
    assert CellIdentity.model_validate_json(text).key == identity.key


def test_the_known_hash_of_known_data():
    """Guards the keys on disk (with the records in ``fixtures``): computed with sha256sum."""
    assert canonical_hash({"b": 1, "a": [1.5, None, "ä"]}) == (
        "c9194e8c6bd7e1dfe2d404f26cecbefae16b3e337aba6041813aae57bfa180d4"
    )


def test_a_field_too_many_is_an_error():
    with pytest.raises(ValidationError):
        make_identity(colour="red")


def test_differences_inside_tables_are_spelled_out():
    recipe = {"batch_size": 128, "epochs": 6, "optimizer": {"name": "adam"}, "scale": "none"}
    other = make_identity(seed=2, recipe=recipe, packages={**PACKAGES, "numpy": "2.5.0"})
    assert differing_fields(make_identity(), other) == [
        "recipe.epochs",
        "recipe.scale",
        "seed",
        "packages.numpy",
    ]
    assert differing_fields(other, other) == []


def seeds_of(number):
    cell = Cell(identity=make_identity(), suite="quick", variant="published")
    return [cell.changed(seed=seed) for seed in range(number)]


@pytest.mark.parametrize(
    ("number", "at_once", "groups"),
    [
        (6, 3, [[0, 1, 2], [3, 4, 5]]),
        (5, 3, [[0, 1, 2], [2, 3, 4]]),  # the last ones have as much company as the others
        (2, 8, [[0, 1]]),
    ],
)
def test_each_seed_names_those_that_it_is_trained_beside(number, at_once, groups):
    cells = trained_together(seeds_of(number), at_once)
    assert [cell.identity.seed for cell in cells] == list(range(number))
    found = [tasks[0].identity.together.seeds for tasks in by_task(cells)]
    assert found == groups
    assert len({cell.key for cell in cells}) == number


def test_one_seed_or_one_at_a_time_is_trained_alone():
    assert trained_together(seeds_of(1), 8) == seeds_of(1)
    assert trained_together(seeds_of(3), 1) == seeds_of(3)
    assert [len(task) for task in by_task(seeds_of(3))] == [1, 1, 1]


def test_growing_by_whole_groups_trains_nothing_anew():
    few, many = trained_together(seeds_of(4), 4), trained_together(seeds_of(8), 4)
    assert [cell.key for cell in many[:4]] == [cell.key for cell in few]
