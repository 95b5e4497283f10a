"""Which row a name means."""

import pytest
from ninetynine.board import Rows
from ninetynine.errors import UserError
from ninetynine.records import RecordStore
from record_builders import write_run

CONTROLLED = {"suite": "controlled", "variant": "controlled"}


@pytest.fixture
def lookup(tmp_path):
    """``net`` as published in two precisions, and once under another recipe."""
    store = RecordStore(tmp_path)
    for seed in (0, 1):
        write_run(store, "net", seed)
        write_run(store, "net", seed, precision="mixed_bfloat16")
    recipe = {"batch_size": 32, "epochs": 5, "optimizer": {"name": "adam"}}
    write_run(store, "net", 0, context=CONTROLLED, recipe=recipe)
    return Rows(store, {})


@pytest.mark.parametrize(
    ("text", "name", "precision"),
    [
        ("net", "net [float32]", "float32"),
        ("net [float32]", "net [float32]", "float32"),
        ("net [mixed_bfloat16]", "net [mixed_bfloat16]", "mixed_bfloat16"),
        ("net@published", "net [float32]", "float32"),
        ("net@controlled", "net@controlled", "float32"),
    ],
)
def test_a_bare_name_is_the_model_as_published_and_in_float32(lookup, text, name, precision):
    side = lookup.find(text)
    assert side.full_name == name
    assert side.identity.precision == precision


def test_a_name_that_no_row_has_is_told_with_the_nearest(lookup):
    with pytest.raises(UserError, match=r"no row is called 'nett' on mnist; did you mean 'net"):
        lookup.find("nett")
