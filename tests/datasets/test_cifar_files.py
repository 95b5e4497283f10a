"""CIFAR's own files are read as Keras's cache has them, and nothing in them is run."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from complaints import complaint
from ninetynine.datasets import load
from ninetynine.datasets.batches import CIFAR_10, CIFAR_100, read_batches, read_names
from ninetynine.datasets.built_in import cifar10, cifar100
from ninetynine.datasets.dataset import CifarFiles

ROWS = 20


def write_files(folder: Path, files: CifarFiles, classes: int) -> dict[str, np.ndarray]:
    """Write a few images as CIFAR's files have them; return them as (n, 32, 32, 3)."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    images, labels = [], []
    for number, name in enumerate([*files.train, files.test]):
        rows = max(ROWS, classes)
        data = generator.integers(0, 256, (rows, 3072), dtype=np.uint8)
        told = (np.arange(rows) + number) % classes
        content = {b"data": data, files.labels.encode(): told.tolist(), b"batch_label": b"some"}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
        images.append(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(told)
    names = {files.names.encode(): [f"class {n}".encode() for n in range(classes)]}
    (folder / files.names_file).write_bytes(pickle.dumps(names, protocol=2))
    return {
        "x_train": np.concatenate(images[:-1]),
        "y_train": np.concatenate(labels[:-1]),
        "x_test": images[-1],
        "y_test": labels[-1],
    }


def small(module: Any, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = {"train_length": len(arrays["x_train"]), "test_length": len(arrays["x_test"])}
    monkeypatch.setattr(module, "INFO", replace(module.INFO, **lengths))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    return tmp_path / "keras" / "datasets"


@pytest.mark.parametrize(
    ("module", "files", "inner"),
    [
        (cifar10, CIFAR_10, "cifar-10-batches-py-target/cifar-10-batches-py"),
        (cifar10, CIFAR_10, "cifar-10-batches-py"),  # as older Keras lays them
        (cifar100, CIFAR_100, "cifar-100-python-target/cifar-100-python"),
    ],
)
def test_keras_cache_is_read_offline(
    module: Any, files: CifarFiles, inner: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = write_files(home / inner, files, module.INFO.num_classes)
    small(module, arrays, monkeypatch)
    dataset = load(module.INFO.name)
    for name, array in arrays.items():
        expected = array if name[0] == "x" else array.astype(np.int64)
        np.testing.assert_array_equal(dataset.arrays[name], expected)
    assert dataset.class_names == module.INFO.class_names


@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_that_is_told_is_read(
    inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data" / "cifar-10-batches-py"
    small(cifar10, write_files(folder, CIFAR_10, 10), monkeypatch)
    assert load("cifar10", folder if inside else folder.parent).num_classes == 10
    assert "looked for cifar10.npz, or cifar-10-batches-py/ with data_batch_1, ..., test_batch" in (
        complaint(load, "cifar10", tmp_path)
    )


def test_a_smaller_set_is_not_taken_for_the_original(tmp_path: Path) -> None:
    write_files(tmp_path / "cifar-10-batches-py", CIFAR_10, 10)
    message = complaint(load, "cifar10", tmp_path)
    assert "not the original cifar10: x_train is uint8 (100, 32, 32, 3), expected" in message


def test_names_are_read(tmp_path: Path) -> None:
    write_files(tmp_path / "c", CIFAR_10, 10)
    assert read_names(tmp_path / "c", CIFAR_10)[9] == "class 9"


class _Runs:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("was_run"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({b"data": _Runs()}), "it asks for "),
        (pickle.dumps([1]), "no dictionary"),
        (pickle.dumps({b"data": np.zeros((2, 9), np.uint8), b"labels": [0, 1]}), "expected (n, 30"),
        (pickle.dumps({b"data": np.zeros((2, 3072)), b"labels": [0, 1]}), "no array uint8"),
        (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8)}), "labels are no whole numbers"),
        (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8)})[:-99], "truncated"),
        (b"", "Ran out of input"),
        (b"\x80\x05hello", "damaged, or no file of CIFAR's"),
    ],
    ids=str,
)
def test_a_damaged_file_is_one_line_and_runs_nothing(
    content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "c", CIFAR_10, 10)
    (tmp_path / "c" / "data_batch_3").write_bytes(content)
    message = complaint(read_batches, tmp_path / "c", CIFAR_10)
    assert "data_batch_3: damaged" in message
    assert said in message
    assert not Path("was_run").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_files(tmp_path / "c", CIFAR_10, 10)
    (tmp_path / "c" / "test_batch").unlink()
    assert "test_batch" in complaint(read_batches, tmp_path / "c", CIFAR_10)
