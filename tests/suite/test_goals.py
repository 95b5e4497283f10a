"""A suite says where it starts and aims, what is to be reached within which cost, and its clock."""

import pytest
from ninetynine import suite
from ninetynine.errors import UserError
from ninetynine.suite import Goal, Reference, Start, Target, discover, load, reference_for

SUITE = """
dataset = "digits"
architectures = ["t2_dense", "t1_small_cnn"]
timing_reference = "t2_dense"

[reference]
start = {accuracy = 0.9, name = "a start", note = "It is made up."}
goal = {errors = 3, images = 360, name = "a goal"}

[[targets]]
what = "Fast"
accuracy = 0.95
certified = true
precision = "float32"
most_ratio = "1/80"
least_runs = 20

[[targets]]
what = "A single model within a minute"
accuracy = 0.97
kind = "trained"
most_core_seconds = 60.0
"""


def test_a_suite_has_a_reference_targets_and_a_clock(write):
    found = load(write(SUITE))
    assert found.reference == Reference(
        start=Start(accuracy=0.9, name="a start", note="It is made up."),
        goal=Goal(errors=3, images=360, name="a goal"),
    )
    assert found.reference.goal.accuracy == 1 - 3 / 360
    fast, single = found.targets
    assert fast == Target(
        what="Fast",
        accuracy=0.95,
        certified=True,
        precision="float32",
        most_ratio=1 / 80,
        least_runs=20,
    )
    assert (single.kind, single.most_ratio, single.most_core_seconds) == ("trained", None, 60.0)
    assert found.timing_reference == "t2_dense"


def test_a_suite_need_not_have_any(write):
    found = load(write('dataset = "digits"\narchitectures = ["t2_dense"]\n'))
    assert (found.reference, found.targets, found.timing_reference) == (None, (), None)


def test_targets_may_be_those_of_another_suite(write):
    other = write(SUITE)
    text = 'dataset = "digits"\narchitectures = ["t2_dense"]\ntargets = "mine.toml"\n'
    assert load(write(text, "second.toml")).targets == load(other).targets
    assert load("speedrun").targets == load("ladder").targets


def test_the_reference_of_a_dataset_is_that_of_a_suite_that_comes_with_the_package():
    found = reference_for("mnist")
    assert found == load("tutorials").reference
    assert (found.start.accuracy, found.goal.errors, found.goal.images) == (0.9906, 21, 10_000)
    assert reference_for("digits") is None
    assert reference_for("mnist-fold-0-of-12") is None


def test_the_clock_of_the_ladder_is_one_of_its_rungs():
    for name in suite.built_in():
        found = load(name)
        assert found.timing_reference is None or found.timing_reference in found.architectures


def test_a_clock_may_be_another_suites_row_but_not_one_that_there_is_not(write):
    other = SUITE.replace('timing_reference = "t2_dense"', 'timing_reference = "t3_deep_cnn"')
    assert "t3_deep_cnn" in discover([], load(write(other)))
    wrong = other.replace('timing_reference = "t3_deep', 'timing_reference = "t3_dep')
    with pytest.raises(
        UserError, match="timing_reference: no architecture is called 't3_dep_cnn'; did you mean"
    ):
        discover([], load(write(wrong)))


def edited(old, new):
    assert old in SUITE
    return SUITE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (edited("accuracy = 0.9,", ""), ["[reference]", "'start.accuracy' is missing", "share"]),
        (edited("0.9,", "90.6,"), ["'start.accuracy' is 90.6; expected a share, 0.97"]),
        (edited("errors = 3", "erors = 3"), ["'goal.erors'; did you mean 'errors'?"]),
        (edited("errors = 3", "errors = 400"), ["400 errors among 360 images"]),
        (edited("errors = 3", "errors = 200"), ["start is 0.9, goal 0.444"]),
        (edited("[reference]", "[reference]\nend = 3"), ["unknown reference key 'end'"]),
        (
            edited('timing_reference = "t2_dense"', "reference = 3\n[a]").split("[a]")[0],
            ["3 is no"],
        ),
        (edited('"1/80"', '"one in 80"'), ["[[targets]]", "'most_ratio' is 'one in 80'; expected"]),
        (edited('"1/80"', '"1/0"'), ["'most_ratio' is '1/0'; expected"]),
        (edited('"1/80"', "0"), ["'most_ratio' is 0; expected"]),
        (edited('"trained"', '"ensemble"'), ["'kind' is 'ensemble'; expected 'trained'"]),
        (edited("most_core_seconds = 60.0", ""), ["'A single model within a minute' has no limit"]),
        (edited("least_runs = 20", "least_runs = 1"), ["'Fast' is certified by 1 run"]),
        (edited("what =", "wat ="), ["unknown target key 'wat'; did you mean 'what'?"]),
        (edited('"t2_dense"\n', "3\n"), ["timing_reference is 3; expected an architecture's name"]),
        (edited('"t2_dense"\n', '"t2_dense"\ntargets = 3\n').split("[[")[0], ["targets is 3"]),
        (
            edited('"t2_dense"\n', '"t2_dense"\ntargets = "lader"\n').split("[[")[0],
            ["targets: no suite is called 'lader'; did you mean 'ladder'?"],
        ),
        (
            edited('"t2_dense"\n', '"t2_dense"\ntargets = "quick"\n').split("[[")[0],
            ["quick.toml has no [[targets]] of its own"],
        ),
        (
            edited('"t2_dense"\n', '"t2_dense"\ntargets = "gone.toml"\n').split("[[")[0],
            ["gone.toml: cannot be read"],
        ),
    ],
)
def test_a_mistake_about_goals_is_one_line(write, text, parts):
    with pytest.raises(UserError) as error:
        load(write(text))
    message = str(error.value)
    assert "\n" not in message
    assert "mine.toml: " in message
    for part in parts:
        assert part in message
