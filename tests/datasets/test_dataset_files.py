"""A dataset file is read exactly, or refused in one line that says what is wrong with it."""

import gzip
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from complaints import complaint
from ninetynine.datasets import known, load
from ninetynine.datasets.files import IMAGES_MAGIC, LABELS_MAGIC, read_folder, read_idx, read_npz
from ninetynine.errors import UserError

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([2, 0, 1], dtype=np.uint8)


def four_arrays(**changed: Any) -> dict[str, Any]:
    """Four good arrays of a two-class dataset, some of them replaced; None leaves one out."""
    arrays = {
        "x_train": np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5),
        "y_train": np.array([0, 1, 0, 1, 0, 1]),
        "x_test": np.full((2, 4, 5), 9, dtype=np.uint8),
        "y_test": np.array([1, 0]),
    }
    return {name: array for name, array in (arrays | changed).items() if array is not None}


def save_npz(folder: Path, **changed: Any) -> Path:
    path = folder / "mine.npz"
    np.savez_compressed(path, **four_arrays(**changed))
    return path


def idx_bytes(array: np.ndarray, magic: int) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def write_idx_files(folder: Path, joint: str = "-", zipped: bool = True) -> dict[str, np.ndarray]:
    """Write the four distributed files with small arrays; return the arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"train-images{joint}idx3-ubyte": IMAGES,
        f"train-labels{joint}idx1-ubyte": LABELS,
        f"t10k-images{joint}idx3-ubyte": IMAGES[:2],
        f"t10k-labels{joint}idx1-ubyte": LABELS[:2],
    }
    for name, array in arrays.items():
        data = idx_bytes(array, IMAGES_MAGIC if array.ndim == 3 else LABELS_MAGIC)
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(data) if zipped else data)
    return dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays.values(), strict=True))


class TestIdx:
    @pytest.mark.parametrize("zipped", [False, True])
    def test_reads_images_and_labels_gzipped_or_not(self, tmp_path: Path, zipped: bool) -> None:
        for array, magic in ((IMAGES, IMAGES_MAGIC), (LABELS, LABELS_MAGIC)):
            data = idx_bytes(array, magic)
            path = tmp_path / "file"
            path.write_bytes(gzip.compress(data) if zipped else data)
            np.testing.assert_array_equal(read_idx(path, magic), array)

    def test_reads_an_unzipped_file_that_kept_its_gz_name(self, tmp_path: Path) -> None:
        path = tmp_path / "train-labels-idx1-ubyte.gz"
        path.write_bytes(idx_bytes(LABELS, LABELS_MAGIC))
        np.testing.assert_array_equal(read_idx(path, LABELS_MAGIC), LABELS)

    def test_labels_where_images_are_expected_are_a_wrong_magic_number(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(idx_bytes(np.zeros(40, np.uint8), LABELS_MAGIC))
        message = complaint(read_idx, path, IMAGES_MAGIC)
        assert "0x00000801" in message
        assert "0x00000803" in message
        assert str(path) in message

    @pytest.mark.parametrize("change", [-1, 1])
    def test_a_byte_too_few_or_too_many_is_a_wrong_length(
        self, tmp_path: Path, change: int
    ) -> None:
        data = idx_bytes(IMAGES, IMAGES_MAGIC)
        path = tmp_path / "file"
        path.write_bytes(data[:-1] if change < 0 else data + b"\0")
        message = complaint(read_idx, path, IMAGES_MAGIC)
        assert f"{60 + change} bytes" in message
        assert "3x4x5 = 60" in message

    @pytest.mark.parametrize("length", [0, 3, 15])
    def test_a_file_shorter_than_its_header_is_refused(self, tmp_path: Path, length: int) -> None:
        path = tmp_path / "file"
        path.write_bytes(idx_bytes(IMAGES, IMAGES_MAGIC)[:length])
        assert "truncated" in complaint(read_idx, path, IMAGES_MAGIC)

    def test_every_cut_of_a_gzip_is_refused(self, tmp_path: Path) -> None:
        whole = gzip.compress(idx_bytes(IMAGES, IMAGES_MAGIC))
        path = tmp_path / "file.gz"
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            assert str(path) in complaint(read_idx, path, IMAGES_MAGIC)

    def test_a_gzip_with_a_flipped_bit_is_refused(self, tmp_path: Path) -> None:
        whole = bytearray(gzip.compress(idx_bytes(IMAGES, IMAGES_MAGIC)))
        whole[-6] ^= 1  # in the checksum
        path = tmp_path / "file.gz"
        path.write_bytes(whole)
        assert "damaged gzip" in complaint(read_idx, path, IMAGES_MAGIC)

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        assert "no such file" in complaint(read_idx, tmp_path / "none", IMAGES_MAGIC)


class TestFolder:
    @pytest.mark.parametrize("zipped", [False, True])
    @pytest.mark.parametrize("joint", ["-", "."])
    def test_finds_the_four_files_under_each_of_their_names(
        self, tmp_path: Path, joint: str, zipped: bool
    ) -> None:
        expected = write_idx_files(tmp_path, joint, zipped)
        found = read_folder(tmp_path, known()["mnist"])
        assert found is not None
        assert found[1] == tmp_path
        for name, array in expected.items():
            np.testing.assert_array_equal(found[0][name], array)

    @pytest.mark.parametrize("sub_folder", ["fashion_mnist", "fashion-mnist"])
    def test_the_dataset_s_own_sub_folder_comes_first(
        self, tmp_path: Path, sub_folder: str
    ) -> None:
        write_idx_files(tmp_path)
        write_idx_files(tmp_path / sub_folder)
        found = read_folder(tmp_path, known()["fashion_mnist"])
        assert found is not None
        assert found[1] == tmp_path / sub_folder

    def test_an_npz_of_the_dataset_s_name_is_read(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "mnist.npz", **four_arrays())
        found = read_folder(tmp_path, known()["mnist"])
        assert found is not None
        np.testing.assert_array_equal(found[0]["y_train"], four_arrays()["y_train"])
        assert read_folder(tmp_path, known()["fashion_mnist"]) is None

    def test_a_folder_without_files_is_none(self, tmp_path: Path) -> None:
        assert read_folder(tmp_path, known()["mnist"]) is None

    def test_one_missing_file_of_the_four_is_named(self, tmp_path: Path) -> None:
        write_idx_files(tmp_path)
        (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
        assert "t10k-labels-idx1-ubyte" in complaint(read_folder, tmp_path, known()["mnist"])


class _RunsCodeWhenUnpickled:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("unpickled"),))


class TestNpz:
    def test_object_arrays_are_refused_and_never_unpickled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        labels = np.array([_RunsCodeWhenUnpickled()] * 6, dtype=object)
        path = save_npz(tmp_path, y_train=labels)
        assert "pickled" in complaint(read_npz, path)
        assert not Path("unpickled").exists()

    def test_a_pickle_named_npz_is_refused_and_never_unpickled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        path = tmp_path / "mine.npz"
        path.write_bytes(pickle.dumps(_RunsCodeWhenUnpickled()))
        assert "not an .npz file" in complaint(read_npz, path)
        assert not Path("unpickled").exists()

    def test_every_kind_of_cut_is_refused(self, tmp_path: Path) -> None:
        path = save_npz(tmp_path)
        whole = path.read_bytes()
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            assert str(path) in complaint(read_npz, path)

    def test_flipped_bytes_are_refused_or_change_nothing(self, tmp_path: Path) -> None:
        path = save_npz(tmp_path)
        whole = path.read_bytes()
        for position in range(0, len(whole), 5):
            damaged = bytearray(whole)
            damaged[position] ^= 0xFF
            path.write_bytes(damaged)
            try:
                arrays = read_npz(path)
            except UserError:
                continue
            for name, array in four_arrays().items():
                np.testing.assert_array_equal(arrays[name], array)

    def test_a_header_that_promises_more_than_the_file_has_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.npz"
        header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999,), }\n"
        member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        with zipfile.ZipFile(path, "w") as archive:
            for name in four_arrays():
                archive.writestr(f"{name}.npy", member)
        assert "damaged" in complaint(read_npz, path)

    def test_a_member_that_is_no_array_is_refused(self, tmp_path: Path) -> None:
        path = save_npz(tmp_path, y_test=None)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("y_test", b"1, 0")
        assert "y_test is not a numpy array" in complaint(read_npz, path)

    def test_missing_arrays_are_named_with_what_was_found(self, tmp_path: Path) -> None:
        message = complaint(read_npz, save_npz(tmp_path, x_test=None, y_test=None))
        assert "x_test, y_test" in message
        assert "found x_train, y_train" in message

    def test_a_missing_file_a_folder_and_a_single_npy_are_refused(self, tmp_path: Path) -> None:
        assert "no such file" in complaint(read_npz, tmp_path / "none.npz")
        assert "is a folder" in complaint(read_npz, tmp_path)
        np.save(tmp_path / "one.npy", IMAGES)
        assert "not an .npz" in complaint(read_npz, tmp_path / "one.npy")


class TestUsersDataset:
    def test_takes_bytes_with_or_without_a_channel_axis_as_the_same_data(
        self, tmp_path: Path
    ) -> None:
        flat = load(str(save_npz(tmp_path)))
        arrays = four_arrays()
        channelled = {name: arrays[name][..., None] for name in ("x_train", "x_test")}
        deep = load(str(save_npz(tmp_path, **channelled)))
        assert flat.name == "mine"
        assert flat.num_classes == 2
        assert flat.train_images.shape == (6, 4, 5, 1)
        assert flat.train_images.dtype == np.uint8
        assert flat.train_labels.dtype == np.int64
        np.testing.assert_array_equal(flat.train_images[..., 0], arrays["x_train"])
        assert flat.fingerprint == deep.fingerprint

    def test_the_fingerprint_ignores_the_label_dtype_and_sees_one_changed_value(
        self, tmp_path: Path
    ) -> None:
        original = load(str(save_npz(tmp_path))).fingerprint
        arrays = four_arrays()
        small_labels = arrays["y_train"].astype(">i2")
        assert load(str(save_npz(tmp_path, y_train=small_labels))).fingerprint == original
        for name in arrays:
            changed = arrays[name].copy()
            changed[(0,) * changed.ndim] ^= 1
            assert load(str(save_npz(tmp_path, **{name: changed}))).fingerprint != original

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
    def test_floats_become_float32(self, tmp_path: Path, dtype: Any) -> None:
        x_train = np.linspace(0, 1, 6 * 4 * 5 * 3).reshape(6, 4, 5, 3).astype(dtype)
        path = save_npz(tmp_path, x_train=x_train, x_test=x_train[:2])
        dataset = load(str(path))
        assert dataset.train_images.dtype == np.float32
        np.testing.assert_array_equal(dataset.train_images, x_train.astype(np.float32))

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"y_train": np.array([0, 1, 0, 1, 0])}, "5 labels for 6 images"),
            ({"y_test": np.array([0, 1, 1])}, "3 labels for 2 images"),
            ({"y_test": np.array([0, 2])}, "the first is 2 at index 1"),
            ({"y_train": np.array([0, 1, 0, -1, 0, 1])}, "the first is -1 at index 3"),
            ({"y_train": np.array([0, 1, 0, 2**63, 0, 1], np.uint64)}, "outside the classes"),
            ({"y_train": np.array([1, 2, 1, 2, 1, 2])}, "no training image has label 0"),
            ({"y_train": np.array([0, 1, 0, 3, 0, 1])}, "no training image has label 2"),
            ({"y_train": np.zeros(6, int)}, "one class only"),
            ({"y_train": np.array([0, 1, 0, 1, 0, 1.0])}, "whole numbers"),
            ({"y_train": np.array([True, False] * 3)}, "whole numbers"),
            ({"y_train": np.ones((6, 2), int)}, "several a row, or probabilities"),
            ({"y_train": np.array(list("010101"))}, "whole numbers"),
            ({"x_test": np.zeros((2, 5, 5), np.uint8)}, "one shape and dtype"),
            ({"x_test": np.zeros((2, 4, 5))}, "one shape and dtype"),
            ({"x_train": np.zeros((6, 20), np.uint8)}, "(n, height, width)"),
            ({"x_train": np.zeros((0, 4, 5), np.uint8), "y_train": np.zeros(0, int)}, "(0, 4, 5)"),
            ({"x_train": np.zeros((6, 4, 0), np.uint8)}, "(6, 4, 0)"),
            ({"x_train": np.zeros((6, 4, 5), np.int32)}, "uint8 in 0..255"),
            ({"x_train": np.zeros((6, 4, 5), complex)}, "uint8 in 0..255"),
            ({"x_train": np.full((6, 4, 5), 255.0)}, "divide by 255"),
            ({"x_train": np.full((6, 4, 5), -0.5)}, "from -0.5"),
            ({"x_train": np.full((6, 4, 5), np.nan)}, "NaN"),
            ({"x_train": np.full((6, 4, 5), np.inf)}, "infinite"),
            ({"y_train": np.int64(3)}, "shape (n,)"),
        ],
    )
    def test_bad_arrays_are_refused_with_what_and_where(
        self, tmp_path: Path, changed: dict[str, Any], said: str
    ) -> None:
        path = save_npz(tmp_path, **changed)
        message = complaint(load, str(path))
        assert said in message
        assert str(path) in message
