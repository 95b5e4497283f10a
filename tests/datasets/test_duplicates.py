"""Images that are in a dataset twice, exactly or nearly, are found whatever part they are in."""

import json
from typing import Any

import numpy as np
import pytest
from dataset_builders import ordinary, save
from ninetynine.datasets import duplicates
from ninetynine.datasets.checks import build_dataset
from ninetynine.datasets.dataset import Dataset
from ninetynine.datasets.duplicates import Matches, near_matches


def dataset(**changed: Any) -> Dataset:
    return build_dataset("mine", ordinary(shape=(12, 12, 3)) | changed, "mine.npz", None)


def near(data: Dataset) -> dict[tuple[str, str], Matches]:
    return {(found.part, found.other): found for found in near_matches(data).matches}


def noisy(image: np.ndarray, deviation: float) -> np.ndarray:
    """An image at half its contrast, brighter, with noise."""
    noise = np.random.default_rng(5).normal(0, deviation, image.shape)
    return np.clip(image * 0.5 + 60 + noise, 0, 255).astype(np.uint8)


def test_a_test_image_that_is_a_training_image_but_for_light_is_near() -> None:
    arrays = ordinary(shape=(12, 12, 3))
    arrays["x_test"][7] = noisy(arrays["x_train"][30], 2)
    arrays["x_test"][9] = noisy(arrays["x_train"][31], 30)  # too much noise
    found = near(dataset(**arrays))
    between = found["test", "training"]
    assert between.images.tolist() == [7]
    assert between.partners.tolist() == [30]
    labels = arrays["y_test"][7], arrays["y_train"][30]
    assert between.differing.tolist() == [labels[0] != labels[1]]
    assert not len(found["training", "training"].images)
    assert not len(found["test", "test"].images)


@pytest.mark.slow
def test_equal_images_are_not_near_ones_and_those_of_one_color_are_near_none() -> None:
    arrays = ordinary(shape=(12, 12, 3))
    arrays["x_test"][7] = arrays["x_train"][30]
    arrays["x_train"][:3] = np.arange(3)[:, np.newaxis, np.newaxis, np.newaxis]
    assert not any(len(one.images) for one in near(dataset(**arrays)).values())


@pytest.mark.slow
def test_an_image_that_is_near_one_of_its_class_and_one_of_another_has_another_label() -> None:
    arrays = ordinary(shape=(12, 12, 3))
    arrays["x_train"][[1, 2]] = [noisy(arrays["x_train"][0], 1), noisy(arrays["x_train"][0], 2)]
    arrays["y_train"][[0, 1, 2]] = [1, 1, 3]
    found = near(dataset(**arrays))["training", "training"]
    assert found.images.tolist() == [0, 1, 2]
    assert found.differing.tolist() == [True, True, True]
    assert found.partners.tolist()[:2] == [2, 2]


@pytest.mark.slow
@pytest.mark.parametrize("size", [(4, 4, 1), (40, 40, 1)])
def test_all_that_a_comparison_of_every_pair_finds_is_found(
    size: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "_ROWS", 64)
    monkeypatch.setattr(duplicates, "_BLOCK_BYTES", 20_000)
    generator = np.random.default_rng(3)
    bases = generator.normal(128, 40, (40, *size))
    noise = generator.normal(0, 1, (360, *size)) * generator.uniform(1, 9, (360, 1, 1, 1))
    images = (bases[np.arange(360) % 40] + noise).clip(0, 255).astype(np.uint8)
    labels = np.arange(360) % 4
    arrays = {"x_train": images[:240], "y_train": labels[:240]}
    arrays |= {"x_test": images[240:], "y_test": labels[240:]}
    rows = images.reshape(360, -1).astype(np.float64)
    correlations = np.corrcoef(rows)
    np.fill_diagonal(correlations, 0)
    for (part, other), found in near(dataset(**arrays)).items():
        here, there = (slice(0, 240) if p == "training" else slice(240, 360) for p in (part, other))
        expected = np.flatnonzero((correlations[here, there] >= duplicates.NEAR).any(axis=1))
        assert 0 < len(expected) < len(labels[here])
        assert found.images.tolist() == expected.tolist()


@pytest.mark.slow
def test_many_images_that_are_all_near_are_found_without_each_pair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrays = ordinary(train=1200, test=400, shape=(12, 12))
    base = arrays["x_train"][0] // 2
    for name in ("x_train", "x_test"):
        arrays[name] = base + arrays[name] % 7
    monkeypatch.setattr(duplicates, "MOST_PIXELS", 144 * 60_000)  # of 1.3 million pairs
    found = near_matches(dataset(**arrays))
    assert found.reason == ""
    assert len(found.matches[0].images) == 400


def test_what_is_not_looked_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MOST_IMAGES", 300)
    found = near_matches(dataset())
    assert found.matches == ()
    assert found.reason == "not looked for among 360 images, over 300"


@pytest.mark.slow
def test_bench_data_says_them_with_their_places(bench: Any, tmp_path: Any) -> None:
    arrays = ordinary(shape=(12, 12, 3))
    arrays["x_test"][7] = noisy(arrays["x_train"][30], 2)
    arrays["x_test"][8] = arrays["x_train"][31]
    arrays["y_test"][8] = (arrays["y_train"][31] + 1) % 4
    path = save(tmp_path, arrays)
    code, out, _ = bench("data", path)
    assert code == 0
    line = next(line for line in out.splitlines() if "test images in training" in line)
    assert line.split()[4:7] == ["1", "1", "1"]
    assert line.endswith("7 and 30")
    facts = json.loads(bench("data", path, "--json")[1])["duplicates"]
    assert facts["exact"][0]["pairs"] == [[8, 31]]
    assert facts["exact"][0]["with_another_label"] == 1
    assert facts["near"][0]["pairs"] == [[7, 30]]
    assert facts["near_correlation"] == duplicates.NEAR
