"""``bench import``: predictions take their place on the board, and other ones do not take it."""

import csv
import io
import json

import numpy as np
import pytest
from ninetynine.records import RecordStore


@pytest.fixture
def put(tmp_path, bench, digits):
    """Import runs by number, some of whose answers are wrong; return code, output, errors."""

    def put(name, *runs, **options):
        paths = []
        for run in runs:
            labels = (digits.test_labels + (np.arange(360) % (run + 5) == 0)) % 10
            paths.append(tmp_path / f"{run}x.npy")
            np.save(paths[-1], labels)
        words = [word for k, v in options.items() for word in (f"--{k.replace('_', '-')}", v)]
        results = ("--dataset", "digits", "--results", tmp_path)
        return bench("import", name, *paths, *results, *words)

    return put


def seeds(tmp_path, name="mine"):
    records = RecordStore(tmp_path).read_all()[0]
    return sorted(r.cell.seed for r in records if r.cell.architecture == name)


def test_an_import_takes_its_place_on_the_board(tmp_path, put, bench):
    assert put("mine", 0)[0] == 0
    assert put("mine", 0)[0] == 0  # the same once more changes nothing
    assert seeds(tmp_path) == [0]
    board = json.loads(bench("report", "--results", tmp_path, "--format", "json")[1])
    assert "mine" in json.dumps(board)


def test_what_is_told_of_a_model_is_kept(tmp_path, put, bench):
    code, out, _ = put("mine", 0, parameters=54_321, train_seconds=12.5, seed=4, note="by hand")
    assert code == 0
    assert "mine run 4 on digits: test accuracy" in out
    (record,) = RecordStore(tmp_path).read_all()[0]
    assert record.cell.seed == 4
    assert record.context.note == "by hand"
    assert record.model.parameters == 54_321
    assert record.context.stated_train_seconds == 12.5
    assert record.timing is None
    text = bench("report", "--results", tmp_path, "--format", "csv")[1]
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["parameters"] == "54321"
    assert row["stated_train_seconds"] == "12.5"
    assert row["train_seconds_median"] == ""  # nobody measured it here


@pytest.mark.parametrize(
    "option",
    ["--parameters=0", "--parameters=x", "--train-seconds=0", "--train-seconds=nan",
     "--train-seconds=inf", "--train-seconds=-1", "--seed=-1", "--seed=1.5"],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path, digits, refuse, option):
    np.save(tmp_path / "p.npy", digits.test_labels)
    line = refuse("import", "x", tmp_path / "p.npy", "--dataset", "digits", option)
    assert option.partition("=")[0] in line


def test_what_was_right_is_no_prediction(tmp_path, digits, refuse):
    """True and false are 1 and 0, two of the ten classes."""
    np.save(tmp_path / "right.npy", digits.test_labels > 4)
    line = refuse("import", "x", tmp_path / "right.npy", "--dataset", "digits")
    assert "right.npy: holds true and false for each image, not one of 10 classes" in line


def test_marks_of_the_predicted_class_are_predictions(tmp_path, digits, bench):
    np.save(tmp_path / "marks.npy", np.eye(10, dtype=bool)[(digits.test_labels + 1) % 10])
    asked = tmp_path / "marks.npy", "--dataset", "digits", "--results", tmp_path
    assert bench("import", "x", *asked)[0] == 0


@pytest.mark.slow
def test_runs_join_a_row_by_their_seeds(tmp_path, put):
    for seed in (0, 1, 5):
        assert put("mine", seed, seed=seed)[0] == 0
    assert put("mine", 1, seed=1)[0] == 0  # again
    assert seeds(tmp_path) == [0, 1, 5]
    records = RecordStore(tmp_path).read_all()[0]
    assert len({record.cell.source_hash for record in records}) == 1


def test_other_predictions_for_a_seed_are_refused(tmp_path, put):
    assert put("mine", 0, 1)[0] == 0
    code, _, err = put("mine", 2, seed=1)
    assert code == 2
    assert "other predictions for seed 1" in err
    code, _, err = put("mine", 2)
    assert code == 2
    assert "other predictions" in err
    assert "--seed" in err
    assert seeds(tmp_path) == [0, 1]


def test_a_copy_with_another_seed_is_refused_and_nothing_is_written(tmp_path, put):
    assert put("mine", 0, 1)[0] == 0
    code, _, err = put("mine", 2, 1, seed=7)
    assert code == 2
    assert "seed 8: a copy of mine's run with seed 1" in err
    assert seeds(tmp_path) == [0, 1]
    code, _, err = put("other", 2, 3, 2)
    assert code == 2
    assert "a copy of the run in" in err
    assert seeds(tmp_path, "other") == []


def test_a_model_that_has_all_right_is_imported_and_asked_for(tmp_path, digits, bench):
    np.savetxt(tmp_path / "p.csv", digits.test_labels, "%d")
    more = ("--dataset", "digits", "--results", tmp_path)
    code, out, err = bench("import", "oracle", tmp_path / "p.csv", *more)
    assert (code, "100.00%" in out) == (0, True)
    assert "p.csv: all 360 are right; are these what a model predicts" in err


def test_several_runs_may_have_all_right(tmp_path, digits, bench):
    np.savez(tmp_path / "p.npz", **{f"seed_{n}": digits.test_labels for n in range(3)})
    more = ("--dataset", "digits", "--results", tmp_path)
    code, out, err = bench("import", "perfect", tmp_path / "p.npz", *more)
    assert (code, out.count("100.00%"), err.count("all 360 are right")) == (0, 3, 3)
    np.save(tmp_path / "p.npy", digits.test_labels)
    assert bench("import", "perfect", tmp_path / "p.npy", "--seed", 3, *more)[0] == 0
    assert seeds(tmp_path, "perfect") == [0, 1, 2, 3]


def test_a_name_of_an_architecture_is_refused(tmp_path, put):
    code, _, err = put("t2_dense", 0)
    assert code == 2
    assert "is an architecture" in err


@pytest.mark.parametrize("kind", ["record's predictions", "pipe", "folder", "nothing"])
def test_what_is_no_file_of_predictions_is_one_line(tmp_path, put, refuse, kind):
    import os

    path = tmp_path / "p.npz"
    if kind == "record's predictions":  # which have the labels beside them
        put("mine", 0)
        (path,) = (tmp_path / "records" / "mine").glob("*.npz")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    line = refuse("import", "x", path, "--dataset", "digits", "--results", tmp_path)
    assert path.name in line
