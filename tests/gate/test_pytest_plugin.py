"""The pytest plugin in projects of its own; their training is made up, in ``conftest.py``."""

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from gate_builders import FakeTrainer, open_fake_trainer
from ninetynine.board import Run
from ninetynine.catalog import discover
from ninetynine.gate import request
from ninetynine.gate.baseline import update_baseline
from ninetynine.gate.checking import at_seed
from ninetynine.gate.manifest import Update
from ninetynine.records import RecordStore
from ninetynine.suite import Setting, load, make_cells
from run_helpers import write_architecture

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

# For the one project whose tests run in other processes.
CONFTEST = """
import sys
sys.path.insert(0, {tests!r})
from gate_builders import open_fake_trainer
from ninetynine.gate import request

request.open_trainer = open_fake_trainer(lambda name, seed: {accuracy}, images=360)
"""
TEST = """
import pytest

def build(input_shape, num_classes):
    raise AssertionError("the test session builds nothing")

build.__code__ = build.__code__.replace(co_filename={file!r})

@pytest.mark.accuracy_gate(baseline="base", margin=0.5)
def test_tiny(accuracy_gate):
    verdict = accuracy_gate(build)
    assert verdict.outcome == 0
"""
# Neither asks for the verdict; the third and the fourth test are only below a marker.
MARKED_FOR_NOTHING = """

@pytest.mark.accuracy_gate(baseline="base")
def test_without_the_fixture():
    pass

@pytest.mark.accuracy_gate(baseline="base")
def test_without_a_call(accuracy_gate):
    pass

@pytest.mark.accuracy_gate(baseline="base")
class TestOfAClass:
    def test_of_something_else(self):
        pass
"""
# Its distribution may be installed, with the plugin's entry point, or only be on the path.
_INSTALLED = any(
    point.value == "ninetynine.pytest_plugin" for point in entry_points(group="pytest11")
)
PLUGIN = () if _INSTALLED else ("-p", "ninetynine.pytest_plugin")


@pytest.fixture
def project(pytester, monkeypatch):
    """A project with an architecture, a baseline of ten runs at 98%, and a test; made-up runs."""
    file = write_architecture(pytester.path, "tiny")
    (pytester.path / "gate.toml").write_text("dataset = 'digits'\narchitectures = ['tiny']\n")
    suite = load(str(pytester.path / "gate.toml"))
    (cell,) = make_cells(suite, discover([file]), ["tiny"], Setting())
    store = RecordStore(pytester.path / "made")
    cells = [at_seed(cell, seed) for seed in range(10)]
    FakeTrainer(store, accuracy_in_baseline, images=360)(cells)
    update = Update(
        at="2026-01-01T00:00:00+00:00",
        reason="first",
        suite="gate.toml",
        dataset="digits",
        architectures=["tiny"],
        seeds=list(range(10)),
        suite_version="0.1.0",
    )
    runs = [Run.of(store, record) for record in store.read_all()[0]]
    update_baseline(pytester.path / "base", runs, update)

    def run(accuracy, *arguments, test=TEST):
        monkeypatch.setattr(request, "open_trainer", open_fake_trainer(accuracy, images=360))
        pytester.makepyfile(test.format(file=str(file)))
        return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments)

    return run


def accuracy_in_baseline(name, seed):
    return 0.98 if seed % 2 else 0.975


def test_the_same_runs_pass(project):
    project(accuracy_in_baseline).assert_outcomes(passed=1)


def test_a_regression_fails_with_the_verdicts_sentence_and_no_traceback(project):
    result = project(lambda name, seed: 0.9)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*tiny: regressed: accuracy fell by *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def gate*")


def test_what_cannot_be_told_fails_unless_it_may_be_skipped(project):
    def swinging(name, seed):
        return 0.985 if seed % 2 else 0.966  # no collapse, no answer

    few = TEST.replace("margin=0.5", "margin=0.5, max_seeds=4")
    project(swinging, test=few).assert_outcomes(failed=1)
    lenient = few.replace("max_seeds=4", "max_seeds=4, inconclusive='skip'")
    result = project(swinging, "-rs", test=lenient)
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*tiny: cannot tell: *"])


def test_an_ini_option_names_the_baseline_and_arguments_come_before_the_marker(project, pytester):
    pytester.makeini("[pytest]\naccuracy_baseline = base\naddopts = --strict-markers\n")
    plain = TEST.replace('baseline="base", margin=0.5', "max_seeds=7").replace(
        "accuracy_gate(build)", "accuracy_gate(build, margin=60)"
    )
    project(lambda name, seed: 0.5, test=plain).assert_outcomes(passed=1)


def test_without_a_baseline_the_message_says_how_to_name_one(project):
    result = project(lambda name, seed: 0.98, test=TEST.replace('baseline="base", ', ""))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*accuracy_gate: no baseline: name its folder*"])


def test_an_architecture_without_a_baseline_fails_unless_it_may_be_new(project, pytester):
    newer = write_architecture(pytester.path, "newer")
    (pytester.path / "gate.toml").write_text("dataset = 'digits'\narchitectures = ['newer']\n")
    test = TEST.replace("{file!r}", repr(str(newer)))
    result = project(lambda name, seed: 0.98, test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*newer: not comparable: the baseline has no record of it*"])
    lenient = test.replace("margin=0.5", "margin=0.5, allow_new=True, allow_data_change=True")
    project(lambda name, seed: 0.98, test=lenient).assert_outcomes(skipped=1)


@pytest.mark.exhaustive
def test_two_xdist_workers_train_one_after_the_other_and_share_the_runs(project, pytester):
    pytest.importorskip("xdist")
    twice = TEST + "\n\ntest_again = test_tiny\n"
    counting = "(open('trained', 'a').write(f'{seed}\\n'), 0.9)[1]"
    tests = str(Path(__file__).parents[1] / "support")
    pytester.makeconftest(CONFTEST.format(tests=tests, accuracy=counting))
    result = project(None, "-n", "2", test=twice)
    result.assert_outcomes(failed=2)
    trained = (pytester.path / "trained").read_text().split()
    assert sorted(trained) == sorted(set(trained))
    assert {"0", "1"} <= set(trained)


def test_a_test_may_ask_for_a_second_look_another_measure_and_classes(project):
    terms = 'margin=0.5, rotate=True, measure="balanced_accuracy", class_margin={{1: 5}}'
    result = project(lambda name, seed: 0.9, test=TEST.replace("margin=0.5", terms))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*tiny: regressed: balanced accuracy fell by *"])
    wrong = project(
        lambda name, seed: 0.98, test=TEST.replace("margin=0.5", "class_margin={{99: 1}}")
    )
    wrong.stdout.fnmatch_lines(["*no test image of tiny is of class 99*"])


def test_a_class_that_fell_fails_though_the_measure_is_no_worse(project):
    """By accuracy there is no change, and all errors are of one class."""
    terms = "margin=50, class_margin={{1: 0.5}}, inconclusive='skip'"
    result = project(lambda name, seed: 0.9, test=TEST.replace("margin=0.5", terms))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*tiny: no worse: *Class 1 regressed: *"])


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("margin='0.2'", "margin tiny='0.2': expected percentage points above 0"),
        ("alpha=2", "alpha 2: expected a number from 1e-09 to below 0.5"),
        ("max_seeds=1", "max_seeds 1: expected a number from 2 to 200"),
        ("jobs='all'", "jobs='all': expected a whole number"),
        ("rotate='no'", "rotate='no': expected True or False"),
        ("work_dir=3", "work_dir='3': expected a text or a path"),
        ("margn=5", "margn=...: there is no such term; did you mean 'margin'?"),
    ],
)
def test_a_mistake_in_the_terms_is_one_line(project, terms, words):
    result = project(accuracy_in_baseline, test=TEST.replace("margin=0.5", terms))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"accuracy_gate: {words}*".replace("[", "[[]")])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_terms_without_a_name_and_what_is_no_function_are_mistakes(project):
    unnamed = TEST.replace('baseline="base", margin=0.5', '"base"')
    result = project(accuracy_in_baseline, test=unnamed)
    result.stdout.fnmatch_lines(["accuracy_gate: 'base': terms are given by name*"])
    result = project(accuracy_in_baseline, test=TEST.replace("gate(build)", "gate(3)"))
    result.stdout.fnmatch_lines(["accuracy_gate: '3' is not in a file; expected*"])


def test_a_marked_test_that_judges_nothing_fails(project):
    unused = TEST + MARKED_FOR_NOTHING
    result = project(accuracy_in_baseline, test=unused)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["accuracy_gate: the test is marked and judges nothing*"])


def test_a_tests_own_margin_comes_before_the_baselines_and_its_modules_is_heeded(project, pytester):
    path = pytester.path / "base" / "baseline.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "margins": {"tiny": 99}}))
    of_module = "pytestmark = pytest.mark.accuracy_gate(margin=0.5)\n\n\ndef build"
    test = TEST.replace(", margin=0.5", "").replace("def build", of_module, 1)
    result = project(lambda name, seed: 0.9, test=test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*tiny: regressed: *margin 0.50*"])
