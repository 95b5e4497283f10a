"""Datasets by name: where they are looked for, that they are the originals, and what is drawn."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ninetynine.datasets import (
    DatasetInfo,
    fingerprint_of,
    fingerprint_of_test_part,
    known,
    load,
    row_name_of,
    split_validation,
)
from ninetynine.datasets.built_in import digits as embedded_digits
from ninetynine.datasets.built_in import fashion_mnist, mnist
from ninetynine.datasets.built_in.digits import place_digits
from ninetynine.datasets.checks import array_sha256, build_dataset
from ninetynine.datasets.description import summarise
from ninetynine.datasets.picture import draw_grid, sample_indices
from ninetynine.errors import UserError
from PIL import Image

DATA_DIR = os.environ.get("BENCH_DATA_DIR", "")
needs_mnist = pytest.mark.skipif(
    not (Path(DATA_DIR) / "mnist.npz").is_file(),
    reason="BENCH_DATA_DIR names no folder with the real mnist.npz",
)


def tiny_arrays(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "x_train": generator.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 10,
        "x_test": generator.integers(0, 256, (10, 28, 28), dtype=np.uint8),
        "y_test": np.arange(10, dtype=np.uint8)[::-1].copy() if seed else np.arange(10),
    }


def tiny_info(name: str, arrays: dict[str, np.ndarray], pinned: bool) -> DatasetInfo:
    dataset = build_dataset(name, arrays, "test", 10)
    return dataclasses.replace(
        known()[name],
        train_length=20,
        test_length=10,
        fingerprint=dataset.fingerprint if pinned else None,
        array_sha256={
            "y_train": array_sha256(dataset.train_labels),
            "y_test": array_sha256(dataset.test_labels),
        },
    )


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Make the known datasets tiny, with an empty Keras home and no BENCH_DATA_DIR."""
    arrays = {"mnist": tiny_arrays(0), "fashion_mnist": tiny_arrays(1)}
    fashion = tiny_info("fashion_mnist", arrays["fashion_mnist"], pinned=False)
    monkeypatch.setattr(mnist, "INFO", tiny_info("mnist", arrays["mnist"], pinned=True))
    monkeypatch.setattr(fashion_mnist, "INFO", fashion)
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return arrays


def put(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", **arrays)
    return folder


def fake_keras(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str) -> None:
    """Put a ``keras`` on the loader's path whose ``datasets.mnist.load_data`` runs ``body``."""
    package = folder / "keras"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    (package / "datasets.py").write_text(
        "import os, pathlib, shutil\n"
        "folder = pathlib.Path(os.environ['KERAS_HOME'], 'datasets')\n"
        "folder.mkdir()\n"
        f"class mnist:\n    @staticmethod\n    def load_data():\n{lines}"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))


class TestKnownDatasets:
    def test_the_catalogue_is_complete(self) -> None:
        for name, info in known().items():
            assert info.name == name
            assert info.license
            assert info.source
            assert info.description
            assert len(info.class_names) == info.num_classes
        assert list(known()) == ["mnist", "fashion_mnist", "digits", "cifar10", "cifar100"]

    def test_doubtful_labels_are_those_that_fewer_than_three_of_five_confirmed(self) -> None:
        doubtful = known()["mnist"].doubtful_test_images
        assert len({label.index for label in doubtful}) == 15
        for label in doubtful:
            assert sum(label.votes) == 5
            assert label.votes[0] < 3
            assert label.given != label.other

    def test_pinned_fingerprints_and_class_counts_need_no_data(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path))
        assert fingerprint_of("mnist") == known()["mnist"].fingerprint
        assert fingerprint_of("digits") == known()["digits"].fingerprint

    def test_an_unknown_name_suggests_the_nearest(self) -> None:
        with pytest.raises(UserError, match="did you mean 'fashion_mnist'"):
            load("fashion-mnits")

    @pytest.mark.slow
    def test_importing_datasets_imports_nothing_heavy(self) -> None:
        heavy = "tensorflow keras sklearn pandas scipy reportlab"
        code = (
            "import sys; from ninetynine.datasets import load, picture; load('digits'); "
            f"print([name for name in '{heavy}'.split() if name in sys.modules])"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert result.stdout.strip() == "[]", result.stderr


class TestRowNames:
    def test_a_users_file_is_called_by_its_stem(self) -> None:
        assert row_name_of("mnist") == "mnist"
        assert row_name_of("some/where/letters.npz") == "letters"
        assert row_name_of("letters.npz") == "letters"

    @pytest.mark.parametrize("name", ["mnist.npz", "some/MNIST.npz", "digits.npz"])
    def test_a_users_file_cannot_pass_for_a_known_dataset(self, name: str) -> None:
        for call in (row_name_of, load, fingerprint_of):
            with pytest.raises(UserError, match="known dataset"):
                call(name)


class TestDigits:
    def test_is_the_fixed_stratified_split_of_all_1797(self) -> None:
        digits = load("digits")
        assert digits.fingerprint == known()["digits"].fingerprint
        assert digits.train_images.shape == (1437, 28, 28, 1)
        assert digits.test_images.shape == (360, 28, 28, 1)
        assert np.bincount(digits.test_labels).tolist() == [36] * 10
        assert np.bincount(digits.train_labels).tolist() == [
            142, 146, 141, 147, 145, 146, 145, 143, 138, 144
        ]  # fmt: skip

    def test_fills_the_20_pixel_box_centred_by_mass_as_mnist_does(self) -> None:
        images = load("digits").train_images[..., 0].astype(float)
        mass = images.sum(axis=(1, 2))
        for axis in (1, 2):
            centre = (images.sum(axis=axis) * np.arange(28)).sum(axis=1) / mass
            # Real MNIST: every centre of mass lies in [13.5, 14.5).
            assert centre.min() >= 13.5
            assert centre.max() < 14.5
        inked = images > 0
        longer_side = np.maximum(inked.any(axis=1).sum(axis=1), inked.any(axis=2).sum(axis=1))
        assert longer_side.max() == 20
        assert np.quantile(longer_side, 0.05) >= 18
        assert np.mean(images.max(axis=(1, 2)) >= 230) > 0.99

    def test_a_flat_square_of_full_ink_becomes_a_white_box(self) -> None:
        (placed,) = place_digits(np.full((1, 8, 8), 16))
        # The middle of the box lies at 9.5 + 4 = 13.5, which rounds up to pixel 14.
        assert placed[8:20, 8:20].min() == 255
        assert np.flatnonzero(placed.any(axis=1)).tolist() == list(range(4, 24))
        assert np.flatnonzero(placed.any(axis=0)).tolist() == list(range(4, 24))

    def test_keeps_the_aspect_ratio_and_mirrors(self) -> None:
        tall = np.zeros((8, 8), dtype=np.int64)
        tall[0:8, 3:5] = 16
        (placed,) = place_digits(tall[np.newaxis])
        assert placed.any(axis=1).sum() == 20
        assert placed.any(axis=0).sum() == 5
        np.testing.assert_array_equal(place_digits(tall.T[np.newaxis])[0], placed.T)

    @pytest.mark.slow
    def test_a_scikit_learn_without_the_file_still_gives_the_same_digits(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        datasets = pytest.importorskip("sklearn.datasets")
        pixels, labels = datasets.load_digits(return_X_y=True)
        expected = load("digits").fingerprint
        monkeypatch.setattr(embedded_digits.gzip, "open", _raise_missing)
        monkeypatch.setattr(datasets, "load_digits", lambda return_X_y: (pixels, labels))
        assert load("digits").fingerprint == expected


def _raise_missing(*arguments: Any, **options: Any) -> Any:
    raise FileNotFoundError


class TestWhereDatasetsAreLookedFor:
    def test_the_named_folder_wins_over_the_environment(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BENCH_DATA_DIR", str(put(tmp_path / "env", "mnist", tiny_arrays(5))))
        dataset = load("mnist", put(tmp_path / "named", "mnist", tiny["mnist"]))
        np.testing.assert_array_equal(dataset.train_images[..., 0], tiny["mnist"]["x_train"])
        with pytest.raises(UserError, match="wrong fingerprint"):
            load("mnist")

    def test_the_environment_s_folder_wins_over_keras_cache(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path / "keras/datasets", "mnist", tiny_arrays(5))
        monkeypatch.setenv("BENCH_DATA_DIR", str(put(tmp_path / "env", "mnist", tiny["mnist"])))
        assert load("mnist").fingerprint == fingerprint_of("mnist")

    def test_a_whole_copy_in_keras_cache_is_read_without_keras(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_keras(monkeypatch, tmp_path / "fake", "raise AssertionError('Keras was asked')")
        put(tmp_path / "keras/datasets", "mnist", tiny["mnist"])
        assert load("mnist").fingerprint == fingerprint_of("mnist")

    def test_an_environment_without_the_dataset_goes_on_to_keras_cache(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(tmp_path / "keras/datasets/fashion-mnist", "fashion_mnist", tiny["fashion_mnist"])
        monkeypatch.setenv("BENCH_DATA_DIR", str(put(tmp_path / "env", "mnist", tiny["mnist"])))
        assert fingerprint_of("fashion_mnist") == load("fashion_mnist").fingerprint

    def test_a_named_folder_without_the_dataset_is_an_error_naming_the_files(
        self, tiny: Any, tmp_path: Path
    ) -> None:
        with pytest.raises(UserError, match=r"mnist\.npz, or train-images-idx3-ubyte") as caught:
            load("mnist", tmp_path)
        assert "\n" not in str(caught.value)
        assert str(tmp_path) in str(caught.value)

    def test_a_folder_that_is_not_there_is_an_error(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(UserError, match=r"--data-dir .*no such folder"):
            load("mnist", tmp_path / "none")
        monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "none"))
        with pytest.raises(UserError, match=r"BENCH_DATA_DIR .*no such folder"):
            load("mnist")

    def test_other_data_under_a_known_name_are_refused(self, tiny: Any, tmp_path: Path) -> None:
        changed = {**tiny["mnist"], "x_train": tiny["mnist"]["x_train"] ^ 1}
        with pytest.raises(UserError, match="wrong fingerprint"):
            load("mnist", put(tmp_path, "mnist", changed))

    def test_fashion_labels_are_pinned_though_its_images_are_not(
        self, tiny: Any, tmp_path: Path
    ) -> None:
        with pytest.raises(UserError, match=r"y_test differ.*sub-folder fashion_mnist"):
            load("fashion_mnist", put(tmp_path, "fashion_mnist", tiny["mnist"]))

    def test_a_short_file_under_a_known_name_is_refused_by_its_shape(
        self, tiny: Any, tmp_path: Path
    ) -> None:
        short = {
            **tiny["mnist"],
            "x_test": tiny["mnist"]["x_test"][:9],
            "y_test": tiny["mnist"]["y_test"][:9],
        }
        with pytest.raises(UserError, match=r"x_test is uint8 \(9, 28, 28, 1\)"):
            load("mnist", put(tmp_path, "mnist", short))


class TestDownload:
    def test_keras_loader_fills_the_cache_once(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        origin = put(tmp_path / "origin", "mnist", tiny["mnist"]) / "mnist.npz"
        fake_keras(
            monkeypatch, tmp_path / "fake", f"shutil.copy({str(origin)!r}, folder / 'mnist.npz')"
        )
        assert load("mnist").fingerprint == fingerprint_of("mnist")
        cache = tmp_path / "keras/datasets"
        assert [path.name for path in cache.iterdir()] == ["mnist.npz"]
        origin.unlink()
        assert load("mnist").fingerprint == fingerprint_of("mnist")

    def test_a_damaged_copy_in_the_cache_is_replaced(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        origin = put(tmp_path / "origin", "mnist", tiny["mnist"]) / "mnist.npz"
        fake_keras(
            monkeypatch, tmp_path / "fake", f"shutil.copy({str(origin)!r}, folder / 'mnist.npz')"
        )
        cache = tmp_path / "keras/datasets"
        cache.mkdir(parents=True)
        (cache / "mnist.npz").write_bytes(origin.read_bytes()[:1000])
        assert load("mnist").fingerprint == fingerprint_of("mnist")

    def test_without_network_one_line_says_both_ways_out_and_nothing_is_left(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_keras(
            monkeypatch,
            tmp_path / "fake",
            "(folder / 'mnist.npz').write_bytes(b'half')\nraise Exception('URL fetch failure')",
        )
        with pytest.raises(UserError) as caught:
            load("mnist")
        message = str(caught.value)
        assert "\n" not in message
        assert "URL fetch failure" in message
        for way_out in ("--data-dir", "BENCH_DATA_DIR", "internet"):
            assert way_out in message
        assert list((tmp_path / "keras/datasets").iterdir()) == []

    def test_a_cache_that_cannot_be_written_is_named(
        self, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
        with pytest.raises(UserError, match="cannot be written"):
            load("mnist")


@needs_mnist
class TestRealMnist:
    def test_is_the_original_down_to_the_published_hashes(self) -> None:
        mnist = load("mnist", Path(DATA_DIR))
        assert mnist.train_images.shape == (60_000, 28, 28, 1)
        assert mnist.test_images.shape == (10_000, 28, 28, 1)
        assert mnist.fingerprint == known()["mnist"].fingerprint
        # SHA-256 of the labels' bytes in the original files.
        for labels, expected in (
            (
                mnist.train_labels,
                "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
            ),
            (mnist.test_labels, "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
        ):
            assert hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() == expected

    def test_doubtful_labels_are_the_labels_given(self) -> None:
        labels = load("mnist").test_labels
        for label in known()["mnist"].doubtful_test_images:
            assert labels[label.index] == label.given


class TestValidationSplit:
    @pytest.mark.parametrize(
        ("count", "fraction", "train"),
        # In binary 20 * (1 - 0.9) is a little under 2, and Keras rounds the cut down.
        [(60_000, 0.1, 54_000), (60_000, 0.2, 48_000), (1437, 0.1, 1293), (20, 0.9, 1), (7, 0, 7)],
    )
    def test_cuts_off_the_last_part_in_order(self, count: int, fraction: float, train: int) -> None:
        images = np.zeros((count, 1, 1, 1), np.uint8)
        labels = np.arange(count)
        parts = split_validation(images, labels, fraction)
        assert [len(part) for part in parts] == [train, train, count - train, count - train]
        np.testing.assert_array_equal(np.concatenate([parts[1], parts[3]]), labels)

    @pytest.mark.parametrize(("count", "fraction"), [(1, 0.1), (10, 1.0), (10, -0.1), (10, 0.95)])
    def test_an_empty_part_is_refused(self, count: int, fraction: float) -> None:
        with pytest.raises(UserError, match="fraction"):
            split_validation(np.zeros((count, 1, 1, 1), np.uint8), np.arange(count), fraction)


class TestSummary:
    def test_is_json_with_the_facts_of_each_array(self) -> None:
        digits = load("digits")
        summary = json.loads(json.dumps(summarise(digits, known()["digits"])))
        assert summary["fingerprint"] == digits.fingerprint
        assert summary["label_counts"]["test"] == [36] * 10
        assert summary["arrays"]["x_train"] == {
            "shape": [1437, 28, 28, 1],
            "dtype": "uint8",
            "length": 1437,
            "minimum": 0,
            "maximum": 255,
        }
        assert summary["license"] == known()["digits"].license

    def test_a_users_dataset_has_no_licence(self) -> None:
        dataset = build_dataset("mine", tiny_arrays(), "test", None)
        summary = json.loads(json.dumps(summarise(dataset)))
        assert summary["license"] is None
        assert summary["doubtful_test_labels"] == 0

    def test_samples_are_the_same_for_a_seed_and_as_many_for_each_class(self) -> None:
        labels = np.array([0] * 50 + [2] * 50 + [1] * 2)
        indices = sample_indices(labels, 5, seed=1)
        assert labels[indices].tolist() == [0] * 5 + [1] * 2 + [2] * 5
        assert len(set(indices.tolist())) == len(indices)
        np.testing.assert_array_equal(indices, sample_indices(labels, 5, seed=1))
        assert indices.tolist() != sample_indices(labels, 5, seed=2).tolist()


class TestPicture:
    @pytest.mark.parametrize("caption", ["7", "label 7\ncnn 0.98\nmlp $0.5", "a long name " * 9])
    def test_no_ink_touches_the_edge(self, tmp_path: Path, caption: str) -> None:
        path = tmp_path / "grid.png"
        images = load("digits").test_images[:7]
        title = "A title that is wider than two columns of images are"
        draw_grid(images, [caption] * 7, path, columns=2, title=title, marks=[True] * 7)
        pixels = _read_png(path)
        edges = (pixels[:9], pixels[-9:], pixels[:, :9], pixels[:, -9:])
        assert all((edge == 255).all() for edge in edges)
        assert pixels.min() == 0

    def test_marks_are_seen(self, tmp_path: Path) -> None:
        images = load("digits").test_images[:4]
        for name, marks in (("plain", None), ("marked", [False, True, False, False])):
            draw_grid(images, ["1"] * 4, tmp_path / f"{name}.png", marks=marks)
        plain, marked = (_read_png(tmp_path / f"{name}.png") for name in ("plain", "marked"))
        coloured = [(p[..., 0].astype(int) - p[..., 2] > 80).any() for p in (plain, marked)]
        assert plain.shape == marked.shape
        assert coloured == [False, True]

    def test_colour_and_float_images_can_be_drawn(self, tmp_path: Path) -> None:
        for channels in (1, 2, 3):
            images = np.linspace(0, 1, 4 * 5 * channels, dtype=np.float32).reshape(1, 4, 5, -1)
            draw_grid(images, [""], tmp_path / "grid.png")

    def test_a_pixel_of_a_small_image_becomes_a_square(self, tmp_path: Path) -> None:
        checkered = np.indices((6, 6)).sum(axis=0).reshape(1, 6, 6, 1) % 2
        draw_grid(checkered.astype(np.float32), [""], tmp_path / "grid.png")
        inked = _read_png(tmp_path / "grid.png")[..., 0] < 128
        rows = inked.sum(axis=1)
        side = np.flatnonzero(rows).size // 6
        assert side > 20
        assert set(rows[rows > 0].tolist()) == {3 * side}
        assert inked.sum() == 18 * side * side

    def test_a_large_image_is_made_smaller(self, tmp_path: Path) -> None:
        draw_grid(np.zeros((1, 900, 300, 1), np.uint8), ["0"], tmp_path / "grid.png")
        inked = _read_png(tmp_path / "grid.png")[..., 0] < 128
        assert 100 < inked.any(axis=1).sum() < 200
        assert 30 < inked.any(axis=0).sum() < 70

    @pytest.mark.parametrize(
        ("text", "drawn"),
        [
            ("café − 1 × 2 – x", "cafe - 1 x 2 - x"),
            ("Ångström, Łódź, Straße", "Angstrom, Lodz, Strasse"),
            ("中 1", "? 1"),
        ],
    )
    def test_letters_that_the_font_lacks_are_replaced(
        self, tmp_path: Path, text: str, drawn: str
    ) -> None:
        images = np.zeros((1, 4, 4, 1), np.uint8)
        draw_grid(images, [text], tmp_path / "given.png", title=text)
        draw_grid(images, [drawn], tmp_path / "plain.png", title=drawn)
        draw_grid(images, ["± …"], tmp_path / "kept.png")
        draw_grid(images, ["? ..."], tmp_path / "not_kept.png")
        given, plain, kept, not_kept = (
            (tmp_path / f"{name}.png").read_bytes()
            for name in ("given", "plain", "kept", "not_kept")
        )
        assert given == plain
        assert kept != not_kept

    def test_a_picture_that_cannot_be_written_is_one_line(self, tmp_path: Path) -> None:
        images = load("digits").test_images[:1]
        with pytest.raises(UserError, match="cannot be written"):
            draw_grid(images, ["1"], tmp_path / "none" / "grid.png")
        with pytest.raises(UserError, match=r"\.png"):
            draw_grid(images, ["1"], tmp_path / "grid.jpg")
        with pytest.raises(UserError, match="0 images"):
            draw_grid(images[:0], [], tmp_path / "grid.png")


def _read_png(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("array", ["images", "labels"])
def test_the_fingerprint_of_the_test_part_is_of_nothing_else(digits, part, array):
    changed = getattr(digits, f"{part}_{array}").copy()
    changed.flat[0] += 1
    other = dataclasses.replace(digits, **{f"{part}_{array}": changed})
    same = fingerprint_of_test_part(other) == fingerprint_of_test_part(digits)
    assert same == (part == "train")
    flat = digits.test_images.reshape(len(digits.test_images), -1, 1, 1)
    reshaped = dataclasses.replace(digits, test_images=flat)
    assert fingerprint_of_test_part(reshaped) != fingerprint_of_test_part(digits)
