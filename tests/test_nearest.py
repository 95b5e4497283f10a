"""What a misspelt name may have meant, and when nothing is near enough to be suggested."""

import pytest
from ninetynine.errors import nearest

KEYS = ("dataset", "models", "optimizer", "batch_size", "learning_rate", "targets", "t3_deep_cnn")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("optimiser", "optimizer"),
        ("batchsize", "batch_size"),
        ("Models", "models"),
        ("BATCH_SIZE", "batch_size"),
        ("tragets", "targets"),
        ("rate", "learning_rate"),
        ("t3", "t3_deep_cnn"),
        ("deep", "t3_deep_cnn"),
    ],
)
def test_a_misspelling_or_a_part_of_a_name_is_told_what_it_may_mean(given, meant):
    assert nearest(given, KEYS) == f"; did you mean {meant!r}?"


@pytest.mark.parametrize("given", ["entries", "rows", "a", "size_of", "sets", "nonsense", ""])
def test_what_is_like_no_name_is_told_all_of_them(given):
    assert nearest(given, KEYS) == f"; choose from: {', '.join(sorted(KEYS))}"


def test_two_letters_that_changed_places_are_a_misspelling():
    assert nearest("sdg", ["adam", "sgd"]) == "; did you mean 'sgd'?"


def test_of_many_names_the_nearest_are_told():
    assert nearest("nonsense", [f"row_{n}" for n in range(30)]).startswith("; the nearest of 30")
