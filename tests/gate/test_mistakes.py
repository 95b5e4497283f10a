"""Mistakes around a check: numbers, what the manifest says, where answers and runs are kept."""

import dataclasses
import json
from pathlib import Path

import pytest
from gate_builders import make_runs, make_update, open_fake_trainer
from ninetynine.errors import UserError
from ninetynine.gate import (
    Contest,
    CostVerdict,
    Outcome,
    Terms,
    Verdict,
    load_baseline,
    request,
    update_baseline,
)
from ninetynine.gate.asked import terms_of
from ninetynine.gate.manifest import Manifest, read_manifest
from ninetynine.gate.workspace import open_workspace
from ninetynine.measures import find
from ninetynine.report.gate_sentences import sentence
from ninetynine.statistics.sequential import MAX_SEEDS, Look, SeedsNeeded, seeds_needed
from record_builders import make_identity
from run_helpers import write_suite

ACCURACY = find("accuracy")
MODELS = ["t2_dense", "softmax_regression"]


@pytest.fixture
def project(bench, monkeypatch, tmp_path):
    """A baseline of the two models of a suite, and checks whose training is made up."""
    monkeypatch.setattr("ninetynine.request.ResolvedRun.load_dataset", lambda self: None)
    monkeypatch.setattr(request, "keep_groups", lambda dataset, store: None)
    train(monkeypatch, lambda name, seed: 0.98 - seed % 3 / 1000)
    write_suite(tmp_path / "gate.toml", MODELS, "digits")
    made = ["--baseline", "base", "--seeds", "5", "--reason", "first"]
    assert bench("baseline", "update", "gate.toml", *made)[0] == 0
    return tmp_path


def train(monkeypatch, accuracy):
    monkeypatch.setattr(request, "open_trainer", open_fake_trainer(accuracy, images=1000))


def change_manifest(folder, **changes):
    path = folder / "base" / "baseline.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("terms", "margins", "classes"),
    [
        *[(Terms(alpha=alpha), {}, {}) for alpha in (0, 1e-300, 0.5, 2, float("nan"), "x", True)],
        *[(Terms(max_seeds=most), {}, {}) for most in (1, MAX_SEEDS + 1, 2.5, "5", True)],
        *[(Terms(), {"": margin}, {}) for margin in (0, -1, 101, float("nan"), "0.2", True)],
        (Terms(), {"net": 0}, {}),
        (Terms(), {}, {"3": 101}),
    ],
)
def test_a_number_that_no_check_could_be_made_with_is_a_users_mistake(terms, margins, classes):
    with pytest.raises(UserError, match="expected"):
        terms_of(terms, ACCURACY, Manifest(), margins, classes)


def test_a_margin_in_nats_may_be_above_100():
    assert terms_of(Terms(), find("log_loss"), Manifest(), {"": 200}, {}).margin == 200


def test_a_margin_of_the_baseline_without_a_name_is_that_of_the_others():
    manifest = Manifest(margins={"": 0.3, "net": 0.2})
    found = terms_of(Terms(), ACCURACY, manifest, {}, {})
    assert (found.of("net").margin, found.of("other").margin) == (0.002, 0.003)
    assert terms_of(Terms(), ACCURACY, manifest, {"": 0.5}, {}).margin == 0.005


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"margins": {"net": 0}}', "margins.net: Input should be greater than 0"),
        ('{"margins": {"net": 0.1, "net": 50}}', "a key is given twice"),
        ('{"margins": {"net": NaN}}', "NaN is no number"),
        ('{"margin": 0.2}', "margin: Extra inputs"),
        ("", "not a whole JSON file"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(tmp_path, content, words):
    (tmp_path / "baseline.json").write_text(content)
    with pytest.raises(UserError, match=words):
        read_manifest(tmp_path)


def test_a_manifest_that_cannot_be_read_is_not_taken_for_none(tmp_path):
    (tmp_path / "baseline.json").mkdir()
    with pytest.raises(UserError, match="not a regular file"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("label", ["x", "03", "99"])
def test_a_class_that_is_none_is_told_where_it_was_named(refuse, project, label):
    change_manifest(project, class_margins={label: 2, "": 5})
    told = f"baseline.json: class_margins: '{label}': no test image of t2_dense"
    assert told in refuse("check", "--baseline", "base")


def test_what_left_the_suite_is_not_passed_over_unless_it_is_excused(bench, project):
    write_suite(project / "gate.toml", MODELS[:1], "digits")
    code, out, _ = bench("check", "--baseline", "base")
    assert code == 4
    assert "no longer in suite gate (--allow-gone softmax_regression" in " ".join(out.split())
    assert bench("check", "--baseline", "base", "--allow-gone", "softmax_regression")[0] == 0
    assert bench("check", "--baseline", "base", "--only", "t2_dense")[0] == 0
    assert bench("baseline", "remove", "softmax_regression", "--baseline", "base")[0] == 0
    assert bench("check", "--baseline", "base")[0] == 0


def test_another_suite_need_not_have_what_a_baseline_has(bench, project):
    write_suite(project / "part.toml", MODELS[:1], "digits")
    code, out, _ = bench("check", "part.toml", "--baseline", "base")
    assert code == 0
    assert "In the baseline and not in suite part: softmax_regression." in out


@pytest.mark.parametrize("option", ["--junit", "--markdown", "--picture"])
def test_what_cannot_be_written_is_told_before_the_training(refuse, project, monkeypatch, option):
    monkeypatch.setattr("ninetynine.cli.verbs.check.run_check", lambda *a: 1 / 0)
    folder = project / "is.png"
    folder.mkdir()
    told = f"bench: {option} is.png: cannot be written (Is a directory)"
    assert refuse("check", "--baseline", "base", option, "is.png") == told


def test_a_picture_of_another_kind_is_told_before_the_training(refuse, project, monkeypatch):
    monkeypatch.setattr("ninetynine.cli.verbs.check.run_check", lambda *a: 1 / 0)
    assert "ends in .png" in refuse("check", "--baseline", "base", "--picture", "flips.gif")


def test_a_check_that_breaks_off_leaves_no_older_answer(bench, project, monkeypatch):
    Path("junit.xml").write_text("<testsuites/>")
    monkeypatch.setattr("ninetynine.cli.verbs.check.run_check", lambda *a: 1 / 0)
    assert bench("check", "--baseline", "base", "--junit", "junit.xml")[0] == 5
    assert not Path("junit.xml").exists()


def test_runs_of_a_check_that_goes_on_are_not_taken_away_by_a_fresh_one(refuse, project):
    running = open_workspace(project / ".bench-check")
    with running.lock():
        told = refuse("check", "--baseline", "base", "--fresh")
    assert "another bench run is writing to" in told
    assert told.endswith("or choose another folder with --work-dir")
    assert running.paths()


def test_a_work_folder_that_cannot_be_made_is_a_users_mistake(refuse, project):
    (project / "file").write_text("")
    told = refuse("check", "--baseline", "base", "--work-dir", "file/below")
    assert told.startswith("bench: cannot write to file/below: ")
    assert told.endswith("choose another folder with --work-dir")


def test_a_measure_that_the_baseline_cannot_give_is_told_before_the_training(
    bench, project, monkeypatch
):
    monkeypatch.setattr(request, "open_trainer", lambda *a: 1 / 0)
    code, out, _ = bench("check", "--baseline", "base", "--measure", "recall_77")
    assert code == 4
    assert "in the baseline, seed 0 has no recall of class 77" in " ".join(out.split())


def test_the_margins_that_are_meant_are_all_shown(bench, project):
    command = ["check", "--baseline", "base", "--margin", "t2_dense=0.3"]
    out = " ".join(bench(*command)[1].split())
    assert "margin 0.10 percentage points (t2_dense 0.30), alpha 0.05" in out
    assert "each end of its interval holds with 99.9%" in " ".join(
        bench(*command, "--alpha", "0.001")[1].split()
    )


def test_shared_alpha_is_not_said_to_be_unshared(bench, project, monkeypatch):
    train(monkeypatch, lambda name, seed: 0.975 - seed % 3 / 1000)
    told = "Each of the 2 architectures is judged by itself"
    for option, said in (("--fresh", True), ("--familywise", False)):
        out = bench("check", "--baseline", "base", "--margin", "5", option)[1]
        assert (told in " ".join(out.split())) == said


def test_a_single_class_is_named(bench, project, monkeypatch):
    train(monkeypatch, lambda name, seed: 0.975 - seed % 3 / 1000)
    asked = ["--margin", "5", "--class-margin", "3=50", "--fresh"]
    assert "Class 3: no worse." in " ".join(bench("check", "--baseline", "base", *asked)[1].split())


def test_what_is_too_near_the_margin_of_a_loss_is_a_rise():
    look = Look(30, -0.2, -0.201, 0.001, -0.005, 0.007, 0.002, 40, "open")
    open_ = Verdict("net", Outcome.INCONCLUSIVE, 0.001, measure="log_loss", look=look)
    told = sentence(dataclasses.replace(open_, needed=SeedsNeeded(None, None)))
    assert "the rise found is too near the margin" in told


def test_no_more_seeds_are_advised_than_can_be_asked_for():
    found = Look(MAX_SEEDS, 0.98, 0.98, 0.0, -0.001, 0.0011, 0.0003, 398, "open")
    assert seeds_needed(found, 200, 0.001, 0.05).new is None


def test_a_second_look_leaves_costs_to_the_first():
    costs = (CostVerdict("peak memory", Outcome.REGRESSED, 0.1),)
    first = Verdict("net", Outcome.REGRESSED, 0.001, costs=costs)
    contest = Contest(None, None, (0,), first=first)
    asked = Terms(cost_margins={"peak memory": 0.1})
    assert contest.terms(asked).cost_margins == {}
    assert contest.verdict(Verdict("net", Outcome.REGRESSED, 0.001)).costs == costs


def test_other_data_have_a_first_baseline_of_their_own(tmp_path):
    for mean, data in ((0.98, "d"), (0.95, "e"), (0.949, "e")):
        runs = make_runs([mean, mean], dataset_fingerprint=data * 64)
        update_baseline(tmp_path, runs, make_update())
    loaded = load_baseline(tmp_path)
    row = loaded.row(make_identity("net", dataset_fingerprint="e" * 64))
    first, drop, _ = loaded.below_first(row)
    assert (first.accuracy, drop) == pytest.approx((0.95, 0.001))
