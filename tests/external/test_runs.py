"""Predictions made elsewhere: every shape that is one is taken, everything else is named."""

import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from complaints import complaint
from ninetynine.external import (
    MOST_RUNS,
    Facts,
    digest_of,
    make_records,
    read_runs,
    seeds_of,
)


def answers(digits, seed=0):
    """Labels of which a tenth are wrong, others for each seed."""
    labels, generator = digits.test_labels.copy(), np.random.default_rng(seed)
    chosen = generator.choice(len(labels), 36, replace=False)
    labels[chosen] = (labels[chosen] + 1) % 10
    return labels


def one_hot(labels):
    return np.eye(10, dtype=np.float32)[labels]


def soft(labels):
    return (0.1 * 0.1 + 0.9 * one_hot(labels)).astype(np.float32)


def saved(folder, array, name="p.npy"):
    np.save(folder / name, array)
    return folder / name


def read(path, digits):
    return [run.probabilities for run in read_runs([path], digits)]


@pytest.mark.parametrize(
    "layout",
    [
        lambda labels: labels,
        lambda labels: labels[:, None],
        lambda labels: labels[None],
        lambda labels: labels.astype(np.float64),
        lambda labels: labels.astype(">u2"),
        lambda labels: labels.astype(str),
        lambda labels: labels.astype("S"),
        lambda labels: np.char.add("digit ", labels.astype(str)),
        one_hot,
        lambda labels: one_hot(labels).astype(bool),
        lambda labels: one_hot(labels)[None],
        lambda labels: np.asfortranarray(one_hot(labels).astype(np.float16)),
    ],
)
def test_every_layout_of_the_same_answers_reads_the_same(tmp_path, digits, layout):
    labels = answers(digits)
    (run,) = read(saved(tmp_path, layout(labels)), digits)
    assert run.dtype == np.float32
    np.testing.assert_array_equal(run, one_hot(labels))


def test_several_runs_are_read_from_one_array_from_several_and_from_several_files(tmp_path, digits):
    one, two = answers(digits, 1), answers(digits, 2)
    paths = [saved(tmp_path, np.stack([one, two])), saved(tmp_path, soft(one), "q.npy")]
    np.savez(tmp_path / "several.npz", first=one, second=np.stack([soft(two), soft(one)]))
    found = [run.probabilities for run in read_runs([*paths, tmp_path / "several.npz"], digits)]
    expected = [one_hot(one), one_hot(two), soft(one), one_hot(one), soft(two), soft(one)]
    np.testing.assert_array_equal(np.stack(found), np.stack(expected))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros(7), "fits no predictions"),
        (np.zeros((360, 9)), "fits no predictions"),
        (np.zeros((10, 360, 1)), "fits no predictions"),
        (np.float64(3), "fits no predictions"),
        (np.zeros((0, 360)), "is empty"),
        (np.zeros((0,)), "is empty"),
        (np.full(360, 10), "from 0 to 9"),
        (np.full(360, -1), "from 0 to 9"),
        (np.arange(360) % 10 + 1, "save labels - 1"),
        (np.full(360, 0.5), "whole numbers"),
        (np.full((10, 360), 0.1), "a row for each image and a column for each class"),
        (np.full((360, 10), 0.2), "sum to 1"),
        (np.full((360, 10), 3.0), "softmax"),
        (np.random.default_rng(0).normal(size=(360, 10)), "softmax"),
        (np.full((360, 10), 10.0), "percentages: save them / 100"),
        (np.full((360, 10), np.nan), "not finite"),
        (np.full((360, 10), 1e308), "softmax"),
        (np.full(360, np.inf), "not finite"),
        (np.array(["a"] * 360), "'a' is no class of digits; expected numbers from 0 to 9"),
        (np.array(["1"] * 359 + ["x"]), "'x' is no class"),
        (np.array(["2"] * 359 + ["1_0"]), "'1_0' is no class"),
        (np.full((360, 10), 0.1 + 0j), "complex128"),
        (np.zeros(360, "datetime64[s]"), "datetime64"),
        (np.zeros(360, "i4,f4"), "expected numbers"),
        (np.zeros(360, "V4"), "expected numbers"),
    ],
)
def test_what_is_no_prediction_is_refused_in_one_line(tmp_path, digits, array, says):
    path = saved(tmp_path, array)
    line = complaint(read_runs, [path], digits)
    assert says in line
    assert str(path) in line


@pytest.mark.filterwarnings("error")
def test_one_wrong_value_among_many_is_found_without_a_warning(tmp_path, digits):
    for value in (np.nan, np.inf, -0.5, 1e300):
        array = soft(answers(digits)).astype(np.float64)
        array[-1, -1] = value
        assert complaint(read_runs, [saved(tmp_path, array)], digits)


@pytest.mark.parametrize("name", ["p.npy", "p.npz", "p.csv", "p.txt", "p.pkl", "p", "absent.npy"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, digits, name):
    path = tmp_path / name
    if name != "absent.npy":
        path.write_bytes(b"not,a\nfile,")
    assert name in complaint(read_runs, [path], digits)


@pytest.mark.slow
def test_every_cut_of_a_file_is_refused(tmp_path, digits):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, p=answers(digits).astype(np.uint8))
    whole, path = buffer.getvalue(), tmp_path / "p.npz"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert "p.npz" in complaint(read_runs, [path], digits)
    whole = saved(tmp_path, answers(digits).astype(np.uint8)).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "p.npy").write_bytes(whole[:length])
        assert "p.npy" in complaint(read_runs, [tmp_path / "p.npy"], digits)


@pytest.mark.parametrize("name", ["../../p", "/etc/p", "a\x1b[2J", "p.npy", ""])
def test_an_archive_s_names_lead_nowhere(tmp_path, digits, name):
    path, content = tmp_path / "in" / "p.npz", io.BytesIO()
    path.parent.mkdir()
    np.save(content, answers(digits))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.npy", content.getvalue())
    (run,) = read(path, digits)
    np.testing.assert_array_equal(run, one_hot(answers(digits)))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]
    assert not Path("/etc/p.npy").exists()


def test_what_is_no_array_in_an_archive_is_named(tmp_path, digits):
    path = tmp_path / "p.npz"
    np.savez(path, p=answers(digits))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "hello")
    assert "readme.txt is not a numpy array" in complaint(read_runs, [path], digits)
    np.savez(path)
    assert "holds no arrays" in complaint(read_runs, [path], digits)


def test_pickled_predictions_are_never_unpickled(tmp_path, digits):
    path = tmp_path / "pickled.npy"
    np.save(path, np.array([{"a": 1}] * 360, dtype=object), allow_pickle=True)
    assert "pickled" in complaint(read_runs, [path], digits)


def test_too_many_runs_are_refused_over_all_files(tmp_path, digits):
    half = np.zeros((MOST_RUNS // 2 + 1, 360), np.uint8)
    path = saved(tmp_path, half)
    assert len(read_runs([path], digits)) == len(half)
    assert "expected at most 1,000 runs" in complaint(read_runs, [path, path], digits)


def test_the_test_labels_beside_predictions_are_refused(tmp_path, digits):
    path = tmp_path / "record.npz"
    labels = digits.test_labels.astype(np.uint16)
    np.savez(path, probabilities=soft(answers(digits)), labels=labels)
    assert "record.npz: labels: these are the test labels" in complaint(read_runs, [path], digits)
    np.savez(path, one_hot=one_hot(labels))
    assert "these are the test labels" in complaint(read_runs, [path], digits)
    np.savez(path, arr_0=answers(digits), arr_1=labels)
    assert "call the array seed_0 if a model has all right" in complaint(read_runs, [path], digits)
    np.savez(path, all_right=soft(labels))  # a model that has all right has probabilities
    assert len(read_runs([path], digits)) == 1


def test_of_few_images_a_model_may_have_all_right(tmp_path, digits):
    few = dataclasses.replace(digits, test_labels=digits.test_labels[:99])
    np.savez(tmp_path / "p.npz", mine=few.test_labels)
    assert len(read_runs([tmp_path / "p.npz"], few)) == 1


@pytest.mark.parametrize("name", ["seed_0", "run-3", "mlp_seed_1", "predictions", "y_pred"])
def test_what_is_called_as_a_run_may_have_all_right(tmp_path, digits, name):
    np.savez(tmp_path / "p.npz", **{name: digits.test_labels})
    (run,) = read_runs([tmp_path / "p.npz"], digits)
    assert run.is_all_right


def test_the_test_labels_by_themselves_are_known(tmp_path, digits):
    for array, same in ((digits.test_labels, True), (answers(digits), False)):
        (run,) = read_runs([saved(tmp_path, array)], digits)
        assert run.is_test_labels(digits) is same


def test_copies_of_one_run_are_refused(tmp_path, digits):
    one, two = answers(digits, 1), answers(digits, 2)
    path = saved(tmp_path, np.stack([soft(one), soft(two), soft(one)]))
    line = complaint(digest_of, read_runs([path], digits))
    assert "[2]: a copy of the run in" in line
    copy = saved(tmp_path, one_hot(two), "copy.npy")
    same = read_runs([saved(tmp_path, two), copy], digits)
    assert "copy.npy: a copy of the run in" in complaint(digest_of, same)
    assert digest_of(same[:1]) == digest_of(same[1:])  # whatever layout they came in


@pytest.mark.parametrize(
    ("names", "seeds"),
    [
        (["seed_3", "seed_11"], [11, 3]),  # in the order of the names
        (["mlp-run-2", "mlp-run-10"], [10, 2]),
        (["arr_0", "arr_1"], [0, 1]),
        (["4", "7"], [4, 7]),
        (["a", "b"], [0, 1]),
        (["seed_1", "b"], [0, 1]),
        (["cnn_64", "cnn_128"], [0, 1]),  # which are no seeds
        (["x_seed_1", "y_seed_1"], [0, 1]),
    ],
)
def test_names_say_the_seeds_where_they_do_so_for_all(tmp_path, digits, names, seeds):
    arrays = {name: answers(digits, number) for number, name in enumerate(names)}
    np.savez(tmp_path / "p.npz", **arrays)
    runs = read_runs([tmp_path / "p.npz"], digits)
    assert seeds_of(runs, None) == seeds
    assert seeds_of(runs, 5) == [5, 6]
    for name, run in zip(sorted(names), runs, strict=True):
        np.testing.assert_array_equal(run.values, arrays[name])
        assert run.where.endswith(f": {name}")


def test_files_say_their_seeds(tmp_path, digits):
    paths = [saved(tmp_path, answers(digits, n), f"net-seed-{n}.npy") for n in (7, 2)]
    assert seeds_of(read_runs(paths, digits), None) == [7, 2]


def test_records_of_one_import_share_a_row_and_are_external(tmp_path, digits):
    wrong = (digits.test_labels + 1) % 10
    runs = read_runs([saved(tmp_path, np.stack([digits.test_labels, wrong]))], digits)
    facts = Facts("a note", parameters=1_234, train_seconds=5.5)
    made = list(make_records("mine", runs, digits, facts, digest_of(runs), [3, 8]))
    records = [record for record, _ in made]
    assert [record.cell.seed for record in records] == [3, 8]
    assert len({record.cell.source_hash for record in records}) == 1
    assert len({record.key for record in records}) == 2
    assert all(record.key == record.cell.key for record in records)
    assert [record.scores.test.accuracy for record in records] == [1.0, 0.0]
    for record in records:
        assert record.kind == "external"
        assert record.context.note == "a note"
        assert record.model.parameters == 1_234
        assert record.context.stated_train_seconds == 5.5
        assert record.timing is None  # so that no table compares them
    (plain, _) = next(make_records("mine", runs[:1], digits, Facts(), "", [0]))
    assert plain.model is None
    assert plain.timing is None


def test_the_digest_of_an_import_is_what_it_was(tmp_path, digits):
    """Rows that stand on boards keep their keys."""
    import hashlib

    array = soft(answers(digits))
    (run,) = read_runs([saved(tmp_path, array.astype(np.float64))], digits)
    assert digest_of([run]) == hashlib.sha256(array.tobytes()).hexdigest()
