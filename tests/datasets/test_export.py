"""``bench data export``: what those who train elsewhere need, and nothing overwritten."""

import json
import shlex

import numpy as np
import pytest
from dataset_builders import ordinary, save
from ninetynine.datasets import load


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((), ["x_test"]),
        (("--labels",), ["x_test", "y_test"]),
        (("--train",), ["x_train", "y_train", "x_test"]),
        (("--train", "--labels"), ["x_train", "y_train", "x_test", "y_test"]),
    ],
)
def test_what_is_asked_for_is_written_as_it_is(tmp_path, bench, digits, asked, expected):
    code, out, _ = bench("data", "export", "digits", "--into", tmp_path / "new" / "folder", *asked)
    assert code == 0
    path = tmp_path / "new" / "folder" / "digits-export.npz"
    assert str(path) in out
    with np.load(path) as arrays:
        assert arrays.files == expected
        for name in expected:
            np.testing.assert_array_equal(arrays[name], digits.arrays[name])
            assert arrays[name].dtype == digits.arrays[name].dtype
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # no litter


def test_a_whole_export_is_the_same_dataset(tmp_path, bench, digits):
    bench("data", "export", "digits", "--into", tmp_path, "--train", "--labels")
    assert load(str(tmp_path / "digits-export.npz")).fingerprint == digits.fingerprint


def test_predictions_for_it_are_imported_as_it_says(tmp_path, bench):
    mine = save(tmp_path, ordinary(), "my data")
    code, out, _ = bench("data", "export", mine, "--into", tmp_path, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["file"] == str(tmp_path / "my_data-export.npz")
    with np.load(told["file"]) as arrays:
        count = len(arrays["x_test"])
    (tmp_path / "predictions.csv").write_text("label\n" + "1\n" * count)
    words = shlex.split(told["import"].replace("predictions.csv", f"'{tmp_path}/predictions.csv'"))
    assert words[0] == "bench"
    assert bench(*words[1:], "--results", tmp_path)[0] == 0


def test_what_is_there_stays(tmp_path, bench, refuse):
    path = tmp_path / "digits-export.npz"
    bench("data", "export", "digits", "--into", tmp_path)
    before = path.read_bytes()
    line = refuse("data", "export", "digits", "--into", tmp_path, "--labels")
    assert f"{path}: is there already" in line
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, refuse):
    (tmp_path / "file").write_text("")
    line = refuse("data", "export", "digits", "--into", tmp_path / "file" / "below")
    assert "cannot be written" in line


@pytest.mark.parametrize(
    "words",
    [
        ("export", "digits"),
        ("export", "digits", "--into", "x", "--picture", "p.png"),
        ("digits", "--into", "x"),
        ("digits", "--labels"),
        ("--train",),
        ("digits", "mnist"),
        ("export", "digits", "mnist", "--into", "x"),
        ("exprot", "digits", "--into", "x"),
        ("export", "no_such_dataset", "--into", "x"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, monkeypatch, refuse, words):
    monkeypatch.chdir(tmp_path)
    assert refuse("data", *words)
    assert not list(tmp_path.iterdir())
