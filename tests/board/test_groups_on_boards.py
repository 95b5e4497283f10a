"""Boards whose images come in groups: where these are kept, and where they are said."""

import json

import numpy as np
import pytest
from ninetynine import datasets, report
from ninetynine.board import build_boards
from ninetynine.datasets import ImageGroups
from ninetynine.datasets.built_in import mnist
from ninetynine.merging import merge
from ninetynine.records import RecordStore
from record_builders import make_predictions, make_record
from run_helpers import write_architecture, write_dataset, write_suite

DATA = {"dataset": "scans", "dataset_fingerprint": "e" * 64}
GROUPS = ImageGroups(np.arange(1000) // 20, "patients")


def write(store, architecture="net", groups_wrong=(0, 1), seeds=3, extra=()):
    """Runs that err on whole groups of twenty, one image in two."""
    wrong = [i for g in groups_wrong for i in range(20 * g, 20 * g + 20, 2)]
    for seed in range(seeds):
        answers = make_predictions([*wrong, 999 - seed, *extra])
        accuracy = float(answers.correct.mean())
        store.write(make_record(architecture, seed, accuracy=accuracy, **DATA), answers)


def board_of(store):
    (board,) = build_boards(RecordStore(store.directory), {})
    return board


def said(store, format_):
    return report.render(report.Report(RecordStore(store.directory), {}), format_)


def widths(board):
    return [row.ci_population.high - row.ci_population.low for row in board.rows]


@pytest.fixture
def store(tmp_path):
    return RecordStore(tmp_path / "results")


def test_groups_that_are_kept_widen_intervals_and_are_said(store):
    write(store)
    before = board_of(store)
    store.groups.keep("scans", "e" * 64, GROUPS)
    after = board_of(store)
    assert widths(after)[0] > 1.5 * widths(before)[0]
    assert (before.image_groups, str(after.image_groups)) == (None, "50 patients")
    assert before.rows[0].ci_seeds == after.rows[0].ci_seeds
    text = " ".join(said(store, "table").split())
    assert "1,000 test images of 50 patients" in text
    assert "seeds and patients" in text
    (row,) = json.loads(said(store, "json"))["boards"][0]["rows"]
    assert row["population_groups"] == 50
    next((store.directory / "groups").iterdir()).unlink()
    (row,) = json.loads(said(store, "json"))["boards"][0]["rows"]
    assert row["population_groups"] is None


def test_mnists_writers_need_no_file(store):
    answers = make_predictions([1, 2, 3], images=10_000)
    record = make_record(accuracy=0.9997, dataset_fingerprint=mnist.INFO.fingerprint)
    store.write(record, answers)
    store.groups.keep(
        "mnist",
        mnist.INFO.fingerprint,
        datasets.shipped_test_groups("mnist", mnist.INFO.fingerprint),
    )
    assert not (store.directory / "groups").exists()
    assert str(board_of(store).image_groups) == "297 writers"


def test_groups_of_another_number_of_images_and_damaged_ones_count_for_nothing(store):
    write(store)
    plain = widths(board_of(store))
    store.groups.keep("scans", "e" * 64, ImageGroups(np.arange(900) // 20))
    assert widths(board_of(store)) == plain
    (path,) = (store.directory / "groups").iterdir()
    for content in (b"", b"PK", path.read_bytes()[:200]):
        path.write_bytes(content)
        assert widths(board_of(store)) == plain


def test_a_merge_takes_the_groups_along(store, tmp_path):
    write(store)
    store.groups.keep("scans", "e" * 64, GROUPS)
    merge([store.directory], tmp_path / "all")
    assert str(board_of(RecordStore(tmp_path / "all")).image_groups) == "50 patients"


def test_compare_and_plan_speak_of_the_groups(store, bench):
    write(store, "good", (0, 1), extra=(500,))
    write(store, "bad", (0, 2, 3))
    store.groups.keep("scans", "e" * 64, GROUPS)
    folder = ["--results", str(store.directory)]
    assert "drawn are 50 patients" in bench("compare", "good", "bad", *folder)[1]
    found = json.loads(bench("compare", "good", "bad", "--json", *folder)[1])
    assert found["population_groups"] == 50
    assert found["to_decide"]["groups"] == -(-found["to_decide"]["images"] // 20)
    text = bench("plan", "good", "bad", "--difference", "0.5", *folder)[1]
    assert "1,000 test images of 50 patients" in text
    assert "the patients are too few" in text


def test_neighbors_that_err_together_are_noted_where_no_groups_are_known(store):
    write(store, groups_wrong=range(0, 50, 7))
    (note,) = [note for note in board_of(store).notes if note.startswith("Neighboring images")]
    assert "may be too short" in note
    store.groups.keep("scans", "e" * 64, GROUPS)
    assert not any(note.startswith("Neighboring") for note in board_of(store).notes)


def test_images_in_an_order_by_chance_have_no_note(store):
    scattered = np.random.default_rng(0).permutation(1000)[:60]
    write(store, groups_wrong=(), extra=scattered.tolist())
    assert not any(note.startswith("Neighboring") for note in board_of(store).notes)


@pytest.mark.slow
def test_a_run_keeps_the_groups_of_its_file_and_takes_those_that_are_told_later(
    bench, stub, tmp_path
):
    path = write_dataset(tmp_path / "mine.npz")
    arrays = dict(np.load(path))
    net = write_architecture(tmp_path, "net")
    suite = write_suite(tmp_path / "s.toml", ["net"], path)
    command = ["run", suite, "--architecture", net, "--results", tmp_path / "r"]
    for noun in ("patients", "clinics"):
        np.savez(path, **arrays, groups_test=np.arange(20) // 4, groups_noun=np.array(noun))
        _, out, err = bench(*command)
        assert f"20 test images of 5 {noun}" in out, err
