import pytest
from complaints import complaint
from ninetynine.cells import canonical_hash
from ninetynine.errors import UserError
from ninetynine.recipe import Recipe, parse_recipe, stacked

PLAIN = {"optimizer": "adam", "batch_size": 128, "epochs": 3}


def recipe(**changes):
    return parse_recipe({**PLAIN, **changes}, "net.py")


def test_what_is_left_out_watches_nothing_and_scales_to_one():
    plain = recipe()
    assert (plain.validation_split, plain.validation_data, plain.schedule) == (0, None, None)
    assert (plain.scale, plain.loss.name, plain.label_smoothing) == (
        "unit",
        "categorical_crossentropy",
        0,
    )


def test_canonical_form_holds_only_what_differs_from_the_defaults():
    assert recipe().canonical() == {
        "batch_size": 128,
        "epochs": 3,
        "optimizer": {"name": "adam"},
    }
    assert (
        recipe(scale="unit", schedule=None, label_smoothing=0.0).canonical() == recipe().canonical()
    )


def test_hash_of_the_plainest_recipe_never_changes():
    # Committed records carry this hash: a word added to the vocabulary must not alter it.
    expected = "f47e80721701e69148c0ed880da1d5fcdb8cc1b38cfd317e7a0233493bd0ca55"
    assert canonical_hash(recipe().canonical()) == expected


def test_equal_recipes_written_differently_hash_equally():
    long = recipe(optimizer={"learning_rate": 1, "name": "adam"}, epochs=3.0)
    assert long.canonical() == recipe(optimizer={"name": "adam", "learning_rate": 1.0}).canonical()
    assert long.canonical() != recipe().canonical()


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd"},
        {"batch_size": 64},
        {"epochs": 1.25},
        {"label_smoothing": 0.1},
        {"validation_split": 0.1},
        {"validation_data": "test"},
        {"schedule": {"name": "linear"}},
        {"scale": "none"},
    ],
)
def test_every_word_is_in_the_hash_and_survives_the_round_trip(changes):
    changed = recipe(**changes)
    assert changed.canonical() != recipe().canonical()
    assert Recipe.from_canonical(changed.canonical()) == changed


def test_optimizer_is_a_name_with_arguments():
    sgd = recipe(optimizer={"name": "sgd", "learning_rate": 1.0, "nesterov": True})
    assert sgd.optimizer.name == "sgd"
    assert sgd.optimizer.arguments == {"learning_rate": 1.0, "nesterov": True}


def test_recipe_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        recipe().epochs = 4


def test_misspelt_key_names_file_key_and_nearest():
    assert (
        complaint(recipe, epoch=3) == "net.py: unknown recipe key 'epoch'; did you mean 'epochs'?"
    )
    with pytest.raises(UserError, match="unknown recipe key 'epoch'"):
        parse_recipe({"optimizer": "adam", "batch_size": 1, "epoch": 3}, "net.py")
    assert "'schedule.warmup'; did you mean 'warmup_fraction'?" in complaint(
        recipe, schedule={"name": "linear", "warmup": 0.1}
    )


def test_missing_key_says_what_it_should_hold():
    with pytest.raises(UserError, match=r"net\.py: recipe key 'epochs' is missing; expected a"):
        parse_recipe({"optimizer": "adam", "batch_size": 1}, "net.py")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("batch_size", 0),
        ("batch_size", 12.5),
        ("batch_size", True),
        ("batch_size", "128"),
        ("epochs", 0),
        ("epochs", float("inf")),
        ("epochs", True),
        ("label_smoothing", 1),
        ("validation_split", -0.1),
        ("validation_split", 1.0),
        ("validation_data", "tset"),
        ("schedule", "linear"),
        ("scale", None),
    ],
)
def test_wrong_value_says_what_was_found_and_expected(key, value):
    assert complaint(recipe, **{key: value}).startswith(
        f"net.py: recipe key '{key}' is {value!r}; expected"
    )


@pytest.mark.parametrize(
    ("optimizer", "part"),
    [
        ("adma", "unknown optimizer 'adma'; did you mean 'adam'?"),
        (3, "3 names no optimizer"),
        ({"learning_rate": 0.1}, "names no optimizer"),
        ({"name": "adam", "momentum": 0.9}, "adam has no argument 'momentum'"),
        ({"name": "sgd", "learning_rat": 1}, "did you mean 'learning_rate'?"),
        ({"name": "sgd", "learning_rate": 0}, "'learning_rate' is 0; expected a positive"),
        ({"name": "sgd", "learning_rate": float("nan")}, "expected a positive number"),
        ({"name": "sgd", "learning_rate": True}, "expected a number"),
        ({"name": "sgd", "learning_rate": "fast"}, "expected a number"),
        ({"name": "sgd", "nesterov": 1}, "expected true or false"),
        ({"name": "adam", "beta_1": 1.0}, "from 0 to below 1"),
        ({"name": "adam", "weight_decay": -1}, "not negative"),
        ({"name": "adam", "gradient_accumulation_steps": 1.5}, "positive whole number"),
        ({"name": "adam", "clipnorm": 1, "clipvalue": 1}, "only one of"),
    ],
)
def test_wrong_optimizer_is_named(optimizer, part):
    message = complaint(recipe, optimizer=optimizer)
    assert message.startswith("net.py: recipe key 'optimizer': ")
    assert part in message


@pytest.mark.parametrize("data", [None, [], "adam"])
def test_recipe_must_be_a_table(data):
    with pytest.raises(UserError, match=r"net\.py: .* is no recipe; expected a table"):
        parse_recipe(data, "net.py")


def test_only_one_thing_is_watched():
    assert "not both" in complaint(recipe, validation_split=0.1, validation_data="test")


def test_override_replaces_whole_keys_and_leaves_the_rest():
    changed = recipe(optimizer={"name": "sgd", "momentum": 0.9}).override(
        {"optimizer": "adam"}, "s"
    )
    assert changed == recipe()


@pytest.mark.parametrize(
    ("own", "changes", "changed"),
    [
        ({}, {"learning_rate": 0.1}, {"optimizer": {"name": "adam", "learning_rate": 0.1}}),
        (
            {"optimizer": {"name": "sgd", "momentum": 0.9}},
            {"learning_rate": 0.1},
            {"optimizer": {"name": "sgd", "momentum": 0.9, "learning_rate": 0.1}},
        ),
        (
            {"optimizer": {"name": "sgd", "momentum": 0.9}},
            {"learning_rate": 0.1, "optimizer": "adam"},
            {"optimizer": {"name": "adam", "learning_rate": 0.1}},
        ),
        ({}, {"shift_pixels": 2}, {"augmentation": {"shift_pixels": 2}}),
        (
            {"schedule": {"name": "linear", "warmup_fraction": 0.2}},
            {"final_fraction": 0.1},
            {"schedule": {"name": "linear", "warmup_fraction": 0.2, "final_fraction": 0.1}},
        ),
    ],
)
def test_override_takes_a_tables_key_by_itself_and_leaves_the_rest_of_the_table(
    own, changes, changed
):
    assert recipe(**own).override(changes, "s") == recipe(**{**own, **changed})


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"warmup_fraction": 0.2}, r"'schedule\.name' is missing; expected 'linear' or"),
        ({"rho": 0.9}, "adam has no argument 'rho'"),
        ({"learning_rat": 0.1}, "unknown recipe key 'learning_rat'; did you mean 'learning_rate'"),
    ],
)
def test_a_tables_key_that_does_not_fit_is_one_line(changes, part):
    with pytest.raises(UserError, match=part):
        recipe().override(changes, "s.toml")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"learning_rate": 0.1, "epochs": 2}, {"optimizer": "sgd"}),
        ({"optimizer": {"name": "sgd", "momentum": 0.9}}, {"learning_rate": 0.1}),
        ({"learning_rate": 0.1}, {"learning_rate": 0.2, "epochs": 4}),
        ({"shift_pixels": 2}, {"augmentation": "none"}),
    ],
)
def test_two_overrides_stack_to_one(first, second):
    one_by_one = recipe().override(first, "s").override(second, "s")
    assert recipe().override(stacked(first, second), "s") == one_by_one


@pytest.mark.parametrize("nothing", [None, "none"])
@pytest.mark.parametrize("watched", [{"validation_split": 0.1}, {"validation_data": "test"}, {}])
def test_override_can_stop_watching_whatever_was_watched(watched, nothing):
    changes = {"validation_split": 0, "validation_data": nothing}
    assert recipe(**watched).override(changes, "controlled.toml") == recipe()


def test_override_does_not_silently_drop_what_was_watched():
    with pytest.raises(UserError, match=r"s\.toml: .*not both.*validation_split = 0"):
        recipe(validation_split=0.1).override({"validation_data": "test"}, "s.toml")


def test_override_names_the_suite_in_its_errors():
    with pytest.raises(UserError, match=r"s\.toml: unknown recipe key 'epoch'"):
        recipe().override({"epoch": 1}, "s.toml")
