"""Labels in a column, as text and one-hot, other array names and a validation part are read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from complaints import complaint
from dataset_builders import ordinary, save
from ninetynine.datasets import Dataset, load

NAMES = np.array(["bird", "cat", "dog", "ox"])
MEDMNIST = {
    "x_train": "train_images",
    "y_train": "train_labels",
    "x_test": "test_images",
    "y_test": "test_labels",
    "x_val": "val_images",
    "y_val": "val_labels",
}
# Of ``ordinary()``, before there was any other way to write it.
PLAIN = "bb59980563614d8b5bad2ae14abfa190"


def read(folder: Path, arrays: dict[str, Any]) -> Dataset:
    return load(str(save(folder, arrays)))


def of_labels(change: Any, **arrays: Any) -> dict[str, Any]:
    """The ordinary arrays with ``change`` made to the labels of each part."""
    changed = (ordinary() | arrays).items()
    return {name: change(array) if name[0] == "y" else array for name, array in changed}


def refusal(folder: Path, arrays: dict[str, Any]) -> str:
    path = save(folder, arrays)
    message = complaint(load, str(path))
    assert message.startswith(f"{path}: ")
    return message


def validation(images: int = 30) -> dict[str, np.ndarray]:
    """A validation part of images that are in no other part."""
    arrays = ordinary(test=200)
    return {"x_val": arrays["x_test"][120 : 120 + images], "y_val": np.arange(images) % 4}


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: labels,
        lambda labels: labels[:, None],
        lambda labels: labels[:, None].astype(np.uint8),
        lambda labels: np.eye(4)[labels],
        lambda labels: np.eye(4, dtype=np.uint8)[labels],
        lambda labels: np.eye(4, dtype=bool)[labels],
        lambda labels: NAMES[labels],
        lambda labels: NAMES[labels][:, None],
        lambda labels: NAMES[labels].astype(bytes),
        lambda labels: labels.astype(str),
        lambda labels: (labels + 9).astype(str),
    ],
)
def test_labels_written_otherwise_are_the_same_data(tmp_path: Path, change: Any) -> None:
    plain, other = read(tmp_path, ordinary()), read(tmp_path, of_labels(change))
    np.testing.assert_array_equal(other.train_labels, plain.train_labels)
    np.testing.assert_array_equal(other.test_labels, plain.test_labels)
    assert other.train_labels.dtype == np.int64
    assert other.num_classes == 4
    assert other.fingerprint == plain.fingerprint


def test_the_fingerprint_is_that_of_earlier_versions(tmp_path: Path) -> None:
    assert read(tmp_path, ordinary()).fingerprint[:32] == PLAIN


class TestTextLabels:
    def test_become_the_class_names_in_their_order(self, tmp_path: Path) -> None:
        arrays = of_labels(lambda labels: np.array(["ox", "cat", "dög", "bird"])[labels])
        data = read(tmp_path, arrays)
        assert data.class_names == ("bird", "cat", "dög", "ox")
        assert data.train_labels[:4].tolist() == [3, 1, 2, 0]
        assert data.notes == ("text labels, read as 0 = bird, 1 = cat, 2 = dög, 3 = ox",)

    def test_that_are_numbers_go_by_their_numbers(self, tmp_path: Path) -> None:
        data = read(tmp_path, of_labels(lambda labels: (labels + 8).astype(str)))
        assert data.class_names == ("8", "9", "10", "11")

    def test_of_many_classes_are_not_all_listed(self, tmp_path: Path) -> None:
        numbers = {"y_train": np.arange(240) % 120, "y_test": np.arange(120)}
        data = read(tmp_path, of_labels(lambda labels: labels.astype(str), **numbers))
        assert data.num_classes == 120
        assert data.notes[0].endswith("8 = 8, ..., 119 = 119")

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"y_test": np.arange(120) % 4}, "y_train is text, y_test is whole numbers"),
            ({"y_test": np.array(["emu", *NAMES[:3]] * 30)}, "first is 'emu' at index 0; expected"),
            ({"y_train": np.array([*NAMES[:3], ""] * 60)}, "has the label ''"),
            ({"y_train": np.array([*NAMES[:3], "ox "] * 60)}, "has the label 'ox '"),
            ({"y_train": np.array([*NAMES[:3], "\x1b[31mox"] * 60)}, r"label '\x1b[31mox'"),
            ({"y_train": np.array(["ox"] * 240)}, "y_test has labels outside the classes (90 of"),
            ({"y_train": np.array([b"\xff"] * 240)}, "bytes that are no UTF-8 text"),
            ({"y_train": np.array(["ox", None] * 120, dtype=object)}, "numpy.array(labels).astype"),
            ({"y_train": NAMES[np.arange(239) % 4]}, "239 labels for 240 images"),
        ],
    )
    def test_that_cannot_be_are_refused(
        self, tmp_path: Path, changed: dict[str, Any], expected: str
    ) -> None:
        assert expected in refusal(tmp_path, of_labels(lambda y: NAMES[y]) | changed)

    def test_of_one_class_are_refused(self, tmp_path: Path) -> None:
        arrays = of_labels(lambda labels: np.full(labels.shape, "ox"))
        assert "one class only" in refusal(tmp_path, arrays)


class TestOneHotLabels:
    def test_are_said_to_be(self, tmp_path: Path) -> None:
        notes = read(tmp_path, of_labels(lambda labels: np.eye(4)[labels])).notes
        assert notes == (
            "y_train: one-hot labels of 4 classes, read as 0..3",
            "y_test: one-hot labels of 4 classes, read as 0..3",
        )

    def test_may_stand_beside_whole_numbers(self, tmp_path: Path) -> None:
        arrays = ordinary() | {"y_train": np.eye(4)[ordinary()["y_train"]]}
        assert read(tmp_path, arrays).fingerprint == read(tmp_path, ordinary()).fingerprint

    @pytest.mark.parametrize(
        ("labels", "expected"),
        [
            (np.eye(5)[np.arange(240) % 4], "of 5 classes but no training image has label 4"),
            (np.eye(4)[np.arange(240) % 4] * 0.9, "several a row, or probabilities"),
            (np.ones((240, 4)), "several a row, or probabilities"),
            (np.zeros((240, 4)), "several a row, or probabilities"),
            (np.eye(4)[np.arange(100) % 4], "100 labels for 240 images"),
            (np.arange(240)[None] % 4, "save labels.ravel()"),
            (np.zeros((240, 1, 2)), "expected one label for each image"),
        ],
    )
    def test_that_are_none_are_refused(
        self, tmp_path: Path, labels: np.ndarray, expected: str
    ) -> None:
        assert expected in refusal(tmp_path, ordinary() | {"y_train": labels})

    def test_of_other_columns_in_another_part_are_refused(self, tmp_path: Path) -> None:
        arrays = of_labels(lambda labels: np.eye(4)[labels])
        arrays["y_test"] = np.eye(7)[ordinary()["y_test"]]
        assert "y_train has 4, y_test has 7" in refusal(tmp_path, arrays)


class TestMedmnistNames:
    def test_are_the_same_data(self, tmp_path: Path) -> None:
        arrays = ordinary() | validation()
        renamed = {MEDMNIST[name]: array for name, array in arrays.items()}
        for name in ("train_labels", "val_labels", "test_labels"):
            renamed[name] = renamed[name][:, None]
        plain, other = read(tmp_path, arrays), read(tmp_path, renamed)
        assert other.fingerprint == plain.fingerprint
        np.testing.assert_array_equal(other.test_images, plain.test_images)
        assert other.validation_labels is not None
        np.testing.assert_array_equal(other.validation_labels, arrays["y_val"])

    def test_need_no_validation_part(self, tmp_path: Path) -> None:
        renamed = {MEDMNIST[name]: array for name, array in ordinary().items()}
        assert read(tmp_path, renamed).fingerprint[:32] == PLAIN

    def test_are_those_of_messages(self, tmp_path: Path) -> None:
        renamed = {MEDMNIST[name]: array for name, array in ordinary().items()}
        renamed["test_labels"] = np.zeros((120, 14), int)  # several findings a picture
        assert "test_labels is int64 (120, 14)" in refusal(tmp_path, renamed)
        del renamed["test_labels"]
        assert "no array test_labels (found train_images," in refusal(tmp_path, renamed)

    def test_of_half_the_arrays_only_are_refused(self, tmp_path: Path) -> None:
        arrays = ordinary()
        arrays["train_images"] = arrays.pop("x_train")
        assert "no array x_train (found y_train" in refusal(tmp_path, arrays)

    def test_give_way_to_the_names_that_were_read_before(self, tmp_path: Path) -> None:
        both = ordinary() | {MEDMNIST[n]: a[::-1] for n, a in ordinary().items()}
        data = read(tmp_path, both)
        assert data.fingerprint[:32] == PLAIN
        assert data.notes == ("not read: train_images, train_labels, test_images, test_labels",)


class TestValidationPart:
    def test_is_kept_and_is_in_the_fingerprint(self, tmp_path: Path) -> None:
        part = validation()
        with_part = read(tmp_path, ordinary() | part)
        assert with_part.validation_images is not None
        assert with_part.validation_images.shape == (30, 8, 8, 1)
        np.testing.assert_array_equal(with_part.validation_images[..., 0], part["x_val"])
        without = read(tmp_path, ordinary())
        assert without.validation_images is None
        assert without.validation_labels is None
        assert without.fingerprint[:32] == PLAIN
        found = {without.fingerprint, with_part.fingerprint}
        for name in part:
            changed = part | {name: np.roll(part[name], 1, axis=0)}
            found.add(read(tmp_path, ordinary() | changed).fingerprint)
        assert len(found) == 4

    def test_is_in_the_summary(self, bench: Any, tmp_path: Path) -> None:
        path = save(tmp_path, of_labels(lambda labels: NAMES[labels], **validation()))
        code, out, _ = bench("data", path, "--json")
        summary = json.loads(out)
        assert code == 0
        assert summary["arrays"]["x_val"]["shape"] == [30, 8, 8, 1]
        assert summary["label_counts"]["validation"] == [8, 8, 7, 7]
        assert summary["class_names"] == NAMES.tolist()
        assert summary["notes"] == ["text labels, read as 0 = bird, 1 = cat, 2 = dog, 3 = ox"]
        code, out, _ = bench("data", path, "--picture", tmp_path / "samples.png")
        assert code == 0
        assert "notes:\n  text labels, read as 0 = bird" in out

    @pytest.mark.parametrize(
        ("changed", "expected"),
        [
            ({"y_val": None}, "x_val without y_val"),
            ({"x_val": None}, "y_val without x_val"),
            ({"y_val": np.arange(29) % 4}, "y_val has 29 labels for 30 images"),
            ({"y_val": np.arange(30) % 5}, "y_val has labels outside the classes 0..3 (6 of 30)"),
            ({"x_val": np.ones((30, 9, 9), np.uint8)}, "x_val uint8 (30, 9, 9, 1)"),
            ({"x_val": np.ones((30, 8, 8))}, "x_val float32 (30, 8, 8, 1)"),
        ],
    )
    def test_that_does_not_go_with_the_others_is_refused(
        self, tmp_path: Path, changed: dict[str, Any], expected: str
    ) -> None:
        arrays = ordinary() | validation() | changed
        arrays = {name: array for name, array in arrays.items() if array is not None}
        assert expected in refusal(tmp_path, arrays)

    def test_is_in_no_fold(self, tmp_path: Path) -> None:
        plain, other = (
            f"{save(tmp_path, arrays, name)}-fold-1-of-4"
            for name, arrays in (("plain", ordinary()), ("other", ordinary() | validation()))
        )
        assert load(plain).fingerprint == load(other).fingerprint
        assert load(other).validation_images is None


def test_an_archive_may_tell_the_classes_names(tmp_path: Path) -> None:
    data = read(tmp_path, ordinary() | {"class_names": NAMES[::-1]})
    assert data.class_names == ("ox", "dog", "cat", "bird")
    assert not data.notes
    assert data.fingerprint[:32] == PLAIN


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (NAMES[:3], "y_train has labels outside the classes 0..2"),
        (NAMES[[0, 0, 1, 2]], "class_names has one name twice"),
        (np.array(["a", "b ", "c", "d"]), "class_names has the label 'b '"),
        (NAMES[:, None], "expected the name of each class as text"),
    ],
)
def test_names_that_do_not_fit_the_classes_are_refused(
    tmp_path: Path, told: np.ndarray, said: str
) -> None:
    assert said in refusal(tmp_path, ordinary() | {"class_names": told})


def test_an_archive_without_test_part_is_split(tmp_path: Path) -> None:
    arrays = {name: array for name, array in ordinary().items() if "train" in name}
    assert "x_test, y_test (found" in refusal(tmp_path, arrays)
    assert "give --test-split 0.2" in refusal(tmp_path, arrays)
    name = f"{tmp_path / 'mine.npz'}?test_split=0.2&split_seed=3"
    data = load(name)
    assert data.fingerprint == load(name).fingerprint != load(name[:-1] + "4").fingerprint
    assert len(data.test_images) == round(0.2 * len(arrays["x_train"]))
    assert len(set(np.bincount(data.test_labels).tolist())) == 1


def test_a_test_part_that_is_split_off_leaves_an_image_of_each_class(tmp_path: Path) -> None:
    images = ordinary()["x_train"][:7]
    rows = {"x_train": images, "y_train": np.array([0, 0, 0, 0, 1, 1, 2])}
    data = load(f"{save(tmp_path, rows)}?test_split=0.9")
    assert np.bincount(data.train_labels).tolist() == [1, 1, 1]
    assert np.bincount(data.test_labels).tolist() == [3, 1]
    path = save(tmp_path, {**rows, "groups_train": np.array([0, 1, 2, 3, 4, 4, 5])})
    said = "leaves no training image of class 1: all of its groups are drawn; expected another"
    assert said in complaint(load, f"{path}?test_split=0.8&split_seed=3")


@pytest.mark.parametrize(
    "changed",
    [{"x_train": np.array(3)}, {"y_train": np.array(3)}, {"groups_train": np.arange(7)}],
    ids=["images", "labels", "groups"],
)
def test_an_array_that_cannot_be_split_is_one_line(
    tmp_path: Path, changed: dict[str, np.ndarray]
) -> None:
    arrays = ordinary()
    rows = {"x_train": arrays["x_train"], "y_train": arrays["y_train"], **changed}
    said = complaint(load, f"{save(tmp_path, rows)}?test_split=0.5")
    assert f"mine.npz: {next(iter(changed))} " in said


def test_channels_first_are_turned_round_where_that_is_told(tmp_path: Path) -> None:
    color = {n: np.stack([a] * 3, -1) if n[0] == "x" else a for n, a in ordinary().items()}
    first = {n: np.moveaxis(a, -1, 1) if n[0] == "x" else a for n, a in color.items()}
    plain = read(tmp_path, color).fingerprint
    name = f"{tmp_path / 'mine.npz'}?channels=first"
    assert "has its channels last; leave out --channels first" in complaint(load, name)
    assert "give --channels first, or save" in refusal(tmp_path, first)
    assert load(name).fingerprint == plain


def test_arrays_that_are_not_read_are_named(tmp_path: Path) -> None:
    more = {"writers": np.arange(120), "class_names": NAMES.astype(object), "a\nb": np.ones(2)}
    data = read(tmp_path, ordinary() | more)
    assert data.notes == (r"not read: writers, class_names, 'a\nb'",)
    assert data.fingerprint[:32] == PLAIN
