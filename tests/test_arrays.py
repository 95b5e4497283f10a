"""Files are judged by their headers: what unpacks to gigabytes is refused, what is no file too."""

import gzip
import os
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bombs import (
    GIGABYTES,
    array_member,
    deflated,
    end_server,
    gzipped,
    header,
    refusal_in_little_memory,
    write_zip,
)
from complaints import complaint
from dataset_builders import ordinary, save
from ninetynine.arrays import CONTENT_TIMES, MOST_BYTES, Npz, check_file, check_size, open_npy
from ninetynine.datasets import load
from ninetynine.datasets.files import IMAGES_MAGIC, read_idx
from ninetynine.errors import UserError

pytestmark = pytest.mark.slow

REMEDY = "write it again"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
IDX = f"read_idx(path, {IMAGES_MAGIC})"


@pytest.fixture(scope="module", autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    end_server()


def dataset_members(**other: tuple[bytes, int, int]) -> dict[str, tuple[bytes, int, int]]:
    small = {"x_train": (4, 8, 8), "y_train": (4,), "x_test": (4, 8, 8), "y_test": (4,)}
    members = {f"{name}.npy": array_member(shape) for name, shape in small.items()}
    return members | {f"{name}.npy": member for name, member in other.items()}


@on_linux
class TestWhatUnpacksToGigabytes:
    def test_an_idx_file_that_says_so_is_refused(self, tmp_path: Path) -> None:
        start = struct.pack(">4I", IMAGES_MAGIC, GIGABYTES // 784, 28, 28)
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(gzipped(GIGABYTES, start))
        line = refusal_in_little_memory(IDX, path)
        assert "unpacks to 3.0 GiB; the limit is" in line
        assert str(CONTENT_TIMES) in line

    def test_an_idx_file_is_read_as_far_as_its_header_says(self, tmp_path: Path) -> None:
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(gzipped(GIGABYTES, struct.pack(">4I", IMAGES_MAGIC, 60_000, 28, 28)))
        assert "more than 47040000 bytes" in refusal_in_little_memory(IDX, path)

    def test_a_dataset_that_says_so_is_refused(self, tmp_path: Path) -> None:
        images = array_member((GIGABYTES // 784, 28, 28))
        path = write_zip(tmp_path / "mine.npz", dataset_members(x_train=images))
        line = refusal_in_little_memory("datasets.load(sys.argv[1])", path)
        assert "unpacks to 3.0 GiB" in line

    def test_many_arrays_count_together(self, tmp_path: Path) -> None:
        images = array_member((200_000, 28, 28))  # 150 MiB each, less than is always taken
        path = write_zip(tmp_path / "mine.npz", dataset_members(x_train=images, x_test=images))
        assert "unpacks to 299" in complaint(load, str(path))

    def test_labels_count_as_the_int64_that_they_become(self, tmp_path: Path) -> None:
        size = 2**28 // 3
        start = header((size,), "|i1")
        labels = (deflated(len(start) + size, start), len(start) + size, 8)
        path = write_zip(tmp_path / "mine.npz", dataset_members(y_train=labels))
        assert "unpacks to 682.7 MiB" in complaint(load, str(path))

    @pytest.mark.parametrize(("method", "name"), [(9, "deflate64"), (12, "bzip2"), (14, "lzma")])
    def test_what_zipfile_unpacks_without_a_bound_is_refused(
        self, tmp_path: Path, method: int, name: str
    ) -> None:
        images = array_member((4, 8, 8), method)
        path = write_zip(tmp_path / "mine.npz", dataset_members(x_train=images))
        assert f"x_train is compressed by {name}" in complaint(load, str(path))

    def test_a_member_that_says_less_than_it_unpacks_to_is_cut_off(self, tmp_path: Path) -> None:
        start = header((4, 8, 8))
        lies = (deflated(GIGABYTES, start), len(start) + 256, 8)
        path = write_zip(tmp_path / "mine.npz", dataset_members(x_train=lies))
        # As far as it was read, nothing is wrong with it.
        assert "one class only" in refusal_in_little_memory("datasets.load(sys.argv[1])", path)

    def test_a_long_header_is_not_read(self, tmp_path: Path) -> None:
        start = header((4, 8, 8), length=GIGABYTES)
        lies = (deflated(GIGABYTES, start), GIGABYTES, 8)
        path = write_zip(tmp_path / "mine.npz", dataset_members(x_train=lies))
        line = refusal_in_little_memory("datasets.load(sys.argv[1])", path)
        assert "a header of 3,221,225,472 bytes" in line

    def test_an_import_of_thousands_of_runs_is_refused(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "p.npz", {"runs.npy": array_member((186_413, 360))})
        assert path.stat().st_size < 100_000
        line = refusal_in_little_memory("read_runs([path], digits)", path)
        assert "186,413 runs; expected at most 1,000" in line

    def test_a_table_of_one_endless_line_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "p.csv"
        with path.open("wb") as file:
            file.truncate(GIGABYTES)  # zeros that take no disk
        line = refusal_in_little_memory("read_runs([path], digits)", path, more=100 * 2**20)
        assert "a line of more than 1,000,000 characters" in line

    def test_a_table_of_endless_lines_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "p.csv"
        path.write_text("0,1\n" * 10_000_000)
        line = refusal_in_little_memory("read_runs([path], digits)", path, more=100 * 2**20)
        assert "more than 360 rows" in line


def test_there_is_a_limit_whatever_the_file_s_size(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npz"
    with path.open("wb") as file:
        file.truncate(2**40)
    check_size(path, MOST_BYTES)
    assert "the limit is 16.0 GiB" in complaint(check_size, path, MOST_BYTES + 1)


def test_what_is_no_larger_than_its_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(2**33)
    check_size(path, 2**33)


@pytest.mark.parametrize(
    "kind",
    [
        "uint8",
        *(pytest.param(kind, marks=pytest.mark.exhaustive) for kind in ("float32", "float64")),
    ],
)
def test_loading_takes_at_most_half_as_much_memory_again(tmp_path: Path, kind: str) -> None:
    arrays = ordinary(1500, 500, (64, 64, 3), floats=kind != "uint8")
    if kind == "float64":
        arrays |= {name: arrays[name].astype(kind) for name in ("x_train", "x_test")}
    path, size = save(tmp_path, arrays), sum(array.nbytes for array in arrays.values())
    tracemalloc.start()
    load(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * size + 2**21


def test_reading_an_idx_file_takes_little_more_than_its_array(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20_000, 28, 28), dtype=np.uint8)
    path = tmp_path / "images.gz"
    start = struct.pack(">4I", IMAGES_MAGIC, *images.shape)
    path.write_bytes(gzip.compress(start + images.tobytes(), 1))
    tracemalloc.start()
    read = read_idx(path, IMAGES_MAGIC)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(read, images)
    assert peak < 1.5 * images.nbytes


class TestWhatIsNoFile:
    @pytest.fixture(params=["pipe", "link to a pipe", "device", "folder", "link to a folder"])
    def not_a_file(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        target = tmp_path / "target"
        if "pipe" in request.param:
            os.mkfifo(target)
        elif request.param == "device":
            target = Path("/dev/zero")
        else:
            target.mkdir()
        link = tmp_path / "link.npz"
        link.symlink_to(target)
        return link if "link" in request.param or request.param == "device" else target

    def test_it_is_told_at_once(self, not_a_file: Path) -> None:
        for call in (check_file, open_npy, Npz):
            line = complaint(call, not_a_file, "an .npz file")
            assert line.startswith(f"{not_a_file}: is a ")
            assert "expected an .np" in line
        assert "is a " in complaint(read_idx, not_a_file, IMAGES_MAGIC)

    def test_it_is_told_of_a_dataset(self, not_a_file: Path) -> None:
        line = complaint(load, str(not_a_file))
        assert "is a " in line or (not_a_file.is_dir() and "one for each class" in line)

    def test_a_pipe_called_like_a_known_dataset_s_file_is_told(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "t10k-labels-idx1-ubyte.gz")
        for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3"):
            (tmp_path / f"{name}-ubyte").write_bytes(b"")
        (tmp_path / "train-images-idx3-ubyte").unlink()
        with (tmp_path / "train-images-idx3-ubyte").open("wb") as file:
            file.write(struct.pack(">4I", IMAGES_MAGIC, 0, 28, 28))
        with (tmp_path / "train-labels-idx1-ubyte").open("wb") as file:
            file.write(struct.pack(">2I", 0x801, 0))
        with (tmp_path / "t10k-images-idx3-ubyte").open("wb") as file:
            file.write(struct.pack(">4I", IMAGES_MAGIC, 0, 28, 28))
        assert "t10k-labels-idx1-ubyte.gz: is a pipe" in complaint(load, "mnist", tmp_path)


class TestHeaders:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "not an .npy file"),
            (b"PK\3\4", "not an .npy file"),
            (b"\x93NUMPY", "not an .npy file"),
            (b"\x93NUMPY\x01\x00", "damaged"),
            (b"\x93NUMPY\x03\x00" + bytes(99), "version 3.0"),
            (header((9,)) + bytes(8), "9 bytes; 8 follow"),
            (header((9,)) + bytes(10), "9 bytes; 10 follow"),
            (header((-9,)) + bytes(9), "damaged"),
            (header((-3, -3)) + bytes(9), "damaged"),
            (header((10**12,)), "1,000,000,000,000 bytes; 0 follow"),
            (header((10**12,), "|S0"), "1,000,000,000,000 bytes; 0 follow"),
            (header((2,), "|O") + bytes(16), "pickled"),
            (header((2,), "what") + bytes(2), "damaged"),
            (header((9,)).replace(b"{", b"[" * 1), "damaged"),
        ],
    )
    def test_what_disagrees_with_its_bytes_is_refused(
        self, tmp_path: Path, content: bytes, said: str
    ) -> None:
        path = tmp_path / "p.npy"
        path.write_bytes(content)
        line = complaint(open_npy, path, REMEDY)
        assert said in line
        assert str(path) in line

    def test_every_layout_of_numpy_is_read(self, tmp_path: Path) -> None:
        whole = np.arange(24, dtype=">f4").reshape(2, 3, 4)
        for number, array in enumerate(
            [whole, np.asfortranarray(whole), whole[:, ::2], whole[0, 0, 0]]
        ):
            path = tmp_path / f"{number}.npy"
            np.save(path, array)
            np.testing.assert_array_equal(open_npy(path, REMEDY).read(), array)

    @pytest.mark.parametrize("order", "<>")
    def test_text_of_no_characters_is_refused(self, tmp_path: Path, order: str) -> None:
        path = tmp_path / "p.npy"
        for code, ends in ((0x10FFFF, True), (0x110000, False)):
            content = np.array([65, code], f"{order}u4").tobytes()
            path.write_bytes(header((2,), f"{order}U1") + content)
            if ends:
                assert open_npy(path, REMEDY).read().tolist() == ["A", chr(code)]
            else:
                assert "characters that there are not" in complaint(open_npy(path, REMEDY).read)

    @pytest.mark.filterwarnings("error")
    def test_a_header_as_python_2_wrote_it_is_read_without_a_word(self, tmp_path: Path) -> None:
        path = tmp_path / "p.npy"
        path.write_bytes(header((3,)).replace(b"(3,), }", b"(3L,),}") + bytes(3))
        assert open_npy(path, REMEDY).read().tolist() == [0, 0, 0]

    def test_a_member_without_a_name_is_no_fault(self, tmp_path: Path) -> None:
        path = write_zip(tmp_path / "p.npz", {"": array_member((3,))})
        with Npz(path, REMEDY) as archive:
            assert archive.names == [""]

    def test_two_arrays_of_one_name_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "p.npz"
        np.savez(path, a=np.zeros(3))
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", b"")
        assert "two arrays have one name" in complaint(Npz, path, REMEDY)

    def test_an_encrypted_member_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "p.npz"
        np.savez(path, a=np.zeros(3))
        content = bytearray(path.read_bytes())
        content[content.rindex(b"PK\1\2") + 8] |= 1
        path.write_bytes(content)
        with Npz(path, REMEDY) as archive, pytest.raises(UserError, match="encrypted"):
            archive.find("a")
