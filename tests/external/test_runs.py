"""Predictions made elsewhere: every shape that is one is taken, everything else is named."""

import json

import numpy as np
import pytest
from ninetynine.errors import UserError
from ninetynine.external import make_records, read_runs
from ninetynine.records import RecordStore


def one_hot(labels):
    return np.eye(10, dtype=np.float32)[labels]


def test_every_layout_of_the_same_answers_reads_the_same(tmp_path, digits):
    labels = digits.test_labels
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "runs.npy", np.stack([labels, labels]))
    np.save(tmp_path / "probabilities.npy", one_hot(labels))
    np.savez(tmp_path / "several.npz", first=labels, second=one_hot(labels))
    (tmp_path / "labels.csv").write_text("label\n" + "\n".join(map(str, labels)) + "\n")
    np.savetxt(tmp_path / "probabilities.csv", one_hot(labels), delimiter=",")
    runs = {path.name: read_runs(path, digits) for path in sorted(tmp_path.iterdir())}
    assert {name: len(found) for name, found in runs.items()} == {
        "labels.csv": 1, "labels.npy": 1, "probabilities.csv": 1, "probabilities.npy": 1,
        "runs.npy": 2, "several.npz": 2,
    }  # fmt: skip
    for found in runs.values():
        for run in found:
            assert np.array_equal(run, one_hot(labels))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(7), "fits no predictions"),
        (np.full(360, 10), "from 0 to 9"),
        (np.full(360, 0.5), "whole numbers"),
        (np.full((360, 10), 0.2), "sum to 1"),
        (np.full((360, 10), 3.0), "softmax"),
        (np.full((360, 10), np.nan), "not finite"),
        (np.array(["a"] * 360), "expected numbers"),
    ],
)
def test_what_is_no_prediction_is_refused_in_one_line(tmp_path, digits, array, says):
    path = tmp_path / "predictions.npy"
    np.save(path, array)
    with pytest.raises(UserError, match=says) as error:
        read_runs(path, digits)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["p.npy", "p.npz", "p.csv", "p.txt", "absent.npy"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, digits, name):
    path = tmp_path / name
    if name != "absent.npy":
        path.write_bytes(b"not,a\nfile,")
    with pytest.raises(UserError, match=name):
        read_runs(path, digits)


def test_pickled_predictions_are_never_unpickled(tmp_path, digits):
    path = tmp_path / "pickled.npy"
    np.save(path, np.array([{"a": 1}] * 360, dtype=object), allow_pickle=True)
    with pytest.raises(UserError):
        read_runs(path, digits)


def test_runs_of_one_import_share_a_row_and_are_external(digits):
    right = one_hot(digits.test_labels)
    wrong = one_hot((digits.test_labels + 1) % 10)
    records = [record for record, _ in make_records("mine", [right, wrong], digits, "a note")]
    assert [record.cell.seed for record in records] == [0, 1]
    assert len({record.cell.source_hash for record in records}) == 1
    assert len({record.key for record in records}) == 2
    assert [record.scores.test.accuracy for record in records] == [1.0, 0.0]
    assert all(record.kind == "external" and record.timing is None for record in records)


def test_an_import_takes_its_place_on_the_board(tmp_path, digits, bench):
    np.save(tmp_path / "p.npy", digits.test_labels)
    arguments = (
        "import",
        "oracle",
        tmp_path / "p.npy",
        "--dataset",
        "digits",
        "--results",
        tmp_path,
    )
    assert bench(*arguments)[0] == 0
    assert bench(*arguments)[0] == 0  # the same once more changes nothing
    assert len(RecordStore(tmp_path).read_all()[0]) == 1
    board = json.loads(bench("report", "--results", tmp_path, "--format", "json")[1])
    assert "oracle" in json.dumps(board)


def test_other_predictions_under_a_taken_name_are_refused(tmp_path, digits, bench):
    np.save(tmp_path / "p.npy", digits.test_labels)
    np.save(tmp_path / "q.npy", (digits.test_labels + 1) % 10)
    more = ("--dataset", "digits", "--results", tmp_path)
    assert bench("import", "mine", tmp_path / "p.npy", *more)[0] == 0
    code, _, err = bench("import", "mine", tmp_path / "q.npy", *more)
    assert code == 2
    assert "other predictions" in err
    code, _, err = bench("import", "t2_dense", tmp_path / "p.npy", *more)
    assert code == 2
    assert "is an architecture" in err
