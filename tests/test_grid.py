"""Rows of a grid: a list in a table is a row for each value, and a name says which."""

import pytest
from ninetynine.catalog import discover
from ninetynine.errors import UserError
from ninetynine.grid import asked, expand, row_name


def names(*arguments):
    return [row.name for row in expand(*arguments, "mine.toml: net")]


def test_a_list_makes_a_row_for_each_value():
    rows = expand("net", {"learning_rate": [0.1, 0.01], "epochs": 3}, {"units": 512}, "here")
    assert [(row.name, row.recipe, row.arguments) for row in rows] == [
        ("net[learning_rate=0.1]", {"learning_rate": 0.1, "epochs": 3}, {"units": 512}),
        ("net[learning_rate=0.01]", {"learning_rate": 0.01, "epochs": 3}, {"units": 512}),
    ]


def test_lists_make_a_row_for_each_combination_named_in_alphabetical_order():
    assert names("net", {"optimizer": ["sgd", "adam"]}, {"act": [True], "units": [8, 16]}) == [
        "net[act=true,optimizer=sgd,units=8]",
        "net[act=true,optimizer=sgd,units=16]",
        "net[act=true,optimizer=adam,units=8]",
        "net[act=true,optimizer=adam,units=16]",
    ]


def test_without_lists_there_is_no_grid():
    assert expand("net", {"epochs": 3, "schedule": {"name": "linear"}}, {"units": 8}, "here") == []


def test_lists_count_in_the_tables_of_a_recipe_by_their_own_keys():
    recipe = {"schedule": {"name": ["linear", "cosine"], "warmup_fraction": [0.1]}}
    first, second = expand("net", recipe, {}, "here")
    assert first.name == "net[schedule=linear,warmup_fraction=0.1]"
    assert second.recipe == {"schedule": {"name": "cosine", "warmup_fraction": 0.1}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1e-05, "1e-05"),
        ("sgd", "sgd"),
        ("1", '"1"'),
        ("true", '"true"'),
        ("a,b", '"a,b"'),
        ("", '""'),
        ({"name": "sgd", "momentum": 0.9}, "sgd"),
        ({"shift_pixels": 2, "rotation_degrees": 8.0}, "{shift_pixels=2,rotation_degrees=8}"),
        ([32, 64], "[32,64]"),
    ],
)
def test_values_are_written_plainly(value, text):
    assert row_name("net", {"key": value}) == f"net[key={text}]"


@pytest.mark.parametrize(
    "value", [0.01, -3, True, "sgd", "1", "a,b", 'a"b', "", {"shift_pixels": 2}, [32, [1, "x"]]]
)
def test_a_name_says_what_its_row_has(value):
    again = asked(row_name("net", {"b": value, "a": 1}))
    assert (again.base, again.values) == ("net", {"a": [1], "b": [value]})


def test_a_piece_without_a_key_is_one_more_value():
    found = asked("net[optimizer=sgd, adam,units=256,512]")
    assert found.values == {"optimizer": ["sgd", "adam"], "units": [256, 512]}
    rows = found.rows()
    assert [row.name for row in rows][:2] == [
        "net[optimizer=sgd,units=256]",
        "net[optimizer=sgd,units=512]",
    ]
    assert (rows[0].recipe, rows[0].arguments) == ({"optimizer": "sgd"}, {"units": 256})


@pytest.mark.parametrize("text", ["net", "net*", "t[23]_*", "net [float32]", "a b[c=1]", "[a=1]"])
def test_what_is_no_name_with_values_asks_for_nothing(text):
    assert asked(text) is None


def test_rows_are_chosen_by_the_values_that_are_asked_for():
    rows = names("net", {"epochs": [1, 2], "learning_rate": [0.1, 0.01]}, {})
    assert asked("net[epochs=2]").chosen_from(rows) == rows[2:]
    assert asked("net[learning_rate=1e-2,epochs=2,1]").chosen_from(rows) == [rows[1], rows[3]]
    assert asked("net[epochs=2,3]").chosen_from(rows) == []
    assert asked("net[units=3]").chosen_from(rows) == []
    assert asked("other[epochs=2]").chosen_from(rows) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("net[0.1,a=1]", "expected key=value"),
        ("net[a=]", "expected key=value"),
        ("net[a=1,,2]", "expected key=value"),
        ("net[a=1,a=2]", "a is there twice; write a=one,another"),
        ("net[a={b=1]", "its brackets or quotes do not close"),
        ('net[a="b]', "its brackets or quotes do not close"),
        ("net[a=b c]", "a is b c; expected a number, text"),
        ("net[optimizer={name='sgd'}]", "optimizer is a table with a name; write its keys"),
    ],
)
def test_a_mistake_in_a_name_is_one_line(text, part):
    with pytest.raises(UserError) as error:
        asked(text)
    assert str(error.value).startswith(text)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_name_beyond_all_measure_is_refused_and_not_read():
    """Names stand in records, which may be anybody's."""
    assert asked(f"net[a={'9' * 20_000}]").values == {"a": ["9" * 20_000]}
    with pytest.raises(UserError, match="expected a number"):
        asked(f"net[a={'[' * 20_000}{']' * 20_000}]")
    many = ",".join(f"{key}={','.join('12345678')}" for key in "abcdefgh")
    assert f"t2_dense[{many}]" not in discover()
    with pytest.raises(UserError, match="more than 10,000"):
        asked(f"net[{many}]").rows()


@pytest.mark.parametrize(
    ("recipe", "arguments", "part"),
    [
        ({"epochs": []}, {}, "epochs is an empty list; expected a value for each row"),
        ({"scale": ["unit"]}, {"scale": [1, 2]}, "two keys that are called 'scale'"),
        (
            {"epochs": list(range(101))},
            {"a": list(range(100))},
            "has 10,100 rows, more than 10,000",
        ),
    ],
)
def test_a_grid_that_cannot_be_is_one_line(recipe, arguments, part):
    with pytest.raises(UserError) as error:
        expand("net", recipe, arguments, "suite mine.toml: net")
    assert str(error.value).startswith("suite mine.toml: net: ")
    assert part in str(error.value)
