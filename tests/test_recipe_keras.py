"""Recipes name what Keras has; what cannot be meant is one line that says what to write."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine.recipe import Recipe, installed, parse_recipe, vocabulary
from ninetynine.recipe.installed import offers
from ninetynine.recipe.loss import OF_A_DISTRIBUTION, OF_EACH_OUTPUT
from ninetynine.recipe.optimizer import usable_optimizers

PLAIN = {"optimizer": "adam", "batch_size": 128, "epochs": 3}
PAGE = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
PIECES = {"name": "piecewise_constant_decay", "boundaries": [5, 9], "values": [1, 0.1, 0.01]}
STOPPING = {"patience": 2}


def recipe(**changes):
    return parse_recipe({**PLAIN, **changes}, "net.py")


def examples():
    """The recipes of the page, those of a suite's table as overrides."""
    for language, text in re.findall(r"^```(python|toml)\n(.*?)^```", PAGE, re.M | re.S):
        if language == "toml":
            yield {**PLAIN, **tomllib.loads(text).get("recipe", {})}
        elif text.startswith(("RECIPE = ", "{")):  # else a whole architecture, which others run
            yield ast.literal_eval(text.removeprefix("RECIPE = "))


@pytest.mark.parametrize("stated", [*examples()])
def test_the_examples_of_the_page_are_recipes(stated):
    found = parse_recipe(stated, "docs/recipes.md")
    assert Recipe.from_canonical(found.canonical()) == found


def test_the_page_names_all_that_a_recipe_may_say():
    words = {*usable_optimizers(), *offers("optimizers.schedules"), *Recipe.model_fields}
    words |= OF_A_DISTRIBUTION | OF_EACH_OUTPUT
    assert [word for word in sorted(words) if f"`{word}`" not in PAGE] == []


def test_keras_is_read_and_not_imported():
    assert {"adam", "lamb", "muon"} <= usable_optimizers().keys()
    assert "learning_rate" in vocabulary()
    assert offers("losses").keys() >= OF_A_DISTRIBUTION | OF_EACH_OUTPUT
    assert offers("losses")["huber"].arguments["delta"] == 1.0
    script = (
        "import sys; from ninetynine.recipe import vocabulary; vocabulary();"
        "from ninetynine.recipe.installed import offers; offers('losses');"
        "print({'keras', 'tensorflow', 'jax', 'torch'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": {"name": "muon", "exclude_layers": ["dense", "head.*"]}},
        {"optimizer": {"name": "ftrl", "learning_rate_power": -0.5}},
        {"optimizer": {"name": "adafactor", "beta_2_decay": -0.8, "relative_step": False}},
        {"schedule": {"name": "exponential_decay", "decay_epochs": 1, "decay_rate": 0.9}},
        {"schedule": PIECES},
        {"loss": "mean_squared_error"},
        {"loss": {"name": "categorical_focal_crossentropy", "alpha": [0.5, 1], "gamma": 2}},
        {"class_weight": "balanced"},
        {"class_weight": {0: 1.0, 1: 2.5}},
        {"validation_data": "validation", "early_stopping": STOPPING},
        {"validation_split": 0.1, "reduce_on_plateau": {}},
        {"scale": "standard"},
    ],
)
def test_every_word_is_in_the_hash_and_survives_the_round_trip(changes):
    changed = recipe(**changes)
    assert changed.canonical() != recipe().canonical()
    assert Recipe.from_canonical(changed.canonical()) == changed
    assert parse_recipe(changed.canonical(), "net.py") == changed


def test_a_loss_without_arguments_is_the_default_however_it_is_written():
    for written in ("categorical_crossentropy", {"name": "categorical_crossentropy"}):
        assert recipe(loss=written).canonical() == recipe().canonical()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"optimizer": "adamx"}, "unknown optimizer 'adamx'; did you mean 'adamax'?"),
        ({"optimizer": "Adam"}, "did you mean 'adam'?"),
        ({"optimizer": "loss_scale_optimizer"}, "made of other optimizers, which no recipe says"),
        ({"optimizer": {"name": "sgd", "name_": 1}}, "no argument 'name_'"),
        ({"optimizer": {"name": "muon", "exclude_layers": [{}]}}, "expected a number, true or"),
        ({"optimizer": {"name": "muon", "exclude_layers": "dense"}}, "a list of patterns in lay"),
        ({"optimizer": {"name": "muon", "exclude_layers": ["["]}}, "a list of patterns in layers"),
        ({"loss": {"name": "huber", "delta": 0}}, "'delta' is 0; expected a positive number"),
        (
            {"loss": {"name": "categorical_generalized_cross_entropy", "q": 1}},
            "'q' is 1; expected a number between 0 and 1",
        ),
        ({"optimizer": {"name": "adam", "loss_scale_factor": 0}}, "is 0; expected a positive num"),
        ({"epochs": 1e12}, "is 1000000000000.0; expected a positive number, at most a million"),
        ({"phases": [3]}, "'phases.0' is 3; expected a list of tables such as"),
        ({"optimizer": {"name": "adam", "gradient_accumulation_steps": 1}}, "whole number, 2 or"),
        ({"schedule": {"name": "cosin"}}, "unknown schedule 'cosin'; did you mean 'cosine'?"),
        ({"schedule": {"name": "linear", "decay_steps": 5}}, "'schedule.decay_steps'"),
        ({"schedule": {"name": "exponential_decay", "decay_rate": 0.9}}, "lacks decay_steps or de"),
        (
            {"schedule": {"name": "exponential_decay", "decay_step": 3, "decay_rate": 0.9}},
            "no argument 'decay_step'; did you mean 'decay_steps'?",
        ),
        (
            {"schedule": {"name": "cosine_decay", "decay_steps": 3, "decay_epochs": 3}},
            "twice, in steps and in epochs",
        ),
        (
            {"schedule": {"name": "cosine_decay", "decay_steps": 2.5}},
            "is 2.5; expected a whole number of steps",
        ),
        (
            {"schedule": {"name": "cosine_decay", "decay_steps": 9, "warmup_steps": 3}},
            "warmup_target, which is missing",
        ),
        (
            {"schedule": {"name": "cosine_decay", "decay_steps": 9, "initial_learning_rate": 1}},
            "is the optimizer's learning_rate",
        ),
        ({"schedule": {**PIECES, "values": [1, 2]}}, "expected one value more than boundaries"),
        ({"schedule": {**PIECES, "boundaries": [9, 5]}}, "expected rising ones"),
        ({"schedule": {**PIECES, "values": 0.1}}, "expected a list of numbers"),
        (
            {"schedule": PIECES, "optimizer": {"name": "sgd", "learning_rate": 1}},
            "take learning_rate out of the optimizer",
        ),
        ({"loss": "mse"}, "'mse': write 'mean_squared_error'"),
        ({"loss": "sparse_categorical_crossentropy"}, "labels are one-hot here; write"),
        ({"loss": "hinge"}, "unknown loss 'hinge'"),
        ({"loss": 3}, "3 names no loss; expected a name such as 'categorical_cross"),
        ({"loss": {"name": "binary_crossentropy", "from_logits": True}}, "takes no 'from_logits'"),
        ({"loss": {"name": "categorical_focal_crossentropy", "gama": 2}}, "did you mean 'gamma'?"),
        ({"loss": {"name": "huber", "delta": "wide"}}, "expected a positive number"),
        ({"loss": "huber", "label_smoothing": 0.1}, "huber smooths no labels"),
        ({"class_weight": "balance"}, "expected 'balanced', a table"),
        ({"class_weight": {"cat": -1}}, "class 'cat' weighs -1"),
        ({"class_weight": {}}, "no class has a weight"),
        ({"scale": "standardize"}, "is 'standardize'; expected 'unit'"),
        ({"early_stopping": STOPPING}, "watches a validation part, and there is none"),
        (
            {"early_stopping": STOPPING, "validation_data": "test"},
            "would choose by the test images",
        ),
        ({"reduce_on_plateau": {}, "validation_data": "test"}, "choose by the test images"),
        ({"early_stopping": {}, "validation_split": 0.1}, "'early_stopping.patience' is missing"),
        (
            {"early_stopping": {"patience": 1, "monitor": "val_loss"}, "validation_split": 0.1},
            "is 'val_loss'; expected 'validation_loss' or 'validation_accuracy'",
        ),
        (
            {"early_stopping": {"patience": 1, "min_dleta": 1}, "validation_split": 0.1},
            "did you mean 'min_delta'?",
        ),
        (
            {"early_stopping": STOPPING, "validation_split": 0.1, "average_epochs": 2},
            "early_stopping and average_epochs both say which weights are kept",
        ),
        (
            {
                "early_stopping": STOPPING,
                "validation_split": 0.1,
                "optimizer": {"name": "adam", "use_ema": True},
            },
            "early_stopping and use_ema both say",
        ),
        (
            {"reduce_on_plateau": {}, "validation_split": 0.1, "schedule": {"name": "linear"}},
            "both set the learning rate",
        ),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_write(changes, part):
    said = complaint(recipe, **changes)
    assert said.startswith("net.py: ")
    assert part in said


def test_a_record_may_name_what_this_keras_has_not_and_must_be_plain():
    newer = {**PLAIN, "optimizer": {"name": "quantum", "spin": 0.5}, "loss": "entanglement"}
    newer["schedule"] = {"name": "collapse", "at": [1, 2]}
    found = parse_recipe(newer, "a record", stored=True)
    assert found.optimizer.arguments == {"spin": 0.5}
    assert Recipe.from_canonical(found.canonical()) == found
    assert "unknown optimizer 'quantum'" in complaint(parse_recipe, newer, "net.py")
    for hostile in ("\x1b[31m", "x" * 500, {"a": 1}):
        odd = {**PLAIN, "optimizer": {"name": "quantum", "spin": hostile}}
        assert "'spin' is" in complaint(parse_recipe, odd, "a record", stored=True)


def test_where_no_keras_is_found_names_are_left_for_later(monkeypatch):
    installed.offers.cache_clear()
    monkeypatch.setattr(installed, "_keras", lambda: None)
    try:
        assert recipe(optimizer={"name": "quantum", "spin": 1}).optimizer.name == "quantum"
        assert recipe(schedule={"name": "collapse"}).schedule.takes_learning_rate
    finally:
        installed.offers.cache_clear()
