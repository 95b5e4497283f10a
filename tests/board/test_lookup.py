"""Which row a name means."""

import pytest
from ninetynine.board import Rows, check_comparable
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


def test_rows_on_two_contents_of_one_name_are_told_apart_by_what_can_be_typed(tmp_path):
    store = RecordStore(tmp_path)
    for digit in "ab":
        write_run(store, "net", dataset="same", dataset_fingerprint=digit * 64)
        write_run(
            store, "net", context=CONTROLLED, dataset="same", dataset_fingerprint=digit * 64, seed=1
        )
    rows = Rows(store, {})
    with pytest.raises(UserError, match="is on several boards; name one of: ") as ambiguous:
        rows.find("net")
    choices = str(ambiguous.value).partition("name one of: ")[2].split(", ")
    assert choices == ["net@published-aaaaaaaa", "net@published-bbbbbbbb"]
    for choice in [*choices, "net@controlled-aaaaaaaa", "net@controlled-bbbb"]:
        row = rows.find(choice)
        variant, digits = choice.removeprefix("net@").split("-")
        assert (row.key.variant, row.key.fingerprint[: len(digits)]) == (variant, digits)
    assert rows.find("net@same-bbbbbbbb").key.fingerprint == "b" * 64
    assert rows.find("net@aaaaaaaa").key.fingerprint == "a" * 64
    with pytest.raises(UserError, match="no row is called"):
        rows.find("net@published-cccccccc")
    both = [rows.find(choice) for choice in choices]
    with pytest.raises(UserError, match="net on aaaaaaaa and net on bbbbbbbb cannot be compared"):
        check_comparable(*both)
