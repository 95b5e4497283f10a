"""Sets that are mapped and trained on in chunks: the same data, the same order, the same bits."""

from pathlib import Path

import numpy as np
import pytest
from dataset_builders import ordinary, save
from ninetynine import blocks, datasets
from ninetynine.backends import _base, get_backend
from ninetynine.errors import UserError
from ninetynine.recipe import Augmentation
from ninetynine.training.augmentation import Warp, draw


def save_folder(folder: Path, arrays: dict[str, np.ndarray], name: str = "apart") -> Path:
    (folder / name).mkdir()
    for array, content in arrays.items():
        np.save(folder / name / f"{array}.npy", content)
    return folder / name


@pytest.fixture
def mapping(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blocks, "MAPPED_BYTES", 0)
    monkeypatch.setattr(blocks, "UNPACKED_BYTES", 0)
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 1000)
    monkeypatch.setattr(blocks, "_ROWS_AT_ONCE", 7)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_folder_of_npy_files_is_the_npz_of_the_same_arrays(tmp_path: Path) -> None:
    arrays = ordinary()
    whole = datasets.load(str(save(tmp_path, arrays)))
    apart = datasets.load(str(save_folder(tmp_path, arrays)))
    assert apart.fingerprint == whole.fingerprint
    assert apart.name == "apart"


@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize("kind", ["folder", "stored", "packed"])
def test_mapped_images_are_the_images_that_are_read(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, floats: bool
) -> None:
    arrays = ordinary(floats=floats)
    path = save_folder(tmp_path, arrays) if kind == "folder" else tmp_path / "mine.npz"
    if kind != "folder":
        {"stored": np.savez, "packed": np.savez_compressed}[kind](path, **arrays)
    read = datasets.load(str(path))
    request.getfixturevalue("mapping")
    mapped = datasets.load(str(path))
    assert blocks.is_mapped(mapped.train_images)
    assert not blocks.is_mapped(read.train_images)
    assert mapped.fingerprint == read.fingerprint
    assert datasets.findings(mapped) == datasets.findings(read)
    fold, read_fold = (datasets.take_fold(one, 1, 3) for one in (mapped, read))
    assert blocks.is_mapped(fold.train_images)
    assert fold.fingerprint == read_fold.fingerprint
    assert np.array_equal(np.asarray(fold.train_images[5:50]), read_fold.train_images[5:50])


def test_a_folder_that_lacks_an_array_is_refused(tmp_path: Path) -> None:
    arrays = ordinary()
    del arrays["y_train"]
    with pytest.raises(UserError, match="no array y_train"):
        datasets.load(str(save_folder(tmp_path, arrays)))


@pytest.mark.slow
@pytest.mark.parametrize("warps", [False, True])
def test_chunks_give_the_weights_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warps: bool
) -> None:
    keras = pytest.importorskip("keras")
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (330, 8, 8, 1), dtype=np.uint8)
    labels = generator.integers(0, 4, 330)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    words = Augmentation(rotation_degrees=10) if warps else None

    def trained(given: np.ndarray) -> tuple[list[np.ndarray], list[dict[str, float]], np.ndarray]:
        keras.utils.set_random_seed(1)
        layers = [keras.layers.Flatten(), keras.layers.Dropout(0.2)]
        layers += [keras.layers.Dense(4, activation="softmax")]
        model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
        model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
        backend = get_backend(keras.backend.backend())
        warp = Warp(words, 8, 8) if words else None
        loop = backend.loop(model, given, labels, 32, "unit", warp)
        loop.compile()
        told = []
        for epoch, count in enumerate((330, 100)):
            order = np.random.default_rng(epoch).permutation(330).astype(np.int32)[:count]
            changes = draw(words, count, 8, 0, epoch) if words else None
            told.append(loop.run_epoch(order, changes))
        return model.get_weights(), told, loop.predict(given)

    weights, metrics, outputs = trained(images)
    monkeypatch.setattr(_base, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(_base, "_CHUNK_BYTES", 20_000)
    in_chunks, same_metrics, same_outputs = trained(mapped)
    assert all(map(np.array_equal, weights, in_chunks))
    assert metrics == same_metrics
    assert np.array_equal(outputs, same_outputs)
