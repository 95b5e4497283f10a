"""``bench check`` and ``bench baseline`` as commands: exit codes, outputs, interruption."""

import json
import os
import re
import subprocess
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest
from gate_builders import FakeTrainer, make_runs, spread, write_runs
from ninetynine.cli.verbs import check
from ninetynine.gate import request
from ninetynine.gate.checking import at_seed
from ninetynine.records import RecordStore
from ninetynine.suite import Setting, load, make_cells
from run_helpers import write_architecture, write_dataset, write_suite

DROPOUT = '''"""A small network whose dropout may stay on.

Source: written for the tests.
"""

import keras
from keras import layers

RECIPE = {"optimizer": "adam", "batch_size": 32, "epochs": 2}


class Dropout(layers.Dropout):
    def call(self, inputs, training=False):
        return super().call(inputs, training=training)


def build(input_shape, num_classes):
    images = keras.Input(input_shape)
    hidden = layers.Dense(32, activation="relu")(layers.Flatten()(images))
    hidden = Dropout(0.7)(hidden)
    return keras.Model(images, layers.Dense(num_classes, activation="softmax")(hidden))
'''


@pytest.fixture
def project(tmp_path):
    """A suite of one architecture on digits, named by its file."""
    file = write_architecture(tmp_path, "tiny")
    suite = write_suite(tmp_path / "gate.toml", ["tiny"], "digits")
    return [suite, "--architecture", file]


def make_baseline(tmp_path, project, accuracies, images=360):
    """Write a baseline with these accuracies for the project's architecture."""
    from ninetynine.catalog import discover

    file = project[2]
    suite = load(str(project[0]))
    (cell,) = make_cells(suite, discover([file]), ["tiny"], Setting())
    store = RecordStore(tmp_path / "baseline")
    FakeTrainer(store, lambda name, seed: float(accuracies[seed]), images)(
        [at_seed(cell, seed) for seed in range(len(accuracies))]
    )
    return ["--baseline", tmp_path / "baseline"]


def test_an_update_then_a_check_of_the_same_code_is_identical(bench, stub, project):
    made, out, _ = bench(
        "baseline", "update", *project, "--baseline", "base", "--seeds", "3", "--reason", "first"
    )
    assert made == 0
    assert "3 runs written" in out
    code, out, _ = bench("check", *project, "--baseline", "base", "--fresh")
    assert code == 0
    assert "nothing changed" in out
    assert 'last updated because: "first"' in " ".join(out.split())
    code, out, _ = bench("baseline", "show", "--baseline", "base")
    assert code == 0
    assert "tiny" in out
    assert "first" in out


@pytest.mark.exhaustive
def test_a_check_on_another_processor_does_not_wait_for_a_first_run(
    bench, stub, project, monkeypatch
):
    """It is no use there to see first whether one run is identical."""
    base = ("--baseline", "base")
    assert bench("baseline", "update", *project, *base, "--seeds", "3", "--reason", "first")[0] == 0
    record = json.loads(next(Path("base").glob("records/tiny/*.json")).read_text())
    processor = record["machine"]["cpu_model"], record["machine"]["cpu_flags_hash"]
    waits, check = [], request.check

    def noting(*arguments, elsewhere, **others):
        waits.append(not elsewhere)
        return check(*arguments, elsewhere=elsewhere, **others)

    monkeypatch.setattr(request, "check", noting)
    for here, found in (("here", processor), ("there", ("another", "0"))):
        monkeypatch.setattr(request, "cpu", lambda found=found: found)
        assert bench("check", *project, *base, "--work-dir", here)[0] == 0
    assert waits == [True, False]


def test_the_suite_is_the_one_that_the_baseline_was_made_for(bench, stub, project):
    bench("baseline", "update", *project, "--baseline", "base", "--seeds", "2", "--reason", "x")
    code, out, _ = bench("check", "--baseline", "base", *project[1:])
    assert code == 0
    assert "gate" in out


def test_a_check_asks_for_what_the_baseline_was_made_of(bench, stub, project, tmp_path):
    """The part of the suite and the user's files are known from the baseline."""
    other = write_architecture(tmp_path, "other")
    write_suite(tmp_path / "gate.toml", ["tiny", "other"], "digits")
    made = ["baseline", "update", project[0], "--baseline", "base", "--seeds", "2", "--reason", "x"]
    both = [*project[1:], "--architecture", other]
    bench(*made, *both, "--only", "tiny")
    code, out, err = bench("check", "--baseline", "base")
    assert code == 0, out + err
    assert "nothing changed" in out
    assert "other" not in out
    bench(*made, *both, "--only", "other")
    code, out, _ = bench("check", "--baseline", "base")
    assert code == 0
    assert out.count("nothing changed") == 2
    code, out, _ = bench("check", project[0], *project[1:], "--baseline", "base")
    assert code != 0  # the suite is named, and an architecture of it cannot be found


def test_a_baseline_is_checked_from_any_folder(bench, stub, project, tmp_path, monkeypatch):
    """Its paths count from where it was made, which is a folder above it."""
    monkeypatch.chdir(tmp_path)
    relative = ["gate.toml", "--architecture", Path(project[2]).relative_to(tmp_path)]
    assert (
        bench(
            *("baseline", "update", *relative, "--baseline", "kept/base"),
            *("--seeds", "2", "--reason", "x"),
        )[0]
        == 0
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    code, out, err = bench("check", "--baseline", "../kept/base")
    assert code == 0, out + err
    assert "nothing changed" in out


def test_an_architecture_file_that_is_gone_is_told_and_never_passed_over_alone(
    bench, stub, project
):
    given = ["--baseline", "base", "--seeds", "2", "--reason", "x", "--only", "tiny"]
    bench("baseline", "update", *project, *given)
    project[2].unlink()
    code, out, _ = bench("check", "--baseline", "base")
    assert code == 4
    assert "no longer among the architectures" in " ".join(out.split())
    code, out, _ = bench("check", "--baseline", "base", "--allow-gone")
    assert code == 4  # nothing was compared


def test_an_update_stays_on_the_data_of_the_last_one(bench, stub, project, tmp_path):
    data = write_dataset(tmp_path / "own.npz")
    made = [*project[1:], "--baseline", "base", "--seeds", "2"]
    bench("baseline", "update", project[0], *made, "--dataset", data, "--reason", "first")
    code, out, _ = bench("baseline", "update", *made, "--reason", "again", "--json")
    assert code == 0
    said = json.loads(out)
    assert (said["suite"], said["dataset"]) == (str(project[0]), str(data))
    code, out, _ = bench("check", *project[1:], "--baseline", "base")
    assert code == 0
    assert "nothing changed" in out


def test_a_baseline_needs_a_reason(bench, stub, project):
    code, _, err = bench("baseline", "update", *project, "--baseline", "base")
    assert code == 2
    assert "--reason" in err
    code, _, err = bench("baseline", "update", *project, "--baseline", "base", "--reason", " ")
    assert code == 2
    assert "say in a few words why" in err


def test_a_baseline_that_cannot_be_written_is_told_before_the_training(refuse, project, tmp_path):
    (tmp_path / "file").write_bytes(b"a file")
    base = tmp_path / "file" / "base"
    line = refuse("baseline", "update", *project, "--baseline", base, "--reason", "first")
    told = f"cannot write to {base}: Not a directory; choose another folder with --baseline"
    assert line == f"bench: {told}"
    pack = tmp_path / "base.parquet"
    line = refuse("baseline", "update", *project, "--baseline", pack, "--reason", "first")
    assert line.startswith(f"bench: --baseline {pack}: records are written to a folder")


def test_a_regression_is_exit_code_1_everywhere_it_is_told(
    bench, stub, project, tmp_path, monkeypatch
):
    """The stub's accuracy is about one in ten, the baseline's is perfect."""
    write_suite(project[0], ["tiny"], write_dataset(tmp_path / "own.npz"))
    baseline = make_baseline(tmp_path, project, [1.0] * 5, images=20)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    outputs = ["--junit", "out/junit.xml", "--markdown", "out/gate.md", "--picture", "flips.png"]
    code, out, _ = bench("check", *project, *baseline, *outputs)
    assert code == 1
    told = "regressed: accuracy fell by"
    assert told in " ".join(out.split())
    assert "::error title=bench check%3A tiny::" in out
    for path in ("summary.md", "out/gate.md"):
        assert told in (tmp_path / path).read_text()
    root = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert told in root.find("testsuite/testcase/failure").get("message")
    assert (tmp_path / "flips.png").read_bytes().startswith(b"\x89PNG")


def test_other_test_labels_are_exit_code_4(bench, stub, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98], images=360)
    code, out, _ = bench("check", *project, *baseline)
    assert code == 4
    assert "test labels differ" in out


def test_a_run_that_diverges_is_exit_code_1_with_the_epoch(bench, stub, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])
    text = project[2].read_text()
    changed = text.replace('"adam"', '{"name": "adam", "learning_rate": 1000}')
    project[2].write_text(changed)
    code, out, _ = bench("check", *project, *baseline)
    assert code == 4
    assert "optimizer" in out
    code, out, _ = bench("check", *project, *baseline, "--allow-recipe-change", "--json")
    assert code == 1
    found = json.loads(out)
    assert found["exit_code"] == 1
    assert "diverged: the loss is nan in epoch 1 of 1" in found["verdicts"][0]["sentence"]


def test_a_worker_that_dies_is_exit_code_5(bench, stub, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])
    write_architecture(tmp_path, "tiny", "os.kill(os.getpid(), signal.SIGSEGV)")
    code, out, _ = bench("check", *project, *baseline)
    assert code == 5
    assert "could not be completed" in out


def test_an_error_of_ours_is_exit_code_5_and_never_1(bench, project, tmp_path, monkeypatch):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])
    monkeypatch.setattr("ninetynine.gate.request.make_contests", lambda *a: 1 / 0)
    code, _, err = bench("check", *project, *baseline)
    assert code == 5
    assert "ZeroDivisionError" in err


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(bench, project, tmp_path, monkeypatch):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ninetynine.gate.request.check", interrupted)
    code, _, err = bench("check", *project, *baseline)
    assert code == 130
    assert "run the same command again" in err


def test_ctrl_c_during_an_update_keeps_the_runs_and_the_baseline(
    bench, stub, project, tmp_path, monkeypatch
):
    update = ["baseline", "update", *project, "--baseline", "base", "--seeds", "2"]
    bench(*update, "--reason", "first")
    before = {path: path.read_bytes() for path in (tmp_path / "base").rglob("*.json")}

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("ninetynine.gate.request.open_trainer", interrupted)
    code, _, err = bench(*update, "--reason", "second", "--fresh")
    assert code == 130
    assert "interrupted: 0 runs are kept in " in err
    assert {path: path.read_bytes() for path in (tmp_path / "base").rglob("*.json")} == before


def test_an_architecture_that_cannot_be_built_is_exit_code_2(bench, stub, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])
    write_architecture(tmp_path, "tiny", "raise ValueError('no such layer')")
    code, _, err = bench("check", *project, *baseline)
    assert code == 2
    assert "no such layer" in err


@pytest.mark.parametrize("flags", [[], ["--allow-gone", "--allow-new"]])
def test_new_and_gone_architectures_are_4_also_where_allowed_and_nothing_else_was_compared(
    bench, stub, project, tmp_path, flags
):
    write_runs(RecordStore(tmp_path / "baseline"), make_runs([0.98, 0.98], architecture="veteran"))
    code, out, _ = bench("check", *project, "--baseline", tmp_path / "baseline", *flags)
    assert code == 4
    assert "tiny" in out
    assert "veteran" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--baseline", "nowhere"], "no such folder"),
        (["--baseline", "."], "holds no records"),
        (["--baseline", ".", "--margin", "0"], "--margin"),
        (["--baseline", ".", "--max-seeds", "1"], "--max-seeds"),
        ([], "--baseline"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(bench, project, arguments, words):
    code, _, err = bench("check", *project, *arguments)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_plain_results_folder_does_not_say_its_suite(bench, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.98])
    code, _, err = bench("check", *baseline)
    assert code == 2
    assert "which suite" in err


def test_a_misspelled_margin_of_a_baseline_is_told_and_not_passed_over(bench, project, tmp_path):
    baseline = make_baseline(tmp_path, project, [0.98, 0.981])
    manifest = baseline[1] / "baseline.json"
    for name, code in (("tyni", 2), ("tiny", 0)):
        manifest.write_text(json.dumps({"manifest_version": 1, "margins": {name: 0.05}}))
        found, _, err = bench("check", *project, *baseline, "--dry-run")
        assert found == code
        assert ("did you mean 'tiny'?" in err) == (code == 2)


def test_a_dry_run_says_what_could_be_shown_and_trains_nothing(bench, project, tmp_path):
    baseline = make_baseline(tmp_path, project, spread(0.98, 0.001, 10), images=10_000)
    code, out, _ = bench("check", *project, *baseline, "--dry-run")
    assert code == 0
    assert "tiny: 10 seeds in the baseline, SD 0.10 points" in out
    code, out, _ = bench("check", *project, *baseline, "--dry-run", "--json")
    row = json.loads(out)["prospects"][0]
    assert 0.6 < row["passes_unchanged"] < 0.9
    assert row["catches_twice_the_margin"] > 0.95
    assert not (tmp_path / ".bench-check").exists()


def action_script():
    """Return the script of the GitHub action's step that checks."""
    text = (Path(__file__).parents[2] / "action.yml").read_text()
    (block,) = text.split("      run: |\n")[1:]
    return textwrap.dedent(block.split("\n\n")[0])


def test_the_github_action_uses_options_that_exist():
    used = set(re.findall(r"--[a-z-]+", action_script()))
    known = {name for parameter in check.command.params for name in parameter.opts}
    assert {"--baseline", "--margin", "--junit"} <= used
    assert used <= known


@pytest.mark.parametrize(
    ("code", "inconclusive", "expected"),
    [(0, "fail", 0), (1, "pass", 1), (3, "fail", 3), (3, "pass", 0), (4, "pass", 4)],
)
def test_the_github_action_passes_the_answer_on(tmp_path, code, inconclusive, expected):
    fake = tmp_path / "bench"
    fake.write_text(f'#!/usr/bin/env bash\nprintf "%s|" "$@" > arguments\nexit {code}\n')
    fake.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "BASELINE": "my base",
        "SUITE": "",
        "MARGIN": "0.2",
        "MAX_SEEDS": "30",
        "INCONCLUSIVE": inconclusive,
        "ARGUMENTS": "--only t2 --allow-new",
    }
    script = ["bash", "-e", "-o", "pipefail", "-c", action_script()]  # as the runner calls it
    done = subprocess.run(script, cwd=tmp_path, env=environment)
    assert done.returncode == expected
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"
    arguments = (tmp_path / "arguments").read_text()
    assert arguments.startswith("check|--baseline|my base|--margin|0.2|")
    assert arguments.endswith("|--only|t2|--allow-new|")


def test_other_predictions_of_the_same_weights_are_not_identical(bench, stub, project):
    """The stub's weights are always the same, its predictions depend on the model's name."""
    base = ["--baseline", "base", "--json"]
    bench("baseline", "update", *project, *base[:2], "--seeds", "2", "--reason", "x")
    (before,) = json.loads(bench("check", *project, *base, "--fresh")[1])["verdicts"]
    named = "model = keras.Model(); model.name = 'other'; return model"
    write_architecture(project[2].parent, "tiny", named)
    (verdict,) = json.loads(bench("check", *project, *base, "--max-seeds", "2")[1])["verdicts"]
    assert (before["identical"], verdict["identical"]) == (True, False)
    assert "the architecture's code" in verdict["changes"]
    (work,) = Path(".bench-check").glob("runs-*")
    hashes = [
        {r.cell.seed: r.model.weights_hash for r in RecordStore(folder).read_all()[0]}
        for folder in (Path("base"), work)
    ]
    assert {*hashes[0].values()} == {*hashes[1].values()} == {"a" * 64}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_dropout_left_on_is_caught_though_the_weights_are_the_same(bench, kept_workers, tmp_path):
    """Real training: the regression that a comparison of weights alone would pass."""
    file = tmp_path / "dropping.py"
    file.write_text(DROPOUT)
    suite = write_suite(tmp_path / "gate.toml", ["dropping"], "digits")
    options = [suite, "--architecture", file, "--baseline", "base", "--jobs", "1", "--threads", "1"]
    made = bench("baseline", "update", *options, "--seeds", "2", "--reason", "before")
    assert made[0] == 0
    file.write_text(DROPOUT.replace("training=training", "training=True"))
    code, out, _ = bench(
        "check", *options, "--max-seeds", "2", "--margin", "1", "--picture", "flips.png", "--json"
    )
    assert code == 1
    (verdict,) = json.loads(out)["verdicts"]
    assert not verdict["identical"]
    assert "the architecture's code" in verdict["changes"]
    assert (tmp_path / "flips.png").read_bytes().startswith(b"\x89PNG")
    (work,) = (tmp_path / ".bench-check").glob("runs-*")
    before, now = (
        {r.cell.seed: r.model.weights_hash for r in RecordStore(folder).read_all()[0]}
        for folder in (tmp_path / "base", work)
    )
    assert before.items() <= now.items() or now.items() <= before.items()
