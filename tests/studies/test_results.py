"""The committed results are tested like code: whole, consistent, and the tables made from them."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from ninetynine import suite
from ninetynine.board import Rows, ladder
from ninetynine.records import RecordStore
from ninetynine.report import Report, render
from ninetynine.statistics import accuracy_estimate, compare
from ninetynine.suite import discover
from own_numbers import own_numbers, rewrite
from pigeonhole import pigeonhole_bootstrap

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """The records that are committed, without those that runs in this clone have added."""
    command = ["git", "-C", str(ROOT), "ls-files", "results/records", ":(glob)results/*.parquet"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode or not listed.stdout:
        pytest.skip("not a git clone: committed records cannot be told from others")
    folder = tmp_path_factory.mktemp("results")
    for name in listed.stdout.splitlines():
        target = folder / Path(name).relative_to("results")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return RecordStore(folder)


@pytest.fixture(scope="module")
def report(committed):
    """The report of these records, which are read, ranked and summed up once."""
    made = Report(committed, discover(), sums=True)
    assert made.problems == []
    return replace(made, chosen=made.records, given=made.boards)


@pytest.fixture(scope="module")
def records(report):
    return report.records


def test_the_readme_regenerates_byte_for_byte(report):
    assert render(report, "readme") == (RESULTS / "README.md").read_text()


@pytest.mark.parametrize("name", ["ladder", "speedrun"])
def test_the_ladders_regenerate_byte_for_byte(name, report, monkeypatch):
    here = [board for board in report.boards if board.dataset == "mnist"]
    monkeypatch.setattr(report.store, "read_all", lambda whole: (report.records, []))
    monkeypatch.setattr(ladder, "build_boards", lambda *_, margin: here)
    page = (RESULTS / f"{name.upper()}.md").read_text()
    assert render(replace(report, suite_name=name), "ladder") == page


def test_the_page_on_folds_regenerates_byte_for_byte(committed):
    folder = committed.folder.parent / "tuning"
    shutil.copytree(RESULTS / "tuning", folder, dirs_exist_ok=True)
    page = folder / "folds_beside_test.md"
    page.unlink()
    command = [
        sys.executable,
        ROOT / "studies" / "mnist" / "folds_beside_test.py",
        "--results",
        folder.parent,
    ]
    subprocess.run(command, check=True, capture_output=True)
    assert page.read_text() == (RESULTS / "tuning" / page.name).read_text()


@pytest.mark.parametrize("name", ["tutorials", "controlled", "ladder", "speedrun"])
def test_every_cell_of_the_suite_is_recorded_and_finished(name, records):
    chosen = suite.load(name)
    catalog = discover()
    for entry in chosen.entries:
        recipe = catalog[entry.name].recipe.override(chosen.recipe, name).canonical()
        seeds = {
            record.cell.seed
            for record in records
            if record.cell.architecture == entry.name
            and record.cell.recipe == recipe
            and record.cell.dataset == chosen.dataset
            and record.cell.precision == entry.precision
            and record.cell.source_hash == catalog[entry.name].source_hash
            and record.status == "finished"
        }
        assert seeds >= set(chosen.seeds_of(entry)), entry.label


def test_every_record_agrees_with_its_predictions(committed, records):
    for record in records:
        if record.status == "finished":
            predictions = committed.predictions(record)
            assert predictions is not None, record.key
            accuracy = record.scores.test.accuracy
            assert predictions.correct.mean() == pytest.approx(accuracy, abs=1e-9)


def test_the_probabilities_of_every_row_are_probabilities(report):
    for board in report.boards:
        for row in board.finished:
            sums = row.prediction_sums.mean_probabilities.sum(axis=1)
            assert np.abs(sums - 1).max() < 0.01, row.name


def test_every_trained_record_says_where_it_comes_from(records):
    for record in records:
        if record.kind == "trained":
            assert record.context.commit, record.key
            assert record.context.dirty is False, record.key
            assert record.machine.fingerprint
            assert record.model.weights_hash


@pytest.mark.exhaustive
def test_the_html_report_stays_small(report):
    assert len(render(report, "html").encode()) < 6e6


def test_one_key_has_one_record(records):
    keys = [record.key for record in records]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("folder", "files", "megabytes"), [(".", 1000, 39), ("results", 29, 15)])
def test_the_committed_tree_stays_small(folder, files, megabytes):
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", folder], capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git clone")
    names = [name for name in listed.stdout.split("\0") if name]
    assert len(names) <= files
    assert sum((ROOT / name).stat().st_size for name in names) < megabytes * 2**20


def test_the_folder_is_a_dataset_as_hugging_face_reads_it(records):
    _, front, page = (RESULTS / "README.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(front)
    (config,) = facts["configs"]
    assert (RESULTS / config["data_files"]).is_file()
    assert page.lstrip().startswith("# Results")
    frame = pd.read_parquet(RESULTS / config["data_files"])
    assert len(frame) == len(records)


def test_the_statistics_page_shows_the_committed_numbers(committed):
    page = (ROOT / "docs" / "statistics.md").read_text()
    assert rewrite(page, own_numbers(committed)) == page


@pytest.mark.exhaustive
def test_the_crossed_interval_agrees_with_a_crossed_bootstrap_on_the_real_records(committed):
    """Owen's pigeonhole bootstrap counts the rest up to three times, so it may be wider."""
    lookup = Rows(committed, discover(), "mnist")
    for name in ("t1_small_cnn", "t2_dense", "t3_deep_cnn", "t4_wide_cnn"):
        correct = lookup.find(name).correct
        ours = accuracy_estimate(correct).population_interval
        resampled = pigeonhole_bootstrap(correct, resamples=400)
        ratio = (ours.high - ours.low) / (resampled.high - resampled.low)
        assert 0.75 < ratio < 1.25, (name, ratio)


@pytest.mark.exhaustive
def test_the_crossed_difference_agrees_with_a_crossed_bootstrap_on_the_real_records(committed):
    lookup = Rows(committed, discover(), "mnist")
    for a, b in (("t3_deep_cnn", "t4_wide_cnn"), ("t1_small_cnn", "t2_dense")):
        first, second = lookup.find(a).correct, lookup.find(b).correct
        ours = compare(first, second).interval
        resampled = pigeonhole_bootstrap(first, second, resamples=400)
        ratio = (ours.high - ours.low) / (resampled.high - resampled.low)
        assert 0.7 < ratio < 1.25, (a, b, ratio)
